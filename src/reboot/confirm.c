// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/confirm.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "reboot/event.h"
#include "reboot/metrics.h"
#include "record/attempts.h"

#define SERVICE "rapidreboot-confirm@"

bool confirm_is_awaited(const struct reboot *rb)
{
	_cleanup_config_ struct config config = { 0 };
	struct kx_error err = { 0 };

	if (config_read(rb->machine, &config, &err) == 0)
		return config.confirm_after != NULL;
	teller_say(&rb->teller, "%s", err.message);
	return true;
}

/* The instance of our service is ordered after the unit, and needs it: systemd waits, no process of ours does. */
static void start_service(const struct reboot *rb, const char *unit)
{
	static const char *const programs[] = { "systemctl", NULL };
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	char service[sizeof(SERVICE) + CONFIG_UNIT_MAX + sizeof(".service")];
	const char *const words[] = { "--no-block", "start", service, NULL };
	struct kx_error err = { 0 };

	(void)snprintf(service, sizeof(service), SERVICE "%s.service", unit);
	if (call_program(rb->sys, &call, programs, &err) < 0 ||
	    call_words(&call, words, &err) < 0 || reboot_ask(rb->sys, &call, &err) < 0)
		event_say(rb, EVENT_UNCONFIRMED, (const char *const[]){ unit, err.message },
			  "CONFIRM_AFTER: this boot is not confirmed after %s: %s", unit,
			  err.message);
}

void confirm_begin(const struct reboot *rb, const struct init_system *init)
{
	_cleanup_config_ struct config config = { 0 };

	if (config_read(rb->machine, &config, NULL) < 0 || !config.confirm_after ||
	    strcmp(config.confirm_after, "command") == 0)
		return;
	if (init == &systemd_init)
		start_service(rb, config.confirm_after);
	else
		teller_say(&rb->teller,
			   "CONFIRM_AFTER=%s: units are systemd's, which does not run here: only "
			   "`rapidreboot confirm` confirms this boot",
			   config.confirm_after);
}

void hook_confirm(const struct reboot *rb)
{
	struct kx_error err = { 0 };
	enum confirmation found;

	if (attempt_confirm(rb->sys, &found, &err) < 0)
		teller_say(&rb->teller, "%s", err.message);
	else if (found == CONFIRMED)
		event_say(rb, EVENT_CONFIRMED, NULL, "this boot is confirmed (CONFIRM_AFTER)");
	metrics_write(rb);
}
