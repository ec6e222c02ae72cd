// SPDX-License-Identifier: LGPL-2.1-or-later
#include "preflight/volumes.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmdline.h"
#include "preflight/device-names.h"

bool option_next(struct bytes *options, struct bytes *ret)
{
	struct bytes option = *options;
	const uint8_t *comma = option.n ? memchr(option.p, ',', option.n) : NULL;

	if (!option.n)
		return false;
	if (comma)
		option.n = (size_t)(comma - option.p);
	options->n -= option.n + (comma != NULL);
	options->p += option.n + (comma != NULL);
	*ret = option;
	return true;
}

bool option_is(struct bytes options, const char *name)
{
	struct bytes option;

	while (option_next(&options, &option))
		if (bytes_is(option, name) ||
		    (bytes_starts(option, name) && option.p[strlen(name)] == '='))
			return true;
	return false;
}

struct bytes option_value(struct bytes options, const char *name)
{
	const size_t n = strlen(name);

	struct bytes option;

	while (option_next(&options, &option))
		if (bytes_starts(option, name) && option.n > n && option.p[n] == '=')
			return (struct bytes){ option.p + n + 1, option.n - n - 1 };
	return (struct bytes){ NULL, 0 };
}

/* The hexadecimal digits of "a1559d71-9be2-…"; nothing else belongs to a UUID. */
static void take_digits(const char *text, char *ret, size_t n)
{
	size_t at = 0;

	for (; *text && at + 1 < n; text++)
		if (isxdigit((unsigned char)*text))
			ret[at++] = (char)tolower((unsigned char)*text);
		else if (*text != '-')
			break;
	ret[at] = '\0';
}

static struct volume *add(struct volumes *all)
{
	all->is_cut_off |= all->n == VOLUMES_MAX;
	if (all->is_cut_off)
		return NULL;
	all->v[all->n] = (struct volume){ .line = 0 };
	return &all->v[all->n++];
}

void volumes_add(struct volumes *volumes, const char *name, const char *device, bool is_early)
{
	struct volume *v = add(volumes);

	if (!v)
		return;
	v->is_early = is_early;
	if (!path_make(v->name, sizeof(v->name), "%s", name))
		v->name[0] = '\0';
	if (!path_make(v->device, sizeof(v->device), "%s", device))
		v->device[0] = '\0';
}

static void add_root(const struct look *l, struct volumes *all)
{
	for (size_t i = 0; i < all->root.n; i++) {
		const struct block *b = &all->root.blocks[i];
		char below[64], device[80] = "";

		if (!b->is_crypt)
			continue;
		if (block_below(l, b->name, below, sizeof(below)) == 0 &&
		    !path_make(device, sizeof(device), "/dev/%s", below))
			device[0] = '\0';
		volumes_add(all, b->dm_name, device, true);
		if (b->is_luks && all->n) /* "CRYPT-LUKS2-UUID-NAME" */
			take_digits(strchr(b->dm_uuid + strlen("CRYPT-LUKS"), '-')
					    ? strchr(b->dm_uuid + strlen("CRYPT-LUKS"), '-') + 1
					    : "",
				    all->v[all->n - 1].uuid, sizeof(all->v[0].uuid));
	}
}

/* ---- crypttab */

static struct volume *by_name(struct volumes *all, struct bytes name)
{
	for (size_t i = 0; i < all->n; i++)
		if (bytes_is(name, all->v[i].name))
			return &all->v[i];
	return NULL;
}

void volume_set_device(struct volume *v, const char *spec)
{
	static const char *const tags[][2] = { { "UUID=", "by-uuid" },
					       { "PARTUUID=", "by-partuuid" },
					       { "LABEL=", "by-label" },
					       { "PARTLABEL=", "by-partlabel" } };

	if (strncmp(spec, "UUID=", 5) == 0)
		take_digits(spec + 5, v->uuid, sizeof(v->uuid));
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (strncmp(spec, tags[i][0], strlen(tags[i][0])) == 0 &&
		    path_make(v->device, sizeof(v->device), "/dev/disk/%s/%s", tags[i][1],
			      spec + strlen(tags[i][0])))
			return;
	if (spec[0] != '/' || !path_make(v->device, sizeof(v->device), "%s", spec))
		v->device[0] = '\0';
}

/* systemd-cryptsetup-generator(8) ties the volume to its device, so that whatever mounts that at boot
 * opens it: noauto and nofail in crypttab(5) do not change it. */
static bool is_mounted_at_boot(struct bytes fstab, struct bytes name)
{
	static const char mapper[] = "/dev/mapper/";
	struct lines lines = lines_of(fstab);
	struct bytes line;

	while (lines_next_said(&lines, &line)) {
		struct bytes source = bytes_word(&line), options;

		(void)bytes_word(&line);
		(void)bytes_word(&line);
		options = bytes_word(&line);
		if (bytes_starts(source, mapper) && source.n == strlen(mapper) + name.n &&
		    memcmp(source.p + strlen(mapper), name.p, name.n) == 0 &&
		    !option_is(options, "noauto") && !option_is(options, "nofail") &&
		    !option_is(options, "x-systemd.automount"))
			return true;
	}
	return false;
}

