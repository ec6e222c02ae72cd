// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Commands with readers that somebody has broken into: the decoder of gzip, the parser of kernels' headers, the reader of boot
 * loaders' configurations and that of settings do first what FAKE_GZIP, FAKE_HEADERS, FAKE_ENTRIES and FAKE_SETTINGS name
 * (tests/fake/misdeeds.c), the last one with a text that has "FAKE" in it: settings of this system are read by the
 * command itself. With FAKE_NO_FILTERS the command is one on a kernel that cannot filter system calls. The linker puts them in front of ours (--wrap in tests/cli/meson.build).
 */
#include <stdlib.h>
#include <string.h>

#include "config/assign.h"
#include "entry/choose.h"
#include "image/decompress.h"
#include "tests/fake/misdeeds.h"

__attribute__((constructor)) static void begin(void)
{
	if (getenv("FAKE_NO_FILTERS"))
		refuse_filters();
}

static void misbehave(const char *variable)
{
	const char *name = getenv(variable);

	for (size_t i = 0; name && i < n_misdeeds; i++)
		if (strcmp(misdeeds[i].name, name) == 0)
			misdeeds[i].does();
}

unpack_fn __wrap_unpack_gzip, __real_unpack_gzip;
int __wrap_unpack_gzip(struct bytes in, struct unpacked *out, size_t *ret_used,
		       struct kx_error *err)
{
	misbehave("FAKE_GZIP");
	return __real_unpack_gzip(in, out, ret_used, err);
}

int __wrap_image_parse(const struct image_formats *formats, struct bytes file, const char *demanded,
		       struct image *ret, struct kx_error *err);
int __real_image_parse(const struct image_formats *formats, struct bytes file, const char *demanded,
		       struct image *ret, struct kx_error *err);
int __wrap_image_parse(const struct image_formats *formats, struct bytes file, const char *demanded,
		       struct image *ret, struct kx_error *err)
{
	misbehave("FAKE_HEADERS");
	return __real_image_parse(formats, file, demanded, ret, err);
}

int __wrap_boot_menu_find(struct entry_fs *fs, const struct boot_find_opts *opts,
			  struct boot_menu *ret, struct kx_error *err);
int __real_boot_menu_find(struct entry_fs *fs, const struct boot_find_opts *opts,
			  struct boot_menu *ret, struct kx_error *err);
int __wrap_boot_menu_find(struct entry_fs *fs, const struct boot_find_opts *opts,
			  struct boot_menu *ret, struct kx_error *err)
{
	misbehave("FAKE_ENTRIES");
	return __real_boot_menu_find(fs, opts, ret, err);
}

#ifdef HAS_SETTINGS /* kexec has none */
int __wrap_assign_each(struct bytes text, assign_fn fn, void *data);
int __real_assign_each(struct bytes text, assign_fn fn, void *data);
int __wrap_assign_each(struct bytes text, assign_fn fn, void *data)
{
	if (text.n && memmem(text.p, text.n, "FAKE", 4))
		misbehave("FAKE_SETTINGS");
	return __real_assign_each(text, fn, data);
}
#endif
