// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lilo.conf, elilo.conf, yaboot.conf: words that hold for all entries, then a section for each. Source:
 * LILO 24, cfg.c and bsect.c; ELILO 3.16, config.c; yaboot 1.3.17, second/cfg.c and yaboot.c.
 */
#include "entry/lilo.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "entry/lilo-words.h"
#include "entry/path.h"
#include "entry/read.h"

/* LILO has room for 27 or fewer, the others for what memory holds. */
enum { ENTRIES_MAX = 1024 };

enum key {
	IMAGE,
	OTHER,
	LABEL,
	ALIAS,
	ROOT,
	APPEND,
	ADDAPPEND,
	LITERAL,
	INITRD,
	INITRD_SIZE,
	RAMDISK,
	READ_ONLY,
	READ_WRITE,
	NOVIDEO,
	DESCRIPTION,
	VMM,
	DEFAULT,
	MAP,
	PARTITION,
	N_KEYS,
};

static const char *const names[N_KEYS] = {
	[IMAGE] = "image",
	[OTHER] = "other",
	[LABEL] = "label",
	[ALIAS] = "alias",
	[ROOT] = "root",
	[APPEND] = "append",
	[ADDAPPEND] = "addappend",
	[LITERAL] = "literal",
	[INITRD] = "initrd",
	[INITRD_SIZE] = "initrd-size",
	[RAMDISK] = "ramdisk",
	[READ_ONLY] = "read-only",
	[READ_WRITE] = "read-write",
	[NOVIDEO] = "novideo",
	[DESCRIPTION] = "description",
	[VMM] = "vmm",
	[DEFAULT] = "default",
	[MAP] = "map",
	[PARTITION] = "partition",
};

/* Which names a loader knows: in front of the sections, in one of a kernel, and which of them stand
 * alone. In sections of other systems LILO has many more, of which none matters here. */
static const struct dialect {
	const char *loader;
	const char *global, *image, *alone;
} dialects[] = {
	[LILO_LILO] = {
		"lilo",
		"append backup bios-passes-dl bitmap bmp-colors bmp-retain bmp-table bmp-timer boot boot-as "
		"change-rules compact default delay disk disktab el-torito-bootable-cd fallback fix-table "
		"force-backup geometric ignore-table initrd install keytable large-memory lba32 linear loader "
		"lock mandatory map master-boot menu-scheme menu-title message nodevcache nokbdefault noraid "
		"nowarn optional password prompt raid-extra-boot ramdisk read-only read-write restricted root "
		"serial single-key static-bios-codes suppress-boot-time-bios-data timeout unattended verbose "
		"vga vmdefault "
		/* in what begins with disk= and change-rules */
		"bios cylinders heads inaccessible max-partitions sectors partition start reset type hidden "
		"normal",
		"addappend alias append bmp-retain bypass fallback initrd label literal lock mandatory "
		"nokbdisable optional password ramdisk range read-only read-write restricted root single-key "
		"vga vmdisable vmwarn",
		"activate automatic bmp-retain bypass change change-rules compact deactivate "
		"el-torito-bootable-cd fix-table geometric ignore-table inaccessible large-memory lba32 linear "
		"lock mandatory master-boot nodevcache nokbdisable noraid nowarn optional prompt read-only "
		"read-write reset restricted single-key static-bios-codes suppress-boot-time-bios-data "
		"unattended unsafe vmdisable vmwarn",
	},
	[LILO_ELILO] = {
		"elilo",
		"default timeout delay debug prompt verbose root read-only noedd30 append initrd vmm checkalt "
		"chooser message f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 legacy-free relocatable fpswa",
		"root read-only append literal initrd vmm label description text-mode relocatable",
		"debug prompt read-only noedd30 checkalt legacy-free relocatable text-mode",
	},
	/* yaboot passes over what it does not know */
	[LILO_YABOOT] = { "yaboot", NULL, NULL, "read-only read-write novideo" },
};

struct section {
	char *value[N_KEYS];
	unsigned line;
};

struct parser {
	struct lilo_conf conf;
	enum lilo_kind kind;
	const char *running_root;
	struct section global, own;
	bool in_section, is_skipped;
	struct strlist labels, aliases; /* one for each entry; "" for no alias */
};

static void section_done(struct section *s)
{
	for (size_t i = 0; i < N_KEYS; i++)
		free(s->value[i]);
	*s = (struct section){ 0 };
}

void lilo_conf_done(struct lilo_conf *conf)
{
	boot_menu_done(&conf->menu);
	free(conf->map);
	free(conf->partition);
	*conf = (struct lilo_conf){ 0 };
}

