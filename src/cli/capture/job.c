// SPDX-License-Identifier: GPL-2.0-or-later
/* Saves the log and the dump on the first target that can be used. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/io.h"
#include "base/open.h"
#include "capture/save.h"
#include "capture/store.h"
#include "capture/target.h"
#include "cli/capture/capture.h"
#include "vmcore/summary.h"

#define PLACE "/target"

enum {
	LOOK_AGAIN_MS = 200,
	TELL_EVERY_MS = 2000,
	SPARE = 16 << 20, /* bytes that stay free: the machine has to start again */
};

struct job {
	const struct capture_settings *settings;
	struct progress *progress;
	struct vmcore *core;
	struct vmcore_summary summary;
	struct strbuf notes;
	uint64_t told_at; /* milliseconds */
};

static void beat(struct job *j)
{
	atomic_fetch_add(&j->progress->beat, 1);
}

static void note_time(struct job *j, const char *step)
{
	strbuf_addf(&j->notes, "%s-ms=%llu\n", step, (unsigned long long)uptime_ms());
}

static ssize_t read_core(void *data, uint64_t offset, void *buf, size_t n)
{
	const int *fd = data;

	return read_at(*fd, buf, n, offset);
}

static void load_modules(struct job *j)
{
	const struct names *modules = &j->settings->modules;

	for (size_t i = 0; i < modules->n; i++) {
		int r = setup_module(modules->v[i]);

		/* a processor may lack what a faster variant of a checksum needs */
		if (r < 0)
			say("module %s: %s", modules->v[i], strerror(-r));
		beat(j);
	}
	note_time(j, "modules");
}

/* ---- a target */

static int wait_for_device(struct job *j, const struct capture_target *t, char **ret)
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

static int mount_target(struct job *j, const struct capture_target *t)
{
	_cleanup_free_ char *device = NULL;
	int r = wait_for_device(j, t, &device);

	if (r < 0) {
		say("no device has the file system %s (%s): %s", t->uuid, t->type, strerror(-r));
		return r;
	}
	if (mount(device, PLACE, t->type, MS_NOSUID | MS_NODEV | MS_NOEXEC, t->options) < 0) {
		r = -errno;
		say("%s (%s): cannot mount it: %s", device, t->type, strerror(-r));
		return r;
	}
	note_time(j, "mounted");
	return 0;
}

static void tell_progress(void *data, uint64_t done, uint64_t all)
{
	struct job *j = data;
	const uint64_t now = uptime_ms();

	beat(j);
	if (now - j->told_at < TELL_EVERY_MS)
		return;
	j->told_at = now;
	say("dump: %llu of %llu pages", (unsigned long long)done, (unsigned long long)all);
}

static void save_notes(const struct job *j, const struct capture_store *store)
{
	int r = j->notes.failed ? -ENOMEM : capture_store_note(store, j->notes.s);

	if (r < 0)
		say("cannot write " CAPTURE_NOTES ": %s", strerror(-r));
}

static void save_log(struct job *j, const struct capture_store *store)
{
	const struct capture_file file = { .path = store->log };
	struct vmcore_report report;
	struct kx_error err = { 0 };

	if (capture_save_log(j->core, &file, &report, &err) < 0) {
		say("the log is not saved: %s", err.message);
		return;
	}
	atomic_store(&j->progress->has_log, true);
	note_time(j, "log");
	say("log saved: %s, %llu messages", store->log + strlen(PLACE),
	    (unsigned long long)report.n_records);
}

static int save_dump(struct job *j, const struct capture_store *store)
{
	const struct capture_file file = { store->dump, SPARE, tell_progress, j };
	struct dump_counts c;
	struct kx_error err = { 0 };
	struct statvfs st;
	int r;

	if (statvfs(PLACE, &st) == 0)
		say("dump: %llu MiB are free", (unsigned long long)st.f_bavail * st.f_frsize >> 20);
	r = capture_save_dump(j->core, &file, j->settings->level,
			      (enum dump_packing)j->settings->packing, &c, &err);
	if (r < 0) {
		say("the dump is not saved: %s", err.message);
		strbuf_addf(&j->notes, "dump-error=%s\n", err.message);
		return r;
	}
	if (c.missing)
		say("the crashed kernel does not tell what its pages are used for (no %s): only "
		    "pages of zeros are left out",
		    c.missing);
	note_time(j, "dump");
	strbuf_addf(&j->notes, "dump-bytes=%llu\ndump-pages=%llu\n", (unsigned long long)c.n_bytes,
		    (unsigned long long)c.n_kept);
	say("dump saved: %s, %llu MiB", store->dump + strlen(PLACE),
	    (unsigned long long)c.n_bytes >> 20);
	return 0;
}

