// SPDX-License-Identifier: LGPL-2.1-or-later
/* The text that travels in the capture initramfs: one table of keys, with a function each way. */
#include "capture/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "dump/dump.h"

static const char *const end_names[] = {
	[CAPTURE_REBOOT] = "reboot",
	[CAPTURE_POWEROFF] = "poweroff",
	[CAPTURE_HALT] = "halt",
};
static const char *const packing_names[] = {
	[DUMP_RAW] = "none",
	[DUMP_ZLIB] = "zlib",
	[DUMP_ZSTD] = "zstd",
};

enum {
	N_ENDS = sizeof(end_names) / sizeof(end_names[0]),
	N_PACKINGS = sizeof(packing_names) / sizeof(packing_names[0]),
};

void capture_settings_done(struct capture_settings *s)
{
	for (size_t i = 0; i < s->n_targets; i++) {
		free(s->targets[i].uuid);
		free(s->targets[i].type);
		free(s->targets[i].options);
		free(s->targets[i].directory);
	}
	names_done(&s->modules);
	*s = (struct capture_settings){ 0 };
}

struct capture_target *capture_target_add(struct capture_settings *s)
{
	return s->n_targets < CAPTURE_TARGETS_MAX ? &s->targets[s->n_targets++] : NULL;
}

int capture_names_add(struct names *names, const char *s, size_t n)
{
	char **bigger = realloc(names->v, (names->n + 1) * sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	names->v = bigger;
	bigger[names->n] = strndup(s, n);
	if (!bigger[names->n])
		return -ENOMEM;
	names->n++;
	return 0;
}

const char *capture_end_name(enum capture_end end)
{
	return end_names[end];
}

static bool find_name(struct bytes word, const char *const *names, unsigned n, unsigned *ret)
{
	for (unsigned i = 0; i < n; i++)
		if (bytes_is(word, names[i])) {
			*ret = i;
			return true;
		}
	return false;
}

bool capture_end_parse(struct bytes word, enum capture_end *ret)
{
	unsigned i;

	if (!find_name(word, end_names, N_ENDS, &i))
		return false;
	*ret = (enum capture_end)i;
	return true;
}

bool capture_packing_parse(struct bytes word, unsigned *ret)
{
	return find_name(word, packing_names, N_PACKINGS, ret);
}

/* ---- keys; -EINVAL when a value means nothing */

static bool has_only(struct bytes value, const char *wanted)
{
	for (size_t i = 0; i < value.n; i++) {
		const uint8_t c = value.p[i];
		const bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

		if (!is_letter && !(c >= '0' && c <= '9') && (!c || !strchr(wanted, c)))
			return false;
	}
	return value.n > 0;
}

/* "/a/b", without "." and ".." in between, and nothing that a line cannot hold. */
static bool is_directory(struct bytes value)
{
	size_t start = 0;

	if (!value.n || value.p[0] != '/')
		return false;
	for (size_t i = 0; i <= value.n; i++) {
		if (i < value.n && (value.p[i] < ' ' || value.p[i] == 0x7f))
			return false;
		if (i < value.n && value.p[i] != '/')
			continue;
		if ((i - start == 1 && value.p[start] == '.') ||
		    (i - start == 2 && value.p[start] == '.' && value.p[start + 1] == '.'))
			return false;
		start = i + 1;
	}
	return true;
}

static bool is_module(struct bytes value)
{
	return has_only(value, "-_.") && value.n > 3 && value.p[0] != '.' &&
	       memcmp(value.p + value.n - 3, ".ko", 3) == 0;
}

static int take_uuid(struct capture_settings *s, struct bytes value)
{
	struct capture_target *t = has_only(value, "-") ? capture_target_add(s) : NULL;

	return t ? bytes_set(&t->uuid, value) : -EINVAL;
}

static struct capture_target *last_target(struct capture_settings *s)
{
	return s->n_targets ? &s->targets[s->n_targets - 1] : NULL;
}

static int take_type(struct capture_settings *s, struct bytes value)
{
	struct capture_target *t = last_target(s);

	return t && has_only(value, "-_.") ? bytes_set(&t->type, value) : -EINVAL;
}

static int take_options(struct capture_settings *s, struct bytes value)
{
	struct capture_target *t = last_target(s);

	return t && has_only(value, "-_.,=/") ? bytes_set(&t->options, value) : -EINVAL;
}

static int take_directory(struct capture_settings *s, struct bytes value)
{
	struct capture_target *t = last_target(s);

	return t && is_directory(value) ? bytes_set(&t->directory, value) : -EINVAL;
}

static int take_module(struct capture_settings *s, struct bytes value)
{
	return is_module(value) && s->modules.n < CAPTURE_MODULES_MAX
		       ? capture_names_add(&s->modules, (const char *)value.p, value.n)
		       : -EINVAL;
}

static int take_number(struct bytes value, unsigned max, unsigned *ret)
{
	_cleanup_free_ char *text = bytes_dup(value);
	uint64_t n;

	if (!text)
		return -ENOMEM;
	if (parse_u64(text, &n) < 0 || n > max)
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

static int take_level(struct capture_settings *s, struct bytes value)
{
	return take_number(value, DUMP_LEVEL_MAX, &s->level);
}

static int take_keep(struct capture_settings *s, struct bytes value)
{
	return take_number(value, CAPTURE_KEEP_MAX, &s->keep);
}

static int take_keep_mib(struct capture_settings *s, struct bytes value)
{
	return take_number(value, UINT32_MAX, &s->keep_mib);
}

static int take_wait(struct capture_settings *s, struct bytes value)
{
	return take_number(value, CAPTURE_WAIT_MAX, &s->wait_s);
}

static int take_pack(struct capture_settings *s, struct bytes value)
{
	return capture_packing_parse(value, &s->packing) ? 0 : -EINVAL;
}

static int take_failure(struct capture_settings *s, struct bytes value)
{
	return capture_end_parse(value, &s->failure) ? 0 : -EINVAL;
}

static const struct key {
	const char *name;
	int (*take)(struct capture_settings *s, struct bytes value);
} keys[] = {
	{ "uuid", take_uuid },		 { "type", take_type },	      { "options", take_options },
	{ "directory", take_directory }, { "module", take_module },   { "level", take_level },
	{ "pack", take_pack },		 { "keep", take_keep },	      { "keep-mib", take_keep_mib },
	{ "wait", take_wait },		 { "failure", take_failure },
};

static int take_line(struct capture_settings *s, struct bytes line)
{
	const uint8_t *sign = memchr(line.p, '=', line.n);
	struct bytes name, value;

	if (!sign)
		return -EINVAL;
	name = (struct bytes){ line.p, (size_t)(sign - line.p) };
	value = (struct bytes){ sign + 1, line.n - name.n - 1 };
	if (value.n > CAPTURE_VALUE_MAX)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (bytes_is(name, keys[i].name))
			return keys[i].take(s, value);
	return -EINVAL;
}

static int parse(struct bytes text, struct capture_settings *s, struct kx_error *err)
{
	struct lines lines = lines_of(text);
	struct bytes line;

	while (lines_next_said(&lines, &line)) {
		int r = take_line(s, line);

		if (r == -EINVAL)
			return kx_fail(err, r, "line %u: %.*s means nothing here", lines.number,
				       (int)(line.n < 80 ? line.n : 80), (const char *)line.p);
		if (r < 0)
			return kx_fail(err, r, "out of memory");
	}
	for (size_t i = 0; i < s->n_targets; i++)
		if (!s->targets[i].type || !s->targets[i].directory)
			return kx_fail(err, -EINVAL,
				       "the file system %s has no type or no directory",
				       s->targets[i].uuid);
	return s->n_targets ? 0 : kx_fail(err, -EINVAL, "no file system is named");
}

int capture_settings_parse(struct bytes text, struct capture_settings *ret, struct kx_error *err)
{
	struct capture_settings s = { .level = DUMP_LEVEL_MAX, .packing = DUMP_ZLIB, .wait_s = 60 };
	int r;

	if (text.n > CAPTURE_SETTINGS_MAX)
		return kx_fail(err, -EFBIG, "more than %d bytes", CAPTURE_SETTINGS_MAX);
	r = parse(text, &s, err);
	if (r < 0)
		capture_settings_done(&s);
	else
		*ret = s;
	return r;
}

/* ---- the other way */

static void put(struct strbuf *b, const char *key, const char *value)
{
	if (value)
		strbuf_addf(b, "%s=%s\n", key, value);
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool are_same(const struct capture_settings *a, const struct capture_settings *b)
{
	if (a->n_targets != b->n_targets || a->modules.n != b->modules.n)
		return false;
	for (size_t i = 0; i < a->n_targets; i++)
		if (!is_same(a->targets[i].uuid, b->targets[i].uuid) ||
		    !is_same(a->targets[i].type, b->targets[i].type) ||
		    !is_same(a->targets[i].options, b->targets[i].options) ||
		    !is_same(a->targets[i].directory, b->targets[i].directory))
			return false;
	return true;
}

int capture_settings_text(const struct capture_settings *s, char **ret, struct kx_error *err)
{
	_cleanup_capture_settings_ struct capture_settings again = { 0 };
	_cleanup_strbuf_ struct strbuf b = { 0 };
	_cleanup_free_ char *text = NULL;
	int r;

	for (size_t i = 0; i < s->n_targets; i++) {
		put(&b, "uuid", s->targets[i].uuid);
		put(&b, "type", s->targets[i].type);
		put(&b, "options", s->targets[i].options);
		put(&b, "directory", s->targets[i].directory);
	}
	for (size_t i = 0; i < s->modules.n; i++)
		put(&b, "module", s->modules.v[i]);
	strbuf_addf(&b, "level=%u\npack=%s\nkeep=%u\nkeep-mib=%u\nwait=%u\nfailure=%s\n", s->level,
		    packing_names[s->packing], s->keep, s->keep_mib, s->wait_s,
		    end_names[s->failure]);
	r = strbuf_take(&b, &text);
	if (r < 0)
		return kx_fail(err, r, "out of memory");
	/* what the reader refuses after the crash is refused now */
	r = capture_settings_parse((struct bytes){ (const uint8_t *)text, strlen(text) }, &again,
				   err);
	if (r < 0)
		return r;
	if (!are_same(s, &again))
		return kx_fail(err, -EINVAL,
			       "a directory has a line feed in its name, or a blank at its end");
	*ret = TAKE_PTR(text);
	return 0;
}
