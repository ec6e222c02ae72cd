// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/way-down.h"

#include <string.h>

#include "base/error.h"
#include "handover/init.h"
#include "reboot/attempt.h"
#include "reboot/choice-legacy.h"
#include "reboot/order.h"
#include "reboot/twice.h"

/* ---- what is known */

/* Other tools' files, such as Debian's LOAD_KEXEC=true, can make ordinary reboots fast ones, too.
 * They can be read only while file systems are mounted. */
static void read_legacy(const struct reboot *rb, struct hook_facts *facts)
{
	_cleanup_config_ struct config config = { 0 };
	struct legacy_word word;
	struct kx_error err = { 0 };

	facts->cold_once = legacy_wants_cold(rb->machine);
	if (config_read(rb->machine, &config, &err) < 0) {
		teller_say(&rb->teller, "%s", err.message);
		return;
	}
	legacy_ordinary_reboot(rb, &config, &word);
	if (word.fast || word.cold)
		teller_say(&rb->teller, "%s: %s", word.file,
			   word.cold ? "no kernel shall be loaded"
				     : "ordinary reboots are fast ones");
	facts->enabled |= word.fast;
	facts->cold_once |= word.cold;
}

/* Has somebody loaded another kernel after the one of the request? Then it must not be started. */
static bool is_another_image(const struct reboot *rb, const struct going_down *g)
{
	struct sys seen = rb->seen;
	struct request loaded;

	if (!g->has_request || g->request.mode != REBOOT_KEXEC || !g->request.digest[0] ||
	    g->loaded == 0)
		return false;
	return loaded_read(&seen, &loaded, NULL) < 0 ||
	       strcmp(loaded.digest, g->request.digest) != 0;
}

/* The same by what the kernel holds: another program does not change our note. It can take as long as printing
 * all symbols of the kernel, so only the last hooks ask. Where the kernel does not tell, the note is
 * believed. One in huge pages is looked at by the library itself. */
static bool was_replaced(const struct reboot *rb, const struct going_down *g)
{
	struct sys seen = rb->seen;
	struct request loaded;
	uint64_t start;

	return g->has_request && g->request.mode == REBOOT_KEXEC &&
	       loaded_read(&seen, &loaded, NULL) == 0 && loaded.start &&
	       strcmp(loaded.rung, "zero-copy") != 0 &&
	       kx_loaded_entry(rb->ctx, &start, NULL) == 0 && start && start != loaded.start;
}

/* Is the loaded kernel that of a reboot with a time, whether its time has come or not? */
static bool is_ordered(const struct reboot *rb, struct going_down *g)
{
	struct sys seen = rb->seen;
	struct request loaded;
	uint64_t left_ms;

	return g->loaded == 1 && request_read_due(&seen, &g->ordered, &left_ms, NULL) == 0 &&
	       g->ordered.mode == REBOOT_KEXEC && loaded_read(&seen, &loaded, NULL) == 0 &&
	       strcmp(loaded.digest, g->ordered.digest) == 0;
}

static void say_another(const struct reboot *rb)
{
	teller_say(&rb->teller, "what is loaded is not what was asked for: it is dropped");
}

static enum going where_to(struct sys *sys, const struct signals *signals)
{
	const struct init_system *init;
	struct pid1 pid1;

	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	return init ? init->going(sys, signals) : going_by_verb(signals->verb);
}

bool going_down_read(const struct reboot *rb, const struct signals *signals, struct going_down *ret)
{
	struct kx_state state = { .size = sizeof(state) };
	struct kx_error err = { 0 };
	struct going_down *g = ret;

	*g = (struct going_down){ .loaded = 0 };
	if (kx_state(rb->ctx, &state, &err) < 0) {
		teller_say(&rb->teller, "%s", err.message);
		return false;
	}
	g->loaded = state.loaded;
	g->facts.going = where_to(rb->sys, signals);
	g->facts.enabled = is_enabled(rb->sys);
	read_legacy(rb, &g->facts);
	g->has_request = request_read(rb->sys, &g->request, &err) == 0;
	if (!g->has_request && err.code != -ENOENT)
		teller_say(&rb->teller, "%s", err.message);
	g->facts.request = g->has_request ? &g->request : NULL;
	g->facts.armed = g->has_request &&
			 request_is_sign(&g->request, rb->sys->boottime_ms(rb->sys)) &&
			 !request_is_orphan(rb->sys, &g->request);
	g->facts.ordered = is_ordered(rb, g);
	g->facts.another_image = is_another_image(rb, g);
	if (g->facts.another_image)
		say_another(rb);
	teller_say(&rb->teller, "%s", going_name(g->facts.going));
	return true;
}

/* ---- while file systems are mounted */

static void drop_image(const struct reboot *rb, const struct going_down *g)
{
	(void)!request_remove(rb->sys, NULL);
	if (g->loaded != 0)
		image_drop(rb);
}

/* This is no fast reboot: removes everything that belongs to one. */
static void unload(const struct reboot *rb, const struct going_down *g)
{
	if (g->facts.going == GOING_REBOOT || g->facts.going == GOING_KEXEC)
		legacy_cold_honoured(rb->machine, &rb->teller);
	(void)!attempt_withdraw(rb->sys, NULL);
	drop_image(rb, g);
}

static void say_firmware(const struct reboot *rb, const struct kx_error *err)
{
	teller_say(&rb->teller, "%s", err->message);
	teller_say(&rb->teller, "nothing is loaded: this is a reboot through the firmware");
}

