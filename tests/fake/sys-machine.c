// SPDX-License-Identifier: LGPL-2.1-or-later

/* A machine that only writes down each call. Linked in place of
 * sys/linux.c and handover/shutdown.c, so that the real commands run unchanged on top of it.
 *
 *   FAKE_ROOT        directory that stands for "/": state files are read there and follow what
 *                    the calls do to them
 *   FAKE_LOG         file that a line per call is appended to
 *   FAKE_ERRORS      "call=errno[,…]" of the calls that fail: file_load file_unload load unload
 *                    reboot cold shutdown interfaces signal unmount remount random, or the name
 *                    of an interface or of a directory that stays mounted
 *   FAKE_RAISE       "call=signal[,…]": signals that come while a call is made: of FAKE_ERRORS,
 *                    "sleep", or the last component of a program
 *   FAKE_SHORTENS    "call=path": a file that is one page long from that call on
 *   FAKE_DROPS       "call=errno": the first such call fails after the crash kernel that was loaded has
 *                    been freed, as kexec_file_load(2) does it
 *   FAKE_TELLS_DUMP  set: a line says with each call whether a core dump would be written
 *   FAKE_INTERFACES  "eth0,eth1": interfaces that are up
 *   FAKE_NO_BOOT_CAPABILITY  set: the caller may not load or jump
 *   FAKE_EXITS       "systemctl=1[,…]" exit statuses of programs, by last component
 *   FAKE_OUTPUT      what a program prints whose output is read; FAKE_OUTPUT_WORD the same of a
 *                    program whose last argument is WORD
 *   FAKE_DOES_WORD   a command of the shell that is run when the program WORD is
 *   FAKE_INIT_STAYS  set: BusyBox init takes the order of its program reboot and does not begin
 *   FAKE_KERNEL_LOG  file with the text of the kernel's log; without it nobody may read that
 *   FAKE_BOOTTIME    milliseconds since the boot
 *   FAKE_HANGS       set: whoever asks for the time since the boot waits for ever
 *   FAKE_STUBBORN    set: processes end by SIGKILL only
 *   FAKE_TSC         time-stamp counter; FAKE_TSC_KHZ its rate, 0 when nothing tells it
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "handover/shutdown.h"
#include "sys/process.h"

_printf_(1, 2) static void record(const char *fmt, ...)
{
	const char *path = getenv("FAKE_LOG");
	FILE *f = path ? fopen(path, "ae") : NULL;
	va_list ap;

	if (!f)
		abort();
	va_start(ap, fmt);
	(void)vfprintf(f, fmt, ap);
	va_end(ap);
	fputc('\n', f);
	if (fclose(f) != 0)
		abort();
}

/* The number of @name in "name=number,…", 0 when it is not there. */
static int number_of(const char *p, const char *name)
{
	size_t n = strlen(name);

	while (p && *p) {
		if (strncmp(p, name, n) == 0 && p[n] == '=')
			return atoi(p + n + 1);
		p = strchrnul(p, ',');
		p += *p == ',';
	}
	return 0;
}

/* As when somebody else sends it: the same signal once. */
static void raise_during(const char *call)
{
	const int signal = number_of(getenv("FAKE_RAISE"), call);

	if (signal && raise(signal) != 0)
		abort();
}

static void shorten_during(const char *call)
{
	const char *p = getenv("FAKE_SHORTENS");
	const size_t n = strlen(call);

	if (p && strncmp(p, call, n) == 0 && p[n] == '=' && truncate(p + n + 1, 4096) < 0)
		abort();
}

static bool drops(const char *call)
{
	static bool has_dropped;

	if (has_dropped || !number_of(getenv("FAKE_DROPS"), call))
		return false;
	return has_dropped = true;
}

