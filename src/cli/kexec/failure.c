// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kexec/exits.h"
#include "cli/kexec/failure.h"
#include "cli/plain.h"

static void say_why(const struct kx_error *err)
{
	if (err->message[0])
		plain_printf(stderr, "%s\n", err->message);
}

static int last_line(const struct attempt *a)
{
	notes_flush(a->notes);
	plain_printf(stderr, "Cannot load %s\n", a->kernel);
	return EXIT_FAILED;
}

static int cannot_load(const struct attempt *a, const struct kx_error *err)
{
	say_why(err);
	return last_line(a);
}

/* The sentence, unless it only repeats @path and the error's name. */
static void say_more(const char *path, const struct kx_error *err)
{
	size_t n = strlen(path);

	if (strncmp(err->message, path, n) != 0 || strncmp(err->message + n, ": ", 2) != 0 ||
	    strcmp(err->message + n + 2, strerror(-err->code)) != 0)
		say_why(err);
}

static int fail_open(const char *path, const struct kx_error *err)
{
	const char *why = strerror(-err->code);

	switch (err->code) {
	case -ENODATA:
		plain_printf(stderr, "Cannot read %s\n", path);
		break;
	case -EISDIR:
	case -EIO:
	case -EFBIG:
	case -EINVAL:
		plain_printf(stderr, "Read on %s failed: %s\n", path, why);
		break;
	default:
		plain_printf(stderr, "Cannot open `%s': %s\n", path, why);
	}
	say_more(path, err);
	return EXIT_USAGE;
}

static int fail_type(const struct attempt *a, const char *actual, const struct kx_error *err)
{
	const char *type = a->options->type;

	if (err->code == -EINVAL && type)
		plain_printf(stderr, "Unsupported kernel type %s\n", type);
	else if (err->code == -ENOEXEC && actual)
		plain_printf(stderr, "Wrong file type %s, file matches type %s\n", type, actual);
	else if (err->code == -ENOEXEC)
		plain_printf(stderr, "Cannot determine the file type of %s\n", a->kernel);
	else {
		if (err->code == -EBADMSG && err->type &&
		    strncmp(err->type, "bzImage", strlen("bzImage")) == 0)
			fputs("BzImage truncated?\n", stderr);
		return cannot_load(a, err);
	}
	say_why(err);
	return EXIT_FAILED;
}

int fail_image(const struct attempt *a, const char *actual, const struct kx_error *err)
{
	if (err->step == KX_STEP_KERNEL_OPEN)
		return fail_open(a->kernel, err);
	if (err->step == KX_STEP_KERNEL_TYPE)
		return fail_type(a, actual, err);
	if (err->step != KX_STEP_KERNEL_UNPACK)
		return fail_other(err);
	if (err->code == -EOPNOTSUPP)
		plain_printf(stderr, "Cannot determine the file type of %s\n", a->kernel);
	else
		plain_printf(stderr, "Failed to decompress file %s:%s\n", a->kernel,
			     strerror(-err->code));
	say_why(err);
	return EXIT_FAILED;
}

static int fail_initrd(const struct attempt *a, const struct kx_error *err)
{
	const char *dtb = a->options->dtb, *path = err->file;

	if (!path[0])
		return cannot_load(a, err);
	if (a->way == KX_WAY_SEGMENTS || (dtb && strcmp(path, dtb) == 0))
		return fail_open(path, err);
	if (err->code != -ENODATA)
		plain_printf(stderr, "Could not open initrd file %s:%s\n", path,
			     strerror(-err->code));
	say_more(path, err);
	return last_line(a);
}

static const char *image_type(const struct kx_image *image)
{
	struct kx_image_info info = { .size = sizeof(info) };

	return image && kx_image_info(image, &info) == 0 ? info.type : "";
}

static int fail_request(const struct attempt *a, const struct kx_error *err)
{
	const struct options *o = a->options;

	if (o->initrds.n && o->args != KX_ARGS_LINUX && err->code == -EINVAL &&
	    strncmp(image_type(a->image), "elf-", 4) == 0) {
		fputs("Ramdisks not supported with generic elf arguments\n", stderr);
		say_why(err);
		return EXIT_USAGE;
	}
	return cannot_load(a, err);
}

