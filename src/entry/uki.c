// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Unified kernel images: bytes of a PE file in, the text that a menu shows out. Sources: UAPI.5
 * unified_kernel_image.md; for which words of .osrel count, systemd-stub(7) and systemd-boot(7).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "entry/uki.h"
#include "image/pe.h"

/* Paths on a partition of the firmware; UEFI has 256 characters for one. */
enum { PATH_BYTES_MAX = 1024 };

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

/*
 * The value of a key in .osrel and .profile, as systemd-boot reads them: the rest of the line, of
 * which quotes around the whole are taken off; the last line counts. *ret stays NULL without one.
 */
static int value_of(struct bytes text, const char *key, char **ret)
{
	struct lines lines = lines_of(text);
	size_t n = strlen(key);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line)) {
		line = bytes_trim(line);
		if (line.n <= n || !bytes_starts(line, key) || line.p[n] != '=')
			continue;
		line = (struct bytes){ line.p + n, line.n - n };
		while (line.n && line.p[0] == '=')
			line = (struct bytes){ line.p + 1, line.n - 1 };
		r = bytes_set(ret, bytes_unquote(line));
	}
	return r;
}

/* A key without a value is one: bootspec_pick_name_version_sort_key() of systemd looks for the first that
 * is there. */
static int first_value(struct bytes text, const char *const *keys, size_t n_keys, char **ret)
{
	char *value = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_keys && !value; i++)
		r = value_of(text, keys[i], &value);
	if (r < 0 || !value) {
		free(value);
		return r;
	}
	free(*ret);
	*ret = value;
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
	r = first_value(text, titles, 4, &f->title);
	if (r == 0)
		r = first_value(text, versions, 4, &f->version);
	if (r == 0)
		r = first_value(text, sort_keys, 2, &f->sort_key);
	return r;
}

/* What may be the path of a file, in one of lanzaboote's sections: taken as it is, as its stub does
 * (nix-community/lanzaboote, rust/uefi/stub/src/thin.rs). */
static int take_path(struct bytes data, char **ret)
{
	return data.n == 0 || data.n > PATH_BYTES_MAX || memchr(data.p, 0, data.n) || *ret
		       ? 0
		       : bytes_set(ret, data);
}

static void take_digest(struct bytes data, uint8_t *to, bool *has)
{
	if (data.n != SHA256_BYTES || *has)
		return;
	memcpy(to, data.p, SHA256_BYTES);
	*has = true;
}

/* Section @i, before the first .profile. */
static int take_base(struct uki_facts *f, const struct pe *pe, size_t i, struct bytes data)
{
	if (pe_section_is(pe, i, ".linux")) {
		f->has_linux = data.n > 0;
		return take_path(data, &f->linux_path);
	}
	if (pe_section_is(pe, i, ".initrd")) {
		f->has_initrd = true;
		return take_path(data, &f->initrd_path);
	}
	if (pe_section_is(pe, i, ".linuxh")) {
		f->is_lanzaboote = true;
		take_digest(data, f->digests, &f->has_linux_digest);
	} else if (pe_section_is(pe, i, ".initrdh")) {
		take_digest(data, f->digests + SHA256_BYTES, &f->has_initrd_digest);
	} else if (pe_section_is(pe, i, ".ucode")) {
		f->has_ucode = true;
	} else if (pe_section_is(pe, i, ".dtb") || pe_section_is(pe, i, ".dtbauto")) {
		f->has_dtb = true;
	} else if (pe_section_is(pe, i, ".osrel") && !f->has_osrel) {
		return take_osrel(f, data);
	} else if (pe_section_is(pe, i, ".cmdline")) {
		return text_of(data, &f->cmdline);
	} else if (pe_section_is(pe, i, ".uname")) {
		return text_of(data, &f->uname);
	}
	return 0;
}

static int take_profile_section(struct uki_profile *p, const struct pe *pe, size_t i,
				struct bytes data)
{
	if (pe_section_is(pe, i, ".cmdline"))
		return text_of(data, &p->cmdline);
	p->changes_more = true;
	p->has_files |= pe_section_is(pe, i, ".linux") || pe_section_is(pe, i, ".initrd") ||
			pe_section_is(pe, i, ".ucode");
	return 0;
}

static int open_profile(struct uki_profile *p, struct bytes text)
{
	int r = value_of(text, "ID", &p->id);

	return r < 0 ? r : value_of(text, "TITLE", &p->title);
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

static int read_sections(const struct pe *pe, struct uki_facts *f)
{
	struct uki_profile *profile = NULL;
	struct bytes data;
	int r = 0;

	for (size_t i = 0; r == 0 && i < pe->n_sections; i++) {
		r = pe_section_data(pe, i, &data, NULL);
		if (r < 0)
			return r;
		if (pe_section_is(pe, i, ".profile")) {
			if (f->n_profiles == UKI_PROFILES_MAX)
				return -E2BIG;
			profile = &f->profiles[f->n_profiles++];
			r = open_profile(profile, data);
		} else {
			r = profile ? take_profile_section(profile, pe, i, data)
				    : take_base(f, pe, i, data);
		}
	}
	if (f->n_profiles == 0)
		f->n_profiles = 1;
	return r < 0 ? r : inherit(f);
}

int uki_facts_read(struct bytes file, struct uki_facts *ret)
{
	struct pe pe;
	int r = pe_parse(file, &pe, NULL);

	if (r < 0)
		return r;
	*ret = (struct uki_facts){ 0 };
	r = read_sections(&pe, ret);
	if (r < 0)
		uki_facts_done(ret);
	return r;
}

bool uki_may_have_linux(struct bytes head)
{
	struct pe pe;
	int r = pe_parse(head, &pe, NULL);

	for (size_t i = 0; r == 0 && i < pe.n_sections; i++)
		if (pe_section_is(&pe, i, ".linux"))
			return true;
	/* The header or its table of sections may lie behind what is here. */
	return r < 0 && head.n >= UKI_HEAD_N && bytes_is_at(head, 0, "MZ", 2);
}

void uki_facts_done(struct uki_facts *f)
{
	free(f->title);
	free(f->version);
	free(f->sort_key);
	free(f->uname);
	free(f->linux_path);
	free(f->initrd_path);
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