static void parser_done(struct parser *p)
{
	section_done(&p->global);
	section_done(&p->own);
	strlist_done(&p->labels);
	strlist_done(&p->aliases);
}

/* The section's own value, else the one that holds for all. */
static const char *get(const struct parser *p, enum key key)
{
	return p->own.value[key] ? p->own.value[key] : p->global.value[key];
}

/* LILO takes a number for a device in decimal or, behind 0x, hexadecimal digits, and passes it on in
 * hexadecimal ones; a file name as the number of the device, for which its name stands as well. */
static int add_root(const struct parser *p, struct strbuf *out)
{
	const char *root = get(p, ROOT);
	uint64_t number;

	if (root && p->kind == LILO_LILO && strcasecmp(root, "current") == 0)
		root = p->running_root;
	if (root && p->kind == LILO_LILO && parse_u64(root, &number) == 0)
		strbuf_addf(out, "%sroot=%lx", out->n ? " " : "", (unsigned long)number);
	else if (root)
		strbuf_addf(out, "%sroot=%s", out->n ? " " : "", root);
	return out->failed ? -ENOMEM : 0;
}

static void add_flags(const struct parser *p, struct strbuf *out)
{
	if (get(p, READ_ONLY))
		strbuf_add_word(out, "ro");
	if (get(p, READ_WRITE) && p->kind != LILO_ELILO)
		strbuf_add_word(out, "rw");
}

static void add_named(const struct parser *p, struct strbuf *out, enum key key, const char *name)
{
	if (get(p, key))
		strbuf_addf(out, "%s%s=%s", out->n ? " " : "", name, get(p, key));
}

static void add_append(const struct parser *p, struct strbuf *out)
{
	if (get(p, APPEND) && *get(p, APPEND))
		strbuf_add_word(out, get(p, APPEND));
}

static int lilo_cmdline(const struct parser *p, struct strbuf *out)
{
	int r;

	add_flags(p, out);
	r = add_root(p, out);
	add_named(p, out, RAMDISK, "ramdisk");
	add_append(p, out);
	if (p->own.value[ADDAPPEND])
		strbuf_add_word(out, p->own.value[ADDAPPEND]);
	return r;
}

static int elilo_cmdline(const struct parser *p, struct strbuf *out)
{
	int r = add_root(p, out);

	add_append(p, out);
	add_flags(p, out);
	return r;
}

static int yaboot_cmdline(const struct parser *p, struct strbuf *out)
{
	int r = add_root(p, out);

	add_flags(p, out);
	add_named(p, out, RAMDISK, "ramdisk");
	add_named(p, out, INITRD_SIZE, "ramdisk_size");
	if (get(p, NOVIDEO))
		strbuf_add_word(out, "video=ofonly");
	add_append(p, out);
	return r;
}

static int cmdline(const struct parser *p, char **ret)
{
	static int (*const rules[])(const struct parser *p, struct strbuf *out) = {
		[LILO_LILO] = lilo_cmdline,
		[LILO_ELILO] = elilo_cmdline,
		[LILO_YABOOT] = yaboot_cmdline,
	};
	const char *literal = p->kind == LILO_YABOOT ? get(p, LITERAL) : p->own.value[LITERAL];
	_cleanup_strbuf_ struct strbuf out = { 0 };
	int r = 0;

	if (literal)
		strbuf_add(&out, literal);
	else
		r = rules[p->kind](p, &out);
	return r < 0 ? r : strbuf_take(&out, ret);
}

/* What cannot be reproduced makes the entry one that is not started. */
static int warn_entry(const struct parser *p, struct boot_entry *e)
{
	const char *root = get(p, ROOT);

	if (e->type == ENTRY_LINUX && get(p, VMM)) {
		e->type = ENTRY_OTHER;
		e->bootable = false;
		return entry_warn(e, "vmm=%s is started, with the kernel as its guest",
				  get(p, VMM));
	}
	if (p->kind == LILO_LILO && !p->own.value[LITERAL] && root &&
	    strcasecmp(root, "current") == 0) {
		e->bootable = e->bootable && p->running_root;
		return entry_warn(e, "root=current is what was the root when lilo ran; %s",
				  p->running_root ? "it is taken to be that of this system"
						  : "it is not known");
	}
	return 0;
}

static const char *image_of(const struct parser *p)
{
	return p->own.value[IMAGE] ? p->own.value[IMAGE] : p->own.value[OTHER];
}

