// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/process.h"
#include "tests/unit/fake-machine.h"
#include "tests/unit/image-make.h"

/* Programs of process 1, those beside them as their packages install them, and our scripts where this init
 * runs them (integration/). */
static const struct {
	const char *name, *exe, *programs[3], *load_script, *jump_script;
} inits[] = {
	{ "systemd", "/usr/lib/systemd/systemd", { "/usr/bin/systemctl", "/usr/sbin/shutdown" } },
	{ "sysvinit",
	  "/sbin/init",
	  { "/sbin/shutdown", "/sbin/reboot" },
	  "/etc/rc6.d/K01rapidreboot-load",
	  "/etc/rc6.d/K09rapidreboot-jump" },
	{ "runit",
	  "/usr/sbin/runit",
	  { "/usr/sbin/runit-init", "/sbin/shutdown" },
	  "/etc/runit/shutdown.d/05-rapidreboot-load.sh",
	  "/etc/runit/shutdown.d/95-rapidreboot-jump.sh" },
	{ "", "/sbin/none-such", { NULL } },
};

static void full_path(const struct fake_machine *m, const char *path, char full[512])
{
	(void)snprintf(full, 512, "%s%s", m->root.path, path);
}

static void keep_sentence(void *data, enum tell kind, const char *sentence)
{
	struct fake_machine *m = data;
	const size_t n = strlen(m->told);

	(void)kind;
	(void)snprintf(m->told + n, sizeof(m->told) - n, "%s\n", sentence);
}

/* The context of a running system opens files by their names outside of the root, checks look inside. */
static void put_twice(struct fake_machine *m, const char *full, const void *p, size_t n)
{
	root_put_bytes(&m->root, full + strlen(m->root.path), p, n);
	root_put_bytes(&m->root, full, p, n);
}

static void put_kernel(struct fake_machine *m, unsigned char last)
{
	uint8_t b[BZ_N];

	(void)make_bzimage(b);
	b[BZ_N - 1] = last;
	put_twice(m, m->kernel, b, BZ_N);
}

/* As packages do it: a new file takes the place of the old one. The clock of the file system is too coarse
 * to tell two versions written in place within some milliseconds. */
void fake_replace_kernel(struct fake_machine *m, unsigned char last)
{
	char full[512], inside[1024], old[1024];

	(void)snprintf(full, sizeof(full), "%s", m->kernel);
	(void)snprintf(m->kernel, sizeof(m->kernel), "%.500s.new", full);
	put_kernel(m, last);
	assert_int_equal(rename(m->kernel, full), 0);
	(void)snprintf(inside, sizeof(inside), "%s%s", m->root.path, m->kernel);
	(void)snprintf(old, sizeof(old), "%s%s", m->root.path, full);
	assert_int_equal(rename(inside, old), 0);
	(void)snprintf(m->kernel, sizeof(m->kernel), "%s", full);
}

/* One archive member by cpio(5), new ASCII format: an empty file. Returns where the next one begins. */
static size_t put_member(char *b, size_t at, const char *name)
{
	const int n =
		sprintf(b + at, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", 1,
			0100644, 0, 0, 1, 0, 0, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0, name);

	return at + ((size_t)n + 1 + 3) / 4 * 4;
}

static void put_initrd(struct fake_machine *m)
{
	char b[1024] = { 0 };
	size_t n = put_member(b, 0, "init");

	n = put_member(b, n, "TRAILER!!!");
	put_twice(m, m->initrd, b, n);
}

void fake_put_menu(struct fake_machine *m, const char *first, const char *root)
{
	char text[4096];

	(void)snprintf(text, sizeof(text),
		       "set default=0\n"
		       "menuentry '%s' {\n linux %s root=%s ro\n initrd %s\n}\n"
		       "menuentry 'Second' {\n linux %s root=/dev/sda2 ro\n initrd %s\n}\n"
		       "menuentry 'Windows' {\n chainloader +1\n}\n",
		       first, m->kernel, root, m->initrd, m->kernel, m->initrd);
	fake_put(m, "/boot/grub/grub.cfg", text);
}

