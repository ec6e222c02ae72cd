/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Fast reboots that were tried, in /var/lib/rapidreboot/attempts: written to the disk before init is
 * asked, marked once more when services have stopped, closed by the next boot. One line each, the
 * newest last, fields with a tab between them:
 *
 *	2	result=kexec	boot=3f2a9c1e-…	asked=1767323045000	…	entry=Debian GNU/Linux	end
 *
 * A line that does not begin with 2 and finish with "end" is damaged. It is counted, and before the
 * file is written anew the old one is kept as attempts.damaged.
 */

#include "record/boot.h"

enum attempt_result {
	ATTEMPT_PENDING,
	ATTEMPT_KEXEC,	  /* the next kernel was started by the old one */
	ATTEMPT_FIRMWARE, /* the machine came back through the firmware */
	ATTEMPT_UNKNOWN,
};

/* Points in time of a reboot, in their order. */
enum attempt_point {
	POINT_ASKED,
	POINT_LOADED,
	POINT_STOPPED, /* services are stopped, file systems still there */
	POINT_ENDED, /* the last hook has run: init has nothing left to do but to call reboot(2) */
	POINT_PURGATORY, /* first instruction of the purgatory: the old kernel has ended */
	POINT_CHECKED,	 /* the purgatory has checked the segments */
	POINT_JUMPED,	 /* last instruction of the purgatory */
	POINT_KERNEL,	 /* the clock of the new kernel begins */
	POINT_INITRAMFS,
	POINT_USERSPACE, /* init of the root file system, after the one of the initial ramdisk */
	POINT_TARGET,	 /* the services that make the machine usable are up */
	POINT_READY,	 /* READY_COMMAND has answered: the service is back */
	N_POINTS,
};

/* What the moments after the jump were measured with. */
enum attempt_clock {
	CLOCK_NONE,    /* not measured yet */
	CLOCK_COUNTER, /* the processor's time-stamp counter, which kexec does not reset */
	CLOCK_WALL,    /* the real-time clock, exact to a second or so */
	CLOCK_BROKEN,  /* the counter went backwards or does not fit: the real-time clock */
};

enum {
	ATTEMPTS_MAX = 64,
	ATTEMPTS_FILE_MAX = 256 * 1024,
	ATTEMPT_ENTRY_MAX = 200,
	ATTEMPT_TEXT_MAX = 400,
	ATTEMPT_WORD_MAX = 40,
};

#define POINT_UNKNOWN INT64_MIN

/* A point in time by every available clock; all zero: none. */
struct moment {
	uint64_t real_ms; /* CLOCK_REALTIME */
	uint64_t boot_us; /* CLOCK_BOOTTIME */
	uint64_t tsc;	  /* 0: no such counter */
};

/**
 * struct attempt - one of them
 * @boot_id: the boot that asked
 * @closed_boot_id: the one that closed it, "" while pending
 * @why: "command", "menu", "desktop", "enabled": who wanted it
 * @way: system call that loaded it
 * @rung: as in struct kx_plan_info
 * @version: of the kernel, as its image says; @from: of the one that asked
 * @asked: all other moments are told from here
 * @at: microseconds after @asked, POINT_UNKNOWN where not known
 * @closed_ms: CLOCK_REALTIME
 * @early_us: how far the new kernel's clock was ahead of the counter, when that shows: POINT_KERNEL, and what else
 *	would lie before the jump, is put to the jump
 * @diet: 1: modules were left out of its initial ramdisk
 * @watched: the boot service ran in the boot that asked, so that it should also run in the
 *	next one and close the attempt
 * @waits: 1: it was started, and nobody has said yet that this boot is a good one (CONFIRM_AFTER)
 * @cleared: a later cold boot came up well, so this failure no longer refuses another attempt
 * @hooks: what programs of the hook directories answered, "NAME=0 NAME=timeout"
 * @slow: what of both boots took long, as slow_format() writes it
 * @reason: why it came back through the firmware, as far as can be found; of one that was to go through
 *	it, why no fast reboot was possible
 */
struct attempt {
	enum attempt_result result;
	enum attempt_clock clock;
	char boot_id[BOOT_ID_LENGTH + 1], closed_boot_id[BOOT_ID_LENGTH + 1];
	char why[ATTEMPT_WORD_MAX], way[ATTEMPT_WORD_MAX], rung[ATTEMPT_WORD_MAX],
		init[ATTEMPT_WORD_MAX];
	char version[ATTEMPT_ENTRY_MAX + 1], from[ATTEMPT_ENTRY_MAX + 1],
		entry[ATTEMPT_ENTRY_MAX + 1];
	char hooks[ATTEMPT_TEXT_MAX + 1], reason[ATTEMPT_TEXT_MAX + 1], slow[ATTEMPT_TEXT_MAX + 1];
	struct moment asked;
	int64_t at[N_POINTS];
	uint64_t closed_ms;
	uint64_t diet, watched, waits, cleared, early_us;
};

struct attempts {
	struct attempt v[ATTEMPTS_MAX];
	size_t n;
	size_t damaged; /* lines that could not be read */
};

struct moment moment_now(struct sys *sys);
/* An attempt with all fields unknown but the time when it was asked for. */
struct attempt attempt_new(const struct moment *asked);
/* Copies @text into one of an attempt's texts, cut to @size and without control characters. */
void attempt_text(char *to, size_t size, const char *text);
const char *attempt_result_name(enum attempt_result result);
const char *attempt_clock_name(enum attempt_clock clock);
/* "asked", "loaded", … */
const char *attempt_point_name(enum attempt_point point);

