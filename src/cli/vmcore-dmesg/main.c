// SPDX-License-Identifier: GPL-2.0-or-later
/* vmcore-dmesg FILE: print the kernel log that is in a crash dump. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/vmcore-dmesg/vmcore-dmesg.h"

static const char usage[] =
	"Usage: vmcore-dmesg [OPTION]... FILE\n"
	"Print the kernel log in the crash dump FILE: /proc/vmcore or a saved ELF core.\n"
	"\n"
	"  -J, --json         one JSON object a record: seq, time_ns, level, facility,\n"
	"                     caller, subsystem, device, text\n"
	"  -l, --level=LIST   these levels only, as in dmesg(1): err,warn; err+ (and worse);\n"
	"                     +err (and milder)\n"
	"  -h, --help         print this help and exit\n"
	"  -V, --version      print the version and exit\n"
	"\n"
	"Exit status: 0 printed, 1 wrong usage, 2 cannot open FILE, 64 the log is damaged\n"
	"and only a part was printed; other values are listed in vmcore-dmesg(8).\n";

struct args {
	const char *path;
	struct printer printer;
};

/* Returns -1 to go on, else the exit status. */
static int parse_args(int argc, char **argv, struct args *args)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'J' },
		{ "level", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "Jl:hV", options, NULL)) != -1) {
		switch (c) {
		case 'J':
			args->printer.as_json = true;
			break;
		case 'l':
			if (levels_parse(optarg, &args->printer.levels))
				break;
			(void)fprintf(
				stderr,
				"vmcore-dmesg: --level=%s: expected names out of emerg, alert, "
				"crit, err, warn, notice, info and debug, joined by commas\n",
				optarg);
			return EXIT_USAGE;
		case 'h':
			return fputs(usage, stdout) < 0 ? EXIT_OUTPUT : 0;
		case 'V':
			return puts("vmcore-dmesg (rapidreboot) " VERSION) < 0 ? EXIT_OUTPUT : 0;
		default:
			(void)fputs("Try `vmcore-dmesg --help`.\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (argc - optind != 1) {
		(void)fputs(
			"Usage: vmcore-dmesg [OPTION]... FILE\n"
			"FILE is /proc/vmcore or a saved ELF core; see `vmcore-dmesg --help`.\n",
			stderr);
		return EXIT_USAGE;
	}
	args->path = argv[optind];
	return -1;
}

static ssize_t read_fd(void *data, uint64_t offset, void *buf, size_t n)
{
	const int *fd = data;
	size_t done = 0;

	if (offset > INT64_MAX || n > INT64_MAX - offset)
		return 0; /* past the end of any file */
	while (done < n) {
		ssize_t got = pread(*fd, (char *)buf + done, n - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
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

static int run(struct args *args)
{
	_cleanup_(vmcore_freep) struct vmcore *core = NULL;
	_cleanup_close_ int fd = open(args->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct vmcore_source source = { read_fd, &fd };
	struct vmcore_report report;
	struct kx_error err;
	int r;

	if (fd < 0) {
		r = -errno;
		(void)fprintf(stderr, "vmcore-dmesg: cannot open %s: %s%s\n", args->path,
			      strerror(-r),
			      r == -ENOENT && !strcmp(args->path, "/proc/vmcore")
				      ? " (it exists only in a capture kernel, after a crash)"
				      : "");
		return EXIT_OPEN;
	}
	r = vmcore_open(&source, &core, &err);
	if (r == 0)
		r = vmcore_log(core, print_record, &args->printer, &report, &err);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		(void)fprintf(stderr, "vmcore-dmesg: cannot write the log: %s\n", strerror(errno));
		return EXIT_OUTPUT;
	}
	if (r < 0) {
		(void)fprintf(stderr, "vmcore-dmesg: %s: %s\n", args->path, err.message);
		return exit_status(r);
	}
	return judge(args->path, &report);
}

int main(int argc, char **argv)
{
	struct args args = { .printer.levels = LEVELS_ALL };
	int status = parse_args(argc, argv, &args);

	return status >= 0 ? status : run(&args);
}
