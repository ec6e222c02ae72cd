// SPDX-License-Identifier: LGPL-2.1-or-later
/* Words with * and ? to the names they match, a path component at a time (commands/wildcard.c). */
#include <stdlib.h>
#include <string.h>

#include "entry/grub/interp.h"

static bool is_active(const char *pattern, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (pattern[i] == '\\')
			i++;
		else if (pattern[i] == '*' || pattern[i] == '?')
			return true;
	}
	return false;
}

/* Only words that can be paths or devices are looked at. */
bool has_wildcard(const char *pattern)
{
	return *pattern && strchr("/(*", *pattern) && is_active(pattern, strlen(pattern));
}

/* Iterative, so that "*a*a*a…" costs no more than the product of both lengths. */
bool wildcard_match(const char *pattern, const char *name)
{
	const char *star = NULL, *retry = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = name;
			continue;
		}
		if (*pattern == '\\' && pattern[1] && pattern[1] == *name) {
			pattern += 2;
			name++;
		} else if (*pattern != '\\' && *pattern && (*pattern == '?' || *pattern == *name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *plain(const char *pattern, size_t n)
{
	char *s = strndup(pattern, n), *out = s;

	if (!s)
		return NULL;
	for (const char *p = s; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		*out++ = *p;
	}
	*out = 0;
	return s;
}

/* Adds base + each name in it that matches @component. */
static void match_directory(struct interp *in, const char *base, const char *component,
			    struct strlist *ret)
{
	_cleanup_free_ char *device = NULL, *path = NULL;
	struct strlist names = { 0 };
	struct strbuf name = { 0 };

	if (file_parse(in, base, &device, &path) != GRUB_OK)
		return;
	if (in->fs->list(in->fs, fs_device(in, device), path, &names) < 0)
		return;
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), compare);
	for (size_t i = 0; i < names.n && running(in); i++) {
		if (!wildcard_match(component, names.v[i]) || !spend(in, strlen(base) + 64))
			continue;
		name.n = 0;
		strbuf_add(&name, base);
		strbuf_add(&name, names.v[i]);
		if (name.failed)
			(void)out_of_memory(in);
		else
			interp_add(in, ret, name.s);
	}
	strbuf_done(&name);
	strlist_done(&names);
}

/* (*) matches devices, of which only the one that holds the configuration is sure to be there. */
static void match_device(struct interp *in, const char *component, struct strlist *ret)
{
	struct strbuf name = { 0 };

	strbuf_addf(&name, "(%s)", in->device);
	if (name.failed)
		(void)out_of_memory(in);
	else if (wildcard_match(component, name.s))
		interp_add(in, ret, name.s);
	strbuf_done(&name);
}

static bool keep_existing(struct interp *in, const char *name)
{
	enum entry_file_type type;

	return file_type(in, name, &type) == GRUB_OK && type != ENTRY_FILE_NONE;
}

/* Extends each of @bases by one component of the pattern with what follows it up to there. */
static struct strlist extend(struct interp *in, struct strlist *bases, const char *component,
			     size_t n)
{
	struct strlist out = { 0 };
	_cleanup_free_ char *pattern = strndup(component, n), *text = plain(component, n);
	struct strbuf name = { 0 };

	if (!pattern || !text)
		(void)out_of_memory(in);
	for (size_t i = 0; i < bases->n && running(in); i++) {
		if (is_active(component, n)) {
			match_directory(in, bases->v[i], pattern, &out);
			continue;
		}
		name.n = 0;
		strbuf_add(&name, bases->v[i]);
		strbuf_add(&name, text);
		if (name.failed)
			(void)out_of_memory(in);
		else
			interp_add(in, &out, name.s);
	}
	strbuf_done(&name);
	strlist_done(bases);
	return out;
}

static size_t device_part(const char *pattern)
{
	const char *end = *pattern == '(' ? strchr(pattern, ')') : NULL;

	return end ? (size_t)(end - pattern) + 1 : 0;
}

bool wildcard_expand(struct interp *in, const char *pattern, struct strlist *ret)
{
	struct strlist names = { 0 };
	size_t n = device_part(pattern);
	bool any;

	if (*pattern != '/' && (!n || is_active(pattern, n))) {
		_cleanup_free_ char *device = strndup(pattern, n ? n : strlen(pattern));

		if (!device)
			(void)out_of_memory(in);
		else
			match_device(in, device, &names);
	} else {
		_cleanup_free_ char *device = plain(pattern, n);

		if (!device)
			(void)out_of_memory(in);
		else
			interp_add(in, &names, device);
	}
	if (!n && *pattern != '/')
		n = strlen(pattern);
	for (pattern += n; *pattern && names.n && running(in); pattern += n) {
		n = *pattern == '/' ? strspn(pattern, "/") : strcspn(pattern, "/");
		names = extend(in, &names, pattern, n);
	}
	for (size_t i = 0; i < names.n && running(in); i++)
		if (n && keep_existing(in, names.v[i]))
			interp_add(in, ret, names.v[i]);
	any = names.n > 0;
	if (names.n > 1)
		(void)complain(in, 0, "a pattern matches %zu names: their order is not GRUB's",
			       names.n);
	strlist_done(&names);
	return any;
}
