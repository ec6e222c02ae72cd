// SPDX-License-Identifier: LGPL-2.1-or-later
/* ssh_config(5) of one host, made of what ssh itself says; keys and known hosts are copied beside it. */
#include "capture/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/open.h"

#define DIRECTORY "/var/crash"

enum { KEY_MAX = 1 << 20, KNOWN_MAX = 16 << 20 };

/* ---- the place */

bool ssh_place_is(const char *text)
{
	return strncmp(text, "ssh:", 4) == 0;
}

void ssh_place_done(struct ssh_place *p)
{
	free(p->user_host);
	free(p->directory);
	*p = (struct ssh_place){ 0 };
}

int ssh_place_parse(const char *text, struct ssh_place *ret)
{
	_cleanup_ssh_place_ struct ssh_place p = { 0 };
	const char *start, *host, *end;

	if (!ssh_place_is(text))
		return -EINVAL;
	start = text + 4;
	host = strchr(start, '@') ? strchr(start, '@') + 1 : start;
	/* an IPv6 address has colons itself, and brackets for that */
	end = host[0] == '[' ? strchr(host, ']') : host + strcspn(host, ":/");
	if (!end || end == host)
		return -EINVAL;
	if (host[0] == '[') {
		_cleanup_strbuf_ struct strbuf b = { 0 };

		strbuf_add_n(&b, start, (size_t)(host - start));
		strbuf_add_n(&b, host + 1, (size_t)(end - host - 1));
		end++;
		if (strbuf_take(&b, &p.user_host) < 0)
			return -ENOMEM;
	} else {
		p.user_host = strndup(start, (size_t)(end - start));
	}
	if (*end && (end[0] != ':' || end[1] != '/'))
		return -EINVAL;
	p.directory = strdup(*end ? end + 1 : DIRECTORY);
	if (!p.user_host || !p.directory)
		return -ENOMEM;
	if (p.user_host[0] == '-' || p.user_host[0] == '@')
		return -EINVAL;
	*ret = p;
	p = (struct ssh_place){ 0 };
	return 0;
}

/* ---- options */

void ssh_options_done(struct ssh_options *o)
{
	free(o->host);
	free(o->port);
	free(o->known_as);
	names_done(&o->keys);
	names_done(&o->known);
	strbuf_done(&o->kept);
}

void capture_ssh_done(struct capture_ssh *s)
{
	ssh_options_done(&s->options);
	free(s->key);
	*s = (struct capture_ssh){ 0 };
}

/* "~/" is the home directory, and "none" no file. */
static int add_file(struct names *to, struct bytes file, const char *home)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	if (bytes_is(file, "none"))
		return 0;
	if (bytes_starts(file, "~/")) {
		strbuf_add(&path, home);
		file = (struct bytes){ file.p + 1, file.n - 1 };
	}
	strbuf_add_n(&path, (const char *)file.p, file.n);
	return path.failed ? -ENOMEM : capture_names_add(to, path.s, path.n);
}

static int add_files(struct names *to, struct bytes list, const char *home)
{
	int r = 0;

	while (r == 0 && list.n)
		r = add_file(to, bytes_word(&list), home);
	return r;
}

