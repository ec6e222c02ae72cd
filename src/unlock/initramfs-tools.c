// SPDX-License-Identifier: LGPL-2.1-or-later
/* cryptsetup-initramfs 2.1 to 2.8: hooks/cryptroot writes the table, scripts/local-top/cryptroot reads it. */
#include "unlock/initramfs-tools.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/strbuf.h"
#include "image/cpio.h"
#include "image/newc.h"
#include "preflight/volumes.h"

#define TABLE "cryptroot/crypttab"
#define SCRIPT "scripts/local-top/cryptroot"
#define KEYS "cryptroot/keyfiles"
#define ASK "cryptroot/one-shot"
enum {
	MODE_DIRECTORY = 040700,
	MODE_TABLE = 0100600,
	MODE_KEY = 0100400,
	MODE_SCRIPT = 0100500,
	KEYS_MAX = 32
};

/* A key file is tried once, and then the boot stops; a keyscript is called for each try, with the third column as
 * its argument and the number of the try in the environment (crypttab(5) of Debian). So a key that does not open the
 * volume is followed by the questions that there would have been. */
static const char ask_script[] =
	"#!/bin/sh\n"
	"if [ \"$CRYPTTAB_TRIED\" = 0 ]; then\n"
	"	exec cat \"$1\"\n"
	"fi\n"
	"exec /lib/cryptsetup/askpass \"Please unlock disk $CRYPTTAB_NAME: \"\n";
/* Questions where the table does not say, by the same page. */
enum { TRIES = 3 };

int initramfs_tools_table(struct bytes plain, struct bytes *ret)
{
	struct bytes table = { NULL, 0 };
	bool has_script = false;
	struct cpio_entry e;
	size_t at = 0;

	while (cpio_next(plain, &at, &e)) {
		if (bytes_is(e.name, TABLE)) /* a later one replaces it */
			table = e.data;
		has_script = has_script || bytes_is(e.name, SCRIPT);
	}
	if (at + cpio_zeros((struct bytes){ plain.p + at, plain.n - at }) < plain.n)
		return -EBADMSG;
	if (!has_script || !table.n)
		return -ENOENT;
	*ret = table;
	return 0;
}

bool crypt_line_next(struct lines *table, struct crypt_line *ret)
{
	struct bytes line;

	if (!lines_next_said(table, &line))
		return false;
	ret->name = bytes_word(&line);
	ret->source = bytes_word(&line);
	ret->key = bytes_word(&line);
	ret->options = bytes_word(&line);
	return true;
}

/* Scripts of Debian's crypttab(5) that ask for what a key slot has. */
static bool script_asks(struct bytes script)
{
	static const char *const names[] = { "askpass", "decrypt_keyctl" };
	const uint8_t *slash = script.n ? memrchr(script.p, '/', script.n) : NULL;
	const size_t start = slash ? (size_t)(slash + 1 - script.p) : 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bytes_is((struct bytes){ script.p + start, script.n - start }, names[i]))
			return true;
	return false;
}

bool crypt_line_asks(const struct crypt_line *line)
{
	const struct bytes script = option_value(line->options, "keyscript");

	if (option_is(line->options, "plain") || option_is(line->options, "keyscript"))
		return script.p && script_asks(script);
	return !line->key.n || bytes_is(line->key, "none") || bytes_is(line->key, "-");
}

static void add_bytes(struct strbuf *b, struct bytes text)
{
	strbuf_add_n(b, (const char *)text.p, text.n);
}

/* One more than there were, for the key; 0 is no limit. */
static void add_tries(struct strbuf *b, struct bytes options)
{
	const struct bytes said = option_value(options, "tries");
	char text[12] = "";
	uint64_t n;

	if (said.n < sizeof(text) && said.n)
		memcpy(text, said.p, said.n);
	if (parse_u64(text, &n) < 0)
		n = TRIES;
	strbuf_addf(b, "tries=%llu", (unsigned long long)(n ? n + 1 : 0));
}

