// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Type #1 files of the Boot Loader Specification: bytes in, struct bls_type1 out, by the rules of
 * systemd-boot, which are stricter than the specification: one path per `initrd` line, keys in small
 * letters only, quotes around a value as a whole and nowhere else.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/lines.h"
#include "entry/bls.h"

static int add(struct strlist *list, struct bytes value)
{
	_cleanup_free_ char *copy = bytes_dup(value);

	return copy ? strlist_add(list, copy) : -ENOMEM;
}

static const struct {
	const char *key;
	size_t offset;
} last_wins[] = {
	{ "title", offsetof(struct bls_type1, title) },
	{ "version", offsetof(struct bls_type1, version) },
	{ "machine-id", offsetof(struct bls_type1, machine_id) },
	{ "sort-key", offsetof(struct bls_type1, sort_key) },
	{ "architecture", offsetof(struct bls_type1, architecture) },
	{ "devicetree", offsetof(struct bls_type1, devicetree) },
	{ "profile", offsetof(struct bls_type1, profile) },
};

static const struct {
	const char *key;
	unsigned kind;
} programs[] = {
	{ "linux", BLS_LINUX },
	{ "efi", BLS_EFI },
	{ "uki", BLS_UKI },
	{ "uki-url", BLS_UKI_URL },
};

static int take_program(struct bls_type1 *t, unsigned kind, unsigned known, struct bytes value,
			unsigned line)
{
	if (kind & known)
		t->kinds |= kind;
	else
		t->unknown |= kind;
	if (!(kind & known) && t->kinds)
		return 0;
	t->line = line;
	return bytes_set(&t->program, value);
}

static int take_line(struct bls_type1 *t, struct strbuf *options, unsigned known, struct bytes key,
		     struct bytes value, unsigned line)
{
	if (bytes_is(key, "architecture") && t->architecture)
		t->has_architectures |= !bytes_is_nocase(value, t->architecture);
	for (size_t i = 0; i < sizeof(last_wins) / sizeof(last_wins[0]); i++)
		if (bytes_is(key, last_wins[i].key))
			return bytes_set((void *)((char *)t + last_wins[i].offset), value);

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (bytes_is(key, programs[i].key))
			return take_program(t, programs[i].kind, known, value, line);

	if (bytes_is(key, "initrd"))
		return add(&t->initrds, value);
	if (bytes_is(key, "extra"))
		return add(&t->extras, value);
	if (bytes_is(key, "options")) {
		if (options->n)
			strbuf_add(options, " ");
		strbuf_add_n(options, (const char *)value.p, value.n);
	}
	return 0;
}

int bls_type1_parse(struct bytes file, unsigned known, bool unquotes, struct bls_type1 *ret)
{
	struct bls_type1 t = { 0 };
	struct strbuf options = { 0 };
	struct lines lines = lines_of(file);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line)) {
		struct bytes value = bytes_trim(line);
		struct bytes key;

		if (value.n == 0 || value.p[0] == '#')
			continue;
		key = bytes_word(&value);
		if (value.n)
			r = take_line(&t, &options, known, key,
				      unquotes ? bytes_unquote(value) : value, lines.number);
	}
	if (r == 0 && (options.n || options.failed))
		r = strbuf_take(&options, &t.options);
	strbuf_done(&options);
	if (r < 0) {
		bls_type1_done(&t);
		return r;
	}
	*ret = t;
	return 0;
}

void bls_type1_done(struct bls_type1 *t)
{
	free(t->title);
	free(t->version);
	free(t->machine_id);
	free(t->sort_key);
	free(t->architecture);
	free(t->program);
	free(t->options);
	free(t->devicetree);
	free(t->profile);
	strlist_done(&t->initrds);
	strlist_done(&t->extras);
	*t = (struct bls_type1){ 0 };
}

/* A run of digits up to INT_MAX, as the loader stores it; false moves nothing. */
static bool take_count(const char **s, const char *end, unsigned *ret)
{
	const char *p = *s;
	unsigned v = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		if (v > (INT_MAX - (unsigned)(*p - '0')) / 10)
			return false;
		v = v * 10 + (unsigned)(*p - '0');
	}
	if (p == *s)
		return false;
	*s = p;
	*ret = v;
	return true;
}

/* "+LEFT" or "+LEFT-DONE" and nothing else between @plus and @end. */
static bool parse_counter(const char *plus, const char *end, struct bls_name *name)
{
	const char *p = plus + 1;
	unsigned left, done = 0;

	if (!take_count(&p, end, &left))
		return false;
	if (p < end && *p == '-') {
		p++;
		if (!take_count(&p, end, &done))
			return false;
	}
	if (p != end)
		return false;
	name->has_counter = true;
	name->left = left;
	name->done = done;
	return true;
}

int bls_name_parse(const char *name, const char *suffix, struct bls_name *ret)
{
	size_t n = strlen(name), n_suffix = strlen(suffix), n_stem;
	struct bls_name parsed = { 0 };
	const char *plus;

	if (n <= n_suffix || n > 255 || strcasecmp(name + n - n_suffix, suffix) != 0)
		return -EINVAL;
	if (name[0] == '.' || strncasecmp(name, "auto-", 5) == 0)
		return -EINVAL;

	n_stem = n - n_suffix;
	plus = memrchr(name, '+', n_stem);
	if (plus && parse_counter(plus, name + n_stem, &parsed))
		n_stem = (size_t)(plus - name);

	parsed.id = malloc(n_stem + n_suffix + 1);
	if (!parsed.id)
		return -ENOMEM;
	memcpy(parsed.id, name, n_stem);
	memcpy(parsed.id + n_stem, name + n - n_suffix, n_suffix + 1);
	for (char *p = parsed.id; *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 32) : *p;
	*ret = parsed;
	return 0;
}

void bls_item_done(struct bls_item *item)
{
	boot_entry_done(&item->entry);
	free(item->stem);
	free(item->loader_id);
	free(item->sort_key);
	free(item->machine_id);
	free(item->name.id);
	*item = (struct bls_item){ 0 };
}

void bls_items_done(struct bls_items *items)
{
	for (size_t i = 0; i < items->n; i++)
		bls_item_done(&items->v[i]);
	free(items->v);
	*items = (struct bls_items){ 0 };
}

int bls_items_add(struct bls_items *items, struct bls_item *item)
{
	if (array_room(&items->v, items->n, &items->room, sizeof(*items->v)) < 0)
		return -ENOMEM;
	item->seq = items->n;
	items->v[items->n++] = *item;
	*item = (struct bls_item){ 0 };
	return 0;
}

const char *bls_efi_arch(const char *machine)
{
	static const struct {
		const char *machine, *efi;
	} names[] = {
		{ "x86_64", "x64" }, { "aarch64", "aa64" },    { "i386", "ia32" },
		{ "i586", "ia32" },  { "i686", "ia32" },       { "armv6l", "arm" },
		{ "armv7l", "arm" }, { "riscv64", "riscv64" }, { "loongarch64", "loongarch64" },
		{ "arm", "arm" },
	};

	for (size_t i = 0; machine && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(machine, names[i].machine) == 0)
			return names[i].efi;
	return NULL;
}
