// SPDX-License-Identifier: LGPL-2.1-or-later
/* Family C: is there room for the next kernel, and can the memory map be read? */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "preflight/look.h"

/* Bytes of kernel and initrds as files; an error when one of them cannot be seen. */
static int files_size(const struct look *l, const char **ret_path, uint64_t *ret)
{
	uint64_t total = 0;

	for (size_t i = 0; i <= l->entry->n_initrds; i++) {
		const char *path = i ? l->entry->initrds[i - 1] : l->entry->kernel;
		_cleanup_close_ int fd = open_in(l->files, path, O_PATH);
		struct stat st;

		*ret_path = path;
		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			return -errno;
		total += (uint64_t)st.st_size;
	}
	*ret = total;
	return 0;
}

/* A number of /proc/meminfo, in bytes; it is written in kB. */
static int meminfo(const struct look *l, const char *name, uint64_t *ret)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	_cleanup_free_ char *value = NULL;
	char *end;
	int code = look_file(l, "/proc/meminfo", &text);

	if (code >= 0)
		code = proc_field(text.b, name, &value);
	if (code < 0)
		return code;
	*ret = strtoull(value, &end, 10) * 1024;
	return end == value || strcmp(end, " kB") != 0 ? -EINVAL : 0;
}

/* Sizes that C1 and C2 compare; false with *ret_status set when there is nothing to compare. */
static bool sizes(const struct look *l, struct report *r, const char *field, uint64_t *ret_files,
		  uint64_t *ret_memory, enum preflight_status *ret_status)
{
	const char *path = NULL;
	int code;

	if (!l->entry || !l->entry->kernel) {
		*ret_status = unknown_entry(l, r);
		return false;
	}
	code = files_size(l, &path, ret_files);
	if (code < 0) {
		*ret_status = unknown(r, path, code);
		return false;
	}
	code = meminfo(l, field, ret_memory);
	if (code < 0) {
		*ret_status = unknown(r, "/proc/meminfo", code);
		return false;
	}
	evidencef(r, "kernel and initrd: %llu bytes; /proc/meminfo: %s %llu kB",
		  (unsigned long long)*ret_files, field, (unsigned long long)*ret_memory / 1024);
	return true;
}

/* sanity_check_segment_list() of kernel/kexec_core.c: half of all memory is the limit. */
static enum preflight_status look_half(const struct look *l, struct report *r)
{
	enum preflight_status status;
	uint64_t files, total;

	if (!sizes(l, r, "MemTotal", &files, &total, &status))
		return status;
	if (files <= total / 2)
		return PREFLIGHT_OK;
	return found(
		r,
		"Kernel and initrd take more than half of the memory, which the kernel refuses.");
}

/* kexec_file_load(2) holds the files twice: as they were read, and as segments. */
static enum preflight_status look_available(const struct look *l, struct report *r)
{
	enum preflight_status status;
	uint64_t files, available;

	if (!sizes(l, r, "MemAvailable", &files, &available, &status))
		return status;
	if (available >= 2 * files)
		return PREFLIGHT_OK;
	if (available < files) {
		r->severity = PREFLIGHT_REFUSE;
		return found(r, "There is not enough free memory to load the next kernel.");
	}
	return found(r, "Loading the next kernel needs most of the free memory.");
}

static enum preflight_status look_iomem(const struct look *l, struct report *r)
{
	static const char path[] = "/proc/iomem";
	_cleanup_look_file_ struct look_file text = { 0 };
	struct bytes line;
	struct lines lines;
	bool any = false;
	int code;

	if (!l->entry)
		return unknown_entry(l, r);
	if (l->entry->way != KX_WAY_SEGMENTS)
		return PREFLIGHT_OK;
	code = look_file(l, path, &text);
	if (code < 0)
		return unknown(r, path, code);
	lines = lines_of(text.b);
	while (lines_next(&lines, &line)) {
		struct bytes bare = bytes_trim(line);
		size_t zeros = 0;

		any = true;
		/* "00000000-00000000 : …" is what the kernel shows to a process without
		 * CAP_SYS_ADMIN */
		while (zeros < bare.n && (bare.p[zeros] == '0' || bare.p[zeros] == '-'))
			zeros++;
		if (zeros < bare.n && bare.p[zeros] != ' ')
			return PREFLIGHT_OK;
	}
	evidence(r, path, any ? "all addresses are 0" : "empty");
	return found(r, "The memory map cannot be seen, and kexec_load(2) needs it.");
}

/* proc(5), buddyinfo: "Node 0, zone   Normal   4 3 2 …", how many free blocks of 1, 2, 4 … pages. The
 * code that jumps needs two pages side by side. */
