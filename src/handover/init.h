/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Init systems: which one runs, how it is asked to reboot, and how something that it runs while
 * going down knows a reboot from a poweroff. One file for each, with one table. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "handover/hook-places.h"
#include "record/boot.h"
#include "sys/process.h"

/* What /proc and /run show of process 1. */
struct pid1 {
	bool systemd;	/* /run/systemd/system is there, see sd_booted(3) */
	bool openrc;	/* OpenRC manages services, whatever process 1 is */
	char name[64];	/* last component of /proc/1/exe, else of its command name; "" unknown */
	bool from_comm; /* the program itself could not be read */
	/* last component of its argv[0], "" unknown: a multi-call program has many names */
	char called[64];
};

/* What a reboot leads to. */
enum reboot_mode {
	REBOOT_KEXEC, /* into the loaded kernel */
	REBOOT_COLD,  /* through the firmware */
};

/**
 * struct reboot_wish - what a person asked for
 * @message: for those who are logged in, or NULL
 * @no_wall: tell nobody
 * @ignore_inhibitors: although somebody asked for the machine to stay up
 * @when: "+MINUTES" or "HH:MM" for init to wait until, or NULL: at once
 * @when_minutes: the same as "+MINUTES", for those to whom this minute's "HH:MM" is now, not tomorrow
 */
struct reboot_wish {
	enum reboot_mode mode;
	const char *message;
	bool no_wall;
	bool ignore_inhibitors;
	const char *when, *when_minutes;
};

enum { REBOOT_WORDS_MAX = 8 };

/**
 * struct reboot_call - the program that asks init for it
 * @words: NULL-terminated; the first is the path of the program
 * @n_words: how many
 * @setting: "NAME=VALUE" in its environment, or NULL
 * @avoids_image: the reboot is a firmware one even with an image loaded
 * @needs_hook: the jump is made by our hook, so that the request file has to say kexec
 * @image_required: init would not come back from an attempt with nothing loaded
 * @waits: the program itself waits until the time has come
 */
struct reboot_call {
	char *words[REBOOT_WORDS_MAX];
	size_t n_words;
	const char *setting;
	bool avoids_image;
	bool needs_hook;
	bool image_required;
	bool waits;
};

void reboot_call_done(struct reboot_call *call);

/* What a hook is told by its init: strings or NULL. */
struct signals {
	const char *runlevel;  /* RUNLEVEL of sysvinit */
	const char *rc_reboot; /* RC_REBOOT of OpenRC */
	const char *rc_down;   /* RC_GOINGDOWN of OpenRC */
	const char *verb;      /* first argument of dinit's hook and of systemd-shutdown's */
};

/* Where the machine is going, by init's own sign. Only GOING_REBOOT and GOING_KEXEC permit a jump;
 * GOING_UNKNOWN: init gives no sign. */
enum going { GOING_UNKNOWN, GOING_REBOOT, GOING_KEXEC, GOING_DOWN, GOING_NOWHERE };

/**
 * struct init_system - one of them
 * @name: for persons
 * @program: how the name of its program begins, which /sbin/init is a link to; NULL: it is called init
 * @is: does process 1 belong to it?
 * @ask: makes ret->words and the facts after it; -ENOENT when its programs are not there
 * @going: reads the signal; never NULL
 * @has_begun: has it begun to go down, for whatever? NULL: its word tells where it goes, so that nobody has
 *	to know
 * @cancel: makes the call that takes back a reboot with a time; NULL: it knows no time
 * @spares: does it leave the mount of sys/pages.h mounted on the way down? "": yes; the path
 *	of a script: yes, when that script does the unmounting; NULL: no, it unmounts everything
 * @watch: makes the call after which our hook "cancelled" is run when others may have taken back a
 *	reboot with a time; NULL: nobody tells, and what is loaded is dropped by the next way down
 * @waits: is a reboot with a time still to come, or begun?
 * @hooks: what it will run, or do by itself, on the way down; never NULL
 */
struct init_system {
	const char *name;
	const char *program;
	bool (*is)(const struct pid1 *pid1);
	int (*ask)(struct sys *sys, const struct reboot_wish *wish, struct reboot_call *ret,
		   struct kx_error *err);
	enum going (*going)(struct sys *sys, const struct signals *signals);
	bool (*has_begun)(struct sys *sys);
	int (*cancel)(struct sys *sys, struct reboot_call *ret, struct kx_error *err);
	const char *spares;
	int (*watch)(struct sys *sys, struct reboot_call *ret, struct kx_error *err);
	bool (*waits)(struct sys *sys);
	void (*hooks)(int root, const struct pid1 *pid1, struct hook_places *ret);
};

extern const struct init_system systemd_init, openrc_init, sysvinit_init, busybox_init, runit_init,
	s6_init, dinit_init, finit_init, shepherd_init;

void pid1_read(struct sys *sys, struct pid1 *ret);
/* The same of the machine whose "/" is @root. */
void pid1_read_in(int root, struct pid1 *ret);
/* NULL when it is none of those known. */
const struct init_system *init_detect(const struct pid1 *pid1);
/* The one whose program has this name, without directory; NULL when there is none, or it is called init. */
const struct init_system *init_by_program(const char *name);
/* Does the running init leave the huge pages of a loaded kernel (sys/pages.h) mounted until the
 * jump? */
bool init_spares_pages(struct sys *sys);

/* Writes the path of the first of @names that is in a program directory; -ENOENT. */
_must_check_ int program_find_in(int root, const char *const *names, char *ret, size_t size);
/* For the files of init systems. Adds the path of the first of @names that is found in a program
 * directory; -ENOENT, with a sentence about the first name. */
_must_check_ int call_program(struct sys *sys, struct reboot_call *call, const char *const *names,
			      struct kx_error *err);
_must_check_ int call_word(struct reboot_call *call, const char *word, struct kx_error *err);
/* A text of a person, never taken for an option: "--" goes before it where that is needed. */
_must_check_ int call_operand(struct reboot_call *call, const char *text, struct kx_error *err);
_must_check_ int call_words(struct reboot_call *call, const char *const *words,
			    struct kx_error *err);
enum going going_by_runlevel(const char *runlevel);
enum going going_by_verb(const char *verb);

/* Of what a program printed, at most. */
enum { CALL_SAID_MAX = 200 };
/* ": LINE" with the last line of @output, which is where programs say why they failed, or ""; returns @ret. NULL is no
 * output. */
const char *call_said(const char *output, char ret[CALL_SAID_MAX]);

/* Runs @call: 0 when init took the order, else with the sentence -EIO, or -EINTR when a signal ended the
 * program, which may be that of the way down that it has asked for. What the program prints is in the sentence, and
 * kept back when it did not fail. */
_must_check_ int reboot_ask(struct sys *sys, const struct reboot_call *call, struct kx_error *err);
