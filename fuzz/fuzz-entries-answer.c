// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a child answers that somebody broke into. What is taken of it is a list like any other. */
#include "fuzz/inside.h"
#include "lib/entries-answer.h"

static void look(const struct kx_entries *list)
{
	const struct boot_menu *m = &list->menu;
	size_t n_defaults = 0;

	must(m->loader != NULL && m->default_index <= m->n_entries);
	for (size_t i = 0; i < m->n_entries; i++) {
		const struct boot_entry *e = &m->entries[i];

		must(e->source.kind != NULL && e->type <= ENTRY_OTHER);
		must(!e->bootable || e->kernel);
		n_defaults += e->is_default;
	}
	must(n_defaults == (m->default_index < m->n_entries));
}

/* There is one way to write a list. */
static void write_again(const struct kx_entries *list, const uint8_t *data, size_t size)
{
	uint8_t *again = malloc(size);
	size_t n = 0;

	must(again != NULL);
	must(entries_encode(list, again, size, &n) == 0 && n == size);
	must(memcmp(again, data, n) == 0);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_entries list = { 0 };

	if (entries_decode((struct bytes){ data, size }, &list) < 0)
		return 0;
	look(&list);
	write_again(&list, data, size);
	boot_menu_done(&list.menu);
	strlist_done(&list.vars);
	free(list.output);
	return 0;
}
