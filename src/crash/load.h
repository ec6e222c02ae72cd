/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Loads what crash_choose() chose, remembers what is loaded, and keeps the machine armed when a load
 * fails. */

#include "base/crash-note.h"
#include "base/teller.h"
#include "crash/crash.h"

/**
 * struct crash_job - a load
 * @ctx: acts, or plans for a captured machine
 * @root: of its machine, as in base/io.h
 * @teller: hears doubts and what was chosen
 * @settings: how it is loaded
 * @choice: what
 * @needs_signature: only kexec_file_load(2), which checks signatures
 * @image: opened by crash_plan()
 * @plan: made by crash_plan(); crash_job_done() releases both
 * @info: describes @plan
 * @program: of the initial ramdisk of our own: a path
 * @remote: the machine of @settings that dumps are sent to, or NULL: not asked for yet, or none
 * @capture: what is in it, filled by crash_plan(): @settings' with targets and modules
 * @archive: it, @archive_n bytes, or NULL
 */
struct crash_job {
	struct kx_ctx *ctx;
	int root;
	const struct teller *teller;
	const struct crash_settings *settings;
	const struct crash_choice *choice;
	bool needs_signature;
	struct kx_image *image;
	struct kx_plan *plan;
	struct kx_plan_info info;
	const char *program;
	const struct capture_remote *remote;
	struct capture_settings capture;
	uint8_t *archive;
	size_t archive_n;
	struct kx_part part;
};

/* Opens the kernel, makes the initial ramdisk of our own where that is chosen, and works out how it is loaded;
 * errors as kx_image_open(), capture_archive_make() and kx_plan_new(). */
_must_check_ int crash_plan(struct crash_job *job, struct kx_error *err);
/**
 * crash_load() - load what was planned
 *
 * kexec_load(2) is tried when kexec_file_load(2) does not know the image and nothing wants a signature.
 * When the kernel has dropped the crash kernel that was loaded before, and CRASH_NOTE_FILE remembers it,
 * its files are loaded again; the sentence says what is loaded now.
 *
 * Return: 0, or as kx_plan_commit().
 */
_must_check_ int crash_load(struct crash_job *job, struct kx_error *err);
/* As kx_unload(), which makes CRASH_NOTE_FILE void. */
_must_check_ int crash_unload(struct crash_job *job, struct kx_error *err);
/* What was made last, as a file: for the load after a failed one, and for who wants to look into it. */
#define CRASH_ARCHIVE_FILE CRASH_NOTE_DIRECTORY "/capture.img"
/* As kx_crash_estimate(), for the kernel of @job. */
_must_check_ int crash_estimate(struct crash_job *job, struct kx_crash_estimate *ret,
				struct kx_error *err);
void crash_job_done(struct crash_job *job);
#define _cleanup_crash_job_ _cleanup_(crash_job_done)

/* What CRASH_NOTE_FILE remembers; -ENOENT when nothing was loaded by us, -EBADMSG when it cannot be
 * understood. */
_must_check_ int crash_note_read(int root, struct crash_choice *ret, struct crash_options *options);
