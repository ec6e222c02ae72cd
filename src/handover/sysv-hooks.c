// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which scripts runlevel 6 runs: /etc/rc6.d of Debian's sysv-rc, and with insserv or chkconfig elsewhere;
 * one script for all of it on Slackware; and inittab(5), where `reboot -k` jumps by itself. */
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "handover/hook-places.h"

static const char *const runlevel_6[] = { "/etc/rc6.d", "/etc/rc.d/rc6.d" };
static const char slackware[] = "/etc/rc.d/rc.6";

static const char *runlevel_directory(int root)
{
	return !is_directory_in(root, runlevel_6[0]) && is_directory_in(root, runlevel_6[1])
		       ? runlevel_6[1]
		       : runlevel_6[0];
}

/* "r6:6:wait:/sbin/reboot -dk": ID, runlevels, action, process */
static bool line_jumps(struct bytes line)
{
	const uint8_t *option;
	struct bytes rest = line;

	for (int field = 0; field < 3; field++) {
		const uint8_t *colon = memchr(rest.p, ':', rest.n);

		if (!colon)
			return false;
		if (field == 1 && !memchr(rest.p, '6', (size_t)(colon - rest.p)))
			return false;
		rest = (struct bytes){ colon + 1, (size_t)(rest.p + rest.n - colon) - 1 };
	}
	option = memmem(rest.p, rest.n, "reboot -", 8);
	while (option && ++option < rest.p + rest.n && *option != '-')
		;
	while (option && ++option < rest.p + rest.n && *option != ' ')
		if (*option == 'k')
			return true;
	return false;
}

static bool inittab_jumps(int root)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;

	if (read_file_in(root, "/etc/inittab", 64 << 10, &text, &n) < 0)
		return false;
	lines = lines_of((struct bytes){ text, n });
	while (lines_next_said(&lines, &line))
		if (line_jumps(line))
			return true;
	return false;
}

static void registration(int root, struct hook_places *p)
{
	static const char *const chkconfig[] = { "/sbin/chkconfig", "/usr/sbin/chkconfig" };
	const char *share = hook_share(root), *directory = runlevel_directory(root);

	if (is_there_in(root, slackware) && !is_directory_in(root, directory)) {
		hook_remedy(p,
			    "write the line `rapidreboot hook jump` before the last `reboot` of %s",
			    slackware);
		return;
	}
	if (!is_program_in(root, "/etc/init.d/rapidreboot-jump"))
		hook_remedy(p, "cp %s/sysvinit/rapidreboot-* /etc/init.d/", share);
	if (is_program_in(root, "/usr/sbin/update-rc.d"))
		hook_remedy(p,
			    "for i in load stopped jump; do update-rc.d rapidreboot-$i defaults; "
			    "done");
	else if (is_program_in(root, chkconfig[0]) || is_program_in(root, chkconfig[1]))
		hook_remedy(p,
			    "for i in load stopped jump; do chkconfig --add rapidreboot-$i; done");
	else if (is_program_in(root, "/sbin/insserv") || is_program_in(root, "/usr/sbin/insserv"))
		hook_remedy(p, "insserv rapidreboot-load rapidreboot-stopped rapidreboot-jump");
	else
		hook_remedy(p,
			    "ln -s /etc/init.d/rapidreboot-load %s/K00rapidreboot-load && ln -s "
			    "/etc/init.d/rapidreboot-jump %s/S98rapidreboot-jump, the last before "
			    "`reboot`",
			    directory, directory);
}

/* Scripts after "reboot", which never returns, are not run. */
static bool is_in_time(int root, const char *directory, const char *name, const char *before,
		       struct hook_places *p)
{
	const int own = hook_link_order(root, directory, name),
		  end = hook_link_order(root, directory, before);

	if (own < 0 || end < 0 || own <= end)
		return true;
	hook_found(p, "%s: %s comes after %s", directory, name, before);
	hook_remedy(p, "rm %s/[KS]??%s", directory, name);
	return false;
}

void sysv_hooks(int root, struct hook_places *p)
{
	const char *directory = runlevel_directory(root);

	p->loads = hook_script_does(root, slackware, hook_load_words) ||
		   (hook_is_linked(root, directory, "rapidreboot-load", p) &&
		    is_in_time(root, directory, "rapidreboot-load", "rapidreboot-jump", p));
	p->jumps = inittab_jumps(root) || hook_script_does(root, slackware, hook_jump_words) ||
		   (hook_is_linked(root, directory, "rapidreboot-jump", p) &&
		    is_in_time(root, directory, "rapidreboot-jump", "reboot", p)) ||
		   hook_is_linked(root, directory, "kexec", &(struct hook_places){ .found = "" });
	if (!p->jumps || !p->loads)
		registration(root, p);
}
