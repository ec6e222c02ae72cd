// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a child answers about the headers of a kernel file that somebody broke into: two bytes say how long the answer
 * is, and the file follows it. What is taken of it is as sound as what a parser lets pass. */
#include "fuzz/image-checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = { data, size }, answer, file;
	struct image image;
	uint16_t n;

	if (!bytes_le16(input, 0, &n) || !bytes_sub(input, 2, n, &answer) ||
	    !bytes_sub(input, 2 + (uint64_t)n, size - 2 - n, &file))
		return 0;
	if (image_decode(&arch_x86_64, file, answer, &image) < 0)
		return 0;
	check_image(file, &image);
	check_written(file, &image, answer);
	return 0;
}