/* Without those about the key, which is another one now. */
static void add_options(struct strbuf *b, struct bytes options)
{
	static const char *const of_key[] = { "keyscript",    "keyslot",	"key-slot",
					      "keyfile-size", "keyfile-offset", "tries" };
	const struct bytes all = options;
	const size_t start = b->n;
	struct bytes option;

	while (option_next(&options, &option)) {
		bool stays = option.n > 0;

		for (size_t i = 0; i < sizeof(of_key) / sizeof(of_key[0]); i++)
			stays = stays && !option_is(option, of_key[i]);
		if (!stays)
			continue;
		if (b->n > start)
			strbuf_add(b, ",");
		add_bytes(b, option);
	}
	if (b->n == start)
		strbuf_add(b, "luks");
	strbuf_add(b, ",");
	add_tries(b, all);
	strbuf_add(b, ",keyscript=/" ASK);
}

static void add_line(struct strbuf *b, const struct crypt_line *line, const char *key)
{
	add_bytes(b, line->name);
	strbuf_add(b, " ");
	add_bytes(b, line->source);
	strbuf_add(b, " ");
	if (key) {
		strbuf_addf(b, "/%s ", key);
		add_options(b, line->options);
	} else {
		add_bytes(b,
			  line->key.n ? line->key : (struct bytes){ (const uint8_t *)"none", 4 });
		strbuf_add(b, " ");
		add_bytes(b, line->options);
	}
	strbuf_add(b, "\n");
}

static const char *key_file_of(struct bytes name, const struct handed_key *keys, size_t n,
			       char files[][32], bool *used)
{
	for (size_t i = 0; i < n; i++)
		if (bytes_equal(name, keys[i].name)) {
			used[i] = true;
			return files[i];
		}
	return NULL;
}

/* The table with our keys; -ENOENT when it has no line for one of them. */
static int make_table(struct bytes table, const struct handed_key *keys, size_t n, char files[][32],
		      struct strbuf *ret)
{
	struct lines lines = lines_of(table);
	bool used[KEYS_MAX] = { false };
	struct crypt_line line;

	while (crypt_line_next(&lines, &line))
		add_line(ret, &line, key_file_of(line.name, keys, n, files, used));
	for (size_t i = 0; i < n; i++)
		if (!used[i])
			return -ENOENT;
	return ret->failed ? -ENOMEM : 0;
}

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

int initramfs_tools_archive(struct bytes table, const struct handed_key *keys, size_t n_keys,
			    struct secret *ret)
{
	enum { AT_TABLE = 2, AT_KEYS = 4 };
	struct newc_member members[AT_KEYS + KEYS_MAX] = {
		{ .name = text_of("cryptroot"), .mode = MODE_DIRECTORY },
		{ .name = text_of(KEYS), .mode = MODE_DIRECTORY },
		[AT_TABLE] = { .name = text_of(TABLE), .mode = MODE_TABLE },
		{ text_of(ASK), text_of(ask_script), MODE_SCRIPT },
	};
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct secret archive;
	char files[KEYS_MAX][32];
	size_t size;
	int r;

	if (n_keys > KEYS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < n_keys; i++) {
		(void)snprintf(files[i], sizeof(files[i]), KEYS "/%zu.key", i);
		members[AT_KEYS + i] = (struct newc_member){ text_of(files[i]),
							     secret_bytes(&keys[i].key), MODE_KEY };
	}
	r = make_table(table, keys, n_keys, files, &text);
	members[AT_TABLE].contents = (struct bytes){ (const uint8_t *)text.s, text.n };
	if (r == 0)
		r = newc_size(members, AT_KEYS + n_keys, &size);
	if (r == 0)
		r = secret_new(&archive, size);
	if (r < 0)
		return r;
	newc_pack_to(members, AT_KEYS + n_keys, archive.p);
	archive.n = size;
	*ret = archive;
	return 0;
}
