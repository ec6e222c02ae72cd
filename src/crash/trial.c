// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The record is lines of "key=value". Whether a dump came is told by names: one that was not there before.
 * Times of files say less, since the crash kernel may take a clock in local time for UTC.
 */
#include "crash/trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/io.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "capture/store.h"
#include "config/legacy-vars.h"
#include "crash/dumps.h"

enum { TRIAL_MAX = 4 << 20, NOTES_MAX = 64 << 10, STAT_MAX = 4 << 20 };

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static const char *const result_names[] = {
	[CRASH_TRIAL_OPEN] = "open",
	[CRASH_TRIAL_SAVED] = "saved",
	[CRASH_TRIAL_NOTHING] = "nothing",
	[CRASH_TRIAL_SENT] = "sent",
};
static const char *const step_names[] = {
	[CRASH_STEP_STARTED] = "started", [CRASH_STEP_MODULES] = "modules",
	[CRASH_STEP_MOUNTED] = "mounted", [CRASH_STEP_LOG] = "log",
	[CRASH_STEP_DUMP] = "dump",
};

const char *crash_trial_result_name(enum crash_trial_result result)
{
	return result_names[result];
}

const char *crash_step_name(enum crash_step step)
{
	return step_names[step];
}

void crash_trial_done(struct crash_trial *t)
{
	free(t->boot);
	free(t->directory);
	free(t->place);
	free(t->dump);
	free(t->log);
	free(t->reason);
	names_done(&t->before);
	*t = (struct crash_trial){ 0 };
}

/* ---- the record */

static int take_number(struct bytes value, uint64_t *ret)
{
	_cleanup_free_ char *s = bytes_dup(value);

	return s ? parse_u64(s, ret) : -ENOMEM;
}

/* Cuts "KEY=" off @line; false when there is none. */
static bool take_key(struct bytes *line, struct bytes *ret)
{
	const uint8_t *sign = memchr(line->p, '=', line->n);

	if (!sign)
		return false;
	*ret = (struct bytes){ line->p, (size_t)(sign - line->p) };
	*line = (struct bytes){ sign + 1, line->n - ret->n - 1 };
	return true;
}

/* "KEY-ms", as the notes of a dump have it, too. */
static int take_step(struct bytes key, struct bytes value, struct crash_trial *t)
{
	for (size_t i = 0; i < N_CRASH_STEPS; i++) {
		const size_t n = strlen(step_names[i]);

		if (key.n == n + 3 && memcmp(key.p, step_names[i], n) == 0 &&
		    memcmp(key.p + n, "-ms", 3) == 0)
			return take_number(value, &t->steps_ms[i]);
	}
	return 0;
}

static int take_result(struct bytes value, struct crash_trial *t)
{
	for (unsigned i = 0; i < sizeof(result_names) / sizeof(result_names[0]); i++)
		if (bytes_is(value, result_names[i])) {
			t->result = (enum crash_trial_result)i;
			return 0;
		}
	return -EINVAL;
}

static int take(struct bytes key, struct bytes value, struct crash_trial *t)
{
	if (bytes_is(key, "result"))
		return take_result(value, t);
	if (bytes_is(key, "boot"))
		return bytes_set(&t->boot, value);
	if (bytes_is(key, "directory"))
		return bytes_set(&t->directory, value);
	if (bytes_is(key, "place"))
		return bytes_set(&t->place, value);
	if (bytes_is(key, "dump"))
		return bytes_set(&t->dump, value);
	if (bytes_is(key, "log"))
		return bytes_set(&t->log, value);
	if (bytes_is(key, "reason"))
		return bytes_set(&t->reason, value);
	if (bytes_is(key, "before"))
		return capture_names_add(&t->before, (const char *)value.p, value.n);
	if (bytes_is(key, "started-at"))
		return take_number(value, &t->started_at);
	if (bytes_is(key, "back-at"))
		return take_number(value, &t->back_at);
	if (bytes_is(key, "good-at"))
		return take_number(value, &t->good_at);
	if (bytes_is(key, "dump-bytes"))
		return take_number(value, &t->dump_bytes);
	return take_step(key, value, t);
}

static int read_record(int root, struct crash_trial *ret)
{
	_cleanup_crash_trial_ struct crash_trial t = { 0 };
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line, key;
	struct lines lines;
	int r = read_file_in(root, CRASH_TRIAL_FILE, TRIAL_MAX, &raw, &text.n);

	if (r < 0)
		return r;
	text.p = raw;
	lines = lines_of(text);
	while (r == 0 && lines_next(&lines, &line))
		r = take_key(&line, &key) ? take(key, line, &t) : -EINVAL;
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !t.boot || !t.directory || (t.result == CRASH_TRIAL_SAVED && !t.dump))
		return -EBADMSG;
	*ret = t;
	t = (struct crash_trial){ 0 };
	return 0;
}

