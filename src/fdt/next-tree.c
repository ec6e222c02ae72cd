// SPDX-License-Identifier: LGPL-2.1-or-later
/* The running kernel's device tree -> the next kernel's. The blob is read and written by libfdt, whose every call is
 * checked: one of a user's may be damaged. */
#include "fdt/next-tree.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define PAGE 4096u
/* Names and headers of all that is added, and /chosen itself. */
#define ADDED_ROOM 1024u
#define STAMPS "rapidreboot,stamps"

/* Of the kernel that was started last; they do not hold for the next one. */
static const char *const stale[] = {
	"linux,elfcorehdr",
	"linux,usable-memory-range",
	"linux,ima-kexec-buffer",
	"linux,kho-fdt",
	"linux,kho-scratch",
	"linux,initrd-start",
	"linux,initrd-end",
	"bootargs",
	STAMPS,
};

static int tree_fail(struct kx_error *err, int fdt_error)
{
	return kx_fail(err, -EBADMSG, "device tree: %s", fdt_strerror(fdt_error));
}

/* A number of 32 or 64 bits, whichever the bootloader wrote. */
static bool chosen_number(const void *fdt, int chosen, const char *name, uint64_t *ret)
{
	int n;
	const void *value = fdt_getprop(fdt, chosen, name, &n);

	if (!value || (n != 4 && n != 8))
		return false;
	*ret = n == 4 ? fdt32_ld(value) : fdt64_ld(value);
	return true;
}

static size_t total_size(const void *fdt)
{
	return fdt_totalsize(fdt);
}

