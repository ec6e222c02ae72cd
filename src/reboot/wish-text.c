// SPDX-License-Identifier: LGPL-2.1-or-later

/* The written form of a wish: one table of keys, used in both directions. */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "reboot/wish.h"

enum kind { TEXT, FILE_PATH, WORDS, FILE_PATHS, FLAG, WAY, FIRMWARE };

static const struct key {
	const char *name;
	enum kind kind;
	size_t at; /* in struct wish */
} keys[] = {
	{ "config", FILE_PATH, offsetof(struct wish, config) },
	{ "type", TEXT, offsetof(struct wish, type) },
	{ "firmware", FIRMWARE, offsetof(struct wish, firmware) },
	{ "grub-flavour", TEXT, offsetof(struct wish, grub_flavour) },
	{ "var", WORDS, offsetof(struct wish, vars) },
	{ "fs", WORDS, offsetof(struct wish, places) },
	{ "entry", TEXT, offsetof(struct wish, entry) },
	{ "kernel", FILE_PATH, offsetof(struct wish, kernel) },
	{ "initrd", FILE_PATHS, offsetof(struct wish, initrds) },
	{ "cmdline", TEXT, offsetof(struct wish, cmdline) },
	{ "reuse-cmdline", FLAG, offsetof(struct wish, reuse_cmdline) },
	{ "append", TEXT, offsetof(struct wish, append) },
	{ "tune", TEXT, offsetof(struct wish, tune) },
	{ "way", WAY, offsetof(struct wish, way) },
	{ "safe", FLAG, offsetof(struct wish, safe) },
	{ "diet", FLAG, offsetof(struct wish, diet) },
	{ "force", WORDS, offsetof(struct wish, force) },
	{ "ignore-inhibitors", FLAG, offsetof(struct wish, ignore_inhibitors) },
};

enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

static const struct choice_name {
	enum kind kind;
	int value;
	const char *name;
} choice_names[] = {
	{ WAY, KX_WAY_FILE, "file" },
	{ WAY, KX_WAY_SEGMENTS, "segments" },
	{ FIRMWARE, KX_FIRMWARE_EFI, "efi" },
	{ FIRMWARE, KX_FIRMWARE_BIOS, "bios" },
};

enum { N_CHOICE_NAMES = sizeof(choice_names) / sizeof(choice_names[0]) };

/* ---- out */

static void add_escaped(struct strbuf *b, const char *value)
{
	const size_t n = strlen(value);

	for (size_t i = 0; i < n; i++) {
		const unsigned char c = (unsigned char)value[i];
		const bool is_edge = i == 0 || i == n - 1;

		if (c < ' ' || c == 0x7f || c == '\\' || (c == ' ' && is_edge))
			strbuf_addf(b, "\\x%02x", c);
		else
			strbuf_add_n(b, value + i, 1);
	}
}

static void add_line(struct strbuf *b, const char *name, const char *value)
{
	strbuf_add(b, name);
	strbuf_add(b, " ");
	add_escaped(b, value);
	strbuf_add(b, "\n");
}

/* Makes the path absolute: the hook that reads it has another working directory. */
static void add_path(struct strbuf *b, const char *name, const char *path)
{
	_cleanup_free_ char *whole = realpath(path, NULL);

	add_line(b, name, whole ? whole : path);
}

static void add_value(struct strbuf *b, const struct key *key, const char *value)
{
	if (key->kind == FILE_PATH || key->kind == FILE_PATHS)
		add_path(b, key->name, value);
	else
		add_line(b, key->name, value);
}

static void add_choice(struct strbuf *b, const struct key *key, int value)
{
	for (size_t i = 0; i < N_CHOICE_NAMES; i++)
		if (choice_names[i].kind == key->kind && choice_names[i].value == value)
			add_line(b, key->name, choice_names[i].name);
}

static void add_key(struct strbuf *b, const struct key *key, const void *field)
{
	const struct config_words *words = field;
	char *const *text = field;

	switch (key->kind) {
	case TEXT:
	case FILE_PATH:
		if (*text)
			add_value(b, key, *text);
		break;
	case WORDS:
	case FILE_PATHS:
		for (size_t i = 0; i < words->n; i++)
			add_value(b, key, words->v[i]);
		break;
	case FLAG:
		if (*(const bool *)field)
			add_line(b, key->name, "yes");
		break;
	case WAY:
		add_choice(b, key, (int)*(const enum kx_way *)field);
		break;
	case FIRMWARE:
		add_choice(b, key, (int)*(const enum kx_firmware *)field);
		break;
	}
}