static int write_record(int root, const struct crash_trial *t)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	int r;

	strbuf_addf(
		&b,
		"result=%s\nboot=%s\ndirectory=%s\nstarted-at=%llu\nback-at=%llu\ngood-at=%llu\n",
		result_names[t->result], t->boot, t->directory, (unsigned long long)t->started_at,
		(unsigned long long)t->back_at, (unsigned long long)t->good_at);
	if (t->place && !strchr(t->place, '\n'))
		strbuf_addf(&b, "place=%s\n", t->place);
	if (t->dump)
		strbuf_addf(&b, "dump=%s\ndump-bytes=%llu\n", t->dump,
			    (unsigned long long)t->dump_bytes);
	if (t->log && !strchr(t->log, '\n'))
		strbuf_addf(&b, "log=%s\n", t->log);
	if (t->reason)
		strbuf_addf(&b, "reason=%s\n", t->reason);
	for (size_t i = 0; i < N_CRASH_STEPS; i++)
		if (t->steps_ms[i])
			strbuf_addf(&b, "%s-ms=%llu\n", step_names[i],
				    (unsigned long long)t->steps_ms[i]);
	for (size_t i = 0; i < t->before.n; i++)
		if (!strchr(t->before.v[i], '\n'))
			strbuf_addf(&b, "before=%s\n", t->before.v[i]);
	r = b.failed ? -ENOMEM : directories_make_in(root, CRASH_TRIAL_DIRECTORY, 0755);
	return r < 0 ? r : file_replace_in(root, CRASH_TRIAL_FILE, 0600, b.s, b.n, true);
}

/* ---- dumps */

/* The directory of the settings, and the one that our own program takes when that cannot be used. */
static int find_dumps(int root, const char *directory, struct crash_dumps ret[2],
		      struct kx_error *err)
{
	int r = crash_dumps_find(root, directory, &ret[0], err);

	return r < 0 ? r : crash_dumps_find(root, CRASH_FALLBACK_DIRECTORY, &ret[1], err);
}

static bool was_before(const struct crash_trial *t, const char *path)
{
	for (size_t i = 0; i < t->before.n; i++)
		if (strcmp(t->before.v[i], path) == 0)
			return true;
	return false;
}

static void read_notes(int root, struct crash_trial *t)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line, key;
	struct lines lines;

	strbuf_add_n(&path, t->dump, (size_t)(strrchr(t->dump, '/') + 1 - t->dump));
	strbuf_add(&path, CAPTURE_NOTES);
	if (path.failed || read_file_in(root, path.s, NOTES_MAX, &raw, &text.n) < 0)
		return; /* of another tool */
	text.p = raw;
	lines = lines_of(text);
	while (lines_next(&lines, &line))
		if (take_key(&line, &key))
			(void)!take_step(key, line, t);
}

/* proc_stat(5): "btime SECONDS", when the running kernel started. */
static uint64_t boot_time(int root)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line;
	struct lines lines;
	uint64_t at = 0;

	if (read_file_in(root, "/proc/stat", STAT_MAX, &raw, &text.n) < 0)
		return 0;
	text.p = raw;
	lines = lines_of(text);
	while (lines_next(&lines, &line))
		if (bytes_is(bytes_word(&line), "btime"))
			(void)!take_number(line, &at);
	return at;
}

/* Are the notes in @directory of a crash since the beginning? Then *ret_reason says what they say of a dump. */
static bool notes_are_new(int root, const char *directory, const struct crash_trial *t,
			  char **ret_reason)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line, key;
	uint64_t crashed_at = 0;
	struct lines lines;

	strbuf_addf(&path, "%s/" CAPTURE_NOTES, directory);
	if (path.failed || read_file_in(root, path.s, NOTES_MAX, &raw, &text.n) < 0)
		return false;
	text.p = raw;
	lines = lines_of(text);
	while (lines_next(&lines, &line)) {
		if (!take_key(&line, &key))
			continue;
		if (bytes_is(key, "crashed"))
			(void)!take_number(line, &crashed_at);
		if (bytes_is(key, "dump-error"))
			(void)!bytes_set(ret_reason, line);
	}
	/* both by the clock of the machine that crashed */
	return crashed_at + 1 >= t->started_at;
}

