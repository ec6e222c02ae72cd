/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The context of all functions of src/reboot: the machine that acts, the system that is looked at,
 * and who is told of progress. Nothing in this room prints, asks a person or ends the program.
 */

#include <libkexec.h>
#include <stdbool.h>

#include "base/teller.h"
#include "reboot/reason.h"
#include "sys/sys.h"

/* What kind of system a root directory (--root) holds. */
enum place {
	PLACE_HERE,	 /* the system that runs */
	PLACE_INSTALLED, /* a system of this machine that is mounted there: it can be started */
	PLACE_CAPTURED,	 /* files of another machine, with its /proc: it can be looked at */
};

/**
 * struct reboot - the context
 * @sys: calls that act
 * @seen: the same for reading: of the machine whose /proc, /sys, /run and /var count
 * @teller: hears progress
 * @has_terminal: a person is at a terminal and can answer questions of the next system, such
 *	as a passphrase
 * @place: what @root is
 * @root: directory of the system that is started, NULL: the running one
 * @machine: root of the machine that is looked at, as in base/io.h
 * @system: root of the system that is started, whose settings and boot entries count
 * @ctx: acts on this machine, or plans for the captured one
 * @files_ctx: the same, and files are opened inside @system
 * @entries_ctx: reads boot entries
 */
struct reboot {
	struct sys *sys;
	struct sys seen;
	struct teller teller;
	bool has_terminal;
	enum place place;
	char *root;
	int machine, system;
	struct kx_ctx *ctx, *files_ctx, *entries_ctx;
};

/**
 * reboot_open() - begin
 * @root: directory of another system, or NULL
 *
 * A directory is a captured machine when it has files below /proc that are no procfs: then its own
 * memory map, policy and records are read. Else it is a system installed on this machine.
 *
 * Return: REASON_NONE; REASON_FAILED: @root is no directory, out of memory.
 */
_must_check_ enum reason reboot_open(struct reboot *ret, struct sys *sys,
				     const struct teller *teller, const char *root,
				     struct kx_error *err);
void reboot_close(struct reboot *rb);
#define _cleanup_reboot_ _cleanup_(reboot_close)

/* Name of process 1's init system as in struct init_system; for a system that does not run, the one
 * that its /sbin/init belongs to; NULL when it cannot be told. */
const char *reboot_init_name(const struct reboot *rb);
