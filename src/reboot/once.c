// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/once.h"

#include <string.h>

#include "base/error.h"
#include "handover/init.h"
#include "reboot/choice.h"

/* Programs by the name of the loader, and what goes before the entry's id; @prefix: what of the id they leave
 * out. grub-reboot(8): Red Hat and SUSE call it grub2-reboot. */
static const struct setter {
	const char *loader, *programs[3], *words[2], *prefix;
} setters[] = {
	{ "grub", { "grub-reboot", "grub2-reboot" }, { NULL }, "" },
	{ "systemd-boot", { "bootctl" }, { "set-oneshot" }, "" },
	{ "efistub", { "efibootmgr" }, { "--bootnext" }, "Boot" },
};

static const struct setter *setter_of(const struct kx_entries_info *list)
{
	for (size_t i = 0; i < sizeof(setters) / sizeof(setters[0]); i++)
		if (strcmp(setters[i].loader, list->loader) == 0)
			return &setters[i];
	return NULL;
}

bool once_possible(const struct kx_entries_info *list, const struct kx_entry *entry)
{
	/* an id is one word of a program that has no "--" */
	return !entry->bootable && !entry->is_broken && !entry->is_guessed && entry->id &&
	       entry->id[0] && entry->id[0] != '-' && setter_of(list);
}

static const char *operand_of(const struct setter *setter, const char *id)
{
	const size_t n = strlen(setter->prefix);

	return strncmp(id, setter->prefix, n) == 0 ? id + n : id;
}

static int run_setter(const struct reboot *rb, const struct setter *setter, const char *id,
		      struct kx_error *err)
{
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	_cleanup_free_ char *said = NULL;
	char last[CALL_SAID_MAX];
	int r;

	if (call_program(rb->sys, &call, setter->programs, NULL) < 0)
		return kx_fail(err, -ENOENT,
			       "%s: there is no such program, which tells the boot loader "
			       "what to start once",
			       setter->programs[0]);
	r = call_words(&call, setter->words, err);
	if (r == 0)
		r = call_word(&call, operand_of(setter, id), err);
	if (r < 0)
		return r;
	r = process_run_quiet(rb->sys, call.words, NULL, &said);
	if (r < 0)
		return kx_fail(err, r, "%s cannot be started: %s", call.words[0], strerror(-r));
	return r > 0 ? kx_fail(err, -EIO, "%s failed (exit status %d)%s", call.words[0], r,
			       call_said(said, last))
		     : 0;
}

/* Would @id start next, by what is configured now? */
static bool starts_next(const struct kx_entries *entries, const char *id, struct kx_error *err)
{
	struct kx_entries_info info = { .size = sizeof(info) };
	struct kx_entry next = { .size = sizeof(next) };

	(void)kx_entries_info(entries, &info);
	if (!info.guess && kx_entries_entry(entries, info.default_index, &next) == 0 && next.id &&
	    strcmp(next.id, id) == 0)
		return true;
	kx_fail(err, -EIO,
		"%s was told to start %s once, but would start %s by its configuration: nothing is rebooted",
		info.loader, id, next.title ? next.title : "something else");
	return false;
}

enum reason once_set(const struct reboot *rb, const struct wish *wish,
		     const struct kx_entries_info *list, const struct kx_entry *entry,
		     struct kx_error *err)
{
	struct kx_entries *entries = NULL;
	enum reason reason = REASON_FAILED;

	if (run_setter(rb, setter_of(list), entry->id, err) < 0)
		return reason;
	reason = choice_entries(rb, wish, &entries, err);
	if (reason == REASON_NONE && !starts_next(entries, entry->id, err))
		reason = REASON_FAILED;
	kx_entries_free(entries);
	return reason;
}