static bool is_kept(struct bytes key)
{
	static const char *const keys[] = {
		"user",
		"port",
		"addressfamily",
		"ciphers",
		"macs",
		"kexalgorithms",
		"hostkeyalgorithms",
		"casignaturealgorithms",
		"pubkeyacceptedalgorithms",
		"rekeylimit",
		"compression",
		"requiredrsasize",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (bytes_is(key, keys[i]))
			return true;
	return false;
}

static int take_option(struct ssh_options *o, struct bytes key, struct bytes value,
		       const char *home, struct kx_error *err)
{
	if (is_kept(key))
		strbuf_addf(&o->kept, "%.*s %.*s\n", (int)key.n, (const char *)key.p, (int)value.n,
			    (const char *)value.p);
	if (bytes_is(key, "hostname"))
		return bytes_set(&o->host, value);
	if (bytes_is(key, "port"))
		return bytes_set(&o->port, value);
	if (bytes_is(key, "hostkeyalias") && !bytes_is(value, "none"))
		return bytes_set(&o->known_as, value);
	if (bytes_is(key, "identityfile"))
		return add_file(&o->keys, value, home);
	if (bytes_is(key, "userknownhostsfile") || bytes_is(key, "globalknownhostsfile"))
		return add_files(&o->known, value, home);
	if ((bytes_is(key, "proxycommand") || bytes_is(key, "proxyjump")) &&
	    !bytes_is(value, "none"))
		return kx_fail(
			err, -EOPNOTSUPP,
			"ssh reaches the host of CRASH_TARGET through another one (%.*s %.*s), "
			"which the capture initramfs cannot: name a host that is reached "
			"directly",
			(int)key.n, (const char *)key.p, (int)value.n, (const char *)value.p);
	return 0;
}

int ssh_options_parse(struct bytes text, const char *home, struct ssh_options *ret,
		      struct kx_error *err)
{
	_cleanup_ssh_options_ struct ssh_options o = { 0 };
	_cleanup_strbuf_ struct strbuf name = { 0 };
	struct lines lines = lines_of(text);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line)) {
		const struct bytes key = bytes_word(&line);

		r = take_option(&o, key, bytes_trim(line), home, err);
	}
	if (r == 0 && (!o.host || !o.port))
		return kx_fail(err, -EBADMSG, "ssh -G names no host and port");
	if (r == 0 && !o.known_as) {
		const bool is_usual = strcmp(o.port, "22") == 0;

		strbuf_addf(&name, "%s%s%s%s", is_usual ? "" : "[", o.host,
			    is_usual ? "" : "]:", is_usual ? "" : o.port);
		r = strbuf_take(&name, &o.known_as);
	}
	if (o.kept.failed)
		r = -ENOMEM;
	if (r == -ENOMEM)
		return kx_fail(err, r, "out of memory");
	if (r < 0)
		return r;
	*ret = o;
	o = (struct ssh_options){ 0 };
	return 0;
}

/* ---- files */

/* Keys in the format of OpenSSH name their cipher first, in base64 (PROTOCOL.key); older ones say it in words. */
static bool wants_passphrase(const char *key)
{
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----",
			  none[] = "b3BlbnNzaC1rZXktdjEAAAAABG5vbm";
	const char *at = strstr(key, begin);

	if (!at)
		return strstr(key, "ENCRYPTED") != NULL;
	at += strlen(begin);
	at += strspn(at, "\r\n");
	return strncmp(at, none, strlen(none)) != 0;
}

static int read_text(int root, const char *path, size_t max, char **ret)
{
	_cleanup_close_ int fd = open_trusted_in(root, path, O_RDONLY);
	_cleanup_free_ uint8_t *raw = NULL;
	size_t n;
	int r = fd < 0 ? fd : read_fd(fd, max, &raw, &n);

	if (r < 0)
		return r;
	*ret = bytes_dup((struct bytes){ raw, n });
	return *ret ? 0 : -ENOMEM;
}

/* 1: added; 0: it is not there, or wants a passphrase, which @err says. */
static int add_key(struct capture_files *files, int root, const char *path, struct strbuf *config,
		   struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf name = { 0 };
	_cleanup_free_ char *text = NULL;
	int r = read_text(root, path, KEY_MAX, &text);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return kx_fail(err, r, "%s: %s", path, open_strerror(r));
	if (wants_passphrase(text)) {
		(void)kx_fail(err, -ENOKEY,
			      "%s wants a passphrase, which nobody types after a crash: name a key "
			      "without one by CRASH_SSH_KEY",
			      path);
		return 0;
	}
	strbuf_addf(&name, SSH_FOLDER "/key-%zu", files->n);
	strbuf_addf(config, "IdentityFile /%s\n", name.failed ? "" : name.s);
	r = name.failed ? -ENOMEM : capture_files_text(files, name.s, 0600, text);
	return r < 0 ? kx_fail(err, r, "%s: %s", path, strerror(-r)) : 1;
}

