// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/entry.h"

void boot_entry_done(struct boot_entry *entry)
{
	free(entry->id);
	strlist_done(&entry->path);
	free(entry->title);
	free(entry->version);
	free(entry->kernel);
	strlist_done(&entry->initrds);
	strlist_done(&entry->modules);
	free(entry->cmdline);
	free(entry->devicetree);
	free(entry->architecture);
	free(entry->guess);
	free(entry->digests);
	free(entry->source.file);
	strlist_done(&entry->warnings);
	*entry = (struct boot_entry){ 0 };
}

void boot_menu_done(struct boot_menu *menu)
{
	for (size_t i = 0; i < menu->n_entries; i++)
		boot_entry_done(&menu->entries[i]);
	free(menu->entries);
	free(menu->config);
	free(menu->default_reason);
	free(menu->guess);
	strlist_done(&menu->warnings);
	*menu = (struct boot_menu){ 0 };
}

static size_t text_size(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

static size_t list_size(const struct strlist *list)
{
	size_t n = list->n * sizeof(*list->v);

	for (size_t i = 0; i < list->n; i++)
		n += text_size(list->v[i]);
	return n;
}

static size_t entry_size(const struct boot_entry *e)
{
	return sizeof(*e) + text_size(e->id) + list_size(&e->path) + text_size(e->title) +
	       text_size(e->version) + text_size(e->kernel) + list_size(&e->initrds) +
	       list_size(&e->modules) + text_size(e->cmdline) + text_size(e->devicetree) +
	       text_size(e->architecture) + text_size(e->guess) + text_size(e->source.file) +
	       list_size(&e->warnings);
}

int boot_menu_add(struct boot_menu *menu, struct boot_entry *entry)
{
	size_t size = entry_size(entry);
	struct boot_entry *bigger;

	if (size > ENTRIES_BYTES_MAX - menu->n_bytes)
		return BUDGET_SPENT;
	bigger = reallocarray(menu->entries, menu->n_entries + 1, sizeof(*menu->entries));
	if (!bigger)
		return -ENOMEM;
	menu->n_bytes += size;
	menu->entries = bigger;
	menu->entries[menu->n_entries++] = *entry;
	*entry = (struct boot_entry){ 0 };
	return 0;
}