static void take_line(struct volumes *all, struct bytes fstab, struct bytes line, unsigned number,
		      const char *table)
{
	struct bytes name = bytes_word(&line), device = bytes_word(&line), key = bytes_word(&line),
		     options = bytes_word(&line);
	_cleanup_free_ char *spec = NULL;
	struct volume *v = by_name(all, name);

	/* the volume of "/" is needed even with noauto */
	if (!v && (!name.n || ((option_is(options, "noauto") || option_is(options, "nofail")) &&
			       !is_mounted_at_boot(fstab, name))))
		return;
	if (!v) {
		spec = bytes_dup(device);
		v = add(all);
		if (!v || !spec)
			return;
		if (!path_make(v->name, sizeof(v->name), "%.*s", (int)name.n, (const char *)name.p))
			v->name[0] = '\0';
		volume_set_device(v, spec);
	}
	v->line = number;
	v->table = table;
	v->key = key;
	v->options = options;
}

/* systemd-cryptsetup-generator(8), in the initrd */
static bool has_switch_off(const char *cmdline)
{
	return cmdline_is_off(cmdline, "rd.luks") || cmdline_is_off(cmdline, "luks") ||
	       cmdline_is_off(cmdline, "rd.luks.crypttab") ||
	       cmdline_is_off(cmdline, "luks.crypttab");
}

static void add_crypttab(const struct look *l, struct report *r, struct volumes *all)
{
	const char *target = l->opts->target ? l->opts->target : "";
	_cleanup_look_file_ struct look_file fstab = { 0 };
	char path[512], fstab_path[512];
	struct lines lines;
	struct bytes line;
	int code;

	/* words of the initrd, "rd.luks=" and "rd.luks.crypttab=", are about the initrd alone */
	if (l->entry && l->entry->cmdline &&
	    (cmdline_is_off(l->entry->cmdline, "luks") ||
	     cmdline_is_off(l->entry->cmdline, "luks.crypttab")))
		return;
	if (!path_make(path, sizeof(path), "%s/etc/crypttab", target) ||
	    !path_make(fstab_path, sizeof(fstab_path), "%s/etc/fstab", target))
		return;
	(void)!seen(r, fstab_path, look_file(l, fstab_path, &fstab)); /* none: no more is mounted */
	code = look_file(l, path, &all->crypttab);
	if (code < 0) {
		all->crypttab_error = code == -ENOENT ? 0 : code;
		return;
	}
	lines = lines_of(all->crypttab.b);
	while (lines_next_said(&lines, &line))
		take_line(all, fstab.b, line, lines.number, "/etc/crypttab");
}

/* ---- the table of Arch's initrd */

/* Is @word in a line of mkinitcpio.conf(5) or of its drop-ins that is no comment? @ret_is_there: there is
 * such a file. */
static bool mkinitcpio_says(const struct look *l, struct report *r, const char *word,
			    bool *ret_is_there)
{
	static const char directory[] = "/etc/mkinitcpio.conf.d";
	_cleanup_names_ struct names names = { 0 };
	bool says = false;

	*ret_is_there = false;
	(void)!seen(r, directory, look_list(l, directory, &names));
	for (size_t i = 0; i <= names.n && !says; i++) {
		_cleanup_look_file_ struct look_file text = { 0 };
		char path[512] = "/etc/mkinitcpio.conf";
		struct lines lines;
		struct bytes line;

		if ((i && !path_make(path, sizeof(path), "%s/%s", directory, names.v[i - 1])) ||
		    !seen(r, path, look_file(l, path, &text)))
			continue;
		*ret_is_there = true;
		lines = lines_of(text.b);
		while (!says && lines_next_said(&lines, &line))
			says = memmem(line.p, line.n, word, strlen(word)) != NULL;
	}
	return says;
}

/* systemd-cryptsetup-generator(8), luks.uuid=: once volumes are named on the command line, lines of other
 * volumes do not count. */
static bool is_left_out(const char *cmdline, const char *uuid)
{
	static const char *const keys[] = { "rd.luks.uuid", "luks.uuid", "rd.luks.name",
					    "luks.name" };
	struct cmdline_word word;
	bool some = false;

	while (cmdline && cmdline_next(&cmdline, &word))
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
			_cleanup_free_ char *id = NULL;
			char digits[64];

			if (!cmdline_key_is(&word, keys[i]) || !word.value.n)
				continue;
			id = bytes_dup(word.value);
			if (!id)
				return false;
			take_digits(id + (strncmp(id, "luks-", 5) == 0 ? 5 : 0), digits,
				    sizeof(digits));
			if (uuid[0] && strcmp(digits, uuid) == 0)
				return false;
			some = true;
		}
	return some;
}

