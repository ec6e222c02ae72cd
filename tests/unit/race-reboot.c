// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/race-reboot.h"

#include <errno.h>

#include "handover/request.h"
#include "reboot/order.h"
#include "reboot/reboot.h"
#include "reboot/way-down.h"
#include "sys/process.h"
#include "tests/unit/cmocka-shim.h"

static struct reboot rb;

/* These are in the place of src/sys/process.c. */
int process_run(struct sys *sys, char *const argv[], const char *setting, char **ret_output)
{
	return ret_output ? -ENOENT : 0;
}

int process_run_quiet(struct sys *sys, char *const argv[], const char *setting, char **ret_output)
{
	return process_run(sys, argv, setting, NULL);
}

int process_start(struct sys *sys, char *const argv[])
{
	return -ENOENT;
}

void process_shield(struct sys *sys)
{
}

int process_run_limited(struct sys *sys, const char *const argv[], const char *setting,
			unsigned timeout_ms)
{
	return 0;
}

/* there is no cryptsetup */
int process_run_fed(struct sys *sys, const char *const argv[], const int *input, size_t n_input,
		    unsigned timeout_ms, char **ret_output)
{
	return -ENOENT;
}

static void tell_nobody(void *data, enum tell kind, const char *sentence)
{
}

void race_reboot_open(struct sys *sys, struct kx_ctx *ctx, int root)
{
	rb = (struct reboot){ .sys = sys,
			      .seen = *sys,
			      .teller = { tell_nobody, NULL },
			      .machine = root,
			      .system = root,
			      .ctx = ctx };
}

void race_reboot_ask(void)
{
	struct request request = { .mode = REBOOT_KEXEC };

	assert_int_equal(request_write(rb.sys, &request, NULL), 0);
}

void race_reboot_cancel(void)
{
	struct kx_error err = { 0 };

	(void)!order_cancel(&rb, &err);
}

static void go_down(const char *runlevel, void (*hook)(const struct reboot *, struct going_down *))
{
	const struct signals signals = { .runlevel = runlevel };
	struct going_down g;

	if (going_down_read(&rb, &signals, &g))
		hook(&rb, &g);
}

void race_reboot_hook(void)
{
	go_down("6", hook_jump);
}

void race_poweroff_hook(void)
{
	go_down("0", hook_load);
}
