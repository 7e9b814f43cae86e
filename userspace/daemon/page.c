/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See page.h. A part is a piece of the page with an id; its round says when it changed last.
 */
#include "daemon/page.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/daemon.h"
#include "daemon/page_data.h"
#include "daemon/page_parts.h"
#include "daemon/page_template.h"

/* A little less than the second in which readers are told, or each second one would be left out. */
#define FRESH_NS   (900 * SW_NS_PER_MS)
#define FIXED	   3 /* head, sources, classes; then two of each service */
#define PARTS_MAX  (FIXED + 2 * SW_SERVICES_MAX)
#define ID_SIZE	   24
#define LAYOUT_MAX 24

struct part {
	char id[ID_SIZE];
	char *html; /* NULL: not yet */
	uint64_t round;
};

struct sw_page {
	struct sw_page_source source;
	struct part parts[PARTS_MAX];
	size_t part_count;
	uint64_t round, told_round;
	uint64_t made_ns;
	uint64_t charts_version;
	char layout[LAYOUT_MAX]; /* which parts there are, and whose */
};

/* Takes the bytes of html, and empties it. */
static void set_part(struct sw_page *page, size_t at, const char *id, struct evbuffer *html)
{
	struct part *part = &page->parts[at];
	size_t length = evbuffer_get_length(html);
	char *text = malloc(length + 1);

	if (!text) {
		evbuffer_drain(html, length);
		return;
	}
	evbuffer_remove(html, text, length);
	text[length] = '\0';
	if (part->html && strcmp(part->html, text) == 0 && strcmp(part->id, id) == 0) {
		free(text);
		return;
	}
	snprintf(part->id, sizeof(part->id), "%s", id);
	free(part->html);
	part->html = text;
	part->round = page->round;
}

/* FNV-1a: the same in each process, so that an open page outlives a restart of the daemon. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	do {
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	} while (*text++);
	return hash;
}

static void name_layout(struct sw_page *page, const json_t *services)
{
	uint64_t hash = hash_text(UINT64_C(0xcbf29ce484222325), SW_VERSION);
	const json_t *service;
	size_t i;

	json_array_foreach(services, i, service)
	{
		const char *name = json_string_value(json_object_get(service, "name"));

		hash = hash_text(hash, name ? name : "");
	}
	snprintf(page->layout, sizeof(page->layout), "%016llx", (unsigned long long)hash);
}

static void make_services(struct sw_page *page, const struct sw_page_data *data,
			  struct evbuffer *html)
{
	bool charts_are_new = sw_history_version(data->history) != page->charts_version;
	const json_t *services = json_object_get(data->status, "services"), *service;
	size_t i, at = FIXED;
	char id[ID_SIZE];

	json_array_foreach(services, i, service)
	{
		if (at + 2 > PARTS_MAX)
			break;
		snprintf(id, sizeof(id), "now-%zu", i);
		sw_page_service(html, data, service);
		set_part(page, at++, id, html);
		snprintf(id, sizeof(id), "charts-%zu", i);
		if (charts_are_new || !page->parts[at].html) {
			sw_page_charts(html, data, service);
			set_part(page, at, id, html);
		}
		at++;
	}
	page->part_count = at;
	page->charts_version = sw_history_version(data->history);
}

static void make(struct sw_page *page, const struct sw_page_data *data)
{
	struct evbuffer *html = evbuffer_new();
	char before[LAYOUT_MAX];

	if (!html)
		return;
	page->round++;
	memcpy(before, page->layout, sizeof(before));
	name_layout(page, json_object_get(data->status, "services"));
	/* A chart that is not made anew may be another service's now. */
	if (strcmp(before, page->layout) != 0)
		page->charts_version = UINT64_MAX;
	sw_page_head(html, data);
	set_part(page, 0, "head", html);
	sw_page_sources(html, data);
	set_part(page, 1, "sources", html);
	sw_page_classes(html, data);
	set_part(page, 2, "classes", html);
	make_services(page, data, html);
	evbuffer_free(html);
}

