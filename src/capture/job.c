// SPDX-License-Identifier: LGPL-2.1-or-later
#include "capture/job.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TELL_EVERY_MS = 3000 };

void capture_say(const struct capture_job *j, const char *fmt, ...)
{
	char sentence[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	j->say(j, sentence);
}

void capture_note_time(struct capture_job *j, const char *step)
{
	strbuf_addf(&j->notes, "%s-ms=%llu\n", step, (unsigned long long)j->uptime_ms());
}

void capture_tell_progress(struct capture_job *j, uint64_t done, uint64_t all)
{
	const uint64_t now = j->uptime_ms();

	if (now - j->told_at < TELL_EVERY_MS || all == 0)
		return;
	j->told_at = now;
	capture_say(j, "dump: %u %%, %llu of %llu pages",
		    (unsigned)(done < all ? 100 * done / all : 100), (unsigned long long)done,
		    (unsigned long long)all);
}

static const char *name_of(const struct capture_target *t)
{
	const char *const names[CAPTURE_KINDS] = { t->uuid, t->ssh, t->nfs };

	return names[capture_target_kind(t)];
}

static void save_notes(struct capture_job *j, const struct capture_way *way,
		       const struct capture_target *t)
{
	struct kx_error err = { 0 };
	int r = j->notes.failed ? kx_fail(&err, -ENOMEM, "out of memory")
				: way->save_notes(j, t, &err);

	if (r < 0)
		capture_say(j, "the notes are not saved: %s", err.message);
}

static int save_log(struct capture_job *j, const struct capture_way *way,
		    const struct capture_target *t)
{
	struct kx_error err = { 0 };
	uint64_t n = 0;
	int r = way->save_log(j, t, &n, &err);

	if (r < 0) {
		capture_say(j, "the log is not saved: %s", err.message);
		return r;
	}
	capture_note_time(j, "log");
	capture_say(j, "log saved: %s of %s, %llu messages", t->directory, name_of(t),
		    (unsigned long long)n);
	return 0;
}

static int save_dump(struct capture_job *j, const struct capture_way *way,
		     const struct capture_target *t)
{
	struct dump_counts c = { 0 };
	struct kx_error err = { 0 };
	int r = way->save_dump(j, t, &c, &err);

	if (r < 0) {
		capture_say(j, "the dump is not saved: %s", err.message);
		strbuf_addf(&j->notes, "dump-error=%s\n", err.message);
		return r;
	}
	if (c.missing)
		capture_say(j,
			    "the crashed kernel does not tell what its pages are used for (no %s): "
			    "only pages of zeros are left out",
			    c.missing);
	capture_note_time(j, "dump");
	strbuf_addf(&j->notes, "dump-bytes=%llu\ndump-pages=%llu\n", (unsigned long long)c.n_bytes,
		    (unsigned long long)c.n_kept);
	return 0;
}

/* Log, dump, notes, each whole before the next one is begun. */
static int save_on(struct capture_job *j, const struct capture_way *way,
		   const struct capture_target *t, size_t index, bool *has_log)
{
	int r = save_log(j, way, t);

	if (r == 0)
		*has_log = true;
	j->at(j, index, *has_log);
	if (r == -ETIMEDOUT) /* as the dump would be */
		return r;
	r = save_dump(j, way, t);
	if (r == -ETIMEDOUT)
		return r;
	save_notes(j, way, t);
	if (r == 0) {
		capture_say(j, "dump saved: %s of %s", t->directory, name_of(t));
		if (way->prune)
			way->prune(j, t);
	}
	return r;
}

static int use_target(struct capture_job *j, size_t index, bool *has_log)
{
	const struct capture_target *t = &j->settings->targets[index];
	const struct capture_way *way = j->ways[capture_target_kind(t)];
	struct kx_error err = { 0 };
	int r;

	j->at(j, index, *has_log);
	r = way->open(j, t, &err);
	if (r < 0) {
		capture_say(j, "%s", err.message);
		return r;
	}
	capture_note_time(j, "mounted");
	r = save_on(j, way, t, index, has_log);
	way->close(j, t);
	return r;
}

/* The last way out: what a person sees on the console. */
static void tell_last_words(const struct capture_job *j)
{
	const struct vmcore_summary *s = &j->summary;

	capture_say(j, "nothing could be saved; the last messages are:");
	if (s->no_log.code)
		capture_say(j, "the log cannot be read: %s", s->no_log.message);
	for (size_t i = 0; i < s->n_tail; i++)
		capture_say(j, "%s", s->tail[(s->first + i) % SUMMARY_TAIL].text);
}

int capture_job_save(struct capture_job *j, size_t first, bool has_log)
{
	const struct capture_settings *s = j->settings;
	int r = -ENODEV;

	for (size_t i = first; r < 0 && i < s->n_targets; i++) {
		if (i)
			capture_say(j, "trying the next place: %s on %s", s->targets[i].directory,
				    name_of(&s->targets[i]));
		r = use_target(j, i, &has_log);
	}
	if (r < 0 && !has_log)
		tell_last_words(j);
	return r;
}
