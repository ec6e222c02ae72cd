// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/bls.h"
#include "entry/smbios11.h"
#include "entry/version-compare.h"
#include "tests/unit/cmocka-shim.h"

/* A string that may be written to, as the structs want it. */
#define S(s) ((char[]){ s })

/* UAPI.10, "Examples": each is lower than the next. */
static const char *const ascending[] = {
	"122.1",   "123~rc1-1", "123",	   "123-a",   "123-a.1", "123-1",
	"123-1.1", "123^post1", "123.a-1", "123.1-1", "123a-1",	 "124-1",
};

/* UAPI.10, "Examples", and systemd-analyze compare-versions of systemd 252 for the rest. */
static const struct {
	const char *a, *b;
	int order;
} versions[] = {
	{ "11", "11", 0 },
	{ "systemd-123", "systemd-123", 0 },
	{ "bar-123", "foo-123", -1 },
	{ "123a", "123", 1 },
	{ "123.a", "123", 1 },
	{ "123.a", "123.b", -1 },
	{ "123a", "123.a", 1 },
	{ "11α", "11β", 0 },
	{ "B", "a", -1 },
	{ "", "0", -1 },
	{ "0.", "0", 1 },
	{ "0.0", "0", 1 },
	{ "0", "~", 1 },
	{ "", "~", 1 },
	{ "1_", "1", 0 },
	{ "_1", "1", 0 },
	{ "1_", "1.2", -1 },
	{ "1_2_3", "1.3.3", 1 },
	{ "1+", "1", 0 },
	{ "+1", "1", 0 },
	{ NULL, "0", -1 },
	{ NULL, "", 0 },
	{ "01", "1", 0 },
	/* same at the start, up to within a number or a word */
	{ "0123abc-6.10.1", "0123abc-6.9.1", 1 },
	{ "f0a-12", "f0a-1~rc", 1 },
	{ "ab12", "ab1c", 1 },
	{ "1.2a", "1.2", 1 },
	{ "99999999999999999999999", "100000000000000000000000", -1 },
};

static int sign(int v)
{
	return v < 0 ? -1 : v > 0;
}

static void test_versions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++)
		for (size_t j = 0; j < ARRAY_SIZE(ascending); j++)
			assert_int_equal(sign(version_compare(ascending[i], ascending[j])),
					 i < j ? -1 : i > j);
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		assert_int_equal(version_compare(versions[i].a, versions[i].b), versions[i].order);
		assert_int_equal(version_compare(versions[i].b, versions[i].a), -versions[i].order);
	}
}

/* Names with counters; the rules are those of UAPI.1, "Boot counting". */
static const struct {
	const char *name, *suffix;
	int r;
	const char *id;
	int left, done; /* -1: no counter */
} names[] = {
	{ "a.conf", ".conf", 0, "a.conf", -1, -1 },
	{ "A-1.CONF", ".conf", 0, "a-1.conf", -1, -1 },
	{ "c+3.conf", ".conf", 0, "c.conf", 3, 0 },
	{ "c+2-1.conf", ".conf", 0, "c.conf", 2, 1 },
	{ "a+03-00.conf", ".conf", 0, "a.conf", 3, 0 },
	{ "b+0-10.conf", ".conf", 0, "b.conf", 0, 10 },
	{ "a+1+2.conf", ".conf", 0, "a+1.conf", 2, 0 },
	{ "a+3.x.conf", ".conf", 0, "a+3.x.conf", -1, -1 },
	{ "b+3-x.conf", ".conf", 0, "b+3-x.conf", -1, -1 },
	{ "b+3-.conf", ".conf", 0, "b+3-.conf", -1, -1 },
	{ "b+.conf", ".conf", 0, "b+.conf", -1, -1 },
	{ "b+2147483647.conf", ".conf", 0, "b.conf", 2147483647, 0 },
	{ "b+2147483648.conf", ".conf", 0, "b+2147483648.conf", -1, -1 },
	{ "b+99999999999.conf", ".conf", 0, "b+99999999999.conf", -1, -1 },
	{ "linux+2.efi", ".efi", 0, "linux.efi", 2, 0 },
	{ ".conf", ".conf", -EINVAL, NULL, 0, 0 },
	{ ".hidden.conf", ".conf", -EINVAL, NULL, 0, 0 },
	{ "auto-x.conf", ".conf", -EINVAL, NULL, 0, 0 },
	{ "a.conf.bak", ".conf", -EINVAL, NULL, 0, 0 },
	{ "a.efi", ".conf", -EINVAL, NULL, 0, 0 },
};