static void put_files(struct fake_machine *m)
{
	static const struct {
		const char *path, *text;
	} files[] = {
		{ "/proc/iomem",
		  "00001000-0009fbff : System RAM\n00100000-3fffffff : System RAM\n" },
		{ "/proc/cpuinfo", "processor : 0\nflags\t\t: fpu sse4_2\n" },
		{ "/proc/cmdline", "root=/dev/sda1 ro\n" },
		{ "/proc/sys/kernel/arch", "x86_64\n" },
		{ "/proc/sys/kernel/osrelease", "6.1.0-9\n" },
		{ "/proc/sys/kernel/random/boot_id", MACHINE_BOOT_ID "\n" },
		{ "/proc/sys/kernel/kexec_load_disabled", "0\n" },
		{ "/proc/self/mountinfo", "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n" },
		{ "/proc/self/status", "CapEff:\t000001ffffffffff\n" },
		{ "/sys/kernel/kexec_loaded", "0\n" },
		{ "/sys/kernel/kexec_crash_loaded", "0\n" },
		{ "/lib/modules/6.1.0-50-cloud-amd64/modules.dep", "" }, /* as image-make.h */
		{ "/run/.keep", "" },
		{ "/var/lib/.keep", "" },
		{ "/tmp/.keep", "" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		root_put(&m->root, files[i].path, files[i].text);
	root_link(&m->root, "/proc/self/ns/pid", "pid:[4026531836]");
	root_link(&m->root, "/proc/self/ns/user", "user:[4026531837]");
	root_link(&m->root, "/proc/self/exe", "/usr/sbin/rapidreboot");
	fake_put_program(m, "/usr/sbin/rapidreboot");
	put_initrd(m);
	put_kernel(m, 0);
	fake_put_menu(m, "First", "/dev/sda1");
}

static void put_init(struct fake_machine *m, const char *init)
{
	for (size_t i = 0; i < sizeof(inits) / sizeof(inits[0]); i++) {
		if (strcmp(inits[i].name, init) != 0)
			continue;
		root_link(&m->root, "/proc/1/exe", inits[i].exe);
		for (size_t k = 0; inits[i].programs[k]; k++)
			fake_put_program(m, inits[i].programs[k]);
		if (!inits[i].load_script)
			continue;
		root_put_program(&m->root, inits[i].load_script,
				 "/usr/sbin/rapidreboot hook load\n");
		root_put_program(&m->root, inits[i].jump_script,
				 "/usr/sbin/rapidreboot hook jump\n");
	}
	if (strcmp(init, "systemd") == 0)
		root_put(&m->root, "/run/systemd/system/.keep", "");
}

void fake_new(struct fake_machine *m, const char *init)
{
	static const char *const settings[] = { "FAKE_ERRORS", "FAKE_EXITS", "FAKE_OUTPUT",
						"FAKE_ASLEEP", "FAKE_TSC",   "FAKE_TSC_KHZ" };
	const struct teller teller = { keep_sentence, m };
	struct kx_error err = { 0 };
	char log[512];

	*m = (struct fake_machine){ .rb = { .machine = -1, .system = -1 } };
	root_new(&m->root);
	full_path(m, "/boot/vmlinuz", m->kernel);
	full_path(m, "/boot/initrd.img", m->initrd);
	put_files(m);
	put_init(m, init);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		assert_int_equal(unsetenv(settings[i]), 0);
	full_path(m, "/log", log);
	assert_int_equal(setenv("FAKE_LOG", log, 1), 0);
	assert_int_equal(setenv("FAKE_ROOT", m->root.path, 1), 0);
	fake_set_time(MACHINE_BOOTTIME_MS);
	if (reboot_open(&m->rb, sys_machine(), &teller, NULL, &err) != REASON_NONE)
		fail_msg("%s", err.message);
}

void fake_free(struct fake_machine *m)
{
	reboot_close(&m->rb);
	root_free(&m->root);
}

void fake_put(struct fake_machine *m, const char *path, const char *text)
{
	root_put(&m->root, path, text);
}

void fake_put_program(struct fake_machine *m, const char *path)
{
	root_put_program(&m->root, path, "#!/bin/false\n");
}

void fake_remove(struct fake_machine *m, const char *path)
{
	char full[512];

	full_path(m, path, full);
	assert_int_equal(unlink(full), 0);
}

bool fake_has(struct fake_machine *m, const char *path)
{
	char full[512];

	full_path(m, path, full);
	return access(full, F_OK) == 0;
}

const char *fake_read(struct fake_machine *m, const char *path)
{
	static char text[16384];
	char full[512];
	FILE *f;
	size_t n = 0;

	full_path(m, path, full);
	f = fopen(full, "re");
	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		assert_int_equal(fclose(f), 0);
	}
	text[n] = '\0';
	return text;
}

void fake_set_time(uint64_t ms)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)ms);
	assert_int_equal(setenv("FAKE_BOOTTIME", text, 1), 0);
}

/* The name of a call of the log without its arguments, and whichever of the two system calls it was: that
 * is for the library to choose. NULL for lines that describe the one before. */
static const char *short_name(char *line)
{
	const char *flags = strstr(line, " flags=");

	if (strncmp(line, "segment[", 8) == 0 || strncmp(line, "entry=", 6) == 0)
		return NULL;
	if (strncmp(line, "kexec_file_load", 15) == 0) /* flag 1: KEXEC_FILE_UNLOAD */
		return flags && strtoul(flags + 7, NULL, 0) & 1 ? "unload" : "load";
	if (strncmp(line, "kexec_load", 10) == 0)
		return strstr(line, " n=0 ") ? "unload" : "load";
	return line;
}

const char *fake_calls(struct fake_machine *m)
{
	char line[1024], full[512];
	FILE *f;

	m->calls[0] = '\0';
	full_path(m, "/log", full);
	f = fopen(full, "re");
	while (f && fgets(line, sizeof(line), f)) {
		const size_t n = strlen(m->calls);
		const char *name;

		line[strcspn(line, "\n")] = '\0';
		name = short_name(line);
		if (name)
			(void)snprintf(m->calls + n, sizeof(m->calls) - n, "%s%s", n ? "; " : "",
				       name);
	}
	if (f) {
		assert_int_equal(fclose(f), 0);
		assert_int_equal(unlink(full), 0);
	}
	return m->calls;
}

void fake_assert_calls(struct fake_machine *m, const char *what, size_t i, const char *expected)
{
	const char *calls = fake_calls(m);

	if (strcmp(calls, expected) != 0)
		fail_msg("%s, row %zu: \"%s\", expected \"%s\"\n%s", what, i, calls, expected,
			 m->told);
}
