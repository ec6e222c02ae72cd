// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * blscfg: Boot Loader Specification files to menu entries whose bodies are GRUB script. Red Hat's
 * command (commands/blscfg.c of rhboot/grub2) and that of GRUB 2.14 (commands/blsuki.c), which also
 * has `uki`.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/bls-version.h"
#include "entry/grub/commands.h"

struct bls {
	char *id;   /* file name without its suffix */
	char *file; /* GRUB's name of the file */
	char *title, *linux_, *efi, *options, *devicetree, *users;
	struct strlist initrds, args;
};

struct bls_list {
	struct bls *v;
	size_t n;
};

static void bls_done(struct bls *e)
{
	free(e->id);
	free(e->file);
	free(e->title);
	free(e->linux_);
	free(e->efi);
	free(e->options);
	free(e->devicetree);
	free(e->users);
	strlist_done(&e->initrds);
	strlist_done(&e->args);
}

static void bls_list_done(struct bls_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		bls_done(&list->v[i]);
	free(list->v);
	*list = (struct bls_list){ 0 };
}

static void set_once(struct interp *in, char **slot, const char *value)
{
	if (*slot)
		return;
	*slot = strdup(value);
	if (!*slot)
		(void)out_of_memory(in);
}

static void bls_key(struct interp *in, struct bls *e, const char *key, const char *value)
{
	if (!strcmp(key, "title"))
		set_once(in, &e->title, value);
	else if (!strcmp(key, "linux"))
		set_once(in, &e->linux_, value);
	else if (!strcmp(key, "efi") && in->req->flavour == GRUB_RH)
		set_once(in, &e->efi, value); /* since the packages of Fedora 45 */
	else if (!strcmp(key, "options"))
		set_once(in, &e->options, value);
	else if (!strcmp(key, "devicetree"))
		set_once(in, &e->devicetree, value);
	else if (!strcmp(key, "grub_users"))
		set_once(in, &e->users, value);
	else if (!strcmp(key, "initrd"))
		interp_add(in, &e->initrds, value);
	else if (!strcmp(key, "grub_arg"))
		interp_add(in, &e->args, value);
}

/* One line; false when it ends the file, as a line without a value does. */
static bool bls_line(struct interp *in, struct bls *e, char *line)
{
	bool rh = in->req->flavour == GRUB_RH;
	char *blank;

	line += strspn(line, " \t");
	if (*line == '#')
		return true;
	blank = rh ? strchr(line, ' ') : strpbrk(line, " \t");
	if (!blank)
		blank = strchr(line, '\t');
	if (!blank || !blank[1])
		return false;
	*blank++ = 0;
	bls_key(in, e, line, blank + strspn(blank, " \t"));
	return true;
}

/* GRUB's reader of lines leaves carriage returns out wherever they are. */
static void drop_returns(char *text)
{
	char *out = text;

	for (; *text; text++)
		if (*text != '\r')
			*out++ = *text;
	*out = 0;
}

static void bls_parse(struct interp *in, struct bls *e, char *text)
{
	drop_returns(text);
	while (*text && running(in)) {
		char *end = text + strcspn(text, "\n"), *next = *end ? end + 1 : end;

		*end = 0;
		if (!bls_line(in, e, text))
			return;
		text = next;
	}
}

static bool is_conf(const struct interp *in, const char *name)
{
	size_t n = strlen(name);

	if (n < 5 || strcmp(name + n - 5, ".conf") != 0)
		return false;
	return in->req->flavour != GRUB_RH || (n > 5 && name[0] != '.');
}

/* Reads one file and adds it when it names a kernel. Red Hat's also counts others when $default is a number. */
static void bls_read(struct interp *in, const char *file, struct bls_list *list)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	_cleanup_free_ uint8_t *bytes = NULL;
	_cleanup_free_ char *text = NULL;
	struct bls e = { 0 }, *bigger;
	size_t n;

	if (file_read(in, file, &bytes, &n))
		return;
	text = strndup((const char *)bytes, n);
	e.id = strndup(name, strlen(name) - 5);
	e.file = file_full_name(in, file);
	if (text && e.id && e.file)
		bls_parse(in, &e, text);
	bigger = reallocarray(list->v, list->n + 1, sizeof(*bigger));
	if (bigger)
		list->v = bigger;
	if (!text || !e.id || !e.file || !bigger)
		(void)out_of_memory(in);
	if (!running(in) || (in->req->flavour != GRUB_RH && !e.linux_ && !e.efi)) {
		bls_done(&e);
		return;
	}
	bigger[list->n++] = e;
}

