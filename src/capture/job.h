/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is saved in which order, and where else when a target fails. How a kind of target is reached is in
 * struct capture_way, which the program of the capture initramfs fills (src/cli/capture), and tests.
 */

#include "capture/settings.h"
#include "dump/dump.h"
#include "vmcore/summary.h"

struct capture_job;

/**
 * struct capture_way - one kind of target; each call returns 0 or a negative errno with a sentence
 * @open: reach it: mount it, set up the network
 * @save_log: in the directory of this crash, which is made; *ret: messages
 * @save_dump: whole, or not under its name
 * @save_notes: what strbuf notes of the job has, so far
 * @prune: NULL, or remove old dumps as the settings say
 * @close: called when @open succeeded; whatever was written is on the disk then
 */
struct capture_way {
	int (*open)(struct capture_job *j, const struct capture_target *t, struct kx_error *err);
	int (*save_log)(struct capture_job *j, const struct capture_target *t, uint64_t *ret,
			struct kx_error *err);
	int (*save_dump)(struct capture_job *j, const struct capture_target *t,
			 struct dump_counts *ret, struct kx_error *err);
	int (*save_notes)(struct capture_job *j, const struct capture_target *t,
			  struct kx_error *err);
	void (*prune)(struct capture_job *j, const struct capture_target *t);
	void (*close)(struct capture_job *j, const struct capture_target *t);
};

/**
 * struct capture_job - the saving of one crash
 * @settings: targets and the rest
 * @ways: of each kind of target
 * @say: a line for the console
 * @uptime_ms: milliseconds since this kernel started
 * @beat: told that something is done, while nothing is read or written
 * @at: told which target is used, before anything is done with it, and that the log is saved
 * @own: of who made the job
 * @core: memory of the crashed kernel
 * @summary: of it
 * @crashed_at: seconds since 1970
 * @notes: "key=value" lines
 * @told_at: when progress was told last, in milliseconds
 */
struct capture_job {
	const struct capture_settings *settings;
	const struct capture_way *ways[CAPTURE_KINDS];
	void (*say)(const struct capture_job *j, const char *sentence);
	uint64_t (*uptime_ms)(void);
	void (*beat)(const struct capture_job *j);
	void (*at)(const struct capture_job *j, size_t target, bool has_log);
	void *own;
	struct vmcore *core;
	struct vmcore_summary summary;
	uint64_t crashed_at;
	struct strbuf notes;
	uint64_t told_at;
};

/* A line for the console; sentences are cut at 1,023 bytes. */
void capture_say(const struct capture_job *j, const char *fmt, ...) _printf_(2, 3);
/* Notes when a step ended. */
void capture_note_time(struct capture_job *j, const char *step);
/* For struct dump_sink: a line every few seconds, with percent. */
void capture_tell_progress(struct capture_job *j, uint64_t done, uint64_t all);

/**
 * capture_job_save() - save the log, then the dump, on the first target that can be used
 * @first: index of the target to begin with: those before it were tried by a process that was killed
 * @has_log: that process has saved the log
 *
 * A target that takes nothing any more (-ETIMEDOUT) is left at once. One on which the dump cannot be saved may keep the log; the next one gets both. When nothing at all
 * could be saved the last messages of the crashed kernel are told.
 * Return: 0: the dump is saved; else what the last target said; -ENODEV without any.
 */
_must_check_ int capture_job_save(struct capture_job *j, size_t first, bool has_log);
