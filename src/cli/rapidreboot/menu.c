// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot menu: a person picks an entry and may edit its command line; then it goes the way of
 * every reboot. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/ask.h"
#include "cli/locale.h"
#include "cli/rapidreboot/menu.h"
#include "cli/rapidreboot/start.h"

/**
 * struct choice - what a person wants
 * @index: of the entry
 * @cmdline: edited, to be released with free(3), or NULL
 */
struct choice {
	size_t index;
	char *cmdline;
};

/* ---- the entries as items */

static char *title_of(const struct kx_entry *e)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	char *title;

	for (size_t i = 0; i < e->n_path; i++) {
		strbuf_add(&b, i ? " > " : "");
		strbuf_add(&b, e->path[i]);
	}
	if (e->n_path == 0)
		strbuf_add(&b, e->title ? e->title : e->id);
	return strbuf_take(&b, &title) < 0 ? NULL : title;
}

static void items_free(struct menu_item *items, size_t n)
{
	for (size_t i = 0; items && i < n; i++)
		free((void *)(uintptr_t)items[i].title);
	free(items);
}

static struct menu_item *items_of(const struct entries *e)
{
	const size_t n = e->info.n_entries;
	struct menu_item *items = calloc(n + 1, sizeof(*items));

	for (size_t i = 0; items && i < n; i++) {
		const struct kx_entry entry = entries_get(e, i);

		items[i] = (struct menu_item){ title_of(&entry), entry.cmdline, entry.bootable,
					       entry.is_default };
		if (!items[i].title) {
			items_free(items, n);
			return NULL;
		}
	}
	return items;
}

/* ---- by the cursor */

static int draw(struct menu *menu, unsigned *ret_rows)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	unsigned columns;

	terminal_size(ret_rows, &columns);
	menu_draw(menu, *ret_rows, columns, &b);
	if (b.failed)
		return -ENOMEM;
	terminal_write(&b);
	return 0;
}

static int choose_on_screen(const struct menu_item *items, size_t n, struct choice *ret)
{
	_cleanup_free_ struct menu *menu = malloc(sizeof(*menu));
	enum menu_answer answer = MENU_GOES_ON;
	unsigned rows = 0;
	int r = menu ? terminal_open() : -ENOMEM;

	if (r == 0)
		menu_init(menu, items, n, locale_is_utf8());
	while (r == 0 && answer == MENU_GOES_ON) {
		r = draw(menu, &rows);
		if (r == 0)
			answer = menu_key(menu, terminal_key(), rows);
	}
	terminal_close();
	if (r < 0) {
		fprintf(stderr, "rapidreboot: the menu cannot be shown: %s\n", strerror(-r));
		return EXIT_FAILED;
	}
	if (answer == MENU_LEAVE)
		return EXIT_NOTHING;
	ret->index = menu->chosen;
	if (menu->edited == menu->chosen) {
		ret->cmdline = strdup(menu->line);
		return ret->cmdline ? EXIT_OK : EXIT_FAILED;
	}
	return EXIT_OK;
}

/* ---- by numbers, for terminals that cannot move their cursor */

static void print_items(const struct menu_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf b = { 0 };

		menu_add_text(&b, items[i].title, MENU_LINE_MAX, locale_is_utf8());
		fprintf(stderr, "%3zu %c %s%s\n", i, items[i].is_default ? '*' : ' ',
			b.s ? b.s : "", items[i].can_start ? "" : " [not bootable by kexec]");
	}
}

