// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds out which format a dump has, and has its headers read. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "vmcore/core.h"

#define NO_DUMP "this is no ELF core and no dump of makedumpfile"

/* Formats that are also called vmcore, by their first bytes: named in the error. */
static const struct foreign {
	const char *magic;
	const char *advice;
} foreigners[] = {
	{ "DISKDUMP", "a diskdump of 2.6 kernels, which crash(8) reads" },
	{ "\x1f\x8b", "compressed: unpack it with gunzip first" },
	{ "\xfd"
	  "7zXZ",
	  "compressed: unpack it with unxz first" },
	{ "\x28\xb5\x2f\xfd", "compressed: unpack it with unzstd first" },
	{ "BZh", "compressed: unpack it with bunzip2 first" },
	{ "\x04\x22\x4d\x18", "compressed: unpack it with unlz4 first" },
};

static bool begins_with(struct bytes head, const char *magic)
{
	return bytes_is_at(head, 0, magic, strlen(magic));
}

static int fail_foreign(struct bytes head, struct kx_error *err)
{
	for (size_t i = 0; i < sizeof(foreigners) / sizeof(foreigners[0]); i++)
		if (begins_with(head, foreigners[i].magic))
			return kx_fail(err, -ENOEXEC, NO_DUMP " but %s", foreigners[i].advice);
	if (head.n == 0)
		return kx_fail(err, -ENOEXEC, NO_DUMP ": the file is empty");
	return kx_fail(err, -ENOEXEC, NO_DUMP ": it begins neither with 0x7f ELF nor with KDUMP");
}

/* The first bytes; those of what was flattened, when it was. */
static int read_head(struct vmcore *core, uint8_t *buf, size_t n, struct bytes *ret,
		     struct kx_error *err)
{
	ssize_t got = core_file_read(&core->file, 0, buf, n);

	if (got < 0)
		return kx_fail(err, (int)got, "cannot read it: %s", strerror((int)-got));
	*ret = (struct bytes){ buf, (size_t)got };
	return 0;
}

static int read_headers(struct vmcore *core, struct kx_error *err)
{
	uint8_t buf[16];
	struct bytes head = { 0 };
	int r = read_head(core, buf, sizeof(buf), &head, err);

	if (r == 0 && begins_with(head, "makedumpfile")) {
		r = flat_open(core, err);
		if (r == 0)
			r = read_head(core, buf, sizeof(buf), &head, err);
	}
	if (r < 0)
		return r;
	if (begins_with(head, ELFMAG))
		return elf_open(core, err);
	if (begins_with(head, "KDUMP   "))
		return kdump_open(core, err);
	return fail_foreign(head, err);
}

int vmcore_open(const struct vmcore_source *source, struct vmcore **ret, struct kx_error *err)
{
	_cleanup_(vmcore_freep) struct vmcore *core = calloc(1, sizeof(*core));
	int r;

	if (!core)
		return kx_fail(err, -ENOMEM, "out of memory");
	core->file.source = *source;
	r = read_headers(core, err);
	if (r < 0)
		return r;
	if (!core->info)
		return kx_fail(
			err, -ENOMSG,
			"no VMCOREINFO note in it, so the kernel log cannot be found: "
			"either it is the core of a program, or the dump was made without "
			"the note (QEMU needs -device vmcoreinfo and the guest's qemu_fw_cfg)");
	if (core->n_segments == 0)
		return kx_fail(err, -EBADMSG, "no memory in it: there is no PT_LOAD segment");
	core_init_translation(core);
	*ret = TAKE_PTR(core);
	return 0;
}

struct vmcore *vmcore_free(struct vmcore *core)
{
	if (core) {
		free(core->segments);
		free(core->info);
		kdump_free(core->kdump);
		flat_free(core->flat);
		free(core);
	}
	return NULL;
}
