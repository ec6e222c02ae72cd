// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fake/baton.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clock[i]: how many steps of the run up to the last one of actor i that this depends on. */
struct clock {
	size_t of[BATON_ACTORS_MAX];
};

struct actor {
	size_t index;
	pthread_t thread;
	sem_t baton;
	struct baton_step next; /* comes when it is its turn */
	struct clock clock;
	bool ended;
};

/* A step of the run, and what else could have come in its place. */
struct taken {
	struct baton_step step;
	size_t actor;
	struct clock clock;
	/* bits of actors; @asleep: coming next leads only to orders that were tried already */
	unsigned able, wanted, tried, asleep;
};

static struct {
	const struct baton_game *game;
	struct baton_result *result;
	struct actor actors[BATON_ACTORS_MAX];
	bool started, is_known; /* an order that was tried: it is only brought to its end */
	sem_t done;
	struct taken path[BATON_STEPS_MAX];
	size_t n, n_prefix, n_trace, n_runs;
} now;

static _Thread_local struct actor *self;

/* ---- which orders are worth trying */

static bool depend(const struct baton_step *a, const struct baton_step *b)
{
	return (a->writes & (b->reads | b->writes)) || (b->writes & a->reads);
}

/* The last step of others that @a's next one could as well have come before. */
static void want_before(const struct actor *a)
{
	for (size_t i = now.n; i-- > 0;) {
		struct taken *t = &now.path[i];

		if (t->actor == a->index || !depend(&t->step, &a->next) ||
		    i < a->clock.of[t->actor])
			continue;
		if (!now.is_known)
			t->wanted |= t->able & 1u << a->index ? 1u << a->index : t->able;
		return;
	}
}

static void advance_clock(struct actor *a)
{
	for (size_t i = 0; i < now.n; i++) {
		const struct taken *t = &now.path[i];

		if (t->actor != a->index && !depend(&t->step, &a->next))
			continue;
		for (size_t k = 0; k < BATON_ACTORS_MAX; k++)
			if (a->clock.of[k] < t->clock.of[k])
				a->clock.of[k] = t->clock.of[k];
	}
	a->clock.of[a->index] = now.n + 1;
}

/* ---- whose turn it is */

static unsigned able(void)
{
	unsigned mask = 0;

	for (size_t i = 0; i < now.game->n_actors; i++) {
		const struct actor *a = &now.actors[i];

		if (!a->ended && (!a->next.lock || now.game->is_free(now.game->data, a->next.lock)))
			mask |= 1u << i;
	}
	return mask;
}

static void note_wrong(const char *wrong)
{
	if (wrong && !now.result->wrong[0])
		(void)snprintf(now.result->wrong, sizeof(now.result->wrong), "%s", wrong);
}

static void trace(const struct actor *a)
{
	struct baton_result *r = now.result;

	if (r->wrong[0] || now.n_trace >= sizeof(r->trace))
		return;
	now.n_trace += (size_t)snprintf(r->trace + now.n_trace, sizeof(r->trace) - now.n_trace,
					"%c: %s\n", (char)('A' + a->index), a->next.name);
}

/* Actors that were tried in the place of the last step, and would do the same now as they did then. */
static unsigned asleep(void)
{
	const struct taken *last = now.n ? &now.path[now.n - 1] : NULL;
	unsigned mask = last ? (last->asleep | last->tried) & ~(1u << last->actor) : 0;

	for (size_t i = 0; i < now.game->n_actors; i++)
		if (mask & 1u << i && depend(&last->step, &now.actors[i].next))
			mask &= ~(1u << i);
	return mask;
}

/* One of @mask: as this run is to try, or the one that ran last. */
static struct actor *choose(unsigned mask)
{
	struct taken *t = &now.path[now.n];
	unsigned awake, last;

	if (now.n == BATON_STEPS_MAX)
		abort();
	if (now.n < now.n_prefix)
		return &now.actors[t->actor];
	t->asleep = asleep();
	awake = mask & ~t->asleep ?: mask;
	now.is_known |= !(mask & ~t->asleep);
	last = now.n ? awake & 1u << now.path[now.n - 1].actor : 0;
	t->actor = (size_t)__builtin_ctz(last ?: awake);
	t->able = mask;
	t->wanted = t->tried = 1u << t->actor;
	return &now.actors[t->actor];
}

