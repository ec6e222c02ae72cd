// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where dumps are saved by the initial ramdisk of our own: as CRASH_TARGET says, else as another tool's
 * configuration does. Sources of the rules: kdump.conf(5) of kdump-utils; kdump-config of kdump-tools 1.10;
 * kdump(5) of SUSE.
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
#define SYSCONFIG_FILE "/etc/sysconfig/kdump"
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

/* HOST:/PATH of another tool. */
static int take_nfs(struct crash_settings *s, const char *source, const char *directory)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	int r;

	strbuf_addf(&text, "nfs:%s", source);
	r = text.failed ? -ENOMEM : nfs_place_parse(text.s, &s->nfs);
	return r < 0 ? r : text_set(&s->nfs_directory, directory);
}

/* What another tool has at @place as "NAME VALUE". -ENOENT: that is not followed, and was said. */
static int follow_nfs(struct crash_settings *s, const char *place, const char *name,
		      const char *value, const char *source, const char *directory)
{
	int r = take_nfs(s, source, directory);

	if (r != -EINVAL)
		return r;
	r = crash_unfollowed_url(s, place, name, value);
	return r < 0 ? r : -ENOENT;
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

/* SSH="user@host", SSH_KEY, KDUMP_COREDIR there; NFS="host:/path". -ENOENT: it sends no dumps. */
static int debian(int root, struct crash_settings *s, struct kx_error *err)
{
	_cleanup_(config_words_done) struct config_words warnings = { 0 };
	_cleanup_vars_ struct vars vars = { .warnings = &warnings };
	const char *host, *nfs;
	int r;

	if (vars_read(&vars, root, DEBIAN_FILE, NULL) < 0)
		return -ENOENT;
	r = crash_unfollowed_vars(s, &vars);
	nfs = vars_get_or(&vars, "NFS", NULL);
	host = vars_get_or(&vars, "SSH", NULL);
	if (r == 0 && host && nfs) /* there a dump goes to both */
		r = crash_unfollowed_url(s, vars_place(&vars, "NFS"), "NFS", nfs);
	if (r == 0 && !host)
		return nfs ? follow_nfs(s, vars_place(&vars, "NFS"), "NFS", nfs, nfs, "/")
			   : -ENOENT;
	if (r == 0)
		r = take_place(s, host, vars_get_or(&vars, "KDUMP_COREDIR", "/var/crash"));
	if (r == 0)
		r = text_set(&s->ssh_key, vars_get_or(&vars, "SSH_KEY", KEY));
	return r < 0 ? fail(err, r, DEBIAN_FILE, host ? host : "") : 0;
}

/* KDUMP_SAVEDIR: a directory or file:// (crash_dumps_directory() reads it), ssh://USER@HOST/DIRECTORY with
 * KDUMP_SSH_IDENTITY, nfs://HOST/DIRECTORY, or what is not followed. -ENOENT: it sends no dumps. */
static int suse(int root, struct crash_settings *s, struct kx_error *err)
{
	static const char ssh[] = "ssh://", nfs[] = "nfs://";
	_cleanup_(config_words_done) struct config_words warnings = { 0 };
	_cleanup_vars_ struct vars vars = { .warnings = &warnings };
	_cleanup_strbuf_ struct strbuf source = { 0 };
	_cleanup_free_ char *host = NULL;
	const char *value;
	int r;

	if (vars_read(&vars, root, SYSCONFIG_FILE, NULL) < 0)
		return -ENOENT;
	r = crash_unfollowed_vars(s, &vars);
	value = vars_get_or(&vars, "KDUMP_SAVEDIR", "/");
	if (r < 0 || value[0] == '/' || strncmp(value, "file://", strlen("file://")) == 0)
		return r < 0 ? fail(err, r, SYSCONFIG_FILE, value) : -ENOENT;
	if (strncmp(value, nfs, strlen(nfs)) == 0) {
		const char *at = value + strlen(nfs);

		strbuf_addf(&source, "%.*s:%s", (int)strcspn(at, "/"), at, at + strcspn(at, "/"));
		return source.failed ? -ENOMEM
				     : follow_nfs(s, vars_place(&vars, "KDUMP_SAVEDIR"),
						  "KDUMP_SAVEDIR", value, source.s, "/");
	}
	if (strncmp(value, ssh, strlen(ssh)) != 0) {
		r = crash_unfollowed_url(s, vars_place(&vars, "KDUMP_SAVEDIR"), "KDUMP_SAVEDIR",
					 value);
		return r < 0 ? fail(err, r, SYSCONFIG_FILE, value) : -ENOENT;
	}
	value += strlen(ssh);
	host = strndup(value, strcspn(value, "/"));
	if (!host)
		return fail(err, -ENOMEM, SYSCONFIG_FILE, value);
	/* a password or a port of such an address has no place in ssh's USER@HOST */
	r = strchr(host, ':')
		    ? -EINVAL
		    : take_place(s, host,
				 value[strlen(host)] ? value + strlen(host) : "/var/crash");
	if (r == 0)
		r = text_set(&s->ssh_key, vars_get_or(&vars, "KDUMP_SSH_IDENTITY", NULL));
	return r < 0 ? fail(err, r, SYSCONFIG_FILE, value) : 0;
}

/* What counts of kdump.conf. */
struct kdump_conf {
	char *host, *nfs, *key, *path, *device;
	char *type, *place; /* of @device: the word before it, FILE:LINE */
	char *nfs_place;    /* of @nfs: FILE:LINE */
};

static void kdump_conf_done(struct kdump_conf *c)
{
	free(c->host);
	free(c->nfs);
	free(c->nfs_place);
	free(c->key);
	free(c->path);
	free(c->device);
	free(c->type);
	free(c->place);
}

static bool is_file_system(struct bytes name)
{
	static const char *const types[] = { "ext2", "ext3", "ext4", "xfs", "btrfs", "minix" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (bytes_is(name, types[i]))
			return true;
	return false;
}

static int take_line(struct crash_settings *s, bool has_failure, const char *place,
		     struct bytes line, struct kdump_conf *c)
{
	const uint8_t *hash = memchr(line.p, '#', line.n);
	_cleanup_free_ char *name_text = NULL, *value_text = NULL;
	struct bytes name, value;

	if (hash)
		line.n = (size_t)(hash - line.p);
	name = bytes_word(&line);
	value = bytes_unquote(bytes_trim(line));
	if (bytes_is(name, "ssh"))
		return bytes_set(&c->host, value);
	if (bytes_is(name, "nfs"))
		return bytes_set(&c->nfs, value) < 0 || text_set(&c->nfs_place, place) < 0 ? -ENOMEM
											   : 0;
	if (bytes_is(name, "sshkey"))
		return bytes_set(&c->key, value);
	if (bytes_is(name, "path"))
		return bytes_set(&c->path, value);
	if (is_file_system(name))
		return bytes_set(&c->device, value) < 0 || bytes_set(&c->type, name) < 0 ||
				       text_set(&c->place, place) < 0
			       ? -ENOMEM
			       : 0;
	/* "default" is its old name */
	if ((bytes_is(name, "failure_action") || bytes_is(name, "default")) && !has_failure &&
	    capture_end_parse(value, &s->capture.failure))
		return 0;
	name_text = bytes_dup(name);
	value_text = bytes_dup(value);
	if (!name_text || !value_text)
		return -ENOMEM;
	return crash_unfollowed_add(s, place, name_text, value_text);
}

static int read_kdump_conf(int root, struct crash_settings *s, bool has_failure,
			   struct kdump_conf *c)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line;
	struct lines lines;
	unsigned number = 0;
	int r = 0;

	if (read_file_in(root, KDUMP_CONF, KDUMP_CONF_MAX, &raw, &text.n) < 0)
		return -ENOENT;
	text.p = raw;
	lines = lines_of(text);
	while (r == 0 && lines_next(&lines, &line)) {
		_cleanup_strbuf_ struct strbuf place = { 0 };

		strbuf_addf(&place, KDUMP_CONF ":%u", ++number);
		line = bytes_trim(line);
		if (place.failed)
			return -ENOMEM;
		if (line.n && line.p[0] != '#')
			r = take_line(s, has_failure, place.s, line, c);
	}
	return r;
}

/* "ssh", "sshkey", "nfs", "path", and a file system by its device; the last of each counts, and what follows "#" does
 * not. -ENOENT: it sends no dumps. */
static int redhat(int root, bool has_failure, struct crash_settings *s, struct kx_error *err)
{
	_cleanup_(kdump_conf_done) struct kdump_conf c = { 0 };
	const char *path;
	int r = read_kdump_conf(root, s, has_failure, &c);

	path = c.path ? c.path : "/var/crash";
	if (r == 0 && c.device) {
		r = crash_mounted_at(root, c.device, path, &s->target);
		if (r == -ENOENT)
			r = crash_unfollowed_add(s, c.place, c.type, c.device);
	}
	if (r == 0 && c.nfs)
		return follow_nfs(s, c.nfs_place, "nfs", c.nfs, c.nfs, path);
	if (r == 0 && !c.host)
		return -ENOENT;
	if (r == 0)
		r = take_place(s, c.host, path);
	if (r == 0)
		r = text_set(&s->ssh_key, c.key ? c.key : KEY);
	if (r == -ENOENT)
		return r;
	return r < 0 ? fail(err, r, KDUMP_CONF, c.host ? c.host : "") : 0;
}

const char *crash_remote_name(const struct crash_settings *s)
{
	return s->nfs.source ? s->nfs.source : s->remote.user_host;
}

int crash_target_find(int root, const struct config *config, struct crash_settings *s,
		      struct kx_error *err)
{
	const char *own = config->crash_target;
	int r = -ENOENT;

	if (own && nfs_place_is(own)) {
		r = take_nfs(s, own + strlen("nfs:"), "/");
		if (r == -EINVAL)
			return kx_fail(err, r,
				       "CRASH_TARGET: %s is no place of an NFS server: "
				       "nfs:HOST:/PATH is expected",
				       own);
	} else if (own && ssh_place_is(own)) {
		r = ssh_place_parse(own, &s->remote);
		if (r == 0)
			r = text_set(&s->ssh_key, config->crash_ssh_key);
		if (r < 0)
			return fail(err, r, "CRASH_TARGET", own);
	} else if (!own && config->import) {
		r = debian(root, s, err);
		if (r == -ENOENT)
			r = redhat(root, config->crash_failure != NULL, s, err);
		if (r == -ENOENT)
			r = suse(root, s, err);
	}
	if (r == -ENOMEM)
		return kx_fail(err, r, "out of memory");
	if (r < 0 && r != -ENOENT)
		return r;
	/* the next place, when the other machine cannot be reached */
	if (!s->target)
		s->target = own && own[0] == '/' ? strdup(own) : crash_dumps_directory(root);
	return s->target ? 0 : kx_fail(err, -ENOMEM, "out of memory");
}
