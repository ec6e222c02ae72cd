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
#define PAGES_MAX (UINT64_C(1) << 36) /* page frames; 256 TiB in pages of 4 KiB */
#define PAGE_N_MAX (256u << 10)	      /* bytes of a page; 64 KiB on arm64 and POWER */
#define NOTES_N_MAX (64u << 20)	      /* bytes of notes: 8192 processors with a page each, twice */
#define FLAT_PARTS_MAX (1u << 22) /* of a flattened dump, 64 KiB each as makedumpfile writes them */
#define PROCESSORS_MAX 8192	  /* NR_CPUS: each may have one record half begun */

/* The file is read in blocks of a page, as /proc/vmcore is made of, and this many are kept: one for each
 * of the arrays of a log and for each level of page tables, and some to spare. */
#define BLOCK_N 4096
#define BLOCKS_KEPT 16

struct block {
	uint64_t at;   /* in the file, a multiple of BLOCK_N */
	uint64_t used; /* when it was last needed: the oldest makes room */
	size_t n;      /* less than BLOCK_N at the end of the file; 0: holds nothing */
	uint8_t p[BLOCK_N];
};

/* A file as it is read: through the blocks that were read last. */
struct file {
	struct vmcore_source source;
	struct block blocks[BLOCKS_KEPT];
	uint8_t hints[BLOCKS_KEPT]; /* the block of page N may be number hints[N % BLOCKS_KEPT] */
	uint64_t clock;
};

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
	struct file file;    /* what segments are parts of: the dump, or what was made of it by */
	struct flat *flat;   /* a flattened dump, and */
	struct kdump *kdump; /* a compressed one; else NULL */
	bool is_big;	     /* byte order */
	uint8_t word;	     /* bytes of a long and a pointer */
	uint16_t machine;    /* EM_* */
	struct segment *segments;
	size_t n_segments;
	size_t recent[2];  /* segments where the last physical and virtual address were found */
	size_t n_notes;	   /* looked at so far */
	uint64_t notes_at; /* the PT_NOTE that has VMCOREINFO in it, in the file */
	uint64_t notes_n;
	char *info; /* VMCOREINFO as found: lines, no NUL at the end */
	size_t n_info;

	uint64_t phys_base; /* as the header of a compressed dump says it, with has_phys_base */
	bool has_phys_base;
	struct window windows[3];
	size_t n_windows;
	unsigned page_levels;	 /* 0: no page tables to walk */
	uint64_t page_table;	 /* physical address of the top level */
	uint64_t page_encrypted; /* bits of an entry that are no address (SME) */
};

/* elf.c */
_must_check_ int elf_open(struct vmcore *core, struct kx_error *err);
_must_check_ int core_add_segment(struct vmcore *core, const struct segment *segment, size_t *room);
uint64_t core_load(const struct vmcore *core, const uint8_t *p, size_t n);

/* file.c: core_file_read() returns how many bytes were read, fewer only at the end, or a negative errno */
ssize_t core_file_read(struct file *file, uint64_t offset, void *buf, size_t n);
_must_check_ int core_read_file(struct vmcore *core, uint64_t offset, void *buf, size_t n,
				const char *what, struct kx_error *err);

/* flat.c: reads where the parts of a flattened dump are, and has core->file read them. */
_must_check_ int flat_open(struct vmcore *core, struct kx_error *err);
void flat_free(struct flat *flat);

/* kdump.c: reads the headers of a compressed dump, and has core->file read its pages, by physical
 * address. */
_must_check_ int kdump_open(struct vmcore *core, struct kx_error *err);
void kdump_free(struct kdump *kdump);

/* kdump-page.c: flags of a page's descriptor (makedumpfile, diskdump_mod.h) */
#define PAGE_ZLIB 0x01u
#define PAGE_LZO 0x02u
#define PAGE_SNAPPY 0x04u
#define PAGE_ZSTD 0x20u
/* Unpacks into @page, all of it. -EPROTO: damaged; -EOPNOTSUPP: in a way that is not known here. */
_must_check_ int page_unpack(struct bytes packed, uint32_t flags, uint8_t *page, size_t page_n);

/* info.c: false when VMCOREINFO has no such line or its value is no number */
bool info_value(const struct vmcore *core, const char *kind, const char *name, struct bytes *ret);
bool info_symbol(const struct vmcore *core, const char *name, uint64_t *ret);
bool info_hex(const struct vmcore *core, const char *kind, const char *name, uint64_t *ret);
bool info_number(const struct vmcore *core, const char *kind, const char *name, uint64_t *ret);

/* address.c */
_must_check_ int core_read_physical(struct vmcore *core, uint64_t phys, void *buf, size_t n,
				    struct kx_error *err);
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
