// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/same.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mix.h"
#include "handover/init.h"

static uint64_t mix_text(uint64_t hash, const char *text)
{
	return mix(hash, text ? text : "", text ? strlen(text) + 1 : 0);
}

/* What the next kernel is told of memory, which may have been added or removed since. */
static uint64_t mix_memory(uint64_t hash, const struct start *s)
{
	struct kx_memory memory = { .size = sizeof(memory) };

	for (size_t i = 0; i < s->plan_info.n_memory; i++) {
		uint64_t range[2] = { 0 };

		if (kx_plan_memory(s->plan, i, &memory) == 0) {
			range[0] = memory.start;
			range[1] = memory.end;
		}
		hash = mix_text(mix(hash, range, sizeof(range)), memory.type);
	}
	return hash;
}

void same_as(const struct reboot *rb, const struct wish *wish, const struct start *s, char ret[17])
{
	const struct choice *c = &s->choice;
	const uint64_t numbers[] = { c->way, c->flags, s->diet,
				     wish->direct || init_spares_pages(rb->sys) };
	uint64_t contents, hash;

	ret[0] = '\0';
	/* keys are of one load: no other hands over the same */
	if (s->takes_keys || s->keys.n)
		return;
	if (rb->place != PLACE_HERE || !c->files || c->modules.n || s->safe || !s->plan ||
	    s->plan_info.way != KX_WAY_SEGMENTS || kx_plan_contents(s->plan, &contents) < 0)
		return;
	hash = mix(MIX_NONE, numbers, sizeof(numbers));
	hash = mix(hash, &contents, sizeof(contents));
	hash = mix_text(mix_text(mix_text(hash, VERSION), c->digest), s->plan_info.cmdline);
	hash = mix_memory(hash, s);
	(void)snprintf(ret, 17, "%016llx", (unsigned long long)hash);
}

/* Does the kernel hold the image of the note? */
static bool is_held(const struct reboot *rb, const struct request *loaded)
{
	struct kx_state state = { .size = sizeof(state) };
	struct kx_error err = { 0 };
	uint64_t start;

	if (kx_state(rb->ctx, &state, NULL) < 0 || state.loaded != 1)
		return false;
	if (kx_loaded_entry(rb->ctx, &start, &err) < 0 || !start || start != loaded->start) {
		teller_detail(&rb->teller, "%s; it is loaded again",
			      err.code ? err.message : "another program has loaded a kernel since");
		return false;
	}
	/* only in huge pages contents can be seen */
	if (kx_jump(rb->ctx, KX_JUMP_ONLY_CHECK, &err) == 0)
		return true;
	teller_detail(&rb->teller, "%s", err.message);
	return false;
}

bool same_find(const struct reboot *rb, const struct wish *wish, struct start *s)
{
	struct request loaded;
	char same[17];

	if (loaded_read(rb->sys, &loaded, NULL) < 0 || !loaded.same[0] || !loaded.start)
		return false;
	same_as(rb, wish, s, same);
	if (strcmp(same, loaded.same) != 0 || !is_held(rb, &loaded))
		return false;
	s->is_loaded = true;
	s->not_looked_at = NULL;
	(void)snprintf(s->digest, sizeof(s->digest), "%s", loaded.digest);
	(void)snprintf(s->rung, sizeof(s->rung), "%s", loaded.rung);
	s->plan_info.rung = s->rung;
	s->plan_info.is_diet = loaded.is_diet != 0;
	teller_detail(&rb->teller, "the same is loaded already (%s)", s->rung);
	return true;
}
