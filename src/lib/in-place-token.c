// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Is the loaded image the one that our file describes? sysfs shows only that an image is loaded,
 * and another program may have replaced ours. The images are distinguished by the address where the
 * kernel will enter them, that of our purgatory, which is random. It is read from the kernel's
 * struct kimage through /proc/kcore. Where kexec_load(2) is permitted /proc/kcore can be read as
 * well: lockdown forbids both.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "lib/in-place.h"

/* Symbols of a kernel with all its modules; program headers of /proc/kcore, one per stretch of memory. */
enum { SYMBOLS_MAX = 64 << 20, HEADERS_MAX = 4096 };

/* include/linux/kexec.h, struct kimage since 2.6.13: head, *entry, *last_entry, start */
enum { START_IN_KIMAGE = 24 };

/* A word of hexadecimal digits without 0x, ended by a blank; false for anything else. */
static bool hex_word(const uint8_t *p, uint64_t *ret)
{
	uint64_t value = 0;
	size_t n = 0;

	for (; n < 16; n++) {
		static const char digits[] = "0123456789abcdef";
		const char *at = p[n] ? strchr(digits, p[n]) : NULL;

		if (!at)
			break;
		value = value << 4 | (uint64_t)(at - digits);
	}
	*ret = value;
	return n > 0 && p[n] == ' ';
}

/* "ffffffff8280c5e0 B kexec_image": where the pointer lies. */
static int symbol_address(struct kx_ctx *ctx, uint64_t *ret)
{
	static const char name[] = " kexec_image\n";
	_cleanup_free_ uint8_t *text = NULL;
	const uint8_t *found, *line;
	size_t n;
	int r = read_file_in(ctx->machine_root, "/proc/kallsyms", SYMBOLS_MAX, &text, &n);

	if (r < 0)
		return r;
	found = memmem(text, n, name, strlen(name));
	if (!found)
		return -ENOENT;
	line = memrchr(text, '\n', (size_t)(found - text));
	/* all addresses are zero when kernel.kptr_restrict hides them */
	return hex_word(line ? line + 1 : text, ret) && *ret ? 0 : -EPERM;
}

static bool read_at(int fd, void *p, size_t n, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, p, n, (off_t)offset) == (ssize_t)n;
}

/* Eight bytes of the kernel's memory. */
static int kernel_u64(int fd, uint64_t address, uint64_t *ret)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;

	if (!read_at(fd, &head, sizeof(head), 0) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(part))
		return -ENOEXEC;
	for (unsigned i = 0; i < head.e_phnum && i < HEADERS_MAX; i++) {
		if (!read_at(fd, &part, sizeof(part), head.e_phoff + i * sizeof(part)))
			return -EIO;
		if (part.p_type != PT_LOAD || address < part.p_vaddr ||
		    address - part.p_vaddr >= part.p_memsz ||
		    part.p_memsz - (address - part.p_vaddr) < sizeof(*ret))
			continue;
		return read_at(fd, ret, sizeof(*ret), part.p_offset + (address - part.p_vaddr))
			       ? 0
			       : -EIO;
	}
	return -EFAULT;
}

int in_place_is_loaded(struct kx_ctx *ctx, const struct in_place *state)
{
	_cleanup_close_ int fd = -1;
	uint64_t symbol, image, start;
	int r = symbol_address(ctx, &symbol);

	if (r < 0)
		return r;
	fd = open_in(ctx->machine_root, "/proc/kcore", O_RDONLY);
	r = fd < 0 ? fd : kernel_u64(fd, symbol, &image);
	if (r < 0 || image == 0)
		return r;
	r = kernel_u64(fd, image + START_IN_KIMAGE, &start);
	return r < 0 ? r : start == state->entry;
}