static void take(struct actor *a)
{
	struct taken *t = &now.path[now.n];

	trace(a);
	want_before(a);
	advance_clock(a);
	t->step = a->next;
	t->clock = a->clock;
	now.n++;
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		;
}

/* Gives the baton to whose turn it is; returns when it is this actor's again. */
static void pass_on(void)
{
	const unsigned mask = able();
	struct actor *a;

	if (!mask) {
		for (size_t i = 0; i < now.game->n_actors; i++)
			if (!now.actors[i].ended)
				abort(); /* everybody waits for a lock */
		sem_post(&now.done);
		return;
	}
	a = choose(mask);
	take(a);
	if (a == self)
		return;
	sem_post(&a->baton);
	if (self && !self->ended)
		wait_for(&self->baton);
}

void baton_turn(const struct baton_step *step)
{
	if (!self)
		return;
	note_wrong(now.game->check(now.game->data));
	self->next = *step;
	if (now.started) {
		pass_on();
		return;
	}
	sem_post(&now.done);
	wait_for(&self->baton);
}

size_t baton_actor(void)
{
	return self ? self->index : BATON_ACTORS_MAX;
}

static void *act(void *data)
{
	self = data;
	now.game->act(now.game->data, self->index);
	note_wrong(now.game->check(now.game->data));
	self->ended = true;
	if (now.started)
		pass_on();
	else
		sem_post(&now.done);
	return NULL;
}

/* ---- all orders */

/* Each actor runs up to its first step, which nobody can notice. */
static void start_actors(void)
{
	now.started = false;
	for (size_t i = 0; i < now.game->n_actors; i++) {
		struct actor *a = &now.actors[i];

		*a = (struct actor){ .index = i };
		if (sem_init(&a->baton, 0, 0) != 0 || pthread_create(&a->thread, NULL, act, a) != 0)
			abort();
		wait_for(&now.done);
	}
	now.started = true;
}

static void run_once(void)
{
	const struct baton_game *game = now.game;

	game->begin(game->data);
	now.n = now.n_trace = 0;
	now.is_known = false;
	start_actors();
	pass_on();
	wait_for(&now.done);
	for (size_t i = 0; i < game->n_actors; i++) {
		(void)pthread_join(now.actors[i].thread, NULL);
		(void)sem_destroy(&now.actors[i].baton);
	}
	now.result->n_orders += !now.is_known;
	now.n_runs++;
	note_wrong(game->end(game->data));
}

static bool too_many_switches(void)
{
	size_t n = 0;

	for (size_t i = 1; i < now.n; i++) {
		const size_t before = now.path[i - 1].actor;

		n += now.path[i].actor != before && now.path[i].able & 1u << before;
	}
	return now.game->max_switches && n > now.game->max_switches;
}

/* Changes the last step that another actor should have come in the place of. */
static bool next_order(void)
{
	while (now.n) {
		struct taken *t = &now.path[now.n - 1];
		const unsigned todo = t->wanted & ~t->tried & ~t->asleep;

		if (todo) {
			t->actor = (size_t)__builtin_ctz(todo);
			t->tried |= 1u << t->actor;
			now.n_prefix = now.n;
			if (too_many_switches())
				continue;
			return true;
		}
		now.n--;
	}
	return false;
}

void baton_explore(const struct baton_game *game, size_t max_runs, struct baton_result *ret)
{
	*ret = (struct baton_result){ 0 };
	now.game = game;
	now.result = ret;
	now.n_prefix = now.n_runs = 0;
	if (sem_init(&now.done, 0, 0) != 0)
		abort();
	do {
		if (now.n_runs == max_runs)
			note_wrong("there are more orders than expected");
		else
			run_once();
	} while (!ret->wrong[0] && next_order());
	(void)sem_destroy(&now.done);
}
