// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "cli/rapidreboot/menu.h"

enum {
	ESCAPE = 0x1b,
	/* a lone escape, and the rest of a sequence on a slow line */
	ESCAPE_MS = 150,
	/* how long a terminal may take to say how big it is */
	ANSWER_MS = 500,
	ROWS = 24,
	COLUMNS = 80,
};

/* SIGWINCH means a new size, the others that the terminal is to be left as it was found. */
static const int signals[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE };
enum { N_SIGNALS = sizeof(signals) / sizeof(signals[0]) };

static struct {
	bool open;
	struct termios saved;
	struct sigaction actions[N_SIGNALS];
	sigset_t mask; /* outside of terminal_key() */
	unsigned rows, columns;
} terminal;

static volatile sig_atomic_t arrived;

static void note(int signal)
{
	/* a signal that ends the program is not replaced by one of a new size */
	if (signal != SIGWINCH || !arrived)
		arrived = signal;
}

bool terminal_can_draw(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

static void write_text(const char *s, size_t n)
{
	/* errors are ignored: then the terminal is gone */
	(void)!write_all(STDERR_FILENO, s, n);
}

void terminal_write(const struct strbuf *b)
{
	if (b->n)
		write_text(b->s, b->n);
}

static int set_raw(void)
{
	struct termios raw = terminal.saved;

	raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0 ? -errno : 0;
}

/* Cursor shown, no attributes, and what was drawn is gone. */
static void leave(void)
{
	static const char text[] = "\033[0m\033[H\033[J\033[?25h";

	write_text(text, sizeof(text) - 1);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal.saved);
}

static void set_signals(void)
{
	struct sigaction action = { .sa_handler = note };
	sigset_t blocked;

	(void)sigemptyset(&blocked);
	for (size_t i = 0; i < N_SIGNALS; i++) {
		(void)sigaddset(&blocked, signals[i]);
		(void)sigaction(signals[i], &action, &terminal.actions[i]);
		/* what our parent had us ignore stays ignored */
		if (terminal.actions[i].sa_handler == SIG_IGN)
			(void)sigaction(signals[i], &terminal.actions[i], NULL);
	}
	/* they arrive in ppoll(2) alone */
	(void)sigprocmask(SIG_BLOCK, &blocked, &terminal.mask);
}

static void restore_signals(void)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		(void)sigaction(signals[i], &terminal.actions[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &terminal.mask, NULL);
}

int terminal_open(void)
{
	int r;

	if (tcgetattr(STDIN_FILENO, &terminal.saved) < 0)
		return -errno;
	arrived = 0;
	terminal.rows = terminal.columns = 0;
	set_signals();
	r = set_raw();
	if (r < 0)
		restore_signals();
	terminal.open = r == 0;
	return r;
}

void terminal_close(void)
{
	if (!terminal.open)
		return;
	leave();
	restore_signals();
	terminal.open = false;
}

/* Restores the terminal and lets the signal end or stop the program; returns after a stop. */
static void obey(int signal)
{
	leave();
	restore_signals();
	(void)raise(signal);
	/* only after a stop */
	set_signals();
	(void)tcgetattr(STDIN_FILENO, &terminal.saved);
	(void)!set_raw();
}

/* A byte, -1 when none came in that time (-1: for ever), KEY_GONE, or KEY_RESIZED. */
static int read_byte(int timeout_ms)
{
	struct timespec t = { timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000 };
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	unsigned char c;
	ssize_t n;
	int signal, r = ppoll(&p, 1, timeout_ms < 0 ? NULL : &t, &terminal.mask);

	signal = arrived;
	if (signal) {
		arrived = 0;
		if (signal != SIGWINCH)
			obey(signal);
		return KEY_RESIZED;
	}
	if (r == 0)
		return -1;
	if (r < 0)
		return errno == EINTR ? -1 : KEY_GONE;
	n = read(STDIN_FILENO, &c, 1);
	return n == 1 ? c : KEY_GONE;
}

/* ---- size */

/* "ESC [ ROW ; COLUMN R" is the answer to the question where the cursor is (ECMA-48, CPR). What else
 * comes in that time was typed before the menu was there, and is not taken for an answer to it. */
static bool take_position(unsigned *ret_rows, unsigned *ret_columns)
{
	char text[32];
	size_t n = 0;
	int c;

	while ((c = read_byte(ANSWER_MS)) >= 0 && c < 256) {
		const char *p = text;

		if (c == ESCAPE)
			n = 0;
		if (n + 1 >= sizeof(text))
			return false;
		text[n++] = (char)c;
		text[n] = '\0';
		if (c == 'R' && take_prefix(&p, "\033[") && take_unsigned(&p, ret_rows) &&
		    take_prefix(&p, ";") && take_unsigned(&p, ret_columns) && *p == 'R')
			return true;
	}
	return false;
}

/* A serial line does not know what is at its other end: the terminal itself is asked, by moving its
 * cursor further than it goes. */
static void ask_size(void)
{
	static const char question[] = "\033[999;999H\033[6n";
	unsigned rows, columns;

	write_text(question, sizeof(question) - 1);
	terminal.rows = ROWS;
	terminal.columns = COLUMNS;
	if (take_position(&rows, &columns) && rows > 0 && columns > 0) {
		terminal.rows = rows;
		terminal.columns = columns;
	}
}

void terminal_size(unsigned *ret_rows, unsigned *ret_columns)
{
	struct winsize size = { 0 };

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col) {
		*ret_rows = size.ws_row;
		*ret_columns = size.ws_col;
		return;
	}
	if (!terminal.rows)
		ask_size();
	*ret_rows = terminal.rows;
	*ret_columns = terminal.columns;
}

/* ---- keys */

static int key_of_letter(int c)
{
	switch (c) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return KEY_RIGHT;
	case 'D':
		return KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	default:
		return KEY_NONE;
	}
}

/* "ESC [ NUMBER ~", as the VT220 and the Linux console have it */
static int key_of_number(unsigned number)
{
	switch (number) {
	case 1:
	case 7:
		return KEY_HOME;
	case 3:
		return KEY_DELETE;
	case 4:
	case 8:
		return KEY_END;
	case 5:
		return KEY_PAGE_UP;
	case 6:
		return KEY_PAGE_DOWN;
	default:
		return KEY_NONE;
	}
}

/* After "ESC [": parameters, then one letter or "~" (ECMA-48, 5.4). */
static int read_sequence(void)
{
	unsigned number = 0;
	int c;

	while ((c = read_byte(ESCAPE_MS)) >= 0x20 && c <= 0x3f)
		if (c >= '0' && c <= '9' && number < 1000)
			number = number * 10 + (unsigned)(c - '0');
	return c == '~' ? key_of_number(number) : key_of_letter(c);
}

int terminal_key(void)
{
	int c = read_byte(-1);

	if (c < 0)
		return KEY_NONE;
	if (c != ESCAPE)
		return c;
	c = read_byte(ESCAPE_MS);
	if (c == '[')
		return read_sequence();
	if (c == 'O') /* cursor keys in application mode */
		return key_of_letter(read_byte(ESCAPE_MS));
	if (c == KEY_GONE || c == KEY_RESIZED)
		return c;
	return c < 0 || c == ESCAPE ? KEY_ESCAPE : KEY_NONE;
}
