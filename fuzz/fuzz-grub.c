// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Any bytes as a configuration, in each flavour. Evaluation ends within its limits for any input,
 * and the menu is consistent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/grub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *config;
static size_t n_config;

static int fuzz_type(struct entry_fs *fs, const char *device, const char *path,
		     enum entry_file_type *ret)
{
	if (*device && strcmp(device, "dev") != 0)
		return -ENODEV;
	*ret = !strncmp(path, "/no", 3) ? ENTRY_FILE_NONE
	       : !strcmp(path, "/d")	? ENTRY_FILE_DIRECTORY
					: ENTRY_FILE_REGULAR;
	return 0;
}

static int fuzz_read(struct entry_fs *fs, const char *device, const char *path, size_t max,
		     uint8_t **ret, size_t *ret_n)
{
	static const char block[] = "# GRUB Environment Block\nsaved_entry=1>0\nx=a b\n#######";
	const void *from = !strcmp(path, "/grubenv") ? (const void *)block : config;
	size_t n = from == block ? sizeof(block) - 1 : n_config;

	if (!strncmp(path, "/no", 3))
		return -ENOENT;
	if (n > max)
		return -EFBIG;
	*ret = malloc(n + 1);
	if (!*ret)
		return -ENOMEM;
	if (n)
		memcpy(*ret, from, n);
	*ret_n = n;
	return 0;
}

static int fuzz_list(struct entry_fs *fs, const char *device, const char *path, struct strlist *ret)
{
	static const char *const names[] = { "a.conf", "b-2-1.conf", "c.efi", "grubenv" };
	struct strlist list = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlist_add(&list, names[i]) < 0)
			abort();
	*ret = list;
	return 0;
}

static int fuzz_search(struct entry_fs *fs, enum entry_search what, const char *key,
		       const struct strlist *hints, char **ret_device)
{
	if (*key == 'x')
		return -ENOENT;
	*ret_device = strdup(*key == 'h' ? "" : "dev");
	return *ret_device ? 0 : -ENOMEM;
}

static int fuzz_probe(struct entry_fs *fs, const char *device, const char *what, char **ret)
{
	*ret = strdup(what);
	return *ret ? 0 : -ENOMEM;
}

static int fuzz_to_system(struct entry_fs *fs, const char *device, const char *path, char **ret)
{
	if (*device && strcmp(device, "dev") != 0)
		return -ENODEV;
	if (*path != '/')
		abort();
	*ret = strdup(path);
	return *ret ? 0 : -ENOMEM;
}

static void check(const struct grub_result *r)
{
	size_t n_default = 0;

	if (!r->output || !r->boot_output || !r->menu.default_reason)
		abort();
	if (r->menu.default_index > r->menu.n_entries)
		abort();
	for (size_t i = 0; i < r->menu.n_entries; i++) {
		const struct boot_entry *e = &r->menu.entries[i];

		n_default += e->is_default;
		if (!e->id || !e->title || !e->path.n || !e->source.file || !e->source.kind)
			abort();
		if (e->bootable && !e->kernel)
			abort();
	}
	if (n_default != (r->menu.default_index < r->menu.n_entries))
		abort();
	/* save_env without load_env, names and all, is what GRUB would write: never a NULL name. */
	for (size_t i = 0; i < r->n_saved; i++)
		if (!r->saved[i].name || !r->saved[i].file)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entry_fs fs = { .type = fuzz_type,
			       .read = fuzz_read,
			       .list = fuzz_list,
			       .search = fuzz_search,
			       .probe = fuzz_probe,
			       .to_system = fuzz_to_system };

	config = data;
	n_config = size;
	for (enum grub_flavour f = GRUB_UPSTREAM; f <= GRUB_SUSE; f++) {
		struct grub_request req = {
			.flavour = f,
			.config = "/grub.cfg",
			.prefix = "",
			.limits = { .commands = 3000, .bytes = 1 << 20, .entries = 64 }
		};
		struct grub_result result;
		int r = grub_eval(&req, &fs, &result, NULL);

		if (r < 0 && r != -ELOOP && r != -EFBIG)
			abort();
		if (r == 0) {
			check(&result);
			grub_result_done(&result);
		}
	}
	return 0;
}