static void bls_read_in(struct interp *in, const char *directory, const char *name,
			struct bls_list *list)
{
	struct strbuf file = { 0 };
	_cleanup_free_ char *full = NULL;

	strbuf_addf(&file, "%s/%s", directory, name);
	full = take_text(in, &file);
	if (full && is_conf(in, name))
		bls_read(in, full, list);
}

/* All files of @directory; false when it cannot be read. */
static bool bls_scan(struct interp *in, const char *directory, struct bls_list *list)
{
	_cleanup_free_ char *device = NULL, *path = NULL, *place = NULL;
	struct strlist names = { 0 };
	struct strbuf where = { 0 };

	if (file_parse(in, directory, &device, &path))
		return false;
	if (in->fs->list(in->fs, fs_device(in, device), path, &names) < 0)
		return false;
	strbuf_addf(&where, "(%s)%s", device, path);
	place = take_text(in, &where);
	for (size_t i = 0; place && i < names.n && running(in); i++)
		bls_read_in(in, place, names.v[i], list);
	strlist_done(&names);
	return true;
}

static int descending_rpm(const void *a, const void *b)
{
	return bls_compare_rpm_total(((const struct bls *)b)->id, ((const struct bls *)a)->id);
}

static int descending_files(const void *a, const void *b)
{
	return bls_compare_filevercmp(((const struct bls *)b)->id, ((const struct bls *)a)->id);
}

/*
 * Names that compare equal ("1" and "01"): Red Hat's adds only the one that its reader of the file system
 * comes to first, which cannot be told here; 2.14 gives up and adds no entry at all.
 */
static void bls_sort(struct interp *in, struct bls_list *list)
{
	bool rh = in->req->flavour == GRUB_RH;
	int (*compare)(const char *, const char *) = rh ? bls_compare_rpm : bls_compare_filevercmp;
	size_t kept = 0;

	if (!list->n)
		return;
	qsort(list->v, list->n, sizeof(*list->v), rh ? descending_rpm : descending_files);
	for (size_t i = 0; i < list->n; i++) {
		bool again = kept && !compare(list->v[kept - 1].id, list->v[i].id);

		if (again && !rh) {
			(void)complain(in, 0, "blscfg: duplicate file %s.conf: no entry is added",
				       list->v[i].id);
			bls_list_done(list);
			return;
		}
		if (again) {
			(void)complain(
				in, 0,
				"blscfg: %s.conf and %s.conf have equal versions: GRUB shows only "
				"one of them, and it is not known here which",
				list->v[kept - 1].id, list->v[i].id);
			bls_done(&list->v[i]);
		} else {
			list->v[kept++] = list->v[i];
		}
	}
	list->n = kept;
}

static char *expand_options(struct interp *in, const struct bls *e)
{
	char *options = bls_expand(in, e->options);

	if (!options && in->req->flavour == GRUB_RH && running(in))
		options = bls_expand(in, env_get_or(in, "default_kernelopts", ""));
	return options;
}

/* "/dir" of "/dir/file" */
static size_t directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

static void add_early_initrds(struct interp *in, const struct bls *e, struct strbuf *out)
{
	const char *early = env_get(in, "early_initrd");
	const char *beside = e->initrds.n ? e->initrds.v[0] : e->linux_;

	/* Each blank ends a word: two of them have an empty one between them. */
	while (early) {
		size_t n = strcspn(early, " ");

		strbuf_add(out, " ($root)");
		strbuf_add_n(out, beside, directory_length(beside));
		strbuf_add(out, "/");
		strbuf_add_n(out, early, n);
		early = early[n] ? early + n + 1 : NULL;
	}
}

static void add_devicetree(struct interp *in, const struct bls *e, const char *root,
			   struct strbuf *out)
{
	_cleanup_free_ char *own = bls_expand(in, e->devicetree);
	bool is_common = !own && in->req->flavour == GRUB_RH;
	_cleanup_free_ char *other = bls_expand(in, is_common ? env_get(in, "devicetree") : NULL);

	if (own) {
		strbuf_addf(out, "devicetree %s%s\n", root, own);
	} else if (other) {
		strbuf_addf(out, "devicetree %s", root);
		strbuf_add_n(out, e->linux_, directory_length(e->linux_));
		strbuf_addf(out, "/%s\n", other);
	}
}

