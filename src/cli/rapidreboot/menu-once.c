// SPDX-License-Identifier: GPL-2.0-or-later

/* What was chosen in the menu and only the boot loader can start: it starts it once, and the machine goes through
 * the firmware. */

#include "cli/plain.h"
#include "cli/rapidreboot/front.h"
#include "cli/rapidreboot/menu.h"
#include "reboot/cold.h"
#include "reboot/once.h"

static const char *name_of(const struct kx_entry *entry)
{
	return entry->title ? entry->title : entry->id;
}

static int agree(const struct reboot *rb, const struct options *o, const struct kx_entry *entry)
{
	_cleanup_config_ struct config config = { 0 };
	struct kx_error err = { 0 };
	char how[512];
	bool asked;

	if (config_read(rb->machine, &config, &err) < 0)
		return fail_with(&err);
	(void)snprintf(how, sizeof(how), " once into %.200s, through the firmware", name_of(entry));
	if (front_agreed(rb, &config, o, how, &asked))
		return EXIT_OK;
	fputs("rapidreboot: nothing was done\n", stderr);
	return EXIT_NOTHING;
}

int menu_start_once(const struct reboot *rb, const struct wish *wish, const struct options *o,
		    const struct kx_entries_info *list, const struct kx_entry *entry)
{
	_cleanup_cold_way_ struct cold_way way = { .direct = false };
	struct kx_error err = { 0 };
	enum reason reason;
	int r;

	if (o->when || wish->root)
		return command_fail(&menu_command,
				    "--%s cannot be used with what only the boot loader starts",
				    o->when ? "when" : "root");
	reason = cold_way_find(rb, wish, &way, &err);
	if (reason == REASON_NONE && !o->dry_run)
		reason = go_permitted(rb, &err);
	if (reason != REASON_NONE)
		return fail_reason(reason, &err);
	if (o->dry_run) {
		plain_printf(stdout, "%s would start %s once, through the firmware\n", list->loader,
			     name_of(entry));
		return EXIT_OK;
	}
	r = agree(rb, o, entry);
	if (r != EXIT_OK)
		return r;
	reason = once_set(rb, wish, list, entry, &err);
	if (reason != REASON_NONE)
		return fail_reason(reason, &err);
	reason = go_cold(rb, &way, false, &err);
	if (reason != REASON_NONE)
		plain_printf(stderr, "rapidreboot: the next boot starts %s all the same\n",
			     name_of(entry));
	return fail_reason(reason, &err);
}
