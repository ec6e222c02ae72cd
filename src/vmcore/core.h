/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Internal declarations of the vmcore layer. */

#include "vmcore/vmcore.h"

/* Limits on what the headers of a dump may ask for. */
#define SEGMENTS_MAX (1u << 20)	  /* program headers; QEMU's paging dumps have thousands */
#define NOTES_MAX (1u << 20)	  /* notes looked at; /proc/vmcore has one per processor */
#define INFO_MAX (1u << 20)	  /* bytes of VMCOREINFO; the kernel's area is one page */
#define RING_COUNT_BITS_MAX 26	  /* records: 2 GiB (LOG_BUF_LEN_MAX) of 32 bytes (PRB_AVGBITS) */
#define RING_SIZE_BITS_MAX 31	  /* bytes: LOG_BUF_LEN_MAX of kernel/printk/printk.c */
#define STRUCT_MAX 1024		  /* bytes of one kernel structure of the log */
#define DAMAGE_MAX (1u << 16)	  /* damaged records after which reading stops */
#define TEXT_MAX (1u << 28)	  /* bytes of the plain log; configurations went to 2 MiB */
#define LINE_MAX_BYTES (1u << 13) /* line of the plain log; the kernel's own limit is 1024 */
#define PROCESSORS_MAX 8192	  /* NR_CPUS: each may have one record half begun */

/* A PT_LOAD; with has_virt false p_vaddr says nothing (dumps of physical memory have 0 there). */
struct segment {
	uint64_t virt;
	uint64_t phys;
	uint64_t offset;
	uint64_t file_n;
	uint64_t mem_n;
	bool has_virt;
};

/* Virtual addresses [start, start + n) are physical addresses from phys on, modulo 2^64. */
struct window {
	uint64_t start;
	uint64_t n;
	uint64_t phys;
};

struct vmcore {
	struct vmcore_source source;
	bool is_big;	  /* byte order */
	uint8_t word;	  /* bytes of a long and a pointer */
	uint16_t machine; /* EM_* */
	struct segment *segments;
	size_t n_segments;
	size_t recent[2]; /* segments where the last physical and virtual address were found */
	size_t n_notes;	  /* looked at so far */
	char *info;	  /* VMCOREINFO as found: lines, no NUL at the end */
	size_t n_info;

	struct window windows[3];
	size_t n_windows;
	unsigned page_levels;	 /* 0: no page tables to walk */
	uint64_t page_table;	 /* physical address of the top level */
	uint64_t page_encrypted; /* bits of an entry that are no address (SME) */
};

/* elf.c */
uint64_t core_load(const struct vmcore *core, const uint8_t *p, size_t n);
_must_check_ int core_read_file(struct vmcore *core, uint64_t offset, void *buf, size_t n,
				const char *what, struct kx_error *err);

/* info.c: false when VMCOREINFO has no such line or its value is no number */
bool info_value(const struct vmcore *core, const char *kind, const char *name, struct bytes *ret);
bool info_symbol(const struct vmcore *core, const char *name, uint64_t *ret);
bool info_hex(const struct vmcore *core, const char *kind, const char *name, uint64_t *ret);
bool info_number(const struct vmcore *core, const char *kind, const char *name, uint64_t *ret);

/* address.c */
void core_init_translation(struct vmcore *core);
_must_check_ int core_read(struct vmcore *core, uint64_t virt, void *buf, size_t n,
			   const char *what, struct kx_error *err);
_must_check_ int core_read_uint(struct vmcore *core, uint64_t virt, size_t n, const char *what,
				uint64_t *ret, struct kx_error *err);

/* log.c: what the three readers share */
struct log_reader {
	struct vmcore *core;
	vmcore_emit_fn emit;
	void *data;
	struct vmcore_report *report;
	int stopped; /* what the callback returned when it wanted no more, else 0 */
};

/* A value in VMCOREINFO that a reader needs: "OFFSET(printk_info.seq)=0" */
struct log_key {
	const char *kind;
	const char *name;
	size_t dest; /* offset of a uint64_t in the reader's layout struct */
};

_must_check_ int log_layout(const struct vmcore *core, const struct log_key *keys, size_t n_keys,
			    void *layout, struct kx_error *err);
/* Delivers a record. False when reading has to end: then reader->stopped is what the callback
 * returned. */
bool log_emit(struct log_reader *reader, const struct vmcore_record *record);
/* Counts a damaged place; false when there were DAMAGE_MAX of them, so that reading ends. */
bool log_damaged(struct log_reader *reader, const struct kx_error *why);
bool log_field(const struct vmcore *core, struct bytes object, uint64_t offset, size_t n,
	       uint64_t *ret);
void log_set_level(const struct vmcore *core, uint64_t byte, struct vmcore_record *record);
_must_check_ int log_read_symbol(struct vmcore *core, const char *name, size_t n, uint64_t *ret,
				 struct kx_error *err);

_must_check_ int log_read_ring(struct log_reader *reader, struct kx_error *err);
_must_check_ int log_read_records(struct log_reader *reader, struct kx_error *err);
_must_check_ int log_read_text(struct log_reader *reader, struct kx_error *err);
