// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Scripts of iPXE, run without a network: commands that ask it succeed, and what they would set is empty.
 * Source: ipxe.org/scripting and ipxe.org/cmd; for words and their separators, iPXE's core/exec.c.
 */
#include "entry/ipxe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "entry/read.h"

enum { STEPS_MAX = 20000, ITEMS_MAX = 256, WORDS_MAX = 256, VARS_MAX = 1024, TEXT_MAX = 4096 };

struct var {
	char *name, *value;
};

/* How a run of the script ended. */
enum outcome { RUNNING, BOOTS, LEAVES, ENDS };

struct run {
	struct bytes file;
	struct budget *budget;
	struct var vars[VARS_MAX];
	size_t n_vars;
	struct strlist labels, titles; /* of the first menu; "" as label for a gap */
	const char *choice;	       /* what is chosen there, NULL for its default */
	char *chosen;		       /* what was chosen there */
	bool has_chosen;
	unsigned steps, line;
	struct boot_entry entry;
	enum outcome outcome;
	const uint8_t *jump; /* a line to go on with, or NULL */
};

static void run_done(struct run *run)
{
	for (size_t i = 0; i < run->n_vars; i++) {
		free(run->vars[i].name);
		free(run->vars[i].value);
	}
	strlist_done(&run->labels);
	strlist_done(&run->titles);
	boot_entry_done(&run->entry);
	free(run->chosen);
}

static const char *get(const struct run *run, const char *name)
{
	for (size_t i = 0; i < run->n_vars; i++)
		if (strcmp(run->vars[i].name, name) == 0)
			return run->vars[i].value;
	return "";
}

static int set(struct run *run, const char *name, const char *value)
{
	size_t i = 0;

	while (i < run->n_vars && strcmp(run->vars[i].name, name) != 0)
		i++;
	if (i < run->n_vars)
		return replace(&run->vars[i].value, value);
	if (i == VARS_MAX)
		return -E2BIG;
	run->vars[i] = (struct var){ strdup(name), strdup(value) };
	run->n_vars++;
	return run->vars[i].name && run->vars[i].value ? 0 : -ENOMEM;
}

/* "${NAME}" and "${NAME:TYPE}", whose value may hold more of them; a limit on the text ends that. */
static int expand(const struct run *run, const char *word, char **ret)
{
	_cleanup_free_ char *text = strdup(word);
	unsigned turns = 0;

	for (char *at; text && (at = strstr(text, "${")) != NULL;) {
		char *end = strchr(at, '}');
		_cleanup_free_ char *name = NULL, *next = NULL;
		size_t n;

		if (!end || turns++ == WORDS_MAX || strlen(text) > TEXT_MAX)
			break;
		if (budget_take(run->budget, BUDGET_STEPS, strlen(text)) < 0)
			return BUDGET_SPENT;
		n = strcspn(at + 2, ":}");
		name = strndup(at + 2, n);
		if (!name ||
		    format(&next, "%.*s%s%s", (int)(at - text), text, get(run, name), end + 1) < 0)
			return -ENOMEM;
		free(text);
		text = TAKE_PTR(next);
	}
	if (!text)
		return -ENOMEM;
	*ret = TAKE_PTR(text);
	return 0;
}

/* The line ":NAME"; NULL when there is none. */
static const uint8_t *find_label(const struct run *run, const char *name)
{
	struct lines lines = lines_of(run->file);
	struct bytes line;

	while (lines_next(&lines, &line)) {
		line = bytes_trim(line);
		if (line.n > 1 && line.p[0] == ':' &&
		    bytes_is(bytes_trim((struct bytes){ line.p + 1, line.n - 1 }), name))
			return lines.rest.p;
	}
	return NULL;
}

/* Words of one command. */
struct words {
	struct strlist v;
	size_t at; /* the first that is no option */
};

static const char *word(const struct words *w, size_t i)
{
	return w->at + i < w->v.n ? w->v.v[w->at + i] : "";
}

