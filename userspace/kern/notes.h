/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's notes to its successor, pinned beside the maps they belong to: bytes behind a header
 * that every version can read, and behind them a checksum of that. Written by daemon/notes.c after each change.
 */
#ifndef SW_KERN_NOTES_H
#define SW_KERN_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* Never changes, whatever the maps become. */
struct sw_notes_header {
	uint64_t magic;
	uint32_t layout_version; /* of the maps beside it, SW_LAYOUT_VERSION */
	uint32_t crc;		 /* zlib's crc32() of the text */
	uint64_t length;	 /* of the text */
	uint64_t netns_cookie;	 /* the network namespace that is guarded */
};

/* Replaces the notes in the directory by these. 0, or -errno and the old ones stand. */
int sw_notes_write(const char *dir, uint64_t netns_cookie, const char *text, size_t length,
		   struct sw_error *err);

/*
 * The notes, ended by a NUL; to be freed. Whether the maps beside them can be read is for the caller
 * to tell from the header. -ENOENT: none; -EBADMSG: damaged; err says which and where.
 */
int sw_notes_read(const char *dir, struct sw_notes_header *header, char **text,
		  struct sw_error *err);

#endif