/* The last ATTEMPTS_MAX lines of @text. */
void attempts_parse(struct bytes text, struct attempts *ret);
/* @a as a line with its newline; -ENOMEM. */
_must_check_ int attempt_format(const struct attempt *a, char **ret);

/* Those of the system below @root, as in base/io.h. A missing file has no attempts. A file above ATTEMPTS_FILE_MAX counts
 * as damaged as a whole. */
_must_check_ int attempts_read_in(int root, struct attempts *ret, struct kx_error *err);
/* Those of the machine. */
_must_check_ int attempts_read(struct sys *sys, struct attempts *ret, struct kx_error *err);
/* Adds @a as pending and syncs it to the disk. Removes an older pending attempt of the same boot:
 * it did not end in a reboot. */
_must_check_ int attempt_begin(struct sys *sys, const struct attempt *a, struct kx_error *err);
/* A reboot through the firmware in the place of a fast one that is not possible for @reason: no failure, so it
 * never refuses the next attempt. */
struct attempt attempt_cold(const struct moment *asked, const char *init, const char *reason);
/* Is @a one of these? */
bool attempt_is_cold(const struct attempt *a);
/* Removes what attempt_begin() wrote, when the reboot does not happen: init has refused, for
 * example. */
_must_check_ int attempt_withdraw(struct sys *sys, struct kx_error *err);
/* A reboot with a time begins now: sets the pending attempt of this boot to be asked for now, since
 * its kernel was loaded long before. 0 also when there is none. */
_must_check_ int attempt_begins(struct sys *sys, struct kx_error *err);
/* Notes the present as the moment when services had stopped, in the pending attempt of this
 * boot. 0 also when there is none. */
_must_check_ int attempt_stopped(struct sys *sys, struct kx_error *err);
/* What is to be started was loaded once more, otherwise: puts down how, in the pending attempt of this boot. 0 also
 * when there is none. */
_must_check_ int attempt_loaded_again(struct sys *sys, const char *rung, bool diet,
				      struct kx_error *err);
/* The last hooks have run, with these answers or "": puts both down, in the pending attempt of this boot. 0 also when
 * there is none. */
_must_check_ int attempt_ended(struct sys *sys, const char *hooks, struct kx_error *err);

/**
 * struct boot_facts - what the boot right after an attempt finds out about itself
 * @at_us: microseconds of CLOCK_MONOTONIC: POINT_INITRAMFS, POINT_USERSPACE and POINT_TARGET, else
 *	   POINT_UNKNOWN
 * @tsc: the counter at POINT_PURGATORY, POINT_CHECKED, POINT_JUMPED, 0 for none
 * @tsc_khz: its rate, 0 when not known: then it is measured
 * @reason: finds out why a machine came back through the firmware; or NULL
 * @slow: finds out what took long in a reboot that went well; or NULL
 * @waits: that this boot came up is not enough: attempt_confirm() says that it is a good one
 * @kernel_log: the new kernel's, as /dev/kmsg gives it, for @slow; or NULL
 */
struct boot_facts {
	int64_t at_us[N_POINTS];
	uint64_t tsc[N_POINTS];
	uint64_t tsc_khz;
	bool waits;
	const char *kernel_log;
	void (*reason)(struct sys *sys, const struct attempt *a, char *ret, size_t size);
	void (*slow)(struct sys *sys, const struct boot_facts *facts, const struct attempt *a,
		     char *ret, size_t size);
};

/* Closes the attempts that other boots left pending. @facts: this is the boot right after the last
 * attempt, so that the way in which it was started is the result of that attempt; NULL: it may be
 * any later boot, and the result is unknown. */
_must_check_ int attempts_close(struct sys *sys, const struct boot_facts *facts,
				struct kx_error *err);

/* The service answers: notes the present in the attempt that this boot has closed. 0 also when there is none. */
_must_check_ int attempt_ready(struct sys *sys, struct kx_error *err);
/* When the machine was usable again: POINT_READY, else POINT_TARGET, else POINT_UNKNOWN. */
int64_t attempt_up_us(const struct attempt *a);
/* Microseconds from the moment when init was asked to stop services to the one when they were up again; -1 when
 * that is not known. */
int64_t attempt_away_us(const struct attempt *a);

/* What attempt_confirm() found. */
enum confirmation {
	CONFIRMED, /* the attempt that led to this boot */
	CONFIRMED_EARLIER,
	CONFIRM_COLD, /* a boot through the firmware is a good one; no attempt stands in the way any more */
	CONFIRM_NOTHING, /* no attempt led here */
	CONFIRM_FAILED,	 /* the attempt that led here came back through the firmware */
};
/* This boot is a good one, says whoever judges it. Fails with a negative errno. */
_must_check_ int attempt_confirm(struct sys *sys, enum confirmation *ret, struct kx_error *err);
/* Did @a lead to this boot, which is not confirmed yet? */
bool attempt_waits_here(struct sys *sys, const struct attempt *a);

/* The last attempt, when it came back through the firmware, was watched and never closed, or led to a boot that was
 * not confirmed: then only a person may decide to try again. Else NULL. */
const struct attempt *attempts_unconfirmed(struct sys *sys, const struct attempts *all);

/* Did the last attempt that started kernel @version with modules left out fail, whatever came
 * after it? Then nothing is left out again. */
bool attempts_diet_failed(struct sys *sys, const struct attempts *all, const char *version);

/* A person has looked into the failure: marks the attempt that attempts_unconfirmed() returns, so
 * that it no longer refuses the next one. Returns 1, or 0 when there was none. */
_must_check_ int attempts_forgive(struct sys *sys, struct kx_error *err);

/* Fills in the moments after the jump, ->at, and ->clock. */
void attempt_measure(struct sys *sys, struct attempt *a, const struct boot_facts *facts);
