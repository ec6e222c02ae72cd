// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kernel command lines: splitting them into words, and telling words that were meant for a single
 * boot (rescue mode, a shell as init) from permanent ones. */
#include "base/cmdline.h"

#include <string.h>
#include <strings.h>

#include "base/lines.h"
#include "base/strbuf.h"

static bool is_blank(char c)
{
	return c && strchr(" \t\n\r\v\f", c);
}

static struct bytes without_quotes(struct bytes b)
{
	if (b.n && b.p[0] == '"')
		b = (struct bytes){ b.p + 1, b.n - 1 };
	if (b.n && b.p[b.n - 1] == '"')
		b.n--;
	return b;
}

bool cmdline_next(const char **line, struct cmdline_word *ret)
{
	const char *s = *line, *end;
	struct cmdline_word word = { 0 };
	const uint8_t *equals;
	bool quoted = false;

	while (is_blank(*s))
		s++;
	if (!*s)
		return false;
	for (end = s; *end && (quoted || !is_blank(*end)); end++)
		quoted ^= *end == '"';
	word.whole = (struct bytes){ (const uint8_t *)s, (size_t)(end - s) };
	word.key = word.whole;
	if (*s == '"') /* "key=value with blanks" */
		word.key = without_quotes(word.key);
	equals = memchr(word.key.p, '=', word.key.n);
	if (equals) {
		word.value = without_quotes((struct bytes){
			equals + 1, (size_t)(word.key.p + word.key.n - equals) - 1 });
		word.key.n = (size_t)(equals - word.key.p);
	}
	*line = end;
	*ret = word;
	return true;
}

static char folded(char c)
{
	return c == '-' ? '_' : c;
}

bool cmdline_key_is(const struct cmdline_word *word, const char *key)
{
	if (word->key.n != strlen(key))
		return false;
	for (size_t i = 0; i < word->key.n; i++)
		if (folded((char)word->key.p[i]) != folded(key[i]))
			return false;
	return true;
}

static bool is_among(struct bytes b, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		if (bytes_is(b, names[i]))
			return true;
	return false;
}

static struct bytes last_part(struct bytes path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return (struct bytes){ path.p + i, path.n - i };
	return path;
}

/* Shells that people name in init= to repair a system that does not come up. */
static bool is_shell(struct bytes path)
{
	static const char *const names[] = { "sh",	"bash", "dash", "ash",	"zsh",
					     "ksh",	"csh",	"tcsh", "mksh", "fish",
					     "sulogin", "sash", NULL };

	return is_among(last_part(path), names);
}

/* systemd.special(7): targets of rescue work, in which no system is left running */
static bool is_one_boot_target(struct bytes unit)
{
	static const char *const names[] = {
		"rescue.target",       "emergency.target",     "rescue.service",
		"emergency.service",   "runlevel1.target",     "system-update.target",
		"debug-shell.service", "factory-reset.target", NULL
	};

	return is_among(unit, names);
}

static bool any_value(struct bytes value)
{
	return true;
}

static bool no_value(struct bytes value)
{
	return !value.p;
}

static bool is_switched_on(struct bytes value)
{
	static const char *const off[] = { "0", "no", "false", "off", "n", "f", NULL };

	return !value.p || !is_among(value, off);
}

static bool asks(struct bytes value)
{
	return value.p && bytes_is(value, "ask");
}

static bool forces(struct bytes value)
{
	return value.p && bytes_is(value, "force");
}

/* Ubuntu Core, snapd's boot/boot.go: install, recover and factory-reset are for the boot they are asked for. */
static bool is_no_run(struct bytes value)
{
	return value.p && !bytes_is(value, "run");
}

static bool is_single(struct bytes value)
{
	return value.p && bytes_is(value, "single");
}

