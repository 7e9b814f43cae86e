/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: the tree of the YAML file, with every default filled in. Made by load or from
 * options, checked by sw_config_validate(), read by daemon, policy and kern. A tree in use is never
 * changed: clone, change, validate, swap. Keys, defaults and ranges are rows of config/keys.c.
 */
#ifndef SW_CONFIG_CONFIG_H
#define SW_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "config/words.h"
#include "core/addr.h"
#include "core/error.h"
#include "core/log.h"
#include "core/number.h"
#include "spillway/limits.h"
#include "spillway/types.h"

#define SW_CONFIG_FILE_DEFAULT	   "/etc/spillway/spillway.yaml"
#define SW_CONFIG_NAME_MAX	   31 /* service and class names: [a-z][a-z0-9_-]* */
#define SW_CONFIG_IFNAME_MAX	   15
#define SW_CONFIG_SOCKET_MAX	   107 /* sun_path without its NUL */
#define SW_CONFIG_GROUP_MAX	   32  /* of a user's name as well */
#define SW_CONFIG_ADMINS_MAX	   511
#define SW_CONFIG_CONNINFO_MAX	   1023
#define SW_CONFIG_CONNINFO_DEFAULT "host=/var/run/postgresql dbname=postgres user=spillway"
#define SW_CONFIG_MESSAGE_MAX	   160
#define SW_CONFIG_LANES_MAX	   6
#define SW_CONFIG_KEYS_MAX	   32 /* of one object; a bit each in sw_config_origin.set */

#define SW_CONFIG_INTERFACES_MAX 64
#define SW_CONFIG_SERVICES_MAX	 SW_SERVICES_MAX
#define SW_CONFIG_BUILTIN	 2 /* classes that a service has unsaid: allowed and denied */
#define SW_CONFIG_CLASSES_MAX	 SW_CLASSES_MAX /* of all services, with the built-in ones */
#define SW_CONFIG_LISTEN_MAX	 64		/* of one service */
#define SW_CONFIG_SOURCES_MAX	 100000
#define SW_CONFIG_FILE_MAX	 (1024 * 1024)

_Static_assert(SW_CONFIG_SOURCES_MAX <= SW_PREFIXES_MAX, "what is left is for allow and deny");
_Static_assert(SW_CONFIG_LANES_MAX <= SW_CHAIN_MAX, "the kernel's chains hold every lane once");

enum sw_attach_mode {
	SW_ATTACH_AUTO = 0, /* native where that answers and does not copy, else tc */
	SW_ATTACH_NATIVE,
	SW_ATTACH_GENERIC,
	SW_ATTACH_TC,
};
enum sw_protocol { SW_PROTOCOL_POSTGRES = 0, SW_PROTOCOL_MYSQL, SW_PROTOCOL_TCP };
enum sw_budget_mode { SW_BUDGET_FIXED = 0, SW_BUDGET_AUTO, SW_BUDGET_ADAPTIVE };
enum sw_yes_no { SW_YES = 0, SW_NO };
enum sw_discipline { SW_DISCIPLINE_FAIR = 0, SW_DISCIPLINE_FIFO, SW_DISCIPLINE_LIFO };

/* A place in the file, counted from 1; line 0: it did not come from a file. */
struct sw_mark {
	uint32_t line;
	uint32_t column;
};

/* Where an object and its values came from: its first member, read by config/ alone. */
struct sw_config_origin {
	struct sw_mark at;
	uint32_t set; /* bit n: the object's n-th key was given, not defaulted */
	struct sw_mark keys[SW_CONFIG_KEYS_MAX];
};

struct sw_config_lanes {
	enum sw_lane lane[SW_CONFIG_LANES_MAX];
	size_t count;
};

struct sw_config_source {
	struct sw_prefix prefix;
	struct sw_mark at;
};

struct sw_config_listen {
	struct sw_endpoint endpoint;
	struct sw_mark at;
};

