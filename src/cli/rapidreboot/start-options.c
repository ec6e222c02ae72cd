// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "cli/rapidreboot/start.h"

enum option_key {
	KEY_ROOT = 256,
	KEY_CONFIG,
	KEY_KERNEL,
	KEY_INITRD,
	KEY_CMDLINE,
	KEY_REUSE,
	KEY_APPEND,
	KEY_FILE_CALL,
	KEY_OLD_CALL,
	KEY_SAFE,
	KEY_DIET,
	KEY_NO_WALL,
	KEY_MESSAGE,
	KEY_IGNORE,
	KEY_FORCE,
	KEY_DIRECT,
	KEY_WHEN,
	KEY_CANCEL,
	KEY_JSON,
};

static const struct option options[] = {
	{ "root", required_argument, NULL, KEY_ROOT },
	{ "config", required_argument, NULL, KEY_CONFIG },
	{ "kernel", required_argument, NULL, KEY_KERNEL },
	{ "initrd", required_argument, NULL, KEY_INITRD },
	{ "cmdline", required_argument, NULL, KEY_CMDLINE },
	{ "reuse-cmdline", no_argument, NULL, KEY_REUSE },
	{ "append", required_argument, NULL, KEY_APPEND },
	{ "kexec-file-syscall", no_argument, NULL, KEY_FILE_CALL },
	{ "kexec-syscall", no_argument, NULL, KEY_OLD_CALL },
	{ "safe", no_argument, NULL, KEY_SAFE },
	{ "diet", no_argument, NULL, KEY_DIET },
	{ "no-wall", no_argument, NULL, KEY_NO_WALL },
	{ "message", required_argument, NULL, KEY_MESSAGE },
	{ "ignore-inhibitors", no_argument, NULL, KEY_IGNORE },
	{ "when", required_argument, NULL, KEY_WHEN },
	{ "cancel", no_argument, NULL, KEY_CANCEL },
	{ "direct", no_argument, NULL, KEY_DIRECT },
	{ "force", required_argument, NULL, KEY_FORCE },
	{ "json", no_argument, NULL, KEY_JSON },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "yes", no_argument, NULL, 'y' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int take_target(struct start_options *o, int key)
{
	switch (key) {
	case KEY_ROOT:
		o->find.root = optarg;
		return EXIT_OK;
	case KEY_CONFIG:
		o->find.find.config = optarg;
		return EXIT_OK;
	case KEY_KERNEL:
		o->kernel = optarg;
		return EXIT_OK;
	case KEY_INITRD:
		o->initrds[o->n_initrds++] = optarg;
		return EXIT_OK;
	case KEY_CMDLINE:
		o->cmdline = optarg;
		return EXIT_OK;
	case KEY_REUSE:
		o->reuse_cmdline = true;
		return EXIT_OK;
	case KEY_APPEND:
		o->append = optarg;
		return EXIT_OK;
	case KEY_FILE_CALL:
		o->way = KX_WAY_FILE;
		return EXIT_OK;
	case KEY_OLD_CALL:
		o->way = KX_WAY_SEGMENTS;
		return EXIT_OK;
	case KEY_SAFE:
		o->safe = true;
		return EXIT_OK;
	case KEY_DIET:
		o->diet = true;
		return EXIT_OK;
	default:
		return -1;
	}
}

static int take_when(struct start_options *o)
{
	struct sys *sys = sys_machine();

	if (!when_parse(optarg, sys->realtime_ms(sys), &o->when))
		return fail_usage(
			"--when %s: neither now, +MINUTES, HH:MM nor YYYY-MM-DD HH:MM that "
			"is still to come",
			optarg);
	o->has_when = !o->when.now;
	o->wish.when = o->has_when ? o->when.text : NULL;
	o->wish.when_minutes = o->when.minutes;
	return EXIT_OK;
}

static int take_handover(struct start_options *o, int key)
{
	switch (key) {
	case KEY_NO_WALL:
		o->wish.no_wall = true;
		return EXIT_OK;
	case KEY_MESSAGE:
		o->wish.message = optarg;
		return EXIT_OK;
	case KEY_IGNORE:
	case 'i':
		o->wish.ignore_inhibitors = true;
		return EXIT_OK;
	case 'y':
		o->yes = true;
		return EXIT_OK;
	case KEY_WHEN:
		return take_when(o);
	case KEY_CANCEL:
		o->cancel = true;
		return EXIT_OK;
	case KEY_DIRECT:
		o->direct = true;
		return EXIT_OK;
	case KEY_FORCE:
		o->force[o->n_force++] = optarg;
		return EXIT_OK;
	default:
		return -1;
	}
}

static int take_option(struct start_options *o, unsigned takes, int key, const char *command)
{
	int r = -1;

	if (takes & TAKES_TARGET)
		r = take_target(o, key);
	if (r < 0 && takes & TAKES_HANDOVER)
		r = take_handover(o, key);
	if (r >= 0)
		return r;
	if (key == 'n' && takes & TAKES_DRY_RUN)
		o->dry_run = true;
	else if (key == KEY_JSON)
		o->json = true;
	else if (key == 'v')
		o->verbose = true;
	else if (key == 'h')
		o->help = true;
	else if (key == '?')
		return EXIT_USAGE; /* getopt has said what is wrong */
	else
		return fail_usage("%s does not know this option", command);
	return EXIT_OK;
}

static int refuse(const struct start_options *o)
{
	if (o->kernel && o->find.argument)
		return fail_usage("--kernel and the entry \"%s\" exclude each other",
				  o->find.argument);
	if (o->diet && (o->safe || o->way == KX_WAY_FILE))
		return fail_usage("--diet changes the initial ramdisk, --%s leaves it as it is",
				  o->safe ? "safe" : "kexec-file-syscall");
	if (o->n_initrds && !o->kernel)
		return fail_usage("--initrd goes with --kernel: an entry has its own");
	if (o->cmdline && o->reuse_cmdline)
		return fail_usage("--cmdline and --reuse-cmdline exclude each other");
	if (o->has_when && (o->direct || o->find.root))
		return fail_usage("--when cannot be used with --%s", o->direct ? "direct" : "root");
	if (o->cancel && (o->has_when || o->direct || o->kernel || o->find.argument))
		return fail_usage("--cancel takes back what --when ordered, and starts nothing");
	if (o->reuse_cmdline && o->find.root)
		return fail_usage("--reuse-cmdline: the running command line is not that of the "
				  "system below %s; --cmdline says another one",
				  o->find.root);
	if (o->kernel && o->find.find.config)
		return fail_usage("--config is read for entries, which --kernel does without");
	return EXIT_OK;
}

int start_options_parse(struct start_options *o, unsigned takes, int argc, char **argv)
{
	int key, r = EXIT_OK;

	*o = (struct start_options){ .find.find.size = sizeof(o->find.find) };
	o->initrds = calloc((size_t)argc, sizeof(*o->initrds));
	o->force = calloc((size_t)argc + 1, sizeof(*o->force)); /* one more for start_check() */
	if (!o->initrds || !o->force) {
		fputs("rapidreboot: out of memory\n", stderr);
		return EXIT_FAILED;
	}
	while (r == EXIT_OK && (key = getopt_long(argc, argv, "niyvh", options, NULL)) != -1)
		r = take_option(o, takes, key, argv[0]);
	if (r != EXIT_OK)
		return r;
	if (optind < argc && takes & TAKES_TARGET)
		o->find.argument = argv[optind++];
	if (optind < argc)
		return fail_usage("%s: one argument too many: %s", argv[0], argv[optind]);
	return refuse(o);
}

bool start_forced(const struct start_options *o, const char *id)
{
	for (size_t i = 0; i < o->n_force; i++)
		if (strcasecmp(o->force[i], id) == 0)
			return true;
	return false;
}

/* ---- back to words */

static int add_word(struct strbuf *b, const char *word)
{
	const size_t n = strlen(word);

	if (n == 0 || strpbrk(word, "\r\n") || strchr(" \t", word[0]) || strchr(" \t", word[n - 1]))
		return -EINVAL;
	strbuf_add(b, word);
	strbuf_add(b, "\n");
	return 0;
}

static int add_option(struct strbuf *b, const char *name, const char *value)
{
	int r = value ? add_word(b, name) : 0;

	return r == 0 && value ? add_word(b, value) : r;
}

/* Who reads the words stands elsewhere. */
static int add_path(struct strbuf *b, const char *name, const char *path)
{
	_cleanup_free_ char *whole = path ? realpath(path, NULL) : NULL;

	return add_option(b, name, whole ? whole : path);
}

static int add_flag(struct strbuf *b, const char *name, bool is_set)
{
	return is_set ? add_word(b, name) : 0;
}

int start_options_words(const struct start_options *o, char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	int r = add_path(&b, "--config", o->find.find.config);

	if (r == 0)
		r = add_path(&b, "--kernel", o->kernel);
	for (size_t i = 0; r == 0 && i < o->n_initrds; i++)
		r = add_path(&b, "--initrd", o->initrds[i]);
	if (r == 0)
		r = add_option(&b, "--cmdline", o->cmdline);
	if (r == 0)
		r = add_flag(&b, "--reuse-cmdline", o->reuse_cmdline);
	if (r == 0)
		r = add_option(&b, "--append", o->append);
	if (r == 0)
		r = add_flag(&b, "--kexec-file-syscall", o->way == KX_WAY_FILE);
	if (r == 0)
		r = add_flag(&b, "--kexec-syscall", o->way == KX_WAY_SEGMENTS);
	if (r == 0)
		r = add_flag(&b, "--safe", o->safe);
	if (r == 0)
		r = add_flag(&b, "--diet", o->diet);
	for (size_t i = 0; r == 0 && i < o->n_force; i++)
		r = add_option(&b, "--force", o->force[i]);
	if (r == 0)
		r = add_option(&b, "--", o->find.argument);
	return r < 0 ? r : strbuf_take(&b, ret);
}

void start_options_done(struct start_options *o)
{
	free(o->initrds);
	free(o->force);
	*o = (struct start_options){ 0 };
}
