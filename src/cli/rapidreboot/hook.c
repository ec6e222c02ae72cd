// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot hook: what units and scripts of init systems call while the machine goes down. Whatever
 * goes wrong here, init's own next step has to come: the exit status is 0. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rapidreboot/legacy.h"

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
	h->facts.another_image = is_another_image(h);
	if (h->facts.another_image)
		say("what is loaded is not what was asked for: it is dropped");
	say(going_name(h->facts.going));
	return 0;
}

static void load(struct hook *h)
{
	static const char *under_way[] = { "G2" }; /* of course there is a shutdown */
	struct start_options o = { .find.find.size = sizeof(o.find.find),
				   .verbose = true,
				   .force = under_way,
				   .n_force = 1 };
	enum preflight_severity outcome = PREFLIGHT_REFUSE;
	struct start s;

	if (h->loaded == 1) {
		say("a kernel is loaded already");
		return;
	}
	if (start_prepare(&s, &o) == EXIT_OK &&
	    start_check(&s, &o, NULL, false, &outcome) == EXIT_OK && outcome < PREFLIGHT_COLD &&
	    start_load(&s) == EXIT_OK)
		fprintf(stderr, "rapidreboot: loaded %s\n", s.title);
	else
		say("nothing is loaded: this is a reboot through the firmware");
	start_done(&s);
}

static void unload(struct hook *h)
{
	_cleanup_close_ int root = machine_open(h->sys);
	struct kx_error err = { 0 };

	(void)!request_remove(h->sys, NULL);
	if (h->facts.going == GOING_REBOOT || h->facts.going == GOING_KEXEC)
		legacy_cold_honoured(root);
	if (h->loaded == 0)
		return;
	if (kx_unload(h->ctx, KX_WAY_AUTO, 0, &err) < 0)
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

/* The first thing after a boot: what became of the attempt before it. */
static int boot(void)
{
	struct kx_error err = { 0 };

	if (attempts_close(sys_machine(), true, &err) < 0)
		say(err.message);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct hook h;
	bool at_the_end;

	if (argc < 2 || argc > 3)
		return fail_usage("hook boot, hook load [VERB], hook jump [VERB]");
	if (strcmp(argv[1], "boot") == 0)
		return boot();
	at_the_end = strcmp(argv[1], "jump") == 0;
	if (!at_the_end && strcmp(argv[1], "load") != 0)
		return fail_usage("there is no hook \"%s\"", argv[1]);
	if (hook_open(&h, argc == 3 ? argv[2] : NULL) == 0)
		act(&h, at_the_end ? hook_at_the_end(&h.facts) : hook_while_mounted(&h.facts));
	h.ctx = kx_ctx_free(h.ctx);
	return EXIT_OK;
}

const struct command hook_command = { "hook", "NAME", "called by init: boot, load, jump", run };