static int join(const struct words *w, size_t first, char **ret)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	for (size_t i = w->at + first; i < w->v.n; i++)
		if (*w->v.v[i])
			strbuf_add_word(&out, w->v.v[i]);
	return strbuf_take(&out, ret);
}

/* Options stand in front; those in @with_value take the next word, whose last value is *ret. */
static void skip_options(struct words *w, const char *with_value, const char *wanted,
			 const char **ret)
{
	for (w->at = 1; w->at < w->v.n && w->v.v[w->at][0] == '-'; w->at++) {
		const char *option = w->v.v[w->at];
		const char *equals = strchr(option, '=');
		size_t n = equals ? (size_t)(equals - option) : strlen(option);
		bool is_wanted = wanted && strlen(wanted) == n && strncmp(option, wanted, n) == 0;

		if (strcmp(option, "--") == 0) {
			w->at++;
			return;
		}
		if (equals && is_wanted)
			*ret = equals + 1;
		if (!equals && has_word(with_value, option) && w->at + 1 < w->v.n) {
			w->at++;
			if (is_wanted)
				*ret = w->v.v[w->at];
		}
	}
}

static int take_kernel(struct run *run, struct words *w)
{
	int r;

	skip_options(w, "--name -n --timeout -t", NULL, NULL);
	free(TAKE_PTR(run->entry.cmdline));
	run->entry.type = ENTRY_LINUX;
	run->entry.source.line = run->line;
	r = replace(&run->entry.kernel, word(w, 0));
	return r < 0 ? r : join(w, 1, &run->entry.cmdline);
}

static int take_initrd(struct run *run, struct words *w)
{
	skip_options(w, "--name -n --timeout -t", NULL, NULL);
	return strlist_add(&run->entry.initrds, word(w, 0));
}

static int take_args(struct run *run, struct words *w)
{
	skip_options(w, "", NULL, NULL);
	free(TAKE_PTR(run->entry.cmdline));
	return join(w, 1, &run->entry.cmdline);
}

static int take_item(struct run *run, struct words *w)
{
	_cleanup_free_ char *title = NULL;
	bool is_gap = false;
	int r;

	for (size_t i = 1; i < w->v.n; i++)
		is_gap |= strcmp(w->v.v[i], "--gap") == 0 || strcmp(w->v.v[i], "-g") == 0;
	skip_options(w, "--key -k --menu -m", NULL, NULL);
	if (run->has_chosen || run->labels.n >= ITEMS_MAX)
		return 0;
	r = join(w, 1, &title);
	if (r == 0)
		r = strlist_add(&run->labels, is_gap ? "" : word(w, 0));
	return r < 0 ? r : strlist_add(&run->titles, title);
}

/* What is chosen when nobody presses a key: the default, else the first item. */
static int take_choice(struct run *run, struct words *w, bool *ret_failed)
{
	const char *wanted = NULL, *label = NULL;

	skip_options(w, "--default -d --menu -m --timeout -t", "--default", &wanted);
	if (!run->has_chosen && run->choice)
		wanted = run->choice;
	for (size_t i = run->labels.n; i-- > 0;)
		if (*run->labels.v[i] && (!label || !wanted || strcmp(label, wanted) != 0))
			label = run->labels.v[i];
	*ret_failed = !label;
	if (!label)
		return 0;
	if (!run->has_chosen && replace(&run->chosen, label) < 0)
		return -ENOMEM;
	run->has_chosen = true;
	return set(run, word(w, 0), label);
}

static int take_set(struct run *run, struct words *w)
{
	_cleanup_free_ char *value = NULL;
	int r = join(w, 1, &value);

	return r < 0 ? r : set(run, word(w, 0), value);
}

static void leave(struct run *run, enum outcome how)
{
	run->outcome = how;
}

/* boot, and boot IMAGE words. */
static int take_boot(struct run *run, struct words *w)
{
	int r = 0;

	skip_options(w, "", NULL, NULL);
	if (w->at < w->v.n && !run->entry.kernel)
		r = take_kernel(run, w);
	leave(run, run->entry.kernel ? BOOTS : ENDS);
	return r;
}

