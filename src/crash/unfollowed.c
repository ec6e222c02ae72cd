// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What other tools' files ask for, and the initial ramdisk of our own does not do: each is said, so that nobody
 * relies on it. Sources of the names: kdump.conf(5) of kdump-utils; kdump-config of kdump-tools 1.10; kdump(5) of
 * SUSE.
 */
#include <errno.h>
#include <string.h>

#include "base/lines.h"
#include "base/strbuf.h"
#include "crash/rules.h"

#define TARGET "name a directory, or another machine with ssh: or nfs:, by CRASH_TARGET"
#define NO_PROGRAMS "no programs are run after the crash"
#define PACKING "CRASH_LEVEL and CRASH_PACK say it here"
#define KEEPING "CRASH_KEEP and CRASH_KEEP_MIB say it here"
#define ENDING "CRASH_FAILURE says it here, and after a dump the machine reboots"
#define NO_BUILDER "modules are found by /sys, and dracut does not make this ramdisk"
#define NFS_LIMITS \
	"a server that goes away is given up after five minutes, then the local disk is next"
#define NO_FADUMP "dumps that firmware assists are left to the distribution's tool"
#define NO_MAIL "nobody is told but by rapidreboot crash status of the next boot"

/* In one table: no name means two things. */
static const struct row {
	const char *name;
	const char *same; /* with this value it says what is done anyway; "" is never it */
	const char *instead;
	bool is_target;
} rows[] = {
	/* kdump.conf */
	{ "raw", "", TARGET, true },
	{ "ext2", "", TARGET ", or mount it", true },
	{ "ext3", "", TARGET ", or mount it", true },
	{ "ext4", "", TARGET ", or mount it", true },
	{ "xfs", "", TARGET ", or mount it", true },
	{ "btrfs", "", TARGET ", or mount it", true },
	{ "minix", "", TARGET ", or mount it", true },
	{ "virtiofs", "", TARGET, true },
	{ "core_collector", "", PACKING, false },
	{ "kdump_pre", "", NO_PROGRAMS, false },
	{ "kdump_post", "", NO_PROGRAMS, false },
	{ "kdump_emergency", "", NO_PROGRAMS, false },
	{ "extra_bins", "", NO_PROGRAMS, false },
	{ "extra_modules", "", NO_BUILDER, false },
	{ "dracut_args", "", NO_BUILDER, false },
	{ "failure_action", "reboot", ENDING, false },
	{ "default", "reboot", ENDING, false },
	{ "final_action", "reboot", ENDING, false },
	{ "fence_kdump_args", "", NO_MAIL, false },
	{ "fence_kdump_nodes", "", NO_MAIL, false },
	/* kdump-tools */
	{ "FTP", "", TARGET, true },
	{ "HOSTTAG", "hostname", "directories on another machine begin with the name of this one",
	  false },
	{ "KDUMP_FAIL_CMD", "reboot -f", ENDING, false },
	{ "KDUMP_NUM_DUMPS", "0", KEEPING, false },
	{ "KDUMP_COMPRESSION", "", PACKING, false },
	{ "MAKEDUMP_ARGS", "-c -d 31", PACKING, false },
	{ "KDUMP_DUMP_DMESG", "1", "the log is always saved", false },
	{ "NFS_TIMEO", "600", NFS_LIMITS, false },
	{ "NFS_RETRANS", "3", NFS_LIMITS, false },
	{ "NFS_MOUNT_RETRY", "4", NFS_LIMITS, false },
	{ "SSH_KDUMP_RETRY", "", "another machine is tried once, then the local disk", false },
	/* SUSE */
	{ "KDUMP_DUMPLEVEL", "31", PACKING, false },
	{ "KDUMP_DUMPFORMAT", "compressed", PACKING, false },
	{ "MAKEDUMPFILE_OPTIONS", "", PACKING, false },
	{ "KDUMP_KEEP_OLD_DUMPS", "0", KEEPING, false },
	{ "KDUMP_FREE_DISK_SIZE", "", "16 MiB stay free", false },
	{ "KDUMP_IMMEDIATE_REBOOT", "yes", ENDING, false },
	{ "KDUMP_CONTINUE_ON_ERROR", "", ENDING, false },
	{ "KDUMP_PRESCRIPT", "", NO_PROGRAMS, false },
	{ "KDUMP_POSTSCRIPT", "", NO_PROGRAMS, false },
	{ "KDUMP_TRANSFER", "", NO_PROGRAMS, false },
	{ "KDUMP_REQUIRED_PROGRAMS", "", NO_PROGRAMS, false },
	{ "KDUMP_FADUMP", "no", NO_FADUMP, false },
	{ "KDUMP_FADUMP_SHELL", "no", NO_FADUMP, false },
	{ "KDUMP_COPY_KERNEL", "no", "kernel and symbols are not copied: keep its packages",
	  false },
	{ "KDUMP_NETCONFIG", "auto", "the network is set up as it is when the machine is armed",
	  false },
	{ "KDUMP_SMTP_SERVER", "", NO_MAIL, false },
	{ "KDUMP_NOTIFICATION_TO", "", NO_MAIL, false },
};

/* "yes", "true" and "1" are one word for SUSE's kdump, and so are "no", "false" and "0". */
static const char *plain_boolean(const char *value)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		return "yes";
	return strcmp(value, "false") == 0 || strcmp(value, "0") == 0 ? "no" : value;
}

/* Of another level of filtering makedumpfile's words are worth a sentence, of the usual one not. */
static bool is_same(const struct row *row, const char *value)
{
	if (strcmp(row->name, "core_collector") == 0)
		return has_word(value, "makedumpfile") && has_word(value, "31");
	if (strcmp(row->name, "MAKEDUMP_ARGS") == 0)
		return has_word(value, "31");
	if (strcmp(row->same, "yes") == 0 || strcmp(row->same, "no") == 0)
		value = plain_boolean(value);
	return row->same[0] && strcmp(value, row->same) == 0;
}

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static int say(struct crash_settings *s, const char *place, const char *name, const char *value,
	       const char *instead)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	strbuf_addf(&b, "%s: %s %s is not followed by the initial ramdisk of rapidreboot: %s",
		    place, name, value, instead);
	return b.failed ? -ENOMEM : config_words_add(&s->not_followed, b.s, b.n);
}

static int take_elsewhere(struct crash_settings *s, const char *name, const char *value)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	strbuf_addf(&b, "%s %s", name, value);
	return b.failed ? -ENOMEM : text_set(&s->elsewhere, b.s);
}

int crash_unfollowed_add(struct crash_settings *s, const char *place, const char *name,
			 const char *value)
{
	const struct row *row = find(name);
	int r;

	if (!row || !value[0] || is_same(row, value))
		return 0;
	r = say(s, place, name, value, row->instead);
	return r == 0 && row->is_target ? take_elsewhere(s, name, value) : r;
}

int crash_unfollowed_url(struct crash_settings *s, const char *place, const char *name,
			 const char *value)
{
	int r = say(s, place, name, value, TARGET);

	return r < 0 ? r : take_elsewhere(s, name, value);
}

int crash_unfollowed_vars(struct crash_settings *s, const struct vars *vars)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = vars_get_or(vars, rows[i].name, NULL);

		if (value)
			r = crash_unfollowed_add(s, vars_place(vars, rows[i].name), rows[i].name,
						 value);
	}
	return r;
}