static uint64_t whole_pages(uint64_t n)
{
	return (n + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* Removes the reservation of the running kernel's initial ramdisk, which is free memory since it was unpacked: with
 * its exact size, or in whole pages. */
static int drop_old_initrd(void *fdt, int chosen)
{
	uint64_t start, end, at, n;

	if (!chosen_number(fdt, chosen, "linux,initrd-start", &start) ||
	    !chosen_number(fdt, chosen, "linux,initrd-end", &end) || end <= start)
		return 0;
	for (int i = fdt_num_mem_rsv(fdt) - 1; i >= 0; i--) {
		int r = fdt_get_mem_rsv(fdt, i, &at, &n);

		if (r == 0 && at == start && (n == end - start || n == whole_pages(end - start)))
			r = fdt_del_mem_rsv(fdt, i);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_reserved(const void *fdt, struct tree_reservation wanted)
{
	uint64_t at, n;

	for (int i = 0; i < fdt_num_mem_rsv(fdt); i++)
		if (fdt_get_mem_rsv(fdt, i, &at, &n) == 0 && at <= wanted.start && wanted.n <= n &&
		    wanted.start - at <= n - wanted.n)
			return true;
	return false;
}

static int reserve(void *fdt, const struct tree_change *change)
{
	for (size_t i = 0; i < change->n_reserved; i++) {
		int r = is_reserved(fdt, change->reserved[i])
				? 0
				: fdt_add_mem_rsv(fdt, change->reserved[i].start,
						  change->reserved[i].n);

		if (r < 0)
			return r;
	}
	return 0;
}

static int set_bytes(void *fdt, int node, const char *name, struct bytes value)
{
	return fdt_setprop(fdt, node, name, value.p, (int)value.n);
}

static int set_chosen(void *fdt, int chosen, const struct tree_change *change)
{
	int r = fdt_setprop_u64(fdt, chosen, "kaslr-seed", change->kaslr_seed);

	if (r == 0)
		r = set_bytes(fdt, chosen, "rng-seed", change->rng_seed);
	if (r == 0)
		r = fdt_setprop_empty(fdt, chosen, "linux,booted-from-kexec");
	if (r == 0 && change->cmdline[0])
		r = set_bytes(fdt, chosen, "bootargs",
			      (struct bytes){ (const uint8_t *)change->cmdline,
					      strlen(change->cmdline) + 1 });
	if (r < 0 || !change->initrd_n)
		return r;
	r = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", change->initrd);
	return r < 0 ? r
		     : fdt_setprop_u64(fdt, chosen, "linux,initrd-end",
				       change->initrd + change->initrd_n);
}

/* Numbers have as many cells as the root says. */
static int put_cells(int cells, uint64_t v, uint8_t **to)
{
	if (cells != 1 && cells != 2)
		return -FDT_ERR_BADNCELLS;
	if (cells == 1 && v > UINT32_MAX)
		return -FDT_ERR_BADVALUE;
	if (cells == 2)
		fdt64_st(*to, v);
	else
		fdt32_st(*to, (uint32_t)v);
	*to += 4 * cells;
	return 0;
}

static int set_ranges(void *fdt, int node, const char *name, const struct tree_reservation *v,
		      size_t n)
{
	uint8_t value[16 * TREE_USABLE_MAX], *to = value;
	int r = n <= TREE_USABLE_MAX ? 0 : -FDT_ERR_NOSPACE;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = put_cells(fdt_address_cells(fdt, 0), v[i].start, &to);
		if (r == 0)
			r = put_cells(fdt_size_cells(fdt, 0), v[i].n, &to);
	}
	return r == 0 ? fdt_setprop(fdt, node, name, value, (int)(to - value)) : r;
}

/* Documentation/arch/arm64/kdump.rst */
static int set_crash(void *fdt, int chosen, const struct tree_change *change)
{
	int r;

	if (!change->dump_header.n)
		return 0;
	r = set_ranges(fdt, chosen, "linux,elfcorehdr", &change->dump_header, 1);
	return r < 0 ? r
		     : set_ranges(fdt, chosen, "linux,usable-memory-range", change->usable,
				  change->n_usable);
}

static size_t offset_in(const void *fdt, const void *at)
{
	return (size_t)((const uint8_t *)at - (const uint8_t *)fdt);
}

/* Last of all, when nothing in front of them moves any more. Values begin at multiples of 4 bytes: 4 are put before
 * the stamps where that is not one of 8. */
static int set_stamps(void *fdt, int chosen, struct bytes stamps)
{
	void *value;
	int r = fdt_setprop_placeholder(fdt, chosen, STAMPS, (int)stamps.n, &value);

	if (r == 0 && offset_in(fdt, value) % TREE_STAMPS_ALIGN) {
		r = fdt_setprop_placeholder(fdt, chosen, STAMPS, (int)stamps.n + 4, &value);
		if (r == 0) {
			memset(value, 0, 4);
			value = (uint8_t *)value + 4;
		}
	}
	if (r == 0)
		memcpy(value, stamps.p, stamps.n);
	return r;
}

static int edit(void *fdt, const struct tree_change *change)
{
	int chosen = fdt_path_offset(fdt, "/chosen"), r;

	if (chosen == -FDT_ERR_NOTFOUND)
		chosen = fdt_add_subnode(fdt, 0, "chosen");
	if (chosen < 0)
		return chosen;
	r = drop_old_initrd(fdt, chosen);
	if (r == 0)
		r = reserve(fdt, change);
	/* reservations lie before the nodes, but offsets count from the first node on */
	for (size_t i = 0; r == 0 && i < sizeof(stale) / sizeof(stale[0]); i++) {
		r = fdt_delprop(fdt, chosen, stale[i]);
		if (r == -FDT_ERR_NOTFOUND)
			r = 0;
	}
	if (r == 0)
		r = set_chosen(fdt, chosen, change);
	if (r == 0)
		r = set_crash(fdt, chosen, change);
	if (r == 0 && change->stamps.n)
		r = set_stamps(fdt, chosen, change->stamps);
	return r < 0 ? r : fdt_pack(fdt);
}

static int too_large(struct kx_error *err, size_t n)
{
	return kx_fail(err, -E2BIG, "device tree: %zu bytes, but kernels take %u at most", n,
		       DEVICE_TREE_MAX);
}

int next_tree(struct bytes tree, const struct tree_change *change, uint8_t **ret, size_t *ret_n,
	      struct kx_error *err)
{
	const size_t n_given = tree.n < DEVICE_TREE_MAX ? tree.n : DEVICE_TREE_MAX;
	const size_t room = n_given + ADDED_ROOM + strlen(change->cmdline) + change->rng_seed.n +
			    change->stamps.n +
			    change->n_reserved * sizeof(struct fdt_reserve_entry);
	_cleanup_free_ uint8_t *given = malloc(n_given + 1), *made = malloc(room);
	int r;

	if (room > 2 * (size_t)DEVICE_TREE_MAX)
		return too_large(err, room);
	if (!given || !made)
		return kx_fail(err, -ENOMEM, "device tree: out of memory");
	memcpy(given, tree.p, n_given); /* libfdt wants it aligned */
	r = n_given < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_header(given);
	if (r == 0 && total_size(given) > DEVICE_TREE_MAX)
		return too_large(err, total_size(given));
	if (r == 0)
		r = fdt_check_full(given, n_given);
	if (r == 0)
		r = fdt_open_into(given, made, (int)room);
	if (r == 0)
		r = edit(made, change);
	if (r < 0)
		return tree_fail(err, r);
	if (total_size(made) > DEVICE_TREE_MAX)
		return too_large(err, total_size(made));
	*ret_n = total_size(made);
	*ret = TAKE_PTR(made);
	return 0;
}

int tree_stamps(struct bytes tree, size_t *ret, size_t *ret_n, struct kx_error *err)
{
	_cleanup_free_ uint8_t *given = malloc(tree.n + 1);
	const void *value;
	int n, r, chosen;

	if (!given)
		return kx_fail(err, -ENOMEM, "device tree: out of memory");
	memcpy(given, tree.p, tree.n); /* libfdt wants it aligned */
	r = tree.n < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_full(given, tree.n);
	if (r < 0)
		return tree_fail(err, r);
	chosen = fdt_path_offset(given, "/chosen");
	value = chosen < 0 ? NULL : fdt_getprop(given, chosen, STAMPS, &n);
	if (!value)
		return kx_fail(err, -ENOENT, "device tree: no " STAMPS " in /chosen");
	*ret = offset_in(given, value) + (size_t)n % TREE_STAMPS_ALIGN;
	*ret_n = (size_t)n - (size_t)n % TREE_STAMPS_ALIGN;
	return 0;
}
