/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spillwayd's command line. Parsed by main.c; what it says about services becomes a configuration in
 * options_config.c.
 */
#ifndef SW_DAEMON_OPTIONS_H
#define SW_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "core/error.h"

struct sw_options {
	const char *file; /* NULL: none, the options below say it all */
	const char *interfaces[SW_CONFIG_INTERFACES_MAX];
	size_t interface_count;
	const char *services[SW_CONFIG_SERVICES_MAX];
	size_t service_count;
	const char *budget;
	const char *pooler;
	const char *pin_dir;
	const char *socket;
	bool check;
	bool foreground;
};

struct sw_options_row {
	int id;
	const char *name;  /* without dashes; NULL ends the list */
	const char *value; /* NULL: takes none */
	const char *help;
};
extern const struct sw_options_row sw_options_rows[];

enum sw_options_next {
	SW_OPTIONS_RUN,
	SW_OPTIONS_DONE, /* --help or --version was answered */
};

/* 0 with *next set, or -EINVAL with err filled. Strings point into argv. */
int sw_options_parse(int argc, char **argv, struct sw_options *out, enum sw_options_next *next,
		     struct sw_error *err);

/* The configuration that the file and the options make together, validated. */
int sw_options_config(const struct sw_options *options, struct sw_config **out,
		      struct sw_error *err);

#endif
