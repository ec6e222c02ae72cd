// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /etc/conf.d/dmcrypt of Gentoo and Alpine. By the service's script: "target=" or "swap=" begins a section; one
 * that is open already is left alone; "key=PATH[:gpg]" is on "remdev=" when that is set; a target without a
 * key asks, swap without options gets a random one; a volume whose key file is missing is not opened, and
 * nobody is asked.
 */
#include "preflight/dmcrypt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/assign.h"
#include "preflight/device-names.h"

#define CONF_D "/etc/conf.d"
#define RUNLEVELS "/etc/runlevels"

enum field { TARGET, SWAP, SOURCE, KEY, REMDEV, OPTIONS, N_FIELDS };

struct section {
	const struct look *l;
	struct report *r;
	const struct volumes *volumes;
	struct pool_locks *locks;
	const char *path;
	char *v[N_FIELDS];
	bool is_unclear; /* a part of it is for a shell to evaluate */
};

static void section_clear(struct section *s)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		free(s->v[i]);
		s->v[i] = NULL;
	}
	s->is_unclear = false;
}

static bool has_text(const char *s)
{
	return s && s[strspn(s, " \t")];
}

/* cryptsetup(8): "-d FILE", "--key-file FILE" */
static bool names_key_file(const char *options)
{
	return has_word(options, "-d") || strstr(options, "--key-file");
}

static enum ease ease_without_key(const struct section *s)
{
	if (has_text(s->v[OPTIONS]))
		return names_key_file(s->v[OPTIONS]) ? EASE_ALONE : EASE_PERSON;
	return has_text(s->v[SWAP]) ? EASE_ALONE : EASE_PERSON;
}

static enum ease ease_with_key(const struct section *s)
{
	const char *mode = s->v[KEY] + strcspn(s->v[KEY], ":");
	_cleanup_free_ char *path = strndup(s->v[KEY], (size_t)(mode - s->v[KEY]));
	int there;

	if (!path)
		return EASE_UNKNOWN;
	if (strcmp(mode, ":gpg") == 0)
		return EASE_PERSON;
	if (has_text(s->v[REMDEV])) {
		/* it waits for the device, and asks whether to go on waiting */
		there = device_presence(s->l, s->v[REMDEV], false);
		return there == DEVICE_THERE  ? EASE_ALONE
		       : there == DEVICE_GONE ? EASE_PERSON
					      : EASE_UNKNOWN;
	}
	there = look_exists(s->l, path);
	if (there == 0)
		evidencef(s->r, "no file %s", path);
	return there == 1 ? EASE_ALONE : EASE_UNKNOWN;
}

static bool is_open_already(const struct section *s, const char *name)
{
	for (size_t i = 0; i < s->volumes->n; i++)
		if (s->volumes->v[i].is_early && strcmp(s->volumes->v[i].name, name) == 0)
			return true;
	return false;
}

static void section_end(struct section *s)
{
	const char *name = has_text(s->v[TARGET]) ? s->v[TARGET] : s->v[SWAP];
	struct pool_lock *lock;
	enum ease ease;

	if (!has_text(name) || is_open_already(s, name) || s->locks->n == POOL_LOCKS_MAX)
		return;
	evidencef(s->r, "%s: dmcrypt opens \"%s\" on %s, key %s", s->path, name,
		  s->v[SOURCE] ? s->v[SOURCE] : "?", has_text(s->v[KEY]) ? s->v[KEY] : "none");
	ease = s->is_unclear	     ? EASE_UNKNOWN
	       : has_text(s->v[KEY]) ? ease_with_key(s)
				     : ease_without_key(s);
	lock = &s->locks->v[s->locks->n++];
	*lock = (struct pool_lock){ .unlock = { .ease = ease } };
	if (!path_make(lock->name, sizeof(lock->name), "%s", name))
		lock->name[0] = '\0';
}

static int take(void *data, const struct assign *a)
{
	static const char *const names[] = {
		"target", "swap", "source", "key", "remdev", "options"
	};
	struct section *s = data;
	size_t i = 0;

	if (!a->name) {
		s->is_unclear = true;
		return 0;
	}
	while (i < N_FIELDS && strcmp(a->name, names[i]) != 0)
		i++;
	if (i == N_FIELDS)
		return 0;
	if (i == TARGET || i == SWAP) {
		section_end(s);
		section_clear(s);
	}
	free(s->v[i]);
	s->v[i] = strdup(a->value);
	return s->v[i] ? 0 : -ENOMEM;
}

static void look_at_file(struct section *s, const char *path)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	int code = look_file(s->l, path, &text);

	if (code == -ENOENT)
		return;
	s->path = path;
	if (code >= 0)
		code = assign_each(text.b, take, s);
	if (code >= 0)
		section_end(s);
	section_clear(s);
	if (code >= 0)
		return;
	(void)unknown(s->r, path, code);
	if (s->locks->n < POOL_LOCKS_MAX)
		s->locks->v[s->locks->n++] =
			(struct pool_lock){ .name = "dmcrypt",
					    .unlock = { .ease = EASE_UNKNOWN, .error = code } };
}

/* Several instances are links to the script, each with a file of its own: "dmcrypt.NAME". */
static bool is_service(const char *name)
{
	return strncmp(name, "dmcrypt", 7) == 0 && (!name[7] || name[7] == '.');
}

static bool is_in_runlevel(const struct look *l, struct report *r, const char *target,
			   const char *service)
{
	_cleanup_names_ struct names levels = { 0 }, services = { 0 };
	char path[512];

	if (!path_make(path, sizeof(path), "%s" RUNLEVELS, target) ||
	    !seen(r, path, look_list(l, path, &levels)))
		return false;
	for (size_t i = 0; i < levels.n; i++) {
		if (strcmp(levels.v[i], "shutdown") == 0 ||
		    !path_make(path, sizeof(path), "%s" RUNLEVELS "/%s", target, levels.v[i]) ||
		    !seen(r, path, look_list(l, path, &services)))
			continue;
		for (size_t k = 0; k < services.n; k++)
			if (strcmp(services.v[k], service) == 0)
				return true;
		names_done(&services);
		services = (struct names){ 0 };
	}
	return false;
}

void dmcrypt_look(const struct look *l, struct report *r, const struct volumes *volumes,
		  struct pool_locks *locks)
{
	const char *target = l->opts->target ? l->opts->target : "";
	struct section s = { .l = l, .r = r, .volumes = volumes, .locks = locks };
	_cleanup_names_ struct names names = { 0 };
	char path[512];

	if (!path_make(path, sizeof(path), "%s" CONF_D, target) ||
	    !seen(r, path, look_list(l, path, &names)))
		return;
	for (size_t i = 0; i < names.n; i++)
		if (is_service(names.v[i]) && is_in_runlevel(l, r, target, names.v[i]) &&
		    path_make(path, sizeof(path), "%s" CONF_D "/%s", target, names.v[i]))
			look_at_file(&s, path);
}
