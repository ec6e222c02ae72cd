// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/ask.h"
#include "cli/plain.h"

enum {
	ANSWER_S =
		300, /* a forgotten --yes under a program that lends a terminal, as Ansible does */
	PIPED_MS = 200, /* for the program at the other end of a pipe to write */
	SHOWN_MAX = 40, /* of an answer that is told */
};

bool can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Something can be read from standard input, or its end. */
static bool is_readable(int limit_ms)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&p, 1, limit_ms) > 0 && !(p.revents & POLLNVAL);
}

/* The next line of standard input, to be freed; NULL at its end. */
static char *read_answer(void)
{
	char *line = NULL;
	size_t n = 0;

	if (getline(&line, &n, stdin) < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static bool is_yes(const char *answer)
{
	return strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 || strcmp(answer, "yes") == 0;
}

/* Nobody is asked, but somebody may have answered: "echo n | rapidreboot". */
static bool agreed_beforehand(void)
{
	_cleanup_free_ char *answer =
		!isatty(STDIN_FILENO) && is_readable(PIPED_MS) ? read_answer() : NULL;

	if (!answer || is_yes(answer))
		return true;
	plain_printf(stderr,
		     "%s: standard input says \"%.*s\", which is not yes; --yes needs no answer\n",
		     program_invocation_short_name, SHOWN_MAX, answer);
	return false;
}

bool ask_person(const char *question)
{
	_cleanup_free_ char *answer = NULL;

	if (!can_ask())
		return agreed_beforehand();
	plain_puts(question, stderr);
	fputs(" [y/N] ", stderr);
	if (!is_readable(ANSWER_S * 1000)) {
		fprintf(stderr, "\n%s: nobody answered for %d minutes\n",
			program_invocation_short_name, ANSWER_S / 60);
		return false;
	}
	answer = read_answer();
	return answer && is_yes(answer);
}
