/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Runs two or three actors in every order of their steps. Each is a thread, but only the one that holds
 * the baton runs; at each step, before a call that others can notice, the baton may go to another one.
 * Orders are tried depth first, by running the actors again from the beginning. Two orders that differ
 * only in steps that do not touch the same objects are one order, and tried once (dynamic partial-order
 * reduction: Flanagan and Godefroid, POPL 2005).
 *
 * Actors have to do the same each time they read the same: no clocks, random numbers or addresses.
 */

#include <stdbool.h>
#include <stddef.h>

enum { BATON_ACTORS_MAX = 3, BATON_STEPS_MAX = 1024 };

struct baton_game {
	void *data;
	size_t n_actors;
	void (*act)(void *data, size_t actor);
	void (*begin)(void *data);	  /* first state of the machine */
	const char *(*check)(void *data); /* after each step: what is wrong, or NULL */
	const char *(*end)(void *data);	  /* the same when all actors have ended */
	bool (*is_free)(void *data, const char *lock);
	/* only orders in which the baton is taken so often from an actor that could go on; 0: all */
	size_t max_switches;
};

struct baton_result {
	size_t n_orders;  /* that were tried */
	char wrong[256];  /* "" when no order breaks a rule */
	char trace[8192]; /* steps of that order, a line each */
};

/* A call: bits of the objects that it looks at and changes. What one check looks at is one object. */
struct baton_step {
	const char *name;
	unsigned reads, writes;
	const char *lock; /* that it takes, when it is free; or NULL */
};

/* Ends at the first order that breaks a rule, or after @max_runs, which is a failure, too. */
void baton_explore(const struct baton_game *game, size_t max_runs, struct baton_result *ret);

/* Called by an actor right before a step: returns when it is its turn. Ignored from other threads. */
void baton_turn(const struct baton_step *step);
/* The actor that runs; BATON_ACTORS_MAX outside of all. */
size_t baton_actor(void);
