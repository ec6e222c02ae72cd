// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot hook: what units and scripts of init systems call while the machine goes down. Whatever
 * goes wrong here, init's own next step has to come: the exit status is 0. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rapidreboot/attempt.h"
#include "cli/rapidreboot/hook.h"
#include "cli/rapidreboot/legacy.h"
#include "cli/rapidreboot/options.h"
#include "cli/rapidreboot/renew.h"

static void say(const char *what)
{
	fprintf(stderr, "rapidreboot: %s\n", what);
}

struct hook {
	struct sys *sys;
	struct kx_ctx *ctx;
	bool verbose;
	bool has_request;
	struct request request;
	struct request ordered; /* with facts.ordered */
	struct hook_facts facts;
	int loaded; /* struct kx_state.loaded */
};

/* Debian's LOAD_KEXEC=true and its like make ordinary reboots fast ones, too. Only while the files are
 * there to be read. */
static void read_legacy(struct hook *h)
{
	_cleanup_close_ int root = machine_open(h->sys);
	_cleanup_config_ struct config config = { 0 };
	struct legacy legacy = { 0 };
	struct kx_error err = { 0 };

	h->facts.cold_once = legacy_wants_cold(root);
	if (config_read(root, &config, &err) < 0) {
		say(err.message);
		return;
	}
	if (!config.import || legacy_take(root, &legacy) != EXIT_OK)
		return;
	if (legacy.enabled && legacy.at_shutdown) {
		fprintf(stderr, "rapidreboot: %s: %s\n", legacy.file,
			legacy.unload ? "no kernel shall be loaded"
				      : "ordinary reboots are fast ones");
		h->facts.enabled |= !legacy.unload;
		h->facts.cold_once |= legacy.unload;
	}
	legacy_done(&legacy);
}

/* Somebody loads another kernel after the one that was asked for: then nothing is certain. */
static bool is_another_image(struct hook *h)
{
	struct request loaded;

	if (!h->has_request || h->request.mode != REBOOT_KEXEC || !h->request.digest[0] ||
	    h->loaded == 0)
		return false;
	return loaded_read(h->sys, &loaded, NULL) < 0 ||
	       strcmp(loaded.digest, h->request.digest) != 0;
}

/* What is loaded is what --when ordered, whether its time has come or not. */
static bool is_ordered(struct hook *h)
{
	struct request loaded;
	uint64_t left_ms;

	return h->loaded == 1 && request_read_due(h->sys, &h->ordered, &left_ms, NULL) == 0 &&
	       h->ordered.mode == REBOOT_KEXEC && loaded_read(h->sys, &loaded, NULL) == 0 &&
	       strcmp(loaded.digest, h->ordered.digest) == 0;
}

static int hook_open(struct hook *h, const char *verb)
{
	struct signals signals = { getenv("RUNLEVEL"), getenv("RC_REBOOT"), getenv("RC_GOINGDOWN"),
				   verb };
	struct kx_state state = { .size = sizeof(state) };
	const struct init_system *init;
	struct kx_error err = { 0 };
	struct pid1 pid1;

	*h = (struct hook){ .sys = sys_machine(), .verbose = true };
	if (running_open(&h->verbose, &h->ctx) != EXIT_OK)
		return -1;
	if (kx_state(h->ctx, &state, &err) < 0) {
		say(err.message);
		return -1;
	}
	h->loaded = state.loaded;
	pid1_read(h->sys, &pid1);
	init = init_detect(&pid1);
	h->facts.going = init ? init->going(h->sys, &signals) : going_by_verb(verb);
	h->facts.enabled = is_enabled(h->sys);
	read_legacy(h);
	h->has_request = request_read(h->sys, &h->request, &err) == 0;
	if (!h->has_request && err.code != -ENOENT)
		say(err.message);
	h->facts.request = h->has_request ? &h->request : NULL;
	h->facts.ordered = is_ordered(h);
	h->facts.another_image = is_another_image(h);
	if (h->facts.another_image)
		say("what is loaded is not what was asked for: it is dropped");
	say(going_name(h->facts.going));
	return 0;
}

static void drop_image(struct hook *h)
{
	(void)!request_remove(h->sys, NULL);
	if (h->loaded != 0)
		image_drop(h->sys, h->ctx);
}

/* The machine does not go where an attempt wanted to: nothing stays of it. */
static void unload(struct hook *h)
{
	_cleanup_close_ int root = machine_open(h->sys);

	if (h->facts.going == GOING_REBOOT || h->facts.going == GOING_KEXEC)
		legacy_cold_honoured(root);
	(void)!attempt_withdraw(h->sys, NULL);
	drop_image(h);
}

static void say_firmware(void)
{
	say("nothing is loaded: this is a reboot through the firmware");
}