static int add_keys(struct capture_files *files, int root, const struct capture_ssh *s,
		    struct strbuf *config, struct kx_error *err)
{
	struct kx_error why = { 0 };
	bool has_any = false;
	int r = 0;

	if (s->key)
		r = add_key(files, root, s->key, config, &why);
	for (size_t i = 0; r >= 0 && !s->key && i < s->options.keys.n; i++) {
		r = add_key(files, root, s->options.keys.v[i], config, &why);
		has_any |= r == 1;
	}
	has_any |= r == 1;
	if (r < 0)
		return kx_fail_as(err, r, &why);
	if (has_any)
		return 0;
	if (why.code)
		return kx_fail_as(err, -ENOKEY, &why);
	return kx_fail(
		err, -ENOKEY,
		"%s is not there: make a key without a passphrase (ssh-keygen -N '' -f FILE), "
		"let %s accept it, and name it by CRASH_SSH_KEY",
		s->key ? s->key : "no private key of ssh", s->options.host);
}

static int add_known(struct capture_files *files, int root, const struct capture_ssh *s,
		     struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf all = { 0 };
	int r;

	for (size_t i = 0; i < s->options.known.n; i++) {
		_cleanup_free_ char *text = NULL;

		r = read_text(root, s->options.known.v[i], KNOWN_MAX, &text);
		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0)
			return kx_fail(err, r, "%s: %s", s->options.known.v[i], open_strerror(r));
		strbuf_addf(&all, "%s\n", text);
	}
	if (!all.n)
		return kx_fail(err, -ENOKEY,
			       "no file of known hosts has the key of %s, and a host that is not "
			       "known is never sent a dump: connect to it once by ssh, as root",
			       s->options.known_as);
	r = all.failed ? -ENOMEM : capture_files_text(files, SSH_FOLDER "/known", 0644, all.s);
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}

int capture_ssh_add(struct capture_files *files, int root, const struct capture_ssh *s,
		    const char *address, struct kx_error *err)
{
	/* a server that does not answer is given up after a minute */
	static const char always[] =
		"BatchMode yes\nStrictHostKeyChecking yes\nUpdateHostKeys no\n"
		"CheckHostIP no\nIdentitiesOnly yes\nIdentityAgent none\nConnectTimeout 30\n"
		"ServerAliveInterval 15\nServerAliveCountMax 4\nControlPath none\n"
		"UserKnownHostsFile /" SSH_FOLDER "/known\nGlobalKnownHostsFile /dev/null\n"
		"RequestTTY no\nLogLevel ERROR\n";
	_cleanup_strbuf_ struct strbuf config = { 0 };
	int r = capture_files_add_program(files, root, SSH_PROGRAM, err);

	if (r < 0)
		return r;
	strbuf_addf(&config, "Host " SSH_ALIAS "\nHostName %s\nHostKeyAlias %s\n%s%s", address,
		    s->options.known_as, always, s->options.kept.n ? s->options.kept.s : "");
	r = add_keys(files, root, s, &config, err);
	if (r == 0)
		r = add_known(files, root, s, err);
	if (r < 0)
		return r;
	r = config.failed ? -ENOMEM : capture_files_text(files, SSH_CONFIG, 0600, config.s);
	/* without these the client does not know who runs it */
	if (r == 0)
		r = capture_files_text(files, "etc/passwd", 0644,
				       "root:x:0:0:root:/root:/bin/sh\n");
	if (r == 0)
		r = capture_files_text(files, "etc/nsswitch.conf", 0644,
				       "passwd: files\nhosts: files\n");
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}