/* A line of standard input without its newline, or NULL at its end. */
static char *read_answer(const char *question)
{
	char *line = NULL;
	size_t n = 0;

	fputs(question, stderr);
	if (getline(&line, &n, stdin) < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

static int choose_by_number(const struct menu_item *items, size_t n, struct choice *ret)
{
	_cleanup_free_ char *number = NULL, *cmdline = NULL;
	const char *old;
	uint64_t i;

	print_items(items, n);
	number = read_answer("Number of what to start, nothing to leave: ");
	if (!number || !*number)
		return EXIT_NOTHING;
	if (parse_u64(number, &i) < 0 || i >= n || !items[i].can_start) {
		fprintf(stderr, "rapidreboot: \"%s\" cannot be started\n", number);
		return EXIT_NOTHING;
	}
	old = items[i].cmdline;
	fprintf(stderr, "Command line: %s\n", old ? old : "");
	cmdline = read_answer("Another one, nothing to keep it: ");
	if (!cmdline)
		return EXIT_NOTHING;
	ret->index = (size_t)i;
	if (*cmdline)
		ret->cmdline = TAKE_PTR(cmdline);
	return EXIT_OK;
}

/* ---- and then */

/* Entries are read again on the way: the name has to mean the same one. */
static int name_of(const struct entries *e, size_t index, char **ret)
{
	const struct kx_entry entry = entries_get(e, index);
	char number[24];
	size_t found;

	(void)snprintf(number, sizeof(number), "%zu", index);
	for (size_t i = 0; i < 3; i++) {
		const char *name = i == 0 ? entry.id : i == 1 ? entry.title : number;

		if (!name || kx_entries_find(e->list, name, &found, NULL) < 0 || found != index)
			continue;
		*ret = strdup(name);
		return *ret ? EXIT_OK : EXIT_FAILED;
	}
	fputs("rapidreboot: this entry has no name of its own to start it by\n", stderr);
	return EXIT_FAILED;
}

/* The words of our own command line, then what was chosen. */
static int start(int argc, char **argv, char *name, char *cmdline)
{
	static char option[] = "--cmdline", end[] = "--";
	_cleanup_free_ char **words = calloc((size_t)argc + 5, sizeof(*words));
	int n = 0;

	if (!words)
		return EXIT_FAILED;
	for (; n < argc; n++)
		words[n] = argv[n];
	if (cmdline) {
		words[n++] = option;
		words[n++] = cmdline;
	}
	words[n++] = end;
	words[n++] = name;
	return reboot_run("menu", n, words);
}

static int choose(const struct entries *e, struct choice *ret)
{
	const size_t n = e->info.n_entries;
	struct menu_item *items;
	int r;

	if (!can_ask()) {
		fputs("rapidreboot: a menu needs a terminal; `rapidreboot list` shows the entries and "
		      "`rapidreboot ENTRY` starts one\n",
		      stderr);
		return EXIT_FAILED;
	}
	if (n == 0) {
		fputs("rapidreboot: there is no entry to choose\n", stderr);
		return EXIT_FAILED;
	}
	items = items_of(e);
	if (!items)
		return EXIT_FAILED;
	r = terminal_can_draw() ? choose_on_screen(items, n, ret) : choose_by_number(items, n, ret);
	items_free(items, n);
	if (r == EXIT_NOTHING)
		fputs("rapidreboot: nothing was done\n", stderr);
	return r;
}

static int menu(const struct start_options *o, int argc, char **argv)
{
	_cleanup_free_ char *name = NULL;
	struct choice choice = { 0 };
	struct entries e;
	int r = entries_open(&e, &o->find);

	if (r == EXIT_OK)
		r = choose(&e, &choice);
	if (r == EXIT_OK)
		r = name_of(&e, choice.index, &name);
	entries_close(&e);
	if (r == EXIT_OK)
		r = start(argc, argv, name, choice.cmdline);
	free(choice.cmdline);
	return r;
}

static int run(int argc, char **argv)
{
	struct start_options o;
	int r = start_options_parse(&o, TAKES_TARGET | TAKES_HANDOVER | TAKES_DRY_RUN, argc, argv);

	if (r == EXIT_OK && o.help)
		puts("Usage: rapidreboot menu [OPTION]…\n\n"
		     "Shows the boot entries on a terminal, to pick one with the arrow keys and edit\n"
		     "its command line; then it is started as `rapidreboot ENTRY` would. The options\n"
		     "are those of `rapidreboot --help`.");
	else if (r == EXIT_OK && (o.find.argument || o.kernel || o.cmdline || o.reuse_cmdline))
		r = fail_usage("menu: the entry and its command line are chosen in the menu");
	else if (r == EXIT_OK)
		r = menu(&o, argc, argv);
	start_options_done(&o);
	return r;
}

const struct command menu_command = { "menu", "", "choose an entry and edit its command line",
				      run };
