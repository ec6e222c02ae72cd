// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What rEFInd starts when nobody chooses. It compares with the lines of its menu, "Boot NAME from
 * VOLUME", where NAME is the title of a stanza or the path of a kernel; the names of volumes are not
 * known here. Source: rEFInd, refind/menu.c and refind/mystrings.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/refind.h"

#define FROM " from "

/* Up to and with the last " from ": what follows names a volume. */
static size_t without_volume(const char *word)
{
	const char *last = NULL;

	for (const char *p = word; (p = strstr(p, FROM)); p++)
		last = p;
	return last ? (size_t)(last - word) + strlen(FROM) : strlen(word);
}

/* @word, without the volume in it, is part of the menu's line for @name. */
static bool line_has(const char *name, const char *word)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	_cleanup_free_ char *part = strndup(word, without_volume(word));

	strbuf_addf(&line, "Boot %s" FROM, name);
	return part && *part && !line.failed && strcasestr(line.s, part);
}

static char slashed(char c)
{
	return c == '/' ? '\\' : c;
}

/* One of two paths is the end of the other: that on a volume, and that on this system. */
static bool is_tail(const char *a, size_t n_a, const char *b, size_t n_b)
{
	const char *longer = n_a > n_b ? a : b, *shorter = n_a > n_b ? b : a;
	size_t n = n_a > n_b ? n_a : n_b, m = n_a > n_b ? n_b : n_a;

	if (!m || (n > m && slashed(longer[n - m - 1]) != '\\'))
		return false;
	for (size_t i = 0; i < m; i++) {
		const char c = slashed(longer[n - m + i]), d = slashed(shorter[i]);

		if (strncasecmp(&c, &d, 1) != 0)
			return false;
	}
	return true;
}

/* What rEFInd found: its path on a volume, of which we know the end. */
static bool file_has(const char *file, const char *word)
{
	const char *base = path_basename(file);
	_cleanup_free_ char *path = strdup(file + (*file == '/'));
	size_t n = without_volume(word);

	for (char *p = path; p && *p; p++)
		*p = slashed(*p);
	if (!path || line_has(path, word) || line_has(base, word))
		return path != NULL;
	/* "Boot @\boot\vmlinuz from VOLUME" */
	if (strncasecmp(word, "Boot ", 5) != 0 || n < strlen(FROM) + 5 ||
	    strncmp(word + n - strlen(FROM), FROM, strlen(FROM)) != 0)
		return false;
	return is_tail(path, strlen(path), word + 5, n - strlen(FROM) - 5);
}

/* The title of a stanza, or of a program that has one of its own. */
static bool entry_has(const struct boot_entry *e, const char *word)
{
	if (e->title && (e->source.line || e->type == ENTRY_CHAINLOAD) && line_has(e->title, word))
		return true;
	return !e->source.line && e->kernel && file_has(e->kernel, word);
}

static size_t find_by_word(const struct boot_menu *menu, const char *word)
{
	for (size_t i = 0; i < menu->n_entries; i++) {
		if (entry_has(&menu->entries[i], word))
			return i;
	}
	return menu->n_entries;
}

/* A digit is a place in the menu, a letter the first entry of its kind: "l" a Linux. */
static size_t find_by_key(const struct boot_menu *menu, char key)
{
	if (key >= '1' && key <= '9')
		return (size_t)(key - '1') < menu->n_entries ? (size_t)(key - '1')
							     : menu->n_entries;
	for (size_t i = 0; i < menu->n_entries && (key | 0x20) == 'l'; i++)
		if (menu->entries[i].type == ENTRY_LINUX || menu->entries[i].type == ENTRY_UKI)
			return i;
	return menu->n_entries;
}

size_t refind_choose(const struct boot_menu *menu, const char *selection, const char *previous)
{
	size_t i = menu->n_entries;

	while (i == menu->n_entries && *selection) {
		size_t n = strcspn(selection, ",");
		_cleanup_free_ char *word = strndup(selection, n);

		if (word && strcmp(word, "+") == 0)
			i = previous && strcmp(previous, "+") != 0
				    ? refind_choose(menu, previous, NULL)
				    : i;
		else if (word && n == 1)
			i = find_by_key(menu, *word);
		else if (word && n > 1)
			i = find_by_word(menu, word);
		selection += n + (selection[n] == ',');
	}
	return i;
}

bool refind_has_previous(const char *selection)
{
	return has_item(selection, ",", "+");
}

int refind_version(const char *name, const char *versions, char **ret)
{
	size_t n = strlen(name), start = n, end = 0;

	for (const char *v = versions; v && *v && start == n;) {
		size_t m = strcspn(v, ",");
		const char *at = m ? memmem(name, n, v, m) : NULL;

		if (at) {
			start = (size_t)(at - name);
			end = start + m;
		}
		v += m + (v[m] == ',');
	}
	for (size_t i = 0; i < n; i++)
		if (name[i] >= '0' && name[i] <= '9') {
			start = i < start ? i : start;
			end = i + 1 > end ? i + 1 : end;
		}
	if (end <= start)
		return replace(ret, NULL);
	return format(ret, "%.*s", (int)(end - start), name + start);
}