struct sw_config_class {
	struct sw_config_origin origin;
	char name[SW_CONFIG_NAME_MAX + 1];
	enum sw_action action; /* anything but SW_ACTION_LIMIT: the limits below do not apply */
	struct sw_config_source *sources;
	size_t source_count;
	struct sw_rate rate;
	uint32_t burst;
	uint32_t connections_per_source; /* 0: no cap, as for the two below */
	uint32_t direct_per_source;
	uint32_t max_direct;
	uint32_t reserved;
	uint32_t weight;
	enum sw_yes_no evict; /* its idle sessions may be ended, see budget.evict_idle_after */
	char message[SW_CONFIG_MESSAGE_MAX + 1]; /* "": the service's */
	struct sw_config_lanes lanes; /* count 0: the service's; see sw_config_class_lanes() */
};

struct sw_config_service {
	struct sw_config_origin origin;
	char name[SW_CONFIG_NAME_MAX + 1];
	enum sw_protocol protocol;
	struct sw_config_listen *listen;
	size_t listen_count;
	struct {
		uint32_t ipv4; /* 0..32 */
		uint32_t ipv6; /* 0..128 */
	} source_prefix;
	struct {
		enum sw_budget_mode mode;
		uint32_t direct;
		uint32_t headroom;
		/* Of adaptive; what they mean is in policy/adaptive.h. */
		uint32_t min_direct;
		uint32_t tolerance_percent;
		enum sw_yes_no freeze;
		char conninfo[SW_CONFIG_CONNINFO_MAX + 1];
		uint64_t evict_idle_after_ns; /* 0: nobody's session is ended */
		struct sw_rate evict_rate;
		/* No key: what is in force where the mode is not fixed, kept by daemon/monitor. */
		uint32_t now;
	} budget;
	struct {
		struct sw_endpoint address; /* port 0: the packet's own destination */
	} direct;
	struct {
		struct sw_endpoint address; /* port 0: no pooler */
		uint32_t max_connections;
	} pooler;
	struct {
		uint32_t max_percent; /* of the budget; 0: no cap, likewise below */
		uint32_t max_percent_per_source;
	} half_open;
	struct {
		uint32_t max_waiting;
		uint64_t max_wait_ns;
		enum sw_discipline discipline;
		uint32_t max_waiting_per_source;
		uint64_t overload_after_ns; /* 0: never; see policy/queue.h */
		uint64_t overload_wait_ns;
		struct sw_rate resume_rate;
	} queue;
	struct sw_config_lanes lanes;
	struct sw_config_lanes over_limit;
	struct {
		char message[SW_CONFIG_MESSAGE_MAX + 1];
		uint64_t retry_after_ns; /* 0: not told */
	} refuse;
	struct sw_config_class *classes; /* one of them is named "default" */
	size_t class_count;
};

struct sw_config_interface {
	struct sw_config_origin origin;
	char name[SW_CONFIG_IFNAME_MAX + 1];
	enum sw_attach_mode mode;
};

struct sw_config {
	struct sw_config_origin origin;
	char *file; /* for messages; NULL: made from options, or changed since it was read */
	struct sw_config_interface *interfaces;
	size_t interface_count;
	enum sw_mode mode;
	enum sw_on_loss on_daemon_loss;
	uint64_t heartbeat_timeout_ns;
	uint64_t handshake_timeout_ns;
	char user[SW_CONFIG_GROUP_MAX + 1]; /* "": who started it */
	struct {
		char socket[SW_CONFIG_SOCKET_MAX + 1];
		char group[SW_CONFIG_GROUP_MAX + 1];	    /* "": nobody but root */
		char admin_users[SW_CONFIG_ADMINS_MAX + 1]; /* parted by commas or blanks */
	} control;
	struct {
		struct sw_endpoint listen; /* port 0: no HTTP */
	} http;
	struct {
		enum sw_log_level level;
		enum sw_log_format format;
	} log;
	struct sw_config_service *services;
	size_t service_count;
};