/* The answer to @call: 0, or the negative errno that FAKE_ERRORS gives it. */
static int answer(const char *call)
{
	raise_during(call);
	shorten_during(call);
	if (getenv("FAKE_TELLS_DUMP"))
		record("dumpable %d", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	return -number_of(getenv("FAKE_ERRORS"), call);
}

/* The file in sysfs, where the fake root has it, in both of its places. */
static void set_loaded(bool crash, bool loaded)
{
	const char *names[] = { crash ? "kexec_crash_loaded" : "kexec_loaded",
				crash ? "kexec/crash_loaded" : "kexec/loaded" };

	for (size_t i = 0; i < 2; i++) {
		char path[4096];
		int fd;

		(void)snprintf(path, sizeof(path), "%s/sys/kernel/%s",
			       getenv("FAKE_ROOT") ?: "/nonexistent", names[i]);
		fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (write(fd, loaded ? "1\n" : "0\n", 2) != 2)
			abort();
		fd_close(fd);
	}
}

static int fake_load(struct sys *sys, uint64_t entry, size_t n, const struct sys_segment *segments,
		     uint64_t flags)
{
	int r = answer(n ? "load" : "unload");

	record("kexec_load n=%zu flags=0x%llx", n, (unsigned long long)flags);
	for (size_t i = 0; i < n; i++)
		record("segment[%zu] bufsz=0x%zx mem=0x%llx memsz=0x%zx", i, segments[i].buf_n,
		       (unsigned long long)segments[i].mem, segments[i].mem_n);
	if (n)
		record("entry=0x%llx", (unsigned long long)entry);
	if (r == 0)
		set_loaded(flags & SYS_KEXEC_ON_CRASH, n != 0);
	return r;
}

static long long size_of(int fd)
{
	struct stat st;

	if (fd < 0)
		return -1;
	return fstat(fd, &st) == 0 ? (long long)st.st_size : -2;
}

static int fake_file_load(struct sys *sys, int kernel_fd, int initrd_fd, size_t cmdline_n,
			  const char *cmdline, uint64_t flags)
{
	bool unload = flags & SYS_KEXEC_FILE_UNLOAD;
	int r = answer(unload ? "file_unload" : "file_load");

	if (flags & SYS_KEXEC_FILE_ON_CRASH && !unload && drops("file_load")) {
		set_loaded(true, false);
		r = -number_of(getenv("FAKE_DROPS"), "file_load");
	}
	/* as the kernel does: the length counts a NUL that is there */
	if (cmdline_n && cmdline[cmdline_n - 1])
		abort();
	record("kexec_file_load kernel=%lld initrd=%lld cmdline=\"%s\" flags=0x%llx",
	       size_of(kernel_fd), size_of(initrd_fd), cmdline ? cmdline : "",
	       (unsigned long long)flags);
	/* Unknown flags come before anything else; FAKE_FLAGS says which are known. */
	if (getenv("FAKE_FLAGS") && flags & ~strtoull(getenv("FAKE_FLAGS"), NULL, 0))
		return -EINVAL;
	if (r == 0)
		set_loaded(flags & SYS_KEXEC_FILE_ON_CRASH, !unload);
	return r;
}

/* A jump with nothing loaded: a real kernel fails with EINVAL; the log shows it, so that a test
 * fails. */
static bool is_empty(struct sys *sys)
{
	char path[4096], c = '1';
	int fd;

	(void)snprintf(path, sizeof(path), "%s/sys/kernel/kexec_loaded",
		       sys->root ?: "/nonexistent");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &c, 1) < 0)
		abort();
	fd_close(fd);
	return c == '0';
}

static int fake_reboot(struct sys *sys)
{
	int r = answer("reboot");

	record(is_empty(sys) ? "reboot WITHOUT AN IMAGE" : "reboot");
	if (r == 0)
		_exit(0); /* the machine is gone */
	return r;
}

static int fake_reboot_cold(struct sys *sys)
{
	int r = answer("cold");

	record("reboot cold");
	if (r == 0)
		_exit(0); /* the machine is gone */
	return r;
}

/* A process of the machine is its files below /proc. */
static int fake_signal(struct sys *sys, int pid, int signal)
{
	int r = answer("signal");
	char path[4096];

	record("signal %d %d", pid, signal);
	(void)snprintf(path, sizeof(path), "%s/proc/%d/stat", sys->root, pid);
	if (r == 0 && (signal == SIGKILL || (signal == SIGTERM && !getenv("FAKE_STUBBORN"))))
		(void)unlink(path);
	return r;
}

