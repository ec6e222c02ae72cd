// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs that are put into the capture initramfs, and ld.so's cache: the files of a machine. */
#include <errno.h>
#include <string.h>

#include "capture/elf-needs.h"
#include "inside.h"

static int take(void *data, const char *path)
{
	size_t *n = data;

	must(path[strlen(path)] == '\0'); /* all of it is in the cache */
	return ++*n == 3 ? 7 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes file = { data, size };
	_cleanup_elf_needs_ struct elf_needs needs = { 0 };
	size_t n = 0;
	int r = elf_needs_parse(file, &needs);

	if (r == 0) {
		must(needs.libraries.n <= ELF_NEEDS_MAX);
		for (size_t i = 0; i < needs.libraries.n; i++)
			must(strlen(needs.libraries.v[i]) < size);
		must(!needs.path || strlen(needs.path) < size);
		must(!needs.loader || strlen(needs.loader) < size);
	} else {
		must(!needs.loader && !needs.path && !needs.libraries.n);
	}
	r = ld_cache_each(file, "libc.so.6", take, &n);
	must(r == 0 || r == 7 || r == -EBADMSG);
	must((r == 7) == (n == 3));
	return 0;
}
