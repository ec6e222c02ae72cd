/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Makes a plan for a choice and loads it, trying one system call after the other. */

#include "handover/hooks.h"
#include "reboot/choice.h"
#include "reboot/keys.h"
#include "record/attempts.h"

/**
 * struct start - what is going to be started
 * @choice: the kernel and where it came from
 * @image: NULL when it could not be opened; then @image_error says why
 * @plan: NULL before start_plan() and when there is none
 * @unpacks: the plan may be one of what was unpacked
 * @is_known: it need not be, for a check: start_is_known()
 * @twice: what is loaded now is the first of two: twice.h
 * @is_loaded: it is loaded already, with @rung: same.h
 * @keeps: what is unpacked goes into the cache of the settings, if there is one, before it is loaded
 * @safe: nothing is unpacked beforehand
 * @diet: modules are to be left out; @no_diet: why that is not done though it is wanted, or NULL
 * @tuned: what --tune or TUNE= came to, for a person, or NULL
 * @not_fast: why no faster way was planned, when that was found out here, else ""
 * @not_looked_at: what was left to start_unpack(), for a person, or NULL
 * @file_only: why only kexec_file_load(2) can be used, or NULL
 * @reason: why this system call was chosen
 * @takes_keys: keys are to be handed over, as wished or as the settings want it
 * @keys: what start_load() hands over besides; none by default
 * @digest: differs between loads of different contents; set by start_load()
 * @why: who wanted it, as in struct attempt
 * @asked: when a person agreed, or the command or a hook of init began; zero: go_fast() takes the present
 * @person_agreed: a person was asked whether this is started, and said yes
 * @hooks: what programs answered before the hand-over
 */
struct start {
	struct choice choice;
	struct kx_image *image;
	struct kx_image_info image_info;
	struct kx_error image_error;
	struct kx_plan *plan;
	struct kx_plan_info plan_info;
	char *cmdline; /* with what is appended; NULL: the one that the image carries */
	char *tuned;
	bool unpacks, keeps, is_known, twice, is_loaded, safe, diet, takes_keys;
	char rung[24];
	const char *no_diet;
	char not_fast[504];
	const char *not_looked_at, *file_only, *reason;
	struct keys keys;
	char digest[17];
	const char *why;
	struct moment asked;
	bool person_agreed;
	struct hooks_answer hooks;
};

/**
 * start_plan() - open the image of @s->choice and work out how it is loaded
 * @unpacks: else the plan is of the files as they are, and @s->not_looked_at says what is not known by that
 *
 * Return: REASON_NONE, also when the image cannot be opened: then @s->image is NULL, and a check says so.
 * REASON_PLAN: it cannot be loaded on this machine; REASON_FAILED.
 */
_must_check_ enum reason start_plan(const struct reboot *rb, const struct wish *wish, bool unpacks,
				    struct start *s, struct kx_error *err);

/* Plans once more, unpacking what start_plan() has not: REASON_NONE, also when nothing was open; REASON_PLAN. */
_must_check_ enum reason start_unpack(const struct reboot *rb, const struct wish *wish,
				      struct start *s, struct kx_error *err);

/* Are these files, by their contents, ones that were unpacked on this system without a fault? False when that
 * is not known. */
bool start_is_known(const struct reboot *rb, const struct start *s);

/**
 * start_load() - load what was planned, and write /run/rapidreboot/loaded
 * @wish: what @s was planned for
 *
 * What is loaded already (@s->is_loaded) is left as it is.
 * When one system call refuses and policy permits, the other one is tried.
 * With @s->keys the key slots are filled first, and emptied when the load fails. Without, those of the image that
 * is replaced are emptied.
 * Return: REASON_NONE, REASON_FILES_CHANGED, REASON_LOAD, REASON_ELSEWHERE, REASON_UNLOCK.
 */
_must_check_ enum reason start_load(const struct reboot *rb, const struct wish *wish,
				    struct start *s, struct kx_error *err);

/**
 * start_load_again() - load what was planned in place of what is loaded of the same request
 *
 * /run/rapidreboot/loaded keeps its digest, by which the request knows it, and tells no start while it is not
 * certain which of the two is loaded: whenever this process is killed, one of them can be started.
 * Return: REASON_NONE; REASON_LOAD, REASON_FAILED: what was loaded stays, unless files have changed during the
 * load.
 */
_must_check_ enum reason start_load_again(const struct reboot *rb, struct start *s,
					  struct kx_error *err);

/* Closes the files of what was loaded, so that their file systems can be left. */
void start_let_go(struct start *s);
void start_done(struct start *s);
#define _cleanup_start_ _cleanup_(start_done)
