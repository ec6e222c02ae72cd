// SPDX-License-Identifier: LGPL-2.1-or-later
/* Microsoft PE and COFF specification: data directory 4 is the attribute certificate table. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "preflight/signed.h"

enum {
	PE_OFFSET = 0x3c,      /* where the header's offset is written */
	PE_OPTIONAL = 24,      /* optional header, from the PE signature */
	PE32_PLUS = 0x20b,     /* its magic */
	PE32_DIRECTORIES = 96, /* in the optional header */
	PE32P_DIRECTORIES = 112,
	SECURITY = 4 * 8, /* in the directories: offset, then size */
	HEAD_N = 4096,	  /* bytes read; kernels have their header well before that */
};

static int has_certificates(struct bytes head)
{
	uint32_t at, size;
	uint16_t magic;
	size_t directories;

	if (!bytes_is_at(head, 0, "MZ", 2) || !bytes_le32(head, PE_OFFSET, &at) ||
	    !bytes_is_at(head, at, "PE\0\0", 4) || !bytes_le16(head, at + PE_OPTIONAL, &magic))
		return 0;
	directories =
		at + PE_OPTIONAL + (magic == PE32_PLUS ? PE32P_DIRECTORIES : PE32_DIRECTORIES);
	return bytes_le32(head, directories + SECURITY + 4, &size) && size > 0;
}

int entry_is_signed(const struct look *l)
{
	_cleanup_close_ int fd = -1;
	uint8_t head[HEAD_N];
	ssize_t n;

	if (!l->entry || !l->entry->kernel)
		return -ENODATA;
	fd = open_in(l->files, l->entry->kernel, O_RDONLY);
	if (fd < 0)
		return fd;
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return -errno;
	return has_certificates((struct bytes){ head, (size_t)n });
}
