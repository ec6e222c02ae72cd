// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/path.h"

/* Appends the components of @from to the absolute path of length *n in @out. */
static void append(char *out, size_t *n, const char *from)
{
	while (*from) {
		size_t len = strcspn(from, "/");

		if (len == 2 && from[0] == '.' && from[1] == '.') {
			while (*n > 0 && out[--*n] != '/')
				;
		} else if (len > 0 && !(len == 1 && from[0] == '.')) {
			out[(*n)++] = '/';
			memcpy(out + *n, from, len);
			*n += len;
		}
		from += len;
		from += *from == '/';
	}
}

int path_join(const char *dir, const char *name, char **ret)
{
	size_t n_dir = dir ? strlen(dir) : 0, n = 0;
	char *out = malloc(n_dir + strlen(name) + 3);

	if (!out)
		return -ENOMEM;
	if (dir)
		append(out, &n, dir);
	append(out, &n, name);
	if (n == 0)
		out[n++] = '/';
	out[n] = 0;
	*ret = out;
	return 0;
}

int path_parent(const char *path, char **ret)
{
	const char *slash = strrchr(path, '/');
	char *dir = strndup(path, slash && slash > path ? (size_t)(slash - path) : 1);

	if (!dir)
		return -ENOMEM;
	if (!slash || slash == path)
		dir[0] = '/';
	*ret = dir;
	return 0;
}

const char *path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1 && dir[0] == '/')
		return strcmp(path, "/") == 0 ? path + 1 : path;
	if (strncmp(path, dir, n) != 0 || (path[n] != 0 && path[n] != '/'))
		return NULL;
	return path + n;
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
