// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kexec/exits.h"
#include "cli/kexec/options.h"

/* Names, letters and abbreviations are those of kexec-tools 2.0.32 for x86; --no-cma and
 * --force-dtb came after it, --dry-run, --json and --root are ours. An abbreviation that was unique
 * in 2.0.32 keeps its meaning: getopt_long takes the first of several matches without complaint
 * when they have the same letter and the same kind of argument, hence yields_to. */
const struct opt_row opt_rows[] = {
	{ "load", 'l', OPT_LOAD, NULL, GROUP_ACTION, .help = "load KERNEL for a later jump" },
	{ "exec", 'e', OPT_EXEC, NULL, GROUP_ACTION,
	  .help = "jump into the kernel that is loaded, without stopping services" },
	{ "force", 'f', OPT_FORCE, NULL, GROUP_ACTION,
	  .help = "load KERNEL and jump at once, without stopping services" },
	{ "load-panic", 'p', OPT_LOAD_PANIC, NULL, GROUP_ACTION, .flag = KX_REQ_ON_CRASH,
	  .help = "load KERNEL to be started when the running one crashes;\n"
		  "with -u or -S: the crash kernel is meant" },
	{ "unload", 'u', OPT_UNLOAD, NULL, GROUP_ACTION,
	  .help = "drop the loaded kernel, with -p the crash kernel" },
	{ "status", 'S', OPT_STATUS, NULL, GROUP_ACTION,
	  .help = "exit status 1: loaded, 0: not loaded, 255: unknown;\n"
		  "the crash kernel, with -l the normal one" },
	{ "load-preserve-context", 0, OPT_LOAD_PRESERVE_CONTEXT, NULL, GROUP_ACTION,
	  .flag = KX_REQ_PRESERVE_CONTEXT,
	  .help = "load KERNEL to come back from it; not implemented" },
	{ "load-jump-back-helper", 0, OPT_LOAD_JUMP_BACK_HELPER, NULL, GROUP_ACTION,
	  .help = "load what jumps back to --entry; not implemented" },
	{ "load-live-update", 0, OPT_LOAD_LIVE_UPDATE, NULL, GROUP_ACTION, .help = "Xen only" },
	{ "exec-live-update", 0, OPT_EXEC_LIVE_UPDATE, NULL, GROUP_ACTION, .help = "Xen only" },
	{ "print-ckr-size", 0, OPT_PRINT_CKR_SIZE, NULL, GROUP_ACTION,
	  .help = "print the bytes reserved for a crash kernel" },
	{ "help", 'h', OPT_HELP, NULL, GROUP_ACTION, .help = "print this text" },
	{ "version", 'v', OPT_VERSION, NULL, GROUP_ACTION, .help = "print the version" },

	{ "kexec-syscall-auto", 'a', OPT_SYSCALL_AUTO, NULL, GROUP_HOW,
	  .help = "kexec_file_load where it knows the image, else kexec_load (default)" },
	{ "kexec-file-syscall", 's', OPT_FILE_SYSCALL, NULL, GROUP_HOW,
	  .help = "kexec_file_load only: the kernel checks signatures" },
	{ "kexec-syscall", 'c', OPT_SYSCALL, NULL, GROUP_HOW, .help = "kexec_load only" },
	{ "fast", 0, OPT_FAST, NULL, GROUP_HOW, .flag = KX_REQ_FAST, .yields_to = 'f',
	  .help = "unpack kernel and initrd now, not after the jump;\n"
		  "with kexec_load, unless the machine permits -s only" },
	{ "diet", 0, OPT_DIET, NULL, GROUP_HOW, .flag = KX_REQ_DIET,
	  .help = "--fast, and kernel modules that this machine does not use are\n"
		  "left out of the initial ramdisk" },
	{ "cache", 0, OPT_CACHE, "DIR", GROUP_HOW,
	  .help = "with --fast: keep there what was unpacked, for the next time" },
	{ "no-ifdown", 'x', OPT_NO_IFDOWN, NULL, GROUP_HOW,
	  .help = "leave network interfaces up before the jump" },
	{ "no-sync", 'y', OPT_NO_SYNC, NULL, GROUP_HOW, .help = "no sync(2) before the jump" },
	{ "debug", 'd', OPT_DEBUG, NULL, GROUP_HOW, .flag = KX_REQ_KERNEL_DEBUG,
	  .help = "say what is done and why, on standard error and in the kernel log" },

	{ "append", 0, OPT_APPEND, "STRING", GROUP_WHAT, KIND_ANY,
	  .help = "command line of the new kernel" },
	{ "command-line", 0, OPT_APPEND, "STRING", GROUP_WHAT, KIND_ANY,
	  .help = "same as --append" },
	{ "reuse-cmdline", 0, OPT_REUSE_CMDLINE, NULL, GROUP_WHAT, KIND_ANY,
	  .help = "command line of the running kernel, --append after it" },
	{ "initrd", 0, OPT_INITRD, "FILE", GROUP_WHAT, KIND_LINUX,
	  .help = "initial ramdisk; several are joined in the order given" },
	{ "ramdisk", 0, OPT_INITRD, "FILE", GROUP_WHAT, KIND_LINUX, .help = "same as --initrd" },
	{ "reuseinitrd", 0, OPT_REUSEINITRD, NULL, GROUP_WHAT,
	  .help = "initial ramdisk of the running boot; not on x86" },
	{ "dtb", 0, OPT_DTB, "FILE", GROUP_WHAT, KIND_BZIMAGE | KIND_DEVICE_TREE,
	  .help = "device tree blob" },
	{ "module", 0, OPT_MODULE, "\"FILE ARGS\"", GROUP_WHAT, KIND_MULTIBOOT,
	  .help = "multiboot module and its command line; may be repeated" },
	{ "type", 't', OPT_TYPE, "TYPE", GROUP_WHAT,
	  .help = "refuse any other type of image; selects kexec_load" },
	{ "args-elf", 0, OPT_ARGS_ELF, NULL, GROUP_WHAT, KIND_ELF,
	  .help = "ELF image that takes ELF boot notes" },
	{ "args-linux", 0, OPT_ARGS_LINUX, NULL, GROUP_WHAT, KIND_ELF,
	  .help = "ELF image that takes Linux boot parameters" },
	{ "args-none", 0, OPT_ARGS_NONE, NULL, GROUP_WHAT, KIND_ELF,
	  .help = "ELF image that takes no arguments" },
	{ "noefi", 0, OPT_NOEFI, NULL, GROUP_WHAT, KIND_ANY, KX_REQ_NO_EFI,
	  .help = "no EFI runtime services for the new kernel" },
	{ "reuse-video-type", 0, OPT_REUSE_VIDEO_TYPE, NULL, GROUP_WHAT, KIND_ANY,
	  KX_REQ_REUSE_VIDEO, .help = "video type as it was at boot, whatever drives it now" },
	{ "pass-memmap-cmdline", 0, OPT_PASS_MEMMAP_CMDLINE, NULL, GROUP_WHAT, KIND_ANY,
	  KX_REQ_MEMMAP_CMDLINE, .help = "crash kernel: memory map as memmap= words" },
	{ "hotplug", 0, OPT_HOTPLUG, NULL, GROUP_WHAT, .flag = KX_REQ_HOTPLUG,
	  .help = "crash kernel: stays valid when processors or memory change" },
	{ "elf32-core-headers", 0, OPT_CORE_HEADERS, NULL, GROUP_WHAT, .help = "no effect" },
	{ "elf64-core-headers", 0, OPT_CORE_HEADERS, NULL, GROUP_WHAT, .help = "no effect" },

	{ "no-checks", 'i', OPT_NO_CHECKS, NULL, GROUP_WHERE, .flag = KX_REQ_NO_DIGEST,
	  .help = "do not check the segments before the jump; selects kexec_load" },
	{ "mem-min", 0, OPT_MEM_MIN, "ADDRESS", GROUP_WHERE,
	  .help = "lowest address to load to; selects kexec_load" },
	{ "mem-max", 0, OPT_MEM_MAX, "ADDRESS", GROUP_WHERE,
	  .help = "highest address to load to; selects kexec_load" },
	{ "entry", 0, OPT_ENTRY, "ADDRESS", GROUP_WHERE, .flag = 0,
	  .help = "entry point instead of the image's own; selects kexec_load" },
	{ "real-mode", 0, OPT_REAL_MODE, NULL, GROUP_WHERE, KIND_BZIMAGE | KIND_BZIMAGE64,
	  KX_REQ_REAL_MODE, .help = "enter a bzImage in real mode; selects kexec_load" },
	{ "entry-32bit", 0, OPT_ENTRY_32BIT, NULL, GROUP_WHERE, KIND_BZIMAGE | KIND_BZIMAGE64,
	  KX_REQ_ENTRY_32BIT, .help = "enter a bzImage in 32-bit mode; selects kexec_load" },
	{ "no-cma", 0, OPT_NO_CMA, NULL, GROUP_WHERE, .flag = KX_REQ_NO_CMA, .yields_to = 'i',
	  .help = "kexec_file_load: keep segments out of CMA" },
	{ "force-dtb", 0, OPT_FORCE_DTB, NULL, GROUP_WHERE, .flag = KX_REQ_FORCE_DTB,
	  .yields_to = 'f', .help = "kexec_file_load: hand the device tree on" },

	{ "reset-vga", 0, OPT_RESET_VGA, NULL, GROUP_CONSOLE, .flag = KX_REQ_RESET_VGA,
	  .help = "set the VGA to text mode" },
	{ "console-vga", 0, OPT_CONSOLE_VGA, NULL, GROUP_CONSOLE, .flag = KX_REQ_CONSOLE_VGA,
	  .help = "report on the VGA text screen" },
	{ "console-serial", 0, OPT_CONSOLE_SERIAL, NULL, GROUP_CONSOLE,
	  .flag = KX_REQ_CONSOLE_SERIAL, .help = "report on the serial port" },
	{ "serial", 0, OPT_SERIAL, "PORT", GROUP_CONSOLE, .help = "ttyS0, ttyS1 or 0xPORT" },
	{ "serial-baud", 0, OPT_SERIAL_BAUD, "RATE", GROUP_CONSOLE,
	  .help = "9600 to 115200; default: as it is" },

	{ "dry-run", 0, OPT_DRY_RUN, NULL, GROUP_LOOK,
	  .help = "print what would be done, change nothing" },
	{ "json", 0, OPT_JSON, NULL, GROUP_LOOK, .help = "with --dry-run: for programs" },
	{ "root", 0, OPT_ROOT, "DIR", GROUP_LOOK,
	  .help = "with --dry-run or -S: read everything below DIR" },
};
const size_t n_opt_rows = sizeof(opt_rows) / sizeof(opt_rows[0]);

