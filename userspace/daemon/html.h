/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pieces of HTML onto an evbuffer, out of JSON and numbers. Whatever is text goes through sw_html_text(); nothing else
 * may put a string from configuration, kernel, database or network onto a page. Used by page_*.c.
 */
#ifndef SW_DAEMON_HTML_H
#define SW_DAEMON_HTML_H

#include <event2/buffer.h>
#include <jansson.h>

/* Markup: a constant of ours. */
#define sw_html(out, markup) evbuffer_add(out, "" markup, sizeof(markup) - 1)

/* Escaped for elements and for attributes in either kind of quotes; control characters become spaces. */
void sw_html_text(struct evbuffer *out, const char *text);
/* The string under a key, or a dash. */
void sw_html_field(struct evbuffer *out, const json_t *object, const char *key);

/* "7", "0.4", "12,345", "4.1M". */
void sw_html_number(struct evbuffer *out, double value);
/* The number under a key; 0 without. */
void sw_html_count(struct evbuffer *out, const json_t *object, const char *key);
double sw_html_value(const json_t *object, const char *key);
/* "1.2 s", "3 min", or a dash for what is no number. */
void sw_html_seconds(struct evbuffer *out, const json_t *object, const char *key);
/* "3d 4h", "12m 5s". */
void sw_html_age(struct evbuffer *out, long long seconds);

#endif