static void prune(struct job *j, const char *top)
{
	_cleanup_names_ struct names removed = { 0 };
	struct kx_error err = { 0 };

	if (capture_store_prune(top, j->settings->keep, (uint64_t)j->settings->keep_mib << 20,
				&removed, &err) < 0)
		say("%s", err.message);
	for (size_t i = 0; i < removed.n; i++)
		say("removed %s", removed.v[i] + strlen(PLACE));
}

static int save_on(struct job *j, const struct capture_target *t)
{
	const uint64_t at = j->summary.crashed_at ? j->summary.crashed_at : (uint64_t)time(NULL);
	_cleanup_capture_store_ struct capture_store store = { 0 };
	_cleanup_strbuf_ struct strbuf top = { 0 };
	struct kx_error err = { 0 };
	int r;

	strbuf_addf(&top, PLACE "%s", strcmp(t->directory, "/") == 0 ? "" : t->directory);
	r = top.failed ? -ENOMEM : capture_store_make(top.s, at, &store, &err);
	if (r < 0) {
		say("%s", err.message);
		return r;
	}
	save_log(j, &store);
	save_notes(j, &store);
	beat(j);
	r = save_dump(j, &store);
	save_notes(j, &store);
	if (r == 0)
		prune(j, top.s);
	return r;
}

static int use_target(struct job *j, const struct capture_target *t)
{
	int r = mount_target(j, t);

	if (r < 0)
		return r;
	r = save_on(j, t);
	if (umount2(PLACE, 0) < 0) {
		say("cannot unmount: %s", strerror(errno));
		sync();
	}
	beat(j);
	return r;
}

/* ---- all of it */

/* The last way out: what a person sees on the console. */
static void print_last_words(const struct job *j)
{
	const struct vmcore_summary *s = &j->summary;

	if (s->no_log.code)
		say("the log cannot be read: %s", s->no_log.message);
	for (size_t i = 0; i < s->n_tail; i++)
		say("%s", s->tail[(s->first + i) % SUMMARY_TAIL].text);
}

static int save(struct job *j)
{
	const struct capture_settings *s = j->settings;
	int r = -ENODEV;

	for (size_t i = 0; r < 0 && i < s->n_targets; i++) {
		if (i)
			say("trying the next place: %s on %s", s->targets[i].directory,
			    s->targets[i].uuid);
		r = use_target(j, &s->targets[i]);
	}
	if (r < 0 && !atomic_load(&j->progress->has_log)) {
		say("nothing could be saved; the last messages are:");
		print_last_words(j);
	}
	atomic_store(&j->progress->has_dump, r == 0);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int job_run(const struct capture_settings *settings, struct progress *progress)
{
	struct job j = { .settings = settings, .progress = progress };
	_cleanup_close_ int fd = open("/proc/vmcore", O_RDONLY | O_CLOEXEC);
	const struct vmcore_source source = { read_core, &fd };
	struct kx_error err = { 0 };
	int r;

	strbuf_add(&j.notes, "by=rapidreboot " VERSION "\n");
	note_time(&j, "started");
	/* when memory runs out this process is what ends, and the first one says so */
	(void)!file_write_in(ROOT_HERE, "/proc/self/oom_score_adj", "1000");
	load_modules(&j);
	r = fd < 0 ? kx_fail(&err, -errno, "%s", strerror(errno))
		   : vmcore_open(&source, &j.core, &err);
	if (r < 0) {
		say("/proc/vmcore: %s", err.message);
		return EXIT_FAILURE;
	}
	vmcore_summarise(j.core, &j.summary);
	strbuf_addf(&j.notes, "kernel=%s\ncrashed=%llu\n", j.summary.release,
		    (unsigned long long)j.summary.crashed_at);
	say("Linux %s crashed: %s", j.summary.release,
	    j.summary.panic.text[0] ? j.summary.panic.text : "its log does not say why");
	beat(&j);
	r = save(&j);
	vmcore_free(j.core);
	strbuf_done(&j.notes);
	return r;
}
