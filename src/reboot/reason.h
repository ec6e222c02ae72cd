/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Why a reboot does not go on. The sentence is in a struct kx_error beside it; a command turns the
 * reason into its exit status by one table. */

enum reason {
	REASON_NONE,	   /* it goes on */
	REASON_FAILED,	   /* something could not be read, written or remembered; out of memory */
	REASON_PERMISSION, /* CAP_SYS_BOOT is missing */
	REASON_NO_ENTRY,   /* no boot entry, none of that name, or no default among them */
	REASON_ENTRY_CHANGED, /* the entry that was picked is not there any more as it was */
	REASON_OTHER_ENTRY,   /* the name that was ordered means another entry by now */
	REASON_NOT_BOOTABLE,  /* files of the entry are missing */
	REASON_FORBIDDEN, /* a configuration file wants no kernel loaded, or a word is not understood */
	REASON_PLAN,	  /* the kernel cannot be loaded on this machine, found out beforehand */
	REASON_CHECKS,	      /* a check refuses */
	REASON_FIRMWARE,      /* only a reboot through the firmware does what is wanted */
	REASON_ELSEWHERE,     /* a captured machine is looked at: nothing can be loaded on it */
	REASON_ORDERED,	      /* a reboot with a time is ordered already */
	REASON_NOT_ORDERED,   /* there is no order to take back */
	REASON_HOOK,	      /* a program of the hook directories said no */
	REASON_LATER,	      /* the same, and each that did wants it to be tried again later */
	REASON_UNRECORDED,    /* the attempt cannot be recorded, and no person has agreed to it */
	REASON_FILES_CHANGED, /* kernel or initrd were changed between the checks and the load */
	REASON_UNLOCK,	     /* no key can be handed to the next boot, or the passphrase is wrong */
	REASON_LOAD,	     /* the kernel refused the system call */
	REASON_GONE,	     /* what was loaded was unloaded by somebody else */
	REASON_INTERRUPTED,  /* a signal came before init was asked */
	REASON_UNLOAD,	     /* what is loaded cannot be unloaded */
	REASON_INIT_UNKNOWN, /* process 1 is no init system that is known here */
	REASON_INIT,	     /* init refused, or cannot do it */
	N_REASONS,
};

/* "none", "no-entry", …: for records and programs; never changes its meaning. */
const char *reason_name(enum reason reason);
