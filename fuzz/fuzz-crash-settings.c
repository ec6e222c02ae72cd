// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a machine is configured to load for a crash. The input is the text of the files below, each ended by the
 * byte 0x1c; a file without text is not there. The kernels and ramdisks that may be found are empty.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crash/crash.h"
#include "fuzz/inside.h"
#include "sys/sys.h"

enum { SEPARATOR = 0x1c };

static const char *const texts[] = {
	"etc/rapidreboot.conf", "etc/default/kdump-tools",
	"etc/sysconfig/kdump",	"etc/kdump.conf",
	"proc/cmdline",		"proc/cpuinfo",
};
enum { N_TEXTS = sizeof(texts) / sizeof(texts[0]), KEPT_MAX = 65536 };

static const char *const directories[] = {
	"etc",	"etc/default", "etc/sysconfig", "proc",		 "proc/sys", "proc/sys/kernel",
	"boot", "var",	       "var/lib",	"var/lib/kdump",
};
static const char *const others[] = {
	"boot/vmlinuz-6.1.0-9-amd64",
	"boot/initrd.img-6.1.0-9-amd64",
	"boot/initramfs-6.1.0-9-amd64kdump.img",
	"boot/initrd-6.1.0-9-amd64-kdump",
	"boot/vmlinuz",
	"var/lib/kdump/initrd.img-6.1.0-9-amd64",
	"var/lib/kdump/initrd",
};

/* Choosing touches nothing of a machine: no call is there. */
struct sys *sys_machine(void)
{
	static struct sys none;

	return &none;
}

static void put(int root, const char *path, struct bytes text)
{
	int fd;

	if (!text.n) {
		(void)unlinkat(root, path, 0);
		return;
	}
	fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
	close(fd);
}

/* Most inputs differ in one file from the one before; writing takes longer than reading. */
static void put_if_new(int root, size_t i, struct bytes text)
{
	static uint8_t kept[N_TEXTS][KEPT_MAX];
	static size_t n_kept[N_TEXTS];

	if (n_kept[i] && text.n == n_kept[i] && memcmp(text.p, kept[i], text.n) == 0)
		return;
	put(root, texts[i], text);
	n_kept[i] = text.n <= KEPT_MAX ? text.n : 0;
	if (n_kept[i])
		memcpy(kept[i], text.p, text.n);
}

static char top[64]; /* one directory for the whole run */

static void remove_all(void)
{
	int root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < N_TEXTS; i++)
		(void)unlinkat(root, texts[i], 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		(void)unlinkat(root, others[i], 0);
	(void)unlinkat(root, "proc/sys/kernel/osrelease", 0);
	for (size_t i = sizeof(directories) / sizeof(directories[0]); i-- > 0;)
		(void)unlinkat(root, directories[i], AT_REMOVEDIR);
	close(root);
	(void)rmdir(top);
}

static int root_open(void)
{
	static const char release[] = "6.1.0-9-amd64\n", machine[] = "x";
	int root;

	/* a file system in memory where there is one: files are made and removed all the time */
	(void)snprintf(top, sizeof(top), "%s/fuzz-crash-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(top) != NULL && atexit(remove_all) == 0);
	root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(root >= 0);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		must(mkdirat(root, directories[i], 0755) == 0);
	put(root, "proc/sys/kernel/osrelease",
	    (struct bytes){ (const uint8_t *)release, sizeof(release) - 1 });
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		put(root, others[i], (struct bytes){ (const uint8_t *)machine, 1 });
	return root;
}

static void choose(int root, struct kx_ctx *ctx, const struct crash_settings *settings)
{
	_cleanup_crash_choice_ struct crash_choice choice = { 0 };
	struct kx_error err = { 0 };
	int r = crash_choose(ctx, root, "x86_64", settings, &choice, &err);

	if (r < 0) {
		must(*err.message && !choice.kernel && !choice.initrd && !choice.cmdline);
		return;
	}
	must(choice.kernel && *choice.kernel && choice.cmdline);
	must(!strchr(choice.cmdline, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kx_ctx *ctx;
	static int root = -1;
	_cleanup_crash_settings_ struct crash_settings settings = { 0 };
	_cleanup_config_ struct config config = { 0 };
	const struct kx_ctx_opts opts = { .size = sizeof(opts), .root = top };
	struct bytes rest = { data, size };
	struct kx_error err = { 0 };
	int r;

	if (root < 0) {
		root = root_open();
		must(kx_ctx_new(&opts, &ctx, NULL) == 0);
	}
	for (size_t i = 0; i < N_TEXTS; i++) {
		const uint8_t *end = rest.n ? memchr(rest.p, SEPARATOR, rest.n) : NULL;
		const size_t n = end ? (size_t)(end - rest.p) : rest.n;

		put_if_new(root, i, (struct bytes){ rest.p, n });
		rest = end ? (struct bytes){ end + 1, rest.n - n - 1 } : (struct bytes){ NULL, 0 };
	}
	if (config_read(root, &config, NULL) < 0)
		return 0;
	r = crash_settings_read(root, &config, &settings, &err);
	if (r < 0) {
		must(*err.message && err.code == r);
		return 0;
	}
	must(settings.file || settings.source == CRASH_OWN);
	choose(root, ctx, &settings);
	return 0;
}
