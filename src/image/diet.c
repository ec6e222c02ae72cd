// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/diet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "image/cpio.h"
#include "image/modules.h"

enum { WORDS_MAX = 65536 };

/* ---- what is in it */

struct survey {
	struct bytes release; /* lib/modules/RELEASE; p NULL: none */
	struct module_files files;
	size_t n_modules;
	const char *why_not;
};

/* Archives name files "lib/…", "usr/lib/…", "./lib/…" or "/lib/…": the part below usr/. */
static struct bytes below_usr(struct bytes name)
{
	static const char *const starts[] = { ".", "/", "usr/" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		const size_t n = strlen(starts[i]);

		if (bytes_starts(name, starts[i]))
			name = (struct bytes){ name.p + n, name.n - n };
	}
	return name;
}

/* Splits "usr/lib/modules/6.1.0/kernel/…" into the release and the path below it. */
static bool in_modules(struct bytes name, struct bytes *ret_release, struct bytes *ret_path)
{
	static const char folder[] = "lib/modules/";
	const uint8_t *slash;

	name = below_usr(name);
	if (!bytes_starts(name, folder))
		return false;
	name = (struct bytes){ name.p + sizeof(folder) - 1, name.n - (sizeof(folder) - 1) };
	slash = name.n ? memchr(name.p, '/', name.n) : NULL;
	if (!slash)
		return false;
	*ret_release = (struct bytes){ name.p, (size_t)(slash - name.p) };
	*ret_path = (struct bytes){ slash + 1, name.n - ret_release->n - 1 };
	return true;
}

static bool is_file(const struct cpio_entry *entry)
{
	return S_ISREG(entry->mode);
}

static void take_file(struct survey *s, struct bytes path, struct bytes data)
{
	const struct {
		const char *name;
		struct bytes *to;
	} files[] = { { "modules.dep", &s->files.dep },
		      { "modules.alias", &s->files.alias },
		      { "modules.softdep", &s->files.softdep },
		      { "modules.weakdep", &s->files.weakdep } };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!bytes_is(path, files[i].name))
			continue;
		if (files[i].to->p)
			s->why_not = "it has the lists of modules twice";
		*files[i].to = data;
	}
}

static void survey_entry(struct survey *s, const struct cpio_entry *entry)
{
	struct bytes release, path;

	if (!is_file(entry) || !in_modules(entry->name, &release, &path))
		return;
	if (s->release.p && modalias_compare(s->release, release) != 0)
		s->why_not = "it has modules of several kernels";
	s->release = release;
	s->n_modules += module_name(path).n > 0;
	take_file(s, path, entry->data);
}

static struct survey survey(struct bytes row, const struct diet_facts *facts)
{
	struct survey s = { 0 };
	struct cpio_entry entry;
	size_t at = 0;

	while (cpio_next(row, &at, &entry))
		survey_entry(&s, &entry);
	if (s.why_not)
		return s;
	if (at + cpio_zeros((struct bytes){ row.p + at, row.n - at }) != row.n)
		s.why_not = "not all of it are cpio archives";
	else if (!s.n_modules)
		s.why_not = "there are no modules in it";
	else if (facts->release && !bytes_is(s.release, facts->release))
		s.why_not = "its modules are those of another kernel";
	else if (!s.files.dep.n || !s.files.alias.n)
		s.why_not = "modules.dep and modules.alias are not both in it";
	return s;
}

/* ---- which of them are needed */

static bool path_has(struct bytes path, const char *part)
{
	return path.p && memmem(path.p, path.n, part, strlen(part));
}

/* Modules that are kept in any case: programs load them by name, or a person needs them to
 * repair the system. */
static bool is_wanted_anyway(struct bytes name)
{
	static const char *const wanted[] = { "af_packet", "hid_generic", "ipv6",
					      "loop",	   "unix",	  "usbhid" };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (modalias_compare(name, (struct bytes){ (const uint8_t *)wanted[i],
							   strlen(wanted[i]) }) == 0)
			return true;
	return false;
}

/* Is it known who asks for modules of this directory? Drivers are asked for by devices, file
 * systems by mounts. Others (algorithms, character sets, built-in options) are asked for by the
 * next kernel in ways that cannot be foreseen, so they are kept. */
static bool is_of_known_kind(struct bytes path, const struct diet_facts *facts)
{
	if (bytes_starts(path, "kernel/drivers/md/"))
		return facts->same_root && !facts->has_stacks;
	if (bytes_starts(path, "kernel/fs/"))
		return facts->same_root && !bytes_starts(path, "kernel/fs/nls/");
	if (bytes_starts(path, "kernel/arch/"))
		return !path_has(path, "/crypto/") && !path_has(path, "/lib/");
	return bytes_starts(path, "kernel/drivers/") || bytes_starts(path, "kernel/net/") ||
	       bytes_starts(path, "kernel/sound/");
}

static void need_unknown_kinds(struct modules *modules, const struct diet_facts *facts)
{
	for (size_t i = 0; i < modules->n; i++) {
		struct module *m = &modules->v[i];

		if (!is_of_known_kind(m->path, facts) || is_wanted_anyway(m->name))
			m->is_needed = true;
	}
}

static void need_loaded(struct modules *modules, struct bytes proc_modules)
{
	struct lines lines = lines_of(proc_modules);
	struct bytes line;

	while (lines_next(&lines, &line))
		(void)modules_need(modules, bytes_word(&line));
}

struct words {
	struct bytes *v;
	size_t n, room;
};

