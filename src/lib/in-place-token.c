// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Is the loaded image the one that our file describes? sysfs shows only that an image is loaded,
 * and another program may have replaced ours. The images are distinguished by the address where the
 * kernel will enter them, that of our purgatory, which is random. It is read from the kernel's
 * struct kimage through /proc/kcore. Where kexec_load(2) is permitted /proc/kcore can be read as
 * well: lockdown forbids both.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "lib/in-place.h"
#include "lib/kcore.h"

#define KEPT_NAME "/run/rapidreboot/kexec-image"

/* Symbols of a kernel with all its modules. */
enum { SYMBOLS_MAX = 64 << 20, KEPT_MAX = 128 };

/* include/linux/kexec.h, struct kimage since 2.6.13: head, *entry, *last_entry, start */
enum { START_IN_KIMAGE = 24 };

/* ---- where the pointer to the image lies */

/* Printing all symbols takes the kernel long, and the address is the same for a whole boot: once found it is kept,
 * for root only, as "BOOT-ID ADDRESS". */
static int kept_address(struct kx_ctx *ctx, const char *boot_id, uint64_t *ret)
{
	_cleanup_close_ int fd = open_in(ctx->machine_root, KEPT_NAME, O_RDONLY | O_NOFOLLOW);
	_cleanup_free_ uint8_t *text = NULL;
	char line[KEPT_MAX + 1];
	const char *p = line;
	struct stat st;
	size_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -ENOENT;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return -EPERM;
	if (read_fd(fd, KEPT_MAX, &text, &n) < 0)
		return -EIO;
	memcpy(line, text, n);
	line[n] = '\0';
	if (!take_prefix(&p, boot_id) || !take_prefix(&p, " "))
		return -ESTALE;
	return take_hex_u64(&p, ret) && strcmp(p, "\n") == 0 && *ret ? 0 : -EBADMSG;
}

/* A file that cannot be written costs time, and nothing else. */
static void keep_address(struct kx_ctx *ctx, const char *boot_id, uint64_t address)
{
	char line[KEPT_MAX];
	const int n = snprintf(line, sizeof(line), "%s %" PRIx64 "\n", boot_id, address);

	if (directory_make_in(ctx->machine_root, "/run/rapidreboot", 0700) == 0)
		(void)!file_replace_in(ctx->machine_root, KEPT_NAME, 0600, line, (size_t)n, false);
}

/* "ffffffff8280c5e0 B kexec_image" */
static int find_address(struct kx_ctx *ctx, uint64_t *ret)
{
	static const char name[] = " kexec_image\n";
	_cleanup_free_ uint8_t *text = NULL;
	const uint8_t *found, *line;
	const char *address;
	size_t n;
	int r = read_file_in(ctx->machine_root, "/proc/kallsyms", SYMBOLS_MAX, &text, &n);

	if (r < 0)
		return r;
	found = memmem(text, n, name, strlen(name));
	if (!found)
		return -ENOENT;
	line = memrchr(text, '\n', (size_t)(found - text));
	/* all addresses are zero when kernel.kptr_restrict hides them */
	address = (const char *)(line ? line + 1 : text);
	return take_hex_u64(&address, ret) && *address == ' ' && *ret ? 0 : -EPERM;
}

static int symbol_address(struct kx_ctx *ctx, uint64_t *ret)
{
	char boot_id[IN_PLACE_BOOT_ID_MAX];
	int r;

	if (ctx->captured || in_place_boot_id(ctx, boot_id) < 0)
		return find_address(ctx, ret);
	r = kept_address(ctx, boot_id, ret);
	if (r == 0)
		return 0;
	r = find_address(ctx, ret);
	if (r == 0)
		keep_address(ctx, boot_id, *ret);
	return r;
}

/* ---- the image */

struct wanted {
	uint64_t address, offset; /* of the file */
	bool is_found;
};

static bool holds(const Elf64_Phdr *part, void *data)
{
	struct wanted *w = data;
	const uint64_t from_start = w->address - part->p_vaddr;

	w->is_found = part->p_type == PT_LOAD && w->address >= part->p_vaddr &&
		      from_start < part->p_memsz && part->p_memsz - from_start >= sizeof(uint64_t);
	w->offset = part->p_offset + from_start;
	return !w->is_found;
}

/* Eight bytes of the kernel's memory. */
static int kernel_u64(int fd, uint64_t address, uint64_t *ret)
{
	struct wanted wanted = { .address = address };
	int r = kcore_parts(fd, holds, &wanted);

	if (r < 0)
		return r;
	if (!wanted.is_found)
		return -EFAULT;
	return read_at(fd, ret, sizeof(*ret), wanted.offset) == sizeof(*ret) ? 0 : -EIO;
}

/* 0 when no image is loaded. */
static int image_start(struct kx_ctx *ctx, uint64_t *ret)
{
	_cleanup_close_ int fd = -1;
	uint64_t symbol, image;
	int r = symbol_address(ctx, &symbol);

	if (r < 0)
		return r;
	fd = open_in(ctx->machine_root, "/proc/kcore", O_RDONLY);
	r = fd < 0 ? fd : kernel_u64(fd, symbol, &image);
	if (r == 0 && image == 0)
		*ret = 0;
	return r < 0 || image == 0 ? r : kernel_u64(fd, image + START_IN_KIMAGE, ret);
}

int in_place_is_loaded(struct kx_ctx *ctx, const struct in_place *state)
{
	uint64_t start;
	int r = image_start(ctx, &start);

	return r < 0 ? r : start && start == state->entry;
}

KX_EXPORT int kx_loaded_entry(struct kx_ctx *ctx, uint64_t *ret, struct kx_error *err)
{
	uint64_t start;
	int r = image_start(ctx, &start);

	if (r < 0)
		return kx_fail(err, r,
			       "/proc/kallsyms, /proc/kcore: do not tell which image is loaded: %s",
			       strerror(-r));
	*ret = start;
	return 0;
}