static void refresh(struct sw_page *page)
{
	uint64_t now_ns = sw_clock_monotonic_ns();
	struct sw_page_data data = {0};

	if (page->made_ns && now_ns - page->made_ns < FRESH_NS)
		return;
	page->made_ns = now_ns;
	if (sw_page_data_read(&page->source, &data) == 0)
		make(page, &data);
	sw_page_data_clear(&data);
}

static const char *html_of(const struct sw_page *page, size_t at)
{
	return page->parts[at].html ? page->parts[at].html : "";
}

static void write_services(const struct sw_page *page, struct evbuffer *out)
{
	for (size_t at = FIXED; at + 1 < page->part_count; at += 2)
		evbuffer_add_printf(out,
				    "<section class=\"card\"><div id=\"%s\">%s</div>"
				    "<div class=\"charts\" id=\"%s\">%s</div></section>",
				    page->parts[at].id, html_of(page, at), page->parts[at + 1].id,
				    html_of(page, at + 1));
}

/* What stands between two @ in the template. */
static void fill_in(const struct sw_page *page, const char *nonce, const char *name, size_t length,
		    struct evbuffer *out)
{
	const struct {
		const char *name, *text;
	} rows[] = {
		{"NONCE", nonce},
		{"LAYOUT", page->layout},
		{"HEAD", html_of(page, 0)},
		{"SOURCES", html_of(page, 1)},
		{"CLASSES", html_of(page, 2)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
			evbuffer_add(out, rows[i].text, strlen(rows[i].text));
	}
	if (length == strlen("SERVICES") && memcmp(name, "SERVICES", length) == 0)
		write_services(page, out);
}

/* A name is of capitals: other @, as of the style sheet's rules, stay. */
void sw_page_write(void *arg, const char *nonce, struct evbuffer *out)
{
	struct sw_page *page = ((struct sw_daemon *)arg)->page;
	const char *at = sw_page_template, *mark;

	refresh(page);
	while ((mark = strchr(at, '@'))) {
		size_t length = strspn(mark + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		evbuffer_add(out, at, (size_t)(mark - at));
		if (length && mark[1 + length] == '@') {
			fill_in(page, nonce, mark + 1, length, out);
			at = mark + length + 2;
		} else {
			evbuffer_add(out, "@", 1);
			at = mark + 1;
		}
	}
	evbuffer_add(out, at, strlen(at));
}

/* One event of the stream: https://html.spec.whatwg.org/multipage/server-sent-events.html */
void sw_page_news(void *arg, bool all, struct evbuffer *out)
{
	struct sw_page *page = ((struct sw_daemon *)arg)->page;
	json_t *parts = json_object(), *told;
	char *text;

	refresh(page);
	for (size_t i = 0; i < page->part_count; i++) {
		if (page->parts[i].html && (all || page->parts[i].round > page->told_round))
			json_object_set_new(parts, page->parts[i].id,
					    json_string(page->parts[i].html));
	}
	if (!all)
		page->told_round = page->round;
	told = json_pack("{s:s, s:o}", "layout", page->layout, "parts", parts);
	text = json_dumps(told, JSON_COMPACT);
	if (text)
		evbuffer_add_printf(out, "event: parts\ndata: %s\n\n", text);
	free(text);
	json_decref(told);
}

int sw_page_start(struct sw_daemon *daemon, struct sw_error *err)
{
	daemon->page = calloc(1, sizeof(*daemon->page));
	if (!daemon->page || sw_page_data_start(&daemon->page->source, daemon))
		return sw_error_set(err, -ENOMEM, "the status page: out of memory");
	return 0;
}

void sw_page_stop(struct sw_daemon *daemon)
{
	if (!daemon->page)
		return;
	sw_page_data_stop(&daemon->page->source);
	for (size_t i = 0; i < PARTS_MAX; i++)
		free(daemon->page->parts[i].html);
	free(daemon->page);
	daemon->page = NULL;
}
