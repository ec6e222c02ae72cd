// SPDX-License-Identifier: LGPL-2.1-or-later
#include "handover/hook-places.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"

enum { SCRIPT_MAX = 256 << 10, PROGRAM_MAX = 16 << 20 };

const char *const hook_jump_words[] = { "rapidreboot hook jump", "kexec -e", "kexec --exec", NULL };
const char *const hook_load_words[] = { "rapidreboot hook load", NULL };

static void add(char *to, size_t size, const char *between, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));
static void add(char *to, size_t size, const char *between, const char *fmt, va_list ap)
{
	size_t n = strlen(to);

	if (n)
		n += (size_t)snprintf(to + n, size - n, "%s", between);
	if (n < size)
		(void)vsnprintf(to + n, size - n, fmt, ap);
}

void hook_found(struct hook_places *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p->found, sizeof(p->found), "; ", fmt, ap);
	va_end(ap);
}

void hook_remedy(struct hook_places *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p->command, sizeof(p->command), " && ", fmt, ap);
	va_end(ap);
}

void hook_none_loads(struct hook_places *p)
{
	p->loads = false;
	(void)snprintf(p->advice, sizeof(p->advice),
		       "Use `rapidreboot` for fast reboots, and `rapidreboot disable`.");
}

int hook_program_has(int root, const char *path, const char *word)
{
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int r = read_file_in(root, path, PROGRAM_MAX, &text, &n);

	return r < 0 ? r : memmem(text, n, word, strlen(word)) != NULL;
}

const char *hook_share(int root)
{
	static const char *const places[] = { "/usr/share/rapidreboot/integration",
					      "/usr/local/share/rapidreboot/integration" };

	return is_directory_in(root, places[0]) ? places[0] : places[1];
}

/* "/usr/sbin/rapidreboot hook jump": a script of a program that was removed does nothing. */
static bool program_is_there(int root, struct bytes line, size_t at, const char *word)
{
	const size_t program_n = strcspn(word, " ");
	size_t begin = at;
	_cleanup_free_ char *path = NULL;

	while (begin > 0 && !isspace(line.p[begin - 1]) && !strchr("\"';&|:(", line.p[begin - 1]))
		begin--;
	if (begin == at || line.p[begin] != '/')
		return true; /* by PATH */
	path = bytes_dup((struct bytes){ line.p + begin, at + program_n - begin });
	return path && is_program_in(root, path);
}

static bool line_does(int root, struct bytes line, const char *const *words)
{
	for (size_t i = 0; words[i]; i++) {
		const uint8_t *at = memmem(line.p, line.n, words[i], strlen(words[i]));

		if (at && program_is_there(root, line, (size_t)(at - line.p), words[i]))
			return true;
	}
	return false;
}

/* sh(1): a "#" that begins a word outside of quotes begins a comment. */
static struct bytes without_comment(struct bytes line)
{
	uint8_t quote = 0;

	for (size_t i = 0; i < line.n; i++) {
		const uint8_t c = line.p[i];

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '#' && (i == 0 || strchr(" \t;", line.p[i - 1])))
			return (struct bytes){ line.p, i };
	}
	return line;
}

bool hook_script_does(int root, const char *path, const char *const *words)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;

	if (read_file_in(root, path, SCRIPT_MAX, &text, &n) < 0)
		return false;
	lines = lines_of((struct bytes){ text, n });
	while (lines_next_said(&lines, &line))
		if (line_does(root, without_comment(line), words))
			return true;
	return false;
}

bool hook_directory_does(int root, const char *directory, const char *suffix,
			 const char *const *words)
{
	_cleanup_names_ struct names names = { 0 };
	bool does = false;

	if (list_in(root, directory, &names) < 0)
		return false;
	for (size_t i = 0; i < names.n && !does; i++) {
		char path[512];

		does = ends_with(names.v[i], suffix) &&
		       snprintf(path, sizeof(path), "%s/%s", directory, names.v[i]) <
			       (int)sizeof(path) &&
		       hook_script_does(root, path, words);
	}
	return does;
}

/* "K09rapidreboot-jump" */
static bool is_link_name(const char *link, const char *name)
{
	return strchr("KS", link[0]) && isdigit((unsigned char)link[1]) &&
	       isdigit((unsigned char)link[2]) && strcmp(link + 3, name) == 0;
}

int hook_link_order(int root, const char *directory, const char *name)
{
	_cleanup_names_ struct names names = { 0 };

	if (list_in(root, directory, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		const char *link = names.v[i];

		if (strlen(link) >= 4 && is_link_name(link, name))
			return (link[0] == 'S' ? 100 : 0) + (link[1] - '0') * 10 + (link[2] - '0');
	}
	return -1;
}

bool hook_is_linked(int root, const char *directory, const char *name, struct hook_places *p)
{
	_cleanup_names_ struct names names = { 0 };
	char path[512];

	if (list_in(root, directory, &names) < 0)
		return false;
	for (size_t i = 0; i < names.n; i++) {
		if (strlen(names.v[i]) < 4 || !is_link_name(names.v[i], name))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names.v[i]);
		if (is_program_in(root, path) && (hook_script_does(root, path, hook_jump_words) ||
						  hook_script_does(root, path, hook_load_words)))
			return true;
		hook_found(p, "%s leads to nothing that can be run", path);
		return false;
	}
	hook_found(p, "no %s/K*%s", directory, name);
	return false;
}
