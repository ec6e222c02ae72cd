// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What systemd-boot takes from the firmware besides files: strings of SMBIOS type 11, by which a hypervisor adds
 * entries and words, and variables about its menu. Sources: smbios-type-11(7), systemd-boot(7), loader.conf(5), and
 * src/boot/boot.c for their order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/open.h"
#include "entry/read.h"
#include "entry/sd-boot.h"
#include "entry/smbios11.h"
#include "entry/vars.h"

#define TABLE "/sys/firmware/dmi/tables/DMI"
#define EXTRA_ENTRIES "io.systemd.boot.entries-extra:"
#define EXTRA_WORDS "io.systemd.boot.kernel-cmdline-extra="
#define STUB_WORDS "io.systemd.stub.kernel-cmdline-extra="

/* Limit on the table; before SMBIOS 3 it has 64 KiB at most. */
enum { TABLE_MAX = 1 << 20 };
/* Versions of systemd-boot that came to know the strings. */
enum { KNOWS_WORDS = 256, KNOWS_ENTRIES = 258 };
/* LoaderConfigTimeout: the number that stands for "menu-force". */
#define MENU_FORCE_NUMBER "4294967295"

/* Which systemd is said to run, as far as it tells: what nobody tells the version of is taken for the newest one. */
static bool is_since(const struct sd_boot *b, unsigned version)
{
	const unsigned ours = loader_version_of(b->vars.info);

	return !ours || ours >= version;
}

static bool has_word(struct bytes text, const char *word)
{
	return memmem(text.p, text.n, word, strlen(word)) != NULL;
}

struct guest {
	bool is_one; /* there is a hypervisor below */
	bool is_confidential;
};

/* Strings of the host decide nothing in a guest that does not trust it (is_confidential_vm() of systemd). */
static int look_at_guest(struct entry_fs *fs, struct guest *ret)
{
	_cleanup_text_ struct text cpuinfo = { 0 };
	int r = read_text(fs, "/proc/cpuinfo", &cpuinfo);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	ret->is_one = has_word(cpuinfo.bytes, " hypervisor");
	ret->is_confidential = has_word(cpuinfo.bytes, " tdx_guest") ||
			       (ret->is_one && has_word(cpuinfo.bytes, " sev"));
	return 0;
}

/* The first string that begins with @name, without that; NULL. */
static const char *find_string(const struct sd_boot *b, const char *name)
{
	for (size_t i = 0; i < b->strings.n; i++)
		if (strncmp(b->strings.v[i], name, strlen(name)) == 0)
			return b->strings.v[i] + strlen(name);
	return NULL;
}

int sd_boot_read_firmware(struct sd_boot *b)
{
	_cleanup_free_ uint8_t *table = NULL;
	struct guest guest = { 0 };
	size_t n;
	int r = look_at_guest(b->fs, &guest);

	if (r < 0 || guest.is_confidential || !is_since(b, KNOWS_WORDS))
		return r;
	r = b->fs->read(b->fs, ENTRY_SYSTEM, TABLE, TABLE_MAX, &table, &n);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = smbios11_parse((struct bytes){ table, n }, &b->strings);
	b->extra_words = find_string(b, EXTRA_WORDS);
	/* only hypervisors are known to have strings for systemd */
	if (r == 0 || r == -ENOMEM || (r == -EACCES && !guest.is_one))
		return r == -EACCES ? 0 : r;
	return menu_warn(
		b->menu,
		TABLE
		": cannot be read: %s: it is not known whether the firmware adds entries or words "
		"of command lines to those of systemd-boot",
		open_strerror(r));
}

/* "NAME=TEXT": as a file of this name in loader/entries of the partition that the loader is on. */
static int add_entry(struct sd_boot *b, const char *string)
{
	const char *text = strchr(string, '=');
	_cleanup_free_ char *name = NULL;

	if (!text)
		return 0;
	name = strndup(string, (size_t)(text - string));
	if (!name)
		return -ENOMEM;
	text++;
	return sd_boot_take_type1(b, b->partitions.v[0], name, TABLE,
				  (struct bytes){ (const uint8_t *)text, strlen(text) });
}

static bool has_image(const struct sd_boot *b)
{
	for (size_t i = 0; i < b->items.n; i++)
		if (b->items.v[i].entry.type == ENTRY_UKI)
			return true;
	return false;
}

int sd_boot_add_firmware(struct sd_boot *b)
{
	const char *words = find_string(b, STUB_WORDS);
	int r = 0;

	for (size_t i = 0; r == 0 && is_since(b, KNOWS_ENTRIES) && i < b->strings.n; i++)
		if (strncmp(b->strings.v[i], EXTRA_ENTRIES, strlen(EXTRA_ENTRIES)) == 0)
			r = add_entry(b, b->strings.v[i] + strlen(EXTRA_ENTRIES));
	if (r == 0 && words && *words && has_image(b))
		r = menu_warn(b->menu,
			      "SMBIOS has " STUB_WORDS
			      "%s: stubs of unified kernel images since systemd 254 add "
			      "these words, which a fast reboot does not",
			      words);
	return r;
}

/* Of the two variables the one for the next boot counts, and either of them more than loader.conf. */
int sd_boot_waits(struct sd_boot *b, const char **ret)
{
	static const char *const names[] = { "LoaderConfigTimeoutOneShot", "LoaderConfigTimeout" };

	*ret = b->conf.menu_force ? "loader.conf: timeout menu-force" : NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_cleanup_free_ char *name = NULL, *value = NULL;
		int r = format(&name, "%s-" EFI_GUID_LOADER, names[i]);

		if (r == 0)
			r = vars_read_string(b->fs, name, &value);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			continue;
		*ret = strcmp(value, "menu-force") == 0 || strcmp(value, MENU_FORCE_NUMBER) == 0
			       ? names[i]
			       : NULL;
		return 0;
	}
	return 0;
}