static void load(struct hook *h)
{
	const struct start_options o = { .find.find.size = sizeof(o.find.find),
					 .verbose = true,
					 .going_down = true };
	struct start s;

	if (h->facts.ordered) {
		if (renew(h->sys, h->ctx, &h->ordered, true) != EXIT_OK)
			say_firmware();
		return;
	}
	if (h->loaded == 1) {
		say("a kernel is loaded already");
		return;
	}
	/* they were for an image that is gone */
	(void)!request_remove(h->sys, NULL);
	(void)!attempt_withdraw(h->sys, NULL);
	if (load_for_reboot(h->sys, &o, "enabled", &s) != EXIT_OK)
		say_firmware();
	start_done(&s);
}

/* The last hooks, with services stopped. One that fails makes this a reboot through the firmware. */
static bool late_hooks(struct hook *h)
{
	_cleanup_close_ int root = machine_open(h->sys);
	_cleanup_config_ struct config config = { 0 };
	struct hooks_answer answer;
	struct kx_error err = { 0 };
	int r;

	if (config_read(root, &config, &err) < 0) {
		say(err.message);
		return true;
	}
	r = attempt_hooks(h->sys, &config, "pre-jump", h->has_request ? h->request.entry : "",
			  &answer);
	/* often there is nowhere left to write */
	(void)!attempt_add_hooks(h->sys, answer.text, NULL);
	return r == EXIT_OK;
}

static void late(struct hook *h)
{
	struct kx_error err = { 0 };

	if (h->loaded == 0)
		return;
	if (hook_at_the_end(&h->facts) == HOOK_JUMP && !late_hooks(h)) {
		drop_image(h);
		return;
	}
	/* init jumps: what is wrong with the image by now must not be found out after that */
	if (kx_jump(h->ctx, KX_JUMP_ONLY_CHECK, &err) < 0)
		say(err.message);
}

/* The request goes first: should the jump fail and the machine come back here, it is not tried
 * again. If it cannot go, neither do we. */
static void jump(struct hook *h)
{
	struct kx_error err = { 0 };

	if (h->loaded == 0) {
		say("no kernel is loaded: this is a reboot through the firmware");
		return;
	}
	if (request_remove(h->sys, &err) < 0) {
		say(err.message);
		return;
	}
	if (!late_hooks(h)) {
		drop_image(h);
		return;
	}
	say("starting the loaded kernel");
	(void)kx_jump(h->ctx, KX_JUMP_SYNC | KX_JUMP_IFDOWN, &err);
	say(err.message);
}

static void act(struct hook *h, enum hook_action action)
{
	switch (action) {
	case HOOK_NOTHING:
		return;
	case HOOK_LOAD:
		load(h);
		return;
	case HOOK_UNLOAD:
		unload(h);
		return;
	case HOOK_JUMP:
		jump(h);
		return;
	}
}

/* Services have stopped; the record can be written still. */
static void stopped(struct sys *sys)
{
	struct kx_error err = { 0 };

	if (attempt_stopped(sys, &err) < 0)
		say(err.message);
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct sys *sys); /* NULL: depends on where the machine is going */
	} hooks[] = {
		{ "boot", hook_boot }, { "stopped", stopped },
		{ "wait", hook_wait }, { "cancelled", hook_cancelled },
		{ "load", NULL },      { "late", NULL },
		{ "jump", NULL },
	};
	enum { N_HOOKS = sizeof(hooks) / sizeof(hooks[0]) };
	_cleanup_(command_done) struct options o;
	const char *names[N_HOOKS], *name, *verb;
	struct hook h;
	size_t i = 0;
	int r = command_take(&hook_command, argc, argv, &o);

	if (r >= 0)
		return r;
	name = o.operands[0];
	verb = o.n_operands > 1 ? o.operands[1] : NULL;
	while (i < N_HOOKS && strcmp(name, hooks[i].name) != 0)
		i++;
	if (i == N_HOOKS) {
		for (size_t k = 0; k < N_HOOKS; k++)
			names[k] = hooks[k].name;
		return command_fail(&hook_command, "there is no hook '%s'%s", name,
				    hint_nearest(name, names, N_HOOKS).text);
	}
	if (hooks[i].run) {
		hooks[i].run(sys_machine());
		return EXIT_OK;
	}
	if (hook_open(&h, verb) == 0) {
		if (strcmp(name, "late") == 0)
			late(&h);
		else
			act(&h, strcmp(name, "jump") == 0 ? hook_at_the_end(&h.facts)
							  : hook_while_mounted(&h.facts));
	}
	h.ctx = kx_ctx_free(h.ctx);
	return EXIT_OK;
}

const struct command hook_command = {
	.name = "hook",
	.synopsis = "NAME",
	.summary = "called by init: boot, stopped, wait, cancelled, load, late, jump",
	.run = run,
	.taker = BY_HOOK,
	.operands_min = 1,
	.operands_max = 2,
	.about =
		"What units and scripts of init systems call: boot, stopped, wait, cancelled, load [VERB],\n"
		"late [VERB], jump [VERB].",
};
