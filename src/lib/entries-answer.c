// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/entries-answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "confined/message.h"
#include "entry/loaders.h"

#define ANSWER_MAGIC UINT32_C(0x52454e31)

/* Beside the loaders': kinds of entries that several loaders have, and flavours of loaders. */
static const char *const other_words[] = {
	"bls", "uki", "directory", "upstream", "rh", "suse", "syslinux", "u-boot",
};

enum { N_OTHER_WORDS = sizeof(other_words) / sizeof(other_words[0]) };

/* Words that are of static storage here: kinds of loaders and entries, flavours. */
static const char *static_word(const char *word)
{
	for (size_t i = 0; i < N_LOADERS; i++)
		if (strcmp(loaders[i].kind, word) == 0)
			return loaders[i].kind;
	for (size_t i = 0; i < N_OTHER_WORDS; i++)
		if (strcmp(other_words[i], word) == 0)
			return other_words[i];
	return NULL;
}

static void put_entry(struct message_out *out, const struct boot_entry *e)
{
	message_put_text(out, e->id);
	message_put_texts(out, &e->path);
	message_put_text(out, e->title);
	message_put_text(out, e->version);
	message_put_u32(out, (uint32_t)e->type);
	message_put_u32(out, e->bootable);
	message_put_text(out, e->kernel);
	message_put_texts(out, &e->initrds);
	message_put_texts(out, &e->modules);
	message_put_text(out, e->cmdline);
	message_put_text(out, e->devicetree);
	message_put_text(out, e->architecture);
	message_put_u32(out, e->is_default);
	message_put_u32(out, e->is_broken);
	message_put_text(out, e->guess);
	message_put_text(out, e->source.kind);
	message_put_text(out, e->source.file);
	message_put_u32(out, e->source.line);
	message_put_texts(out, &e->warnings);
}

int entries_encode(const struct kx_entries *entries, uint8_t *to, size_t max, size_t *ret_n)
{
	const struct boot_menu *m = &entries->menu;
	struct message_out out = { .p = to, .max = max };

	message_put_u32(&out, ANSWER_MAGIC);
	message_put_text(&out, m->loader);
	message_put_text(&out, m->flavour);
	message_put_text(&out, m->config);
	message_put_text(&out, m->default_reason);
	message_put_text(&out, m->guess);
	message_put_texts(&out, &m->warnings);
	message_put_text(&out, entries->output);
	message_put_texts(&out, &entries->vars);
	message_put_u32(&out, (uint32_t)m->n_entries);
	message_put_u32(&out, (uint32_t)(m->default_index < m->n_entries ? m->default_index
									 : m->n_entries));
	for (size_t i = 0; i < m->n_entries && !out.is_full; i++)
		put_entry(&out, &m->entries[i]);
	if (out.is_full)
		return -EFBIG;
	*ret_n = out.n;
	return 0;
}

/* A static word, or NULL where there is none. */
static const char *take_word(struct message_in *in)
{
	_cleanup_free_ char *text = message_take_text(in);
	const char *word = text ? static_word(text) : NULL;

	if (text && !word)
		in->r = -EPROTO;
	return word;
}

static enum entry_type take_type(struct message_in *in)
{
	return (enum entry_type)message_take_below(in, ENTRY_OTHER + 1);
}

static void take_entry(struct message_in *in, struct boot_entry *e)
{
	e->id = message_take_text(in);
	message_take_texts(in, &e->path);
	e->title = message_take_text(in);
	e->version = message_take_text(in);
	e->type = take_type(in);
	e->bootable = message_take_bool(in);
	e->kernel = message_take_text(in);
	message_take_texts(in, &e->initrds);
	message_take_texts(in, &e->modules);
	e->cmdline = message_take_text(in);
	e->devicetree = message_take_text(in);
	e->architecture = message_take_text(in);
	e->is_default = message_take_bool(in);
	e->is_broken = message_take_bool(in);
	e->guess = message_take_text(in);
	e->source.kind = take_word(in);
	e->source.file = message_take_text(in);
	e->source.line = message_take_u32(in);
	message_take_texts(in, &e->warnings);
}

/* What everybody relies on who gets a list: what can be started has a kernel, and one entry is the default. */
static bool is_possible(const struct boot_entry *e, bool is_default)
{
	return e->is_default == is_default && e->source.kind && (!e->bootable || e->kernel);
}

static int take_entries(struct message_in *in, size_t n, size_t default_index,
			struct boot_menu *menu)
{
	int r = in->r;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct boot_entry e = { 0 };

		take_entry(in, &e);
		r = in->r;
		if (r == 0)
			r = is_possible(&e, i == default_index) ? boot_menu_add(menu, &e) : -EPROTO;
		if (r < 0)
			boot_entry_done(&e);
	}
	return r;
}

static int take_all(struct message_in *in, struct kx_entries *entries)
{
	struct boot_menu *m = &entries->menu;
	size_t n;
	int r;

	if (message_take_u32(in) != ANSWER_MAGIC)
		return -EPROTO;
	m->loader = take_word(in);
	m->flavour = take_word(in);
	m->config = message_take_text(in);
	m->default_reason = message_take_text(in);
	m->guess = message_take_text(in);
	message_take_texts(in, &m->warnings);
	entries->output = message_take_text(in);
	message_take_texts(in, &entries->vars);
	n = message_take_u32(in);
	m->default_index = message_take_u32(in);
	if (in->r == 0 && (!m->loader || m->default_index > n))
		return -EPROTO;
	r = take_entries(in, n, m->default_index, m);
	return r < 0 ? r : message_end(in);
}

int entries_decode(struct bytes answer, struct kx_entries *entries)
{
	struct message_in in = { .rest = answer };
	struct kx_entries made = { 0 };
	int r = take_all(&in, &made);

	if (r < 0) {
		boot_menu_done(&made.menu);
		strlist_done(&made.vars);
		free(made.output);
		return r;
	}
	entries->menu = made.menu;
	entries->output = made.output;
	entries->vars = made.vars;
	return 0;
}
