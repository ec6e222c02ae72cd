/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Checks for what could go wrong with a fast reboot of this machine. They only read, before
 * anything is loaded. Every check has an id that never changes its meaning; what cannot be read is
 * "unknown", never "ok".
 */

#include <libkexec.h>
#include <stdbool.h>

#include "config/config.h"

/* In the order in which they decide: the gravest one is the outcome of a run. */
enum preflight_severity {
	PREFLIGHT_NOTE,	  /* worth knowing; changes nothing */
	PREFLIGHT_WARN,	  /* goes on, and is recorded */
	PREFLIGHT_COLD,	  /* only a reboot through the firmware does what is wanted */
	PREFLIGHT_REFUSE, /* no fast reboot, nothing is loaded */
};

enum preflight_status { PREFLIGHT_OK, PREFLIGHT_UNKNOWN, PREFLIGHT_FINDING };

/* Exit statuses of `rapidreboot check`. Documented in rapidreboot(8); fleets rely on them. 1 to 6
 * mean the same as for the other commands. */
enum preflight_exit {
	PREFLIGHT_EXIT_CLEAR = 0,    /* nothing above a note */
	PREFLIGHT_EXIT_REFUSED = 3,  /* a fast reboot would be refused */
	PREFLIGHT_EXIT_COLD = 7,     /* an ordinary reboot is what is wanted */
	PREFLIGHT_EXIT_WARNINGS = 8, /* a fast reboot would go on */
};

/* What is to be started. Strings are borrowed; paths are below the root. */
struct preflight_entry {
	const char *title;
	enum kx_entry_type type;
	const char *kernel;	    /* NULL when there is none */
	const char *const *initrds; /* in loading order */
	size_t n_initrds;
	const char *initrd_damage; /* what unpacking them has shown, or NULL */
	const char *initrd_unseen; /* why nobody has unpacked those that are packed, or NULL */
	const char *cmdline;	   /* what the next kernel gets, or NULL */
	bool reuses_running;	   /* @cmdline began as the running kernel's */
	const char *devicetree;	   /* or NULL */
	const char *source;	   /* file that it is written in, or NULL */
	const char *only_firmware; /* why nothing else can start it, where that is known */
	bool is_broken;		   /* files are missing: the boot loader cannot start it either */
	enum kx_way way;	   /* KX_WAY_AUTO when that is not decided yet */
	/* the kernel file, or NULL; then @image_error says why it cannot be used, or is NULL when
	 * nobody has tried */
	const struct kx_image_info *image;
	const char *image_error;
};

struct preflight_opts {
	int root; /* as in base/io.h */
	/* NULL when there is none to be found; then @entry_error says why */
	const struct preflight_entry *entry;
	const char *entry_error;
	/* why it is not known what the boot loader would start next, when nobody has named what is
	 * to start; else NULL */
	const char *guess;
	const struct config *config; /* or NULL */
	const char *const *force;    /* ids that do not refuse, n_force of them */
	size_t n_force;
	bool has_terminal; /* a person is at a terminal and can type a passphrase */
	bool hands_keys;   /* keys are handed to what the initrd would ask for (--unlock) */
	bool by_key_files; /* with @hands_keys: by key files of this system; a person is not asked */
	bool direct;	   /* the jump is to happen without the init system */
	/* the reboot has begun: its own signs are not taken for another shutdown */
	bool going_down;
	bool loaded_is_ours; /* the image that is loaded, if any, was loaded by us */
	/* where the system that is started is mounted, or NULL: it is the one that runs */
	const char *target;
	int files; /* with @target: root that kernel and initrds are opened in */
	/* the entry of the previous attempt when that was not confirmed, else NULL */
	const char *unconfirmed;
	bool not_judged; /* with @unconfirmed: this boot, which it led to, still waits to be confirmed */
	const char *record_error; /* why records of attempts cannot be read, or NULL */
};

struct preflight_finding {
	const char *id;	   /* "A1" */
	const char *title; /* a few words */
	enum preflight_status status;
	enum preflight_severity severity; /* as it counts, after configuration and --force */
	bool can_force;
	bool forced;	    /* it would have refused or gone cold */
	bool holds_cold;    /* as it stands, it also speaks against a reboot through the firmware */
	char *evidence;	    /* "FILE: VALUE; …"; for unknown: what could not be read, and why */
	char *sentence;	    /* what it means; empty unless it is a finding */
	const char *remedy; /* what to do, or NULL */
	char *own_remedy;   /* memory behind @remedy, or NULL */
};

struct preflight {
	/* every check that is about this architecture, in the order of the catalogue */
	struct preflight_finding *findings;
	size_t n;
	enum preflight_severity outcome; /* gravest severity of the findings */
	bool has_findings;
	bool takes_key; /* with @hands_keys of the options: F1 has found a volume that a key is for */
};

/**
 * preflight_run() - run all checks, also after one that refuses
 * @opts: see there
 * @ret: released with preflight_done()
 * @err: filled on failure only, or NULL
 *
 * Return: 0; -EINVAL for an id in @opts->force that no check has; -ENOMEM.
 */
int preflight_run(const struct preflight_opts *opts, struct preflight *ret, struct kx_error *err);
void preflight_done(struct preflight *preflight);
#define _cleanup_preflight_ _cleanup_(preflight_done)

/* Why this machine's policy wants kernels loaded from their files, by kexec_file_load(2): the part
 * of a sentence, or NULL when kexec_load(2) is as good. A policy that cannot be read is ignored
 * here: then kexec_load(2) itself fails. */
const char *preflight_file_only(int root);

enum preflight_exit preflight_exit_status(const struct preflight *preflight);

/* Is an entry of that type no kernel, so that only the firmware and the boot loader can start it? */
bool is_for_firmware(enum kx_entry_type type);
/* Is there a check with that id? */
bool preflight_is_check(const char *id);

/* "note", "warning", "cold", "refuse" and "ok", "unknown", "finding". */
const char *preflight_severity_name(enum preflight_severity severity);
const char *preflight_status_name(enum preflight_status status);
