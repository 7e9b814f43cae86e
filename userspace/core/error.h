/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One error as a person reads it, beside the -errno a caller acts on.
 * Filled by whoever knows the operand; printed or sent once, by main or the control socket.
 */
#ifndef SW_CORE_ERROR_H
#define SW_CORE_ERROR_H

struct sw_error {
	int code; /* -errno, 0: none */
	char text[512];
};

/* Returns code, so that `return sw_error_set(err, -EINVAL, …)` reads well. err may be NULL. */
int sw_error_set(struct sw_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
