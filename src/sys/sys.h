/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A table of all operations that change the machine, and of queries that need a system call. One
 * table for the real kernel (sys/linux.c), one that records calls (tests/fake/sys-machine.c),
 * chosen at link time. All return 0 or a negative errno, never -1 + errno. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* struct kexec_segment of include/uapi/linux/kexec.h, as kexec_load(2) takes it. */
struct sys_segment {
	const void *buf;
	size_t buf_n;
	uint64_t mem;
	size_t mem_n;
};

/* include/uapi/linux/kexec.h */
#define SYS_KEXEC_ON_CRASH 0x1u
#define SYS_KEXEC_PRESERVE_CONTEXT 0x2u
#define SYS_KEXEC_UPDATE_ELFCOREHDR 0x4u
#define SYS_KEXEC_CRASH_HOTPLUG_SUPPORT 0x8u
#define SYS_KEXEC_FILE_UNLOAD 0x1u
#define SYS_KEXEC_FILE_ON_CRASH 0x2u
#define SYS_KEXEC_FILE_NO_INITRAMFS 0x4u
#define SYS_KEXEC_FILE_DEBUG 0x8u   /* 6.8 */
#define SYS_KEXEC_FILE_NO_CMA 0x10u /* 6.17 */
#define SYS_KEXEC_FILE_FORCE_DTB 0x20u

/* Bytes of an interface's name with its NUL: IFNAMSIZ of linux/if.h. */
#define SYS_INTERFACE_NAME 16

struct sys_pages;

/* One partition, as the table of its disk has it. */
struct sys_partition {
	char uuid[40]; /* PARTUUID, in small letters */
	char type[40]; /* a GUID in small letters; "0xef" in a table of DOS */
	char fs[16]; /* what file system is on it, as mount(8) calls it; "" when that is not known */
	char device[64]; /* "/dev/sda1" */
};

struct sys {
	/* Directory that the machine's own files are read from; NULL for "/". Only tests set it. */
	const char *root;
	int (*kexec_load)(struct sys *, uint64_t entry, size_t n, const struct sys_segment *,
			  uint64_t flags);
	/* @cmdline_n counts the NUL; descriptors -1 for none */
	int (*kexec_file_load)(struct sys *, int kernel_fd, int initrd_fd, size_t cmdline_n,
			       const char *cmdline, uint64_t flags);
	/* reboot(2) with LINUX_REBOOT_CMD_KEXEC: returns on failure only */
	int (*reboot_kexec)(struct sys *);
	/* The same with LINUX_REBOOT_CMD_RESTART */
	int (*reboot_cold)(struct sys *);
	void (*sync)(struct sys *);
	/* Names of the network interfaces of this namespace that are up and go down before a
	 * jump: all but lo and aliases. One block, released with free(3). */
	int (*interfaces_up)(struct sys *, char (**ret_names)[SYS_INTERFACE_NAME], size_t *ret_n);
	int (*interface_set)(struct sys *, const char *name, bool up);
	/* Fills @buf from the kernel's pool; -EAGAIN while that is not initialised. */
	int (*random)(struct sys *, void *buf, size_t n);
	bool (*has_boot_capability)(struct sys *);
	/* What is left of the kernel's log of this boot: lines with level and time, as syslog(2) has them.
	 * Released with free(3). */
	int (*kernel_log)(struct sys *, uint8_t **ret, size_t *ret_n);
	/* Waits between two attempts. */
	void (*sleep_ms)(struct sys *, unsigned ms);
	/* Time-stamp counter: its rate in kHz as processor or hypervisor tell it, and its value;
	 * 0 when unknown. */
	uint64_t (*tsc_khz)(struct sys *);
	uint64_t (*tsc)(struct sys *);
	/* CLOCK_BOOTTIME and CLOCK_REALTIME in milliseconds */
	uint64_t (*boottime_ms)(struct sys *);
	uint64_t (*realtime_ms)(struct sys *);
	/* kill(2) */
	int (*signal)(struct sys *, int pid, int signal);
	/* umount2(2), never through a symbolic link at the end of @dir */
	int (*unmount)(struct sys *, const char *dir);
	int (*remount_read_only)(struct sys *, const char *dir);
	/* CLOCK_BOOTTIME in microseconds; CLOCK_MONOTONIC_RAW, which nobody corrects, in nanoseconds */
	uint64_t (*boottime_us)(struct sys *);
	uint64_t (*raw_ns)(struct sys *);
	/* Partitions of the disk that has the one with this PARTUUID; -ENOENT. One block, released with
	 * free(3). */
	int (*partitions)(struct sys *, const char *uuid, struct sys_partition **ret,
			  size_t *ret_n);
	/* Mounts @device for reading, nowhere: a descriptor, and when that and what was opened below it is
	 * closed the file system is unmounted. @option is one of the file system's own, or NULL. Nobody
	 * else sees it, and devices, programs and setuid bits on it have no effect. -ENOSYS before Linux
	 * 5.2. */
	int (*mount_apart)(struct sys *, const char *device, const char *type, const char *option);
	/* Huge pages (sys/pages.h); NULL where they cannot be had. */
	const struct sys_pages *pages;
};

/* The table of the machine this runs on. */
struct sys *sys_machine(void);
