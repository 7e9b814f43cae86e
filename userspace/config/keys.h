/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of configuration keys: one row each. Parsing, defaults, ranges, error texts, YAML and
 * JSON all come from these rows. Internal to config/, but for tools that print the list.
 */
#ifndef SW_CONFIG_KEYS_H
#define SW_CONFIG_KEYS_H

#include "config/config.h"

/* What has keys: each is one struct of the tree, beginning with its origin. */
enum sw_object {
	SW_OBJECT_CONFIG,
	SW_OBJECT_INTERFACE,
	SW_OBJECT_SERVICE,
	SW_OBJECT_CLASS,
	SW_OBJECT_COUNT,
};

enum sw_key_type {
	SW_KEY_STRING,	 /* char[max + 1] */
	SW_KEY_NAME,	 /* the same, with the rules for names of services and classes */
	SW_KEY_U32,	 /* uint32_t */
	SW_KEY_DURATION, /* uint64_t, ns */
	SW_KEY_RATE,	 /* struct sw_rate */
	SW_KEY_WORD,	 /* an enum with a list of words */
	SW_KEY_ENDPOINT, /* struct sw_endpoint; "" is port 0 */
	/* Lists from here on. */
	SW_KEY_LANES,	/* struct sw_config_lanes */
	SW_KEY_LISTEN,	/* struct sw_config_listen *, size_t */
	SW_KEY_SOURCES, /* struct sw_config_source *, size_t */
	SW_KEY_OBJECTS, /* of type child *, size_t */
};

#define SW_KEY_LIMIT	(1u << 0) /* means something for action "limit" only */
#define SW_KEY_TUNABLE	(1u << 1) /* a key of `spillway limit` */
#define SW_KEY_INHERITS (1u << 2) /* written out only where it was given */
#define SW_KEY_CONCRETE (1u << 3) /* an endpoint with an address */

struct sw_key {
	enum sw_object object;
	const char *section; /* the map inside the object; NULL: the object itself */
	const char *name;
	enum sw_key_type type;
	size_t offset;
	size_t count_offset;  /* of the size_t beside an array */
	const char *initial;  /* the default as text; lanes: divided by blanks; arrays: NULL */
	uint64_t min, max;    /* value; of strings: bytes; of arrays: elements */
	enum sw_words words;  /* of SW_KEY_WORD */
	enum sw_object child; /* of SW_KEY_OBJECTS */
	unsigned int flags;   /* SW_KEY_* above */
	bool (*accepts)(const char *text); /* of SW_KEY_STRING; NULL: everything printable */
	const char *expected;		   /* of strings and endpoints: what is allowed */
	const char *help;		   /* one line */
};

/* The rows of an object, in the order of the file; rows of one section stand together. */
const struct sw_key *sw_keys_of(enum sw_object object, size_t *count);
size_t sw_keys_index(const struct sw_key *key);

/* section may be NULL. */
const struct sw_key *sw_keys_find(enum sw_object object, const char *section, const char *name);
const struct sw_key *sw_keys_find_path(enum sw_object object, const char *path);
bool sw_keys_is_section(enum sw_object object, const char *name);

/* "budget.direct" */
void sw_keys_path(const struct sw_key *key, char *buf, size_t size);

/*
 * "unknown key 'dirct' (did you mean 'direct'?); allowed: mode, direct, …": what is allowed at one
 * level, with flags only keys that have one of them.
 */
#define SW_UNKNOWN_TEXT 480
void sw_keys_unknown(enum sw_object object, const char *section, unsigned int flags,
		     const char *name, char *buf, size_t size);

size_t sw_object_size(enum sw_object object);

#endif
