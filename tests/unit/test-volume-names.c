// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * GRUB's names of volumes and udev's links. Values: grub-core/disk/diskfilter.c and lvm.c of GRUB 2.12, names
 * that grub-probe(8) and grub-mkconfig write; udev-md-raid-arrays.rules of mdadm 4.2, 13-dm-disk.rules.
 */
#include <string.h>

#include "base/array.h"
#include "entry/volume-names.h"
#include "tests/unit/cmocka-shim.h"

static void test_places(void **state)
{
	static const struct {
		const char *name, *places[VOLUME_PLACES_MAX + 1];
	} rows[] = {
		{ "lvm/vg-root", { "/dev/mapper/vg-root" } },
		{ "lvm/my--vg-a--b", { "/dev/mapper/my--vg-a--b" } },
		{ "lvmid/B9j5kn-1gPq-f5oG/pXlUvS-YOBt",
		  { "/dev/disk/by-id/dm-uuid-LVM-B9j5kn1gPqf5oGpXlUvSYOBt" } },
		{ "mduuid/3a7b2c9d0e1f2a3b4c5d6e7f80910a1b",
		  { "/dev/disk/by-id/md-uuid-3a7b2c9d:0e1f2a3b:4c5d6e7f:80910a1b" } },
		{ "mduuid/3a7b", { NULL } },
		{ "mduuid/3a7b2c9d0e1f2a3b4c5d6e7f80910a1*", { NULL } },
		{ "md0", { "/dev/md/0", "/dev/md0" } },
		{ "md127", { "/dev/md/127", "/dev/md127" } },
		{ "md/0", { "/dev/md/0", "/dev/md0" } },
		{ "md/boot", { "/dev/md/boot", "/dev/disk/by-id/md-name-*:boot" } },
		{ "cryptouuid/a1559d719be24501ab3267b7059e00c3",
		  { "/dev/disk/by-id/dm-uuid-CRYPT-*-a1559d719be24501ab3267b7059e00c3-*" } },
		{ "hd0,gpt2", { NULL } },
		{ "lvm/", { NULL } },
		{ "lvm/a/b", { NULL } },
		{ "lvmid/a", { NULL } },
		{ "md", { NULL } },
		{ "md/*", { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct volume_places got;
		size_t n = 0;

		volume_places(rows[i].name, &got);
		for (; rows[i].places[n]; n++)
			if (n >= got.n || strcmp(got.v[n], rows[i].places[n]) != 0)
				fail_msg("%s: place %zu is %s", rows[i].name, n,
					 n < got.n ? got.v[n] : "missing");
		if (got.n != n)
			fail_msg("%s: %zu places", rows[i].name, got.n);
	}
}

/* Those of LVM and md are what Linux 6.1 has (tests/vm/boot-volumes.py, *-uuid); cryptsetup's is by its
 * lib/libdevmapper.c, dm_prepare_uuid(). */
static void test_marks(void **state)
{
	static const struct {
		const char *name, *file, *line;
	} rows[] = {
		{ "lvmid/B9j5kn-1gPq-f5oG/pXlUvS-YOBt", "dm/uuid", "LVM-B9j5kn1gPqf5oGpXlUvSYOBt" },
		{ "mduuid/3a7b2c9d0e1f2a3b4c5d6e7f80910a1b", "md/uuid",
		  "3a7b2c9d-0e1f-2a3b-4c5d-6e7f80910a1b" },
		{ "cryptouuid/a1559d71-9be2-4501-ab32-67b7059e00c3", "dm/uuid",
		  "CRYPT-*-a1559d719be24501ab3267b7059e00c3-*" },
		{ "lvm/vg-root", NULL, NULL },
		{ "lvmid/a", NULL, NULL },
		{ "lvmid/*/a", NULL, NULL },
		{ "mduuid/3a7b", NULL, NULL },
		{ "cryptouuid/", NULL, NULL },
		{ "md0", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct volume_mark got;

		if (volume_mark(rows[i].name, &got) != (rows[i].file != NULL))
			fail_msg("%s: %s", rows[i].name, rows[i].file ? "no mark" : "a mark");
		if (!rows[i].file)
			continue;
		assert_string_equal(got.file, rows[i].file);
		assert_string_equal(got.line, rows[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_places),
					    cmocka_unit_test(test_marks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
