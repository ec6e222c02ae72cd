// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot keep: files that outlive a fast reboot in memory. */

#include "keep/keep.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/json.h"
#include "cli/page.h"
#include "cli/plain.h"
#include "cli/rapidreboot/options.h"
#include "config/config.h"
#include "keep/setup.h"
#include "record/boot.h"

static int print_setup(struct range range, enum keep_family family, bool dry_run)
{
	char word[KEEP_WORD_MAX];

	keep_word_write(range, word);
	printf("%s\n", word);
	if (family == KEEP_FAMILY_UNKNOWN)
		fputs("rapidreboot: put this word on the kernel's command line in the boot loader's "
		      "configuration, for every entry, and reboot\n",
		      stderr);
	else if (dry_run)
		fprintf(stderr, "rapidreboot: this would be written %s; nothing was changed\n",
			family == KEEP_FAMILY_GRUBBY ? "by grubby" : "to " KEEP_GRUB_FILE);
	else
		fprintf(stderr,
			"rapidreboot: it is in the boot configuration now%s; the next boot sets the "
			"memory aside for good\n",
			family == KEEP_FAMILY_GRUBBY ? ""
						     : " (" KEEP_GRUB_FILE
						       "), once `update-grub` has run");
	return EXIT_OK;
}

static int setup(struct sys *sys, const struct options *o)
{
	const enum keep_family family = keep_setup_family(sys);
	struct kx_error err = { 0 };
	struct range range;
	uint64_t size;

	if (o->n_operands != 2 || keep_size_read(o->operands[1], &size) < 0)
		return command_fail(&keep_command, "how much? `rapidreboot keep setup SIZE`, with "
						   "a SIZE such as 512M or 2G");
	if (keep_setup_choose(sys, size, &range, &err) < 0)
		return fail_with(&err);
	if (!o->dry_run && family != KEEP_FAMILY_UNKNOWN &&
	    keep_setup_write(sys, family, range, &err) < 0)
		return fail_with(&err);
	return print_setup(range, family, o->dry_run);
}

static void print_counts(const struct keep_counts *c, const char *verb)
{
	fprintf(stderr, "rapidreboot: %s: %zu file%s, %zu director%s, %zu link%s\n", verb,
		c->n_files, plural(c->n_files), c->n_directories,
		c->n_directories == 1 ? "y" : "ies", c->n_links, plural(c->n_links));
	if (c->n_missing)
		fprintf(stderr, "rapidreboot: %zu of the paths of KEEP= are not there\n",
			c->n_missing);
	if (c->n_passed_over)
		fprintf(stderr,
			"rapidreboot: %zu were passed over: devices, sockets, FIFOs, or mounted "
			"there\n",
			c->n_passed_over);
	if (c->n_present)
		fprintf(stderr, "rapidreboot: %zu were there already and were left as they are\n",
			c->n_present);
}

static int carry(struct sys *sys, bool is_save)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_config_ struct config config = { 0 };
	struct keep_counts counts = { 0 };
	struct kx_error err = { 0 };
	struct keep_paths paths;
	int r = config_read(root, &config, &err);

	if (r < 0)
		return fail_with(&err);
	paths = (struct keep_paths){ config.keep.v, config.keep.n };
	if (paths.n == 0) {
		fputs("rapidreboot: KEEP= of " CONFIG_FILE " names nothing that is kept\n", stderr);
		return EXIT_NOTHING;
	}
	r = is_save ? keep_save(sys, &paths, &counts, &err)
		    : keep_restore(sys, &paths, &counts, &err);
	if (r < 0)
		return fail_with(&err);
	if (r == KEEP_DONE) {
		print_counts(&counts, is_save ? "saved" : "restored");
		return EXIT_OK;
	}
	plain_printf(stderr, "rapidreboot: %s\n", err.message);
	return EXIT_NOTHING;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	int r = command_take(&keep_command, argc, argv, &o);
	const char *verb;

	if (r >= 0)
		return r;
	verb = o.operands[0];
	if (strcmp(verb, "setup") == 0)
		return setup(sys_machine(), &o);
	if (strcmp(verb, "save") != 0 && strcmp(verb, "restore") != 0)
		return command_fail(&keep_command, "'%s' is none of setup, save and restore", verb);
	if (o.n_operands != 1 || o.dry_run)
		return command_fail(&keep_command, "'%s' stands alone", verb);
	return carry(sys_machine(), strcmp(verb, "save") == 0);
}

const struct command keep_command = {
	.name = "keep",
	.synopsis = "setup SIZE|save|restore",
	.summary = "files that outlive a fast reboot in memory",
	.run = run,
	.taker = BY_KEEP,
	.operands_min = 1,
	.operands_max = 2,
	.about =
		"setup sets SIZE of memory aside by a word in the boot configuration; from the next boot\n"
		"on save puts what KEEP= names there when the machine goes down, and restore takes it\n"
		"out after a fast reboot.",
};