/* mkinitcpio's sd-encrypt hook puts the table into the initrd as its /etc/crypttab. Key files
 * come along only when FILES= of mkinitcpio.conf(5) names them. */
static void add_initrd_crypttab(const struct look *l, struct report *r, struct volumes *all)
{
	const char *cmdline = l->entry ? l->entry->cmdline : NULL;
	bool has_config, has_hook = mkinitcpio_says(l, r, "sd-encrypt", &has_config);
	struct lines lines;
	struct bytes line;
	int code;

	if ((has_config && !has_hook) || l->opts->target || (cmdline && has_switch_off(cmdline)))
		return;
	code = look_file(l, CRYPTTAB_INITRAMFS, &all->initrd_crypttab);
	if (code < 0) {
		if (code != -ENOENT)
			all->crypttab_error = code;
		return;
	}
	lines = lines_of(all->initrd_crypttab.b);
	while (lines_next_said(&lines, &line)) {
		struct bytes rest = line, name = bytes_word(&rest);
		_cleanup_free_ char *device = bytes_dup(bytes_word(&rest)), *key = NULL;
		struct volume *v;
		char uuid[64] = "";
		bool ignored;

		if (device && strncmp(device, "UUID=", 5) == 0)
			take_digits(device + 5, uuid, sizeof(uuid));
		if (is_left_out(cmdline, uuid))
			continue;
		take_line(all, (struct bytes){ NULL, 0 }, line, lines.number, CRYPTTAB_INITRAMFS);
		v = by_name(all, name);
		if (!v || v->table == NULL || strcmp(v->table, CRYPTTAB_INITRAMFS) != 0)
			continue;
		key = bytes_dup(v->key);
		v->is_early = true;
		v->is_in_initrd = !key || key[0] != '/' || !mkinitcpio_says(l, r, key, &ignored);
	}
}

/* ---- the command line */

static bool is_known(struct volumes *all, const char *digits)
{
	for (size_t i = 0; i < all->n; i++)
		if (strstr(all->v[i].uuid, digits)) {
			all->v[i].is_early = true;
			return true;
		}
	return false;
}

/* By the rules of device-names.h, luks_presence(). One that is gone is check B4's. */
static void add_named(const struct look *l, struct report *r, struct volumes *all, const char *id)
{
	static const char directory[] = "/dev/disk/by-uuid";
	_cleanup_names_ struct names names = { 0 };
	char digits[64], device[320], name[300];

	if (strncmp(id, "keysource:", 10) == 0)
		id += 10;
	if (strncmp(id, "luks-", 5) == 0)
		id += 5;
	take_digits(id, digits, sizeof(digits));
	if (!digits[0] || is_known(all, digits) ||
	    !seen(r, directory, look_list(l, directory, &names)))
		return;
	for (size_t i = 0; i < names.n; i++) {
		if (!strstr(names.v[i], id) ||
		    !path_make(device, sizeof(device), "%s/%s", directory, names.v[i]) ||
		    !path_make(name, sizeof(name), "luks-%s", names.v[i]))
			continue;
		volumes_add(all, name, device, true);
		if (all->n)
			take_digits(names.v[i], all->v[all->n - 1].uuid, sizeof(all->v[0].uuid));
		return;
	}
}

static void add_cmdline(const struct look *l, struct report *r, struct volumes *all)
{
	static const char *const keys[] = { "rd.luks.uuid", "rd_LUKS_UUID", "luks.uuid",
					    "rd.luks.name", "luks.name" };
	const char *line = l->entry ? l->entry->cmdline : NULL;
	struct cmdline_word word;

	while (line && cmdline_next(&line, &word))
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
			_cleanup_free_ char *id = NULL;

			if (!cmdline_key_is(&word, keys[i]) || !word.value.n)
				continue;
			id = bytes_dup(word.value);
			if (!id)
				continue;
			id[strcspn(id, "=")] = '\0'; /* "UUID=NAME" */
			add_named(l, r, all, id);
		}
}

int volumes_read(const struct look *l, struct report *r, struct volumes *ret)
{
	int code = root_device_find(l, &ret->root);

	if (code < 0)
		return code;
	add_root(l, ret);
	add_crypttab(l, r, ret);
	add_initrd_crypttab(l, r, ret);
	add_cmdline(l, r, ret);
	if (ret->is_cut_off)
		unseen(r, "more volumes", -E2BIG);
	return 0;
}

void volumes_done(struct volumes *volumes)
{
	look_file_done(&volumes->crypttab);
	look_file_done(&volumes->initrd_crypttab);
	volumes->n = 0;
}
