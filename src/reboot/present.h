/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whom a reboot would disturb: who is logged in besides the person that asks, and what wants the machine to stay
 * up, for the question before it. From /run/utmp (utmp(5)), and from what logind writes down; neither decides
 * anything here: check G2 and init do.
 */

#include "base/cleanup.h"

enum {
	PRESENT_MAX = 16,
	PRESENT_NAME_MAX = 33,	  /* ut_user and its NUL */
	PRESENT_WHERE_MAX = 80,	  /* terminals */
	PRESENT_HOLDER_MAX = 200, /* a sentence */
	PRESENT_HOST_MAX = 65,	  /* struct utsname of uname(2) */
};

struct present_person {
	char name[PRESENT_NAME_MAX];
	char where[PRESENT_WHERE_MAX]; /* "pts/1, tty2", or "" */
};

/**
 * struct present - the answer; nothing in it is owned
 * @host: the machine's name, "this machine" when it has none
 * @n_people: of @people; @more_people: that there was no room for
 * @holders: sentences "apt holds it off: installs packages"
 * @unknown: the file or directory that could not be read, so that there may be more; or NULL
 */
struct present {
	char host[PRESENT_HOST_MAX];
	struct present_person people[PRESENT_MAX];
	size_t n_people, more_people;
	char holders[PRESENT_MAX][PRESENT_HOLDER_MAX];
	size_t n_holders, more_holders;
	const char *unknown;
};

/**
 * present_read() - look around
 * @root: of the machine, as in base/io.h
 * @own_terminal: "pts/0", the terminal of who asks, who is left out; NULL: none
 *
 * The session of who asks is found by the cgroup of this process as well, since one of ssh has no terminal in
 * logind's file, and a terminal emulator has one that logind does not know.
 */
void present_read(int root, const char *own_terminal, struct present *ret);
/* @host of struct present alone. */
void present_host(int root, char ret[PRESENT_HOST_MAX]);
