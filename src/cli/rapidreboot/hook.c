// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot hook: what units and scripts of init systems call. Whatever fails here, init has to
 * go on: the exit status is always 0. */

#include <stdlib.h>
#include <string.h>

#include "cli/rapidreboot/crash.h"
#include "cli/rapidreboot/front.h"
#include "reboot/confirm.h"
#include "reboot/order.h"
#include "reboot/ready.h"
#include "reboot/wait.h"
#include "reboot/way-down.h"
#include "reboot/way-up.h"

/* With @down the hook needs to know where the machine is going. */
static const struct {
	const char *name;
	void (*run)(const struct reboot *rb);
	void (*down)(const struct reboot *rb, struct going_down *g);
} hooks[] = {
	{ "boot", hook_boot, NULL },	   { "ready", ready_wait, NULL },
	{ "confirm", hook_confirm, NULL }, { "stopped", hook_stopped, NULL },
	{ "wait", wait_for_order, NULL },  { "cancelled", order_was_cancelled, NULL },
	{ "load", NULL, hook_load },	   { "late", NULL, hook_late },
	{ "jump", NULL, hook_jump },
};

enum { N_HOOKS = sizeof(hooks) / sizeof(hooks[0]) };

static void run_hook(size_t i, const char *verb)
{
	const struct signals signals = { getenv("RUNLEVEL"), getenv("RC_REBOOT"),
					 getenv("RC_GOINGDOWN"), verb };
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	struct going_down g;

	if (front_open(&rb, NULL, true) != EXIT_OK)
		return;
	if (hooks[i].run == hook_boot)
		crash_report_boot(rb.machine);
	if (hooks[i].run)
		hooks[i].run(&rb);
	else if (going_down_read(&rb, &signals, &g))
		hooks[i].down(&rb, &g);
}

static int fail_name(const char *name)
{
	const char *names[N_HOOKS];

	for (size_t i = 0; i < N_HOOKS; i++)
		names[i] = hooks[i].name;
	return command_fail(&hook_command, "there is no hook '%s'%s", name,
			    hint_nearest(name, names, N_HOOKS).text);
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	size_t i = 0;
	int r = command_take(&hook_command, argc, argv, &o);

	if (r >= 0)
		return r;
	while (i < N_HOOKS && strcmp(o.operands[0], hooks[i].name) != 0)
		i++;
	if (i == N_HOOKS)
		return fail_name(o.operands[0]);
	run_hook(i, o.n_operands > 1 ? o.operands[1] : NULL);
	return EXIT_OK;
}

const struct command hook_command = {
	.name = "hook",
	.synopsis = "NAME",
	.summary = "for init: boot, ready, confirm, stopped, wait, cancelled, load, late, jump",
	.run = run,
	.taker = BY_HOOK,
	.operands_min = 1,
	.operands_max = 2,
	.about =
		"What units and scripts of init systems call: boot, ready, confirm, stopped, wait, cancelled,\n"
		"load [VERB], late [VERB], jump [VERB].",
};
