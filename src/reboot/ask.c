// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/ask.h"

#include "base/error.h"

/* Together shorter than SIGN_ASKED_MS. An init that is asked begins within a round of its main loop. */
enum { BEGIN_ROUND_MS = 100, BEGIN_ROUNDS = 100 };
/* After a program that was ended, perhaps before it had asked: no longer than a busy init needs to be seen, because a
 * poweroff that somebody types in that time would be taken for what was asked. */
enum { ENDED_ROUNDS = 20 };

/* From here on the way down may take as long as services take to stop. One that a hook has used is gone, and
 * is not written again. */
static void sign_seen(struct sys *sys, struct request *request)
{
	struct request left;

	if (request_read(sys, &left, NULL) < 0)
		return;
	request->sign = SIGN_DOWN;
	(void)!request_write(sys, request, NULL);
}

static bool begins(struct sys *sys, const struct init_system *init, int rounds,
		   struct request *request)
{
	for (int i = 0; i < rounds; i++) {
		if (init->has_begun(sys)) {
			sign_seen(sys, request);
			return true;
		}
		sys->sleep_ms(sys, BEGIN_ROUND_MS);
	}
	return false;
}

/* By init's own word, where it has one: it stood at nothing when the program that asks was started, so what has
 * begun is what was asked for. */
static bool was_heard(struct sys *sys, const struct init_system *init)
{
	const struct signals none = { .verb = NULL };
	const enum going going = init->going(sys, &none);

	return going == GOING_REBOOT || going == GOING_KEXEC;
}

int ask_with_sign(const struct reboot *rb, const struct init_system *init,
		  const struct reboot_call *call, struct request *request, struct kx_error *err)
{
	int r;

	if (init->has_begun && init->has_begun(rb->sys))
		return kx_fail(err, -EBUSY,
			       "%s is going down already, perhaps for a poweroff: nothing is asked",
			       init->name);
	request->sign = SIGN_ASKED;
	request_set_asker(rb->sys, request);
	r = request_write(rb->sys, request, err);
	if (r < 0)
		return r;
	r = reboot_ask(rb->sys, call, err);
	/* the way down ends processes, on a busy machine also the program that has asked for it, before that
	 * comes back */
	if (r < 0 && r != -EINTR)
		return r;
	if (!init->has_begun)
		return r == 0 || was_heard(rb->sys, init) ? 0 : r;
	if (begins(rb->sys, init, r < 0 ? ENDED_ROUNDS : BEGIN_ROUNDS, request))
		return 0;
	if (r < 0)
		return r;
	return kx_fail(err, -ETIMEDOUT,
		       "%s took the order, but %s has not begun to go down within %d seconds: the "
		       "reboot is taken back",
		       call->words[0], init->name, BEGIN_ROUND_MS * BEGIN_ROUNDS / 1000);
}