static void test_names(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct bls_name n = { .id = NULL };

		assert_int_equal(bls_name_parse(names[i].name, names[i].suffix, &n), names[i].r);
		if (names[i].r < 0) {
			assert_null(n.id);
			continue;
		}
		assert_string_equal(n.id, names[i].id);
		assert_int_equal(n.has_counter, names[i].left >= 0);
		if (n.has_counter) {
			assert_int_equal(n.left, names[i].left);
			assert_int_equal(n.done, names[i].done);
		}
		free(n.id);
	}
}

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void test_type1(void **state)
{
	struct bls_type1 t;

	assert_int_equal(bls_type1_parse(text("# comment\r\n"
					      "\ttitle  First \n"
					      "title Example  OS 7\t\r\n"
					      "\n"
					      "LINUX /not-this\n"
					      "linux /k\n"
					      "initrd /i 1\n"
					      "initrd\t/i2\n"
					      "options a=$x \"b c\"\n"
					      "options  d\n"
					      "options\n"
					      "unknown key\n"
					      "sort-key os"),
					 BLS_ALL, true, &t),
			 0);
	assert_int_equal(t.kinds, BLS_LINUX);
	assert_int_equal(t.line, 6);
	assert_string_equal(t.title, "Example  OS 7");
	assert_string_equal(t.program, "/k");
	assert_int_equal(t.initrds.n, 2);
	assert_string_equal(t.initrds.v[0], "/i 1");
	assert_string_equal(t.initrds.v[1], "/i2");
	assert_string_equal(t.options, "a=$x \"b c\" d");
	assert_string_equal(t.sort_key, "os");
	assert_null(t.version);
	bls_type1_done(&t);

	assert_int_equal(bls_type1_parse(text("linux /a\nuki /b\n"), BLS_ALL, true, &t), 0);
	assert_int_equal(t.kinds, BLS_LINUX | BLS_UKI);
	bls_type1_done(&t);

	/* A loader that does not know the second key starts the first one. */
	assert_int_equal(bls_type1_parse(text("linux /a\nuki /b\n"), BLS_LINUX, true, &t), 0);
	assert_int_equal(t.kinds, BLS_LINUX);
	assert_int_equal(t.line, 1);
	assert_string_equal(t.program, "/a");
	bls_type1_done(&t);
	assert_int_equal(bls_type1_parse(text("uki /b\n"), BLS_LINUX, true, &t), 0);
	assert_int_equal(t.kinds, 0);
	assert_int_equal(t.unknown, BLS_UKI);
	bls_type1_done(&t);

	assert_int_equal(bls_type1_parse(text(""), BLS_ALL, true, &t), 0);
	assert_int_equal(t.kinds, 0);
	assert_null(t.options);
	bls_type1_done(&t);
}

/* systemd, src/boot/util.c, line_get_key_value(); user space (src/shared/bootspec.c) takes none off. */
static void test_type1_quotes(void **state)
{
	static const struct {
		const char *line, *value, *plain;
	} rows[] = {
		{ "options \"a b\"", "a b", "\"a b\"" },
		{ "options 'a b'", "a b", "'a b'" },
		{ "options  \"a\" b \"c\" ", "a\" b \"c", "\"a\" b \"c\"" },
		{ "options a \"b\"", "a \"b\"", "a \"b\"" },
		{ "options \"a'", "\"a'", "\"a'" },
		{ "options \"\"", "", "\"\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bls_type1 t;

		assert_int_equal(bls_type1_parse(text(rows[i].line), BLS_ALL, true, &t), 0);
		assert_string_equal(t.options ? t.options : "", rows[i].value);
		bls_type1_done(&t);
		assert_int_equal(bls_type1_parse(text(rows[i].line), BLS_ALL, false, &t), 0);
		assert_string_equal(t.options, rows[i].plain);
		bls_type1_done(&t);
	}
}

static const struct {
	const char *pattern, *id;
	bool match;
} globs[] = {
	{ "a.conf", "a.conf", true },
	{ "a", "a.conf", false },
	{ "A*.CONF", "a.conf", true },
	{ "b*", "b.conf", true },
	{ "[ab]*", "b.conf", true },
	{ "[ab]*", "c.conf", false },
	{ "[a-c].conf", "b.conf", true },
	{ "[a-c].conf", "d.conf", false },
	{ "?.conf", "d.conf", true },
	{ "?.conf", "dd.conf", false },
	{ "*", "", true },
	{ "", "", true },
	{ "", "a", false },
	{ "u.efi@*", "u.efi@fac", true },
	{ "[", "[", false },
	{ "\\*", "*", true },
	{ "\\*", "a", false },
	{ "*a*b", "xaxxab", true },
	{ "*a*b", "xaxxa", false },
	{ "[]]", "]", true },
};

static void test_globs(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(globs); i++)
		if (bls_glob(globs[i].pattern, globs[i].id) != globs[i].match)
			fail_msg("%s %s", globs[i].pattern, globs[i].id);
}

