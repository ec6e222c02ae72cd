// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/wish.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

int wish_set(char **to, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

void wish_done(struct wish *wish)
{
	free(wish->root);
	free(wish->config);
	free(wish->type);
	free(wish->grub_flavour);
	free(wish->entry);
	pick_free(wish->pick);
	free(wish->kernel);
	free(wish->cmdline);
	free(wish->append);
	free(wish->tune);
	free(wish->message);
	config_words_done(&wish->vars);
	config_words_done(&wish->places);
	config_words_done(&wish->initrds);
	config_words_done(&wish->force);
	*wish = (struct wish){ 0 };
}

bool wish_names_kernel(const struct wish *wish)
{
	return wish->kernel || wish->entry || wish->pick || wish->config || wish->type;
}

/* ---- an entry with its content */

static int copy_words(struct config_words *to, const char *const *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (config_words_add(to, from[i], strlen(from[i])) < 0)
			return -ENOMEM;
	return 0;
}

static const char *or_nothing(const char *text)
{
	return text ? text : "";
}

int pick_new(const struct kx_entry *entry, struct pick **ret)
{
	_cleanup_(pick_freep) struct pick *p = calloc(1, sizeof(*p));

	if (!p || wish_set(&p->id, or_nothing(entry->id)) < 0 ||
	    wish_set(&p->title, or_nothing(entry->title)) < 0 ||
	    wish_set(&p->kernel, or_nothing(entry->kernel)) < 0 ||
	    wish_set(&p->cmdline, or_nothing(entry->cmdline)) < 0 ||
	    wish_set(&p->source_file, or_nothing(entry->source_file)) < 0 ||
	    copy_words(&p->initrds, entry->initrds, entry->n_initrds) < 0 ||
	    copy_words(&p->modules, entry->modules, entry->n_modules) < 0)
		return -ENOMEM;
	p->source_line = entry->source_line;
	*ret = TAKE_PTR(p);
	return 0;
}

struct pick *pick_free(struct pick *pick)
{
	if (!pick)
		return NULL;
	free(pick->id);
	free(pick->title);
	free(pick->kernel);
	free(pick->cmdline);
	free(pick->source_file);
	config_words_done(&pick->initrds);
	config_words_done(&pick->modules);
	free(pick);
	return NULL;
}

static bool is_text(const char *a, const char *b)
{
	return strcmp(a, or_nothing(b)) == 0;
}

static bool are_texts(const struct config_words *a, const char *const *b, size_t n)
{
	bool same = a->n == n;

	for (size_t i = 0; same && i < n; i++)
		same = strcmp(a->v[i], b[i]) == 0;
	return same;
}

bool pick_is(const struct pick *p, const struct kx_entry *e)
{
	return is_text(p->title, e->title) && is_text(p->kernel, e->kernel) &&
	       is_text(p->cmdline, e->cmdline) && is_text(p->source_file, e->source_file) &&
	       are_texts(&p->initrds, e->initrds, e->n_initrds) &&
	       are_texts(&p->modules, e->modules, e->n_modules);
}
