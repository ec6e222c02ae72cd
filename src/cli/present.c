// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/present.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/plain.h"
#include "reboot/present.h"

static const char *own_terminal(void)
{
	const char *name = ttyname(STDIN_FILENO);

	return name && strncmp(name, "/dev/", 5) == 0 ? name + 5 : NULL;
}

/* "Logged in on web1, too: ann (pts/1, tty2), ben" */
static void show_people(const struct present *p)
{
	if (p->n_people == 0)
		return;
	plain_printf(stderr, "Logged in on %s, too:", p->host);
	for (size_t i = 0; i < p->n_people; i++) {
		const struct present_person *one = &p->people[i];

		plain_printf(stderr, "%s %s%s%s%s", i ? "," : "", one->name,
			     *one->where ? " (" : "", one->where, *one->where ? ")" : "");
	}
	if (p->more_people)
		fputs(" and others", stderr);
	fputc('\n', stderr);
}

static void show(const struct present *p)
{
	show_people(p);
	for (size_t i = 0; i < p->n_holders; i++)
		plain_printf(stderr, "%s\n", p->holders[i]);
	if (p->more_holders)
		fprintf(stderr, "and %zu more that delay it or hold it off\n", p->more_holders);
	if (p->unknown)
		plain_printf(stderr, "%s: cannot be read: there may be others whom this disturbs\n",
			     p->unknown);
}

bool present_ask(int root, const char *before, const char *after)
{
	struct present present;
	char question[600];

	if (!can_ask())
		return ask_person("");
	present_read(root, own_terminal(), &present);
	show(&present);
	(void)snprintf(question, sizeof(question), "%s %s%s?", before, present.host, after);
	return ask_person(question);
}
