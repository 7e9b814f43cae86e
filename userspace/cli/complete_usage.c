/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Completion by the usage of a verb, as its row has it: "SERVICE [N|auto]", "SERVICE add NAME CIDR...", "[--sort a|b]".
 * What is written small stands for itself, what is written large for something that has names.
 */
#include <ctype.h>
#include <string.h>

#include "cli/complete.h"
#include "config/words.h"

/* A part of a usage line: no blanks but in brackets, which are off. */
struct token {
	char text[160];
	bool is_optional;
};

/* The next of a form; false at its end. */
static bool next_token(const char **form, struct token *out)
{
	size_t length;

	*form += strspn(*form, " ");
	out->is_optional = **form == '[';
	if (out->is_optional)
		++*form;
	length = strcspn(*form, out->is_optional ? "]\n" : " \n");
	snprintf(out->text, sizeof(out->text), "%.*s", (int)length, *form);
	*form += length + (out->is_optional && (*form)[length] == ']');
	return out->text[0] != '\0';
}

static bool is_setting(const struct token *token)
{
	return token->is_optional && strchr(token->text, '=');
}

static bool is_literal(const char *text)
{
	return islower((unsigned char)text[0]) && !strchr(text, '|');
}

static void offer_words(struct sw_complete *at, enum sw_words words)
{
	char list[120];
	char *rest = NULL;

	sw_words_list(words, list, sizeof(list));
	for (char *word = strtok_r(list, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest))
		sw_complete_offer(at, word);
}

static void offer_attach_modes(struct sw_complete *at)
{
	offer_words(at, SW_WORDS_ATTACH_MODE);
}

static void offer_lanes(struct sw_complete *at)
{
	offer_words(at, SW_WORDS_LANE);
}

static void offer_colors(struct sw_complete *at)
{
	for (int color = SW_COLOR_AUTO; color <= SW_COLOR_NEVER; color++)
		sw_complete_offer(at, sw_color_names[color]);
}

static void want_files(struct sw_complete *at)
{
	at->wants_files = true;
}

/* What usage and options call things that have names. */
static const struct {
	const char *called;
	void (*offer)(struct sw_complete *at);
} things[] = {
	{"SERVICE", sw_complete_services},
	{"S", sw_complete_services},
	{"CLASS", sw_complete_classes},
	{"NAME", sw_complete_classes},
	{"IF", sw_complete_interfaces},
	{"M", offer_attach_modes},
	{"L", offer_lanes},
	{"WHEN", offer_colors},
	{"FILE", want_files},
	{"PATH", want_files},
};

static void offer_thing(struct sw_complete *at, const char *called)
{
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
		if (strcmp(things[i].called, called) == 0)
			things[i].offer(at);
}

/* "N|auto|adaptive"; text is cut up. */
static void offer_alternatives(struct sw_complete *at, char *text)
{
	char *rest = NULL;

	for (char *one = strtok_r(text, "|", &rest); one; one = strtok_r(NULL, "|", &rest)) {
		if (is_literal(one))
			sw_complete_offer(at, one);
		else
			offer_thing(at, one);
	}
}

/* "rate=R": the key, unless it was given. */
static void offer_setting(struct sw_complete *at, char *text)
{
	size_t length = strcspn(text, "=") + 1;

	for (size_t i = 0; i < at->count; i++)
		if (strncmp(at->positional[i], text, length) == 0)
			return;
	text[length] = '\0';
	sw_complete_offer(at, text);
}

/* What may follow by one form, if the words before it are its. */
static void follow_form(struct sw_complete *at, const char *form)
{
	struct token token;
	size_t index = 0;

	while (next_token(&form, &token)) {
		if (strncmp(token.text, "--", 2) == 0)
			continue;
		if (is_setting(&token)) {
			offer_setting(at, token.text);
		} else if (index < at->count) {
			if (is_literal(token.text) &&
			    strcmp(token.text, at->positional[index]) != 0)
				return;
			index++;
		} else {
			offer_alternatives(at, token.text);
			return;
		}
	}
}

void sw_complete_positional(struct sw_complete *at)
{
	const char *form = at->verb->usage;

	do {
		follow_form(at, form);
		form += strcspn(form, "\n");
	} while (*form++ == '\n');
}

/* "[--sort rate|live]" in usage says it; what else there is the option's row calls by a name. */
void sw_complete_value(struct sw_complete *at)
{
	const char *form = at->verb ? at->verb->usage : "";
	size_t length = strlen(at->pending->name);
	struct token token;

	while (next_token(&form, &token)) {
		char *value = token.text + 2 + length;

		if (strncmp(token.text, "--", 2) == 0 && strchr(token.text, '|') &&
		    strncmp(token.text + 2, at->pending->name, length) == 0 && *value == ' ') {
			offer_alternatives(at, value + 1);
			return;
		}
	}
	offer_thing(at, at->pending->metavar);
}