/* The script that GRUB makes of an entry. */
static char *bls_body(struct interp *in, const struct bls *e)
{
	bool rh = in->req->flavour == GRUB_RH;
	const char *root = rh ? "($root)" : "";
	_cleanup_free_ char *expanded = expand_options(in, e);
	struct strbuf out = { 0 }, initrds = { 0 };

	if (env_is(in, rh ? "save_default" : "blsuki_save_default", "true"))
		strbuf_add(&out, "savedefault\n");
	if (!e->linux_) {
		strbuf_addf(&out, "chainloader %s%s %s\n", root, e->efi, expanded ? expanded : "");
		return take_text(in, &out);
	}
	strbuf_add(&out, "load_video\nset gfxpayload=keep\ninsmod gzio\n");
	strbuf_addf(&out, "linux %s%s %s\n", root, e->linux_, expanded ? expanded : "");
	if (rh)
		add_early_initrds(in, e, &initrds);
	for (size_t i = 0; i < e->initrds.n; i++)
		strbuf_addf(&initrds, " %s%s", root, e->initrds.v[i]);
	if (initrds.n)
		strbuf_addf(&out, "initrd%s\n", initrds.s);
	out.failed |= initrds.failed;
	strbuf_done(&initrds);
	add_devicetree(in, e, root, &out);
	return take_text(in, &out);
}

static int bls_add(struct interp *in, const struct bls *e)
{
	struct menu_entry entry = { .kind = "bls", .line = 0, .body_line = 1 };
	const char *title = e->title ? e->title : e->linux_ ? e->linux_ : e->efi;
	int status = GRUB_OK;

	entry.is_restricted = e->users && env_get(in, "superusers");
	entry.title = strdup(title);
	entry.id = strdup(e->id);
	entry.file = strdup(e->file);
	entry.body = bls_body(in, e);
	interp_add(in, &entry.args, title);
	for (size_t i = 0; i < e->args.n; i++)
		interp_add(in, &entry.args, e->args.v[i]);
	if (!entry.title || !entry.id || !entry.file || !entry.body)
		(void)out_of_memory(in);
	else
		status = menu_add(in, &entry);
	menu_entry_done(&entry);
	return status;
}

/* Whether $default means this entry: by id (2.14: file name), title or index among all of them. */
static bool is_default(struct interp *in, const struct bls *e, size_t index)
{
	const char *value = env_get_or(in, "default", ""), *end;
	size_t n = strlen(e->id);
	unsigned long long number;

	if (!strncmp(value, e->id, n) &&
	    !strcmp(value + n, in->req->flavour == GRUB_RH ? "" : ".conf"))
		return true;
	if (e->title && !strcmp(value, e->title))
		return true;
	/* Red Hat's looks at the number in front of whatever follows. */
	return number_parse(value, 0, &number, &end) == NUMBER_OK &&
	       (!*end || in->req->flavour == GRUB_RH) && number == index;
}

/* Red Hat's remembers what it has read: an entry is put into a menu once. */
static bool is_shown(const struct interp *in, const char *id)
{
	for (size_t i = 0; i < in->bls_shown.n; i++)
		if (!bls_compare_rpm(in->bls_shown.v[i], id))
			return true;
	return false;
}

enum selection { SELECT_ALL, SELECT_DEFAULT, SELECT_OTHERS };

static void bls_add_all(struct interp *in, struct bls_list *list, enum selection selection,
			const char *id)
{
	for (size_t i = 0; i < list->n && running(in); i++) {
		const struct bls *e = &list->v[i];

		if (id && strcmp(id, e->id) != 0)
			continue;
		if (selection != SELECT_ALL &&
		    is_default(in, e, i) != (selection == SELECT_DEFAULT))
			continue;
		if ((!e->linux_ && !e->efi) || is_shown(in, e->id))
			continue;
		if (bls_add(in, e) == GRUB_OK && in->req->flavour == GRUB_RH)
			interp_add(in, &in->bls_shown, e->id);
	}
}

static int blscfg_rh(struct interp *in, struct call *call)
{
	const char *arg = call->n ? call->args[0] : NULL, *id = NULL;
	const char *directory = env_get_or(in, "blsdir", "/loader/entries");
	enum selection selection = SELECT_ALL;
	struct bls_list list = { 0 };

	if (arg && !strcmp(arg, "default"))
		selection = SELECT_DEFAULT;
	else if (arg && !strcmp(arg, "non-default"))
		selection = SELECT_OTHERS;
	else if (arg && *arg == '(')
		directory = arg;
	else
		id = arg;
	if (arg == directory && is_conf(in, arg))
		bls_read(in, arg, &list);
	else if (!bls_scan(in, directory, &list) && !bls_scan(in, "/boot/loader/entries", &list))
		(void)complain(in, 0, "blscfg: cannot read %s", directory);
	bls_sort(in, &list);
	bls_add_all(in, &list, selection, id);
	bls_list_done(&list);
	return GRUB_OK;
}

