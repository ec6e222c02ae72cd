// SPDX-License-Identifier: LGPL-2.1-or-later
/* GNU Shepherd: a Guile program; `reboot --kexec`, which version 1.0 brought, falls back to a reboot by itself. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "handover/init.h"

enum { CMDLINE_MAX = 64 << 10 };

static bool is_shepherd(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "shepherd") == 0 || strcmp(pid1->name, "guile") == 0;
}

static int shepherd_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
			struct kx_error *err)
{
	static const char *const programs[] = { "reboot", NULL };
	int r = call_program(sys, ret, programs, err);

	if (r == 0 && wish->mode == REBOOT_KEXEC)
		r = call_word(ret, "--kexec", err);
	ret->avoids_image = wish->mode == REBOOT_COLD;
	return r;
}

static enum going shepherd_going(struct sys *sys, const struct signals *signals)
{
	return GOING_UNKNOWN;
}

/* The version is in the words that it was started with: "/gnu/store/HASH-shepherd-1.0.2/bin/shepherd". Returns
 * its first number, or -ENOENT. */
static int version_of(int root)
{
	static const char name[] = "-shepherd-";
	_cleanup_free_ uint8_t *text = NULL;
	const uint8_t *at;
	size_t n;
	int r = read_file_in(root, "/proc/1/cmdline", CMDLINE_MAX, &text, &n);

	if (r < 0)
		return r;
	at = memmem(text, n, name, strlen(name));
	if (!at)
		return -ENOENT;
	at += strlen(name);
	return at < text + n && isdigit(*at) ? *at - '0' : -ENOENT;
}

static void shepherd_hooks(int root, const struct pid1 *pid1, struct hook_places *ret)
{
	const int version = version_of(root);

	hook_none_loads(ret);
	ret->unsure = version < 0;
	ret->jumps = version > 0;
	if (version < 0) {
		hook_found(ret, "/proc/1/cmdline tells no version: before 1.0 there is no "
				"`reboot --kexec`");
		return;
	}
	hook_found(ret, "/proc/1/cmdline: version %d", version);
	if (version == 0)
		(void)snprintf(ret->advice, sizeof(ret->advice),
			       "Upgrade the Shepherd to version 1.0 or later.");
}

const struct init_system shepherd_init = {
	.name = "Shepherd",
	.program = "shepherd",
	.is = is_shepherd,
	.ask = shepherd_ask,
	.going = shepherd_going,
	.hooks = shepherd_hooks,
};