static int take_goto(struct run *run, const struct words *w, bool *ret_failed)
{
	/* the whole file is searched */
	if (budget_take(run->budget, BUDGET_STEPS, run->file.n / 4) < 0)
		return BUDGET_SPENT;
	run->jump = find_label(run, word(w, 0));
	*ret_failed = !run->jump;
	return 0;
}

/* One command; *ret_failed as its status. */
static int run_command(struct run *run, struct words *w, bool *ret_failed)
{
	static const char leaving[] =
		"chain imgexec sanboot exit shell reboot poweroff login config";
	const char *name = w->v.v[0];

	w->at = 1;
	*ret_failed = false;
	if (strcmp(name, "kernel") == 0 || strcmp(name, "imgselect") == 0)
		return take_kernel(run, w);
	if (strcmp(name, "initrd") == 0 || strcmp(name, "module") == 0)
		return take_initrd(run, w);
	if (strcmp(name, "imgargs") == 0)
		return take_args(run, w);
	if (strcmp(name, "item") == 0)
		return take_item(run, w);
	if (strcmp(name, "choose") == 0)
		return take_choice(run, w, ret_failed);
	if (strcmp(name, "set") == 0)
		return take_set(run, w);
	if (strcmp(name, "clear") == 0)
		return set(run, word(w, 0), "");
	if (strcmp(name, "boot") == 0)
		return take_boot(run, w);
	if (strcmp(name, "isset") == 0)
		*ret_failed = *word(w, 0) == 0;
	else if (strcmp(name, "iseq") == 0)
		*ret_failed = strcmp(word(w, 0), word(w, 1)) != 0;
	else if (strcmp(name, "imgfree") == 0)
		boot_entry_done(&run->entry);
	else if (strcmp(name, "prompt") == 0)
		*ret_failed = true; /* nobody presses a key */
	else if (strcmp(name, "goto") == 0)
		return take_goto(run, w, ret_failed);
	else if (has_word(leaving, name))
		leave(run, LEAVES);
	return 0;
}

static int split(struct bytes rest, struct strlist *ret)
{
	int r = 0;

	while (r == 0 && rest.n && ret->n < WORDS_MAX) {
		_cleanup_free_ char *one = bytes_dup(bytes_word(&rest));

		r = one ? strlist_add(ret, one) : -ENOMEM;
	}
	return r;
}

/* Words are expanded when their command runs, and stay one word each. */
static int add_word(const struct run *run, const char *raw, struct strlist *ret)
{
	_cleanup_free_ char *word = NULL;
	int r = expand(run, raw, &word);

	return r < 0 ? r : strlist_add(ret, word);
}

/* Commands of a line up to its end: "||" goes on after a failure, "&&" after success. */
static int run_line(struct run *run, const struct strlist *all)
{
	bool failed = false, skips = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->n && run->outcome == RUNNING && !run->jump; i++) {
		struct words w = { 0 };

		while (r == 0 && i < all->n && strcmp(all->v[i], "||") != 0 &&
		       strcmp(all->v[i], "&&") != 0)
			r = add_word(run, all->v[i++], &w.v);
		if (r == 0 && w.v.n && !skips)
			r = run_command(run, &w, &failed);
		strlist_done(&w.v);
		if (i < all->n)
			skips = (strcmp(all->v[i], "||") == 0) != failed;
		/* a "||" with nothing behind it forgives */
		if (i + 1 == all->n && strcmp(all->v[i], "||") == 0)
			failed = false;
	}
	/* a line that failed ends the script */
	if (r == 0 && failed && run->outcome == RUNNING && !run->jump)
		leave(run, ENDS);
	return r;
}