static const char *label_of(const struct parser *p)
{
	return p->own.value[LABEL] ? p->own.value[LABEL] : path_basename(image_of(p));
}

static int fill(const struct parser *p, struct boot_entry *e)
{
	const char *image = image_of(p), *label = label_of(p);
	const char *title = p->own.value[DESCRIPTION] ? p->own.value[DESCRIPTION] : label;
	bool is_kernel = p->own.value[IMAGE] != NULL;
	int r = replace(&e->id, label);

	e->type = is_kernel ? ENTRY_LINUX : ENTRY_CHAINLOAD;
	e->bootable = is_kernel;
	e->source = (struct entry_source){ .kind = dialects[p->kind].loader, .line = p->own.line };
	if (r == 0)
		r = replace(&e->title, title);
	if (r == 0)
		r = strlist_add(&e->path, title);
	if (r == 0 && is_kernel)
		r = replace(&e->kernel, image);
	if (r == 0 && is_kernel)
		r = cmdline(p, &e->cmdline);
	if (r == 0 && is_kernel && get(p, INITRD) && *get(p, INITRD))
		r = strlist_add(&e->initrds, get(p, INITRD));
	return r < 0 ? r : warn_entry(p, e);
}

static int add_names(struct parser *p, const char *label)
{
	int r = strlist_add(&p->labels, label);

	return r < 0 ? r : strlist_add(&p->aliases, p->own.value[ALIAS] ? p->own.value[ALIAS] : "");
}

static bool is_same_name(const struct parser *p, const char *a, const char *b)
{
	return p->kind == LILO_LILO ? strcasecmp(a, b) == 0 : strcmp(a, b) == 0;
}

static bool is_taken(const struct parser *p)
{
	for (size_t i = 0; i < p->labels.n; i++)
		if (is_same_name(p, p->labels.v[i], label_of(p)))
			return true;
	return false;
}

static int end_section(struct parser *p, struct kx_error *err)
{
	struct boot_entry e = { 0 };
	int r;

	if (!p->in_section || p->is_skipped)
		return 0;
	if (p->kind == LILO_ELILO && !p->own.value[LABEL])
		return kx_fail(
			err, -EINVAL,
			"line %u: an image without a label: the boot loader refuses the file",
			p->own.line);
	if (p->kind != LILO_YABOOT && is_taken(p))
		return kx_fail(err, -EINVAL, "line %u: a label comes twice: %s refuses the file",
			       p->own.line, dialects[p->kind].loader);
	if (p->conf.menu.n_entries >= ENTRIES_MAX)
		return kx_fail(err, -E2BIG, "more than %d entries", ENTRIES_MAX);
	r = fill(p, &e);
	if (r == 0)
		r = add_names(p, e.id);
	if (r == 0)
		r = boot_menu_add(&p->conf.menu, &e);
	if (r < 0)
		boot_entry_done(&e);
	return r;
}

/* yaboot: "image[32bit]" and "image[64bit]" count where the kernel has as many. */
static bool is_image(const struct parser *p, const char *name, bool *ret_skipped)
{
	*ret_skipped = p->kind == LILO_YABOOT && strcmp(name, "image[32bit]") == 0;
	return strcmp(name, "image") == 0 || (p->kind == LILO_LILO && strcmp(name, "other") == 0) ||
	       *ret_skipped || (p->kind == LILO_YABOOT && strcmp(name, "image[64bit]") == 0);
}

static int begin(struct parser *p, const char *name, unsigned line, struct kx_error *err)
{
	bool is_skipped;
	int r;

	if (!is_image(p, name, &is_skipped))
		return 0;
	r = end_section(p, err);
	section_done(&p->own);
	p->own.line = line;
	p->in_section = true;
	p->is_skipped = is_skipped;
	return r;
}

static bool is_known(const struct parser *p, const char *name)
{
	const struct dialect *d = &dialects[p->kind];

	if (!d->global || (p->in_section && p->own.value[OTHER]))
		return true;
	return strcmp(name, "image") == 0 || (p->kind == LILO_LILO && strcmp(name, "other") == 0) ||
	       has_word(p->in_section ? d->image : d->global, name);
}

static int check_word(const struct parser *p, const char *name, const char *value, unsigned line,
		      struct kx_error *err)
{
	const struct dialect *d = &dialects[p->kind];
	bool is_alone = has_word(d->alone, name);

