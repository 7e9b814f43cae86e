/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The writer behind exposition.h. A mistake of the caller costs its own lines and is remembered,
 * rather than making the whole page unreadable for Prometheus.
 */
#include "daemon/exposition.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT 32

struct family {
	struct family *next;
	char name[];
};

struct sw_exposition {
	struct evbuffer *out;
	struct family *families; /* newest first; the head is the open one */
	enum sw_metric_type type;
	bool open; /* false: samples have no family to go to */
	int error;
};

static const char *const type_names[] = {
	[SW_METRIC_COUNTER] = "counter",
	[SW_METRIC_GAUGE] = "gauge",
	[SW_METRIC_HISTOGRAM] = "histogram",
};

struct sw_exposition *sw_exposition_begin(struct evbuffer *out)
{
	struct sw_exposition *page = calloc(1, sizeof(*page));

	if (page)
		page->out = out;
	return page;
}

static void note_error(struct sw_exposition *page, int error)
{
	if (page->error == 0)
		page->error = error;
}

static void put(struct sw_exposition *page, const char *text, size_t length)
{
	if (evbuffer_add(page->out, text, length) < 0)
		note_error(page, -ENOMEM);
}

static void put_text(struct sw_exposition *page, const char *text)
{
	put(page, text, strlen(text));
}

/* Help escapes backslash and newline; a label's value the quote as well. */
static void put_escaped(struct sw_exposition *page, const char *text, bool quoted)
{
	const char *special = quoted ? "\\\n\"" : "\\\n";

	while (*text) {
		size_t plain = strcspn(text, special);

		put(page, text, plain);
		text += plain;
		if (!*text)
			return;
		put_text(page, *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "\\\\");
		text++;
	}
}

/* [a-zA-Z_:][a-zA-Z0-9_:]*; labels have no colon. */
static bool name_is_valid(const char *name, bool colon)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:";
	size_t first = strspn(name, letters);

	if (first == 0 || (!colon && strchr(name, ':')))
		return false;
	for (const char *c = name; *c; c++) {
		if (!strchr(letters, *c) && (*c < '0' || *c > '9'))
			return false;
	}
	return true;
}

static bool ends_in_total(const char *name)
{
	size_t length = strlen(name), suffix = strlen("_total");

	return length > suffix && strcmp(name + length - suffix, "_total") == 0;
}

static int remember(struct sw_exposition *page, const char *name)
{
	size_t size = strlen(name) + 1;
	struct family *family;

	for (family = page->families; family; family = family->next) {
		if (strcmp(family->name, name) == 0)
			return -EEXIST;
	}
	family = malloc(sizeof(*family) + size);
	if (!family)
		return -ENOMEM;
	memcpy(family->name, name, size);
	family->next = page->families;
	page->families = family;
	return 0;
}

void sw_exposition_family(struct sw_exposition *page, const char *name, enum sw_metric_type type,
			  const char *help)
{
	int rc = -EINVAL;

	page->open = false;
	if (name_is_valid(name, true) && (type == SW_METRIC_COUNTER) == ends_in_total(name))
		rc = remember(page, name);
	if (rc < 0) {
		note_error(page, rc);
		return;
	}
	page->open = true;
	page->type = type;
	put_text(page, "# HELP ");
	put_text(page, name);
	put_text(page, " ");
	put_escaped(page, help, false);
	put_text(page, "\n# TYPE ");
	put_text(page, name);
	put_text(page, " ");
	put_text(page, type_names[type]);
	put_text(page, "\n");
}

static void put_label(struct sw_exposition *page, bool first, const char *name, const char *value)
{
	put_text(page, first ? "{" : ",");
	put_text(page, name);
	put_text(page, "=\"");
	put_escaped(page, value ? value : "", true);
	put_text(page, "\"");
}

/* One line; suffix and le are "" and NULL for all but histograms. */
static void put_sample(struct sw_exposition *page, const char *suffix,
		       const struct sw_label *labels, size_t n, const char *le, const char *value)
{
	put_text(page, page->families->name);
	put_text(page, suffix);
	for (size_t i = 0; i < n; i++)
		put_label(page, i == 0, labels[i].name, labels[i].value);
	if (le)
		put_label(page, n == 0, "le", le);
	put_text(page, n > 0 || le ? "} " : " ");
	put_text(page, value);
	put_text(page, "\n");
}

/* Whether the open family takes such a sample. */
static bool accepts(struct sw_exposition *page, const struct sw_label *labels, size_t n,
		    bool histogram)
{
	bool valid = page->open && (page->type == SW_METRIC_HISTOGRAM) == histogram;

	for (size_t i = 0; valid && i < n; i++) {
		valid = name_is_valid(labels[i].name, false) &&
			!(histogram && strcmp(labels[i].name, "le") == 0);
	}
	if (!valid)
		note_error(page, -EINVAL);
	return valid;
}

/* The shortest text that reads back as the same number: 0.1, not 0.10000000000000001. */
static void format_double(double value, char *text)
{
	if (isnan(value) || isinf(value)) {
		snprintf(text, NUMBER_TEXT, "%s",
			 isnan(value) ? "NaN"
			 : value > 0  ? "+Inf"
				      : "-Inf");
		return;
	}
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, NUMBER_TEXT, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			return;
	}
}

static void format_count(uint64_t value, char *text)
{
	snprintf(text, NUMBER_TEXT, "%llu", (unsigned long long)value);
}

void sw_exposition_count(struct sw_exposition *page, const struct sw_label *labels, size_t n,
			 uint64_t value)
{
	char text[NUMBER_TEXT];

	if (!accepts(page, labels, n, false))
		return;
	format_count(value, text);
	put_sample(page, "", labels, n, NULL, text);
}

void sw_exposition_value(struct sw_exposition *page, const struct sw_label *labels, size_t n,
			 double value)
{
	char text[NUMBER_TEXT];

	if (!accepts(page, labels, n, false))
		return;
	format_double(value, text);
	put_sample(page, "", labels, n, NULL, text);
}

void sw_exposition_histogram(struct sw_exposition *page, const struct sw_label *labels, size_t n,
			     const struct sw_histogram *histogram)
{
	char text[NUMBER_TEXT], le[NUMBER_TEXT];
	uint64_t total = 0;

	if (!accepts(page, labels, n, true))
		return;
	for (size_t i = 0; i <= histogram->bound_count; i++) {
		total += histogram->counts[i];
		format_count(total, text);
		format_double(i < histogram->bound_count ? histogram->bounds[i] : INFINITY, le);
		put_sample(page, "_bucket", labels, n, le, text);
	}
	format_double(histogram->sum, text);
	put_sample(page, "_sum", labels, n, NULL, text);
	format_count(total, text);
	put_sample(page, "_count", labels, n, NULL, text);
}

int sw_exposition_end(struct sw_exposition *page)
{
	int error = page->error;

	while (page->families) {
		struct family *next = page->families->next;

		free(page->families);
		page->families = next;
	}
	free(page);
	return error;
}
