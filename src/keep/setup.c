// SPDX-License-Identifier: LGPL-2.1-or-later
#include "keep/setup.h"

#include <errno.h>
#include <string.h>

#include "base/arch.h"
#include "base/error.h"
#include "base/file.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "keep/device.h"
#include "record/boot.h"
#include "sys/process.h"

enum { IOMEM_MAX = 16 << 20, GRUBBY_MS = 60000 };
static const char grubby[] = "/usr/sbin/grubby";

static int choose(int root, uint64_t size, struct range *ret, struct kx_error *err)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct iomem iomem;
	size_t n;
	int r = read_file_in(root, "/proc/iomem", IOMEM_MAX, &text, &n);

	if (r < 0)
		return kx_fail_path(err, r, "/proc/iomem");
	r = iomem_parse((struct bytes){ text, n }, &iomem, err);
	if (r < 0)
		return kx_fail_in(err, r, "/proc/iomem");
	r = keep_range_choose(&iomem, size, ret, err);
	iomem_done(&iomem);
	return r;
}

int keep_setup_choose(struct sys *sys, uint64_t size, struct range *ret, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	char word[KEEP_WORD_MAX];
	struct range set;
	int r;

	if (arch_find(root).id != ARCH_X86_64)
		return kx_fail(
			err, -ENOTSUP,
			"memory can be set aside on x86_64 only: kernels for other processors "
			"have no memmap=SIZE!START");
	r = keep_range_of_machine(root, &set);
	if (r > 0) {
		keep_word_write(set, word);
		return kx_fail(
			err, -EEXIST,
			"%s is on the command line of this boot already: take it away there, "
			"and reboot, before another range is chosen",
			word);
	}
	return r < 0 ? kx_fail(err, r, "/proc/cmdline: its memmap= cannot be read: %s",
			       strerror(-r))
		     : choose(root, size, ret, err);
}

enum keep_family keep_setup_family(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);

	if (is_program_in(root, grubby))
		return KEEP_FAMILY_GRUBBY;
	return is_program_in(root, "/usr/sbin/update-grub") &&
			       is_there_in(root, "/etc/default/grub")
		       ? KEEP_FAMILY_UPDATE_GRUB
		       : KEEP_FAMILY_UNKNOWN;
}

static int write_grub(struct sys *sys, const char *word, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_strbuf_ struct strbuf text = { 0 };
	int r;

	strbuf_addf(&text,
		    "# Written by `rapidreboot keep setup`: memory that outlives fast reboots.\n"
		    "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX %s\"\n",
		    word);
	if (text.failed)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = directory_make_in(root, "/etc/default/grub.d", 0755);
	if (r == 0)
		r = file_replace_in(root, KEEP_GRUB_FILE, 0644, text.s, text.n, true);
	return r < 0 ? kx_fail_path(err, r, KEEP_GRUB_FILE) : 0;
}

static int run_grubby(struct sys *sys, const char *word, struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf args = { 0 };
	int r;

	strbuf_addf(&args, "--args=%s", word);
	if (args.failed)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = process_run_limited(
		sys, (const char *const[]){ grubby, "--update-kernel=ALL", args.s, NULL }, NULL,
		GRUBBY_MS);
	if (r < 0)
		return kx_fail(err, r, "%s: %s", grubby, strerror(-r));
	return r ? kx_fail(err, -EIO, "%s --update-kernel=ALL %s failed with status %d", grubby,
			   args.s, r)
		 : 0;
}

int keep_setup_write(struct sys *sys, enum keep_family family, struct range range,
		     struct kx_error *err)
{
	char word[KEEP_WORD_MAX];

	keep_word_write(range, word);
	switch (family) {
	case KEEP_FAMILY_UPDATE_GRUB:
		return write_grub(sys, word, err);
	case KEEP_FAMILY_GRUBBY:
		return run_grubby(sys, word, err);
	case KEEP_FAMILY_UNKNOWN:
		break;
	}
	return kx_fail(err, -ENOTSUP, "it is not known how the boot configuration is changed here");
}
