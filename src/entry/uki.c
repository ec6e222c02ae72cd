// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Unified kernel images: bytes of a PE file in, the text that a menu shows out. Sources: UAPI.5
 * unified_kernel_image.md; for which words of .osrel count, systemd-stub(7) and systemd-boot(7).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "entry/os-release.h"
#include "entry/uki.h"

/* PE/COFF specification: the section table follows the optional header. */
enum {
	MZ_PE_OFFSET = 0x3c,
	COFF_N_SECTIONS = 6,
	COFF_OPTIONAL_SIZE = 20,
	COFF_SIZE = 24,
	SECTION_SIZE = 40,
	SECTION_VIRTUAL_SIZE = 8,
	SECTION_RAW_SIZE = 16,
	SECTION_RAW_OFFSET = 20,
	SECTIONS_MAX = 1024,
};

struct section {
	char name[9];
	struct bytes data; /* cut at the smaller of both sizes; empty masks the base's */
};

struct sections {
	struct bytes file;
	size_t table;
	size_t n;
};

static int sections_open(struct bytes file, struct sections *ret)
{
	uint32_t pe;
	uint16_t n, optional;

	if (file.n < 2 || memcmp(file.p, "MZ", 2) != 0 || !bytes_le32(file, MZ_PE_OFFSET, &pe) ||
	    !bytes_has(file, pe, COFF_SIZE) || memcmp(file.p + pe, "PE\0\0", 4) != 0)
		return -ENOEXEC;
	if (!bytes_le16(file, pe + COFF_N_SECTIONS, &n) ||
	    !bytes_le16(file, pe + COFF_OPTIONAL_SIZE, &optional) || n > SECTIONS_MAX ||
	    !bytes_has(file, (size_t)pe + COFF_SIZE + optional, (size_t)n * SECTION_SIZE))
		return -EBADMSG;
	*ret = (struct sections){ file, (size_t)pe + COFF_SIZE + optional, n };
	return 0;
}

static int section_read(const struct sections *s, size_t i, struct section *ret)
{
	size_t at = s->table + i * SECTION_SIZE;
	uint32_t virtual_size = 0, raw_size = 0, offset = 0;
	struct section section = { "", { NULL, 0 } };

	(void)bytes_le32(s->file, at + SECTION_VIRTUAL_SIZE, &virtual_size);
	(void)bytes_le32(s->file, at + SECTION_RAW_SIZE, &raw_size);
	(void)bytes_le32(s->file, at + SECTION_RAW_OFFSET, &offset);
	memcpy(section.name, s->file.p + at, 8);
	if (virtual_size < raw_size)
		raw_size = virtual_size;
	if (raw_size && !bytes_sub(s->file, offset, raw_size, &section.data))
		return -EBADMSG;
	*ret = section;
	return 0;
}

/* Text of a section without NUL, blanks and newlines at its ends. */
static int text_of(struct bytes data, char **ret)
{
	char *text;

	data = lines_of(data).rest;
	while (data.n && (data.p[data.n - 1] <= ' '))
		data.n--;
	while (data.n && data.p[0] <= ' ')
		data = (struct bytes){ data.p + 1, data.n - 1 };
	text = bytes_dup(data);
	if (!text)
		return -ENOMEM;
	free(*ret);
	*ret = text;
	return 0;
}

static int take_osrel(struct uki_facts *f, struct bytes text)
{
	static const char *const titles[] = { "PRETTY_NAME", "IMAGE_ID", "NAME", "ID" };
	static const char *const versions[] = { "IMAGE_VERSION", "VERSION", "VERSION_ID",
						"BUILD_ID" };
	static const char *const sort_keys[] = { "IMAGE_ID", "ID" };
	int r;

	f->has_osrel = true;
	r = os_release_first(text, titles, 4, &f->title);
	if (r == 0)
		r = os_release_first(text, versions, 4, &f->version);
	if (r == 0)
		r = os_release_first(text, sort_keys, 2, &f->sort_key);
	return r;
}

/* A section before the first .profile. */
static int take_base(struct uki_facts *f, const struct section *s)
{
	if (strcmp(s->name, ".linux") == 0)
		f->has_linux = s->data.n > 0;
	else if (strcmp(s->name, ".initrd") == 0)
		f->has_initrd = true;
	else if (strcmp(s->name, ".ucode") == 0)
		f->has_ucode = true;
	else if (strncmp(s->name, ".dtb", 4) == 0)
		f->has_dtb = true;
	else if (strcmp(s->name, ".osrel") == 0 && !f->has_osrel)
		return take_osrel(f, s->data);
	else if (strcmp(s->name, ".cmdline") == 0)
		return text_of(s->data, &f->cmdline);
	else if (strcmp(s->name, ".uname") == 0)
		return text_of(s->data, &f->uname);
	return 0;
}

static int take_profile_section(struct uki_profile *p, const struct section *s)
{
	if (strcmp(s->name, ".cmdline") == 0)
		return text_of(s->data, &p->cmdline);
	p->changes_more = true;
	return 0;
}

static int open_profile(struct uki_profile *p, struct bytes text)
{
	int r = os_release_get(text, "ID", &p->id);

	return r < 0 ? r : os_release_get(text, "TITLE", &p->title);
}

/* A profile without a command line of its own has that of the base. */
static int inherit(struct uki_facts *f)
{
	for (size_t i = 0; i < f->n_profiles && f->cmdline; i++) {
		struct uki_profile *p = &f->profiles[i];

		if (!p->cmdline && !(p->cmdline = strdup(f->cmdline)))
			return -ENOMEM;
	}
	return 0;
}

static int read_sections(const struct sections *sections, struct uki_facts *f)
{
	struct uki_profile *profile = NULL;
	struct section s;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sections->n; i++) {
		r = section_read(sections, i, &s);
		if (r < 0)
			return r;
		if (strcmp(s.name, ".profile") == 0) {
			if (f->n_profiles == UKI_PROFILES_MAX)
				return -E2BIG;
			profile = &f->profiles[f->n_profiles++];
			r = open_profile(profile, s.data);
		} else {
			r = profile ? take_profile_section(profile, &s) : take_base(f, &s);
		}
	}
	if (f->n_profiles == 0)
		f->n_profiles = 1;
	return r < 0 ? r : inherit(f);
}

int uki_facts_read(struct bytes file, struct uki_facts *ret)
{
	struct sections sections;
	int r = sections_open(file, &sections);

	if (r < 0)
		return r;
	*ret = (struct uki_facts){ 0 };
	r = read_sections(&sections, ret);
	if (r < 0)
		uki_facts_done(ret);
	return r;
}

void uki_facts_done(struct uki_facts *f)
{
	free(f->title);
	free(f->version);
	free(f->sort_key);
	free(f->uname);
	free(f->cmdline);
	for (size_t i = 0; i < f->n_profiles; i++) {
		free(f->profiles[i].id);
		free(f->profiles[i].title);
		free(f->profiles[i].cmdline);
	}
	*f = (struct uki_facts){ 0 };
}

bool uki_is_systemd_boot(struct bytes file)
{
	static const char mark[] = "#### LoaderInfo: systemd-boot";

	return file.n && memmem(file.p, file.n, mark, sizeof(mark) - 1) != NULL;
}