static int fail_placement(const struct attempt *a, const struct kx_error *err)
{
	switch (err->code) {
	case -ENOSPC:
		fprintf(stderr,
			"Could not find a free area of memory of 0x%" PRIx64 " bytes...\n"
			"locate_hole failed\n",
			err->bytes);
		say_why(err);
		return EXIT_USAGE;
	case -EADDRNOTAVAIL:
		plain_printf(stderr, "Invalid memory segment 0x%" PRIx64 " - 0x%" PRIx64 "\n",
			     err->start, err->end);
		say_why(err);
		return EXIT_USAGE;
	case -EINVAL:
		return fail_request(a, err);
	case -ENAMETOOLONG:
		/* kexec-tools after 2.0.32, for crash kernels alone */
		if (!options_have(a->options, OPT_LOAD_PANIC))
			return cannot_load(a, err);
		fputs("Command line overflow\n", stderr);
		say_why(err);
		return EXIT_USAGE;
	default:
		return cannot_load(a, err);
	}
}

static int fail_machine(const struct attempt *a, const struct kx_error *err)
{
	bool hotplug = options_have(a->options, OPT_HOTPLUG);

	if (hotplug && err->code == -ENOENT &&
	    strcmp(err->file, "/sys/kernel/crash_elfcorehdr_size") == 0) {
		fputs("Path /sys/kernel/crash_elfcorehdr_size does not exist, the kernel needs "
		      "CONFIG_CRASH_HOTPLUG\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (err->code == -ENXIO && options_have(a->options, OPT_LOAD_PANIC)) {
		fputs("No crash kernel segment found in /proc/iomem\n"
		      "Please check the crashkernel= boot parameter.\n",
		      stderr);
		say_why(err);
		return EXIT_NO_REGION;
	}
	fputs("Could not get memory layout\n", stderr);
	say_why(err);
	return EXIT_FAILED;
}

int fail_plan(const struct attempt *a, const struct kx_error *err)
{
	switch ((int)err->step) {
	case KX_STEP_INITRD:
		return fail_initrd(a, err);
	case KX_STEP_MODULE:
		return fail_open(err->file, err);
	case KX_STEP_MACHINE:
		return fail_machine(a, err);
	case KX_STEP_PLAN:
		return fail_placement(a, err);
	case KX_STEP_ARGUMENT:
		return fail_request(a, err);
	default:
		return cannot_load(a, err);
	}
}

/* The listing that people paste into bug reports. */
static void list_segments(const struct kx_plan *plan)
{
	struct kx_plan_info info = { .size = sizeof(info) };

	if (!plan || kx_plan_info(plan, &info) < 0)
		return;
	plain_printf(stderr, "entry       = 0x%" PRIx64 " flags = 0x%" PRIx64 "\n", info.entry,
		     info.syscall_flags);
	plain_printf(stderr, "nr_segments = %zu\n", info.n_segments);
	for (size_t i = 0; i < info.n_segments; i++) {
		struct kx_segment s = { .size = sizeof(s) };

		if (kx_plan_segment(plan, i, &s) < 0)
			break;
		fprintf(stderr,
			"segment[%zu].buf   = %p\n"
			"segment[%zu].bufsz = 0x%" PRIx64 "\n"
			"segment[%zu].mem   = 0x%" PRIx64 "\n"
			"segment[%zu].memsz = 0x%" PRIx64 "\n",
			i, s.data, i, s.data_size, i, s.start, i, s.end - s.start);
	}
}

int fail_commit(const struct attempt *a, const struct kx_error *err)
{
	if (err->step == KX_STEP_FILE_LOAD)
		plain_printf(stderr, "kexec_file_load failed: %s\n", strerror(-err->code));
	else if (err->step == KX_STEP_LOAD) {
		plain_printf(stderr, "kexec_load failed: %s\n", strerror(-err->code));
		list_segments(a->plan);
	} else
		return cannot_load(a, err);
	say_why(err);
	return EXIT_FAILED;
}

int fail_unavailable(const char *why)
{
	fputs("syscall kexec_file_load not available.\n", stderr);
	if (*why)
		plain_printf(stderr, "%s\n", why);
	return EXIT_UNAVAILABLE;
}

int fail_unload(enum kx_way way, const struct kx_error *err)
{
	plain_printf(stderr, "%s failed: %s\n",
		     way == KX_WAY_SEGMENTS ? "kexec unload" : "kexec_file_load(unload)",
		     strerror(-err->code));
	say_why(err);
	return EXIT_FAILED;
}

int fail_jump(const struct kx_error *err)
{
	if (err->code == -ENOENT) {
		fputs("Nothing has been loaded!\n", stderr);
		say_why(err);
		return EXIT_USAGE;
	}
	plain_printf(stderr, "kexec failed: %s\n", strerror(-err->code));
	say_why(err);
	return EXIT_FAILED;
}

int fail_other(const struct kx_error *err)
{
	plain_printf(stderr, "kexec: %s\n", err->message[0] ? err->message : strerror(-err->code));
	return err->code == -ENOMEM ? EXIT_USAGE : EXIT_FAILED;
}
