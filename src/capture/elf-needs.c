// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads names of libraries out of ELF files, and their paths out of the cache of ld.so. No program is run. */
#include "capture/elf-needs.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "capture/settings.h"

enum { NAME_MAX_N = 4096, HEADERS_MAX = 256, DYNAMIC_MAX = 4096 };

void elf_needs_done(struct elf_needs *n)
{
	free(n->loader);
	names_done(&n->libraries);
	free(n->path);
	*n = (struct elf_needs){ 0 };
}

/* A string that ends within @b; NULL when it does not. */
static const char *string_at(struct bytes b, uint64_t at)
{
	const char *s;

	if (at >= b.n)
		return NULL;
	s = (const char *)b.p + at;
	return memchr(s, '\0', b.n - at < NAME_MAX_N ? b.n - at : NAME_MAX_N) ? s : NULL;
}

static bool header_at(struct bytes file, uint64_t index, Elf64_Phdr *ret)
{
	uint64_t at;
	uint16_t size;

	if (!bytes_le64(file, offsetof(Elf64_Ehdr, e_phoff), &at) ||
	    !bytes_le16(file, offsetof(Elf64_Ehdr, e_phentsize), &size) || size < sizeof(*ret) ||
	    at > file.n || !bytes_has(file, at + index * size, sizeof(*ret)))
		return false;
	memcpy(ret, file.p + at + index * size, sizeof(*ret));
	return true;
}

static uint16_t count_headers(struct bytes file)
{
	uint16_t n = 0;

	(void)bytes_le16(file, offsetof(Elf64_Ehdr, e_phnum), &n);
	return n < HEADERS_MAX ? n : HEADERS_MAX;
}

/* Where the byte at the virtual address @address lies in the file. */
static bool find_address(struct bytes file, uint64_t address, uint64_t *ret)
{
	Elf64_Phdr h;

	for (uint16_t i = 0; i < count_headers(file); i++)
		if (header_at(file, i, &h) && h.p_type == PT_LOAD && address >= h.p_vaddr &&
		    address - h.p_vaddr < h.p_filesz) {
			*ret = h.p_offset + (address - h.p_vaddr);
			return *ret < file.n;
		}
	return false;
}

struct dynamic {
	struct bytes table, strings;
};

static bool entry_at(const struct dynamic *d, uint64_t i, Elf64_Dyn *ret)
{
	if (i >= DYNAMIC_MAX || !bytes_has(d->table, i * sizeof(*ret), sizeof(*ret)))
		return false;
	memcpy(ret, d->table.p + i * sizeof(*ret), sizeof(*ret));
	return ret->d_tag != DT_NULL;
}

static bool find_strings(struct bytes file, struct dynamic *d)
{
	uint64_t address = 0, n = 0, at;
	Elf64_Dyn e;

	for (uint64_t i = 0; entry_at(d, i, &e); i++) {
		if (e.d_tag == DT_STRTAB)
			address = e.d_un.d_ptr;
		else if (e.d_tag == DT_STRSZ)
			n = e.d_un.d_val;
	}
	return address && find_address(file, address, &at) && bytes_sub(file, at, n, &d->strings);
}

static int take_entries(const struct dynamic *d, struct elf_needs *to)
{
	bool is_runpath = false;
	Elf64_Dyn e;

	for (uint64_t i = 0; entry_at(d, i, &e); i++) {
		const bool is_path = e.d_tag == DT_RUNPATH || (e.d_tag == DT_RPATH && !is_runpath);
		const char *s =
			e.d_tag == DT_NEEDED || is_path ? string_at(d->strings, e.d_un.d_val) : "";

		if (!s)
			return -EBADMSG;
		if (e.d_tag == DT_NEEDED) {
			if (to->libraries.n == ELF_NEEDS_MAX)
				return -E2BIG;
			if (capture_names_add(&to->libraries, s, strlen(s)) < 0)
				return -ENOMEM;
		} else if (is_path) {
			free(to->path);
			to->path = strdup(s);
			is_runpath |= e.d_tag == DT_RUNPATH;
			if (!to->path)
				return -ENOMEM;
		}
	}
	return 0;
}

