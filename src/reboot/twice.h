/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Loading twice: the files as they are, which takes a moment, and then init is asked; what was unpacked takes
 * their place while services stop, in the hook "load". Whatever fails there, or is late, leaves the first
 * image loaded. Only files that are known to be whole are loaded so (start_is_known()), since others are
 * refused by being unpacked before init is asked.
 */

#include "handover/request.h"
#include "reboot/check.h"

/* Is @s, which was planned without unpacking, to be loaded twice? Makes @init run the hook; false when that
 * is not possible, or not certain. */
bool twice_begin(const struct reboot *rb, const struct wish *wish, const struct start *s,
		 const struct init_system *init);

/* Was what @request is for loaded as the first of two? */
bool twice_is_open(const struct request *request);

/* The hook "load": the second load for @request. Tells what came of it. */
void twice_end(const struct reboot *rb, const struct request *request);
