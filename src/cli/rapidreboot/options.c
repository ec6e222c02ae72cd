// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/json.h"
#include "cli/page.h"
#include "cli/plain.h"
#include "cli/rapidreboot/options.h"
#include "cli/time-limit.h"
#include "dump/dump.h"
#include "preflight/preflight.h"

/* Who starts a kernel; who looks at boot entries. */
#define BY_STARTING (BY_REBOOT | BY_LOAD | BY_MENU)
#define BY_LOOKING (BY_LIST | BY_SHOW | BY_EVAL_GRUB)
#define BY_DECIDING (BY_STARTING | BY_CHECK)
/* Who works out what is loaded for a crash. */
#define BY_ARMING (BY_CRASH_LOAD | BY_CRASH_ESTIMATE)
/* Who can be given the files of a kernel. */
#define BY_NAMING (BY_REBOOT | BY_LOAD | BY_CHECK | BY_ARMING)
/* Who changes nothing, or nothing with --dry-run. */
#define BY_READING (BY_LOOKING | BY_CHECK | BY_STATUS)
#define BY_TRYING (BY_REBOOT | BY_LOAD)
#define BY_ALL ((unsigned)(BY_HELP << 1) - 1)

enum group { GROUP_TARGET, GROUP_DOWN, GROUP_SYSTEM, GROUP_OUTPUT };

static const struct opt_group groups[] = {
	[GROUP_TARGET] = { "What is started", BY_DECIDING },
	[GROUP_DOWN] = { "How the machine goes down", BY_REBOOT | BY_MENU },
	[GROUP_SYSTEM] = { "Which system is looked at", BY_LOOKING | BY_DECIDING | BY_TIMELINE },
	[GROUP_OUTPUT] = { "What is told", 0 },
	{ NULL },
};

static const char *const takers[] = {
	"reboot",     "load",	      "unload",		"menu",	      "check",	      "status",
	"list",	      "show",	      "eval-grub",	"timeline",   "enable",	      "disable",
	"clear",      "desktop",      "hook",		"crash",      "crash status", "crash save",
	"crash load", "crash unload", "crash estimate", "crash list", "crash show",   "crash test",
	"confirm",    "keep",	      "help",		NULL,
};
_Static_assert(BY_HELP == 1u << (sizeof(takers) / sizeof(takers[0]) - 2),
	       "a name for each bit of enum taker");

static const char *const firmwares[] = { "efi", "bios", NULL };
_Static_assert(KX_FIRMWARE_EFI == 1 && KX_FIRMWARE_BIOS == 2, "their places in firmwares[]");

/* What kx_entries_opts.type may be. */
static const char *const types[] = {
	"grub",	   "bls",   "systemd-boot", "limine",	   "refind",	  "extlinux", "syslinux",
	"efistub", "zipl",  "raspberry-pi", "grub-legacy", "directory",	  "lilo",     "elilo",
	"yaboot",  "kboot", "petitboot",    "xen",	   "zfsbootmenu", "ipxe",     NULL
};

static const char *const color_words[] = { "auto", "always", "never", NULL };
_Static_assert(PAGE_COLORS_AUTO == 1 && PAGE_COLORS_ALWAYS == 2 && PAGE_COLORS_NEVER == 3,
	       "their places in color_words[]");

static bool is_flavour(const char *value)
{
	return strcmp(value, "upstream") == 0 || strcmp(value, "rh") == 0 ||
	       strcmp(value, "suse") == 0;
}

/* KIND:NAME=DIR; names of devices and labels may have any character, hence the last "=". */
static bool is_place(const char *value)
{
	static const char *const kinds[] = { "uuid:", "label:", "dev:" };
	const char *equals = strrchr(value, '=');

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const size_t n = strlen(kinds[i]);

		if (strncmp(value, kinds[i], n) == 0)
			return equals && equals > value + n && equals[1];
	}
	return false;
}

static const char *const packings[] = { "zlib", "zstd", "none", NULL };

