// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads the configuration of a crash kernel. Sources of the rules:
 *   Red Hat  kdump-utils, kdumpctl and kdump-lib.sh; kdump-sysconfig of kexec-tools 2.0.3 (2012)
 *   SUSE     kdump 2.x, load.sh and kdump-read-config.sh
 *   Debian   kdump-tools 1.8 to 1.10, kdump-config
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "config/legacy-vars.h"
#include "crash/dumps.h"
#include "crash/rules.h"

#define SYSCONFIG_FILE "/etc/sysconfig/kdump"
#define DEBIAN_FILE "/etc/default/kdump-tools"

static struct bytes text_bytes(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

enum { SUSE_CPUS = 32 }; /* KDUMP_CPUS of kdump-read-config.sh, 2026-04 */

void crash_settings_done(struct crash_settings *s)
{
	free(s->off);
	free(s->kernel);
	free(s->initrd);
	free(s->version);
	free(s->directories);
	free(s->image);
	free(s->image_end);
	free(s->base);
	free(s->remove);
	free(s->append);
	free(s->target);
	ssh_place_done(&s->remote);
	nfs_place_done(&s->nfs);
	free(s->nfs_directory);
	free(s->ssh_key);
	free(s->elsewhere);
	config_words_done(&s->not_followed);
	capture_settings_done(&s->capture);
	config_words_done(&s->warnings);
	*s = (struct crash_settings){ 0 };
}

const char *crash_source_name(enum crash_source source)
{
	static const char *const names[] = {
		[CRASH_OWN] = "rapidreboot",
		[CRASH_REDHAT] = "kdump-utils",
		[CRASH_SUSE] = "SUSE kdump",
		[CRASH_DEBIAN] = "kdump-tools",
	};

	return names[source];
}

/* ---- options for kexec(8) */

static const struct known_option {
	const char *word;
	enum kx_way way;
	uint64_t flags;
	bool is_nothing; /* it is the default here, or of another architecture */
} known_options[] = {
	{ .word = "-s", .way = KX_WAY_FILE },
	{ .word = "--kexec-file-syscall", .way = KX_WAY_FILE },
	{ .word = "-c", .way = KX_WAY_SEGMENTS },
	{ .word = "--kexec-syscall", .way = KX_WAY_SEGMENTS },
	{ .word = "-a", .way = KX_WAY_AUTO },
	{ .word = "--kexec-syscall-auto", .way = KX_WAY_AUTO },
	{ .word = "-d", .flags = KX_REQ_KERNEL_DEBUG },
	{ .word = "--debug", .flags = KX_REQ_KERNEL_DEBUG },
	{ .word = "-i", .flags = KX_REQ_NO_DIGEST },
	{ .word = "--no-checks", .flags = KX_REQ_NO_DIGEST },
	{ .word = "--noefi", .flags = KX_REQ_NO_EFI },
	{ .word = "--reset-vga", .flags = KX_REQ_RESET_VGA },
	{ .word = "--console-vga", .flags = KX_REQ_CONSOLE_VGA },
	{ .word = "--console-serial", .flags = KX_REQ_CONSOLE_SERIAL },
	{ .word = "--pass-memmap-cmdline", .flags = KX_REQ_MEMMAP_CMDLINE },
	{ .word = "--hotplug", .flags = KX_REQ_HOTPLUG },
	{ .word = "--args-linux", .is_nothing = true },
	{ .word = "--elf64-core-headers", .is_nothing = true },
	{ .word = "--elf32-core-headers", .is_nothing = true },
	{ .word = "--dt-no-old-root", .is_nothing = true },
};

static int take_option(struct bytes word, struct crash_options *options)
{
	for (size_t i = 0; i < sizeof(known_options) / sizeof(known_options[0]); i++) {
		const struct known_option *o = &known_options[i];

		if (!bytes_is(word, o->word))
			continue;
		/* of two that choose the system call the last one counts */
		if (!o->flags && !o->is_nothing)
			options->way = o->way;
		options->flags |= o->flags;
		return 0;
	}
	return -EINVAL;
}

static int take_options(const struct vars *vars, const char *name, struct crash_options *options,
			struct kx_error *err)
{
	const char *value = vars_get(vars, name);
	struct bytes rest;

	if (!value)
		return 0;
	rest = bytes_trim((struct bytes){ (const uint8_t *)value, strlen(value) });
	while (rest.n) {
		struct bytes word = bytes_word(&rest);

		if (take_option(word, options) < 0)
			return kx_fail(err, -EINVAL,
				       "%s: %s: the option %.*s is not known for a crash kernel; "
				       "remove it, or load with kexec -p",
				       vars_place(vars, name), name, (int)word.n,
				       (const char *)word.p);
	}
	return 0;
}

/* ---- the files */

/* The value of @name into a field, or @otherwise, also for an empty value: ${NAME:-otherwise} of the tools. */
static int take_text(const struct vars *vars, const char *name, const char *otherwise, char **dst)
{
	return text_set(dst, vars_get_or(vars, name, otherwise));
}

static int warn(struct crash_settings *s, const struct vars *vars, const char *name,
		const char *what)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	if (!vars_get_or(vars, name, NULL))
		return 0;
	strbuf_addf(&b, "%s: %s %s", vars_place(vars, name), name, what);
	return b.failed ? -ENOMEM : config_words_add(&s->warnings, b.s, b.n);
}

