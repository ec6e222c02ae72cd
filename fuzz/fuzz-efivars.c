// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <string.h>

#include "entry/efivars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct efi_boot_option o;
	uint16_t *list;
	char *text;
	size_t n;

	if (efivar_string(file, &text) == 0) {
		/* UTF-16 grows to at most three bytes for two. */
		if (strlen(text) > size / 2 * 3)
			abort();
		free(text);
	}
	if (efivar_u16_list(file, &list, &n) == 0) {
		if (n * 2 + 4 != size)
			abort();
		free(list);
	}
	if (efi_boot_option_parse(file, &o) == 0) {
		if (!o.description)
			abort();
		efi_boot_option_done(&o);
	}
	return 0;
}