	if (!is_known(p, name))
		return kx_fail(err, -EINVAL,
			       "line %u: %s does not know \"%s\" %s, and refuses the file", line,
			       d->loader, name, p->in_section ? "in a section" : "here");
	if (p->kind != LILO_YABOOT && is_alone == (value != NULL) && is_known(p, name) &&
	    !(p->in_section && p->own.value[OTHER]))
		return kx_fail(err, -EINVAL, "line %u: \"%s\" %s: %s refuses the file", line, name,
			       is_alone ? "has no value" : "needs a value", d->loader);
	return 0;
}

/* A name that comes twice: LILO and ELILO refuse it, yaboot takes the last. */
static int set(struct parser *p, const char *name, char *value, unsigned line, struct kx_error *err)
{
	struct section *s = p->in_section ? &p->own : &p->global;
	enum key key = 0;

	while (key < N_KEYS && strcmp(name, names[key]) != 0)
		key++;
	/* in the section of another system and of a disk LILO's "partition" has nothing to do with files */
	if (key == N_KEYS || (key == PARTITION && p->kind != LILO_YABOOT)) {
		free(value);
		return 0;
	}
	if (s->value[key] && p->kind != LILO_YABOOT) {
		free(value);
		return kx_fail(err, -EINVAL, "line %u: \"%s\" comes twice: %s refuses the file",
			       line, name, dialects[p->kind].loader);
	}
	free(s->value[key]);
	s->value[key] = value ? value : strdup("");
	return s->value[key] ? 0 : -ENOMEM;
}

/* ELILO's names are in small letters; the others' in any. */
static void fold(const struct parser *p, char *name)
{
	for (char *c = name; p->kind != LILO_ELILO && *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

static int take(struct parser *p, char *name, char *value, unsigned line, struct kx_error *err)
{
	_cleanup_free_ char *own = value;
	int r;

	fold(p, name);
	if (strncmp(name, "image[", 6) == 0 && p->kind == LILO_YABOOT) {
		r = begin(p, name, line, err);
		name[5] = 0;
	} else {
		r = begin(p, name, line, err);
	}
	if (r == 0)
		r = check_word(p, name, value, line, err);
	return r < 0 ? r : set(p, name, TAKE_PTR(own), line, err);
}

/* default= names a label or an alias, and LILO and ELILO refuse one that is none. */
static int choose(struct parser *p, struct kx_error *err)
{
	struct boot_menu *menu = &p->conf.menu;
	const char *wanted = p->global.value[DEFAULT];
	size_t i = 0;

	while (wanted && i < menu->n_entries && !is_same_name(p, wanted, p->labels.v[i]) &&
	       !is_same_name(p, wanted, p->aliases.v[i]))
		i++;
	if (i == menu->n_entries && wanted && p->kind != LILO_YABOOT)
		return kx_fail(err, -EINVAL,
			       "default=%s names no entry: the boot loader refuses the file",
			       wanted);
	menu_set_default(menu, i);
	if (i == menu->n_entries && wanted &&
	    menu_warn(menu, "default=%s names no entry: there is no default", wanted) < 0)
		return -ENOMEM;
	return format(&menu->default_reason, "%s.conf: %s%s\n", dialects[p->kind].loader,
		      wanted ? "default=" : "no default, so the first entry", wanted ? wanted : "");
}

static int parse(struct parser *p, struct lilo_words *w, struct kx_error *err)
{
	int r = 1;

	while (r == 1) {
		_cleanup_free_ char *name = NULL;
		char *value = NULL;
		int t;

		r = lilo_words_next(w, &name, &value, err);
		t = r == 1 ? take(p, name, value, w->line, err) : 0;
		r = t < 0 ? t : r;
	}
	if (r == 0)
		r = end_section(p, err);
	if (r == 0 && p->conf.menu.n_entries == 0)
		r = kx_fail(err, -EINVAL, "there is no image= in it");
	p->conf.map = TAKE_PTR(p->global.value[MAP]);
	p->conf.partition = TAKE_PTR(p->global.value[PARTITION]);
	return r < 0 ? r : choose(p, err);
}

int lilo_parse(struct bytes file, enum lilo_kind kind, const char *running_root,
	       struct lilo_conf *ret, struct kx_error *err)
{
	_cleanup_lilo_words_ struct lilo_words w = lilo_words_of(file, kind);
	struct parser p = { .kind = kind,
			    .running_root = running_root,
			    .conf.menu.loader = dialects[kind].loader };
	int r = parse(&p, &w, err);

	parser_done(&p);
	if (r < 0)
		lilo_conf_done(&p.conf);
	else
		*ret = p.conf;
	return r;
}
