// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kexec/notes.h"
#include "cli/plain.h"

#define NOTES_MAX 256

static bool notes_have(const struct notes *notes, const char *line)
{
	for (size_t i = 0; i < notes->n_lines; i++)
		if (strcmp(notes->lines[i], line) == 0)
			return true;
	return false;
}

/* Takes ownership of @line. Without memory to keep it, it is printed at once. */
static void notes_keep(struct notes *notes, char *line)
{
	char **more;

	if (!line || notes_have(notes, line)) {
		free(line);
		return;
	}
	more = notes->n_lines < NOTES_MAX
		       ? reallocarray(notes->lines, notes->n_lines + 1, sizeof(*more))
		       : NULL;
	if (!more || notes->verbose)
		plain_printf(stderr, "%s\n", line);
	if (!more) {
		free(line);
		return;
	}
	notes->lines = more;
	notes->lines[notes->n_lines++] = line;
}

_printf_(2, 0) static void notes_add(struct notes *notes, const char *fmt, va_list ap)
{
	char *line;

	notes_keep(notes, vasprintf(&line, fmt, ap) < 0 ? NULL : line);
}

void notes_say(struct notes *notes, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	notes_add(notes, fmt, ap);
	va_end(ap);
}

void notes_warn(struct notes *notes, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		text = NULL;
	else
		notes_say(notes, "kexec: warning: %s", text);
}

void notes_log(void *data, enum kx_log_level level, const char *line)
{
	struct notes *notes = data;

	if (level == KX_LOG_WARNING && notes->immediate)
		plain_printf(stderr, "%s\n", line);
	else if (level == KX_LOG_WARNING)
		notes_warn(notes, "%s", line);
	else if (level == KX_LOG_NOTICE)
		notes_say(notes, "kexec: %s", line);
	else if (notes->verbose)
		plain_printf(stderr, "%s\n", line);
}

void notes_flush(struct notes *notes)
{
	if (!notes->verbose)
		for (size_t i = 0; i < notes->n_lines; i++)
			plain_printf(stderr, "%s\n", notes->lines[i]);
	notes_done(notes);
}

void notes_done(struct notes *notes)
{
	for (size_t i = 0; i < notes->n_lines; i++)
		free(notes->lines[i]);
	free(notes->lines);
	notes->lines = NULL;
	notes->n_lines = 0;
}