/* The log in a directory of @top that has new notes. */
static int find_log(int root, const char *top, struct crash_trial *t)
{
	_cleanup_names_ struct names names = { 0 };

	if (list_in(root, top, &names) < 0)
		return 0;
	for (size_t i = 0; !t->log && i < names.n; i++) {
		_cleanup_free_ char *reason = NULL;
		_cleanup_names_ struct names files = { 0 };
		_cleanup_strbuf_ struct strbuf path = { 0 };

		strbuf_addf(&path, "%s/%s", top, names.v[i]);
		if (path.failed)
			return -ENOMEM;
		if (!notes_are_new(root, path.s, t, &reason) || list_in(root, path.s, &files) < 0)
			continue;
		for (size_t k = 0; !t->log && k < files.n; k++) {
			if (strncmp(files.v[k], "dmesg.", strlen("dmesg.")) != 0)
				continue;
			strbuf_addf(&path, "/%s", files.v[k]);
			if (path.failed || text_set(&t->log, path.s) < 0 ||
			    text_set(&t->reason, reason ? reason : "it was interrupted") < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int find_result(int root, struct crash_trial *t, struct kx_error *err)
{
	struct crash_dumps dumps[2] = { { 0 } };
	int r = find_dumps(root, t->directory, dumps, err);

	for (size_t k = 0; r == 0 && !t->dump && k < 2; k++)
		for (size_t i = 0; r == 0 && !t->dump && i < dumps[k].n; i++) {
			const struct crash_dump *d = &dumps[k].v[i];

			if (d->is_incomplete || was_before(t, d->path))
				continue;
			r = text_set(&t->dump, d->path);
			t->dump_bytes = d->bytes;
		}
	crash_dumps_done(&dumps[0]);
	crash_dumps_done(&dumps[1]);
	if (r < 0)
		return r;
	t->result = t->dump ? CRASH_TRIAL_SAVED : t->place ? CRASH_TRIAL_SENT : CRASH_TRIAL_NOTHING;
	t->back_at = boot_time(root);
	if (!t->dump)
		return find_log(root, t->directory, t) < 0 ||
				       find_log(root, CRASH_FALLBACK_DIRECTORY, t) < 0
			       ? -ENOMEM
			       : 0;
	t->good_at = t->started_at;
	read_notes(root, t);
	return 0;
}

/* ---- the calls */

int crash_trial_begin(int root, const char *directory, const char *place, uint64_t now,
		      struct kx_error *err)
{
	_cleanup_crash_trial_ struct crash_trial t = { .started_at = now }, last = { 0 };
	struct crash_dumps dumps[2] = { { 0 } };
	int r = read_line_in(root, BOOT_ID, &t.boot);

	if (r < 0)
		return kx_fail_path(err, r, BOOT_ID);
	if (read_record(root, &last) == 0)
		t.good_at = last.good_at;
	r = find_dumps(root, directory, dumps, err);
	for (size_t k = 0; r == 0 && k < 2; k++)
		for (size_t i = 0; r == 0 && i < dumps[k].n; i++)
			r = capture_names_add(&t.before, dumps[k].v[i].path,
					      strlen(dumps[k].v[i].path));
	crash_dumps_done(&dumps[0]);
	crash_dumps_done(&dumps[1]);
	if (r == 0)
		r = text_set(&t.directory, directory);
	if (r == 0)
		r = text_set(&t.place, place);
	if (r == -ENOMEM)
		return kx_fail(err, r, "out of memory");
	if (r < 0)
		return r;
	r = write_record(root, &t);
	return r < 0 ? kx_fail(err, r, CRASH_TRIAL_FILE ": cannot write it: %s", strerror(-r)) : 0;
}

int crash_trial_drop(int root, struct kx_error *err)
{
	int r = file_remove_in(root, CRASH_TRIAL_FILE);

	return r < 0 ? kx_fail(err, r, CRASH_TRIAL_FILE ": cannot remove it: %s", strerror(-r)) : 0;
}

int crash_trial_close(int root, struct crash_trial *ret, struct kx_error *err)
{
	_cleanup_crash_trial_ struct crash_trial t = { 0 };
	_cleanup_free_ char *boot = NULL;
	int r = read_record(root, &t);
	bool is_new = false;

	if (r == 0)
		r = read_line_in(root, BOOT_ID, &boot);
	if (r < 0)
		return kx_fail(err, r, CRASH_TRIAL_FILE ": %s",
			       r == -EBADMSG ? "it means nothing: remove it" : strerror(-r));
	if (t.result == CRASH_TRIAL_OPEN && strcmp(boot, t.boot) != 0) {
		is_new = true;
		r = find_result(root, &t, err);
		if (r == -ENOMEM)
			return kx_fail(err, r, "out of memory");
		if (r < 0)
			return r;
		r = write_record(root, &t);
		if (r < 0 && r != -EACCES && r != -EROFS && r != -EPERM)
			return kx_fail(err, r, CRASH_TRIAL_FILE ": cannot write it: %s",
				       strerror(-r));
	}
	*ret = t;
	t = (struct crash_trial){ 0 };
	return is_new;
}
