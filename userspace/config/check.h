/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of sw_config_validate() share. Internal to config/.
 */
#ifndef SW_CONFIG_CHECK_H
#define SW_CONFIG_CHECK_H

#include "config/value.h"

struct sw_check {
	const struct sw_config *config;
	struct sw_error *err;
};

/* "FILE:LINE:COLUMN: PATH: …", the place as far as it is known. Returns code. */
int sw_check_fail(const struct sw_check *check, struct sw_mark at, const char *path, int code,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The same for one key of a service or class: the place is the value's, else the object's. */
int sw_check_fail_service(const struct sw_check *check, size_t service, const char *key, int code,
			  const char *fmt, ...) __attribute__((format(printf, 5, 6)));
int sw_check_fail_class(const struct sw_check *check, size_t service, size_t class, const char *key,
			const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * "services[0].KEY" and "services[0].classes[1].KEY" for who looks into a file; where there is none,
 * "service 'main': KEY" and "service 'main', class 'admin': KEY".
 */
#define SW_CHECK_PATH 160
void sw_check_path_service(const struct sw_check *check, size_t service, const char *key,
			   char path[SW_CHECK_PATH]);
void sw_check_path_class(const struct sw_check *check, size_t service, size_t class,
			 const char *key, char path[SW_CHECK_PATH]);

/* NULL, or what is wrong with the order of a chain. */
const char *sw_check_chain(const struct sw_config_service *service,
			   const struct sw_config_lanes *lanes, bool given);

int sw_check_classes(const struct sw_check *check, size_t service);
int sw_check_sources(const struct sw_check *check, size_t service);

#endif
