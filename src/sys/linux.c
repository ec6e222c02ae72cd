// SPDX-License-Identifier: LGPL-2.1-or-later
/* struct sys for the running machine. Only this file and pages.c make system calls that change
 * it. */

#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/reboot.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/error.h"
#include "sys/pages.h"
#include "sys/partitions.h"
#include "sys/sys.h"

static_assert(IFNAMSIZ == SYS_INTERFACE_NAME, "names as the kernel cuts them");

static int linux_kexec_load(struct sys *sys, uint64_t entry, size_t n,
			    const struct sys_segment *segments, uint64_t flags)
{
	return syscall(SYS_kexec_load, entry, n, segments, flags) < 0 ? -errno : 0;
}

static int linux_kexec_file_load(struct sys *sys, int kernel_fd, int initrd_fd, size_t cmdline_n,
				 const char *cmdline, uint64_t flags)
{
#ifdef SYS_kexec_file_load
	return syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, cmdline_n, cmdline, flags) < 0
		       ? -errno
		       : 0;
#else
	return -ENOSYS;
#endif
}

static int linux_reboot_kexec(struct sys *sys)
{
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC,
		       NULL) < 0
		       ? -errno
		       : 0;
}

static int linux_reboot_cold(struct sys *sys)
{
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		       LINUX_REBOOT_CMD_RESTART, NULL) < 0
		       ? -errno
		       : 0;
}

static int linux_signal(struct sys *sys, int pid, int signal)
{
	return kill(pid, signal) < 0 ? -errno : 0;
}

static int linux_unmount(struct sys *sys, const char *dir)
{
	return umount2(dir, UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

static int linux_remount_read_only(struct sys *sys, const char *dir)
{
	return mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0 ? -errno : 0;
}

static void linux_sync(struct sys *sys)
{
	sync();
}

static int interface_flags(int fd, const char *name, struct ifreq *ret)
{
	struct ifreq req = { 0 };

	(void)strncpy(req.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &req) < 0)
		return -errno;
	*ret = req;
	return 0;
}

/* The loopback device stays; an alias ("eth0:1") goes down with the device it belongs to. */
static bool is_taken_down(int fd, const char *name)
{
	struct ifreq req;

	return strcmp(name, "lo") != 0 && !strchr(name, ':') &&
	       interface_flags(fd, name, &req) == 0 && (req.ifr_flags & IFF_UP);
}

static int linux_interfaces_up(struct sys *sys, char (**ret_names)[SYS_INTERFACE_NAME],
			       size_t *ret_n)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct if_nameindex *all;
	char(*names)[SYS_INTERFACE_NAME];
	size_t n = 0;

	if (fd < 0)
		return -errno;
	all = if_nameindex();
	if (!all)
		return -errno;
	while (all[n].if_index)
		n++;
	names = calloc(n + 1, sizeof(*names));
	if (!names) {
		if_freenameindex(all);
		return -ENOMEM;
	}
	n = 0;
	for (const struct if_nameindex *i = all; i->if_index; i++)
		if (is_taken_down(fd, i->if_name))
			(void)strncpy(names[n++], i->if_name, SYS_INTERFACE_NAME - 1);
	if_freenameindex(all);
	*ret_names = names;
	*ret_n = n;
	return 0;
}

static int linux_interface_set(struct sys *sys, const char *name, bool up)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req;
	int r;

	if (fd < 0)
		return -errno;
	r = interface_flags(fd, name, &req);
	if (r < 0)
		return r;
	if (up)
		req.ifr_flags |= IFF_UP;
	else
		req.ifr_flags = (short)(req.ifr_flags & ~IFF_UP);
	return ioctl(fd, SIOCSIFFLAGS, &req) < 0 ? -errno : 0;
}

static int linux_random(struct sys *sys, void *buf, size_t n)
{
	ssize_t got = getrandom(buf, n, GRND_NONBLOCK);

	if (got < 0)
		return -errno;
	return (size_t)got == n ? 0 : -EAGAIN;
}

static bool linux_has_boot_capability(struct sys *sys)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return geteuid() == 0;
	return data[CAP_TO_INDEX(CAP_SYS_BOOT)].effective & CAP_TO_MASK(CAP_SYS_BOOT);
}

/* syslog(2); glibc's klogctl() has the numbers without names. */
enum { SYSLOG_ACTION_READ_ALL = 3, SYSLOG_ACTION_SIZE_BUFFER = 10 };

static int linux_kernel_log(struct sys *sys, uint8_t **ret, size_t *ret_n)
{
	const int size = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
	_cleanup_free_ char *text = NULL;
	int n;

	if (size < 0)
		return -errno;
	text = malloc((size_t)size + 1);
	if (!text)
		return -ENOMEM;
	n = klogctl(SYSLOG_ACTION_READ_ALL, text, size);
	if (n < 0)
		return -errno;
	*ret = (uint8_t *)TAKE_PTR(text);
	*ret_n = (size_t)n;
	return 0;
}

static void linux_sleep_ms(struct sys *sys, unsigned ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Rate of the time-stamp counter as the processor states it: Intel SDM volume 2, CPUID leaf 15H; or
 * the hypervisor in leaf 40000010H (VMware's interface, which KVM and others offer too). On arm64 as the firmware
 * states it. */
static uint64_t linux_tsc_khz(struct sys *sys)
{
#if defined(__x86_64__)
	unsigned a, b, c, d;

	if (__get_cpuid_count(0x15, 0, &a, &b, &c, &d) && a && b && c)
		return (uint64_t)c * b / a / 1000;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 31))
		return 0;
	__cpuid(0x40000000, a, b, c, d);
	if (a >= 0x40000010 && a < 0x40010000) {
		__cpuid(0x40000010, a, b, c, d);
		return a;
	}
#elif defined(__aarch64__)
	uint64_t hz;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz / 1000;
#endif
	return 0;
}

static uint64_t linux_tsc(struct sys *sys)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return 0;
#endif
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t linux_boottime_ms(struct sys *sys)
{
	return clock_ns(CLOCK_BOOTTIME) / 1000000;
}

static uint64_t linux_realtime_ms(struct sys *sys)
{
	return clock_ns(CLOCK_REALTIME) / 1000000;
}

static uint64_t linux_boottime_us(struct sys *sys)
{
	return clock_ns(CLOCK_BOOTTIME) / 1000;
}

static uint64_t linux_raw_ns(struct sys *sys)
{
	return clock_ns(CLOCK_MONOTONIC_RAW);
}

struct sys *sys_machine(void)
{
	static struct sys linux_table = {
		.kexec_load = linux_kexec_load,
		.kexec_file_load = linux_kexec_file_load,
		.reboot_kexec = linux_reboot_kexec,
		.reboot_cold = linux_reboot_cold,
		.sync = linux_sync,
		.interfaces_up = linux_interfaces_up,
		.interface_set = linux_interface_set,
		.random = linux_random,
		.has_boot_capability = linux_has_boot_capability,
		.kernel_log = linux_kernel_log,
		.sleep_ms = linux_sleep_ms,
		.tsc_khz = linux_tsc_khz,
		.tsc = linux_tsc,
		.boottime_ms = linux_boottime_ms,
		.realtime_ms = linux_realtime_ms,
		.signal = linux_signal,
		.unmount = linux_unmount,
		.remount_read_only = linux_remount_read_only,
		.boottime_us = linux_boottime_us,
		.raw_ns = linux_raw_ns,
		.partitions = linux_partitions,
		.mount_apart = linux_mount_apart,
		.pages = &linux_pages,
	};

	return &linux_table;
}
