/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* An end for a command that only reads: a file on a server that does not answer, or input that costs
 * more than anybody foresaw, must not keep whoever waits for the command. */

#include "base/cleanup.h"

enum { TIME_LIMIT_SENTENCE_MAX = 512 };

/**
 * time_limit_start() - end this process when @seconds are over
 * @sentence: printed on standard error then, with a newline behind it
 * @answer: printed on standard output then as it is; "" for nothing
 * @status: the exit status then
 *
 * Nothing is flushed and no destructor runs, so that half an answer is not printed. Once for each
 * process, and never in one that changes anything of the machine.
 * Return: 0 or a negative errno.
 */
_must_check_ int time_limit_start(unsigned seconds, const char *sentence, const char *answer,
				  int status);
