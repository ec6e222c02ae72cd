// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz/inside.h"
#include "image/prepared-file.h"

#define KEY "rapidreboot 1\n1:2 3 4.5 6.7 00112233\n"

/* As a file, whatever it is: what is accepted lies in it. As the sizes of parts: what is written is
 * what is read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes key = { (const uint8_t *)KEY, sizeof(KEY) - 1 };
	struct prepared_file file = { 0 }, again;
	uint8_t *header;
	size_t n;

	if (prepared_file_parse((struct bytes){ data, size }, size, key, false, &file) == 0)
		for (size_t i = 0; i < PREPARED_PARTS; i++)
			must(file.offset[i] % 4096 == 0 && file.offset[i] <= size &&
			     file.n[i] <= size - file.offset[i]);
	if (size < sizeof(file.n) + sizeof(file.digest))
		return 0;
	memcpy(file.n, data, sizeof(file.n));
	memcpy(file.digest, data + sizeof(file.n), sizeof(file.digest));
	if (prepared_file_lay_out(key, &file) < 0 ||
	    prepared_file_header(&file, key, false, &header, &n) < 0)
		return 0;
	must(prepared_file_parse((struct bytes){ header, n }, file.file_n, key, false, &again) ==
	     0);
	must(memcmp(&again, &file, sizeof(file)) == 0);
	must(prepared_file_parse((struct bytes){ header, n }, file.file_n + 1, key, false, &again) <
	     0);
	header[size % n] ^= 1;
	must(prepared_file_parse((struct bytes){ header, n }, file.file_n, key, false, &again) < 0);
	free(header);
	return 0;
}