enum { BLS_PATH, BLS_FALLBACK, BLS_DEFAULT, BLS_OTHERS, BLS_ENTRY };

static const struct option table[] = {
	{ "path", 'p', OPTION_VALUE },	      { "enable-fallback", 'f', OPTION_FLAG },
	{ "show-default", 'd', OPTION_FLAG }, { "show-non-default", 'n', OPTION_FLAG },
	{ "entry", 'e', OPTION_VALUE },	      { NULL },
};

static void blscfg_upstream(struct interp *in, const struct options *o)
{
	const char *directory =
		o->values[BLS_PATH].n ? o->values[BLS_PATH].v[0] : "/loader/entries";
	bool one = o->set[BLS_DEFAULT] != o->set[BLS_OTHERS];
	struct bls_list list = { 0 };

	if (o->values[BLS_ENTRY].n)
		bls_read_in(in, directory, o->values[BLS_ENTRY].v[0], &list);
	else
		(void)bls_scan(in, directory, &list);
	if (!list.n && o->set[BLS_FALLBACK])
		(void)bls_scan(in, "/loader/entries", &list);
	if (!list.n)
		(void)complain(in, 0, "blscfg: no entries in %s", directory);
	bls_sort(in, &list);
	bls_add_all(in, &list,
		    !one		  ? SELECT_ALL
		    : o->set[BLS_DEFAULT] ? SELECT_DEFAULT
					  : SELECT_OTHERS,
		    NULL);
	bls_list_done(&list);
}

int cmd_blscfg(struct interp *in, struct call *call)
{
	struct options o;
	int r;

	if (in->req->flavour == GRUB_RH)
		return blscfg_rh(in, call);
	r = options_parse(in, call, table, 0, &o);
	if (r == OPTIONS_OK && o.rest.n)
		r = OPTIONS_BAD;
	if (r == OPTIONS_OK)
		blscfg_upstream(in, &o);
	options_done(&o);
	return r == OPTIONS_BAD ? GRUB_BAD_ARGUMENT : GRUB_OK;
}

static int descending_names(const void *a, const void *b)
{
	return bls_compare_filevercmp(*(char *const *)b, *(char *const *)a);
}

/* One image: its title would be in the image, which is not looked into here. */
static void uki_add(struct interp *in, const char *device, const char *directory, const char *name)
{
	struct menu_entry entry = { .kind = "uki", .body_line = 1 };
	struct strbuf body = { 0 }, file = { 0 };

	strbuf_addf(&file, "(%s)%s/%s", device, directory, name);
	entry.file = take_text(in, &file);
	strbuf_addf(&body, "chainloader '%s'\n", entry.file ? entry.file : "");
	entry.body = take_text(in, &body);
	entry.title = strdup(name);
	entry.id = strdup(name);
	interp_add(in, &entry.args, name);
	if (!entry.title || !entry.id)
		(void)out_of_memory(in);
	else if (running(in))
		(void)menu_add(in, &entry);
	menu_entry_done(&entry);
}

int cmd_blsuki(struct interp *in, struct call *call)
{
	_cleanup_free_ char *device = NULL, *path = NULL;
	struct strlist names = { 0 };
	const char *directory;
	struct options o;
	int r = options_parse(in, call, table, 0, &o);

	directory = o.values[BLS_PATH].n ? o.values[BLS_PATH].v[0] : "/EFI/Linux";
	if (r == OPTIONS_OK && file_parse(in, directory, &device, &path) == GRUB_OK &&
	    in->fs->list(in->fs, fs_device(in, device), path, &names) < 0)
		(void)complain(in, 0, "uki: cannot read %s", directory);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), descending_names);
	for (size_t i = 0; i < names.n && running(in); i++) {
		size_t n = strlen(names.v[i]);

		if (n > 4 && !strcasecmp(names.v[i] + n - 4, ".efi"))
			uki_add(in, device, path, names.v[i]);
	}
	strlist_done(&names);
	options_done(&o);
	return r == OPTIONS_BAD ? GRUB_BAD_ARGUMENT : GRUB_OK;
}
