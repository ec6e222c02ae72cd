// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * W10: boot loaders that count how often an entry is tried until somebody says that it works. Only the boot loader
 * counts: a fast reboot would be a try that nobody has counted, and with an entry that does not work it would go on
 * for ever. systemd-boot counts in names of files, entry+LEFT-DONE.conf (UAPI.1, boot counting), and says in
 * LoaderBootCountPath which one this system was started from; GRUB has boot_counter and boot_success in its
 * environment block, which greenboot sets.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "preflight/look.h"

#define COUNT_PATH "LoaderBootCountPath-" EFI_LOADER
#define LOADER_INFO "LoaderInfo-" EFI_LOADER

enum { COUNTED_PATH_MAX = 512 };

/* A file name with a counter, cut up: "a+2-1.conf" is "a", 2 left, "-1", ".conf". */
struct counted {
	char stem[COUNTED_PATH_MAX], done[24], suffix[16];
	uint64_t left;
};

static bool counted_parse(const char *path, struct counted *ret)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *plus = strrchr(name, '+'), *dot = strrchr(name, '.');
	char digits[24];
	size_t n, done;
	uint64_t unused;

	if (!plus || !dot || dot < plus)
		return false;
	n = strspn(plus + 1, "0123456789");
	done = plus[1 + n] == '-' ? 1 + strspn(plus + 2 + n, "0123456789") : 0;
	if (n == 0 || n >= sizeof(digits) || done == 1 || done >= sizeof(ret->done) ||
	    plus + 1 + n + done != dot || strlen(dot) >= sizeof(ret->suffix) ||
	    (size_t)(plus - path) >= sizeof(ret->stem))
		return false;
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)n, plus + 1);
	(void)snprintf(ret->done, sizeof(ret->done), "%.*s", (int)done, plus + 1 + n);
	(void)snprintf(ret->stem, sizeof(ret->stem), "%.*s", (int)(plus - path), path);
	(void)snprintf(ret->suffix, sizeof(ret->suffix), "%s", dot);
	return parse_u64(digits, &ret->left) == 0 &&
	       (done == 0 || parse_u64(ret->done + 1, &unused) == 0);
}

/* ---- the entry that this system was started from */

/* What a name with a counter becomes: the counter goes when the entry is found good, is 0 when all tries are used up, and
 * stays as it was at the start until one of both is known. */
enum counter { COUNTER_AS_STARTED, COUNTER_USED_UP, COUNTER_GONE };

static void counted_name(const struct counted *c, enum counter counter, char *ret, size_t n)
{
	if (counter == COUNTER_GONE)
		(void)snprintf(ret, n, "%s%s", c->stem, c->suffix);
	else
		(void)snprintf(ret, n, "%s+%llu%s%s", c->stem,
			       counter == COUNTER_USED_UP ? 0 : (unsigned long long)c->left,
			       c->done, c->suffix);
}

/* Is the file there, in one of the places where partitions of boot loaders are mounted? */
static bool is_on_partition(const struct look *l, struct report *r, const struct counted *c,
			    enum counter counter)
{
	static const char *const places[] = { "/efi", "/boot/efi", "/boot" };
	char name[COUNTED_PATH_MAX + 64];

	counted_name(c, counter, name, sizeof(name));
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char path[COUNTED_PATH_MAX + 96];

		(void)snprintf(path, sizeof(path), "%s%s%s", places[i], name[0] == '/' ? "" : "/",
			       name);
		if (!look_there(l, r, path))
			continue;
		if (counter != COUNTER_GONE)
			evidencef(r, "%s is there", path);
		return true;
	}
	return false;
}

static void look_at_started(const struct look *l, struct report *r)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	_cleanup_free_ char *path = NULL;
	struct counted c;
	int code = look_efi(l, COUNT_PATH, &text);

	if (code >= 0)
		code = efi_ascii(text.b, &path);
	if (!seen(r, COUNT_PATH, code))
		return;
	for (char *p = path; *p; p++)
		if (*p == '\\')
			*p = '/';
	if (!counted_parse(path, &c))
		unseen(r, COUNT_PATH, -EBADMSG);
	else if (!is_on_partition(l, r, &c, COUNTER_AS_STARTED) &&
		 !is_on_partition(l, r, &c, COUNTER_USED_UP) &&
		 !is_on_partition(l, r, &c, COUNTER_GONE))
		unseen(r, path, -ENODATA); /* its partition is not mounted */
}

/* ---- the entry that is to be started */

static void look_at_next(const struct look *l, struct report *r)
{
	const char *source = l->entry ? l->entry->source : NULL;
	struct counted c;

	if (source && counted_parse(source, &c) && c.left > 0)
		evidencef(r, "%s: %llu tries left", source, (unsigned long long)c.left);
}

/* ---- GRUB */

static void look_at_grub(const struct look *l, struct report *r)
{
	for (size_t i = 0; grubenv_files[i]; i++) {
		_cleanup_free_ char *counter = NULL, *success = NULL;
		const char *path = grubenv_files[i];

		if (!seen(r, path, look_grubenv(l, path, "boot_counter=", &counter)))
			continue;
		(void)!seen(r, path, look_grubenv(l, path, "boot_success=", &success));
		if (!success || strcmp(success, "1") != 0)
			evidencef(r, "%s: boot_counter=%s boot_success=%s", path, counter,
				  success ? success : "");
	}
}

/* What another loader than the one that ran has lying about decides nothing. Before 2.12 GRUB does not say that it
 * ran, nor does it where there is no EFI. */
static bool may_be(const char *info, const char *loader)
{
	return !info || strncmp(info, loader, strlen(loader)) == 0;
}

enum preflight_status look_counting(const struct look *l, struct report *r)
{
	_cleanup_look_file_ struct look_file text = { 0 };
	_cleanup_free_ char *info = NULL;
	int code = look_efi(l, LOADER_INFO, &text);

	if (code >= 0)
		code = efi_ascii(text.b, &info);
	/* unreadable, so that any of them may have run */
	(void)!seen(r, LOADER_INFO, code);
	if (info && may_be(info, "systemd-boot")) {
		look_at_started(l, r);
		look_at_next(l, r);
	}
	if (may_be(info, "GRUB"))
		look_at_grub(l, r);
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	return found(r, "The boot loader counts how often this system is tried, and a fast reboot "
			"would be a try that it does not count.");
}
