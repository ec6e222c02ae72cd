// SPDX-License-Identifier: GPL-2.0-or-later
/* vmcore-dmesg FILE: print the kernel log that is in a crash dump. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "cli/options.h"
#include "cli/plain.h"
#include "cli/protect.h"
#include "cli/vmcore-dmesg/vmcore-dmesg.h"

enum { OUTPUT_BUFFER_N = 64 << 10 };

struct options {
	struct printer printer;
	bool help, version;
};

static bool take_level(void *facts, const struct opt_row *row, const char *value,
		       struct opt_problem *problem)
{
	return levels_parse(value, &((struct options *)facts)->printer.levels);
}

static const struct opt_row rows[] = {
	{ "json", 'J', ROW_FLAG(printer.as_json),
	  .help = "one JSON object a record: seq, time_ns, level, facility,\n"
		  "caller, subsystem, device, text" },
	{ "level", 'l', ROW_TAKE(take_level, "LIST"),
	  .expected = "names out of emerg, alert, crit, err, warn, notice, info and debug, joined "
		      "by commas",
	  .help = "these levels only, as in dmesg(1): err,warn; err+ (and worse);\n"
		  "+err (and milder)" },
	{ "help", 'h', ROW_FLAG(help), .help = "print this help and exit" },
	{ "version", 'V', ROW_FLAG(version), .help = "print the version and exit" },
};

/* --help and --version act at once. */
static bool met(void *facts, const struct opt_row *row, const char *value)
{
	const struct options *o = facts;

	return o->help || o->version;
}

static const struct opt_group groups[] = { { "" }, { NULL } };

static const struct opt_table table = {
	.program = "vmcore-dmesg",
	.usage_status = EXIT_USAGE,
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.groups = groups,
	.met = met,
};

static int print_help(void)
{
	(void)puts(
		"Usage: vmcore-dmesg [OPTION]... FILE\n"
		"Print the kernel log in the crash dump FILE: /proc/vmcore, a saved ELF core, or a\n"
		"dump of makedumpfile.");
	options_print_help(&table, 0, stdout);
	(void)puts(
		"\nExit status: 0 printed, 1 wrong usage, 2 cannot open FILE, 64 the log is damaged\n"
		"and only a part was printed; other values are listed in vmcore-dmesg(8).");
	return fflush(stdout) == EOF || ferror(stdout) ? EXIT_OUTPUT : 0;
}

/* Returns -1 to go on with @ret_path, else the exit status. */
static int parse(int argc, char **argv, struct options *o, const char **ret_path)
{
	struct opt_problem problem;
	int operand, r = options_read(&table, 0, argc, argv, o, &operand, &problem);

	if (r == 0 && o->help)
		return print_help();
	if (r == 0 && o->version)
		return puts("vmcore-dmesg (rapidreboot) " VERSION) < 0 ? EXIT_OUTPUT : 0;
	if (r == 0)
		r = options_operands(&table, 0, argc, argv, operand, 1, &problem);
	if (r == 0 && operand == argc)
		options_complain(&table, 0, &problem,
				 "FILE is missing: /proc/vmcore or a saved dump");
	if (problem.text[0]) {
		plain_printf(stderr, "%s\n", problem.text);
		return problem.status;
	}
	*ret_path = argv[operand];
	return -1;
}

static ssize_t read_core(void *data, uint64_t offset, void *buf, size_t n)
{
	const int *fd = data;

	return read_at(*fd, buf, n, offset);
}

static int exit_status(int r)
{
	switch (r) {
	case -ENOEXEC:
		return EXIT_NOT_A_CORE;
	case -EBADMSG:
		return EXIT_HEADERS;
	case -ENOMSG:
		return EXIT_NO_INFO;
	case -EFAULT:
		return EXIT_ADDRESS;
	case -EOPNOTSUPP:
		return EXIT_FORMAT;
	case -EPROTO:
		return EXIT_DAMAGED;
	default:
		return EXIT_READ;
	}
}

static int judge(const char *path, const struct vmcore_report *report)
{
	if (report->n_unfinished > 0)
		(void)fprintf(stderr,
			      "vmcore-dmesg: %s: %llu record(s) left out, still being written when "
			      "the dump was made\n",
			      path, (unsigned long long)report->n_unfinished);
	if (report->n_lost > 0)
		(void)fprintf(stderr,
			      "vmcore-dmesg: %s: %llu record(s) without text, which the kernel had "
			      "no room for\n",
			      path, (unsigned long long)report->n_lost);
	if (report->n_damaged == 0)
		return 0;
	(void)fprintf(stderr,
		      "vmcore-dmesg: %s: warning: the log is damaged in %llu place(s), %llu "
		      "record(s) could be read; the first: %s\n",
		      path, (unsigned long long)report->n_damaged,
		      (unsigned long long)report->n_records, report->damage.message);
	return EXIT_DAMAGED;
}

static int run(const char *path, struct printer *printer)
{
	_cleanup_(vmcore_freep) struct vmcore *core = NULL;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct vmcore_source source = { read_core, &fd };
	struct vmcore_report report;
	struct kx_error err;
	int r;

	if (fd < 0) {
		r = -errno;
		plain_printf(stderr, "vmcore-dmesg: cannot open %s: %s%s\n", path, strerror(-r),
			     r == -ENOENT && !strcmp(path, "/proc/vmcore")
				     ? " (it exists only in a capture kernel, after a crash)"
				     : "");
		return EXIT_OPEN;
	}
	/* a write(2) for each line is dear on a console, which is where capture kernels print */
	(void)setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER_N);
	r = vmcore_open(&source, &core, &err);
	if (r == 0)
		r = vmcore_log(core, print_record, printer, &report, &err);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		(void)fprintf(stderr, "vmcore-dmesg: cannot write the log: %s\n", strerror(errno));
		return EXIT_OUTPUT;
	}
	if (r < 0) {
		plain_printf(stderr, "vmcore-dmesg: %s: %s\n", path, err.message);
		return exit_status(r);
	}
	return judge(path, &report);
}

int main(int argc, char **argv)
{
	struct options o = { .printer.levels = LEVELS_ALL };
	const char *path;
	int status;

	protect_process(NULL);
	status = parse(argc, argv, &o, &path);

	return status >= 0 ? status : run(path, &o.printer);
}
