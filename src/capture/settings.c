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

enum capture_kind capture_target_kind(const struct capture_target *t)
{
	return t->ssh ? CAPTURE_SSH : t->nfs ? CAPTURE_NFS : CAPTURE_FILE_SYSTEM;
}

void capture_target_done(struct capture_target *t)
{
	free(t->uuid);
	free(t->type);
	free(t->options);
	free(t->directory);
	for (size_t i = 0; i < t->n_layers; i++)
		capture_layer_done(&t->layers[i]);
	free(t->ssh);
	free(t->nfs);
	free(t->network.mac);
	free(t->network.address);
	free(t->network.gateway);
	free(t->network.to);
	*t = (struct capture_target){ 0 };
}

void capture_settings_done(struct capture_settings *s)
{
	for (size_t i = 0; i < s->n_targets; i++)
		capture_target_done(&s->targets[i]);
	names_done(&s->modules);
	free(s->host);
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

static int take_layer(struct capture_settings *s, struct bytes value,
		      int (*parse)(struct bytes text, struct capture_layer *ret))
{
	struct capture_target *t = last_target(s);
	int r = t && t->n_layers < CAPTURE_LAYERS_MAX ? parse(value, &t->layers[t->n_layers])
						      : -EINVAL;

	if (r == 0)
		t->n_layers++;
	return r;
}

static int take_array(struct capture_settings *s, struct bytes value)
{
	return take_layer(s, value, capture_array_parse);
}

static int take_volume(struct capture_settings *s, struct bytes value)
{
	return take_layer(s, value, capture_volume_parse);
}

/* A new target on another machine. */
static int take_ssh(struct capture_settings *s, struct bytes value)
{
	struct capture_target *t =
		has_only(value, "-_.@:%[]") && value.p[0] != '-' ? capture_target_add(s) : NULL;

	return t ? bytes_set(&t->ssh, value) : -EINVAL;
}

/* "HOST:/PATH", a new target. */
static int take_nfs(struct capture_settings *s, struct bytes value)
{
	const uint8_t *slash = value.n ? memchr(value.p, '/', value.n) : NULL;
	const size_t n = slash ? (size_t)(slash - value.p) : 0;
	struct capture_target *t;

	if (n < 2 || value.p[0] == '-' || value.p[n - 1] != ':' ||
	    !has_only((struct bytes){ value.p, n }, "-_.:%[]") ||
	    !is_directory((struct bytes){ slash, value.n - n }))
		return -EINVAL;
	t = capture_target_add(s);
	return t ? bytes_set(&t->nfs, value) : -EINVAL;
}

static int take_mac(struct capture_settings *s, struct bytes value)
{
	struct capture_target *t = last_target(s);

	return t && has_only(value, ":") ? bytes_set(&t->network.mac, value) : -EINVAL;
}

static int take_address(struct capture_settings *s, struct bytes value)
{
	struct capture_target *t = last_target(s);

	return t && has_only(value, ".:/") ? bytes_set(&t->network.address, value) : -EINVAL;
}

static int take_gateway(struct capture_settings *s, struct bytes value)
{
	struct capture_target *t = last_target(s);

	return t && has_only(value, ".:") ? bytes_set(&t->network.gateway, value) : -EINVAL;
}

static int take_to(struct capture_settings *s, struct bytes value)
{
	struct capture_target *t = last_target(s);

	return t && has_only(value, ".:") ? bytes_set(&t->network.to, value) : -EINVAL;
}

static int take_host(struct capture_settings *s, struct bytes value)
{
	return has_only(value, "-_.") && value.p[0] != '.' ? bytes_set(&s->host, value) : -EINVAL;
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

static int take_mtu(struct capture_settings *s, struct bytes value)
{
	struct capture_target *t = last_target(s);

	return t ? take_number(value, UINT16_MAX, &t->network.mtu) : -EINVAL;
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
	{ "uuid", take_uuid },
	{ "type", take_type },
	{ "options", take_options },
	{ "directory", take_directory },
	{ "module", take_module },
	{ "level", take_level },
	{ "pack", take_pack },
	{ "keep", take_keep },
	{ "keep-mib", take_keep_mib },
	{ "wait", take_wait },
	{ "failure", take_failure },
	{ "ssh", take_ssh },
	{ "net-mac", take_mac },
	{ "net-mtu", take_mtu },
	{ "net-address", take_address },
	{ "net-gateway", take_gateway },
	{ "net-to", take_to },
	{ "host", take_host },
	{ "array", take_array },
	{ "volume", take_volume },
	{ "nfs", take_nfs },
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

static int check_target(const struct capture_target *t, struct kx_error *err)
{
	const struct capture_network *n = &t->network;

	if (capture_target_kind(t) == CAPTURE_FILE_SYSTEM)
		return t->type && t->directory
			       ? 0
			       : kx_fail(err, -EINVAL,
					 "the file system %s has no type or no directory", t->uuid);
	return t->directory && n->mac && n->address && n->to
		       ? 0
		       : kx_fail(err, -EINVAL, "%s has no directory or no network",
				 t->ssh ? t->ssh : t->nfs);
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
	for (size_t i = 0; i < s->n_targets; i++) {
		int r = check_target(&s->targets[i], err);

		if (r < 0)
			return r;
	}
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

static bool are_same_networks(const struct capture_network *a, const struct capture_network *b)
{
	return is_same(a->mac, b->mac) && is_same(a->address, b->address) &&
	       is_same(a->gateway, b->gateway) && is_same(a->to, b->to) && a->mtu == b->mtu;
}

static void put_layers(struct strbuf *b, const struct capture_target *t)
{
	for (size_t i = 0; i < t->n_layers; i++) {
		strbuf_add(b, t->layers[i].uuid ? "array=" : "volume=");
		capture_layer_text(&t->layers[i], b);
		strbuf_add(b, "\n");
	}
}

static void put_network(struct strbuf *b, const struct capture_network *n)
{
	put(b, "net-mac", n->mac);
	put(b, "net-address", n->address);
	put(b, "net-gateway", n->gateway);
	put(b, "net-to", n->to);
	if (n->mtu)
		strbuf_addf(b, "net-mtu=%u\n", n->mtu);
}

static bool are_same(const struct capture_settings *a, const struct capture_settings *b)
{
	if (a->n_targets != b->n_targets || a->modules.n != b->modules.n)
		return false;
	for (size_t i = 0; i < a->n_targets; i++)
		if (a->targets[i].n_layers != b->targets[i].n_layers ||
		    !is_same(a->targets[i].uuid, b->targets[i].uuid) ||
		    !is_same(a->targets[i].type, b->targets[i].type) ||
		    !is_same(a->targets[i].options, b->targets[i].options) ||
		    !is_same(a->targets[i].ssh, b->targets[i].ssh) ||
		    !is_same(a->targets[i].nfs, b->targets[i].nfs) ||
		    !is_same(a->targets[i].directory, b->targets[i].directory) ||
		    !are_same_networks(&a->targets[i].network, &b->targets[i].network))
			return false;
	return is_same(a->host, b->host);
}

int capture_settings_text(const struct capture_settings *s, char **ret, struct kx_error *err)
{
	_cleanup_capture_settings_ struct capture_settings again = { 0 };
	_cleanup_strbuf_ struct strbuf b = { 0 };
	_cleanup_free_ char *text = NULL;
	int r;

	for (size_t i = 0; i < s->n_targets; i++) {
		put(&b, "uuid", s->targets[i].uuid);
		put(&b, "ssh", s->targets[i].ssh);
		put(&b, "nfs", s->targets[i].nfs);
		put(&b, "type", s->targets[i].type);
		put(&b, "options", s->targets[i].options);
		put_layers(&b, &s->targets[i]);
		put(&b, "directory", s->targets[i].directory);
		put_network(&b, &s->targets[i].network);
	}
	put(&b, "host", s->host);
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