static int take_header(struct bytes file, const Elf64_Phdr *h, struct elf_needs *to)
{
	struct dynamic d = { 0 };
	struct bytes part;
	const char *s;

	if (h->p_type != PT_INTERP && h->p_type != PT_DYNAMIC)
		return 0;
	if (!bytes_sub(file, h->p_offset, h->p_filesz, &part))
		return -EBADMSG;
	if (h->p_type == PT_INTERP) {
		s = string_at(part, 0);
		if (!s || s[0] != '/' || to->loader)
			return -EBADMSG;
		to->loader = strdup(s);
		return to->loader ? 0 : -ENOMEM;
	}
	d.table = part;
	return find_strings(file, &d) ? take_entries(&d, to) : -EBADMSG;
}

int elf_needs_parse(struct bytes file, struct elf_needs *ret)
{
	_cleanup_elf_needs_ struct elf_needs needs = { 0 };
	Elf64_Phdr h;
	int r = 0;

	if (!bytes_has(file, 0, sizeof(Elf64_Ehdr)) || memcmp(file.p, ELFMAG, SELFMAG) != 0 ||
	    file.p[EI_CLASS] != ELFCLASS64 || file.p[EI_DATA] != ELFDATA2LSB ||
	    !bytes_le16(file, offsetof(Elf64_Ehdr, e_machine), &needs.machine))
		return -ENOEXEC;
	for (uint16_t i = 0; r == 0 && i < count_headers(file); i++)
		r = header_at(file, i, &h) ? take_header(file, &h, &needs) : -EBADMSG;
	if (r < 0)
		return r;
	*ret = needs;
	needs = (struct elf_needs){ 0 };
	return 0;
}

/* ---- the cache */

#define CACHE_OLD "ld.so-1.7.0"
#define CACHE_NEW "glibc-ld.so.cache1.1"

enum {
	OLD_HEADER_N = 16, /* magic, padding, number of entries */
	OLD_ENTRY_N = 12,
	NEW_COUNT_AT = 20,
	NEW_HEADER_N = 48,
	NEW_ENTRY_N = 24,
};

static bool has_magic(struct bytes cache, const char *magic)
{
	return bytes_has(cache, 0, strlen(magic)) && memcmp(cache.p, magic, strlen(magic)) == 0;
}

/* An old cache has the new one behind its entries, at a multiple of eight bytes. */
static bool skip_old(struct bytes *cache)
{
	uint32_t n;
	uint64_t at;

	if (!has_magic(*cache, CACHE_OLD))
		return true;
	if (!bytes_le32(*cache, OLD_HEADER_N - 4, &n))
		return false;
	at = (OLD_HEADER_N + (uint64_t)n * OLD_ENTRY_N + 7) / 8 * 8;
	return bytes_sub(*cache, at, at < cache->n ? cache->n - at : 0, cache);
}

int ld_cache_each(struct bytes cache, const char *name, int (*take)(void *data, const char *path),
		  void *data)
{
	uint32_t n, key, value;
	uint64_t wanted;
	int r = 0;

	if (!skip_old(&cache) || !has_magic(cache, CACHE_NEW) ||
	    !bytes_le32(cache, NEW_COUNT_AT, &n))
		return -EBADMSG;
	for (uint64_t i = 0; r == 0 && i < n; i++) {
		const uint64_t at = NEW_HEADER_N + i * NEW_ENTRY_N;
		const char *key_text, *path;

		if (!bytes_le32(cache, at + 4, &key) || !bytes_le32(cache, at + 8, &value) ||
		    !bytes_le64(cache, at + 16, &wanted))
			return -EBADMSG;
		key_text = string_at(cache, key);
		path = string_at(cache, value);
		if (!key_text || !path)
			return -EBADMSG;
		if (wanted == 0 && path[0] == '/' && strcmp(key_text, name) == 0)
			r = take(data, path);
	}
	return r;
}
