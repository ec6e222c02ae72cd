// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot confirm: whoever judges boots, of a fleet for example, says that this one is good. */

#include "cli/page.h"
#include "cli/rapidreboot/front.h"
#include "reboot/event.h"
#include "reboot/metrics.h"
#include "record/attempts.h"

static const struct {
	int status;
	const char *sentence;
} answers[] = {
	[CONFIRMED] = { EXIT_OK, "this boot, which a fast reboot led to, is confirmed" },
	[CONFIRMED_EARLIER] = { EXIT_OK, "this boot is confirmed already" },
	[CONFIRM_COLD] = { EXIT_OK, "this boot went through the firmware and is good: no earlier "
				    "attempt stands in the way of the next one any more" },
	[CONFIRM_NOTHING] = { EXIT_NOTHING,
			      "no fast reboot led to this boot: there is nothing to confirm" },
	[CONFIRM_FAILED] = { EXIT_REFUSED,
			     "the last fast reboot came back through the firmware, which is nothing "
			     "to confirm; find out why, then `rapidreboot clear`" },
};

static int confirm(void)
{
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	struct kx_error err = { 0 };
	enum confirmation found;

	if (attempt_confirm(sys_machine(), &found, &err) < 0)
		return fail_with(&err);
	if (answers[found].status == EXIT_OK && front_open(&rb, NULL, false) == EXIT_OK) {
		metrics_write(&rb);
		if (found == CONFIRMED)
			(void)event_log(&rb, EVENT_CONFIRMED, NULL, answers[found].sentence);
	}
	page_field(stderr, 0, "", "rapidreboot: %s", answers[found].sentence);
	return answers[found].status;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	int r = command_take(&confirm_command, argc, argv, &o);

	return r >= 0 ? r : confirm();
}

const struct command confirm_command = {
	.name = "confirm",
	.synopsis = "",
	.summary = "this boot is a good one",
	.run = run,
	.taker = BY_CONFIRM,
	.about =
		"Says that this boot is a good one, for whoever judges it: with CONFIRM_AFTER= in\n"
		"rapidreboot.conf(5) the next fast reboot is refused until then (check H1).",
};
