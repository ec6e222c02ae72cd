// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Any bytes as a configuration with the files that it reads: scripts, configurations, environment
 * blocks, entries of the Boot Loader Specification. A file "/rh" or "/suse" says whose GRUB reads it.
 * Evaluation ends within its limits for any input, and the menu is consistent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/grub.h"
#include "fuzz/files.h"
#include "fuzz/inside.h"

#define CONFIG "/grub.cfg"

/* Thousands of commands find no more than hundreds do, and take the time of as many inputs. */
static const struct grub_limits limits = { .commands = 200, .bytes = 32 << 10, .entries = 64 };

static void check(const struct grub_result *r)
{
	size_t n_default = 0;

	must(r->output && r->boot_output && r->menu.default_reason);
	must(r->menu.default_index <= r->menu.n_entries);
	for (size_t i = 0; i < r->menu.n_entries; i++) {
		const struct boot_entry *e = &r->menu.entries[i];

		n_default += e->is_default;
		must(e->id && e->title && e->path.n && e->source.file && e->source.kind);
		must(!e->bootable || e->kernel);
	}
	must(n_default == (r->menu.default_index < r->menu.n_entries));
	/* save_env without load_env, names and all, is what GRUB would write: never a NULL name. */
	for (size_t i = 0; i < r->n_saved; i++)
		must(r->saved[i].name && r->saved[i].file);
}

static bool has(const struct files *files, const char *path)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->file[i].path, path) == 0)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct files files;
	struct grub_request req = { .config = CONFIG, .prefix = "", .limits = limits };
	struct grub_result result;
	int r;

	files_decode(&files, CONFIG, (struct bytes){ data, size });
	req.flavour = has(&files, "/rh")     ? GRUB_RH
		      : has(&files, "/suse") ? GRUB_SUSE
					     : GRUB_UPSTREAM;
	r = grub_eval(&req, &files.fs, &result, NULL);
	must(r >= 0 || r == -ELOOP || r == -EFBIG || r == BUDGET_SPENT);
	if (r == 0) {
		check(&result);
		grub_result_done(&result);
	}
	return 0;
}
