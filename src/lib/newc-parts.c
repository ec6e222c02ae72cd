// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/newc-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/open.h"
#include "entry/path.h"
#include "entry/read.h"
#include "image/newc.h"

/* Bytes of all such files of a menu: keys and settings, not systems. */
enum { PARTS_BYTES_MAX = 64 << 20 };

static int make_place(struct kx_ctx *ctx, const char *word, struct bytes name, struct bytes file)
{
	_cleanup_free_ uint8_t *archive = NULL;
	_cleanup_close_ int fd = -1;
	struct piece whole;
	int r = newc_wrap(name, file, &archive, &whole.n);

	if (r < 0)
		return r;
	whole.p = archive;
	fd = sealed_file("initrd", &whole, 1);
	return fd < 0 ? fd : ctx_add_place(ctx, word, fd);
}

/* What one reading of a menu makes: each word once, whatever an earlier reading made of it. */
struct parts {
	struct kx_ctx *ctx;
	struct outside *out;
	struct budget *budget;
	size_t left;
	struct strlist made;
};

static bool is_made(const struct parts *parts, const char *word)
{
	for (size_t i = 0; i < parts->made.n; i++)
		if (strcmp(parts->made.v[i], word) == 0)
			return true;
	return false;
}

static int read_one(const struct parts *parts, const char *path, uint8_t **ret, size_t *ret_n)
{
	_cleanup_free_ char *clean = NULL;
	int r = budget_take(parts->budget, BUDGET_FILES, 1);

	if (r == 0)
		r = path_join(NULL, path, &clean);
	if (r == 0)
		r = parts->out->read(parts->out, clean, parts->left, ret, ret_n);
	return r;
}

static int make_one(struct parts *parts, const char *word)
{
	_cleanup_free_ uint8_t *file = NULL;
	struct bytes name;
	const char *path = newc_split(word, &name);
	size_t n = 0;
	int r;

	if (!path || is_made(parts, word))
		return 0;
	r = read_one(parts, path, &file, &n);
	if (r < 0)
		return r;
	parts->left -= n;
	r = make_place(parts->ctx, word, name, (struct bytes){ file, n });
	return r < 0 ? r : strlist_add(&parts->made, word);
}

static int make_of_entry(struct parts *parts, struct boot_entry *e)
{
	for (size_t k = 0; e->bootable && k < e->initrds.n; k++) {
		int r = make_one(parts, e->initrds.v[k]);

		if (r == -ENOMEM)
			return r;
		if (r == 0)
			continue;
		e->bootable = false;
		if (entry_warn(e, "%s: the file cannot be put into an archive: %s", e->initrds.v[k],
			       open_strerror(r)) < 0)
			return -ENOMEM;
	}
	return 0;
}

int newc_parts_make(struct kx_ctx *ctx, struct outside *out, struct budget *budget,
		    struct boot_menu *menu)
{
	struct parts parts = { ctx, out, budget, PARTS_BYTES_MAX, { 0 } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < menu->n_entries; i++)
		r = make_of_entry(&parts, &menu->entries[i]);
	strlist_done(&parts.made);
	return r;
}
