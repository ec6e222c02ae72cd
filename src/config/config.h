/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Settings of rapidreboot: /etc/rapidreboot.conf, then /etc/rapidreboot.conf.d/NAME.conf in the order
 * of their names; the last assignment of a name counts. rapidreboot.conf(5) documents each. */

#include <libkexec.h>
#include <stdbool.h>

#include "base/cleanup.h"

#define CONFIG_FILE "/etc/rapidreboot.conf"
#define CONFIG_DIRECTORY "/etc/rapidreboot.conf.d"

/* Longest configuration file that is read, bytes. */
enum { CONFIG_FILE_MAX = 1 << 20 };
/* Longest name of a unit. */
enum { CONFIG_UNIT_MAX = 200 };

enum config_confirm {
	CONFIG_CONFIRM_TERMINAL, /* ask, when there is a terminal */
	CONFIG_CONFIRM_ALWAYS,	 /* ask; without a terminal it is refused */
	CONFIG_CONFIRM_NEVER,
};

/* What follows when only the firmware can do what is asked for. */
enum config_firmware {
	CONFIG_FIRMWARE_COLD,	/* an ordinary reboot */
	CONFIG_FIRMWARE_REFUSE, /* no reboot */
};

/* Who says what opens the encrypted volumes of the next boot. */
enum config_unlock {
	CONFIG_UNLOCK_NO,      /* whoever is at the console of that boot */
	CONFIG_UNLOCK_ASK,     /* a person, before the reboot */
	CONFIG_UNLOCK_KEYFILE, /* key files of this system */
};

struct config_words {
	char **v;
	size_t n;
};

struct config {
	char *default_entry; /* ENTRY: boot entry, as for `rapidreboot ENTRY`; NULL: the loader's */
	char *append;	     /* APPEND: words after the entry's command line, or NULL */
	char *cache;	     /* CACHE: directory of what was unpacked, or NULL: nothing is kept */
	char *hooks;	     /* HOOKS: directory of programs run before the hand-over */
	unsigned hook_timeout_s;    /* HOOK_TIMEOUT: for each of them */
	bool hook_failure_ignored;  /* HOOK_FAILURE=ignore */
	bool unload_displays;	    /* DISPLAY_DRIVERS=unload */
	unsigned package_timeout_s; /* PACKAGE_TIMEOUT: wait for a package manager that works */
	char *ready_command; /* READY_COMMAND: words of a program that says when the service is back, or NULL */
	unsigned ready_timeout_s; /* READY_TIMEOUT */
	char *metrics;	     /* METRICS: directory of node_exporter's textfile collector, or NULL */
	char *confirm_after; /* CONFIRM_AFTER: unit of systemd, "command", or NULL: coming up is enough */
	enum kx_way way; /* WAY */
	bool safe;	 /* SAFE: kernel and initial ramdisk as their files are */
	bool diet;	 /* DIET: without kernel modules that are not used here */
	char *tune;	 /* TUNE: names of words that shorten the kernel's start, or NULL */
	enum config_confirm confirm;
	enum config_firmware firmware;
	enum config_unlock unlock;	   /* UNLOCK */
	char *crash_kernel, *crash_initrd; /* CRASH_KERNEL, CRASH_INITRD: paths, or NULL; "own" */
	char *crash_cmdline; /* CRASH_CMDLINE: instead of the running kernel's, or NULL */
	char *crash_append;  /* CRASH_APPEND: words after it, or NULL */
	char *crash_target;  /* CRASH_TARGET: directory of dumps, "ssh:…", "nfs:…", or NULL */
	char *crash_ssh_key; /* CRASH_SSH_KEY: path, or NULL */
	unsigned crash_level, crash_keep,
		crash_keep_mib;		  /* CRASH_LEVEL, CRASH_KEEP, CRASH_KEEP_MIB */
	char *crash_pack, *crash_failure; /* CRASH_PACK, CRASH_FAILURE: a word, or NULL */
	struct config_words keep;	  /* KEEP: paths that outlive a fast reboot in memory */
	bool notice;			  /* NOTICE: tell who logs in that a reboot is due */
	bool import;			  /* IMPORT: honour the files of config/legacy.h */
	bool mount_esp; /* MOUNT_ESP: look into partitions of boot loaders that are not mounted */
	struct config_words force;     /* CHECKS_FORCE: these checks do not refuse */
	struct config_words downgrade; /* CHECKS_NOTE: findings of these are notes */
	struct config_words refuse;    /* CHECKS_REFUSE: findings of these refuse */
	struct config_words warnings;  /* "FILE:LINE: …", for a person */
};

/* Fills @ret with the defaults. */
_must_check_ int config_init(struct config *ret);
void config_done(struct config *config);
#define _cleanup_config_ _cleanup_(config_done)

/**
 * config_read() - settings of the system below @root
 * @root: as in base/io.h
 * @ret: released with config_done()
 * @err: filled on failure only, or NULL
 *
 * A missing file is no error; names and values that mean nothing are warnings of @ret.
 * A file that others than root can change is not used: it is an error, NOT_TRUSTED.
 * Return: 0; -EACCES and others when a file that is there cannot be read; -EFBIG; -ENOMEM.
 */
int config_read(int root, struct config *ret, struct kx_error *err);

/* MOUNT_ESP alone; false when the settings cannot be read, whoever reads them says why. */
bool config_mounts_esp(int root);

/**
 * config_read_foreign() - take from another system's settings what describes how it is started
 * @root: that system, whoever wrote it
 * @foreign: how its files are read
 * @config: settings of the running system, as config_read() gave them
 * @err: filled on failure only, or NULL
 *
 * ENTRY, APPEND and IMPORT (which entry, words of its command line, and whether other tools' files
 * choose them) are taken from that system, and those of the running system are dropped. Settings
 * that run programs, ask, permit or store something are always those of the running system: each
 * such setting of the other one is ignored with a warning in @config.
 * Return: as config_read(), and as foreign_parse().
 */
struct foreign;
int config_read_foreign(int root, const struct foreign *foreign, struct config *config,
			struct kx_error *err);

/* Settings in one text, over those in @config; @file is what warnings call it. 0 or -ENOMEM. */
struct bytes;
_must_check_ int config_parse(struct config *config, const char *file, const struct bytes *text);

/* Appends a copy of the @n bytes at @word; -ENOMEM. */
_must_check_ int config_words_add(struct config_words *words, const char *word, size_t n);
void config_words_done(struct config_words *words);
bool config_words_have(const struct config_words *words, const char *word);
