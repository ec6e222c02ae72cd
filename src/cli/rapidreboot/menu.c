// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot menu: a person picks an entry and may edit its command line; then the command reboot
 * is run with it. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/ask.h"
#include "cli/locale.h"
#include "cli/plain.h"
#include "cli/rapidreboot/front.h"
#include "cli/rapidreboot/menu.h"
#include "reboot/once.h"

/**
 * struct answer - what a person wants
 * @index: of the entry
 * @cmdline: edited, to be released with free(3), or NULL
 */
struct answer {
	size_t index;
	char *cmdline;
};

/**
 * struct lines - what there is to choose
 * @rows, @items: @n each; their texts belong to the entries
 */
struct lines {
	struct entry_row *rows;
	struct menu_item *items;
	size_t n;
};

static void lines_done(struct lines *lines)
{
	free(lines->rows);
	free(lines->items);
}

static int lines_of(const struct kx_entries *entries, const struct kx_entries_info *info,
		    struct lines *ret)
{
	const size_t n = info->n_entries;
	struct lines lines = { entries_rows(entries, n), calloc(n + 1, sizeof(*lines.items)), n };

	if (!lines.rows || !lines.items) {
		lines_done(&lines);
		fputs("rapidreboot: out of memory\n", stderr);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < n; i++) {
		const struct kx_entry entry = choice_entry(entries, i);

		lines.items[i] = (struct menu_item){ entry.cmdline, once_possible(info, &entry) };
	}
	*ret = lines;
	return EXIT_OK;
}

/* ---- by the cursor */

static void menu_freep(struct menu **menu)
{
	if (*menu)
		menu_close(*menu);
	free(*menu);
}

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

