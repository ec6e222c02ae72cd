// SPDX-License-Identifier: LGPL-2.1-or-later
#include "entry/extlinux-words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "entry/read.h"

bool extlinux_is_program(const char *kernel)
{
	static const char *const suffixes[] = { ".c32", ".com", ".cbt", ".bs",
						".bss", ".bin", ".img", ".0" };
	const size_t n = strlen(kernel);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const size_t m = strlen(suffixes[i]);

		if (n > m && strcasecmp(kernel + n - m, suffixes[i]) == 0)
			return true;
	}
	return false;
}

int extlinux_add_initrds(struct strlist *initrds, const char *list, size_t n)
{
	while (n) {
		size_t len = 0;
		_cleanup_free_ char *path = NULL;

		while (len < n && list[len] != ',')
			len++;
		path = strndup(list, len);
		if (!path || (len && strlist_add(initrds, path) < 0))
			return -ENOMEM;
		len += len < n;
		list += len;
		n -= len;
	}
	return 0;
}

int extlinux_take_initrd(const char *cmdline, struct strlist *initrds, char **ret)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	int r = 0;

	while (r == 0 && *cmdline) {
		size_t n = strcspn(cmdline, " ");

		if (strncmp(cmdline, "initrd=", 7) == 0) {
			if (initrds && !initrds->n)
				r = extlinux_add_initrds(initrds, cmdline + 7, n - 7);
		} else {
			strbuf_add_n(&out, cmdline, n + strspn(cmdline + n, " "));
		}
		cmdline += n + strspn(cmdline + n, " ");
	}
	while (out.n && out.s[out.n - 1] == ' ')
		out.s[--out.n] = 0;
	return r < 0 ? r : strbuf_take(&out, ret);
}

bool uboot_in_label(struct bytes key)
{
	/* boot/pxe_utils.c, parse_label(); kaslrseed and fdtoverlays since 2021 and 2022 */
	static const char *const keys[] = {
		"menu",
		"kernel",
		"linux",
		"append",
		"initrd",
		"fdt",
		"fdtdir",
		"devicetree",
		"devicetreedir",
		"fdtoverlays",
		"devicetree-overlay",
		"localboot",
		"ipappend",
		"kaslrseed",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (bytes_is_nocase(key, keys[i]))
			return true;
	return false;
}

bool uboot_wants_value(struct bytes key, bool in_label)
{
	/* boot/pxe_utils.c, parse_sliteral() and parse_integer() */
	static const char *const of_label[] = { "kernel",     "linux",	       "append",
						"initrd",     "fdt",	       "fdtdir",
						"devicetree", "devicetreedir", "fdtoverlays",
						"ipappend" };
	static const char *const of_all[] = { "label", "default", "ontimeout", "timeout",
					      "include" };

	for (size_t i = 0; in_label && i < sizeof(of_label) / sizeof(of_label[0]); i++)
		if (bytes_is_nocase(key, of_label[i]))
			return true;
	for (size_t i = 0; i < sizeof(of_all) / sizeof(of_all[0]); i++)
		if (bytes_is_nocase(key, of_all[i]))
			return true;
	return false;
}

/* Takes one character off; a backslash before it goes, unless another one is before that. False when the
 * text ends with the backslash. */
static bool take_char(const char **s, char prev, char *ret, char *ret_prev)
{
	*ret_prev = prev;
	*ret = *(*s)++;
	if (*ret == '\\' && prev != '\\') {
		if (!**s)
			return false;
		*ret_prev = *ret;
		*ret = *(*s)++;
	}
	return true;
}

/* Behind the opening quote, up to and without the closing one; nothing in between has a meaning. */
static char copy_quoted(const char **s, struct strbuf *out)
{
	char prev = '\'';

	for (; **s && (**s != '\'' || prev == '\\'); (*s)++) {
		prev = **s;
		strbuf_add_n(out, *s, 1);
	}
	*s += **s != 0;
	return '\'';
}

/* Behind a "$": a variable stays as written, anything else is one character without a meaning. */
static char copy_dollar(const char **s, struct strbuf *out, bool *ret_has_variables)
{
	const char *start = *s - 1;
	char c = '$', prev;

	if (!**s || !take_char(s, '$', &c, &prev))
		return c;
	if (c != '(' && c != '{') {
		strbuf_add(out, "$");
		strbuf_add_n(out, &c, 1);
		return c;
	}
	*s += strcspn(*s, ")}");
	*s += **s != 0;
	strbuf_add_n(out, start, (size_t)(*s - start));
	*ret_has_variables = true;
	return '}';
}

int uboot_expand(const char *append, char **ret, bool *ret_has_variables)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	const char *s = append;
	char *text;
	char prev = 0;
	int r;

	while (*s) {
		char c, before;

		if (!take_char(&s, prev, &c, &before))
			break;
		prev = c;
		if (c == '\'' && before != '\\')
			prev = copy_quoted(&s, &out);
		else if (c == '$' && before != '\\')
			prev = copy_dollar(&s, &out, ret_has_variables);
		else
			strbuf_add_n(&out, &c, 1);
	}
	r = strbuf_take(&out, &text);
	if (r < 0)
		return r;
	free(*ret);
	*ret = text;
	return 0;
}

const char *extlinux_words_behind(const char *line)
{
	line += strcspn(line, " \t");
	return line + strspn(line, " \t");
}

int extlinux_add_words(const char *line, char **cmdline)
{
	const char *words = extlinux_words_behind(line);
	char *longer;
	int r;

	if (!*words || !*cmdline)
		return 0;
	r = format(&longer, "%s %s", *cmdline, words);
	if (r < 0)
		return r;
	free(*cmdline);
	*cmdline = longer;
	return 0;
}
