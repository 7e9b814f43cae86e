/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --help of the command and of each verb. There is no text here that a row could hold.
 */
#include "cli/usage.h"

#include <string.h>

#include "cli/args.h"

#define TEXT_WIDTH    80
#define OPTION_COLUMN 22

/* "  spillway class SERVICE list" for each form the verb has. */
static void print_forms(const struct sw_verb *verb, const char *lead, FILE *out)
{
	const char *form = verb->usage;

	do {
		size_t length = strcspn(form, "\n");

		fprintf(out, "%sspillway %s%s%.*s\n", lead, verb->name, length ? " " : "",
			(int)length, form);
		form += length;
	} while (*form++ == '\n');
}

static void print_options(const struct sw_option *options, FILE *out)
{
	for (; options->name; options++) {
		int used = fprintf(out, "  --%s%s%s", options->name, options->metavar ? " " : "",
				   options->metavar ? options->metavar : "");

		fprintf(out, "%*s%s\n", used < OPTION_COLUMN ? OPTION_COLUMN - used : 1, "",
			options->help);
	}
}

/* Filled to the width of a plain terminal. */
static void print_paragraph(const char *text, FILE *out)
{
	size_t column = 0;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (column > 0 && column + 1 + length > TEXT_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, "%s%.*s", column ? " " : "", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

void sw_usage_all(FILE *out)
{
	fprintf(out, "Usage: spillway [options] VERB [arguments]\n\n"
		     "Asks and steers spillwayd, the connection admission controller.\n\nVerbs:\n");
	for (size_t i = 0; sw_verbs[i]; i++)
		fprintf(out, "  %-10s %s\n", sw_verbs[i]->name, sw_verbs[i]->summary);
	fprintf(out, "\nOptions (anywhere):\n");
	print_options(sw_global_options, out);
	fprintf(out,
		"\nExit status: 0 ok, 1 failed, 2 usage or configuration, 3 kernel feature or\n"
		"privilege missing, 4 daemon not running.\n"
		"`spillway VERB --help` explains a verb.\n");
}

void sw_usage_verb(const struct sw_verb *verb, FILE *out)
{
	fprintf(out, "Usage:\n");
	print_forms(verb, "  ", out);
	fputc('\n', out);
	print_paragraph(verb->description, out);
	if (verb->options[0].name) {
		fprintf(out, "\nOptions:\n");
		print_options(verb->options, out);
	}
	fprintf(out, "\nOptions of every verb:\n");
	print_options(sw_global_options, out);
	fprintf(out, "\nExample:\n  %s\n", verb->example);
}
