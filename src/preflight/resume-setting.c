// SPDX-License-Identifier: LGPL-2.1-or-later
/* mkinitramfs(8) reads initramfs.conf, then the files of conf.d; the last assignment counts. */
#include "preflight/resume-setting.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/assign.h"

#define DIRECTORY "/etc/initramfs-tools"

/* Its files stay behind when the package is removed. */
static bool is_by_others(const struct look *l, struct report *r)
{
	static const char *const others[] = { "/usr/bin/dracut", "/usr/sbin/dracut",
					      "/usr/bin/mkinitcpio", "/usr/bin/booster" };

	if (look_there(l, r, "/usr/sbin/mkinitramfs"))
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (look_there(l, r, others[i]))
			return true;
	return false;
}

struct reading {
	struct resume_setting *setting;
	const char *path;
};

static int take(void *data, const struct assign *a)
{
	const struct reading *reading = data;
	struct resume_setting *s = reading->setting;

	if (!a->name || strcmp(a->name, "RESUME") != 0)
		return 0;
	free(s->device);
	s->device = strdup(a->value);
	if (!path_make(s->where, sizeof(s->where), "%s: RESUME=", reading->path))
		s->where[0] = '\0';
	return s->device ? 0 : -ENOMEM;
}

static int read_file(const struct look *l, const char *path, struct resume_setting *s)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	struct reading reading = { s, path };
	int code = look_file(l, path, &text);

	if (code == -ENOENT)
		return 0;
	return code < 0 ? code : assign_each(text.b, take, &reading);
}

/* Its maybe_add_conf() */
static bool is_read(const char *name)
{
	if (!isalnum((unsigned char)name[0]) || strstr(name, ".dpkg-"))
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return false;
	return true;
}

int resume_setting_read(const struct look *l, struct report *r, struct resume_setting *ret)
{
	_cleanup_names_ struct names names = { 0 };
	struct resume_setting s = { .device = NULL };
	char path[480];
	int code;

	code = read_file(l, DIRECTORY "/initramfs.conf", &s);
	if (code == 0) {
		code = look_list(l, DIRECTORY "/conf.d", &names);
		code = code == -ENOENT ? 0 : code;
	}
	for (size_t i = 0; i < names.n && code == 0; i++)
		if (is_read(names.v[i]) &&
		    path_make(path, sizeof(path), DIRECTORY "/conf.d/%s", names.v[i]))
			code = read_file(l, path, &s);
	if (code < 0 || (s.device && is_by_others(l, r)))
		resume_setting_done(&s);
	if (code < 0)
		return code;
	*ret = s;
	return 0;
}

void resume_setting_done(struct resume_setting *setting)
{
	free(setting->device);
	setting->device = NULL;
}
