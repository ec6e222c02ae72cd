// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * LILO, ELILO and yaboot on this system: where their files are. LILO's paths are those of the system
 * that ran it; ELILO's are on the partition that it was started from, and yaboot's on the one that
 * "partition=" numbers. Sources: lilo.conf(5); ELILO, docs/elilo.txt; yaboot.conf(5).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/error.h"
#include "base/lines.h"
#include "base/open.h"
#include "entry/lilo.h"
#include "entry/path.h"
#include "entry/read.h"

static int resolve_lilo(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	(void)fs;
	(void)config;
	return path_join(NULL, raw, ret);
}

/* ELILO: slashes of either kind; a relative path is in the directory of the configuration. */
static int resolve_elilo(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	_cleanup_free_ char *dir = NULL, *ignored = NULL, *plain = NULL;
	int r = replace(&plain, raw);

	for (char *c = plain; r == 0 && *c; c++)
		if (*c == '\\')
			*c = '/';
	if (r < 0)
		return r;
	if (plain[0] == '(')
		return -ENODEV; /* "(NAME:)": another partition, by ELILO's own number */
	if (plain[0] == '/') {
		r = fs->set_home(fs, config, &ignored);
		return r < 0 ? r : fs->to_system(fs, NULL, plain, ret);
	}
	r = path_parent(config, &dir);
	return r < 0 ? r : path_join(dir, plain, ret);
}

/* yaboot: "DEVICE:PARTITION,PATH" is not known here. Which partition a path is on is told by where the
 * file is: that of the root, or one that is mounted on /boot. */
static int resolve_yaboot(struct entry_fs *fs, const char *config, const char *raw, char **ret)
{
	_cleanup_free_ char *top = NULL, *boot = NULL;
	const char *colon = strchr(raw, ':');
	int r = colon ? -ENODEV : path_join(NULL, raw, &top);

	(void)config;
	if (r == 0)
		r = path_join("/boot", raw, &boot);
	if (r < 0)
		return r;
	*ret = !is_file(fs, top) && is_file(fs, boot) ? TAKE_PTR(boot) : TAKE_PTR(top);
	return 0;
}

static int running_root(const struct boot_find_opts *opts, char **ret)
{
	const char *rest = opts->running_cmdline ? opts->running_cmdline : "";
	struct cmdline_word word;
	char *root = NULL;

	while (cmdline_next(&rest, &word))
		if (cmdline_key_is(&word, "root") && word.value.p &&
		    bytes_set(&root, word.value) < 0) {
			free(root);
			return -ENOMEM;
		}
	*ret = root;
	return 0;
}

/* What LILO starts is what it wrote into its map when it was run last, and "lilo -R" may have put
 * another entry in front of the default there. */
static int judge_lilo(struct entry_fs *fs, const struct lilo_conf *conf, struct boot_menu *menu)
{
	const char *map = conf->map ? conf->map : "/boot/map";

	if (!is_file(fs, map)) {
		menu_set_default(menu, menu->n_entries);
		return format(&menu->guess,
			      "%s, which lilo writes when it is run, is not here: it is not known "
			      "whether LILO starts this system, so there is no default",
			      map);
	}
	return menu_warn(menu, "what starts is what lilo wrote when it ran last: run it after each "
			       "change; an entry ordered with lilo -R is not seen here");
}

static int judge_yaboot(const struct lilo_conf *conf, struct boot_menu *menu)
{
	return conf->partition
		       ? menu_warn(menu,
				   "partition=%s is taken to be the one that is mounted on / "
				   "or /boot",
				   conf->partition)
		       : 0;
}

static int read_kind(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		     enum lilo_kind kind, struct boot_menu *ret, struct kx_error *err)
{
	static int (*const resolvers[])(struct entry_fs * fs, const char *config, const char *raw,
					char **ret) = {
		[LILO_LILO] = resolve_lilo,
		[LILO_ELILO] = resolve_elilo,
		[LILO_YABOOT] = resolve_yaboot,
	};
	_cleanup_text_ struct text text = { 0 };
	_cleanup_free_ char *root = NULL;
	struct lilo_conf conf = { 0 };
	int r = read_text(fs, config, &text);

	if (r < 0)
		return kx_fail_path(err, r, config);
	r = running_root(opts, &root);
	if (r == 0)
		r = lilo_parse(text.bytes, kind, root, &conf, err);
	if (r == -EINVAL || r == -E2BIG)
		return kx_fail_file(err, kx_fail_in(err, r, "%s", config), config);
	if (r == 0)
		r = menu_resolve(fs, &conf.menu, config, resolvers[kind]);
	if (r == 0 && kind == LILO_LILO)
		r = judge_lilo(fs, &conf, &conf.menu);
	if (r == 0 && kind == LILO_YABOOT)
		r = judge_yaboot(&conf, &conf.menu);
	if (r == 0) {
		*ret = conf.menu;
		conf.menu = (struct boot_menu){ 0 };
	}
	lilo_conf_done(&conf);
	return r < 0 ? kx_fail_path(err, r, config) : 0;
}

int lilo_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
	      struct boot_menu *ret, struct kx_error *err)
{
	return read_kind(fs, opts, config, LILO_LILO, ret, err);
}

int elilo_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
	       struct boot_menu *ret, struct kx_error *err)
{
	return read_kind(fs, opts, config, LILO_ELILO, ret, err);
}

int yaboot_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		struct boot_menu *ret, struct kx_error *err)
{
	return read_kind(fs, opts, config, LILO_YABOOT, ret, err);
}
