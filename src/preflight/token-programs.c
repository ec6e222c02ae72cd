// SPDX-License-Identifier: LGPL-2.1-or-later
/* initramfs-tools(7): hooks copy programs into the initrd, scripts below local-top use them. */
#include "preflight/token-programs.h"

#include <errno.h>
#include <string.h>

/* mkinitramfs is there, and no other generator beside it */
static bool is_by_initramfs_tools(const struct look *l)
{
	static const char *const others[] = { "/usr/bin/dracut", "/usr/sbin/dracut",
					      "/usr/bin/mkinitcpio", "/usr/bin/booster" };

	if (look_exists(l, "/usr/sbin/mkinitramfs") != 1)
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (look_exists(l, others[i]) != 0)
			return false;
	return true;
}

/* Does a hook say one of the words? -errno when it cannot be told. */
static int hooks_say(const struct look *l, const char *directory, const char *const *words)
{
	_cleanup_names_ struct names names = { 0 };
	int code = look_list(l, directory, &names);

	if (code < 0)
		return code == -ENOENT ? 0 : code;
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_look_file_ struct look_file text = { 0 };
		char path[512];

		if (!path_make(path, sizeof(path), "%s/%s", directory, names.v[i]))
			return -ENAMETOOLONG;
		code = look_file(l, path, &text);
		if (code < 0)
			return code;
		for (size_t k = 0; words[k]; k++)
			if (memmem(text.b.p, text.b.n, words[k], strlen(words[k])))
				return 1;
	}
	return 0;
}

enum token_programs token_programs(const struct look *l, const char *what)
{
	static const char *const of_clevis[] = { "clevis", NULL };
	static const char *const of_systemd[] = { "systemd-cryptsetup", "libcryptsetup-token",
						  NULL };
	const bool is_clevis = strncmp(what, "clevis", 6) == 0;
	int packaged, own;

	if (l->opts->target || !is_by_initramfs_tools(l))
		return TOKENS_USED;
	if (is_clevis && look_exists(l, "/usr/share/initramfs-tools/scripts/local-top/clevis") == 1)
		return TOKENS_USED;
	packaged = hooks_say(l, "/usr/share/initramfs-tools/hooks",
			     is_clevis ? of_clevis : of_systemd);
	own = hooks_say(l, "/etc/initramfs-tools/hooks", is_clevis ? of_clevis : of_systemd);
	return packaged == 0 && own == 0 ? TOKENS_IGNORED : TOKENS_UNKNOWN;
}
