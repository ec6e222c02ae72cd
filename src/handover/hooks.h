/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Programs that are run before a jump, from the administrator's directory and from the packages'
 * (/usr/lib/rapidreboot/hooks.d), in the order of their names; a name in the first hides the same name
 * in the second. Each is called as
 *
 *	NAME STAGE ENTRY
 *
 * with STAGE pre-handover (everything runs still, and init is about to be asked) or pre-jump
 * (services have stopped). What is not a regular file or not executable is no hook. Files that
 * others than root can change (or a directory above them), files that cannot be read, and hooks
 * above the limit on their number count as hooks that fail, since one of them might have said no.
 * The exit status HOOK_LATER is a no that holds for now only.
 */

#include "base/error.h"
#include "base/teller.h"
#include "record/attempts.h"
#include "sys/sys.h"

/**
 * struct hooks - how they are run
 * @directory: the administrator's
 * @stage: first argument
 * @entry: second argument
 * @setting: "NAME=VALUE" in their environment, or NULL
 * @timeout_s: for each of them; then SIGTERM, and SIGKILL five seconds later
 * @teller: hears what a hook answered, may be NULL
 */
struct hooks {
	const char *directory, *stage, *entry, *setting;
	unsigned timeout_s;
	const struct teller *teller;
};

/* EX_TEMPFAIL of sysexits.h(3head) */
enum { HOOK_LATER = 75 };

/* What they answered: "NAME=0 NAME=3 NAME=timeout NAME=refused"; @n_later of the @n_failed want it to be tried
 * again later. */
struct hooks_answer {
	char text[ATTEMPT_TEXT_MAX + 1];
	unsigned n_run, n_failed, n_later;
};

/* Runs all of them, also after one has failed. Without the directory there are no hooks. */
void hooks_run(struct sys *sys, const struct hooks *hooks, struct hooks_answer *ret);
