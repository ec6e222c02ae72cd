// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/rapidreboot/unlock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/passphrase.h"
#include "cli/rapidreboot/front.h"
#include "cli/reason-status.h"

enum { TRIES = 3, FD_LIMIT = 1 << 20 };

static int descriptor_of(const char *text)
{
	uint64_t fd;

	return parse_u64(text, &fd) == 0 && fd < FD_LIMIT ? (int)fd : -1;
}

int unlock_possible(const struct options *o)
{
	if (o->unlock_from && descriptor_of(o->unlock_from) < 0) {
		fprintf(stderr, "rapidreboot: --unlock-from %s: not the number of a descriptor\n",
			o->unlock_from);
		return EXIT_USAGE;
	}
	if (!o->unlock || o->unlock_from || isatty(STDIN_FILENO))
		return -1;
	fputs("rapidreboot: --unlock: nobody can be asked for a passphrase, since standard input is no "
	      "terminal; --unlock-from FD reads it from a descriptor. Nothing was done\n",
	      stderr);
	return EXIT_REFUSED;
}

static bool ask(const struct key_volume *v, struct secret *ret)
{
	char question[256];

	(void)snprintf(question, sizeof(question),
		       "Passphrase for %.*s (now, so that nobody has to type it at the console):",
		       (int)(v->name.n < 100 ? v->name.n : 100), (const char *)v->name.p);
	return passphrase_ask(question, ret);
}

static int fail_no_answer(void)
{
	fputs("rapidreboot: no passphrase: nothing was done\n", stderr);
	return EXIT_NOTHING;
}

static int ask_and_test(const struct reboot *rb, struct key_volume *v)
{
	struct kx_error err = { 0 };
	enum reason reason = REASON_UNLOCK;

	for (int i = 0; i < TRIES; i++) {
		if (!ask(v, &v->passphrase))
			return fail_no_answer();
		reason = keys_test(rb, v, &err);
		if (reason == REASON_NONE)
			return -1;
		if (err.code != -EKEYREJECTED)
			break;
		if (i + 1 < TRIES)
			teller_say(&rb->teller, "%s", err.message);
	}
	return fail_reason(reason, &err);
}

static int take_and_test(const struct reboot *rb, struct key_volume *v, const struct secret *given)
{
	struct kx_error err = { 0 };
	enum reason reason;

	memcpy(v->passphrase.p, given->p, given->n);
	v->passphrase.n = given->n;
	reason = keys_test(rb, v, &err);
	return reason == REASON_NONE ? -1 : fail_reason(reason, &err);
}

static int read_given(const struct options *o, struct secret *ret)
{
	int r = passphrase_read(descriptor_of(o->unlock_from), ret);

	if (r == 0)
		return -1;
	fprintf(stderr, "rapidreboot: --unlock-from %s: %s\n", o->unlock_from,
		r == -ENODATA ? "it is empty"
		: r == -EFBIG ? "that is longer than a passphrase can be"
			      : strerror(-r));
	return EXIT_REFUSED;
}

/* Who has not asked for it is told who has. */
static int fail_find(enum reason reason, const struct kx_error *err, const struct options *o)
{
	const int r = fail_reason(reason, err);

	if (!o->unlock && !o->unlock_from)
		fputs("rapidreboot: UNLOCK= of rapidreboot.conf wants keys to be handed over; with "
		      "--no-unlock the next boot asks on its console\n",
		      stderr);
	return r;
}

int unlock_ask(const struct reboot *rb, const struct wish *wish, struct start *s,
	       const struct options *o)
{
	_cleanup_secret_ struct secret given = { .p = NULL };
	const enum keys_by by = keys_by(rb, wish, &s->choice.config);
	struct kx_error err = { 0 };
	enum reason reason;
	int r = -1;

	if (!s->takes_keys)
		return -1;
	reason = by == KEYS_BY_FILES ? keys_from_files(rb, s, &err) : keys_find(rb, s, &err);
	if (reason != REASON_NONE)
		return fail_find(reason, &err, o);
	if (s->keys.n == 0)
		teller_say(&rb->teller,
			   "the initial ramdisk asks for no passphrase: no key is handed over");
	if (by == KEYS_BY_FILES)
		return -1;
	if (s->keys.n && o->unlock_from)
		r = secret_new(&given, PASSPHRASE_MAX) < 0 ? EXIT_FAILED : read_given(o, &given);
	for (size_t i = 0; i < s->keys.n && r < 0; i++) {
		struct key_volume *v = &s->keys.v[i];

		if (secret_new(&v->passphrase, PASSPHRASE_MAX) < 0) {
			fputs("rapidreboot: no memory can be locked for a passphrase\n", stderr);
			return EXIT_FAILED;
		}
		r = o->unlock_from ? take_and_test(rb, v, &given) : ask_and_test(rb, v);
	}
	return r;
}
