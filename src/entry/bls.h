/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Boot Loader Specification (UAPI.1) entries as systemd-boot reads, sorts and chooses them. Red
 * Hat's GRUB reads the same directory by other rules; that is in grub/.
 */

#include "base/strbuf.h"
#include "entry/entry.h"
#include "entry/loader-conf.h"
#include "fundamental/bytes.h"

/* Which of the keys that name a program the file has; more than one drops the entry. */
#define BLS_LINUX (1u << 0)
#define BLS_EFI (1u << 1)
#define BLS_UKI (1u << 2)
#define BLS_UKI_URL (1u << 3)
#define BLS_ALL (BLS_LINUX | BLS_EFI | BLS_UKI | BLS_UKI_URL)

/* A Type #1 file as written: nothing resolved, nothing checked. NULL for what is not there. */
struct bls_type1 {
	unsigned kinds;		/* BLS_*, of the keys that the loader knows */
	unsigned unknown;	/* BLS_*, of those that it does not */
	unsigned line;		/* of the key that names the program, 1 for the first */
	bool has_architectures; /* several that differ: the entry is for no machine */
	char *title, *version, *machine_id, *sort_key, *architecture;
	char *program; /* value of the last linux, efi, uki or uki-url that the loader knows; of the
			  last one at all when it knows none of them */
	char *options; /* all of them joined by one blank */
	char *devicetree;
	char *profile;
	struct strlist initrds, extras;
};

/* @known: BLS_* of the keys that the loader knows; to it the others are words like any other. @unquotes:
 * it takes quotes off a value, as systemd-boot does (line_get_key_value() in its src/boot/util.c) and what
 * reads the same files in user space does not. */
_must_check_ int bls_type1_parse(struct bytes file, unsigned known, bool unquotes,
				 struct bls_type1 *ret);
void bls_type1_done(struct bls_type1 *t);

/* What the name of a file in loader/entries or EFI/Linux says. */
struct bls_name {
	char *id;      /* case-folded, counter removed, suffix kept */
	unsigned left; /* boot counter; meaningless without has_counter */
	unsigned done;
	bool has_counter;
};

/* @suffix is ".conf" or ".efi"; -EINVAL for a name that the loader ignores. */
_must_check_ int bls_name_parse(const char *name, const char *suffix, struct bls_name *ret);

/* One line of the loader's menu. */
struct bls_item {
	struct boot_entry entry;
	char *stem;	 /* id without @profile, which is what sorts */
	char *loader_id; /* what the loader's patterns match; NULL: the id of the entry */
	char *sort_key, *machine_id;
	struct bls_name name; /* .id is NULL: it lives in entry.id */
	unsigned profile;
	bool is_auto;	   /* made up by the loader: another system, firmware setup */
	bool is_hidden;	   /* the loader leaves it out of its menu */
	bool can_be_first; /* may be taken when nothing says which */
	size_t seq;	   /* order of reading, the last tie-breaker */
};

struct bls_items {
	struct bls_item *v;
	size_t n, room;
};

void bls_item_done(struct bls_item *item);
void bls_items_done(struct bls_items *items);
/* Moves @item into the list; on failure it still belongs to the caller. */
_must_check_ int bls_items_add(struct bls_items *items, struct bls_item *item);

/* Bits of LoaderFeatures; source: systemd, docs/BOOT_LOADER_INTERFACE.md. */
#define LOADER_FEATURE_DEFAULT (UINT64_C(1) << 2)
#define LOADER_FEATURE_ONESHOT (UINT64_C(1) << 3)
#define LOADER_FEATURE_SORT_KEY (UINT64_C(1) << 8)
#define LOADER_FEATURE_SAVED (UINT64_C(1) << 9)
#define LOADER_FEATURE_PROFILES (UINT64_C(1) << 14)
#define LOADER_FEATURE_UKI (UINT64_C(1) << 16)
#define LOADER_FEATURE_UKI_URL (UINT64_C(1) << 17)
#define LOADER_FEATURE_PREFERRED (UINT64_C(1) << 19)
/* Of "systemd-boot 257.9-1" 257; 0 when it is no systemd-boot or says none. */
unsigned loader_version_of(const char *info);
/* What systemd-boot knows whose LoaderInfo is @info, as far as its version tells; all ones without. */
uint64_t loader_features_of(const char *info);
/* Sets what the version in ->info tells of ids: systemd issues 15068 (245) and 38813 (fixed by pull request
 * 38897 of September 2025, when 258 came out). */
struct loader_vars;
void loader_vars_set_ids(struct loader_vars *vars);

/* The EFI variables that decide; NULL where not set. */
struct loader_vars {
	char *info; /* LoaderInfo */
	char *oneshot, *preferred, *fallback_default, *last_booted;
	uint64_t features; /* all ones when the loader did not say */
	bool finds_stems;  /* the loader takes a default without ".conf", as Pop!_OS's does */
	bool has_stems;	   /* its ids of Type #1 entries end before ".conf" (systemd before 245) */
	bool keeps_counters; /* its ids have the boot counters of file names (before 258) */
};
void loader_vars_done(struct loader_vars *vars);

/* What the loader that @vars tell of calls @item, whose name, stem and entry.id are set; @file is the name of
 * its file. -ENOMEM. */
_must_check_ int bls_item_set_loader_id(struct bls_item *item, const struct loader_vars *vars,
					const char *file);

/* Puts the items into the order of the loader's menu; hidden ones go last. */
void bls_sort(struct bls_items *items, uint64_t features);

/* Globs of the loader: * ? [a-z] and a backslash, letters of either case alike. */
bool bls_glob(const char *pattern, const char *id);

/* The item that the loader starts, items->n for none; adds the steps to @why, one per line, and
 * those that name an entry which is not there to @unmatched. */
size_t bls_choose(const struct bls_items *items, const struct loader_vars *vars,
		  const struct loader_conf *conf, struct strbuf *why, struct strbuf *unmatched);

/* systemd-boot's EFI name of a machine as uname(2) spells it ("x64"), or NULL. */
const char *bls_efi_arch(const char *machine);