/* Rewrites mountinfo: the line of @dir goes, or its file system cannot be written to any more. */
static void change_mount(struct sys *sys, const char *dir, bool unmount)
{
	char path[4096], line[4096], at[1024], escaped[1024] = "", *table = NULL;
	size_t n_table = 0;
	FILE *out = open_memstream(&table, &n_table), *f;

	for (size_t n = 0; *dir && n + 5 < sizeof(escaped); dir++)
		n += (size_t)sprintf(escaped + n, *dir == ' ' ? "\\040" : "%c", *dir);

	(void)snprintf(path, sizeof(path), "%s/proc/self/mountinfo", sys->root);
	f = fopen(path, "re");
	while (f && out && fgets(line, sizeof(line), f)) {
		char *options = strstr(line, " - ");
		bool is_it =
			sscanf(line, "%*s %*s %*s %*s %1023s", at) == 1 && !strcmp(at, escaped);

		if (is_it && unmount)
			continue;
		options = is_it && options ? strstr(options, " rw") : NULL;
		if (options)
			memcpy(options, " ro", 3);
		(void)fputs(line, out);
	}
	if (!f || fclose(f) != 0 || !out || fclose(out) != 0)
		abort();
	f = fopen(path, "we");
	if (!f || fwrite(table, 1, n_table, f) != n_table || fclose(f) != 0)
		abort();
	free(table);
}

static int fake_unmount(struct sys *sys, const char *dir)
{
	int r = answer(dir) ? answer(dir) : answer("unmount");

	record("unmount %s", dir);
	if (r == 0)
		change_mount(sys, dir, true);
	return r;
}

static int fake_remount_read_only(struct sys *sys, const char *dir)
{
	int r = answer("remount");

	record("read-only %s", dir);
	if (r == 0)
		change_mount(sys, dir, false);
	return r;
}

void process_shield(struct sys *sys)
{
	record("shield");
}

static void fake_sync(struct sys *sys)
{
	record("sync");
}

static int fake_interfaces_up(struct sys *sys, char (**ret_names)[SYS_INTERFACE_NAME],
			      size_t *ret_n)
{
	const char *p = getenv("FAKE_INTERFACES") ?: "";
	char(*names)[SYS_INTERFACE_NAME] = calloc(strlen(p) + 1, sizeof(*names));
	int r = answer("interfaces");
	size_t n = 0;

	if (!names)
		abort();
	while (r == 0 && *p) {
		size_t len = strcspn(p, ",");

		memcpy(names[n++], p, len);
		p += len + (p[len] == ',');
	}
	if (r < 0) {
		free(names);
		return r;
	}
	*ret_names = names;
	*ret_n = n;
	return 0;
}

static int fake_interface_set(struct sys *sys, const char *name, bool up)
{
	record("%s %s", name, up ? "up" : "down");
	return up ? 0 : answer(name);
}

static int fake_random(struct sys *sys, void *buf, size_t n)
{
	memset(buf, 0x5a, n);
	return answer("random");
}

static int fake_kernel_log(struct sys *sys, uint8_t **ret, size_t *ret_n)
{
	const char *path = getenv("FAKE_KERNEL_LOG");

	return path ? read_file_in(ROOT_HERE, path, 16 << 20, ret, ret_n) : -EPERM;
}

static bool fake_has_boot_capability(struct sys *sys)
{
	return !getenv("FAKE_NO_BOOT_CAPABILITY");
}

enum { LONG_SLEEP_MS = 1000 };

static uint64_t slept_ms;

/* Long waits return at once; the clock moves on, and the command of FAKE_ASLEEP is run
 * meanwhile. */
static void fake_sleep_ms(struct sys *sys, unsigned ms)
{
	const char *meanwhile = getenv("FAKE_ASLEEP");

	if (ms < LONG_SLEEP_MS)
		return;
	slept_ms += ms;
	raise_during("sleep");
	if (meanwhile && system(meanwhile) != 0)
		abort();
}

static uint64_t fake_tsc_khz(struct sys *sys)
{
	return strtoull(getenv("FAKE_TSC_KHZ") ?: "0", NULL, 10);
}

static uint64_t fake_tsc(struct sys *sys)
{
	return strtoull(getenv("FAKE_TSC") ?: "0", NULL, 10);
}

/* What the program changes: a command of the shell in FAKE_DOES_PROGRAM. */
static void does(const char *program)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "FAKE_DOES_%s", program);
	if (getenv(name) && system(getenv(name)) != 0)
		abort();
}

static const char *output_of(char *const argv[])
{
	char name[64];
	size_t n = 0;

	while (argv[n + 1])
		n++;
	(void)snprintf(name, sizeof(name), "FAKE_OUTPUT_%s", argv[n]);
	return getenv(name) ?: getenv("FAKE_OUTPUT") ?: "";
}

