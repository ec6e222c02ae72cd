// SPDX-License-Identifier: GPL-2.0-or-later
/* Mounts the directory of an NFS server, by mount(2) alone: nothing of nfs-utils is there. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/open.h"
#include "capture/nfs.h"
#include "cli/capture/capture.h"

enum {
	MOUNTS_MAX = 1 << 20,
	MOUNT_S = 120, /* for all ways: Linux asks a server that is silent again and again */
};

int nfs_check(const struct capture_target *t, struct kx_error *err)
{
	_cleanup_free_ uint8_t *mounts = NULL, *stats = NULL;
	struct bytes mountinfo, mountstats;
	int r = read_file_in(ROOT_HERE, "/proc/self/mountinfo", MOUNTS_MAX, &mounts, &mountinfo.n);

	if (r == 0)
		r = read_file_in(ROOT_HERE, "/proc/self/mountstats", MOUNTS_MAX, &stats,
				 &mountstats.n);
	if (r < 0)
		return kx_fail(err, r, "%s: cannot find out which machine was mounted: %s", t->nfs,
			       strerror(-r));
	mountinfo.p = mounts;
	mountstats.p = stats;
	return capture_nfs_check(mountinfo, mountstats, MOUNT_PLACE, t->network.to, err);
}

/* 0, or a negative errno of the last way. */
static int mount_one(const struct capture_target *t)
{
	int r = -EINVAL;

	for (unsigned way = 0; way < NFS_WAYS; way++) {
		_cleanup_free_ char *options = NULL;

		r = capture_nfs_options(&t->network, way, &options);
		if (r < 0)
			return r;
		r = mount(t->nfs, MOUNT_PLACE, "nfs4", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) <
				    0
			    ? -errno
			    : 0;
		if (r == 0)
			say("%s is mounted: %s", t->nfs, options);
		if (r == 0 || !capture_nfs_next(-r))
			break;
	}
	return r;
}

/* Errors of the kernel's own (524, for example) do not fit into an exit status. */
static int status_of(int error)
{
	return error <= UINT8_MAX ? error : EIO;
}

/* In a process of its own, which can be left behind. */
static int mount_in_time(const struct capture_job *j, const struct capture_target *t)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	const uint64_t end = uptime_ms() + MOUNT_S * UINT64_C(1000);
	const pid_t pid = fork();
	int status = 0;
	pid_t r;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(status_of(-mount_one(t)));
	while ((r = waitpid(pid, &status, WNOHANG)) == 0 && uptime_ms() < end) {
		beat(j);
		(void)nanosleep(&pause, NULL);
	}
	if (r == 0)
		(void)kill(pid, SIGKILL);
	return r == pid && WIFEXITED(status) ? -WEXITSTATUS(status) : -ETIMEDOUT;
}

int nfs_mount(struct capture_job *j, const struct capture_target *t, struct kx_error *err)
{
	int r = network_up(j, &t->network, j->settings->wait_s, err);

	if (r < 0)
		return r;
	r = mount_in_time(j, t);
	if (r < 0)
		return kx_fail(err, r, "%s (%s): cannot mount it by NFS 4: %s", t->nfs,
			       t->network.to, strerror(-r));
	r = nfs_check(t, err);
	if (r < 0)
		(void)umount2(MOUNT_PLACE, MNT_DETACH);
	return r;
}
