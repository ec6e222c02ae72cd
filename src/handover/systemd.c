// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * systemd. systemctl is the client: it asks logind, so that inhibitors, wall messages and polkit
 * work as in any reboot, and process 1 where logind is missing. `systemctl kexec` uses an image
 * that is loaded as it is. `systemctl reboot` turns into a kexec when one is loaded (since 255),
 * unless SYSTEMCTL_SKIP_AUTO_KEXEC says no.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "handover/init.h"
#include "handover/loaders.h"

static bool is_systemd(const struct pid1 *pid1)
{
	return pid1->systemd || strcmp(pid1->name, "systemd") == 0;
}

/* `rapidreboot enable` makes reboot.target an alias of kexec.target; other packages override the
 * service that reboot.target ends with. */
static bool reboot_is_kexec(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_free_ char *target = NULL;
	struct loaders others;

	if (link_read_in(root, "/etc/systemd/system/reboot.target", &target) == 0 &&
	    strstr(target, "kexec.target"))
		return true;
	loaders_find(root, &others);
	loaders_done(&others);
	return others.reboot_is_kexec;
}

static int add_message(struct reboot_call *call, const char *message, struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf word = { 0 };
	_cleanup_free_ char *text = NULL;

	if (!message)
		return 0;
	strbuf_addf(&word, "--message=%s", message);
	if (strbuf_take(&word, &text) < 0)
		return kx_fail(err, -ENOMEM, "out of memory");
	return call_word(call, text, err);
}

/* Every version of shutdown(8) takes a time, and it schedules a kexec when an image is loaded at
 * the time of the call; `systemctl reboot --when=` never does. */
static int schedule(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		    struct kx_error *err)
{
	static const char *const programs[] = { "shutdown", NULL };
	int r = call_program(sys, ret, programs, err);

	if (r == 0)
		r = call_word(ret, "-r", err);
	if (r == 0 && wish->no_wall)
		r = call_word(ret, "--no-wall", err);
	if (r == 0)
		r = call_word(ret, wish->when, err);
	if (r == 0 && wish->message)
		r = call_operand(ret, wish->message, err);
	ret->image_required = true;
	return r;
}

static int systemd_cancel(struct sys *sys, struct reboot_call *ret, struct kx_error *err)
{
	static const char *const programs[] = { "shutdown", NULL };
	int r = call_program(sys, ret, programs, err);

	return r < 0 ? r : call_word(ret, "-c", err);
}

static int systemd_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		       struct kx_error *err)
{
	static const char *const programs[] = { "systemctl", NULL };
	const bool cold = wish->mode == REBOOT_COLD;
	int r;

	if (wish->when)
		return schedule(sys, wish, ret, err);
	r = call_program(sys, ret, programs, err);

	if (r == 0)
		r = call_word(ret, cold ? "reboot" : "kexec", err);
	if (r == 0 && wish->no_wall)
		r = call_word(ret, "--no-wall", err);
	if (r == 0 && wish->ignore_inhibitors)
		r = call_word(ret, "--ignore-inhibitors", err);
	if (r == 0)
		r = add_message(ret, wish->message, err);
	if (cold) {
		ret->setting = "SYSTEMCTL_SKIP_AUTO_KEXEC=1";
		ret->avoids_image = !reboot_is_kexec(sys);
	}
	return r;
}

/* A line of `systemctl list-jobs --plain --no-legend`: number, unit, type, state. Only start jobs
 * count: the target of a shutdown that was given up has a stop job. */
static enum going going_by_job(struct bytes line)
{
	static const struct {
		const char *unit;
		enum going going;
	} units[] = {
		{ "kexec.target", GOING_KEXEC },      { "reboot.target", GOING_REBOOT },
		{ "poweroff.target", GOING_DOWN },    { "halt.target", GOING_DOWN },
		{ "soft-reboot.target", GOING_DOWN }, { "exit.target", GOING_DOWN },
		{ "rescue.target", GOING_DOWN },      { "emergency.target", GOING_DOWN },
	};
	struct bytes unit, type;

	line = bytes_trim(line);
	(void)bytes_word(&line);
	unit = bytes_word(&line);
	type = bytes_word(&line);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (bytes_is(unit, units[i].unit) && bytes_is(type, "start"))
			return units[i].going;
	return GOING_NOWHERE;
}

static int list_jobs(struct sys *sys, char **ret)
{
	static const char *const programs[] = { "systemctl", NULL };
	static const char *const words[] = { "list-jobs", "--plain", "--no-legend", "--no-pager",
					     NULL };
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	_cleanup_free_ char *output = NULL;
	int r = call_program(sys, &call, programs, NULL);

	if (r == 0)
		r = call_words(&call, words, NULL);
	if (r == 0)
		r = process_run(sys, call.words, NULL, &output);
	if (r != 0)
		return r < 0 ? r : -EIO;
	*ret = TAKE_PTR(output);
	return 0;
}

/* When jobs of several targets are queued, one that does not jump (poweroff, halt) has
 * precedence. */
static enum going systemd_going(struct sys *sys, const struct signals *signals)
{
	_cleanup_free_ char *jobs = NULL;
	enum going going = GOING_NOWHERE;
	struct lines lines;
	struct bytes line;

	if (signals->verb)
		return going_by_verb(signals->verb);
	if (list_jobs(sys, &jobs) < 0)
		return GOING_UNKNOWN;
	lines = lines_of((struct bytes){ (const uint8_t *)jobs, strlen(jobs) });
	while (lines_next(&lines, &line)) {
		enum going one = going_by_job(line);

		if (one == GOING_NOWHERE || going == GOING_DOWN)
			continue;
		if (going != GOING_KEXEC || one == GOING_DOWN)
			going = one;
	}
	return going;
}

/* The path unit watches /run/systemd/shutdown/scheduled, which logind removes when a reboot is
 * cancelled, and also when its time has come. */
static int systemd_watch(struct sys *sys, struct reboot_call *ret, struct kx_error *err)
{
	static const char *const programs[] = { "systemctl", NULL };
	static const char *const words[] = { "start", "rapidreboot-cancelled.path", NULL };
	int r = call_program(sys, ret, programs, err);

	return r < 0 ? r : call_words(ret, words, err);
}

static bool systemd_waits(struct sys *sys)
{
	static const struct signals silent = { 0 };
	_cleanup_close_ int root = machine_open(sys);

	return is_there_in(root, "/run/systemd/shutdown/scheduled") ||
	       systemd_going(sys, &silent) != GOING_NOWHERE;
}

/* systemd jumps by itself. Only loading a kernel in every reboot, after `enable`, needs a unit of
 * ours. */
static void systemd_hooks(int root, const struct pid1 *pid1, struct hook_places *ret)
{
	static const char wanted[] =
		"/etc/systemd/system/multi-user.target.wants/rapidreboot-load.service";
	_cleanup_free_ char *target = NULL;

	ret->jumps = true;
	ret->loads = is_there_in(root, wanted) || link_read_in(root, wanted, &target) == 0;
	if (ret->loads)
		return;
	hook_found(ret, "no %s", wanted);
	hook_remedy(ret, "rapidreboot enable");
}

const struct init_system systemd_init = {
	.name = "systemd",
	.program = "systemd",
	.is = is_systemd,
	.ask = systemd_ask,
	.going = systemd_going,
	.cancel = systemd_cancel,
	.spares = "",
	.watch = systemd_watch,
	.waits = systemd_waits,
	.hooks = systemd_hooks,
};