static void load_enabled(const struct reboot *rb)
{
	const struct wish wish = { 0 };
	struct kx_error err = { 0 };
	struct start s;

	/* request and attempt belong to an image that is gone */
	(void)!request_remove(rb->sys, NULL);
	(void)!attempt_withdraw(rb->sys, NULL);
	if (load_for_reboot(rb, &wish, "enabled", true, &s, &err) != REASON_NONE)
		say_firmware(rb, &err);
	start_done(&s);
}

static void load(const struct reboot *rb, struct going_down *g)
{
	struct kx_error err = { 0 };

	if (g->facts.ordered) {
		if (order_renew(rb, &g->ordered, true, &err) != REASON_NONE)
			say_firmware(rb, &err);
	} else if (g->loaded == 1 && g->has_request && twice_is_open(&g->request)) {
		twice_end(rb, &g->request);
	} else if (g->loaded == 1) {
		teller_say(&rb->teller, "a kernel is loaded already");
	} else {
		load_enabled(rb);
	}
}

/* ---- at the end */

/* The last hooks, with services stopped. When one fails this becomes a reboot through the firmware,
 * and also when the configuration, which says which hooks there are, cannot be read. */
static bool late_hooks(const struct reboot *rb, const struct going_down *g)
{
	_cleanup_config_ struct config config = { 0 };
	struct hooks_answer answer;
	struct kx_error err = { 0 };
	enum reason reason;

	if (config_read(rb->machine, &config, &err) < 0) {
		teller_say(&rb->teller, "%s", err.message);
		return false;
	}
	reason = hooks_agree(rb, &config, "pre-jump", g->has_request ? g->request.entry : "",
			     &answer, &err);
	if (reason != REASON_NONE)
		teller_say(&rb->teller, "%s", err.message);
	attempt_late_hooks(rb, &answer);
	return reason == REASON_NONE;
}

void hook_late(const struct reboot *rb, struct going_down *g)
{
	struct kx_error err = { 0 };

	if (g->loaded == 0)
		return;
	if (hook_at_the_end(&g->facts) == HOOK_JUMP && !late_hooks(rb, g)) {
		drop_image(rb, g);
		return;
	}
	if (was_replaced(rb, g)) {
		say_another(rb);
		drop_image(rb, g);
		return;
	}
	/* init will jump by itself: find out now whether the image is damaged, and repair or unload
	 * it */
	if (kx_jump(rb->ctx, KX_JUMP_ONLY_CHECK, &err) < 0)
		teller_say(&rb->teller, "%s", err.message);
}

/* The request is removed before the jump, so that a jump that fails is not tried again. If it
 * cannot be removed, there is no jump. */
static void jump(const struct reboot *rb, const struct going_down *g)
{
	struct kx_error err = { 0 };

	if (g->loaded == 0) {
		teller_say(&rb->teller,
			   "no kernel is loaded: this is a reboot through the firmware");
		return;
	}
	if (request_remove(rb->sys, &err) < 0) {
		teller_say(&rb->teller, "%s", err.message);
		return;
	}
	if (!late_hooks(rb, g)) {
		drop_image(rb, g);
		return;
	}
	/* that may take long, and nothing may be between the last look and the jump */
	rb->sys->sync(rb->sys);
	if (was_replaced(rb, g)) {
		say_another(rb);
		drop_image(rb, g);
		return;
	}
	teller_say(&rb->teller, "starting the loaded kernel");
	(void)kx_jump(rb->ctx, KX_JUMP_IFDOWN, &err);
	teller_say(&rb->teller, "%s", err.message);
}

static void act(const struct reboot *rb, struct going_down *g, enum hook_action action)
{
	switch (action) {
	case HOOK_NOTHING:
		return;
	case HOOK_LOAD:
		load(rb, g);
		return;
	case HOOK_UNLOAD:
		unload(rb, g);
		return;
	case HOOK_JUMP:
		jump(rb, g);
		return;
	}
}

void hook_load(const struct reboot *rb, struct going_down *g)
{
	act(rb, g, hook_while_mounted(&g->facts));
}

void hook_jump(const struct reboot *rb, struct going_down *g)
{
	struct going_down now = *g;

	now.facts.request = g->facts.request ? &now.request : NULL;
	act(rb, &now, hook_at_the_end(&now.facts));
}

void hook_stopped(const struct reboot *rb)
{
	struct kx_error err = { 0 };

	if (attempt_stopped(rb->sys, &err) < 0)
		teller_say(&rb->teller, "%s", err.message);
}

/* ---- what an ordinary reboot would do */

enum ordinary ordinary_reboot(const struct reboot *rb)
{
	_cleanup_config_ struct config config = { 0 };
	struct kx_state state = { .size = sizeof(state) };
	struct hook_facts facts = { .going = GOING_REBOOT };
	struct legacy_word word = { .fast = false };
	const char *init = reboot_init_name(rb);
	struct sys seen = rb->seen;
	bool is_loaded;

	if (!init)
		return ORDINARY_UNKNOWN;
	facts.enabled = is_enabled(&seen);
	facts.cold_once = legacy_wants_cold(rb->machine);
	if (config_read(rb->machine, &config, NULL) == 0)
		legacy_ordinary_reboot(rb, &config, &word);
	facts.enabled |= word.fast;
	facts.cold_once |= word.cold;
	is_loaded = kx_state(rb->ctx, &state, NULL) == 0 && state.loaded == 1;
	if (hook_while_mounted(&facts) == HOOK_LOAD)
		return is_loaded ? ORDINARY_LOADED : ORDINARY_FAST;
	/* systemd never jumps on an ordinary reboot; elsewhere our last hook does with what is loaded */
	if (is_loaded && strcmp(init, "systemd") != 0 && hook_at_the_end(&facts) == HOOK_JUMP)
		return ORDINARY_LOADED;
	return ORDINARY_FIRMWARE;
}