static int redhat(const struct vars *vars, struct crash_settings *s, struct kx_error *err)
{
	/* what kdumpctl has when the file does not say it; an empty value is a value */
	const char *remove = vars_get(vars, "KDUMP_COMMANDLINE_REMOVE");

	s->source = CRASH_REDHAT;
	if (take_text(vars, "KDUMP_KERNELVER", NULL, &s->version) < 0 ||
	    take_text(vars, "KDUMP_BOOTDIR", "/boot /boot/efi /efi /", &s->directories) < 0 ||
	    take_text(vars, "KDUMP_IMG", "vmlinuz", &s->image) < 0 ||
	    take_text(vars, "KDUMP_IMG_EXT", "", &s->image_end) < 0 ||
	    take_text(vars, "KDUMP_COMMANDLINE", NULL, &s->base) < 0 ||
	    take_text(vars, "KDUMP_COMMANDLINE_APPEND", "", &s->append) < 0 ||
	    text_set(&s->remove, remove ? remove : "hugepages hugepagesz slub_debug") < 0)
		return -ENOMEM;
	/* RHEL 7 and 8 */
	if (vars_is(vars, "KDUMP_FILE_LOAD", "on"))
		s->options.way = KX_WAY_FILE;
	return take_options(vars, "KEXEC_ARGS", &s->options, err);
}

static int suse(const struct vars *vars, struct crash_settings *s, struct kx_error *err)
{
	const char *cpus = vars_get_or(vars, "KDUMP_CPUS", NULL);
	uint64_t n = SUSE_CPUS;
	int r;

	s->source = CRASH_SUSE;
	if (cpus && (parse_u64(cpus, &n) < 0 || n > UINT16_MAX)) {
		n = SUSE_CPUS;
		if (warn(s, vars, "KDUMP_CPUS", "is no number: ignored, as kdump does") < 0)
			return -ENOMEM;
	}
	s->cpus = (unsigned)n;
	if (take_text(vars, "KDUMP_KERNELVER", NULL, &s->version) < 0 ||
	    take_text(vars, "KDUMP_COMMANDLINE", NULL, &s->base) < 0 ||
	    take_text(vars, "KDUMP_COMMANDLINE_APPEND", "", &s->append) < 0)
		return -ENOMEM;
	r = take_options(vars, "KEXEC_OPTIONS", &s->options, err);
	s->options.way = KX_WAY_AUTO; /* load.sh puts -a behind all others */
	return r;
}

static int debian(const struct vars *vars, struct crash_settings *s, struct kx_error *err)
{
	const char *use = vars_get_or(vars, "USE_KDUMP", "0"),
		   *place = vars_place(vars, "USE_KDUMP");

	s->source = CRASH_DEBIAN;
	if (strcmp(use, "0") == 0 && text_set(&s->off, place ? place : DEBIAN_FILE) < 0)
		return -ENOMEM;
	if (take_text(vars, "KDUMP_KERNEL", NULL, &s->kernel) < 0 ||
	    take_text(vars, "KDUMP_INITRD", NULL, &s->initrd) < 0 ||
	    take_text(vars, "KDUMP_CMDLINE", NULL, &s->base) < 0 ||
	    take_text(vars, "KDUMP_CMDLINE_APPEND",
		      "reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1 irqpoll "
		      "usbcore.nousb",
		      &s->append) < 0)
		return -ENOMEM;
	return take_options(vars, "KDUMP_KEXEC_ARGS", &s->options, err);
}