static bool is_level(const char *value)
{
	uint64_t level;

	return parse_u64(value, &level) == 0 && level <= DUMP_LEVEL_MAX;
}

static bool is_setting(const char *value)
{
	return value[0] != '=' && strchr(value, '=');
}

enum { TIME_LIMIT = 120, TIME_LIMIT_MAX = 24 * 60 * 60 }; /* seconds */

static bool take_time_limit(void *facts, const struct opt_row *row, const char *value,
			    struct opt_problem *problem)
{
	struct options *o = facts;
	uint64_t seconds;

	if (parse_u64(value, &seconds) < 0 || !seconds || seconds > TIME_LIMIT_MAX)
		return false;
	o->time_limit = (unsigned)seconds;
	return true;
}

static const struct opt_row rows[] = {
	{ "kernel", 0, 0, GROUP_TARGET, ROW_TEXT(kernel, "FILE"), .takers = BY_NAMING,
	  .help = "this kernel instead of an entry" },
	{ "initrd", 0, 0, GROUP_TARGET, ROW_LIST(initrds, "FILE"), .takers = BY_NAMING,
	  .help = "its initial ramdisk; may be repeated" },
	{ "cmdline", 0, 0, GROUP_TARGET, ROW_TEXT(cmdline, "TEXT"), .takers = BY_NAMING,
	  .help = "this command line instead of the entry's" },
	{ "reuse-cmdline", 0, 0, GROUP_TARGET, ROW_FLAG(reuse_cmdline),
	  .takers = BY_NAMING & ~BY_ARMING, .help = "the one of the running kernel instead" },
	{ "append", 0, 0, GROUP_TARGET, ROW_TEXT(append, "TEXT"), .takers = BY_DECIDING | BY_ARMING,
	  .help = "words after it" },
	{ "kexec-file-syscall", 0, 0, GROUP_TARGET, ROW_VALUE(way, KX_WAY_FILE),
	  .takers = BY_DECIDING | BY_CRASH_LOAD, .help = "load with kexec_file_load only" },
	{ "kexec-syscall", 0, 0, GROUP_TARGET, ROW_VALUE(way, KX_WAY_SEGMENTS),
	  .takers = BY_DECIDING | BY_CRASH_LOAD, .help = "load with kexec_load only" },
	{ "safe", 0, 0, GROUP_TARGET, ROW_FLAG(safe), .takers = BY_DECIDING,
	  .help = "unpack nothing beforehand" },
	{ "diet", 0, 0, GROUP_TARGET, ROW_FLAG(diet), .takers = BY_DECIDING,
	  .help = "leave modules out of the initial ramdisk that are not used" },
	{ "tune", 0, 0, GROUP_TARGET, ROW_TEXT(tune, "NAMES"), .takers = BY_DECIDING,
	  .help = "shorten the kernel's start: selftests, console" },
	{ "unlock", 0, 0, GROUP_TARGET, ROW_FLAG(unlock), .takers = BY_REBOOT | BY_LOAD,
	  .help = "ask for the disk's passphrase now, not in the next boot" },
	{ "unlock-from", 0, 0, GROUP_TARGET, ROW_TEXT(unlock_from, "FD"),
	  .takers = BY_REBOOT | BY_LOAD, .help = "the same, read from this descriptor" },
	{ "no-unlock", 0, 0, GROUP_TARGET, ROW_FLAG(no_unlock), .takers = BY_DECIDING,
	  .help = "do not ask now, although UNLOCK= wants it" },

	{ "yes", 'y', 0, GROUP_DOWN, ROW_FLAG(yes), .takers = BY_REBOOT | BY_MENU | BY_CRASH_TEST,
	  .help = "do not ask on a terminal" },
	{ "or-cold", 0, 0, GROUP_DOWN, ROW_FLAG(or_cold), .takers = BY_REBOOT | BY_STATUS,
	  .help = "through the firmware where it cannot be fast" },
	{ "ignore-inhibitors", 'i', 0, GROUP_DOWN, ROW_FLAG(ignore_inhibitors),
	  .takers = BY_REBOOT | BY_MENU,
	  .help = "although a program wants the machine to stay up" },
	{ "force", 0, 0, GROUP_DOWN, ROW_LIST(force, "ID"), .is_valid = preflight_is_check,
	  .expected = "the id of a check, which `rapidreboot check -v` lists",
	  .takers = BY_STARTING | BY_CHECK,
	  .help = "although the check ID refuses; may be repeated" },
	{ "no-wall", 0, 0, GROUP_DOWN, ROW_FLAG(no_wall), .takers = BY_REBOOT | BY_MENU,
	  .help = "tell nobody who is logged in" },
	{ "message", 0, 0, GROUP_DOWN, ROW_TEXT(message, "TEXT"), .takers = BY_REBOOT | BY_MENU,
	  .help = "what they are told" },
	{ "when", 0, 0, GROUP_DOWN, ROW_TEXT(when, "TIME"), .takers = BY_REBOOT | BY_MENU,
	  .help = "then: +MINUTES, HH:MM or YYYY-MM-DD HH:MM" },
	{ "cancel", 0, 0, GROUP_DOWN, ROW_FLAG(cancel), .takers = BY_REBOOT,
	  .help = "take that back" },
	{ "direct", 0, 0, GROUP_DOWN, ROW_FLAG(direct), .takers = BY_REBOOT | BY_MENU,
	  .help = "without the init system: stop everything, unmount, start" },
	{ "dry-run", 'n', 0, GROUP_DOWN, ROW_FLAG(dry_run),
	  .takers = BY_STARTING | BY_CRASH_LOAD | BY_CRASH_TEST | BY_KEEP,
	  .help = "print what would be done and do nothing" },

	{ "root", 0, 0, GROUP_SYSTEM, ROW_TEXT(find.root, "DIR"),
	  .takers = BY_LOOKING | BY_DECIDING | BY_TIMELINE | BY_ARMING,
	  .help = "the system below DIR instead of the running one" },
	{ "config", 0, 0, GROUP_SYSTEM, ROW_TEXT(find.find.config, "FILE"),
	  .takers = BY_LIST | BY_SHOW | BY_DECIDING,
	  .help = "read this configuration instead of searching for one" },
	{ "type", 0, 0, GROUP_SYSTEM, ROW_TEXT(find.find.type, "NAME"), .words = types,
	  .expected = "the name of a boot loader, which rapidreboot(8) lists",
	  .takers = BY_LIST | BY_SHOW | BY_DECIDING,
	  .help = "whose configuration is read: grub, bls, extlinux, ..., as list names them" },
	{ "fs", 0, 0, GROUP_SYSTEM, ROW_LIST(places, "KIND:NAME=DIR"), .is_valid = is_place,
	  .expected = "KIND:NAME=DIR with KIND uuid, label or dev",
	  .takers = BY_LOOKING | BY_DECIDING,
	  .help = "a file system is at DIR; KIND is uuid, label or dev" },
	{ "firmware", 0, 0, GROUP_SYSTEM, ROW_WORD(firmware, "efi|bios", firmwares),
	  .expected = "efi or bios", .takers = BY_LOOKING | BY_DECIDING,
	  .help = "what the machine has" },
	{ "grub-flavour", 0, 0, GROUP_SYSTEM, ROW_TEXT(find.find.grub_flavour, "NAME"),
	  .is_valid = is_flavour, .expected = "upstream, rh or suse",
	  .takers = BY_LOOKING | BY_DECIDING, .help = "whose GRUB it is: upstream, rh, suse" },
	{ "var", 0, 0, GROUP_SYSTEM, ROW_LIST(vars, "NAME=VALUE"), .is_valid = is_setting,
	  .expected = "NAME=VALUE", .takers = BY_LOOKING | BY_DECIDING,
	  .help = "what GRUB knows before its script runs" },

	{ "long", 'l', 0, GROUP_OUTPUT, ROW_FLAG(is_long), .takers = BY_LIST,
	  .help = "ids, paths, sources and notes of each entry" },
	{ "default-kernel", 0, 0, GROUP_OUTPUT, ROW_VALUE(ask, ASK_KERNEL), .takers = BY_SHOW,
	  .help = "nothing but the default entry's kernel" },
	{ "default-index", 0, 0, GROUP_OUTPUT, ROW_VALUE(ask, ASK_INDEX), .takers = BY_SHOW,
	  .help = "nothing but its number in the list" },
	{ "default-title", 0, 0, GROUP_OUTPUT, ROW_VALUE(ask, ASK_TITLE), .takers = BY_SHOW,
	  .help = "nothing but its title" },
	{ "svg", 0, 0, GROUP_OUTPUT, ROW_TEXT(svg, "FILE"), .takers = BY_TIMELINE,
	  .help = "draw it into this file" },
	{ "level", 0, 0, GROUP_OUTPUT, ROW_TEXT(level, "NUMBER"), .is_valid = is_level,
	  .expected = "a number from 0 to 31", .takers = BY_CRASH_SAVE,
	  .help = "what a dump leaves out, as makedumpfile -d; 31" },
	{ "pack", 0, 0, GROUP_OUTPUT, ROW_WORD(packing, "zlib|zstd|none", packings),
	  .expected = "zlib, zstd or none", .takers = BY_CRASH_SAVE,
	  .help = "how its pages are packed; zlib" },
	{ "notice", 0, 0, GROUP_OUTPUT, ROW_FLAG(notice), .takers = BY_STATUS,
	  .help = "one line when a reboot is due, else nothing" },
	{ "needed", 0, 0, GROUP_OUTPUT, ROW_FLAG(needed), .takers = BY_STATUS,
	  .help = "end with 0 when a reboot is due and may begin, 1 when none is due" },
	{ "metrics", 0, 0, GROUP_OUTPUT, ROW_FLAG(metrics), .takers = BY_STATUS,
	  .help = "print metrics for Prometheus" },
	{ "time-limit", 0, 0, GROUP_OUTPUT, ROW_TAKE(take_time_limit, "SECONDS"),
	  .expected = "seconds, 1 to 86400", .takers = BY_READING | BY_TRYING,
	  .help = "of what only reads: end without an answer after that" },
	{ "json", 0, 0, GROUP_OUTPUT, ROW_FLAG(json),
	  .takers = BY_DECIDING | BY_LOOKING | BY_STATUS | BY_TIMELINE | BY_ARMING |
		    BY_CRASH_STATUS | BY_CRASH_SAVE | BY_CRASH_LIST | BY_CRASH_SHOW | BY_CRASH_TEST,
	  .help = "print JSON" },
	{ "color", 0, 0, GROUP_OUTPUT, ROW_WORD(colors, "auto|always|never", color_words),
	  .expected = "auto, always or never", .takers = BY_ALL,
	  .help = "whether colours mark what matters; auto: on terminals" },
	{ "verbose", 'v', 0, GROUP_OUTPUT, ROW_FLAG(verbose),
	  .takers = BY_STARTING | BY_UNLOAD | BY_CHECK | BY_LOOKING | BY_ARMING | BY_CRASH_UNLOAD,
	  .help = "tell what is done and why" },
	{ "help", 'h', 0, GROUP_OUTPUT, ROW_FLAG(help), .takers = BY_ALL, .help = "this text" },
	{ "version", 'V', 0, GROUP_OUTPUT, ROW_FLAG(version), .takers = BY_REBOOT,
	  .help = "the version" },
};