/* BusyBox init waits for signals no longer, but for its ::shutdown: lines. */
static void init_begins(struct sys *sys)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/proc/1/wchan", sys->root ?: "/nonexistent");
	if (getenv("FAKE_INIT_STAYS") || access(path, F_OK) != 0)
		return;
	f = fopen(path, "we");
	if (!f || fputs("do_wait", f) < 0 || fclose(f) != 0)
		abort();
}

int process_run(struct sys *sys, char *const argv[], const char *setting, char **ret_output)
{
	char line[4096] = "run";
	size_t n = strlen(line);
	int r = answer("run");

	if (setting)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " %s", setting);
	for (size_t i = 0; argv[i]; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " %s", argv[i]);
	record("%s", line);
	if (r < 0)
		return r;
	if (ret_output) {
		*ret_output = strdup(output_of(argv));
		if (!*ret_output)
			abort();
	}
	raise_during(strrchr(argv[0], '/') + 1);
	does(strrchr(argv[0], '/') + 1);
	r = number_of(getenv("FAKE_EXITS"), strrchr(argv[0], '/') + 1);
	/* ended by a signal: that of the way down which it has asked for */
	if ((r == 0 || r > 128) && strcmp(strrchr(argv[0], '/'), "/reboot") == 0)
		init_begins(sys);
	return r;
}

/* Relative to the machine's root, as in its FAKE_EXITS: -1 for a time-out. */
int process_run_quiet(struct sys *sys, char *const argv[], const char *setting, char **ret_output)
{
	return process_run(sys, argv, setting, ret_output);
}

int process_run_limited(struct sys *sys, const char *const argv[], const char *setting,
			unsigned timeout_ms)
{
	const char *name = strrchr(argv[0], '/') + 1;
	int r = number_of(getenv("FAKE_EXITS"), name);

	raise_during(name);
	record("hook %s%s%s %s %s %ums", setting ? setting : "", setting ? " " : "", name, argv[1],
	       argv[2], timeout_ms);
	return r == -1 ? -ETIMEDOUT : r;
}

/* What it reads is a secret: how much of it there is, is recorded. */
int process_run_fed(struct sys *sys, const char *const argv[], const int *input, size_t n_input,
		    unsigned timeout_ms, char **ret_output)
{
	const char *name = strrchr(argv[0], '/') + 1;

	record("run %s %s with %zu secrets", name, argv[1], n_input);
	*ret_output = strdup("");
	if (!*ret_output)
		abort();
	return number_of(getenv("FAKE_EXITS"), name);
}

int process_start(struct sys *sys, char *const argv[])
{
	record("in the background:");
	return process_run(sys, argv, NULL, NULL);
}

static uint64_t fake_boottime_ms(struct sys *sys)
{
	while (getenv("FAKE_HANGS"))
		(void)pause();
	return strtoull(getenv("FAKE_BOOTTIME") ?: "1000000", NULL, 10) + slept_ms;
}

static uint64_t fake_boottime_us(struct sys *sys)
{
	return fake_boottime_ms(sys) * 1000;
}

/* 2026-01-02 03:04:05 UTC */
static uint64_t fake_realtime_ms(struct sys *sys)
{
	return UINT64_C(1767323045000);
}

static uint64_t fake_raw_ns(struct sys *sys)
{
	return fake_boottime_ms(sys) * 1000000;
}

struct sys *sys_machine(void)
{
	static struct sys fake = {
		.kexec_load = fake_load,
		.kexec_file_load = fake_file_load,
		.reboot_kexec = fake_reboot,
		.reboot_cold = fake_reboot_cold,
		.sync = fake_sync,
		.interfaces_up = fake_interfaces_up,
		.interface_set = fake_interface_set,
		.random = fake_random,
		.has_boot_capability = fake_has_boot_capability,
		.kernel_log = fake_kernel_log,
		.sleep_ms = fake_sleep_ms,
		.tsc_khz = fake_tsc_khz,
		.tsc = fake_tsc,
		.boottime_ms = fake_boottime_ms,
		.realtime_ms = fake_realtime_ms,
		.signal = fake_signal,
		.unmount = fake_unmount,
		.remount_read_only = fake_remount_read_only,
		.boottime_us = fake_boottime_us,
		.raw_ns = fake_raw_ns,
	};

	fake.root = getenv("FAKE_ROOT");
	return &fake;
}

int shutdown_reboot(void)
{
	int r = answer("shutdown");

	record("shutdown -r now");
	if (r == 0)
		_exit(0); /* became another program */
	return r;
}