int wish_write(const struct wish *wish, char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	for (size_t i = 0; i < N_KEYS; i++)
		add_key(&b, &keys[i], (const char *)wish + keys[i].at);
	return strbuf_take(&b, ret);
}

/* ---- in */

/* NULL when out of memory, or for an escape that is none; then @ret_bad is set. */
static char *unescaped(struct bytes v, bool *ret_bad)
{
	_cleanup_free_ char *text = calloc(1, v.n + 1);
	size_t n = 0;

	for (size_t i = 0; text && i < v.n; i++) {
		int high, low;

		if (v.p[i] != '\\') {
			text[n++] = (char)v.p[i];
			continue;
		}
		high = v.n - i > 3 && v.p[i + 1] == 'x' ? hex_digit((char)v.p[i + 2]) : -1;
		low = high < 0 ? -1 : hex_digit((char)v.p[i + 3]);
		if (low < 0 || high + low == 0) {
			*ret_bad = true;
			return NULL;
		}
		text[n++] = (char)(high << 4 | low);
		i += 3;
	}
	return TAKE_PTR(text);
}

static int bad(struct kx_error *err, const char *name, const char *why)
{
	return kx_fail(err, -EBADMSG, "wish: \"%s\" %s", name, why);
}

static int take_choice(const struct key *key, const char *value, void *field, struct kx_error *err)
{
	for (size_t i = 0; i < N_CHOICE_NAMES; i++) {
		const struct choice_name *c = &choice_names[i];

		if (c->kind != key->kind || strcmp(c->name, value) != 0)
			continue;
		if (key->kind == WAY)
			*(enum kx_way *)field = (enum kx_way)c->value;
		else
			*(enum kx_firmware *)field = (enum kx_firmware)c->value;
		return 0;
	}
	return bad(err, key->name, "has a value that is none of its names");
}

static int take_key(const struct key *key, char *value, void *field, struct kx_error *err)
{
	char **text = field;

	switch (key->kind) {
	case TEXT:
	case FILE_PATH:
		if (*text)
			return bad(err, key->name, "is said twice");
		*text = strdup(value);
		return *text ? 0 : kx_fail(err, -ENOMEM, "out of memory");
	case WORDS:
	case FILE_PATHS:
		if (config_words_add(field, value, strlen(value)) < 0)
			return kx_fail(err, -ENOMEM, "out of memory");
		return 0;
	case FLAG:
		*(bool *)field = strcmp(value, "yes") == 0;
		return *(bool *)field ? 0 : bad(err, key->name, "is not \"yes\"");
	case WAY:
	case FIRMWARE:
		return take_choice(key, value, field, err);
	}
	return 0;
}

/* "KEY VALUE" with one blank between them. */
static bool split(struct bytes line, struct bytes *ret_name, struct bytes *ret_value)
{
	const uint8_t *blank = line.n ? memchr(line.p, ' ', line.n) : NULL;

	if (!blank)
		return false;
	*ret_name = (struct bytes){ line.p, (size_t)(blank - line.p) };
	*ret_value = (struct bytes){ blank + 1, line.n - ret_name->n - 1 };
	return true;
}

static int take_line(struct wish *wish, struct bytes line, struct kx_error *err)
{
	struct bytes name, value;

	if (!split(line, &name, &value))
		return bad(err, "", "a line has no key and value");
	for (size_t i = 0; i < N_KEYS; i++) {
		_cleanup_free_ char *text = NULL;
		bool is_bad = false;

		if (!bytes_is(name, keys[i].name))
			continue;
		text = unescaped(value, &is_bad);
		if (is_bad)
			return bad(err, keys[i].name, "has a backslash that begins no \\xHH");
		if (!text)
			return kx_fail(err, -ENOMEM, "out of memory");
		return take_key(&keys[i], text, (char *)wish + keys[i].at, err);
	}
	return bad(err, "", "a key is unknown: another version of rapidreboot wrote it");
}

int wish_read(const char *text, struct wish *ret, struct kx_error *err)
{
	struct lines lines = lines_of((struct bytes){ (const uint8_t *)text, strlen(text) });
	_cleanup_wish_ struct wish wish = { 0 };
	struct bytes line;

	while (lines_next(&lines, &line)) {
		int r = take_line(&wish, line, err);

		if (r < 0)
			return r;
	}
	*ret = TAKE(wish, (struct wish){ 0 });
	return 0;
}