static enum preflight_status look_fragments(const struct look *l, struct report *r)
{
	static const char path[] = "/proc/buddyinfo";
	_cleanup_look_file_ struct look_file text = { 0 };
	int code = look_file(l, path, &text);
	struct lines lines;
	struct bytes line;

	if (code < 0)
		return unknown(r, path, code);
	lines = lines_of(text.b);
	while (lines_next(&lines, &line)) {
		enum { BEFORE_PAIRS = 5 }; /* words: Node 0, zone NAME SINGLES */
		struct bytes rest = line;

		for (int i = 0; i < BEFORE_PAIRS; i++)
			(void)bytes_word(&rest);
		while (rest.n)
			if (!bytes_is(bytes_word(&rest), "0"))
				return PREFLIGHT_OK;
	}
	evidence(r, path, "no two free pages side by side");
	return found(r, "Free memory is in pieces, and a load may fail with memory free.");
}

static enum preflight_status look_crashkernel(const struct look *l, struct report *r)
{
	_cleanup_free_ char *running = NULL, *value = NULL;
	int code;

	if (!l->entry || !l->entry->cmdline)
		return unknown_entry(l, r);
	code = look_cmdline(l, &running);
	if (code < 0)
		return unknown(r, "/proc/cmdline", code);
	if (cmdline_value(running, "crashkernel=", &value) < 0 ||
	    cmdline_has(l->entry->cmdline, "crashkernel="))
		return PREFLIGHT_OK;
	evidencef(r, "/proc/cmdline: crashkernel=%s; command line of the entry: none", value);
	return found(
		r, "The next kernel would reserve no memory for a crash kernel, as this one does.");
}

static enum preflight_status look_crashkernel_fixed(const struct look *l, struct report *r)
{
	_cleanup_free_ char *value = NULL;

	if (!l->entry || !l->entry->cmdline)
		return unknown_entry(l, r);
	if (cmdline_value(l->entry->cmdline, "crashkernel=", &value) < 0 || !strchr(value, '@'))
		return PREFLIGHT_OK;
	evidencef(r, "crashkernel=%s", value);
	return found(
		r,
		"The crash kernel's memory is asked for at a fixed address, which may be taken.");
}

/* Memory that a driver added is "System RAM (DRIVER)", add_memory_driver_managed(). */
static enum preflight_status look_driver_memory(const struct look *l, struct report *r)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	struct lines lines;
	struct bytes line;
	int code = look_file(l, "/proc/iomem", &text);

	if (code < 0)
		return unknown(r, "/proc/iomem", code);
	lines = lines_of(text.b);
	while (lines_next(&lines, &line)) {
		struct bytes bare = bytes_trim(line);
		const uint8_t *colon = bare.n ? memchr(bare.p, ':', bare.n) : NULL;
		struct bytes name;

		if (!colon)
			continue;
		name = bytes_trim(
			(struct bytes){ colon + 1, bare.n - (size_t)(colon + 1 - bare.p) });
		if (!bytes_starts(name, "System RAM ("))
			continue;
		evidencef(r, "/proc/iomem: %.*s", (int)name.n, (const char *)name.p);
		return found(r,
			     "A driver has added memory; the next kernel may take it for ordinary "
			     "memory.");
	}
	return PREFLIGHT_OK;
}

const struct check memory_checks[] = {
	{ "C1", PREFLIGHT_REFUSE, false, "size against all memory", "Make a smaller initramfs.",
	  look_half },
	{ "C2", PREFLIGHT_WARN, true, "size against free memory",
	  "Stop something that uses memory.", look_available },
	{ "C3", PREFLIGHT_WARN, true, "memory in pieces", "Write 1 to /proc/sys/vm/compact_memory.",
	  look_fragments },
	{ "C4", PREFLIGHT_REFUSE, false, "memory map",
	  "Run it as root, or use kexec_file_load(2) (WAY=file).", look_iomem },
	{ "C5", PREFLIGHT_WARN, true, "crash kernel stays armed",
	  "Add crashkernel= to the boot entry.", look_crashkernel },
	{ "C7", PREFLIGHT_NOTE, true, "place of the crash kernel",
	  "Write crashkernel= without an address.", look_crashkernel_fixed },
	{ "C8", PREFLIGHT_WARN, true, "memory added by drivers",
	  "Use kexec_file_load(2) (WAY=file), which leaves such memory alone.",
	  look_driver_memory },
	{ "C9", PREFLIGHT_WARN, true, "memory set aside",
	  "Give the entry the word of this boot, or save elsewhere what is in that memory.",
	  look_set_aside, ON_X86_64 },
	{ NULL },
};
