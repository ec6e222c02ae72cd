// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/newc-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/open.h"
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

static int make_one(struct kx_ctx *ctx, struct entry_fs *fs, const char *word, size_t *left)
{
	_cleanup_free_ uint8_t *file = NULL;
	struct bytes name;
	const char *path = newc_split(word, &name);
	size_t n;
	int r;

	if (!path || ctx_has_place(ctx, word))
		return 0;
	r = fs->read(fs, ENTRY_SYSTEM, path, *left, &file, &n);
	if (r < 0)
		return r;
	*left -= n;
	return make_place(ctx, word, name, (struct bytes){ file, n });
}

int newc_parts_make(struct kx_ctx *ctx, struct entry_fs *fs, struct boot_menu *menu)
{
	size_t left = PARTS_BYTES_MAX;

	for (size_t i = 0; i < menu->n_entries; i++) {
		struct boot_entry *e = &menu->entries[i];

		for (size_t k = 0; e->bootable && k < e->initrds.n; k++) {
			int r = make_one(ctx, fs, e->initrds.v[k], &left);

			if (r == -ENOMEM)
				return r;
			if (r == 0)
				continue;
			e->bootable = false;
			if (entry_warn(e, "%s: the file cannot be put into an archive: %s",
				       e->initrds.v[k], open_strerror(r)) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}
