/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The interpreter's state, and what its files offer each other. A command returns a GRUB error
 * number (0: fine). Two other fields end the evaluation: `fatal`, a negative errno, when it cannot
 * go on; `stop`, when the machine would have left GRUB here. Every loop of the interpreter calls
 * running(), which looks at both.
 */

#include "base/strbuf.h"
#include "entry/grub/ast.h"
#include "entry/grub/grub.h"
#include "entry/grub/limits.h"

/* grub_err_t, include/grub/err.h: scripts see these numbers in $?. */
enum grub_error {
	GRUB_OK = 0,
	GRUB_TEST_FAILURE = 1,
	GRUB_BAD_FILE_TYPE = 4,
	GRUB_FILE_NOT_FOUND = 5,
	GRUB_BAD_FILENAME = 7,
	GRUB_BAD_NUMBER = 10,
	GRUB_OUT_OF_RANGE = 11,
	GRUB_BAD_DEVICE = 13,
	GRUB_UNKNOWN_COMMAND = 16,
	GRUB_INVALID_COMMAND = 17,
	GRUB_BAD_ARGUMENT = 18,
	GRUB_NO_KERNEL = 22,
	GRUB_NOT_IMPLEMENTED = 24,
	GRUB_MENU = 27,
	GRUB_RECURSION_DEPTH = 47,
};

enum grub_stop {
	STOP_NONE,
	STOP_BOOT,  /* what is in `loaded` is started */
	STOP_LEAVE, /* exit, reboot, halt, firmware setup */
	STOP_WAIT,  /* nothing could be started: the menu waits for a person */
};

struct var {
	char *name, *value;
	bool exported;
};

struct menu_entry {
	char *title, *id;
	struct strlist args; /* $1 …: title and what else was not an option */
	char *body;
	char *file; /* as GRUB names it, with device */
	unsigned line, body_line;
	const char *kind; /* for struct entry_source */
	bool is_submenu, is_restricted;
};

struct menu {
	struct menu_entry *entries;
	size_t n;
};

/* grub-core/normal/context.c: variables and a menu; contexts of submenus and configfile nest. */
struct context {
	struct context *parent;
	struct var *vars; /* sorted by name */
	size_t n, max;
	struct menu menu;
	bool has_menu;
};

struct function {
	char *name;
	struct unit *unit;
	struct list *body;
	unsigned executing;
	struct function *next;
};

/* Positional parameters; setparams and shift work on the innermost. */
struct scope {
	struct strlist args;
	size_t shifted;
};

/* An environment block as changed in memory. */
struct envfile {
	char *device, *path;
	uint8_t *text;
	size_t n;
	struct envfile *next;
};

struct interp {
	const struct grub_request *req;
	struct entry_fs *fs;
	const char *device; /* GRUB's name of what the file system table calls "" */
	struct context *ctx;
	struct function *functions;
	size_t n_functions;
	struct scope *scope;
	struct envfile *envfiles;

	unsigned active_loops, active_breaks;
	bool is_continue, function_return;
	unsigned depth, sources;
	unsigned extracting; /* only entries of the file are wanted */

	const char *file; /* of the command being run, GRUB's name */
	unsigned line;

	int fatal;
	enum grub_stop stop;
	const char *stop_name; /* command that left GRUB */
	size_t commands, commands_max, bytes, bytes_max;

	struct boot_entry loaded;
	bool is_loaded;
	bool load_failed; /* a kernel that this entry loads is missing */

	struct strbuf *output; /* NULL while nobody reads it */
	struct strbuf *boot_output;
	struct strlist *warnings; /* where they belong now */
	size_t n_warnings;
	unsigned scratch;	   /* looking at entries, not booting one */
	struct grub_saved **saved; /* list of what save_env changes, or NULL */
	size_t *n_saved;

	/* menu.c: the current menu, as the path from the top menu in titles and in indexes. */
	struct strlist titles, indexes;
	struct grub_result *result;
	struct strlist positions;      /* indexes of the entries in result, "2>0" */
	struct strlist guessed_images; /* loop devices that are taken to be what is mounted on / */
	struct strlist bls_shown;      /* ids that blscfg of Red Hat has put into a menu */
	char *default_position;
	struct strbuf reason;
	struct strbuf guess; /* why it is not known what GRUB would start; empty: it is known */
	struct strbuf asked; /* the first question that cannot be answered here; empty: none */
	bool says_yes;	     /* such questions are answered "yes" */
	bool has_clock;	     /* the module datehook is loaded */
	bool menu_shown;
	bool quiet; /* variables that the menu itself sets: not told in the reasons */
};

static inline bool running(const struct interp *in)
{
	return !in->fatal && in->stop == STOP_NONE;
}

/* interp.c */
/* Adds "file:line: sentence" to the warnings and returns @code. */
int complain(struct interp *in, int code, const char *fmt, ...) _printf_(3, 4);
/* Adds one line to the reasons of the default entry; does nothing while entries are only looked
 * at. */
void reason(struct interp *in, const char *fmt, ...) _printf_(2, 3);
void print(struct interp *in, const char *s, size_t n);
/* Counts work; false, and sets `fatal`, when the limit is reached. */
bool spend(struct interp *in, size_t bytes);
int out_of_memory(struct interp *in);
/* Takes the text out of @b; NULL, and sets `fatal`, when out of memory. */
char *take_text(struct interp *in, struct strbuf *b);
void interp_add(struct interp *in, struct strlist *list, const char *s);

