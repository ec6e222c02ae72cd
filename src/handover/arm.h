/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The arming rule: what a hook does while the machine goes down. A jump needs init's own sign that
 * this is a reboot, or, where init gives none, a valid request file that has a sign of its own. */

#include "handover/request.h"

enum hook_action {
	HOOK_NOTHING,
	HOOK_LOAD,
	/* no reboot, or one through the firmware: no image may stay loaded that a jump could use */
	HOOK_UNLOAD,
	HOOK_JUMP,
};

/**
 * struct hook_facts - what the rule depends on
 * @going: where the machine is going, by init's sign
 * @request: the valid request, or NULL
 * @armed: request_is_sign(): it is why the machine goes down
 * @enabled: every ordinary reboot is to be a fast one
 * @ordered: what is loaded is for a reboot with a time, whether that has come or not
 * @another_image: what is loaded is not what the request is for
 * @cold_once: a file (/nokexec) asks for one reboot through the firmware; a request for a
 *	kexec overrules it
 */
struct hook_facts {
	enum going going;
	const struct request *request;
	bool armed;
	bool enabled;
	bool ordered;
	bool another_image;
	bool cold_once;
};

/* What to do in the hook that runs while file systems are mounted, and in the last one before init
 * reboots. */
enum hook_action hook_while_mounted(const struct hook_facts *facts);
enum hook_action hook_at_the_end(const struct hook_facts *facts);
const char *going_name(enum going going);

/* Every ordinary reboot is to be a fast one: /var/lib/rapidreboot/enabled, and with systemd
 * reboot.target being another name of kexec.target. */
bool is_enabled(struct sys *sys);
bool is_enabled_in(int root);
_must_check_ int set_enabled(struct sys *sys, const struct init_system *init, bool on,
			     struct kx_error *err);
/* Makes systemd run the hook "stopped" on its next way down: a package enables its unit and does not start it, so that in
 * the boot that installs it nothing would. Nothing is done where the unit is not enabled. Quiet when it fails: then the record has one moment less. */
void record_hook_start(struct sys *sys, const struct init_system *init);
/* Makes @init run the hook "load" on its next way down, enabled or not: systemd and OpenRC stop,
 * and thereby call, only services that they have started. */
_must_check_ int load_hook_start(struct sys *sys, const struct init_system *init,
				 struct kx_error *err);
