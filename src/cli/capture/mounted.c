// SPDX-License-Identifier: GPL-2.0-or-later
/* Saves on a file system that is mounted: of a disk of this machine, or of a server. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/open.h"
#include "capture/save.h"
#include "capture/start.h"
#include "capture/store.h"
#include "capture/target.h"
#include "cli/capture/capture.h"

enum {
	LOOK_AGAIN_MS = 200,
	SPARE = 16 << 20, /* bytes that stay free: the machine has to start again */
};

static struct capture_store *store_of(struct capture_job *j)
{
	const struct saving *s = j->own;

	return s->store;
}

static int wait_for_device(struct capture_job *j, const struct capture_target *t, char **ret)
{
	const uint64_t end = uptime_ms() + j->settings->wait_s * UINT64_C(1000);
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
	int r;

	for (;;) {
		r = capture_device_find(ROOT_HERE, t->uuid, ret);
		beat(j);
		if (r != -ENODEV || uptime_ms() >= end)
			return r;
		(void)nanosleep(&pause, NULL);
	}
}

/* Machines share a directory of a server: each has one of its own in it. */
static int top_of(const struct capture_job *j, const struct capture_target *t, char **ret)
{
	const char *host = j->settings->host ? j->settings->host : "unnamed";
	_cleanup_strbuf_ struct strbuf top = { 0 };

	strbuf_addf(&top, MOUNT_PLACE "%s", strcmp(t->directory, "/") == 0 ? "" : t->directory);
	if (capture_target_kind(t) == CAPTURE_NFS)
		strbuf_addf(&top, "/%s", host);
	return strbuf_take(&top, ret);
}

static void mounted_close(struct capture_job *j, const struct capture_target *t)
{
	(void)t;
	capture_store_done(store_of(j));
	if (umount2(MOUNT_PLACE, 0) < 0) {
		say("cannot unmount: %s", strerror(errno));
		sync();
	}
	beat(j);
}

static int use(struct capture_job *j, const struct capture_target *t, struct kx_error *err)
{
	_cleanup_free_ char *top = NULL;
	int r = top_of(j, t, &top);

	if (r == 0)
		r = capture_store_make(top, j->crashed_at, store_of(j), err);
	if (r < 0)
		mounted_close(j, t);
	return r;
}

static int disk_open(struct capture_job *j, const struct capture_target *t, struct kx_error *err)
{
	_cleanup_free_ char *device = NULL;
	int r = capture_layers_start(j, t, err);

	if (r < 0)
		return r;
	r = wait_for_device(j, t, &device);
	if (r < 0)
		return kx_fail(err, r, "no device has the file system %s (%s): %s", t->uuid,
			       t->type, strerror(-r));
	if (mount(device, MOUNT_PLACE, t->type, MS_NOSUID | MS_NODEV | MS_NOEXEC, t->options) < 0)
		return kx_fail(err, -errno, "%s (%s): cannot mount it: %s", device, t->type,
			       strerror(errno));
	return use(j, t, err);
}

static int nfs_open(struct capture_job *j, const struct capture_target *t, struct kx_error *err)
{
	int r = nfs_mount(j, t, err);

	if (r == 0)
		r = use(j, t, err);
	if (r < 0)
		return r;
	/* the directory may have led to another server */
	r = nfs_check(t, err);
	if (r < 0)
		mounted_close(j, t);
	return r;
}

static int mounted_log(struct capture_job *j, const struct capture_target *t, uint64_t *ret,
		       struct kx_error *err)
{
	const struct capture_file file = { .path = store_of(j)->log };
	struct vmcore_report report;
	int r = capture_save_log(j->core, &file, &report, err);

	(void)t;
	if (r == 0)
		*ret = report.n_records;
	return r;
}

static int mounted_notes(struct capture_job *j, const struct capture_target *t,
			 struct kx_error *err)
{
	int r = capture_store_note(store_of(j), j->notes.s);

	(void)t;
	return r < 0 ? kx_fail(err, r, "cannot write " CAPTURE_NOTES ": %s", strerror(-r)) : 0;
}

static void tell(void *data, uint64_t done, uint64_t all)
{
	beat(data);
	capture_tell_progress(data, done, all);
}

static int mounted_dump(struct capture_job *j, const struct capture_target *t,
			struct dump_counts *ret, struct kx_error *err)
{
	const struct capture_file file = { store_of(j)->dump, SPARE, tell, j };
	struct kx_error why = { 0 };
	struct statvfs st;

	/* a dump that does not become whole belongs to a directory of ours, too */
	if (mounted_notes(j, t, &why) < 0)
		say("%s", why.message);
	if (statvfs(MOUNT_PLACE, &st) == 0)
		say("dump: %llu MiB are free", (unsigned long long)st.f_bavail * st.f_frsize >> 20);
	return capture_save_dump(j->core, &file, j->settings->level,
				 (enum dump_packing)j->settings->packing, ret, err);
}

static void mounted_prune(struct capture_job *j, const struct capture_target *t)
{
	_cleanup_names_ struct names removed = { 0 };
	_cleanup_free_ char *top = NULL;
	struct kx_error err = { 0 };

	if (top_of(j, t, &top) < 0)
		return;
	if (capture_store_prune(top, j->settings->keep, (uint64_t)j->settings->keep_mib << 20,
				&removed, &err) < 0)
		say("%s", err.message);
	for (size_t i = 0; i < removed.n; i++)
		say("removed %s", removed.v[i] + strlen(MOUNT_PLACE));
}

const struct capture_way disk_way = {
	.open = disk_open,
	.save_log = mounted_log,
	.save_dump = mounted_dump,
	.save_notes = mounted_notes,
	.prune = mounted_prune,
	.close = mounted_close,
};

const struct capture_way nfs_way = {
	.open = nfs_open,
	.save_log = mounted_log,
	.save_dump = mounted_dump,
	.save_notes = mounted_notes,
	.prune = mounted_prune,
	.close = mounted_close,
};
