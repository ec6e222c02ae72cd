// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kexec/exits.h"
#include "cli/kexec/options.h"

/* Sentences and exit statuses of kexec-tools, without the hints of other mistakes. */
_printf_(3, 4) static bool complain(struct opt_problem *p, int status, const char *fmt, ...)
{
	va_list ap;

	if (p->text[0])
		return false;
	p->status = status;
	va_start(ap, fmt);
	(void)vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	return false;
}

/* Numbers as the field writes them in scripts: strtoul with base 0, nothing after it. */
static bool number(const char *s, int base, uint64_t *ret)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(s, &end, base);
	if (*end || errno)
		return false;
	*ret = v;
	return true;
}

static bool take_address(void *facts, const struct opt_row *row, const char *value,
			 struct opt_problem *problem)
{
	void *into = (char *)facts + row->into;
	uint64_t *address = into;

	return number(value, 0, address) ||
	       complain(problem, EXIT_USAGE, "Bad option value in --%s=%s", row->name, value);
}

static bool take_serial(void *facts, const struct opt_row *row, const char *value,
			struct opt_problem *problem)
{
	struct options *o = facts;
	uint64_t port = 0;

	if (strcmp(value, "ttyS0") == 0)
		port = 0x3f8;
	else if (strcmp(value, "ttyS1") == 0)
		port = 0x2f8;
	else if (strncmp(value, "0x", 2) != 0 || !number(value, 16, &port) || port >= 0x10000)
		return complain(problem, EXIT_FAILED, "Bad serial port base '%s'", value);
	o->serial_port = (uint32_t)port;
	return true;
}

/* The clock of a PC's UART is divided down from 115200. */
static bool take_baud(void *facts, const struct opt_row *row, const char *value,
		      struct opt_problem *problem)
{
	struct options *o = facts;
	uint64_t rate = 0;

	if (!number(value, 0, &rate) || rate < 9600 || rate > 115200 || 115200 % rate)
		return complain(problem, EXIT_FAILED, "Bad serial port baud rate '%s'", value);
	o->serial_baud = (uint32_t)rate;
	return true;
}

/* Names, letters and abbreviations are those of kexec-tools 2.0.32 for x86; --no-cma and
 * --force-dtb came after it, --dry-run, --json and --root are ours. An abbreviation that was unique
 * in 2.0.32 keeps its meaning: getopt_long takes the first of several matches without complaint
 * when they have the same letter and the same kind of argument, hence yields_to. */