static const struct {
	const char *key;
	bool (*ends)(struct bytes value);
} one_boot[] = {
	/* systemd(1), init(8) of sysvinit and OpenRC: rescue and single-user modes */
	{ "single", no_value },
	{ "s", no_value },
	{ "-s", no_value },
	{ "S", no_value },
	{ "1", no_value },
	{ "rescue", no_value },
	{ "rd.rescue", no_value },
	{ "emergency", no_value },
	/* without a value only: with one it is an option of dracut's, which is permanent */
	{ "rd.emergency", no_value },
	{ "-b", no_value },
	{ "recovery", no_value },   /* Ubuntu's friendly-recovery */
	{ "softlevel", is_single }, /* OpenRC, user-guide.md */
	{ "systemd.unit", is_one_boot_target },
	{ "rd.systemd.unit", is_one_boot_target },
	{ "init", is_shell },
	{ "rdinit", is_shell },
	/* dracut.cmdline(7), initramfs-tools(7), mkinitcpio(8), systemd-debug-generator(8) */
	{ "rd.break", is_switched_on },
	{ "rdbreak", is_switched_on },
	{ "break", any_value },
	{ "systemd.break", any_value },
	{ "rd.systemd.break", any_value },
	{ "rd.cmdline", asks },
	/* NixOS manual, "Boot Problems": shells in stage 1 */
	{ "boot.debug1", any_value },
	{ "boot.debug1devices", any_value },
	{ "boot.debug1mounts", any_value },
	/* systemd-run-generator(8): one command, after which the system goes down */
	{ "systemd.run", any_value },
	{ "systemd.run_success_action", any_value },
	{ "systemd.run_failure_action", any_value },
	/* first boots: Ignition on Fedora CoreOS and RHEL, Flatcar and Container Linux, SUSE's
	 * combustion */
	{ "ignition.firstboot", is_switched_on },
	{ "flatcar.first_boot", is_switched_on },
	{ "coreos.first_boot", is_switched_on },
	{ "combustion.firstboot", is_switched_on },
	/* What wipes or rolls back: Talos, "Resetting a Machine"; dracut.zfs(7) */
	{ "talos.experimental.wipe", any_value },
	{ "bootfs.rollback", any_value },
	/* zfs-initramfs: scripts/zfs; dracut.zfs(7): import a pool that another system has in use */
	{ "rollback", is_switched_on },
	{ "zfs_force", is_switched_on },
	{ "zfsforce", is_switched_on },
	{ "snapd_recovery_mode", is_no_run },
	/* systemd-fsck@.service(8), systemd-quotacheck.service(8): look at every file system once */
	{ "quotacheck.mode", forces },
	{ "fsck.mode", forces },
	{ "forcefsck", no_value },
	/* selinux-autorelabel-generator, systemd-factory-reset-generator(8) */
	{ "autorelabel", is_switched_on },
	{ "systemd.factory_reset", is_switched_on },
	/* systemd(1): taken for the first boot whatever /etc says */
	{ "systemd.condition_first_boot", is_switched_on },
};

bool cmdline_is_one_boot(const struct cmdline_word *word)
{
	for (size_t i = 0; i < sizeof(one_boot) / sizeof(*one_boot); i++)
		if (cmdline_key_is(word, one_boot[i].key) && one_boot[i].ends(word->value))
			return true;
	return false;
}

/* The value of the last word with this key; without bytes when there is none. */
static struct bytes last_value(const char *line, const char *key)
{
	struct cmdline_word word;
	struct bytes value = { NULL, 0 };

	while (cmdline_next(&line, &word))
		if (cmdline_key_is(&word, key))
			value = word.value;
	return value;
}

bool cmdline_has_key(const char *line, const char *key)
{
	struct cmdline_word word;

	while (cmdline_next(&line, &word))
		if (cmdline_key_is(&word, key))
			return true;
	return false;
}

bool cmdline_is_off(const char *line, const char *key)
{
	static const char *const no[] = { "0", "no", "n", "false", "f", "off" };
	const struct bytes value = last_value(line, key);

	for (size_t i = 0; value.p && i < sizeof(no) / sizeof(*no); i++)
		if (value.n == strlen(no[i]) &&
		    strncasecmp((const char *)value.p, no[i], value.n) == 0)
			return true;
	return false;
}

bool cmdline_is_off_for_dracut(const char *line, const char *key)
{
	static const char *const no[] = { "0", "no", "off", NULL };
	const struct bytes value = last_value(line, key);

	return value.p && is_among(value, no);
}
