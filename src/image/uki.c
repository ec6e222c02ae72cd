// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds the parts of a unified kernel image that are booted. Unified Kernel Image specification
 * (UAPI.5).
 *
 * Sections before the first .profile are the base. Those between it and the next one are profile
 * @0, which is what boots by default: there a section takes the place of the base section of the
 * same name. Later profiles are not looked at, only noticed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fundamental/overflow.h"
#include "image/pe.h"

/* Section numbers [start, end). */
struct scope {
	size_t start, end;
};

struct scopes {
	struct scope base, profile;
};

static struct scopes find_scopes(const struct pe *pe)
{
	struct scopes s = { { 0, pe->n_sections }, { pe->n_sections, pe->n_sections } };
	bool seen = false;

	for (size_t i = 0; i < pe->n_sections; i++) {
		if (!pe_section_is(pe, i, ".profile"))
			continue;
		if (seen) {
			s.profile.end = i;
			break;
		}
		s.base.end = i;
		s.profile.start = i + 1;
		seen = true;
	}
	return s;
}

static bool scope_has(const struct pe *pe, struct scope s, const char *name)
{
	for (size_t i = s.start; i < s.end; i++)
		if (pe_section_is(pe, i, name))
			return true;
	return false;
}

static struct scope scope_of(const struct pe *pe, const struct scopes *s, const char *name)
{
	return scope_has(pe, s->profile, name) ? s->profile : s->base;
}

/* -ENOENT is silent: most sections are optional. */
static int find_section(const struct pe *pe, const struct scopes *scopes, const char *name,
			struct bytes *ret, struct kx_error *err)
{
	struct scope s = scope_of(pe, scopes, name);
	int r;

	for (size_t i = s.start; i < s.end; i++) {
		if (!pe_section_is(pe, i, name))
			continue;
		r = pe_section_data(pe, i, ret, err);
		return r < 0 ? kx_fail_in(err, r, "UKI: %s", name) : 0;
	}
	return -ENOENT;
}

static int add_initrds(const struct pe *pe, const struct scopes *scopes, const char *name,
		       struct uki *uki, struct kx_error *err)
{
	struct scope s = scope_of(pe, scopes, name);
	int r;

	for (size_t i = s.start; i < s.end; i++) {
		if (!pe_section_is(pe, i, name))
			continue;
		if (uki->n_initrds == UKI_INITRDS_MAX)
			return kx_fail(err, -EBADMSG, "UKI: more than %d initial ramdisks",
				       UKI_INITRDS_MAX);
		r = pe_section_data(pe, i, &uki->initrds[uki->n_initrds], err);
		if (r < 0)
			return kx_fail_in(err, r, "UKI: %s", name);
		if (uki->initrds[uki->n_initrds].n > 0) /* an empty one adds nothing */
			uki->n_initrds++;
	}
	return 0;
}

/* Text ends at the first NUL; blanks and newlines at the end come from `echo`. */
static struct bytes trim(struct bytes text)
{
	const uint8_t *nul = text.n ? memchr(text.p, 0, text.n) : NULL;

	if (nul)
		text.n = (size_t)(nul - text.p);
	while (text.n > 0 && strchr(" \t\r\n", text.p[text.n - 1]))
		text.n--;
	return text;
}

static int find_parts(const struct pe *pe, const struct scopes *scopes, struct uki *uki,
		      struct kx_error *err)
{
	const struct {
		const char *name;
		struct bytes *to;
		bool is_text;
	} parts[] = {
		{ ".cmdline", &uki->cmdline, true },
		{ ".uname", &uki->uname, true },
		{ ".osrel", &uki->os_release, true },
		{ ".dtb", &uki->devicetree, false },
	};
	int r;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		r = find_section(pe, scopes, parts[i].name, parts[i].to, err);
		if (r < 0 && r != -ENOENT)
			return r;
		if (parts[i].is_text)
			*parts[i].to = trim(*parts[i].to);
	}
	r = add_initrds(pe, scopes, ".ucode", uki, err);
	if (r < 0)
		return r;
	return add_initrds(pe, scopes, ".initrd", uki, err);
}

int uki_parse(struct bytes file, struct uki *ret, struct kx_error *err)
{
	struct uki uki = { 0 };
	struct scopes scopes;
	struct pe pe;
	int r;

	r = pe_parse(file, &pe, err);
	if (r < 0)
		return r;
	scopes = find_scopes(&pe);
	r = find_section(&pe, &scopes, ".linux", &uki.linux_image, err);
	if (r == -ENOENT)
		return kx_fail(err, -ENOEXEC,
			       "a PE file without a .linux section: an EFI program, not a UKI");
	if (r < 0)
		return r;
	if (uki.linux_image.n == 0)
		return kx_fail(err, -EBADMSG, "UKI: the .linux section is empty");
	r = find_parts(&pe, &scopes, &uki, err);
	if (r < 0)
		return r;
	uki.is_signed = pe.is_signed;
	uki.has_profiles = scopes.base.end < pe.n_sections;

	*ret = uki;
	return 0;
}

/* os-release(5): values are quoted as in a shell, without expansion. @out has room for @v. */
static size_t unquote(struct bytes v, char *out)
{
	uint8_t quote = 0;
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? 0 : c;
			continue;
		}
		if (c == '\\' && quote != '\'' && i + 1 < v.n)
			c = v.p[++i];
		out[n++] = (char)c;
	}
	return n;
}

/* The last assignment counts, as it does for a shell. */
static struct bytes find_value(struct bytes text, const char *key)
{
	struct bytes found = { NULL, 0 };
	size_t key_n = strlen(key);

	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) : text.n;
		struct bytes line = { text.p, n };

		if (bytes_is_at(line, 0, key, key_n) && bytes_is_at(line, key_n, "=", 1))
			found = trim((struct bytes){ line.p + key_n + 1, n - key_n - 1 });
		n += end ? 1 : 0;
		text = (struct bytes){ text.p + n, text.n - n };
	}
	return found;
}

int uki_title(const struct uki *uki, char **ret)
{
	struct bytes v = find_value(uki->os_release, "PRETTY_NAME");
	char *title;

	if (!v.p)
		return -ENOENT;
	title = malloc(v.n + 1);
	if (!title)
		return -ENOMEM;
	title[unquote(v, title)] = '\0';

	*ret = title;
	return 0;
}