static int words_add(struct words *words, struct bytes word)
{
	int r = words->n < WORDS_MAX ? array_room(&words->v, words->n, &words->room, sizeof(word))
				     : -E2BIG;

	if (r == 0)
		words->v[words->n++] = word;
	return r;
}

static bool is_of_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '-';
}

/* Marks every word of a text that is the name or alias of a module as needed, whatever it means
 * there. */
static int need_text(struct modules *modules, struct bytes text, struct words *words)
{
	int r = 0;

	while (r == 0 && text.n) {
		struct bytes word = { text.p, 0 };

		while (word.n < text.n && is_of_word(word.p[word.n]))
			word.n++;
		if (word.n && !modules_need(modules, word) && !modules_have(modules, word))
			r = words_add(words, word); /* an alias, perhaps */
		text.p += word.n + (word.n < text.n);
		text.n -= word.n + (word.n < text.n);
	}
	return r;
}

/* Is it a file of the initial ramdisk that configures modules? */
static bool is_configuration(struct bytes name)
{
	static const char *const places[] = {
		"conf/modules",	   "etc/modules",	  "etc/modprobe.d/",
		"lib/modprobe.d/", "lib/modules-load.d/",
	};

	name = below_usr(name);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (bytes_starts(name, places[i]))
			return true;
	return false;
}

static int by_alias(const void *a, const void *b)
{
	return modalias_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static int need_texts(struct modules *modules, struct bytes row, const struct diet_facts *facts,
		      struct words *words)
{
	struct cpio_entry entry;
	struct lines lines = lines_of(facts->aliases);
	struct bytes line;
	int r = need_text(modules, facts->words, words);

	for (size_t at = 0; r == 0 && cpio_next(row, &at, &entry);)
		if (is_file(&entry) && is_configuration(entry.name))
			r = need_text(modules, entry.data, words);
	while (r == 0 && lines_next(&lines, &line))
		r = words_add(words, line);
	return r;
}

static int find_needed(struct modules *modules, struct bytes row, const struct survey *s,
		       const struct diet_facts *facts)
{
	struct words words = { 0 };
	int r = modules_parse(s->files.dep, modules);

	if (r == 0)
		r = need_texts(modules, row, facts, &words);
	if (r == 0) {
		need_unknown_kinds(modules, facts);
		need_loaded(modules, facts->loaded);
		if (words.n)
			qsort(words.v, words.n, sizeof(*words.v), by_alias);
		modules_need_aliases(modules, s->files.alias, words.v, words.n);
		modules_need_deps(modules, &s->files);
	}
	free(words.v);
	return r;
}

/* ---- without the rest */

static bool is_left_out(const struct modules *modules, const struct cpio_entry *entry)
{
	struct bytes release, path, name;

	/* of files with several links only one entry has the data */
	if (!is_file(entry) || entry->n_links > 1 || !in_modules(entry->name, &release, &path))
		return false;
	name = module_name(path);
	return name.n && modules_have(modules, name) && !modules_is_needed(modules, name);
}

struct gaps {
	struct gap {
		size_t at, n;
	} * v;
	size_t n, room;
};

static int gaps_add(struct gaps *gaps, size_t at, size_t n)
{
	int r = array_room(&gaps->v, gaps->n, &gaps->room, sizeof(*gaps->v));

	if (r == 0)
		gaps->v[gaps->n++] = (struct gap){ at, n };
	return r;
}

static int find_gaps(struct bytes row, const struct modules *modules, struct gaps *ret)
{
	struct cpio_entry entry;
	int r = 0;

	for (size_t at = 0; r == 0 && cpio_next(row, &at, &entry);)
		if (is_left_out(modules, &entry))
			r = gaps_add(ret, at - entry.n, entry.n);
	return r;
}

/* Closes the gaps: entries are multiples of CPIO_ALIGN, so that everything stays aligned. */
static size_t close_gaps(uint8_t *row, size_t n, const struct gaps *gaps)
{
	size_t done = 0, from = 0;

	for (size_t i = 0; i <= gaps->n; i++) {
		const size_t to = i < gaps->n ? gaps->v[i].at : n;

		memmove(row + done, row + from, to - from);
		done += to - from;
		from = i < gaps->n ? to + gaps->v[i].n : n;
	}
	return done;
}

/* Decides about all entries before it moves any, since the lists that it decides by lie in the
 * same buffer. */
static int leave_out(uint8_t *row, size_t *n, const struct survey *s,
		     const struct diet_facts *facts, struct diet *what)
{
	_cleanup_modules_ struct modules modules = { 0 };
	const struct bytes in = { row, *n };
	struct gaps gaps = { 0 };
	int r = find_needed(&modules, in, s, facts);

	if (r == 0)
		r = find_gaps(in, &modules, &gaps);
	if (r == 0 && gaps.n) {
		*n = close_gaps(row, in.n, &gaps);
		what->n_left_out = gaps.n;
		what->left_out = in.n - *n;
	}
	free(gaps.v);
	return r;
}

int initrd_diet(uint8_t *row, size_t n, const struct diet_facts *facts, size_t *ret_n,
		struct diet *ret)
{
	struct survey s = survey((struct bytes){ row, n }, facts);
	struct diet what = { .n_modules = s.n_modules };
	int r = s.why_not ? 0 : leave_out(row, &n, &s, facts, &what);

	if (r == -E2BIG)
		s.why_not = "it has more modules, or words about them, than can be looked at";
	else if (r < 0)
		return r;
	if (!what.n_left_out)
		(void)snprintf(what.why_not, sizeof(what.why_not), "%s",
			       s.why_not ? s.why_not : "this machine may need all of its modules");
	*ret_n = n;
	*ret = what;
	return 0;
}
