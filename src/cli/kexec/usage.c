// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/kexec/options.h"

/* Scripts compare versions with this line, so it names the release of kexec-tools whose command
 * line this program speaks, and nothing else. */
#define COMPATIBLE_VERSION "kexec-tools 2.0.32"

void version_print(FILE *f)
{
	fputs(COMPATIBLE_VERSION "\n", f);
}

void usage_print(FILE *f)
{
	version_print(f);
	fprintf(f,
		"Usage: kexec [OPTION]... [KERNEL]\n"
		"Start KERNEL from the running one. Without an action: load it, then shutdown -r now.\n"
		"This is the kexec of rapidreboot %s; kexec(8) says more.\n",
		kx_version());
	options_print_help(&opt_table, 0, f);
}