static int run_script(struct run *run)
{
	struct lines lines = lines_of(run->file);
	struct bytes line;
	int r = 0;

	while (r == 0 && run->outcome == RUNNING && lines_next(&lines, &line)) {
		_cleanup_strlist_ struct strlist words = { 0 };

		if (run->steps++ == STEPS_MAX || budget_take(run->budget, BUDGET_STEPS, 1000) < 0)
			return run->steps > STEPS_MAX ? 0 : BUDGET_SPENT;
		line = bytes_trim(line);
		run->line = lines.number;
		if (line.n == 0 || line.p[0] == '#' || line.p[0] == ':')
			continue;
		r = split(line, &words);
		if (r == 0)
			r = run_line(run, &words);
		if (run->jump) {
			size_t at = (size_t)(run->jump - run->file.p);

			lines.rest = (struct bytes){ run->jump, run->file.n - at };
			run->jump = NULL;
		}
	}
	return r;
}

static const char *title_of(const struct run *run, const char *label)
{
	for (size_t i = 0; i < run->labels.n; i++)
		if (strcmp(run->labels.v[i], label) == 0 && *run->titles.v[i])
			return run->titles.v[i];
	return label;
}

static int add_entry(struct run *run, struct boot_menu *menu)
{
	const char *id = run->chosen ? run->chosen : "boot";
	struct boot_entry *e = &run->entry;
	int r;

	if (run->outcome != BOOTS) {
		boot_entry_done(e);
		e->type = run->outcome == LEAVES ? ENTRY_CHAINLOAD : ENTRY_OTHER;
	}
	e->bootable = run->outcome == BOOTS;
	e->source.kind = "ipxe";
	r = replace(&e->id, id);
	if (r == 0)
		r = replace(&e->title, title_of(run, id));
	if (r == 0)
		r = strlist_add(&e->path, e->title);
	if (r == 0 && e->bootable && !e->cmdline)
		r = replace(&e->cmdline, "");
	return r < 0 ? r : boot_menu_add(menu, e);
}

/* Runs the script with @choice at its first menu, and adds what comes of it. */
static int add_run(struct bytes file, struct budget *budget, const char *choice,
		   struct boot_menu *menu, struct strlist *ret_labels, char **ret_chosen)
{
	struct run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return -ENOMEM;
	*run = (struct run){ .file = file, .budget = budget, .choice = choice };
	r = run_script(run);
	if (r == 0 && ret_labels) {
		*ret_labels = run->labels;
		run->labels = (struct strlist){ 0 };
		*ret_chosen = run->chosen;
		run->chosen = NULL;
		if (!*ret_chosen)
			r = add_entry(run, menu);
	} else if (r == 0) {
		r = add_entry(run, menu);
	}
	run_done(run);
	free(run);
	return r;
}

static int add_items(struct bytes file, struct budget *budget, const struct strlist *labels,
		     const char *chosen, struct boot_menu *menu)
{
	size_t default_index = SIZE_MAX;
	int r = 0;

	for (size_t i = 0; r == 0 && chosen && i < labels->n; i++) {
		if (!*labels->v[i])
			continue;
		if (strcmp(labels->v[i], chosen) == 0)
			default_index = menu->n_entries;
		r = add_run(file, budget, labels->v[i], menu, NULL, NULL);
	}
	if (r == 0)
		menu_set_default(menu, !chosen				 ? 0
				       : default_index < menu->n_entries ? default_index
									 : menu->n_entries);
	return r < 0 ? r
		     : format(&menu->default_reason, "iPXE: %s%s\n",
			      chosen ? "what the menu chooses by itself: "
				     : "the script has no menu",
			      chosen ? chosen : "");
}

int ipxe_parse(struct bytes file, struct budget *budget, struct boot_menu *ret)
{
	struct boot_menu menu = { .loader = "ipxe" };
	_cleanup_strlist_ struct strlist labels = { 0 };
	_cleanup_free_ char *chosen = NULL;
	int r = bytes_starts(file, "#!ipxe") ? 0 : -EINVAL;

	if (r == 0)
		r = add_run(file, budget, NULL, &menu, &labels, &chosen);
	if (r == 0)
		r = add_items(file, budget, &labels, chosen, &menu);
	if (r < 0)
		boot_menu_done(&menu);
	else
		*ret = menu;
	return r;
}
