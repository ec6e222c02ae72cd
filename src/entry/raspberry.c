// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * config.txt of the Raspberry Pi's firmware: bytes in, struct out. Source: Raspberry Pi
 * documentation, config.txt, "Boot options" and "Conditional filters".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "entry/raspberry.h"
#include "entry/read.h"

/* Sections for boards, and how the name of such a board begins. */
static const struct {
	const char *section, *model;
} boards[] = {
	{ "pi0", "Raspberry Pi Zero" },
	{ "pi0w", "Raspberry Pi Zero W" },
	{ "pi0w", "Raspberry Pi Zero 2 W" },
	{ "pi02", "Raspberry Pi Zero 2 W" },
	{ "pi1", "Raspberry Pi Model" },
	{ "pi1", "Raspberry Pi Compute Module Rev" },
	{ "pi2", "Raspberry Pi 2" },
	{ "pi3", "Raspberry Pi 3" },
	{ "pi3", "Raspberry Pi Compute Module 3" },
	{ "pi3+", "Raspberry Pi 3 Model A Plus" },
	{ "pi3+", "Raspberry Pi 3 Model B Plus" },
	{ "pi4", "Raspberry Pi 4" }, /* and 400 */
	{ "pi4", "Raspberry Pi Compute Module 4" },
	{ "pi400", "Raspberry Pi 400" },
	{ "cm4", "Raspberry Pi Compute Module 4 " },
	{ "cm4s", "Raspberry Pi Compute Module 4S" },
	{ "pi5", "Raspberry Pi 5" }, /* and 500 */
	{ "pi5", "Raspberry Pi Compute Module 5" },
	{ "pi500", "Raspberry Pi 500" },
	{ "cm5", "Raspberry Pi Compute Module 5" },
};

static bool has_model(const char *model, const char *start)
{
	return model && strncmp(model, start, strlen(start)) == 0;
}

/* Which sections hold now: "[pi4]" replaces "[pi3]", "[all]" begins anew, those of different kinds hold
 * together. */
struct filter {
	bool board, other;
	bool is_unknown; /* @other depends on a monitor, a pin, a serial number */
};

static void take_section(struct filter *f, struct bytes name, const char *model)
{
	bool is_board = false, holds = false;

	if (bytes_is_nocase(name, "all")) {
		*f = (struct filter){ true, true, false };
		return;
	}
	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++)
		if (bytes_is_nocase(name, boards[i].section)) {
			is_board = true;
			holds |= has_model(model, boards[i].model);
		}
	if (is_board) {
		f->board = holds;
		return;
	}
	/* "none" never holds, "tryboot" not in the boot that comes next by itself */
	f->is_unknown |= !bytes_is_nocase(name, "none") && !bytes_is_nocase(name, "tryboot");
	f->other = false;
}

/* Does a line say what is started? */
static bool is_of_start(struct bytes line)
{
	static const char *const keys[] = { "kernel",	 "cmdline",	   "ramfsfile",
					    "os_prefix", "auto_initramfs", "arm_64bit" };
	const uint8_t *assign = memchr(line.p, '=', line.n);

	if (bytes_starts(line, "initramfs ") || bytes_starts(line, "include "))
		return true;
	for (size_t i = 0; assign && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (bytes_is(bytes_trim((struct bytes){ line.p, (size_t)(assign - line.p) }),
			     keys[i]))
			return true;
	return false;
}

static int take_setting(struct raspberry_conf *conf, struct bytes key, struct bytes value)
{
	if (bytes_is(key, "kernel"))
		return bytes_set(&conf->kernel, value);
	if (bytes_is(key, "cmdline"))
		return bytes_set(&conf->cmdline_file, value);
	if (bytes_is(key, "ramfsfile"))
		return bytes_set(&conf->initramfs, value);
	if (bytes_is(key, "os_prefix"))
		return bytes_set(&conf->prefix, value);
	if (bytes_is(key, "auto_initramfs"))
		conf->picks_initramfs = bytes_is(value, "1");
	if (bytes_is(key, "arm_64bit"))
		conf->is_64bit = bytes_is(value, "1");
	return 0;
}

static int take_line(struct raspberry_conf *conf, struct filter *f, struct bytes line,
		     const char *model)
{
	const uint8_t *assign;
	size_t n;

	if (line.p[0] == '[' && line.p[line.n - 1] == ']') {
		take_section(f, (struct bytes){ line.p + 1, line.n - 2 }, model);
		return 0;
	}
	if (f->board && (f->is_unknown || bytes_starts(line, "include ")))
		conf->is_partial |= is_of_start(line);
	if (!f->board || !f->other)
		return 0;
	/* The only setting without "=": initramfs FILE followkernel */
	if (bytes_starts(line, "initramfs ")) {
		(void)bytes_word(&line);
		return bytes_set(&conf->initramfs, bytes_word(&line));
	}
	assign = memchr(line.p, '=', line.n);
	n = assign ? (size_t)(assign - line.p) : line.n;
	if (!assign)
		return 0;
	return take_setting(conf, bytes_trim((struct bytes){ line.p, n }),
			    bytes_trim((struct bytes){ assign + 1, line.n - n - 1 }));
}

int raspberry_parse(struct bytes file, const char *model, struct raspberry_conf *ret)
{
	struct raspberry_conf conf = { .is_64bit = -1 };
	struct filter filter = { true, true, false };
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next_said(&lines, &line))
		r = take_line(&conf, &filter, line, model);
	if (r < 0)
		raspberry_conf_done(&conf);
	else
		*ret = conf;
	return r;
}

void raspberry_conf_done(struct raspberry_conf *conf)
{
	free(conf->kernel);
	free(conf->cmdline_file);
	free(conf->initramfs);
	free(conf->prefix);
	*conf = (struct raspberry_conf){ 0 };
}

const char *const *raspberry_kernels(const char *machine, const char *model, int is_64bit)
{
	static const char *const pi5[] = { "kernel_2712.img", "kernel8.img", NULL };
	static const char *const wide[] = { "kernel8.img", NULL };
	static const char *const pi4[] = { "kernel7l.img", "kernel7.img", "kernel.img", NULL };
	static const char *const v7[] = { "kernel7.img", "kernel.img", NULL };
	static const char *const v6[] = { "kernel.img", NULL };

	if (has_model(model, "Raspberry Pi 5") || has_model(model, "Raspberry Pi Compute Module 5"))
		return pi5;
	if (is_64bit == 1 || (is_64bit < 0 && machine && strcmp(machine, "aarch64") == 0))
		return wide;
	if (has_model(model, "Raspberry Pi 4") || has_model(model, "Raspberry Pi Compute Module 4"))
		return pi4;
	return machine && strcmp(machine, "armv6l") == 0 ? v6 : v7;
}

int raspberry_initramfs(const char *kernel, char **ret)
{
	size_t n = strlen(kernel);

	if (strncmp(kernel, "kernel", 6) != 0 || n < 10 || strcmp(kernel + n - 4, ".img") != 0)
		return -EINVAL;
	return format(ret, "initramfs%.*s", (int)(n - 10), kernel + 6);
}