/* env.c */
struct context *context_new(struct context *parent);
struct context *context_free(struct context *ctx);
/* A context above the current one with copies of its variables: all, or the exported ones. */
bool context_push(struct interp *in, bool all);
void context_pop(struct interp *in);
/* NULL when unset. Valid until the next change. */
const char *env_get(const struct interp *in, const char *name);
const char *env_get_or(const struct interp *in, const char *name, const char *fallback);
bool env_is(const struct interp *in, const char *name, const char *value);
void env_set(struct interp *in, const char *name, const char *value);
void env_unset(struct interp *in, const char *name);
void env_export(struct interp *in, const char *name);
/* set by a script: some names are refused */
int env_assign(struct interp *in, const char *name, const char *value);
void env_preset(struct interp *in);

/* expand.c */
/* Words of a command as GRUB splits, globs and joins them; *ret_block when the last is a block. */
bool expand_words(struct interp *in, const struct word *words, struct strlist *ret,
		  const struct word **ret_block);
bool has_wildcard(const char *pattern);
bool wildcard_match(const char *pattern, const char *name);

/* wildcard.c */
/* Adds what @pattern matches and returns true; false when nothing does. */
bool wildcard_expand(struct interp *in, const char *pattern, struct strlist *ret);

/* unknown.c */
/* What is started is a guess, for this reason; the first one is kept. */
void doubt(struct interp *in, const char *fmt, ...) _printf_(2, 3);
/* @command asks what has no answer here: GRUB_TEST_FAILURE, or GRUB_OK when that is "yes" for once. */
int cannot_tell(struct interp *in, const char *command);
/* What a command that is none of GRUB's returns. */
int status_of_unknown(struct interp *in, const char *word);
/* @variable is read, and is not set. */
void doubt_clock(struct interp *in, const char *variable);
/* Whether the answers make a difference: *ret_guess says so, or stays NULL. @yes is NULL when that
 * evaluation does not come to an end. Returns 0 or -ENOMEM. */
int compare_answers(const char *asked, const struct boot_menu *no, const struct boot_menu *yes,
		    char **ret_guess);

/* exec.c */
int exec_list(struct interp *in, const struct list *list);
/* Lines of a file: errors are skipped over. */
void exec_file_text(struct interp *in, const char *file, const uint8_t *text, size_t n);
/* Text of eval and of entries: an error ends it. */
int exec_text(struct interp *in, const char *text, const char *file, unsigned line);
int exec_in_scope(struct interp *in, const char *text, const struct strlist *args, const char *file,
		  unsigned line);
int exec_words(struct interp *in, struct strlist *words, const struct word *block, unsigned line);

/* functions.c */
struct function *function_find(const struct interp *in, const char *name);
void function_define(struct interp *in, struct unit *unit, const struct definition *def);
void functions_truncate(struct interp *in, struct function *keep);

/* files.c */
/* "(dev)/path" or "/path" below $root: freshly allocated parts; a GRUB error number. */
int file_parse(struct interp *in, const char *name, char **ret_device, char **ret_path);
/* What the file system table calls @device. */
const char *fs_device(const struct interp *in, const char *device);
int file_type(struct interp *in, const char *name, enum entry_file_type *ret);
/* Reads @name, as changed by save_env if it was; a GRUB error number. */
int file_read(struct interp *in, const char *name, uint8_t **ret, size_t *ret_n);
/* The blocks that "(device)FIRST+N" names; GRUB_BAD_FILENAME when that is no such name, another number when
 * they cannot be read. */
int blocks_read(struct interp *in, const char *name, uint8_t **ret, size_t *ret_n);
/* The name on this system or NULL, when the device is not known here. */
char *file_to_system(struct interp *in, const char *name);
/* Which partition of this system holds it is a guess? */
bool file_is_guess(struct interp *in, const char *name);
/* "(device)/path" */
char *file_full_name(struct interp *in, const char *name);

/* loadenv.c */
struct envfile *envfile_find(struct interp *in, const char *device, const char *path);
struct envfile *envfiles_free(struct envfile *list);
struct envfile *envfiles_copy(struct interp *in, const struct envfile *list);

/* loader.c */
void loaded_drop(struct interp *in);

/* config.c */
/* Runs a file in the current context. */
int run_config(struct interp *in, const char *name, bool must_exist);

/* menu.c */
int menu_add(struct interp *in, struct menu_entry *entry);
void menu_entry_done(struct menu_entry *entry);
void menu_done(struct menu *menu);
/*
 * What GRUB does after it has read a configuration. While entries are only looked at (scratching),
 * the menu's entries are listed. Else its default is booted; when that fails in a submenu, the
 * outer menu goes on.
 */
void show_menu(struct interp *in, bool is_submenu);
/* Moves what the script did without a menu, and everything that was found, into in->result. */
void menu_finish(struct interp *in);

/* choose.c */
/* Index of the entry that @value selects in @menu, or -1; *ret_how says by what. */
int menu_choose(enum grub_flavour flavour, const struct menu *menu, const char *value,
		const char **ret_how);
/* Cuts the first entry off a `fallback` list. */
int menu_choose_first(enum grub_flavour flavour, const struct menu *menu, const char *value,
		      char **ret_rest);
/* What follows the first single >, or NULL. */
const char *menu_tail(const char *value);

/* number.c: grub_strtoul() and friends, include/grub/misc.h */
enum number_status { NUMBER_OK, NUMBER_NONE, NUMBER_RANGE };
enum number_status number_parse(const char *s, int base, unsigned long long *ret,
				const char **ret_end);
