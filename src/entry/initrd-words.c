// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "entry/initrd-words.h"

static int add_path(struct strlist *paths, const char *value, size_t n)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	while (n && (*value == '/' || *value == '\\')) {
		value++;
		n--;
	}
	strbuf_add(&path, "/");
	strbuf_add_n(&path, value, n);
	if (path.failed)
		return -ENOMEM;
	for (char *p = path.s; *p; p++)
		if (*p == '\\')
			*p = '/';
	return strlist_add(paths, path.s);
}

int initrd_words_take(const char *options, char **ret_rest, struct strlist *ret_paths)
{
	_cleanup_strlist_ struct strlist paths = { 0 };
	_cleanup_strbuf_ struct strbuf rest = { 0 };
	char *text;
	int r = 0;

	while (r == 0 && *options) {
		size_t n = strcspn(options, " \n"), blanks = strspn(options + n, " \n");

		if (strncmp(options, "initrd=", 7) == 0)
			r = add_path(&paths, options + 7, n - 7);
		else
			strbuf_add_n(&rest, options, n + blanks);
		options += n + blanks;
	}
	/* a word that was last leaves the blank before it behind */
	while (paths.n && rest.n && rest.s[rest.n - 1] == ' ')
		rest.s[--rest.n] = '\0';
	if (r == 0)
		r = strbuf_take(&rest, &text);
	if (r < 0)
		return r;
	free(*ret_rest);
	*ret_rest = text;
	strlist_done(ret_paths);
	*ret_paths = paths;
	paths = (struct strlist){ 0 };
	return 0;
}