static const struct opt_row opt_rows[] = {
	{ "load", 'l', OPT_LOAD, GROUP_ACTION, .help = "load KERNEL for a later jump" },
	{ "exec", 'e', OPT_EXEC, GROUP_ACTION,
	  .help = "jump into the kernel that is loaded, without stopping services" },
	{ "force", 'f', OPT_FORCE, GROUP_ACTION,
	  .help = "load KERNEL and jump at once, without stopping services" },
	{ "load-panic", 'p', OPT_LOAD_PANIC, GROUP_ACTION, .flag = KX_REQ_ON_CRASH,
	  .help = "load KERNEL to be started when the running one crashes;\n"
		  "with -u or -S: the crash kernel is meant" },
	{ "unload", 'u', OPT_UNLOAD, GROUP_ACTION,
	  .help = "drop the loaded kernel, with -p the crash kernel" },
	{ "status", 'S', OPT_STATUS, GROUP_ACTION,
	  .help = "exit status 1: loaded, 0: not loaded, 255: unknown;\n"
		  "the crash kernel, with -l the normal one" },
	{ "load-preserve-context", 0, OPT_LOAD_PRESERVE_CONTEXT, GROUP_ACTION,
	  .flag = KX_REQ_PRESERVE_CONTEXT,
	  .help = "load KERNEL to come back from it; not implemented" },
	{ "load-jump-back-helper", 0, OPT_LOAD_JUMP_BACK_HELPER, GROUP_ACTION,
	  .help = "load what jumps back to --entry; not implemented" },
	{ "load-live-update", 0, OPT_LOAD_LIVE_UPDATE, GROUP_ACTION, .help = "Xen only" },
	{ "exec-live-update", 0, OPT_EXEC_LIVE_UPDATE, GROUP_ACTION, .help = "Xen only" },
	{ "print-ckr-size", 0, OPT_PRINT_CKR_SIZE, GROUP_ACTION,
	  .help = "print the bytes reserved for a crash kernel" },
	{ "help", 'h', OPT_HELP, GROUP_ACTION, .help = "print this text" },
	{ "version", 'v', OPT_VERSION, GROUP_ACTION, .help = "print the version" },

	{ "kexec-syscall-auto", 'a', OPT_SYSCALL_AUTO, GROUP_HOW, ROW_VALUE(way, KX_WAY_AUTO),
	  .help = "kexec_file_load where it knows the image, else kexec_load (default)" },
	{ "kexec-file-syscall", 's', OPT_FILE_SYSCALL, GROUP_HOW, ROW_VALUE(way, KX_WAY_FILE),
	  .help = "kexec_file_load only: the kernel checks signatures" },
	{ "kexec-syscall", 'c', OPT_SYSCALL, GROUP_HOW, ROW_VALUE(way, KX_WAY_SEGMENTS),
	  .help = "kexec_load only" },
	{ "fast", 0, OPT_FAST, GROUP_HOW, .flag = KX_REQ_FAST, .yields_to = 'f',
	  .help = "unpack kernel and initrd now, not after the jump;\n"
		  "with kexec_load, unless the machine permits -s only" },
	{ "diet", 0, OPT_DIET, GROUP_HOW, .flag = KX_REQ_DIET,
	  .help = "--fast, and kernel modules that this machine does not use are\n"
		  "left out of the initial ramdisk" },
	{ "cache", 0, OPT_CACHE, GROUP_HOW, ROW_TEXT(cache, "DIR"),
	  .help = "with --fast: keep there what was unpacked, for the next time" },
	{ "no-ifdown", 'x', OPT_NO_IFDOWN, GROUP_HOW,
	  .help = "leave network interfaces up before the jump" },
	{ "no-sync", 'y', OPT_NO_SYNC, GROUP_HOW, .help = "no sync(2) before the jump" },
	{ "debug", 'd', OPT_DEBUG, GROUP_HOW, .flag = KX_REQ_KERNEL_DEBUG,
	  .help = "say what is done and why, on standard error and in the kernel log" },

	{ "append", 0, OPT_APPEND, GROUP_WHAT, ROW_TEXT(append, "STRING"), .takers = KIND_ANY,
	  .help = "command line of the new kernel" },
	{ "command-line", 0, OPT_APPEND, GROUP_WHAT, ROW_TEXT(append, "STRING"), .takers = KIND_ANY,
	  .help = "same as --append" },
	{ "reuse-cmdline", 0, OPT_REUSE_CMDLINE, GROUP_WHAT, .takers = KIND_ANY,
	  .help = "command line of the running kernel, --append after it" },
	{ "initrd", 0, OPT_INITRD, GROUP_WHAT, ROW_LIST(initrds, "FILE"), .takers = KIND_LINUX,
	  .help = "initial ramdisk; several are joined in the order given" },
	{ "ramdisk", 0, OPT_INITRD, GROUP_WHAT, ROW_LIST(initrds, "FILE"), .takers = KIND_LINUX,
	  .help = "same as --initrd" },
	{ "reuseinitrd", 0, OPT_REUSEINITRD, GROUP_WHAT,
	  .help = "initial ramdisk of the running boot; not on x86" },
	{ "dtb", 0, OPT_DTB, GROUP_WHAT, ROW_TEXT(dtb, "FILE"),
	  .takers = KIND_BZIMAGE | KIND_DEVICE_TREE, .help = "device tree blob" },
	{ "module", 0, OPT_MODULE, GROUP_WHAT, ROW_LIST(modules, "\"FILE ARGS\""),
	  .takers = KIND_MULTIBOOT,
	  .help = "multiboot module and its command line; may be repeated" },
	{ "type", 't', OPT_TYPE, GROUP_WHAT, ROW_TEXT(type, "TYPE"),
	  .help = "refuse any other type of image; selects kexec_load" },
	{ "args-elf", 0, OPT_ARGS_ELF, GROUP_WHAT, ROW_VALUE(args, KX_ARGS_ELF), .takers = KIND_ELF,
	  .help = "ELF image that takes ELF boot notes" },
	{ "args-linux", 0, OPT_ARGS_LINUX, GROUP_WHAT, ROW_VALUE(args, KX_ARGS_LINUX),
	  .takers = KIND_ELF, .help = "ELF image that takes Linux boot parameters" },
	{ "args-none", 0, OPT_ARGS_NONE, GROUP_WHAT, ROW_VALUE(args, KX_ARGS_NONE),
	  .takers = KIND_ELF, .help = "ELF image that takes no arguments" },
	{ "noefi", 0, OPT_NOEFI, GROUP_WHAT, .takers = KIND_ANY, .flag = KX_REQ_NO_EFI,
	  .help = "no EFI runtime services for the new kernel" },
	{ "reuse-video-type", 0, OPT_REUSE_VIDEO_TYPE, GROUP_WHAT, .takers = KIND_ANY,
	  .flag = KX_REQ_REUSE_VIDEO,
	  .help = "video type as it was at boot, whatever drives it now" },
	{ "pass-memmap-cmdline", 0, OPT_PASS_MEMMAP_CMDLINE, GROUP_WHAT, .takers = KIND_ANY,
	  .flag = KX_REQ_MEMMAP_CMDLINE, .help = "crash kernel: memory map as memmap= words, too" },
	{ "hotplug", 0, OPT_HOTPLUG, GROUP_WHAT, .flag = KX_REQ_HOTPLUG,
	  .help = "crash kernel: stays valid when processors or memory change" },
	{ "elf32-core-headers", 0, OPT_CORE_HEADERS, GROUP_WHAT, .help = "no effect" },
	{ "elf64-core-headers", 0, OPT_CORE_HEADERS, GROUP_WHAT, .help = "no effect" },

	{ "no-checks", 'i', OPT_NO_CHECKS, GROUP_WHERE, .flag = KX_REQ_NO_DIGEST,
	  .help = "do not check the segments before the jump; selects kexec_load" },
	{ "mem-min", 0, OPT_MEM_MIN, GROUP_WHERE, ROW_TAKE(take_address, "ADDRESS"),
	  ROW_INTO(mem_min), .help = "lowest address to load to; selects kexec_load" },
	{ "mem-max", 0, OPT_MEM_MAX, GROUP_WHERE, ROW_TAKE(take_address, "ADDRESS"),
	  ROW_INTO(mem_max), .help = "highest address to load to; selects kexec_load" },
	{ "entry", 0, OPT_ENTRY, GROUP_WHERE, ROW_TAKE(take_address, "ADDRESS"), ROW_INTO(entry),
	  .help = "entry point instead of the image's own; selects kexec_load" },
	{ "real-mode", 0, OPT_REAL_MODE, GROUP_WHERE, .takers = KIND_BZIMAGE | KIND_BZIMAGE64,
	  .flag = KX_REQ_REAL_MODE, .help = "enter a bzImage in real mode; selects kexec_load" },
	{ "entry-32bit", 0, OPT_ENTRY_32BIT, GROUP_WHERE, .takers = KIND_BZIMAGE | KIND_BZIMAGE64,
	  .flag = KX_REQ_ENTRY_32BIT,
	  .help = "enter a bzImage in 32-bit mode; selects kexec_load" },
	{ "no-cma", 0, OPT_NO_CMA, GROUP_WHERE, .flag = KX_REQ_NO_CMA, .yields_to = 'i',
	  .help = "kexec_file_load: keep segments out of CMA" },
	{ "force-dtb", 0, OPT_FORCE_DTB, GROUP_WHERE, .flag = KX_REQ_FORCE_DTB, .yields_to = 'f',
	  .help = "kexec_file_load: hand the device tree on" },

	{ "reset-vga", 0, OPT_RESET_VGA, GROUP_CONSOLE, .flag = KX_REQ_RESET_VGA,
	  .help = "set the VGA to text mode" },
	{ "console-vga", 0, OPT_CONSOLE_VGA, GROUP_CONSOLE, .flag = KX_REQ_CONSOLE_VGA,
	  .help = "report on the VGA text screen" },
	{ "console-serial", 0, OPT_CONSOLE_SERIAL, GROUP_CONSOLE, .flag = KX_REQ_CONSOLE_SERIAL,
	  .help = "report on the serial port" },
	{ "serial", 0, OPT_SERIAL, GROUP_CONSOLE, ROW_TAKE(take_serial, "PORT"),
	  .help = "ttyS0, ttyS1 or 0xPORT" },
	{ "serial-baud", 0, OPT_SERIAL_BAUD, GROUP_CONSOLE, ROW_TAKE(take_baud, "RATE"),
	  .help = "9600 to 115200; default: as it is" },

	{ "dry-run", 0, OPT_DRY_RUN, GROUP_LOOK,
	  .help = "print what would be done, change nothing" },
	{ "json", 0, OPT_JSON, GROUP_LOOK, .help = "with --dry-run: for programs" },
	{ "root", 0, OPT_ROOT, GROUP_LOOK, ROW_TEXT(root, "DIR"),
	  .help = "with --dry-run or -S: read everything below DIR" },
};