/* --help and --version act at once. */
static bool met(void *facts, const struct opt_row *row, const char *value)
{
	const struct options *o = facts;

	return o->help || o->version;
}

static const struct opt_table table = {
	.program = "rapidreboot",
	.usage_status = EXIT_USAGE,
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.takers = takers,
	.groups = groups,
	.met = met,
};

void options_print_all(void)
{
	options_print_help(&table, 0, stdout);
}

static int print_command_help(const struct command *c)
{
	printf("Usage: rapidreboot %s [OPTION]...%s%s\n\n", c->name, *c->synopsis ? " " : "",
	       c->synopsis);
	page_paragraphs(stdout, c->about);
	options_print_help(&table, c->taker, stdout);
	return EXIT_OK;
}

static int fail_problem(const struct opt_problem *problem)
{
	page_text(stderr, 0, problem->text);
	json_answer_error("%s", problem->text);
	return problem->status;
}

int command_fail(const struct command *command, const char *fmt, ...)
{
	struct opt_problem problem = { .text = "" };
	char sentence[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	options_complain(&table, command ? command->taker : 0, &problem, "%s", sentence);
	return fail_problem(&problem);
}

static void use_lists(struct options *o)
{
	struct kx_entries_opts *find = &o->find.find;

	find->size = sizeof(*find);
	find->firmware = (enum kx_firmware)o->firmware;
	find->places = o->places.v;
	find->n_places = o->places.n;
	find->vars = o->vars.v;
	find->n_vars = o->vars.n;
}

/* -1: go on. What changes the machine has no limit of time. */
static int limit_time(const struct command *c, const struct options *o)
{
	const unsigned seconds = o->time_limit ? o->time_limit : TIME_LIMIT;
	char sentence[TIME_LIMIT_SENTENCE_MAX], answer[TIME_LIMIT_SENTENCE_MAX] = "";
	int r;

	if (!(c->taker & BY_READING) && !((c->taker & BY_TRYING) && o->dry_run))
		return o->time_limit ? command_fail(c, "--time-limit is for what only reads: "
						       "it needs --dry-run here")
				     : -1;
	(void)snprintf(
		sentence, sizeof(sentence),
		"rapidreboot: %s: no answer after %u second%s, and nothing was changed: a file "
		"system may not answer, or a configuration may cost too much to read; "
		"--time-limit gives it longer",
		c->name, seconds, plural(seconds));
	if (o->json)
		json_answer_line(sentence, EXIT_TIME, answer, sizeof(answer));
	r = time_limit_start(seconds, sentence, answer, EXIT_TIME);
	if (r == 0)
		return -1;
	fprintf(stderr, "rapidreboot: no limit of time: %s\n", strerror(-r));
	return EXIT_FAILED;
}

int command_take(const struct command *c, int argc, char **argv, struct options *ret)
{
	struct opt_problem problem;
	int operand, r;

	*ret = (struct options){ 0 };
	r = options_read(&table, c->taker, argc, argv, ret, &operand, &problem);
	if (r == -ENOMEM) {
		fputs("rapidreboot: out of memory\n", stderr);
		return EXIT_FAILED;
	}
	if (ret->json && !ret->help && !ret->version)
		json_answer_wanted();
	page_use_colors((enum page_colors)ret->colors);
	if (r == 0 && ret->help)
		return c->taker == BY_REBOOT ? print_help() : print_command_help(c);
	if (r == 0 && ret->version) {
		printf("rapidreboot %s\n", kx_version());
		return EXIT_OK;
	}
	if (r == 0)
		r = options_operands(&table, c->taker, argc, argv, operand, c->operands_max,
				     &problem);
	if (r < 0)
		return fail_problem(&problem);
	if (argc - operand < c->operands_min)
		return command_fail(c, "%s is missing", c->synopsis);
	ret->operands = argv + operand;
	ret->n_operands = argc - operand;
	use_lists(ret);
	return limit_time(c, ret);
}

const char *command_operand(const struct options *options)
{
	return options->n_operands ? options->operands[0] : NULL;
}

void command_done(struct options *options)
{
	free(options->places.v);
	free(options->vars.v);
	free(options->initrds.v);
	free(options->force.v);
	*options = (struct options){ 0 };
}
