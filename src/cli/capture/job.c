// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that saves: what capture/job.h needs of this machine. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/io.h"
#include "base/open.h"
#include "capture/store.h"
#include "cli/capture/capture.h"

void beat(const struct capture_job *j)
{
	const struct saving *s = j->own;

	atomic_fetch_add(&s->progress->beat, 1);
}

static void say_line(const struct capture_job *j, const char *sentence)
{
	(void)j;
	say("%s", sentence);
}

static void at_target(const struct capture_job *j, size_t target, bool has_log)
{
	const struct saving *s = j->own;

	atomic_store(&s->progress->target, target);
	if (has_log)
		atomic_store(&s->progress->has_log, true);
	beat(j);
}

/* Where memory is large, long searches read and write nothing else. */
static ssize_t read_core(void *data, uint64_t offset, void *buf, size_t n)
{
	struct capture_job *j = data;
	const struct saving *s = j->own;

	beat(j);
	return read_at(s->core_fd, buf, n, offset);
}

static void load_modules(struct capture_job *j)
{
	const struct names *modules = &j->settings->modules;

	for (size_t i = 0; i < modules->n; i++) {
		int r = setup_module(modules->v[i]);

		/* a processor may lack what a faster variant of a checksum needs */
		if (r < 0)
			say("module %s: %s", modules->v[i], strerror(-r));
		beat(j);
	}
	capture_note_time(j, "modules");
}

static int save(struct capture_job *j, struct progress *progress, size_t first)
{
	const struct vmcore_source source = { read_core, j };
	struct kx_error err = { 0 };
	const struct saving *s = j->own;
	int r = s->core_fd < 0 ? kx_fail(&err, -errno, "%s", strerror(errno))
			       : vmcore_open(&source, &j->core, &err);

	if (r < 0) {
		say("/proc/vmcore: %s", err.message);
		return EXIT_FAILURE;
	}
	vmcore_summarise(j->core, &j->summary);
	j->crashed_at = j->summary.crashed_at ? j->summary.crashed_at : (uint64_t)time(NULL);
	strbuf_addf(&j->notes, "kernel=%s\ncrashed=%llu\n", j->summary.release,
		    (unsigned long long)j->summary.crashed_at);
	say("Linux %s crashed: %s", j->summary.release,
	    j->summary.panic.text[0] ? j->summary.panic.text : "its log does not say why");
	beat(j);
	r = capture_job_save(j, first, atomic_load(&progress->has_log));
	atomic_store(&progress->has_dump, r == 0);
	vmcore_free(j->core);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int job_run(const struct capture_settings *settings, struct progress *progress, size_t first)
{
	_cleanup_close_ int fd = open("/proc/vmcore", O_RDONLY | O_CLOEXEC);
	struct capture_store store = { 0 };
	struct saving saving = { .progress = progress, .core_fd = fd, .store = &store };
	struct capture_job j = {
		.settings = settings,
		.ways = { [CAPTURE_FILE_SYSTEM] = &disk_way,
			  [CAPTURE_SSH] = &ssh_way,
			  [CAPTURE_NFS] = &nfs_way },
		.say = say_line,
		.uptime_ms = uptime_ms,
		.beat = beat,
		.at = at_target,
		.own = &saving,
	};
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	strbuf_add(&j.notes, "by=rapidreboot " VERSION "\n");
	capture_note_time(&j, "started");
	/* when memory runs out this process is what ends, and the first one says so */
	(void)!file_write_in(ROOT_HERE, "/proc/self/oom_score_adj", "1000");
	load_modules(&j);
	r = save(&j, progress, first);
	strbuf_done(&j.notes);
	return r;
}
