/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notes are kept in an array map of pages, made to measure and put in the place of the last one.
 */
#include "kern/notes.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>

#include "core/cleanup.h"
#include "kern/pins.h"
#include "spillway/names.h"

#define NAME  "state"
#define MAGIC 0x3179617770696c6cull /* "llipway1" */
#define PAGE  4096

struct mapping {
	void *at;
	size_t size;
};

static void unmap(struct mapping *mapping)
{
	if (mapping->at)
		munmap(mapping->at, mapping->size);
}

static int map_pages(int fd, size_t pages, struct mapping *out)
{
	void *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*out = (struct mapping){at, pages * PAGE};
	return 0;
}

/* Of the header with the checksum of the text in it. 0, which is rare, is taken for none. */
static uint32_t seal_of(const struct sw_notes_header *header)
{
	return crc32(0, (const Bytef *)header, sizeof(*header));
}

int sw_notes_write(const char *dir, uint64_t netns_cookie, const char *text, size_t length,
		   struct sw_error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	struct sw_notes_header header = {
		.magic = MAGIC,
		.layout_version = SW_LAYOUT_VERSION,
		.crc = crc32(0, (const Bytef *)text, length),
		.length = length,
		.netns_cookie = netns_cookie,
	};
	uint32_t seal = seal_of(&header);
	size_t pages = (sizeof(header) + length + sizeof(seal) + PAGE - 1) / PAGE;
	SW_CLEANUP(unmap) struct mapping mapping = {0};
	SW_CLOSE int fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, NAME, sizeof(__u32), PAGE, pages, &opts);
	int failed = fd < 0 ? fd : map_pages(fd, pages, &mapping);

	if (failed || !mapping.at)
		return sw_error_set(err, failed, "%s/" NAME ": %s", dir, strerror(-failed));
	memcpy(mapping.at, &header, sizeof(header));
	memcpy((char *)mapping.at + sizeof(header), text, length);
	memcpy((char *)mapping.at + sizeof(header) + length, &seal, sizeof(seal));
	return sw_pins_replace(dir, NAME, fd, err);
}

/* What is pinned by the name, mapped; anything else than our array of pages is damage. */
static int open_notes(const char *dir, struct mapping *out, struct sw_error *err)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	SW_CLOSE int fd = sw_pins_open(dir, NAME);

	if (fd == -ENOENT)
		return sw_error_set(err, -ENOENT, "%s has no notes of a daemon", dir);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.value_size != PAGE || map_pages(fd, info.max_entries, out))
		return sw_error_set(err, -EBADMSG, "%s/" NAME " is not what a daemon writes", dir);
	return 0;
}

/* Older daemons wrote no seal: what is behind their text is 0, or not there. */
static bool is_whole(const struct mapping *mapping, const struct sw_notes_header *header)
{
	const Bytef *text = (const Bytef *)mapping->at + sizeof(*header);
	size_t room = mapping->size - sizeof(*header);
	uint32_t seal = 0;

	if (header->magic != MAGIC || header->length > room ||
	    header->crc != crc32(0, text, header->length))
		return false;
	if (room - header->length >= sizeof(seal))
		memcpy(&seal, text + header->length, sizeof(seal));
	return !seal || seal == seal_of(header);
}

int sw_notes_read(const char *dir, struct sw_notes_header *out, char **text, struct sw_error *err)
{
	SW_CLEANUP(unmap) struct mapping mapping = {0};
	struct sw_notes_header header;
	const char *bytes;
	char *copy;
	int failed = open_notes(dir, &mapping, err);

	if (failed || !mapping.at)
		return failed;
	memcpy(&header, mapping.at, sizeof(header));
	bytes = (char *)mapping.at + sizeof(header);
	if (!is_whole(&mapping, &header))
		return sw_error_set(err, -EBADMSG, "%s/" NAME " is damaged", dir);
	copy = malloc(header.length + 1);
	if (!copy)
		return sw_error_set(err, -ENOMEM, "out of memory");
	memcpy(copy, bytes, header.length);
	copy[header.length] = '\0';
	*out = header;
	*text = copy;
	return 0;
}
