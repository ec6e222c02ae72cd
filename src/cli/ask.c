// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/ask.h"
#include "cli/plain.h"

bool can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool ask_person(const char *question)
{
	_cleanup_free_ char *line = NULL;
	size_t n = 0;

	if (!can_ask())
		return true;
	plain_puts(question, stderr);
	fputs(" [y/N] ", stderr);
	if (getline(&line, &n, stdin) < 0)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, "y") == 0 || strcmp(line, "Y") == 0 || strcmp(line, "yes") == 0;
}
