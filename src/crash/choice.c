// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is loaded for a crash: files and command line together; and whether it has to be signed. */
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "crash/rules.h"

enum { EFI_VARIABLE_MAX = 64 };

#define EFI_VARIABLES "/sys/firmware/efi/efivars"

void crash_choice_done(struct crash_choice *choice)
{
	free(choice->kernel);
	free(choice->initrd);
	free(choice->cmdline);
	*choice = (struct crash_choice){ 0 };
}

int crash_choose(struct kx_ctx *ctx, int root, const char *machine,
		 const struct crash_settings *settings, struct crash_choice *ret,
		 struct kx_error *err)
{
	_cleanup_crash_choice_ struct crash_choice choice = { 0 };
	int r = crash_find_files(root, settings, &choice, err);

	if (r == 0)
		r = crash_words(ctx, root, machine, settings, choice.is_own, &choice.cmdline, err);
	if (r < 0)
		return r;
	*ret = choice;
	choice = (struct crash_choice){ 0 };
	return 0;
}

/* The byte behind the attributes of the EFI variable whose name begins so; -1 without one. */
static int efi_byte(int root, const char *start)
{
	_cleanup_names_ struct names names = { 0 };

	if (list_in(root, EFI_VARIABLES, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };
		_cleanup_free_ uint8_t *raw = NULL;
		size_t n;

		if (strncmp(names.v[i], start, strlen(start)) != 0)
			continue;
		strbuf_addf(&path, EFI_VARIABLES "/%s", names.v[i]);
		if (!path.failed && read_file_in(root, path.s, EFI_VARIABLE_MAX, &raw, &n) == 0 &&
		    n > 4)
			return raw[4];
	}
	return -1;
}

bool crash_wants_signature(int root)
{
	int level;

	if (efi_byte(root, "SecureBoot-") == 1 && efi_byte(root, "SetupMode-") == 0)
		return true;
	return read_int_in(root, "/sys/kernel/security/securelevel", &level) == 0 && level == 1;
}
