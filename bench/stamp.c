/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stamps the clock for the bench, inside the virtual machine.
 *
 * A stamp is the line "<label> <time-stamp counter>\n", written byte by byte to QEMU's debug console
 * (I/O port 0xe9), which costs one instruction a byte and goes to a file on the host. The counter
 * runs on through kexec, so stamps of two kernels are on one scale.
 *
 *   stamp LABEL   stamps
 *   stamp jump    stamps "jump" and starts the loaded kernel with nothing in between
 *   stamp purgatory  hands on what the purgatory of this boot stamped
 *   as /init      stamps "init", hands on the purgatory's stamps and powers off
 */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>

#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fundamental/x86_64/purgatory-abi.h"

#define DEBUG_CONSOLE 0xe9
#define REBOOT_KEXEC 0x45584543 /* LINUX_REBOOT_CMD_KEXEC */

static uint64_t clock_now(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static void put_line(const char *label, uint64_t clock)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%s %" PRIu64 "\n", label, clock);

	for (int i = 0; i < n && i < (int)sizeof(line) - 1; i++)
		outb((unsigned char)line[i], DEBUG_CONSOLE);
}

static size_t read_file(const char *path, void *buf, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, buf, max);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

static void put_purgatory_stamps(const struct stamps *stamps)
{
	static const char *const names[] = {
		[STAMP_PURGATORY_ENTRY] = "purgatory-entry",
		[STAMP_PURGATORY_CHECKED] = "purgatory-checked",
		[STAMP_PURGATORY_EXIT] = "purgatory-exit",
	};

	if (stamps->magic != STAMPS_MAGIC || stamps->n > STAMPS_SLOTS)
		return;
	put_line("tsc-khz", stamps->tsc_khz);
	for (uint32_t i = 0; i < stamps->n; i++) {
		uint64_t id = stamps->slot[i].id;

		if (id < sizeof(names) / sizeof(names[0]) && names[id])
			put_line(names[id], stamps->slot[i].tsc);
	}
}

static void find_purgatory_stamps(void)
{
	char path[128], type[32] = "";
	struct stamps stamps = { 0 };
	glob_t found = { 0 };

	if (glob("/sys/kernel/boot_params/setup_data/*", 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		snprintf(path, sizeof(path), "%s/type", found.gl_pathv[i]);
		if (!read_file(path, type, sizeof(type) - 1) ||
		    strtoul(type, NULL, 0) != STAMPS_SETUP_DATA_TYPE)
			continue;
		snprintf(path, sizeof(path), "%s/data", found.gl_pathv[i]);
		if (read_file(path, &stamps, sizeof(stamps)) == sizeof(stamps))
			put_purgatory_stamps(&stamps);
	}
	globfree(&found);
}

static int run_as_init(uint64_t clock)
{
	put_line("init", clock);
	mkdir("/sys", 0755);
	if (mount("sysfs", "/sys", "sysfs", 0, NULL) == 0)
		find_purgatory_stamps();
	put_line("end", clock_now());
	reboot(RB_POWER_OFF);
	return 1;
}

int main(int argc, char **argv)
{
	uint64_t clock = clock_now();

	if (iopl(3) < 0) {
		fprintf(stderr, "stamp: I/O ports are closed: %s\n", strerror(errno));
		return 1;
	}
	if (getpid() == 1)
		return run_as_init(clock);
	if (argc != 2) {
		fprintf(stderr, "usage: stamp LABEL\n");
		return 2;
	}
	if (strcmp(argv[1], "purgatory") == 0) {
		find_purgatory_stamps();
		return 0;
	}
	if (strcmp(argv[1], "jump") != 0) {
		put_line(argv[1], clock);
		return 0;
	}
	put_line("jump", clock_now());
	syscall(SYS_reboot, 0xfee1dead, 672274793, REBOOT_KEXEC, NULL);
	fprintf(stderr, "stamp: nothing to jump into: %s\n", strerror(errno));
	return 1;
}
