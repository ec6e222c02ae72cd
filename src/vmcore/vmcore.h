/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The vmcore layer: a crash dump in, the kernel log in it out.
 *
 * Stands on base/ alone and is used by dump/ and cli/. Pure: bytes come through one callback, records
 * leave through another; no file descriptor, no output. open.c tells formats: elf.c finds segments
 * and notes, kdump.c the pages of a compressed dump, flat.c puts a flattened one together. info.c
 * looks up VMCOREINFO, address.c turns kernel addresses into file offsets, log.c picks the reader
 * for the kernel's log format: log-ring.c, log-records.c or log-text.c.
 *
 * Everything in a dump may be damaged or hostile. What can be read is delivered; what cannot is
 * counted and described in struct vmcore_report.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "fundamental/bytes.h"

struct vmcore;

/**
 * struct vmcore_source - where the bytes of a dump come from
 * @read_at: fills @buf with up to @n bytes from offset @offset; returns how many (fewer only at the
 *           end of the dump) or a negative errno
 * @data: passed to @read_at
 */
struct vmcore_source {
	ssize_t (*read_at)(void *data, uint64_t offset, void *buf, size_t n);
	void *data;
};

/**
 * vmcore_open() - read the headers of an ELF core (32 or 64 bit, either byte order) or of a
 * compressed or flattened dump of makedumpfile
 *
 * Return: 0, or
 * -ENOEXEC   neither; the message names the format if it is another one of dumps,
 * -EBADMSG   headers that contradict themselves,
 * -ENOMSG    no VMCOREINFO in it,
 * -ENODATA   the file ends inside its headers,
 * -ENOMEM, or what @source returned.
 */
int vmcore_open(const struct vmcore_source *source, struct vmcore **ret, struct kx_error *err);
struct vmcore *vmcore_free(struct vmcore *core);
DEFINE_CLEANUP(struct vmcore *, vmcore_free)

/**
 * struct vmcore_record - one record of the kernel log
 * @seq: sequence number, with @has_seq
 * @time_ns: nanoseconds since boot, with @has_time
 * @caller: thread id, or processor number with bit 31 set, with @has_caller
 * @level: 0 (emerg) … 7 (debug), or -1 when the log does not say
 * @facility: as in syslog(3) without the shift, or -1
 * @text: as the kernel stored it, without the final newline; may hold any byte
 * @subsystem: of the device the record is about; .n is 0 when it is about none
 * @device: "+pci:0000:00:1f.2", "b8:0", …
 */
struct vmcore_record {
	uint64_t seq;
	uint64_t time_ns;
	uint32_t caller;
	int level;
	int facility;
	bool has_seq;
	bool has_time;
	bool has_caller;
	struct bytes text;
	struct bytes subsystem;
	struct bytes device;
};

/**
 * struct vmcore_report - how complete the log was
 * @n_records: delivered
 * @n_lost: of these, delivered without their text because the kernel had dropped it
 * @n_unfinished: not delivered: a processor was still writing them when the dump was made
 * @n_damaged: places where the log could not be read or contradicted itself
 * @damage: the first of these, in words
 */
struct vmcore_report {
	uint64_t n_records;
	uint64_t n_lost;
	uint64_t n_unfinished;
	uint64_t n_damaged;
	struct kx_error damage;
};

/**
 * typedef vmcore_emit_fn - receives one record, valid during the call
 * Return: 0, or a negative errno that ends the reading and is passed on.
 */
typedef int (*vmcore_emit_fn)(void *data, const struct vmcore_record *record);

/**
 * vmcore_log() - deliver every record of the kernel log, oldest first
 * @core: opened dump
 * @emit: called for each record
 * @data: passed to @emit
 * @ret_report: how complete it was
 * @err: filled on failure only
 *
 * Return: 0 also for a damaged log (see @ret_report), or
 * -EOPNOTSUPP VMCOREINFO describes no log format known here,
 * -EFAULT     the addresses of the log are not in the dump,
 * -EPROTO     the log contradicts itself before its first record,
 * -ENODATA    the file ends before the log,
 * or what @emit or the source returned.
 */
int vmcore_log(struct vmcore *core, vmcore_emit_fn emit, void *data,
	       struct vmcore_report *ret_report, struct kx_error *err);

/* ---- for those who copy a dump; the functions return as core_read_file() does, or false for what VMCOREINFO
 * does not say */

/* Memory from physical address @at on. -EFAULT where the dump has none. */
_must_check_ int vmcore_read_physical(struct vmcore *core, uint64_t at, void *buf, size_t n,
				      struct kx_error *err);
_must_check_ int vmcore_read_virtual(struct vmcore *core, uint64_t at, void *buf, size_t n,
				     const char *what, struct kx_error *err);
/* A number of the crashed kernel in its byte order. */
uint64_t vmcore_load(const struct vmcore *core, const uint8_t *p, size_t n);
/* All of VMCOREINFO, and single values of it: @kind is "SIZE", "OFFSET", "NUMBER", … */
struct bytes vmcore_info(const struct vmcore *core);
bool vmcore_symbol(const struct vmcore *core, const char *name, uint64_t *ret);
bool vmcore_number(const struct vmcore *core, const char *kind, const char *name, uint64_t *ret);
bool vmcore_value(const struct vmcore *core, const char *kind, struct bytes *ret);
/* Physical addresses [@start, @end) of part @i of what is in the dump; false past the last. Parts may
 * overlap, in any order. */
bool vmcore_part(const struct vmcore *core, size_t i, uint64_t *start, uint64_t *end);
/* Notes of an ELF core as they are, to be freed. *@ret_n is 0 when it has none. */
_must_check_ int vmcore_notes(struct vmcore *core, uint8_t **ret, size_t *ret_n,
			      struct kx_error *err);
/* Is it 64-bit and little endian? */
bool vmcore_is_le64(const struct vmcore *core);
