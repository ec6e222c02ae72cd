// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/passphrase.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/plain.h"

enum { CONTROL_C = 3 };

static ssize_t read_some(int fd, struct secret *ret)
{
	ssize_t n;

	do
		n = read(fd, ret->p + ret->n, ret->room - ret->n);
	while (n < 0 && errno == EINTR);
	return n;
}

static void drop_newline(struct secret *ret)
{
	if (ret->n && ret->p[ret->n - 1] == '\n')
		ret->n--;
}

/* One line: in canonical mode read(2) ends at the end of a line. */
static bool read_line(struct secret *ret)
{
	ssize_t n;

	ret->n = 0;
	n = read_some(STDIN_FILENO, ret);
	if (n <= 0 || memchr(ret->p, CONTROL_C, (size_t)n))
		return false;
	ret->n = (size_t)n;
	drop_newline(ret);
	return true;
}

bool passphrase_ask(const char *question, struct secret *ret)
{
	struct termios before, silent;
	bool answered;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return false;
	silent = before;
	/* without signals, which would leave the terminal silent: Ctrl-C is a character */
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	silent.c_cc[VEOL] = CONTROL_C; /* and ends a line, as Enter does */
	plain_printf(stderr, "%s ", question);
	fflush(stderr);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0)
		return false;
	answered = read_line(ret);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return answered;
}

int passphrase_read(int fd, struct secret *ret)
{
	ssize_t n = 1;

	ret->n = 0;
	while (n > 0) {
		if (ret->n == ret->room)
			return -EFBIG;
		n = read_some(fd, ret);
		if (n < 0)
			return -errno;
		ret->n += (size_t)n;
	}
	drop_newline(ret);
	return ret->n ? 0 : -ENODATA;
}