static int choose_on_screen(const struct lines *lines, const char *message, struct answer *ret)
{
	_cleanup_(menu_freep) struct menu *menu = calloc(1, sizeof(*menu));
	enum menu_answer answer = MENU_GOES_ON;
	unsigned rows = 0;
	int r = !menu ? -ENOMEM
		      : menu_init(menu, lines->rows, lines->items, lines->n, message,
				  locale_is_utf8());

	if (r == 0)
		r = terminal_open();
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

static int print_lines(const struct lines *lines)
{
	_cleanup_entry_table_ struct entry_table table = { 0 };
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct winsize size = { 0 };

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0)
		size.ws_col = 0;
	if (entry_table_make(lines->rows, lines->n, locale_is_utf8(), &table) < 0)
		return EXIT_FAILED;
	entry_table_fit(&table, size.ws_col, true);
	entry_table_heading(&table, &b);
	for (size_t i = 0; i < lines->n; i++)
		entry_table_row(&table, i, &b);
	entry_table_legend(&table, &b);
	if (b.failed)
		return EXIT_FAILED;
	for (char *line = b.s, *end; *line; line = end + 1) {
		_cleanup_strbuf_ struct strbuf plain = { 0 };

		end = strchr(line, '\n');
		*end = '\0';
		menu_add_text(&plain, line, MENU_LINE_MAX, locale_is_utf8());
		fprintf(stderr, "%s\n", plain.s ? plain.s : "");
	}
	return EXIT_OK;
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

static int choose_by_number(const struct lines *lines, struct answer *ret)
{
	_cleanup_free_ char *number = NULL, *cmdline = NULL;
	const char *old;
	uint64_t i;

	if (print_lines(lines) != EXIT_OK)
		return EXIT_FAILED;
	number = read_answer("Number of what to start, nothing to leave: ");
	if (!number || !*number)
		return EXIT_NOTHING;
	if (parse_u64(number, &i) < 0 || i >= lines->n ||
	    (!lines->rows[i].can_start && !lines->items[i].by_loader)) {
		plain_printf(stderr, "rapidreboot: \"%s\" cannot be started\n", number);
		return EXIT_NOTHING;
	}
	ret->index = (size_t)i;
	if (!lines->rows[i].can_start)
		return EXIT_OK;
	old = lines->items[i].cmdline;
	plain_printf(stderr, "Command line: %s\n", old ? old : "");
	cmdline = read_answer("Another one, nothing to keep it: ");
	if (!cmdline)
		return EXIT_NOTHING;
	if (*cmdline)
		ret->cmdline = TAKE_PTR(cmdline);
	return EXIT_OK;
}

/* ---- starting what was picked */

static int choose(const struct kx_entries *entries, const char *message, struct answer *ret)
{
	struct kx_entries_info info = { .size = sizeof(info) };
	_cleanup_(lines_done) struct lines lines = { 0 };
	int r;

	(void)kx_entries_info(entries, &info);
	if (info.n_entries == 0) {
		fputs("rapidreboot: there is no entry to choose\n", stderr);
		return EXIT_FAILED;
	}
	r = lines_of(entries, &info, &lines);
	if (r != EXIT_OK)
		return r;
	r = terminal_can_draw() ? choose_on_screen(&lines, message, ret)
				: choose_by_number(&lines, ret);
	if (r == EXIT_NOTHING)
		fputs("rapidreboot: nothing was done\n", stderr);
	return r;
}

/* Reads the entries and has one chosen, with its content. What only the boot loader starts is dealt with: @ret
 * stays NULL. */
static int pick(const struct options *o, const char *message, struct pick **ret, char **ret_cmdline)
{
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	_cleanup_(kx_entries_freep) struct kx_entries *entries = NULL;
	struct kx_entries_info info = { .size = sizeof(info) };
	_cleanup_wish_ struct wish wish = { 0 };
	struct answer answer = { 0 };
	struct kx_error err = { 0 };
	struct kx_entry entry;
	int r = front_wish(&menu_command, o, &wish);

	if (r < 0)
		r = front_open(&rb, wish.root, o->verbose);
	if (r == EXIT_OK)
		r = fail_reason(choice_entries(&rb, &wish, &entries, &err), &err);
	if (r == EXIT_OK)
		r = choose(entries, message, &answer);
	if (r != EXIT_OK)
		return r;
	entry = choice_entry(entries, answer.index);
	if (!entry.bootable) {
		(void)kx_entries_info(entries, &info);
		return menu_start_once(&rb, &wish, o, &info, &entry);
	}
	*ret_cmdline = answer.cmdline;
	return pick_new(&entry, ret) < 0 ? EXIT_FAILED : EXIT_OK;
}

/* Shows the menu again when the configuration has changed meanwhile and the entry does not exist
 * any more. */
static int menu(const struct options *o)
{
	const char *message = NULL;
	enum reason reason;
	int r;

	do {
		_cleanup_free_ char *cmdline = NULL;
		struct pick *picked = NULL;

		reason = REASON_NONE;
		r = pick(o, message, &picked, &cmdline);
		if (r == EXIT_OK && picked)
			r = reboot_with(o, "menu", picked, cmdline, &reason);
		message = "the boot configuration has changed: choose again";
	} while (reason == REASON_ENTRY_CHANGED);
	return r;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	int r = command_take(&menu_command, argc, argv, &o);

	if (r >= 0)
		return r;
	if (can_ask())
		return menu(&o);
	fputs("rapidreboot: a menu needs a terminal; `rapidreboot list` shows the entries and "
	      "`rapidreboot ENTRY` starts one\n",
	      stderr);
	return EXIT_FAILED;
}

const struct command menu_command = {
	.name = "menu",
	.synopsis = "",
	.summary = "choose an entry and edit its command line",
	.run = run,
	.taker = BY_MENU,
	.about =
		"Shows the boot entries on a terminal, to pick one with the arrow keys and edit\n"
		"its command line; then it is started as `rapidreboot ENTRY` would. What kexec cannot\n"
		"start is started once by the boot loader, through the firmware.",
};