const char *opt_name(enum opt opt)
{
	size_t i = 0;

	while (opt_rows[i].opt != opt)
		i++;
	return opt_rows[i].name;
}

_printf_(3, 4) static void complain(struct options *o, int exit_status, const char *fmt, ...)
{
	va_list ap;

	if (o->error[0])
		return;
	o->error_exit = exit_status;
	va_start(ap, fmt);
	(void)vsnprintf(o->error, sizeof(o->error), fmt, ap);
	va_end(ap);
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

static void set_address(struct options *o, enum opt opt, const char *value, uint64_t *ret)
{
	if (!number(value, 0, ret))
		complain(o, EXIT_USAGE, "Bad option value in --%s=%s", opt_name(opt), value);
}

static void set_serial(struct options *o, const char *value)
{
	uint64_t port = 0;

	if (strcmp(value, "ttyS0") == 0)
		o->serial_port = 0x3f8;
	else if (strcmp(value, "ttyS1") == 0)
		o->serial_port = 0x2f8;
	else if (strncmp(value, "0x", 2) == 0 && number(value, 16, &port) && port < 0x10000)
		o->serial_port = (uint32_t)port;
	else
		complain(o, EXIT_FAILED, "Bad serial port base '%s'", value);
}

/* The clock of a PC's UART is divided down from 115200. */
static void set_baud(struct options *o, const char *value)
{
	uint64_t rate = 0;

	if (!number(value, 0, &rate) || rate < 9600 || rate > 115200 || 115200 % rate)
		complain(o, EXIT_FAILED, "Bad serial port baud rate '%s'", value);
	else
		o->serial_baud = (uint32_t)rate;
}

static bool is_action(enum opt opt)
{
	return opt >= OPT_LOAD && opt <= OPT_EXEC_LIVE_UPDATE;
}

static void set_value(struct options *o, enum opt opt, const char *value)
{
	switch ((int)opt) {
	case OPT_ROOT:
		o->root = value;
		break;
	case OPT_APPEND:
		o->append = value;
		break;
	case OPT_INITRD:
		o->initrds[o->n_initrds++] = value;
		break;
	case OPT_MODULE:
		o->modules[o->n_modules++] = value;
		break;
	case OPT_CACHE:
		o->cache = value;
		break;
	case OPT_DTB:
		o->dtb = value;
		break;
	case OPT_TYPE:
		o->type = value;
		break;
	case OPT_MEM_MIN:
		set_address(o, opt, value, &o->mem_min);
		break;
	case OPT_MEM_MAX:
		set_address(o, opt, value, &o->mem_max);
		break;
	case OPT_ENTRY:
		set_address(o, opt, value, &o->entry);
		break;
	case OPT_SERIAL:
		set_serial(o, value);
		break;
	case OPT_SERIAL_BAUD:
		set_baud(o, value);
		break;
	}
}

/* Of these the last one on the line counts. */
static void set_choice(struct options *o, enum opt opt)
{
	static const struct {
		enum opt opt;
		enum kx_way way;
	} ways[] = { { OPT_SYSCALL_AUTO, KX_WAY_AUTO },
		     { OPT_FILE_SYSCALL, KX_WAY_FILE },
		     { OPT_SYSCALL, KX_WAY_SEGMENTS } };
	static const struct {
		enum opt opt;
		enum kx_args args;
	} styles[] = { { OPT_ARGS_ELF, KX_ARGS_ELF },
		       { OPT_ARGS_LINUX, KX_ARGS_LINUX },
		       { OPT_ARGS_NONE, KX_ARGS_NONE } };

	for (size_t i = 0; i < 3; i++) {
		if (ways[i].opt == opt)
			o->way = ways[i].way;
		if (styles[i].opt == opt)
			o->args = styles[i].args;
	}
}

static void apply(struct options *o, const struct opt_row *row, const char *value)
{
	o->given |= UINT64_C(1) << row->opt;
	o->flags |= row->flag;
	if (is_action(row->opt))
		o->actions[o->n_actions++] = row->opt;
	if (row->arg)
		set_value(o, row->opt, value);
	set_choice(o, row->opt);
	if (row->opt == OPT_HELP || row->opt == OPT_VERSION || row->opt == OPT_PRINT_CKR_SIZE)
		o->immediate = row->opt;
}

#define VAL_LONG 0x100 /* above every letter: val of long options without one, plus their meaning */

/* getopt_long() said '?': the words of the C library's message, with a hint on the same line. */
static void complain_unknown(struct options *o, char **argv, int index, int letter)
{
	const char *word = argv[index - 1];
	size_t name_n, n = 0;

	if (letter > 0 && letter < 256) {
		for (size_t i = 0; i < n_opt_rows; i++)
			n += opt_rows[i].letter == letter;
		if (n == 0 || letter == '?') {
			complain(o, EXIT_USAGE, "%s: invalid option -- '%c', try --help", argv[0],
				 letter);
			return;
		}
	}
	if (letter) {
		complain(o, EXIT_USAGE, "%s: option '%.*s' doesn't allow an argument, try --help",
			 argv[0], (int)strcspn(word, "="), word);
		return;
	}
	name_n = strcspn(word, "=");
	for (size_t i = 0; i < n_opt_rows; i++)
		n += name_n > 2 && strncmp(opt_rows[i].name, word + 2, name_n - 2) == 0;
	complain(o, EXIT_USAGE,
		 n > 1 ? "%s: option '%s' is ambiguous, try --help"
		       : "%s: unrecognized option '%s', try --help",
		 argv[0], word);
}

static void complain_missing(struct options *o, char **argv, int index, int letter)
{
	if (letter < VAL_LONG && argv[index - 1][1] != '-')
		complain(o, EXIT_USAGE, "%s: option requires an argument -- '%c', try --help",
			 argv[0], letter);
	else
		complain(o, EXIT_USAGE, "%s: option '%s' requires an argument, try --help", argv[0],
			 argv[index - 1]);
}

static int row_val(const struct opt_row *row)
{
	if (row->yields_to)
		return row->yields_to;
	return row->letter ? row->letter : VAL_LONG + (int)row->opt;
}

/* getopt_long() returns letters of the table only. */
static const struct opt_row *row_of_letter(int letter)
{
	size_t i = 0;

	while (opt_rows[i].letter != letter)
		i++;
	return &opt_rows[i];
}

/* ":" first: tell a missing value from an unknown option. */
static void make_getopt_tables(struct option *longs, char *shorts)
{
	*shorts++ = ':';
	for (size_t i = 0; i < n_opt_rows; i++) {
		const struct opt_row *row = &opt_rows[i];

		longs[i] = (struct option){ row->name, row->arg ? required_argument : no_argument,
					    NULL, row_val(row) };
		if (row->letter)
			*shorts++ = row->letter;
		if (row->letter && row->arg)
			*shorts++ = ':';
	}
	longs[n_opt_rows] = (struct option){ 0 };
	*shorts = '\0';
}

static void parse_words(int argc, char **argv, struct options *o)
{
	struct option longs[sizeof(opt_rows) / sizeof(opt_rows[0]) + 1];
	char shorts[2 * sizeof(opt_rows) / sizeof(opt_rows[0]) + 2];
	int index = -1, c;

	make_getopt_tables(longs, shorts);
	opterr = 0;
	optind = 0; /* the GNU way to start over: one process may parse twice */
	while ((c = getopt_long(argc, argv, shorts, longs, &index)) != -1) {
		if (c == '?')
			complain_unknown(o, argv, optind, optopt);
		else if (c == ':')
			complain_missing(o, argv, optind, optopt);
		else
			apply(o, index >= 0 ? &opt_rows[index] : row_of_letter(c), optarg);
		index = -1;
		/* After a mistake only -S is of interest: it decides about the exit status. */
		if (o->error[0])
			o->immediate = OPT_MAX_;
		else if (o->immediate != OPT_MAX_)
			return;
	}
	if (optind < argc)
		o->kernel = argv[optind];
}

int options_parse(int argc, char **argv, struct options *ret)
{
	size_t n = (size_t)argc;
	struct options o = { .immediate = OPT_MAX_, .mem_max = UINT64_MAX };

	o.actions = calloc(n, sizeof(*o.actions));
	o.initrds = calloc(n, sizeof(*o.initrds));
	o.modules = calloc(n, sizeof(*o.modules));
	if (!o.actions || !o.initrds || !o.modules) {
		options_done(&o);
		return -ENOMEM;
	}

	parse_words(argc, argv, &o);
	*ret = o;
	return 0;
}

void options_done(struct options *options)
{
	free(options->actions);
	free(options->initrds);
	free(options->modules);
	*options = (struct options){ 0 };
}
