// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/kcore.h"

#include <errno.h>
#include <string.h>

#include "base/io.h"

static bool read_whole(int fd, void *p, size_t n, uint64_t offset)
{
	return read_at(fd, p, n, offset) == (ssize_t)n;
}

int kcore_parts(int fd, bool (*take)(const Elf64_Phdr *part, void *data), void *data)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;

	if (!read_whole(fd, &head, sizeof(head), 0))
		return -EIO;
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_phentsize != sizeof(part))
		return -ENOEXEC;
	for (unsigned i = 0; i < head.e_phnum; i++) {
		if (!read_whole(fd, &part, sizeof(part), head.e_phoff + i * sizeof(part)))
			return -EIO;
		if (!take(&part, data))
			break;
	}
	return 0;
}
