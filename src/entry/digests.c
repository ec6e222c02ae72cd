// SPDX-License-Identifier: LGPL-2.1-or-later
/* Entries that say what the digests of their files are: images of lanzaboote. */
#include "entry/digests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/open.h"
#include "base/sha256.h"
#include "entry/read.h"

/* Bytes that are compared for one menu, each file once: more than partitions of this kind hold, and a
 * few seconds of work. A step of the budget is worth about four bytes. */
enum { COMPARED_MAX = 1 << 30, BYTES_A_STEP = 4 };

struct compared {
	struct {
		const char *path; /* of an entry */
		uint8_t digest[SHA256_BYTES];
	} * v;
	size_t n, room;
	uint64_t n_bytes;
};

static const uint8_t *find(const struct compared *c, const char *path)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].path, path) == 0)
			return c->v[i].digest;
	return NULL;
}

/* -EFBIG when there is no time for it. */
static int digest_of(struct entry_fs *fs, struct compared *c, const char *path, const uint8_t **ret)
{
	const uint8_t *p;
	size_t n;
	int r;

	*ret = find(c, path);
	if (*ret)
		return 0;
	r = fs->map(fs, ENTRY_SYSTEM, path, &p, &n);
	if (r < 0)
		return r;
	if (n > COMPARED_MAX - c->n_bytes)
		r = -EFBIG;
	if (r == 0)
		r = budget_take(fs->budget, BUDGET_STEPS, n / BYTES_A_STEP);
	if (r == 0)
		r = array_room(&c->v, c->n, &c->room, sizeof(*c->v));
	if (r == 0) {
		c->n_bytes += n;
		c->v[c->n].path = path;
		sha256((struct bytes){ p, n }, c->v[c->n].digest);
		*ret = c->v[c->n++].digest;
	}
	fs->unmap(fs, p, n);
	return r;
}

static int compare(struct entry_fs *fs, struct compared *c, struct boot_entry *e, const char *path,
		   const uint8_t *expected)
{
	const uint8_t *digest;
	int r = digest_of(fs, c, path, &digest);

	if (r == -ENOMEM || r == BUDGET_SPENT ||
	    (r == 0 && memcmp(digest, expected, SHA256_BYTES) == 0))
		return r;
	e->bootable = false;
	if (r == -EFBIG)
		return entry_warn(
			e,
			"%s was not compared with its digest in the image of lanzaboote: the "
			"files of the entries before it are too large",
			path);
	if (r < 0)
		return entry_warn(e, "%s, which the image of lanzaboote names, cannot be read: %s",
				  path, open_strerror(r));
	return entry_warn(
		e,
		"%s is not the file that the image of lanzaboote was made for: its SHA-256 "
		"digest is another one; install the system's boot loader anew",
		path);
}

static int compare_entry(struct entry_fs *fs, struct compared *c, struct boot_entry *e)
{
	int r = compare(fs, c, e, e->kernel, e->digests);

	if (r < 0 || !e->bootable)
		return r;
	return compare(fs, c, e, e->initrds.v[0], e->digests + SHA256_BYTES);
}

int menu_compare_digests(struct entry_fs *fs, struct boot_menu *menu)
{
	struct compared c = { 0 };
	int r = 0;

	if (menu->default_index < menu->n_entries && menu->entries[menu->default_index].digests)
		r = compare_entry(fs, &c, &menu->entries[menu->default_index]);
	for (size_t i = 0; r == 0 && i < menu->n_entries; i++)
		if (i != menu->default_index && menu->entries[i].digests)
			r = compare_entry(fs, &c, &menu->entries[i]);
	free(c.v);
	return r;
}
