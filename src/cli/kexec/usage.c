// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cli/kexec/options.h"

/* Scripts compare versions with this line, so it names the release of kexec-tools whose command
 * line this program speaks, and nothing else. */
#define COMPATIBLE_VERSION "kexec-tools 2.0.32"

#define HELP_COLUMN 34

static const char *const headings[] = {
	[GROUP_ACTION] = "What to do",
	[GROUP_HOW] = "How",
	[GROUP_WHAT] = "What to load",
	[GROUP_WHERE] = "How to load it",
	[GROUP_CONSOLE] = "Console between the kernels (kexec_load)",
	[GROUP_LOOK] = "Looking without doing",
};

void version_print(FILE *f)
{
	fputs(COMPATIBLE_VERSION "\n", f);
}

static void print_row(FILE *f, const struct opt_row *row)
{
	const char *line = row->help;
	int n = 0;

	n += row->letter ? fprintf(f, "  -%c, ", row->letter) : fprintf(f, "      ");
	n += fprintf(f, "--%s%s%s", row->name, row->arg ? "=" : "", row->arg ? row->arg : "");
	while (line) {
		const char *end = strchrnul(line, '\n');

		fprintf(f, "%*s%.*s\n", n < HELP_COLUMN ? HELP_COLUMN - n : 1, "",
			(int)(end - line), line);
		line = *end ? end + 1 : NULL;
		n = 0;
	}
}

void usage_print(FILE *f)
{
	version_print(f);
	fprintf(f,
		"Usage: kexec [OPTION]... [KERNEL]\n"
		"Start KERNEL from the running one. Without an action: load it, then shutdown -r now.\n"
		"This is the kexec of rapidreboot %s; kexec(8) says more.\n",
		kx_version());
	for (size_t g = 0; g < sizeof(headings) / sizeof(headings[0]); g++) {
		fprintf(f, "\n%s:\n", headings[g]);
		for (size_t i = 0; i < n_opt_rows; i++)
			if (opt_rows[i].group == (enum opt_group)g)
				print_row(f, &opt_rows[i]);
	}
}
