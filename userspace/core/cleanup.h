/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cleanup attributes: what a function owns is released where its variable goes out of scope.
 * Used everywhere in userspace instead of goto. Releasing never changes errno.
 */
#ifndef SW_CORE_CLEANUP_H
#define SW_CORE_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The argument is the address of the variable, whatever its pointer type is. */
static inline void sw_cleanup_free(void *ptr)
{
	free(*(void **)ptr);
}

static inline void sw_cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void sw_cleanup_fclose(FILE **file)
{
	int saved = errno;

	if (*file)
		fclose(*file);
	errno = saved;
}

#define SW_CLEANUP(fn) __attribute__((cleanup(fn)))
#define SW_FREE	       SW_CLEANUP(sw_cleanup_free)
#define SW_CLOSE       SW_CLEANUP(sw_cleanup_close) /* initialise to -1 */
#define SW_FCLOSE      SW_CLEANUP(sw_cleanup_fclose)

/* Hands ownership to the caller: `return sw_steal_fd(&fd);` */
static inline int sw_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

/* The same for a pointer, keeping its type: `*out = sw_steal_ptr(&config);` */
#define sw_steal_ptr(ptr)                                                                          \
	({                                                                                         \
		__typeof__(*(ptr)) sw_stolen_ = *(ptr);                                            \
		*(ptr) = NULL;                                                                     \
		sw_stolen_;                                                                        \
	})

#endif
