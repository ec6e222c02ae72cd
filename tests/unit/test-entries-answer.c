// SPDX-License-Identifier: LGPL-2.1-or-later
/* The answer of the child that reads configurations (src/lib/entries-answer.c): what is put into it comes out, and
 * nothing else is taken. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "confined/message.h"
#include "fundamental/put.h"
#include "lib/entries-answer.h"
#include "tests/unit/cmocka-shim.h"

enum { ROOM = 4096 };

static char *text(const char *s)
{
	char *copy = strdup(s);

	assert_non_null(copy);
	return copy;
}

static void add_full(struct boot_menu *menu)
{
	struct boot_entry e = { .id = text("one"),
				.title = text("One \x1b[31m\xff"),
				.version = text(""),
				.type = ENTRY_UKI,
				.bootable = true,
				.kernel = text("/boot/kernel"),
				.cmdline = text("root=/dev/sda1 quiet"),
				.devicetree = text("/boot/x.dtb"),
				.architecture = text("x64"),
				.is_default = true,
				.guess = text("a guess \x1b"),
				.source = {
					.kind = "uki", .file = text("/efi/x.efi"), .line = 7 } };

	assert_int_equal(strlist_add(&e.path, "Menu"), 0);
	assert_int_equal(strlist_add(&e.path, "One"), 0);
	assert_int_equal(strlist_add(&e.initrds, "/boot/initrd"), 0);
	assert_int_equal(strlist_add(&e.modules, "/boot/module a b"), 0);
	assert_int_equal(strlist_add(&e.warnings, "is strange"), 0);
	assert_int_equal(boot_menu_add(menu, &e), 0);
}

static void add_empty(struct boot_menu *menu)
{
	struct boot_entry e = { .type = ENTRY_OTHER, .is_broken = true, .source.kind = "grub" };

	assert_int_equal(boot_menu_add(menu, &e), 0);
}

static void make(struct kx_entries *list)
{
	*list = (struct kx_entries){ .menu = { .loader = "grub",
					       .flavour = "rh",
					       .config = text("/boot/grub2/grub.cfg"),
					       .default_reason = text("because\nof it"),
					       .default_index = 1 },
				     .output = text("hello\n") };
	assert_int_equal(strlist_add(&list->vars, "a=b=c"), 0);
	assert_int_equal(strlist_add(&list->menu.warnings, "no file"), 0);
	add_empty(&list->menu);
	add_full(&list->menu);
}

static void done(struct kx_entries *list)
{
	boot_menu_done(&list->menu);
	strlist_done(&list->vars);
	free(list->output);
	*list = (struct kx_entries){ 0 };
}

static void expect_texts(const struct strlist *got, const char *one, const char *two)
{
	assert_int_equal(got->n, (one != NULL) + (two != NULL));
	if (one)
		assert_string_equal(got->v[0], one);
	if (two)
		assert_string_equal(got->v[1], two);
}

static void expect_full(const struct boot_entry *e)
{
	assert_text(e->id, "one");
	assert_text(e->title, "One \x1b[31m\xff");
	assert_text(e->version, "");
	assert_int_equal(e->type, ENTRY_UKI);
	assert_true(e->bootable && e->is_default && e->guess && !e->is_broken);
	assert_text(e->kernel, "/boot/kernel");
	assert_text(e->cmdline, "root=/dev/sda1 quiet");
	assert_text(e->devicetree, "/boot/x.dtb");
	assert_text(e->architecture, "x64");
	assert_text(e->source.kind, "uki");
	assert_text(e->source.file, "/efi/x.efi");
	assert_int_equal(e->source.line, 7);
	expect_texts(&e->path, "Menu", "One");
	expect_texts(&e->initrds, "/boot/initrd", NULL);
	expect_texts(&e->modules, "/boot/module a b", NULL);
	expect_texts(&e->warnings, "is strange", NULL);
}

static void test_same(void **state)
{
	struct kx_entries list, got = { 0 };
	uint8_t room[ROOM];
	size_t n;

	make(&list);
	assert_int_equal(entries_encode(&list, room, sizeof(room), &n), 0);
	done(&list);
	assert_int_equal(entries_decode((struct bytes){ room, n }, &got), 0);
	assert_text(got.menu.loader, "grub");
	assert_text(got.menu.flavour, "rh");
	assert_text(got.menu.config, "/boot/grub2/grub.cfg");
	assert_text(got.menu.default_reason, "because\nof it");
	assert_null(got.menu.guess);
	assert_int_equal(got.menu.default_index, 1);
	assert_int_equal(got.menu.n_entries, 2);
	assert_text(got.output, "hello\n");
	expect_texts(&got.vars, "a=b=c", NULL);
	expect_texts(&got.menu.warnings, "no file", NULL);
	assert_null(got.menu.entries[0].title);
	assert_null(got.menu.entries[0].kernel);
	assert_true(got.menu.entries[0].is_broken && !got.menu.entries[0].bootable);
	expect_full(&got.menu.entries[1]);
	done(&got);
}

/* No room for any part of it, and no byte of it missing. */
static void test_lengths(void **state)
{
	struct kx_entries list, got = { 0 };
	uint8_t room[ROOM + 1];
	size_t n, other;

	make(&list);
	assert_int_equal(entries_encode(&list, room, ROOM, &n), 0);
	for (size_t i = 0; i < n; i++) {
		uint8_t *less = malloc(i + !i);

		assert_non_null(less);
		assert_int_equal(entries_encode(&list, less, i, &other), -EFBIG);
		memcpy(less, room, i);
		assert_int_equal(entries_decode((struct bytes){ less, i }, &got), -EPROTO);
		free(less);
	}
	room[n] = 0;
	assert_int_equal(entries_decode((struct bytes){ room, n + 1 }, &got), -EPROTO);
	assert_null(got.menu.entries);
	assert_null(got.output);
	done(&list);
}