static void add_item(struct bls_items *items, const char *file, const char *sort_key,
		     const char *version, unsigned profile)
{
	struct bls_item item = { .profile = profile };

	assert_int_equal(bls_name_parse(file, strstr(file, ".efi") ? ".efi" : ".conf", &item.name),
			 0);
	item.stem = strdup(item.name.id);
	item.entry.id = malloc(strlen(item.stem) + 8);
	snprintf(item.entry.id, strlen(item.stem) + 8, profile ? "%s@%u" : "%s", item.stem,
		 profile);
	free(item.name.id);
	item.name.id = NULL;
	item.sort_key = sort_key ? strdup(sort_key) : NULL;
	item.entry.version = version ? strdup(version) : NULL;
	item.can_be_first = profile == 0;
	assert_int_equal(bls_items_add(items, &item), 0);
}

static void expect_order(struct bls_items *items, uint64_t features, const char *expected)
{
	struct strbuf b = { 0 };

	bls_sort(items, features);
	for (size_t i = 0; i < items->n; i++)
		strbuf_add_word(&b, items->v[i].entry.id);
	assert_string_equal(b.s, expected);
	strbuf_done(&b);
	bls_items_done(items);
}

/* UAPI.1, "Sorting"; the profile rows were observed with systemd-boot 262.1. */
static void test_order(void **state)
{
	struct bls_items items = { 0 };

	add_item(&items, "a.conf", NULL, NULL, 0);
	add_item(&items, "b+0-2.conf", NULL, NULL, 0);
	add_item(&items, "c+3.conf", NULL, NULL, 0);
	add_item(&items, "d.conf", NULL, NULL, 0);
	expect_order(&items, UINT64_MAX, "d.conf c.conf a.conf b.conf");

	add_item(&items, "z.conf", NULL, "9", 0);
	add_item(&items, "b.conf", "b", "1", 0);
	add_item(&items, "a1.conf", "a", "1", 0);
	add_item(&items, "a10.conf", "a", "10", 0);
	add_item(&items, "a9.conf", "a", "9", 0);
	expect_order(&items, UINT64_MAX, "a10.conf a9.conf a1.conf b.conf z.conf");

	for (unsigned p = 0; p < 2; p++) {
		add_item(&items, "u.efi", "s", "1", p);
		add_item(&items, "v.efi", "s", "1", p);
	}
	expect_order(&items, UINT64_MAX, "v.efi u.efi v.efi@1 u.efi@1");

	for (unsigned p = 0; p < 2; p++) {
		add_item(&items, "u.efi", "s", "1", p);
		add_item(&items, "v.efi", "s", "2", p);
	}
	expect_order(&items, UINT64_MAX, "v.efi v.efi@1 u.efi u.efi@1");

	add_item(&items, "a.conf", "z", "1", 0);
	add_item(&items, "b.conf", "a", "9", 0);
	add_item(&items, "c.conf", NULL, NULL, 0);
	expect_order(&items, UINT64_MAX & ~LOADER_FEATURE_SORT_KEY, "c.conf b.conf a.conf");
}

/*
 * What systemd-boot 262.1 started in QEMU, with entries a, b (no tries left), c and d; order
 * d, c, a, b.
 */
