// SPDX-License-Identifier: LGPL-2.1-or-later
/* Offsets: Microsoft, "PE Format", MS-DOS stub, COFF file header, section table. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "image/pe.h"

enum {
	DOS_PE_OFFSET = 0x3c,
	COFF_START = 4, /* after "PE\0\0" */
	COFF_N = 20,
	COFF_MACHINE = 0,
	COFF_SECTIONS = 2,
	COFF_OPTIONAL_N = 16,
	PE32_PLUS = 0x20b, /* magic of an optional header */
	PE32_DIRECTORIES = 96,
	PE32_PLUS_DIRECTORIES = 112,
	CERTIFICATES_N = 4 * 8 + 4, /* the fifth directory: offset, size */
	SECTION_N = 40,
	SECTION_NAME_N = 8,
	SECTION_VIRTUAL_SIZE = 8,
	SECTION_RAW_SIZE = 16,
	SECTION_RAW_OFFSET = 20,
	SECTIONS_MAX = 1024, /* the Windows loader stops at 96, UKIs with device trees may not */
};

static bool has_certificates(struct bytes optional)
{
	uint16_t magic = 0;
	uint32_t n = 0;

	return bytes_le16(optional, 0, &magic) &&
	       bytes_le32(optional,
			  (magic == PE32_PLUS ? PE32_PLUS_DIRECTORIES : PE32_DIRECTORIES) +
				  CERTIFICATES_N,
			  &n) &&
	       n > 0;
}

int pe_parse(struct bytes file, struct pe *ret, struct kx_error *err)
{
	struct pe pe = { .file = file };
	struct bytes coff, optional;
	uint32_t at = 0;
	uint16_t count, optional_n;

	if (!bytes_is_at(file, 0, "MZ", 2) || !bytes_le32(file, DOS_PE_OFFSET, &at) ||
	    !bytes_is_at(file, at, "PE\0", 4))
		return kx_fail(err, -ENOEXEC, "not a PE file");
	if (!bytes_sub(file, (uint64_t)at + COFF_START, COFF_N, &coff) ||
	    !bytes_le16(coff, COFF_MACHINE, &pe.machine) ||
	    !bytes_le16(coff, COFF_SECTIONS, &count) ||
	    !bytes_le16(coff, COFF_OPTIONAL_N, &optional_n))
		return kx_fail(err, -EBADMSG, "PE: the file ends after %zu bytes, in its header",
			       file.n);
	if (count > SECTIONS_MAX)
		return kx_fail(err, -EBADMSG, "PE: %u sections, more than %d", count, SECTIONS_MAX);
	if (!bytes_sub(file, (uint64_t)at + COFF_START + COFF_N + optional_n,
		       (size_t)count * SECTION_N, &pe.sections))
		return kx_fail(err, -EBADMSG,
			       "PE: a table of %u sections at 0x%" PRIx64
			       ", but the file has %zu bytes",
			       count, (uint64_t)at + COFF_START + COFF_N + optional_n, file.n);
	pe.n_sections = count;
	pe.is_signed = bytes_sub(file, (uint64_t)at + COFF_START + COFF_N, optional_n, &optional) &&
		       has_certificates(optional);

	*ret = pe;
	return 0;
}

/* Names fill 8 bytes or end at a NUL. */
bool pe_section_is(const struct pe *pe, size_t i, const char *name)
{
	size_t n = strlen(name), off = i * SECTION_N;

	return n <= SECTION_NAME_N && bytes_is_at(pe->sections, off, name, n) &&
	       (n == SECTION_NAME_N || bytes_is_at(pe->sections, off + n, "", 1));
}

int pe_section_data(const struct pe *pe, size_t i, struct bytes *ret, struct kx_error *err)
{
	uint32_t virtual_n, raw_n, raw_off, n;
	size_t at = i * SECTION_N;

	if (!bytes_le32(pe->sections, at + SECTION_VIRTUAL_SIZE, &virtual_n) ||
	    !bytes_le32(pe->sections, at + SECTION_RAW_SIZE, &raw_n) ||
	    !bytes_le32(pe->sections, at + SECTION_RAW_OFFSET, &raw_off))
		return kx_fail(err, -EBADMSG, "PE: there is no section %zu", i);
	/* The raw size is padded to the file alignment, which would spoil inner signatures. */
	n = virtual_n < raw_n ? virtual_n : raw_n;
	if (!bytes_sub(pe->file, raw_off, n, ret))
		return kx_fail(err, -EBADMSG,
			       "PE: section %zu has %" PRIu32 " bytes at 0x%" PRIx32
			       ", but the file has %zu",
			       i, n, raw_off, pe->file.n);
	return 0;
}
