/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The program of the capture initramfs. Its first process sets the place up, starts another one that
 * saves, and watches it; whatever becomes of that, the machine comes back.
 */

#include <stdatomic.h>

#include "capture/job.h"

/* What both processes see. */
struct progress {
	_Atomic uint64_t beat; /* grows as long as something is done */
	_Atomic size_t target; /* that is used */
	atomic_bool has_log, has_dump;
};

/* The job's own data. */
struct saving {
	struct progress *progress;
	int core_fd; /* /proc/vmcore */
	/* of a target in use */
	struct capture_store *store; /* mounted.c */
	struct ssh *ssh;	     /* ssh.c */
};

/* setup.c: mounts /proc, /sys and /dev, and has the console for standard output. 0 or a negative errno. */
_must_check_ int setup_places(void);
/* Loads one module; that it is loaded or built in already is no failure. 0 or a negative errno. */
_must_check_ int setup_module(const char *name);

/* job.c: loads modules, and saves on the targets from @first on; an exit status. */
int job_run(const struct capture_settings *settings, struct progress *progress, size_t first);
/* Something was done: who waits for that long does nothing wrong. */
void beat(const struct capture_job *j);

/* mounted.c: a file system that is mounted at MOUNT_PLACE: on a disk of this machine, or of an NFS server */
extern const struct capture_way disk_way, nfs_way;
#define MOUNT_PLACE "/target"
/* nfs.c: sets the network up, mounts, and makes sure by nfs_check() that the server is the one of the settings. 0 or
 * a negative errno with a sentence; then nothing is mounted. */
_must_check_ int nfs_mount(struct capture_job *j, const struct capture_target *t,
			   struct kx_error *err);
_must_check_ int nfs_check(const struct capture_target *t, struct kx_error *err);
/* ssh.c: a directory of another machine */
extern const struct capture_way ssh_way;

/* network.c: sets the card up, and waits for its cable up to @wait_s seconds. 0 or a negative errno with a
 * sentence. */
_must_check_ int network_up(const struct capture_job *j, const struct capture_network *network,
			    unsigned wait_s, struct kx_error *err);

/* "rapidreboot: [seconds since the start of this kernel] …" on the console */
void say(const char *fmt, ...) _printf_(1, 2);
uint64_t uptime_ms(void);
