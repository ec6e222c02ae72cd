// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where dumps are saved by the initial ramdisk of our own: as CRASH_TARGET says, else as another tool's
 * configuration does. Sources of the rules: kdump.conf(5) of kdump-utils; kdump-config of kdump-tools 1.10.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "config/legacy-vars.h"
#include "crash/dumps.h"
#include "crash/rules.h"

#define KDUMP_CONF "/etc/kdump.conf"
#define DEBIAN_FILE "/etc/default/kdump-tools"
/* of both tools, when they name none */
#define KEY "/root/.ssh/kdump_id_rsa"

enum { KDUMP_CONF_MAX = 1 << 20 };

/* USER@HOST of another tool, with its directory. */
static int take_place(struct crash_settings *s, const char *user_host, const char *directory)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	strbuf_addf(&text, "ssh:%s:%s", user_host, directory);
	return text.failed ? -ENOMEM : ssh_place_parse(text.s, &s->remote);
}

static int fail(struct kx_error *err, int r, const char *file, const char *value)
{
	if (r == -ENOMEM)
		return kx_fail(err, r, "out of memory");
	return kx_fail(err, r,
		       "%s: %s is no host that ssh reaches: USER@HOST is expected, and an "
		       "absolute directory",
		       file, value);
}

/* SSH="user@host", SSH_KEY, KDUMP_COREDIR there. -ENOENT: it sends no dumps. */
static int debian(int root, struct crash_settings *s, struct kx_error *err)
{
	_cleanup_(config_words_done) struct config_words warnings = { 0 };
	_cleanup_vars_ struct vars vars = { .warnings = &warnings };
	const char *host;
	int r;

	if (vars_read(&vars, root, DEBIAN_FILE, NULL) < 0)
		return -ENOENT;
	host = vars_get_or(&vars, "SSH", NULL);
	if (!host)
		return -ENOENT;
	r = take_place(s, host, vars_get_or(&vars, "KDUMP_COREDIR", "/var/crash"));
	if (r == 0)
		r = text_set(&s->ssh_key, vars_get_or(&vars, "SSH_KEY", KEY));
	return r < 0 ? fail(err, r, DEBIAN_FILE, host) : 0;
}

/* "ssh", "sshkey" and "path"; the last of each counts, and what follows "#" does not. */
static int redhat(int root, struct crash_settings *s, struct kx_error *err)
{
	_cleanup_free_ char *host = NULL, *key = NULL, *path = NULL;
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line;
	struct lines lines;
	int r;

	if (read_file_in(root, KDUMP_CONF, KDUMP_CONF_MAX, &raw, &text.n) < 0)
		return -ENOENT;
	text.p = raw;
	lines = lines_of(text);
	for (r = 0; r == 0 && lines_next_said(&lines, &line);) {
		const uint8_t *hash = memchr(line.p, '#', line.n);
		struct bytes name, value;

		if (hash)
			line.n = (size_t)(hash - line.p);
		name = bytes_word(&line);
		value = bytes_unquote(bytes_trim(line));
		if (bytes_is(name, "ssh"))
			r = bytes_set(&host, value);
		else if (bytes_is(name, "sshkey"))
			r = bytes_set(&key, value);
		else if (bytes_is(name, "path"))
			r = bytes_set(&path, value);
	}
	if (r == 0 && !host)
		return -ENOENT;
	if (r == 0)
		r = take_place(s, host, path ? path : "/var/crash");
	if (r == 0)
		r = text_set(&s->ssh_key, key ? key : KEY);
	return r < 0 ? fail(err, r, KDUMP_CONF, host ? host : "") : 0;
}

int crash_target_find(int root, const struct config *config, struct crash_settings *s,
		      struct kx_error *err)
{
	const char *own = config->crash_target;
	int r = -ENOENT;

	if (own && ssh_place_is(own)) {
		r = ssh_place_parse(own, &s->remote);
		if (r == 0)
			r = text_set(&s->ssh_key, config->crash_ssh_key);
		if (r < 0)
			return fail(err, r, "CRASH_TARGET", own);
	} else if (!own && config->import) {
		r = debian(root, s, err);
		if (r == -ENOENT)
			r = redhat(root, s, err);
	}
	if (r < 0 && r != -ENOENT)
		return r;
	/* the next place, when the other machine cannot be reached */
	s->target = own && own[0] == '/' ? strdup(own) : crash_dumps_directory(root);
	return s->target ? 0 : kx_fail(err, -ENOMEM, "out of memory");
}
