// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/lib-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/image-make.h"
#include "tests/unit/vmlinux-payload.h"

static void keep_log(void *data, enum kx_log_level level, const char *line)
{
	struct fixture *f = data;
	const size_t n = strlen(f->log);

	(void)level;
	(void)snprintf(f->log + n, sizeof(f->log) - n, "%s\n", line);
}

static int fake_load(struct sys *sys, uint64_t entry, size_t n, const struct sys_segment *segments,
		     uint64_t flags)
{
	struct fixture *f = (struct fixture *)sys;
	size_t largest = 0;

	(void)entry;
	(void)flags;
	f->n_loads++;
	for (size_t i = 0; i < n; i++)
		if (segments[i].buf_n > segments[largest].buf_n)
			largest = i;
	f->given_n = segments[largest].buf_n; /* tests make the initial ramdisk the largest */
	assert_true(f->given_n <= GIVEN_MAX);
	if (f->keeps_given)
		memcpy(f->given, segments[largest].buf, f->given_n);
	return f->load_result;
}

/* The kernel reads files from their beginning, and regular ones only: fs/kernel_read_file.c. */
static int fake_file_load(struct sys *sys, int kernel_fd, int initrd_fd, size_t cmdline_n,
			  const char *cmdline, uint64_t flags)
{
	struct fixture *f = (struct fixture *)sys;
	struct stat st;

	(void)cmdline_n;
	(void)cmdline;
	f->n_loads++;
	assert_int_equal(fstat(kernel_fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	f->given_n = 0;
	if (!(flags & SYS_KEXEC_FILE_NO_INITRAMFS)) {
		assert_int_equal(fstat(initrd_fd, &st), 0);
		assert_true(S_ISREG(st.st_mode));
		f->given_n = (size_t)st.st_size;
		assert_true(f->given_n <= GIVEN_MAX);
	}
	if (f->keeps_given && f->given_n)
		assert_int_equal(pread(initrd_fd, f->given, f->given_n, 0), f->given_n);
	return f->load_result;
}

static int fake_random(struct sys *sys, void *buf, size_t n)
{
	(void)sys;
	memset(buf, 0x5a, n);
	return 0;
}

static bool fake_has_boot(struct sys *sys)
{
	(void)sys;
	return true;
}

static void fake_sleep(struct sys *sys, unsigned ms)
{
	(void)sys;
	(void)ms;
}

static uint64_t fake_number(struct sys *sys)
{
	(void)sys;
	return 0;
}

/* Protocol 2.15 with a payload that unpacks. */
static void put_kernel(const struct root *root)
{
	uint8_t payload[VMLINUX_PAYLOAD_MAX], b[BZ_N + VMLINUX_PAYLOAD_MAX] = { 0 };
	const struct bytes packed = vmlinux_payload(payload);
	size_t n = (16 + packed.n + 15) / 16 * 16;

	(void)make_bzimage(b);
	put(b, 0x1f4, 4, n / 16);
	put(b, 0x24c, 4, packed.n);
	memset(b + BZ_SETUP_N, 0, n);
	memcpy(b + BZ_SETUP_N + 16, packed.p, packed.n);
	root_put_bytes(root, "/boot/kernel", b, BZ_SETUP_N + n);
	root_put_bytes(root, "/boot/cut", b, BZ_SETUP_N + 8);
}

/* gnu.org/software/grub/manual/multiboot: magic, flags, checksum, within the first 8 KiB. */
static void put_guest(const struct root *root)
{
	uint8_t b[ELF_N];

	(void)make_elf(b, false);
	put(b, 0x1c0, 4, 0x1badb002);
	put(b, 0x1c4, 4, 0);
	put(b, 0x1c8, 4, -(uint32_t)0x1badb002);
	root_put_bytes(root, "/boot/guest.elf", b, sizeof(b));
	(void)make_elf(b, true);
	put_segment(b, true, 0,
		    (struct made_segment){ 1, ELF_DATA, 0x80000000, 0x80000000, 16, 16 });
	root_put_bytes(root, "/boot/high.elf", b, sizeof(b));
}

static void put_files(const struct root *root)
{
	root_put(root, "/proc/iomem",
		 "00001000-0009fbff : System RAM\n00100000-3fffffff : System RAM\n");
	root_put(root, "/proc/cmdline", "quiet\n");
	root_put(root, "/proc/cpuinfo", "processor : 0\nflags\t\t: fpu sse4_2\n");
	root_put(root, "/proc/sys/kernel/random/boot_id", "0b7b6f0c-4f25-4b3a-9d5e-0123456789ab\n");
	root_put(root, "/run/here", "");
	put_kernel(root);
	put_guest(root);
	root_put(root, "/boot/initrd", "first");
	root_put(root, "/boot/second", "second");
	root_put(root, "/boot/module", "module");
	root_put(root, "/boot/empty", "");
	root_put(root, "/boot/grub/grub.cfg",
		 "menuentry 'One' { linux /boot/kernel quiet\n initrd /boot/initrd\n}\n");
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct kx_ctx_opts opts = { .size = sizeof(opts), .log = keep_log, .log_data = f };

	assert_non_null(f);
	f->sys = (struct sys){ .kexec_load = fake_load,
			       .kexec_file_load = fake_file_load,
			       .random = fake_random,
			       .has_boot_capability = fake_has_boot,
			       .boottime_ms = fake_number,
			       .sleep_ms = fake_sleep,
			       .tsc_khz = fake_number,
			       .tsc = fake_number };
	root_new(&f->root);
	put_files(&f->root);
	opts.root = f->root.path;
	assert_int_equal(kx_ctx_new(&opts, &f->ctx, NULL), 0);
	f->ctx->sys = &f->sys;
	f->ctx->captured = false; /* it may load: into the table above */
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	kx_ctx_free(f->ctx);
	root_free(&f->root);
	free(f);
	return 0;
}

const char *fixture_path(const struct fixture *f, const char *path, char full[256])
{
	(void)snprintf(full, 256, "%s%s", f->root.path, path);
	return full;
}

int fixture_open(const struct fixture *f, const char *path)
{
	char full[256];
	const int fd = open(fixture_path(f, path, full), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

struct kx_image *fixture_kernel(struct fixture *f, const char *path)
{
	struct kx_image *image = NULL;
	struct kx_error err = { 0 };

	if (kx_image_open(f->ctx, path, NULL, &image, &err) < 0)
		fail_msg("%s", err.message);
	return image;
}

struct feeder feeder_start(const void *p, size_t n)
{
	struct feeder feeder = { .fd = -1 };
	const uint8_t *at = p;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	feeder.pid = fork();
	assert_true(feeder.pid >= 0);
	if (feeder.pid == 0) {
		close(ends[0]);
		while (n) {
			const ssize_t put = write(ends[1], at, n);

			if (put <= 0)
				_exit(1);
			at += put;
			n -= (size_t)put;
		}
		_exit(0);
	}
	close(ends[1]);
	feeder.fd = ends[0];
	return feeder;
}

void feeder_done(struct feeder *feeder)
{
	close(feeder->fd);
	(void)waitpid(feeder->pid, NULL, 0);
	*feeder = (struct feeder){ .fd = -1 };
}