static const struct {
	struct loader_vars vars;
	struct loader_conf conf;
	const char *booted;
} choices[] = {
	{ .booted = "d.conf" },
	{ .conf.fallback = S("a"), .booted = "d.conf" },
	{ .conf.fallback = S("c+3.conf"), .booted = "d.conf" },
	{ .vars.oneshot = S("b.conf"), .booted = "b.conf" },
	{ .vars.preferred = S("b.conf"), .booted = "d.conf" },
	{ .vars.preferred = S("b.conf"), .vars.fallback_default = S("a.conf"), .booted = "a.conf" },
	{ .conf.preferred = S("b.conf"), .conf.fallback = S("a.conf"), .booted = "a.conf" },
	{ .conf.preferred = S("c.conf"), .vars.fallback_default = S("a.conf"), .booted = "c.conf" },
	{ .vars.preferred = S("a.conf"), .conf.preferred = S("c.conf"), .booted = "a.conf" },
	{ .vars.fallback_default = S("b.conf"), .booted = "b.conf" },
	{ .conf.fallback = S("b*"), .booted = "b.conf" },
	{ .vars.fallback_default = S("A*.CONF"), .booted = "a.conf" },
	{ .vars.fallback_default = S("auto-windows"),
	  .conf.fallback = S("a.conf"),
	  .booted = "a.conf" },
	{ .vars.preferred = S("@saved"), .vars.last_booted = S("a.conf"), .booted = "a.conf" },
	{ .vars.preferred = S("@saved"),
	  .vars.last_booted = S("b.conf"),
	  .vars.fallback_default = S("a.conf"),
	  .booted = "a.conf" },
	{ .vars.fallback_default = S("@saved"),
	  .vars.last_booted = S("b.conf"),
	  .booted = "b.conf" },
	{ .conf.preferred = S("@saved"),
	  .vars.last_booted = S("a.conf"),
	  .conf.fallback = S("c.conf"),
	  .booted = "a.conf" },
	{ .vars.oneshot = S("nope"), .vars.fallback_default = S("a.conf"), .booted = "a.conf" },
	{ .conf.fallback = S("[ab]*"), .booted = "a.conf" },
	{ .vars.last_booted = S("c.conf"), .conf.fallback = S("a.conf"), .booted = "a.conf" },
	/* What the kernel itself leaves behind after a kexec names no entry. */
	{ .vars.oneshot = S("kexec reboot"), .booted = "d.conf" },
};

static void test_choice(void **state)
{
	struct bls_items items = { 0 };

	add_item(&items, "a.conf", NULL, NULL, 0);
	add_item(&items, "b+0-2.conf", NULL, NULL, 0);
	add_item(&items, "c+3.conf", NULL, NULL, 0);
	add_item(&items, "d.conf", NULL, NULL, 0);
	bls_sort(&items, UINT64_MAX);

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		struct loader_vars vars = choices[i].vars;
		struct strbuf why = { 0 }, unmatched = { 0 };
		size_t got;

		vars.features = UINT64_MAX;
		got = bls_choose(&items, &vars, &choices[i].conf, &why, &unmatched);
		assert_true(got < items.n);
		if (strcmp(items.v[got].entry.id, choices[i].booted))
			fail_msg("row %zu: %s, expected %s\n%s", i, items.v[got].entry.id,
				 choices[i].booted, why.s);
		assert_non_null(why.s);
		strbuf_done(&why);
		strbuf_done(&unmatched);
	}
	bls_items_done(&items);
}