/*
 * Loading checks each value by itself; relations between values are sw_config_validate()'s. An
 * error reads "FILE:LINE:COLUMN: KEY: found …, expected …". -EINVAL for what the text says, else
 * the -errno of reading it.
 */
int sw_config_load_file(const char *path, struct sw_config **out, struct sw_error *err);
int sw_config_load_string(const char *text, const char *name, struct sw_config **out,
			  struct sw_error *err);
int sw_config_load_buffer(const char *data, size_t size, const char *name, struct sw_config **out,
			  struct sw_error *err);

/* All defaults; no interface and no service. */
int sw_config_defaults(struct sw_config **out);
struct sw_config *sw_config_clone(const struct sw_config *config); /* NULL: no memory */
/*
 * For a tree that is about to differ from its file: errors of validation name services and classes
 * instead of places in the file from here on.
 */
void sw_config_forget_places(struct sw_config *config);
void sw_config_free(struct sw_config *config); /* NULL is fine */
void sw_config_cleanup(struct sw_config **config);
#define SW_CONFIG_FREE __attribute__((cleanup(sw_config_cleanup)))

/* 0 or -EINVAL. */
int sw_config_validate(const struct sw_config *config, struct sw_error *err);

/* Accepted by load, giving the same tree; the caller frees. NULL: no memory. */
char *sw_config_to_yaml(const struct sw_config *config);
json_t *sw_config_to_json(const struct sw_config *config);

/*
 * Adding: defaults are filled in (a service has its class "default"). 0 with the new element in
 * *out, which may be NULL; else -EINVAL for a bad name, -EEXIST for one that is there, -ENOMEM.
 * Adding moves the array: earlier pointers into it are void.
 */
int sw_config_add_interface(struct sw_config *config, const char *name,
			    struct sw_config_interface **out, struct sw_error *err);
int sw_config_add_service(struct sw_config *config, const char *name,
			  struct sw_config_service **out, struct sw_error *err);
int sw_config_add_class(struct sw_config_service *service, const char *name,
			struct sw_config_class **out, struct sw_error *err);
int sw_config_add_source(struct sw_config_class *class, const struct sw_prefix *prefix);
int sw_config_add_listen(struct sw_config_service *service, const struct sw_endpoint *endpoint);
/* -ENOENT: no such class or source or interface; -EINVAL: "default" stays. */
int sw_config_remove_class(struct sw_config_service *service, const char *name);
int sw_config_remove_interface(struct sw_config *config, const char *name);

/* NULL: no such name. The elements belong to the tree. */
struct sw_config_interface *sw_config_find_interface(const struct sw_config *config,
						     const char *name);
struct sw_config_service *sw_config_find_service(const struct sw_config *config, const char *name);
struct sw_config_class *sw_config_find_class(const struct sw_config_service *service,
					     const char *name);

/*
 * Sets one value as typed by a person, by the rules of the file. Keys of a class are those of
 * `spillway limit` ("rate", "burst", …); keys of a service and of the whole are paths
 * ("budget.direct", "pooler.address", "log.level"). Only single values, no lists. An error starts
 * with the key.
 */
int sw_config_set_class_limit(struct sw_config_class *class, const char *key, const char *value,
			      struct sw_error *err);
int sw_config_set_service(struct sw_config_service *service, const char *key, const char *value,
			  struct sw_error *err);
int sw_config_set(struct sw_config *config, const char *key, const char *value,
		  struct sw_error *err);

/* Slots that the service's classes keep for themselves. */
uint32_t sw_config_reserved(const struct sw_config_service *service);
/* Direct connections that the service may have, in force now. */
uint32_t sw_config_budget(const struct sw_config_service *service);
/* False: whatever the database says, nobody goes direct. */
bool sw_config_goes_direct(const struct sw_config_service *service);

/* The chain the class follows: its own, or the service's. */
const struct sw_config_lanes *sw_config_class_lanes(const struct sw_config_service *service,
						    const struct sw_config_class *class);

#endif
