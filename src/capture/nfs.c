// SPDX-License-Identifier: LGPL-2.1-or-later
#include "capture/nfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mountinfo.h"
#include "base/strbuf.h"

/* ---- the place */

bool nfs_place_is(const char *text)
{
	return strncmp(text, "nfs:", 4) == 0;
}

void nfs_place_done(struct nfs_place *p)
{
	free(p->host);
	free(p->source);
	*p = (struct nfs_place){ 0 };
}

int nfs_place_parse(const char *text, struct nfs_place *ret)
{
	_cleanup_nfs_place_ struct nfs_place p = { 0 };
	const char *host, *end;

	if (!nfs_place_is(text))
		return -EINVAL;
	host = text + 4;
	/* an IPv6 address has colons itself, and brackets for that */
	end = host[0] == '[' ? strchr(host, ']') : strchr(host, ':');
	if (!end || end == host)
		return -EINVAL;
	if (host[0] == '[') {
		p.host = strndup(host + 1, (size_t)(end - host - 1));
		end++;
	} else {
		p.host = strndup(host, (size_t)(end - host));
	}
	if (end[0] != ':' || end[1] != '/')
		return -EINVAL;
	p.source = strdup(host);
	if (!p.host || !p.source)
		return -ENOMEM;
	if (!p.host[0] || p.host[0] == '-' || strpbrk(p.host, "/[], \t"))
		return -EINVAL;
	*ret = p;
	p = (struct nfs_place){ 0 };
	return 0;
}

/* ---- mounting */

int capture_nfs_options(const struct capture_network *n, unsigned way, char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	if (way >= NFS_WAYS)
		return -EINVAL;
	/* timeo= is in tenths of a second: 20 seconds, and 20 more for each of two times more */
	strbuf_addf(&b, "vers=4.%u,addr=%s,clientaddr=%.*s,sec=sys,%s,timeo=200,retrans=2",
		    2 - way / 2, n->to, (int)strcspn(n->address, "/"), n->address,
		    way % 2 ? "soft" : "softerr");
	return strbuf_take(&b, ret);
}

bool capture_nfs_next(int error)
{
	/* what kernels say of a version that they do not know, or of an option, and servers of a version */
	return error == EINVAL || error == EPROTONOSUPPORT || error == EOPNOTSUPP;
}

/* ---- what became of it */

/* The value of "KEY=…" among words that commas separate; an empty one without it. */
static struct bytes value_of(struct bytes options, const char *key)
{
	while (options.n) {
		const uint8_t *comma = memchr(options.p, ',', options.n);
		const size_t n = comma ? (size_t)(comma - options.p) : options.n;
		const struct bytes word = { options.p, n };

		if (bytes_starts(word, key))
			return (struct bytes){ word.p + strlen(key), n - strlen(key) };
		options.p += comma ? n + 1 : n;
		options.n -= comma ? n + 1 : n;
	}
	return (struct bytes){ options.p, 0 };
}

/* The last mount at @place counts, and one below it lies on the way of what is written. */
static int check_mount(struct bytes mountinfo, const char *place, const char *address,
		       struct kx_error *err)
{
	struct lines lines = lines_of(mountinfo);
	struct bytes line;
	int r = kx_fail(err, -ENOENT, "%s: nothing is mounted there", place);

	while (lines_next(&lines, &line)) {
		_cleanup_free_ char *dir = NULL;
		struct bytes addr;
		struct mountinfo m;

		if (!mountinfo_split(line, &m))
			continue;
		dir = bytes_dup_octal(m.dir);
		if (!dir)
			return kx_fail(err, -ENOMEM, "out of memory");
		if (strncmp(dir, place, strlen(place)) != 0 ||
		    (dir[strlen(place)] && dir[strlen(place)] != '/'))
			continue;
		addr = value_of(m.super_options, "addr=");
		r = bytes_is(m.type, "nfs4") && bytes_is(addr, address)
			    ? 0
			    : kx_fail(err, -EXDEV,
				      "the NFS server %s leads to another one, %.*s, which no "
				      "setting names: nothing is sent there",
				      address, (int)addr.n, (const char *)addr.p);
		if (r < 0)
			return r;
	}
	return r;
}

/* "device SOURCE mounted on PLACE with fstype nfs4 …", then lines of it with a tab. */
static int check_layout(struct bytes mountstats, const char *place, struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf start = { 0 };
	struct lines lines = lines_of(mountstats);
	bool is_ours = false;
	struct bytes line;

	strbuf_addf(&start, " mounted on %s with fstype nfs4", place);
	if (start.failed)
		return kx_fail(err, -ENOMEM, "out of memory");
	while (lines_next(&lines, &line)) {
		struct bytes layout;

		if (bytes_starts(line, "device "))
			is_ours = memmem(line.p, line.n, start.s, start.n) != NULL;
		if (!is_ours || !bytes_starts(bytes_trim(line), "nfsv4:"))
			continue;
		layout = value_of(line, "pnfs=");
		if (layout.n && !bytes_is(layout, "not configured"))
			return kx_fail(err, -EXDEV,
				       "the NFS server wants the bytes of files on other machines "
				       "(pNFS, %.*s), which no setting names: nothing is sent "
				       "there",
				       (int)layout.n, (const char *)layout.p);
	}
	return 0;
}

int capture_nfs_check(struct bytes mountinfo, struct bytes mountstats, const char *place,
		      const char *address, struct kx_error *err)
{
	int r = check_mount(mountinfo, place, address, err);

	return r < 0 ? r : check_layout(mountstats, place, err);
}
