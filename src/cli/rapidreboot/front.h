/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Connects the command line to src/reboot: makes a wish of the options, prints progress and
 * reasons, returns exit statuses. */

#include "cli/rapidreboot/options.h"
#include "handover/init.h"
#include "reboot/check.h"

/* Opens the machine, or the system below --root, with progress on standard error. An exit status. */
_must_check_ int front_open(struct reboot *rb, const char *root, bool verbose);

/* The options that say what is started and how, checked against each other. -1: go on with @ret, which
 * wish_done() releases; else the exit status of a usage error. */
_must_check_ int front_wish(const struct command *command, const struct options *o,
			    struct wish *ret);

/* Prints the sentence of @err, if there is one; returns the exit status of @reason. */
int fail_reason(enum reason reason, const struct kx_error *err);

/* Prints the findings of @verdict, notes only when @verbose, and its sentence when it is a refusal. Returns the exit
 * status of its reason. */
int front_verdict(const struct verdict *verdict, bool verbose);

/* Asks "Restart HOST@how?" (cli/present.h), unless --yes answers it. The configuration (CONFIRM) may want no
 * question, or an answer even without a terminal. @ret_asked: a person was asked. */
bool front_agreed(const struct reboot *rb, const struct config *config, const struct options *o,
		  const char *how, bool *ret_asked);

/* What is started, for a person; and the documented object of --json, for a caller to add to. */
void start_print(const struct start *s);
json_t *start_json(const struct start *s);

/* Runs the command reboot with these options, with @why in the record; @pick: an entry that was
 * chosen with its content, or NULL; taken over. @ret_reason, or NULL: why it did not go on. An exit
 * status. */
int reboot_with(const struct options *o, const char *why, struct pick *pick, const char *cmdline,
		enum reason *ret_reason);
