// SPDX-License-Identifier: GPL-2.0-or-later
/* Another machine that dumps are sent to: what ssh, the resolver and the kernel of this machine know of it. */
#include "cli/rapidreboot/crash-remote.h"

#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/open.h"
#include "handover/init.h"

void crash_remote_done(struct crash_remote *s)
{
	capture_ssh_done(&s->ssh);
	free(s->address);
}

/* Asks a program of OpenSSH; its status, or a negative errno. */
static int ask(const char *const *words, char **ret)
{
	struct sys *sys = sys_machine();
	char *argv[8];
	size_t n = 0;

	for (; words[n] && n < 7; n++)
		argv[n] = (char *)(uintptr_t)words[n];
	argv[n] = NULL;
	return process_run(sys, argv, NULL, ret);
}

static int read_options(const char *user_host, struct ssh_options *ret, struct kx_error *err)
{
	const char *const words[] = { SSH_PROGRAM, "-G", "--", user_host, NULL };
	const struct passwd *user = getpwuid(geteuid());
	_cleanup_free_ char *text = NULL;
	int r = ask(words, &text);

	if (r != 0)
		return kx_fail(err, r < 0 ? r : -EIO,
			       SSH_PROGRAM
			       " -G %s: %s: dumps are sent by the client of OpenSSH, which "
			       "has to be installed",
			       user_host, r < 0 ? strerror(-r) : "failed");
	return ssh_options_parse((struct bytes){ (const uint8_t *)text, strlen(text) },
				 user ? user->pw_dir : "/root", ret, err);
}

static int resolve(const char *host, char **ret, struct kx_error *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *all = NULL;
	char text[NI_MAXHOST] = "";
	int r = getaddrinfo(host, NULL, &hints, &all);

	if (r == 0)
		r = getnameinfo(all->ai_addr, all->ai_addrlen, text, sizeof(text), NULL, 0,
				NI_NUMERICHOST);
	if (all)
		freeaddrinfo(all);
	if (r != 0)
		return kx_fail(err, -EHOSTUNREACH,
			       "%s, where dumps are sent to, has no address: %s: after the crash "
			       "nobody answers that",
			       host, gai_strerror(r));
	*ret = strdup(text);
	return *ret ? 0 : kx_fail(err, -ENOMEM, "out of memory");
}

/* Is its key in one of the files? Where ssh-keygen is not there the client says after the crash that it is not. */
static int check_known(const struct ssh_options *o, struct kx_error *err)
{
	for (size_t i = 0; i < o->known.n; i++) {
		const char *const words[] = { "/usr/bin/ssh-keygen", "-F", o->known_as, "-f",
					      o->known.v[i],	     NULL };
		_cleanup_free_ char *text = NULL;
		int r;

		if (access(o->known.v[i], R_OK) < 0)
			continue;
		r = ask(words, &text);
		if (r < 0 || (r == 0 && text[0]))
			return 0;
	}
	return kx_fail(err, -ENOKEY,
		       "no file of known hosts has the key of %s, and a host that is not "
		       "known is never sent a dump: connect to it once by ssh, as root",
		       o->known_as);
}

/* Fills in address and way of @host. */
static int find_way(const char *host, struct crash_remote *s, struct kx_error *err)
{
	int r = resolve(host, &s->address, err);

	if (r < 0)
		return r;
	r = linux_network_way(s->address, &s->remote.way);
	return r < 0 ? kx_fail(err, r, "%s (%s), where dumps are sent to: no way leads there: %s",
			       host, s->address, strerror(-r))
		     : 0;
}

static int find_ssh(const struct crash_settings *settings, struct crash_remote *s,
		    struct kx_error *err)
{
	int r = read_options(settings->remote.user_host, &s->ssh.options, err);

	if (r == 0)
		r = check_known(&s->ssh.options, err);
	if (r == 0)
		r = find_way(s->ssh.options.host, s, err);
	if (r < 0 || !settings->ssh_key)
		return r;
	s->ssh.key = strdup(settings->ssh_key);
	return s->ssh.key ? 0 : kx_fail(err, -ENOMEM, "out of memory");
}

int crash_remote_find(const struct crash_settings *settings, struct crash_remote *ret,
		      struct kx_error *err)
{
	const bool is_nfs = settings->nfs.source != NULL;
	struct crash_remote s = { 0 };
	int r = is_nfs ? find_way(settings->nfs.host, &s, err) : find_ssh(settings, &s, err);

	if (r < 0) {
		crash_remote_done(&s);
		return r;
	}
	*ret = s;
	ret->remote.user_host = settings->remote.user_host;
	ret->remote.nfs = settings->nfs.source;
	ret->remote.directory = is_nfs ? settings->nfs_directory : settings->remote.directory;
	ret->remote.address = ret->address;
	ret->remote.ssh = is_nfs ? NULL : &ret->ssh;
	return 0;
}
