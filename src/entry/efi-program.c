// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "entry/efi-program.h"
#include "entry/initrd-words.h"
#include "entry/read.h"

int efi_program_take(const struct uki_place *at, struct boot_entry *entry, const char *options,
		     bool is_kernel, struct strlist *ret_initrds)
{
	_cleanup_strlist_ struct strlist initrds = { 0 };
	_cleanup_free_ char *rest = NULL;
	int r = initrd_words_take(options ? options : "", &rest, &initrds);

	if (r < 0)
		return r;
	r = uki_entry_describe(at, entry, rest, 0);
	if (r == -ENOMEM)
		return r;
	if (r == 0)
		/* a UKI's stub ignores words initrd=: it has registered an initrd itself */
		return entry->cmdline ? 0 : replace(&entry->cmdline, "");

	is_kernel |= is_kernel_file(at->fs, entry->kernel);
	entry->type = is_kernel ? ENTRY_LINUX : ENTRY_CHAINLOAD;
	entry->bootable = is_kernel;
	r = replace(&entry->cmdline, is_kernel ? rest : NULL);
	if (r == 0 && is_kernel) {
		*ret_initrds = initrds;
		initrds = (struct strlist){ 0 };
	}
	return r;
}
