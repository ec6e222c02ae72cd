// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

void root_new(struct root *root)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(root->path, sizeof(root->path), "%s/kx-root-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(root->path));
}

/* The path outside of the root, whose directories are made. */
static void full_path(const struct root *root, const char *path, char full[512])
{
	(void)snprintf(full, 512, "%s%s", root->path, path);
	for (char *slash = strchr(full + strlen(root->path) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(full, 0755);
		*slash = '/';
	}
}

void root_link(const struct root *root, const char *path, const char *target)
{
	char full[512];

	full_path(root, path, full);
	assert_int_equal(symlink(target, full), 0);
}

void root_put_bytes(const struct root *root, const char *path, const void *p, unsigned long n)
{
	char full[512];
	FILE *f;

	full_path(root, path, full);
	f = fopen(full, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

void root_put(const struct root *root, const char *path, const char *text)
{
	root_put_bytes(root, path, text, strlen(text));
}

void root_put_program(const struct root *root, const char *path, const char *text)
{
	char full[512];

	root_put(root, path, text);
	full_path(root, path, full);
	assert_int_equal(chmod(full, 0755), 0);
}

void root_remove(const struct root *root, const char *path)
{
	char full[512];

	full_path(root, path, full);
	(void)unlink(full);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void root_free(struct root *root)
{
	(void)nftw(root->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