/* Answers that nobody gives who was not broken into. */
static void one_default_too_many(struct kx_entries *list)
{
	list->menu.entries[0].is_default = true;
}

static void no_default(struct kx_entries *list)
{
	list->menu.default_index = 2;
}

static void unknown_loader(struct kx_entries *list)
{
	list->menu.loader = "grub3";
}

static void no_loader(struct kx_entries *list)
{
	list->menu.loader = NULL;
}

static void unknown_flavour(struct kx_entries *list)
{
	list->menu.flavour = "";
}

static void no_kind(struct kx_entries *list)
{
	list->menu.entries[0].source.kind = NULL;
}

static void unknown_kind(struct kx_entries *list)
{
	list->menu.entries[1].source.kind = "%s";
}

static void unknown_type(struct kx_entries *list)
{
	const unsigned type = ENTRY_OTHER + 1;

	memcpy(&list->menu.entries[0].type, &type, sizeof(type));
}

static void bootable_nothing(struct kx_entries *list)
{
	list->menu.entries[0].bootable = true;
}

static void test_contradictions(void **state)
{
	static void (*const rows[])(struct kx_entries * list) = {
		one_default_too_many, no_default, unknown_loader, no_loader,
		unknown_flavour,      no_kind,	  unknown_kind,	  unknown_type,
		bootable_nothing,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kx_entries list, got = { 0 };
		uint8_t room[ROOM];
		size_t n;

		make(&list);
		rows[i](&list);
		assert_int_equal(entries_encode(&list, room, sizeof(room), &n), 0);
		done(&list);
		if (entries_decode((struct bytes){ room, n }, &got) != -EPROTO)
			fail_msg("row %zu was taken", i);
		assert_null(got.menu.entries);
	}
}

/* Numbers of a message that say more than there is. */
static void test_numbers(void **state)
{
	static const uint32_t values[] = { 2, 1000, INT32_MAX, UINT32_MAX - 1, UINT32_MAX };
	struct kx_entries list, got = { 0 };
	uint8_t room[ROOM], changed[ROOM];
	size_t n;

	make(&list);
	assert_int_equal(entries_encode(&list, room, sizeof(room), &n), 0);
	done(&list);
	for (size_t at = 0; at + 4 <= n; at++)
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			memcpy(changed, room, n);
			put_le32(changed + at, values[i]);
			if (entries_decode((struct bytes){ changed, n }, &got) == 0)
				done(&got); /* a byte of a text, or the number of a line */
			assert_null(got.menu.entries);
		}
}

static void test_texts(void **state)
{
	static const uint8_t has_nul[] = { 3, 0, 0, 0, 'a', 0, 'b' },
			     null[] = { 0xff, 0xff, 0xff, 0xff },
			     many[] = { 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0 };
	struct message_in in = { .rest = { has_nul, sizeof(has_nul) } };
	struct strlist list;

	assert_null(message_take_text(&in));
	assert_int_equal(message_end(&in), -EPROTO);
	in = (struct message_in){ .rest = { null, sizeof(null) } };
	assert_null(message_take_text(&in));
	assert_int_equal(message_end(&in), 0);
	in = (struct message_in){ .rest = { null, sizeof(null) } };
	assert_null(message_take_some_text(&in));
	assert_int_equal(message_end(&in), -EPROTO);
	in = (struct message_in){ .rest = { many, sizeof(many) } };
	message_take_texts(&in, &list);
	assert_int_equal(list.n, 0);
	assert_int_equal(message_end(&in), -EPROTO);
	strlist_done(&list);
}

/* More than a menu may hold is a limit that was reached, not an attack. */
static void test_too_many(void **state)
{
	enum { TEXT = 1 << 20, N = ENTRIES_BYTES_MAX / TEXT + 1 };
	char *cmdline = malloc(TEXT);
	uint8_t *room = malloc(ENTRIES_ANSWER_MAX);
	struct boot_entry entries[N];
	struct kx_entries list = {
		.menu = { .loader = "grub", .entries = entries, .n_entries = N, .default_index = N }
	};
	struct kx_entries got = { 0 };
	size_t size;

	assert_non_null(cmdline);
	assert_non_null(room);
	memset(cmdline, 'x', TEXT - 1);
	cmdline[TEXT - 1] = '\0';
	for (size_t i = 0; i < N; i++)
		entries[i] = (struct boot_entry){ .cmdline = cmdline, .source.kind = "grub" };
	assert_int_equal(entries_encode(&list, room, ENTRIES_ANSWER_MAX, &size), 0);
	assert_int_equal(entries_decode((struct bytes){ room, size }, &got), BUDGET_SPENT);
	assert_null(got.menu.entries);
	free(cmdline);
	free(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),	       cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_contradictions), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts),	       cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