/* LoaderFeatures tells which variables an older loader looks at. */
static void test_features(void **state)
{
	struct bls_items items = { 0 };
	struct loader_vars vars = { .preferred = S("a.conf"),
				    .features = UINT64_MAX & ~LOADER_FEATURE_PREFERRED };
	struct loader_conf conf = { .preferred = S("a.conf") };
	struct strbuf why = { 0 }, unmatched = { 0 };
	size_t got;

	add_item(&items, "a.conf", NULL, NULL, 0);
	add_item(&items, "d.conf", NULL, NULL, 0);
	bls_sort(&items, UINT64_MAX);
	got = bls_choose(&items, &vars, &conf, &why, &unmatched);
	assert_string_equal(items.v[got].entry.id, "d.conf");

	vars = (struct loader_vars){ .fallback_default = S("@saved"),
				     .last_booted = S("a.conf"),
				     .features = UINT64_MAX & ~LOADER_FEATURE_SAVED };
	got = bls_choose(&items, &vars, &(struct loader_conf){ 0 }, &why, &unmatched);
	assert_string_equal(items.v[got].entry.id, "d.conf");
	/* The version tells where LoaderFeatures is not set. */
	assert_true(loader_features_of("systemd-boot 258-rc1") & LOADER_FEATURE_UKI);
	assert_false(loader_features_of("systemd-boot 257.9-2.fc42") & LOADER_FEATURE_UKI);
	assert_true(loader_features_of("systemd-boot 257.9-2.fc42") & LOADER_FEATURE_PROFILES);
	assert_true(loader_features_of("GRUB 2.12") == UINT64_MAX);

	/* Pop!_OS: the name without its suffix. */
	vars = (struct loader_vars){ .features = UINT64_MAX };
	conf = (struct loader_conf){ .fallback = S("a") };
	got = bls_choose(&items, &vars, &conf, &why, &unmatched);
	assert_string_equal(items.v[got].entry.id, "d.conf");
	assert_non_null(strstr(unmatched.s, "\"a\""));
	vars.finds_stems = true;
	got = bls_choose(&items, &vars, &conf, &why, &unmatched);
	assert_string_equal(items.v[got].entry.id, "a.conf");
	strbuf_done(&why);
	strbuf_done(&unmatched);
	bls_items_done(&items);
}

static void test_loader_conf(void **state)
{
	struct loader_conf c;

	assert_int_equal(loader_conf_parse(text("#default x\ntimeout menu-force\n default a.conf \n"
						"preferred p*\ndefault c.conf\nauto-entries no\n"
						"default\n"),
					   &c),
			 0);
	assert_string_equal(c.fallback, "c.conf");
	assert_int_equal(c.fallback_line, 5);
	assert_string_equal(c.preferred, "p*");
	assert_true(c.no_auto_entries);
	assert_false(c.no_auto_firmware);
	assert_true(c.menu_force);
	loader_conf_done(&c);
}

/* DMTF DSP0134, 6.1.2: type, length, handle, the rest of the formatted area; strings; a second NUL. */
static void test_smbios11(void **state)
{
#define ROW(s) (s), sizeof(s) - 1
	static const struct {
		const char *bytes;
		size_t n;
		int r;
		size_t n_strings;
	} rows[] = {
		{ ROW("\x0b\x05\0\1\2one\0two\0\0"), 0, 2 },
		{ ROW("\x0b\x05\0\1\2one\0two\0"), -EBADMSG, 0 }, /* its end is missing */
		{ ROW("\x0b\x06\0\1\1\xff"
		      "one\0\0"),
		  0, 1 }, /* a longer formatted area */
		{ ROW("\x0b\x05\0\1\0\0\0"), 0, 0 },
		{ ROW("\x01\x04\0\1one\0\0\x0b\x05\0\1\1two\0\0"), 0, 1 },
		{ ROW("\x0b\x05\0\1\1one\0\0\x0b\x05\0\1\1two\0\0\x7f\x04\0\2"), 0, 2 },
		{ ROW("\x7f\x04\0\2\0\0\x0b\x05\0\1\1two\0\0"), 0, 0 }, /* behind the end */
		{ ROW("\x0b\x05\0\1\1one\0\0\x0b\x20\0\1"), -EBADMSG, 1 },
		{ ROW("\x0b\x03\0\1\1one\0\0"), -EBADMSG, 0 },
		{ ROW("\x0b\x05\0"), -EBADMSG, 0 },
		{ ROW(""), 0, 0 },
	};
#undef ROW

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strlist strings = { 0 };
		struct bytes table = { (const uint8_t *)rows[i].bytes, rows[i].n };

		assert_int_equal(smbios11_parse(table, &strings), rows[i].r);
		assert_int_equal(strings.n, rows[i].n_strings);
		strlist_done(&strings);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),    cmocka_unit_test(test_names),
		cmocka_unit_test(test_type1),	    cmocka_unit_test(test_type1_quotes),
		cmocka_unit_test(test_globs),	    cmocka_unit_test(test_order),
		cmocka_unit_test(test_choice),	    cmocka_unit_test(test_features),
		cmocka_unit_test(test_loader_conf), cmocka_unit_test(test_smbios11),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