/* SUSE and Red Hat have different variables in the same file. */
static bool is_suse(const struct vars *vars)
{
	static const char *const of_suse[] = {
		"KDUMP_SAVEDIR",	  "KEXEC_OPTIONS",	 "KDUMP_CPUS",
		"KDUMP_DUMPLEVEL",	  "KDUMP_DUMPFORMAT",	 "KDUMP_AUTO_RESIZE",
		"KDUMP_IMMEDIATE_REBOOT", "KDUMP_KEEP_OLD_DUMPS"
	};

	for (size_t i = 0; i < sizeof(of_suse) / sizeof(of_suse[0]); i++)
		if (vars_get(vars, of_suse[i]))
			return true;
	return false;
}

static int own(const struct config *config, struct crash_settings *s)
{
	s->source = CRASH_OWN;
	return text_set(&s->kernel, config->crash_kernel) < 0 ||
			       text_set(&s->initrd, config->crash_initrd) < 0 ||
			       text_set(&s->base, config->crash_cmdline) < 0 ||
			       text_set(&s->append, config->crash_append) < 0
		       ? -ENOMEM
		       : 0;
}

static const struct reader {
	const char *file;
	int (*read)(const struct vars *vars, struct crash_settings *s, struct kx_error *err);
	bool (*is_it)(const struct vars *vars); /* NULL: whatever is in it */
} readers[] = {
	{ DEBIAN_FILE, debian, NULL },
	{ SYSCONFIG_FILE, suse, is_suse },
	{ SYSCONFIG_FILE, redhat, NULL },
};

/* -ENOENT when no other tool is configured. */
static int other(int root, struct crash_settings *s, struct kx_error *err)
{
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		_cleanup_vars_ struct vars vars = { .warnings = &s->warnings };
		int r = vars_read(&vars, root, readers[i].file, err);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		if (readers[i].is_it && !readers[i].is_it(&vars)) {
			config_words_done(&s->warnings); /* the next reader adds them again */
			continue;
		}
		s->file = readers[i].file;
		return readers[i].read(&vars, s, err);
	}
	return -ENOENT;
}

enum { WAIT_S = 60 }; /* for disks to answer */

/* What the program in the initial ramdisk of our own is told. Dumps are where the machine's configuration has
 * them, whoever makes them. */
static int capture(int root, const struct config *config, struct crash_settings *s,
		   struct kx_error *err)
{
	const char *pack = config->crash_pack ? config->crash_pack : "zlib",
		   *failure = config->crash_failure ? config->crash_failure : "reboot";

	s->capture = (struct capture_settings){
		.level = config->crash_level,
		.keep = config->crash_keep,
		.keep_mib = config->crash_keep_mib,
		.wait_s = WAIT_S,
	};
	if (!capture_packing_parse(text_bytes(pack), &s->capture.packing) ||
	    !capture_end_parse(text_bytes(failure), &s->capture.failure))
		return -EINVAL;
	return crash_target_find(root, config, s, err);
}

int crash_settings_read(int root, const struct config *config, struct crash_settings *ret,
			struct kx_error *err)
{
	struct crash_settings s = { 0 };
	bool is_own = config->crash_kernel || config->crash_initrd || config->crash_cmdline ||
		      config->crash_append;
	int r = -ENOENT;

	if (is_own)
		s.file = CONFIG_FILE;
	else if (config->import)
		r = other(root, &s, err);
	if (r == -ENOENT)
		r = own(config, &s);
	if (r == 0)
		r = capture(root, config, &s, err);
	if (r == -ENOMEM)
		r = kx_fail(err, r, "out of memory");
	if (r < 0)
		crash_settings_done(&s);
	else
		*ret = s;
	return r;
}
