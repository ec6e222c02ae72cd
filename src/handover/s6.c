// SPDX-License-Identifier: LGPL-2.1-or-later
/* s6-linux-init: has no kexec of its own and tells its scripts nothing, but where it goes stands in the
 * script that it writes for its last stage, which runs rc.shutdown.final. */

#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "handover/init.h"

static bool is_s6(const struct pid1 *pid1)
{
	return strcmp(pid1->name, "s6-svscan") == 0;
}

static int s6_ask(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		  struct kx_error *err)
{
	static const char *const programs[] = { "s6-linux-init-hpr", "reboot", NULL };
	int r = call_program(sys, ret, programs, err);

	if (r == 0 && strstr(ret->words[0], "hpr"))
		r = call_word(ret, "-r", err);
	ret->needs_hook = wish->mode == REBOOT_KEXEC;
	ret->avoids_image = wish->mode == REBOOT_COLD;
	return r;
}

static bool ends_in(struct bytes b, const char *end)
{
	const size_t n = strlen(end);

	return b.n >= n && bytes_is((struct bytes){ b.p + b.n - n, n }, end);
}

/* The letter that prepare_stage4() of s6-linux-init-shutdownd.c puts behind "s6-linux-init-hpr -f -". */
static enum going going_by_letter(struct bytes options)
{
	if (bytes_is(options, "-r"))
		return GOING_REBOOT;
	return bytes_is(options, "-p") || bytes_is(options, "-h") ? GOING_DOWN : GOING_UNKNOWN;
}

static enum going s6_going(struct sys *sys, const struct signals *signals)
{
	static const char path[] = "/run/service/s6-linux-init-shutdownd/stage 4";
	enum { STAGE_4_MAX = 4096 };
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_free_ uint8_t *text = NULL;
	struct bytes line, last = { NULL, 0 };
	struct lines lines;
	size_t n;

	if (read_file_in(root, path, STAGE_4_MAX, &text, &n) < 0)
		return GOING_UNKNOWN;
	lines = lines_of((struct bytes){ text, n });
	while (lines_next_said(&lines, &line))
		last = line;
	if (!ends_in(bytes_word(&last), "s6-linux-init-hpr") || !bytes_is(bytes_word(&last), "-f"))
		return GOING_UNKNOWN;
	return going_by_letter(last);
}

static void s6_hooks(int root, const struct pid1 *pid1, struct hook_places *ret)
{
	static const char path[] = "/etc/s6-linux-init/current/scripts/rc.shutdown.final";

	ret->jumps = is_program_in(root, path) && hook_script_does(root, path, hook_jump_words);
	ret->loads = true; /* nothing is loaded by a plain reboot: it goes through the firmware */
	if (ret->jumps)
		return;
	hook_found(ret, "%s %s", path,
		   is_there_in(root, path) ? "does not run `rapidreboot hook jump`"
					   : "is not there");
	if (is_there_in(root, path))
		hook_remedy(ret, "add the line `rapidreboot hook jump` to %s", path);
	else
		hook_remedy(ret, "install -m 755 %s/s6/rc.shutdown.final %s", hook_share(root),
			    path);
}

const struct init_system s6_init = {
	.name = "s6-linux-init",
	.program = "s6",
	.is = is_s6,
	.ask = s6_ask,
	.going = s6_going,
	.hooks = s6_hooks,
};
