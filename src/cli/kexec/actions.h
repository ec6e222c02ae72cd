/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Decides what to do from the options. The state machine of the action options, and every reason to
 * refuse that is known from the command line alone. */

#include <libkexec.h>
#include <stdbool.h>

#include "cli/kexec/options.h"

/* Carried out in this order; the first that fails ends the run. */
struct job {
	bool status;
	bool unload;
	bool load;
	bool shutdown;
	bool jump;
	bool on_crash;	     /* which image unload and load are about */
	bool status_crash;   /* which image status is about */
	uint64_t jump_flags; /* KX_JUMP_* */
	enum kx_way way;     /* with what options imply */
	enum opt way_reason; /* option that implied it, or OPT_MAX_ */
};

/* Never fails: job_refuse() finds what is wrong with the result. */
struct job job_decide(const struct options *options);

/* Says on stderr why the command line cannot be carried out, if so. Returns the exit status. */
int job_refuse(const struct job *job, const struct options *options);
