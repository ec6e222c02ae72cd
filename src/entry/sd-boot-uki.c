// SPDX-License-Identifier: LGPL-2.1-or-later
/* Unified kernel images in the menu of systemd-boot: one item per profile. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/path.h"
#include "entry/read.h"
#include "entry/sd-boot.h"
#include "entry/uki-entry.h"

/* "NAME (TITLE)"; of profiles after the first without one "(ID)", else "(Profile #N)". */
static int profile_title(const struct uki_facts *f, unsigned i, char **ret)
{
	const struct uki_profile *p = &f->profiles[i];

	if (i == 0 && !p->title)
		return format(ret, "%s", f->title);
	if (p->title || p->id)
		return format(ret, "%s (%s)", f->title, p->title ? p->title : p->id);
	return format(ret, "%s (Profile #%u)", f->title, i + 1);
}

static int profile_id(const struct uki_facts *f, unsigned i, const char *stem, char **ret)
{
	const struct uki_profile *p = &f->profiles[i];

	if (i == 0)
		return format(ret, "%s", stem);
	if (p->id)
		return format(ret, "%s@%s", stem, p->id);
	return format(ret, "%s@%u", stem, i);
}

static int become_program(struct boot_entry *e)
{
	e->type = ENTRY_CHAINLOAD;
	return entry_warn(e,
			  "%s has no kernel: it is an EFI program that only the firmware can start",
			  e->kernel);
}

static int fill_item(struct sd_boot *b, const char *partition, const char *path,
		     const struct bls_name *name, const struct uki_facts *f, unsigned profile,
		     struct bls_item *item)
{
	struct uki_place at = { b->fs, partition, b->secure };
	struct boot_entry *e = &item->entry;
	int r;

	item->name = *name;
	item->name.id = NULL;
	item->profile = profile;
	item->can_be_first = profile == 0;
	e->source.kind = "uki";
	r = profile_id(f, profile, name->id, &e->id);
	if (r == 0)
		r = profile_title(f, profile, &e->title);
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	if (r == 0)
		r = replace(&item->stem, name->id);
	if (r == 0)
		r = bls_item_set_loader_id(item, &b->vars, path_basename(path));
	if (r == 0)
		r = replace(&item->sort_key, f->sort_key);
	if (r == 0)
		r = replace(&e->version, f->version);
	if (r == 0)
		r = replace(&e->kernel, path);
	if (r == 0)
		r = replace(&e->source.file, path);
	if (r < 0)
		return r;
	/* The loader shows whatever has an .osrel, and starts it as the EFI program that it is. */
	return f->has_linux ? uki_entry_fill(&at, e, f, NULL, profile) : become_program(e);
}

static int add_profiles(struct sd_boot *b, const char *partition, const char *path,
			const struct bls_name *name, const struct uki_facts *f)
{
	for (unsigned i = 0; i < f->n_profiles; i++) {
		struct bls_item item = { 0 };
		int r = fill_item(b, partition, path, name, f, i, &item);

		if (r == 0)
			r = bls_items_add(&b->items, &item);
		if (r < 0) {
			bls_item_done(&item);
			return r;
		}
	}
	return 0;
}

int sd_boot_add_uki(struct sd_boot *b, const char *partition, const char *dir, const char *file)
{
	_cleanup_free_ char *path = NULL;
	struct bls_name name;
	struct uki_facts facts;
	int r = bls_name_parse(file, ".efi", &name);

	if (r < 0)
		return r == -EINVAL ? 0 : r;
	r = path_join(dir, file, &path);
	if (r == 0) {
		r = uki_entry_facts(b->fs, path, &facts);
		if (r < 0 && r != -ENOMEM)
			r = menu_warn(b->menu, "%s: no unified kernel image: %s", path,
				      strerror(-r));
		else if (r == 0) {
			if (facts.title)
				r = add_profiles(b, partition, path, &name, &facts);
			uki_facts_done(&facts);
		}
	}
	free(name.id);
	return r;
}
