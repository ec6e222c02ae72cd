// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Unpacks the packed parts of an initial ramdisk, for real-images.py.
 *
 *     unpack-initrd IN OUT
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/io.h"
#include "image/initrd.h"

#define FILE_MAX ((size_t)1 << 30)

int main(int argc, char **argv)
{
	_cleanup_free_ uint8_t *in = NULL, *out = NULL;
	struct initrd_unpacked what;
	struct room room = { 0 };
	size_t in_n, n;
	struct bytes file;
	FILE *f;

	if (argc != 3 || read_file_in(ROOT_HERE, argv[1], FILE_MAX, &in, &in_n) < 0) {
		fputs("usage: unpack-initrd IN OUT\n", stderr);
		return 2;
	}
	file = (struct bytes){ in, in_n };
	room.n = initrd_room(&file, 1, FILE_MAX);
	out = room.p = calloc(1, room.n);
	if (!out || initrd_unpack_to(&file, 1, FILE_MAX, &room, &n, &what, NULL) < 0)
		return 1;
	printf("unpacked %zu\n", what.n_unpacked);
	if (what.why_not[0])
		printf("not %s\n", what.why_not);
	f = fopen(argv[2], "wbe");
	if (!f || fwrite(out, 1, n, f) != n || fclose(f) != 0)
		return 1;
	return 0;
}