const char *opt_name(int opt)
{
	size_t i = 0;

	while (opt_rows[i].id != opt)
		i++;
	return opt_rows[i].name;
}

static bool is_action(int opt)
{
	return opt >= OPT_LOAD && opt <= OPT_EXEC_LIVE_UPDATE;
}

/* True: the option acts at once. */
static bool met(void *facts, const struct opt_row *row, const char *value)
{
	struct options *o = facts;

	o->given |= UINT64_C(1) << row->id;
	o->flags |= row->flag;
	if (is_action(row->id))
		o->actions[o->n_actions++] = (enum opt)row->id;
	if (row->id != OPT_HELP && row->id != OPT_VERSION && row->id != OPT_PRINT_CKR_SIZE)
		return false;
	o->immediate = (enum opt)row->id;
	return true;
}

static const struct opt_group groups[] = {
	[GROUP_ACTION] = { "What to do" },
	[GROUP_HOW] = { "How" },
	[GROUP_WHAT] = { "What to load" },
	[GROUP_WHERE] = { "How to load it" },
	[GROUP_CONSOLE] = { "Console between the kernels (kexec_load)" },
	[GROUP_LOOK] = { "Looking without doing" },
	{ NULL },
};

const struct opt_table opt_table = {
	.program = "kexec",
	.usage_status = EXIT_USAGE,
	.rows = opt_rows,
	.n_rows = sizeof(opt_rows) / sizeof(opt_rows[0]),
	.groups = groups,
	.met = met,
};

int options_parse(int argc, char **argv, struct options *ret)
{
	struct options o = { .immediate = OPT_MAX_, .mem_max = UINT64_MAX };
	struct opt_table table = opt_table;
	int operand = argc, r;

	table.program = argv[0]; /* as getopt_long(3) does by itself */
	o.actions = calloc((size_t)argc, sizeof(*o.actions));
	r = o.actions ? options_read(&table, 0, argc, argv, &o, &operand, &o.problem) : -ENOMEM;
	if (r == -ENOMEM) {
		options_done(&o);
		return r;
	}
	/* after a mistake only -S is of interest: it decides about the exit status */
	if (r < 0)
		o.immediate = OPT_MAX_;
	else if (operand < argc)
		o.kernel = argv[operand];
	*ret = o;
	return 0;
}

void options_done(struct options *options)
{
	free(options->actions);
	free(options->initrds.v);
	free(options->modules.v);
	*options = (struct options){ 0 };
}
