/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The request file, /run/rapidreboot/request: what our own command asked for, for hooks that init
 * runs while the machine goes down. It is valid in the boot that wrote it, for ten minutes, and is
 * removed before a jump, so that a jump that fails is not tried again. Where init does not tell a reboot from
 * a poweroff the sign in it decides, which is put there right before init is asked.
 *
 *	rapidreboot-request 2
 *	boot-id 0b4c4d4e-…
 *	mode kexec
 *	time 123456		milliseconds of CLOCK_BOOTTIME
 *	due 456789		of a reboot with a time: valid around then, not now
 *	sign asked		init is asked at that time: for SIGN_ASKED_MS; or "down": it was seen to begin
 *	asker 812 9917		process that asks, and when it started, as proc_pid_stat(5) has it
 *	digest 1c291ca3		of what was loaded; not with mode cold
 *	choice 5b0e77d2		with a time, or when it is loaded twice: what the wish came to then
 *	wish append debug	the same: what chose it, in the written form of reboot/wish.h
 *	entry Debian GNU/Linux	to the end of the line; not with mode cold
 */

#include "fundamental/bytes.h"
#include "handover/init.h"

enum {
	REQUEST_AGE_MAX_MS = 10 * 60 * 1000,
	REQUEST_EARLY_MS = 60 * 1000, /* init counts in minutes */
	SIGN_ASKED_MS = 15 * 1000, /* longer than anybody waits for init to begin (reboot/ask.c) */
	REQUEST_WISH_MAX = 12 * 1024, /* a command line has 2 KiB, escaped, and there are paths */
	REQUEST_FILE_MAX = 32 * 1024,
};

/* What a request means where init says nothing. */
enum request_sign {
	SIGN_NONE,  /* it is ordered for later: no reason to jump */
	SIGN_ASKED, /* init is asked now */
	SIGN_DOWN,  /* init has begun to go down because of it */
};

struct request {
	enum reboot_mode mode;
	enum request_sign sign;
	char boot_id[BOOT_ID_LENGTH + 1]; /* of /proc/sys/kernel/random/boot_id */
	uint64_t time_ms;
	uint64_t due_ms;	     /* 0: at once */
	uint64_t asker, asker_start; /* 0: not known */
	/* of what is loaded for it: kx_loaded_entry(), 0 when not known; same_as(), "" when it is not to be compared;
	 * and struct kx_plan_info */
	uint64_t start, is_diet;
	char same[17], rung[24];
	char digest[17]; /* hexadecimal, "" for none */
	/* the same; "" when the wish was not kept, so that the choice cannot be repeated */
	char choice[17];
	char wish[REQUEST_WISH_MAX]; /* lines, each with its newline */
	char entry[256];	     /* one line, "" for none */
};

/* Parses a request. -EBADMSG for any other format; for a file of another version of this program
 * the sentence says so. */
_must_check_ int request_parse(struct bytes text, struct request *ret, struct kx_error *err);

/* -ESTALE for another boot, too old, or too early for its time, with the sentence. */
_must_check_ int request_check(const struct request *request, const char *boot_id, uint64_t now_ms,
			       struct kx_error *err);

/* Is a valid request the reason why the machine goes down at @now_ms? One whose writer was killed before
 * it could see init begin, or take it back, is none after a moment. */
bool request_is_sign(const struct request *request, uint64_t now_ms);

/* Notes this process as the one that asks, where /proc tells when it started. */
void request_set_asker(struct sys *sys, struct request *request);
/* Was the process that asks ended before it saw init begin? Then what goes on is somebody else's way down. False
 * when that is not known. */
bool request_is_orphan(struct sys *sys, const struct request *request);

/* Fills in boot id and time, and writes it. */
_must_check_ int request_write(struct sys *sys, struct request *request, struct kx_error *err);

/* /run/rapidreboot/loaded: what this program has loaded in this boot, in the same form and without
 * a limit on its age. Whether it is still loaded is asked of the kernel. */
_must_check_ int loaded_write(struct sys *sys, struct request *loaded, struct kx_error *err);
_must_check_ int loaded_read(struct sys *sys, struct request *ret, struct kx_error *err);
_must_check_ int loaded_remove(struct sys *sys, struct kx_error *err);

/* The valid request of this boot. -ENOENT there is none; -EPERM others than root can write to it;
 * -EBADMSG, -ESTALE as above. */
_must_check_ int request_read(struct sys *sys, struct request *ret, struct kx_error *err);

/* The request for a later time, and how long that is still, 0 from then on. -ENOENT there is none;
 * else as above. */
_must_check_ int request_read_due(struct sys *sys, struct request *ret, uint64_t *ret_left_ms,
				  struct kx_error *err);

_must_check_ int request_remove(struct sys *sys, struct kx_error *err);
