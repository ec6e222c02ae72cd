// SPDX-License-Identifier: LGPL-2.1-or-later
/* rapidreboot.conf(5): one table of settings, each with the function that takes its value. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/error.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "config/assign.h"
#include "config/config.h"
#include "config/foreign.h"

#define HOOKS_DEFAULT "/etc/rapidreboot/hooks.d"
enum {
	HOOK_TIMEOUT_S = 60,
	READY_TIMEOUT_S = 300,
	TIMEOUT_MAX_S = 24 * 60 * 60,
	CRASH_LEVEL_MAX = 31, /* all bits of makedumpfile -d */
	CRASH_KEEP_MAX = 100000,
	CRASH_KEEP_MIB_MAX = 1 << 30,
};

int config_init(struct config *ret)
{
	struct config config = {
		.hook_timeout_s = HOOK_TIMEOUT_S,
		.ready_timeout_s = READY_TIMEOUT_S,
		.import = true,
		.mount_esp = true,
		.notice = true,
		.crash_level = CRASH_LEVEL_MAX,
	};

	config.hooks = strdup(HOOKS_DEFAULT);
	if (!config.hooks)
		return -ENOMEM;
	*ret = config;
	return 0;
}

void config_done(struct config *config)
{
	free(config->default_entry);
	free(config->append);
	free(config->cache);
	free(config->hooks);
	free(config->ready_command);
	free(config->confirm_after);
	free(config->metrics);
	free(config->tune);
	free(config->crash_kernel);
	free(config->crash_initrd);
	free(config->crash_cmdline);
	free(config->crash_append);
	free(config->crash_target);
	free(config->crash_ssh_key);
	free(config->crash_pack);
	free(config->crash_failure);
	config_words_done(&config->keep);
	config_words_done(&config->force);
	config_words_done(&config->downgrade);
	config_words_done(&config->refuse);
	config_words_done(&config->warnings);
	*config = (struct config){ 0 };
}

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

/* -EINVAL when the value means nothing. Empty strings take a setting back to its default. */

static int set_text(void *field, const char *value)
{
	char **text = field;

	if (*value)
		return bytes_set(text, text_of(value));
	free(TAKE_PTR(*text));
	return 0;
}

/* An empty value: none. */
static int set_optional_path(void *field, const char *value)
{
	return *value && *value != '/' ? -EINVAL : set_text(field, value);
}

static int set_initrd(void *field, const char *value)
{
	return strcmp(value, "own") == 0 ? set_text(field, value) : set_optional_path(field, value);
}

static int set_crash_target(void *field, const char *value)
{
	return strncmp(value, "ssh:", 4) == 0 || strncmp(value, "nfs:", 4) == 0
		       ? set_text(field, value)
		       : set_optional_path(field, value);
}

static int set_path(void *field, const char *value)
{
	if (*value && *value != '/')
		return -EINVAL;
	return bytes_set(field, text_of(*value ? value : HOOKS_DEFAULT));
}

static int set_number(void *field, const char *value, uint64_t max)
{
	unsigned *number = field;
	uint64_t v;

	if (parse_u64(value, &v) < 0 || v > max)
		return -EINVAL;
	*number = (unsigned)v;
	return 0;
}

static int set_seconds(void *field, const char *value)
{
	return set_number(field, value, TIMEOUT_MAX_S);
}

static int set_level(void *field, const char *value)
{
	return set_number(field, value, CRASH_LEVEL_MAX);
}

static int set_keep(void *field, const char *value)
{
	return set_number(field, value, CRASH_KEEP_MAX);
}

static int set_keep_mib(void *field, const char *value)
{
	return set_number(field, value, CRASH_KEEP_MIB_MAX);
}

static int set_pack(void *field, const char *value)
{
	return !*value || has_item("zlib,zstd,none", ",", value) ? set_text(field, value) : -EINVAL;
}

static int set_crash_failure(void *field, const char *value)
{
	return !*value || has_item("reboot,poweroff,halt", ",", value) ? set_text(field, value)
								       : -EINVAL;
}

static int set_tune(void *field, const char *value)
{
	struct bytes rest = bytes_trim(text_of(value));
	static const char known[] = "selftests,console";

	while (rest.n) {
		struct bytes word = bytes_word(&rest);
		_cleanup_free_ char *name = bytes_dup(word);

		if (!name)
			return -ENOMEM;
		if (!has_item(known, ",", name))
			return -EINVAL;
	}
	return set_text(field, value);
}

/* "command", or a name as in systemd.unit(5): it is handed to systemctl(1) */
static int set_unit(void *field, const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789:_.@-";
	const size_t n = strlen(value);

	if (n == 0 || strcmp(value, "command") == 0)
		return set_text(field, value);
	if (n > CONFIG_UNIT_MAX || strspn(value, letters) != n || value[0] == '-' ||
	    !(ends_with(value, ".target") || ends_with(value, ".service")))
		return -EINVAL;
	return set_text(field, value);
}

static int set_way(void *field, const char *value)
{
	static const char *const names[] = {
		[KX_WAY_AUTO] = "auto", [KX_WAY_FILE] = "file", [KX_WAY_SEGMENTS] = "segments"
	};
	enum kx_way *way = field;

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(value, names[i]) == 0) {
			*way = (enum kx_way)i;
			return 0;
		}
	return -EINVAL;
}

static int set_confirm(void *field, const char *value)
{
	static const char *const names[] = {
		[CONFIG_CONFIRM_TERMINAL] = "terminal",
		[CONFIG_CONFIRM_ALWAYS] = "always",
		[CONFIG_CONFIRM_NEVER] = "never",
	};
	enum config_confirm *confirm = field;

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(value, names[i]) == 0) {
			*confirm = (enum config_confirm)i;
			return 0;
		}
	return -EINVAL;
}

static int set_firmware(void *field, const char *value)
{
	enum config_firmware *firmware = field;

	if (strcmp(value, "cold") == 0)
		*firmware = CONFIG_FIRMWARE_COLD;
	else if (strcmp(value, "refuse") == 0)
		*firmware = CONFIG_FIRMWARE_REFUSE;
	else
		return -EINVAL;
	return 0;
}

static int set_unlock(void *field, const char *value)
{
	enum config_unlock *unlock = field;

	if (strcmp(value, "no") == 0)
		*unlock = CONFIG_UNLOCK_NO;
	else if (strcmp(value, "ask") == 0)
		*unlock = CONFIG_UNLOCK_ASK;
	else if (strcmp(value, "keyfile") == 0)
		*unlock = CONFIG_UNLOCK_KEYFILE;
	else
		return -EINVAL;
	return 0;
}

static int set_either(void *field, const char *value, const char *off, const char *on)
{
	bool *to = field;

	if (strcmp(value, off) != 0 && strcmp(value, on) != 0)
		return -EINVAL;
	*to = strcmp(value, on) == 0;
	return 0;
}

static int set_hook_failure(void *field, const char *value)
{
	return set_either(field, value, "stop", "ignore");
}

static int set_displays(void *field, const char *value)
{
	return set_either(field, value, "keep", "unload");
}

static int set_switch(void *field, const char *value)
{
	return set_either(field, value, "no", "yes");
}

static int set_words(void *field, const char *value)
{
	struct bytes rest = bytes_trim(text_of(value));
	struct config_words *words = field;

	config_words_done(words);
	while (rest.n) {
		struct bytes word = bytes_word(&rest);

		if (config_words_add(words, (const char *)word.p, word.n) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool is_kept_path(const char *path)
{
	const size_t n = strlen(path);

	return path[0] == '/' && n > 1 && path[n - 1] != '/' && !strstr(path, "//") &&
	       !strstr(path, "/./") && !strstr(path, "/../") && !ends_with(path, "/.") &&
	       !ends_with(path, "/..");
}

static int set_paths(void *field, const char *value)
{
	struct config_words *words = field, fresh = { 0 };
	int r = set_words(&fresh, value);

	for (size_t i = 0; i < fresh.n && r == 0; i++)
		r = is_kept_path(fresh.v[i]) ? 0 : -EINVAL;
	if (r < 0) {
		config_words_done(&fresh);
		return r;
	}
	config_words_done(words);
	*words = fresh;
	return 0;
}

static const struct setting {
	const char *name;
	int (*set)(void *field, const char *value);
	size_t offset;
	const char *expected;
	/* with --root taken from the system that is started, else from the running one */
	bool of_system;
} settings[] = {
	{ "ENTRY", set_text, offsetof(struct config, default_entry), "a boot entry", true },
	{ "APPEND", set_text, offsetof(struct config, append), "words of a command line", true },
	{ "CACHE", set_optional_path, offsetof(struct config, cache),
	  "an absolute path, or nothing" },
	{ "HOOKS", set_path, offsetof(struct config, hooks), "an absolute path" },
	{ "HOOK_TIMEOUT", set_seconds, offsetof(struct config, hook_timeout_s),
	  "seconds, at most 86400" },
	{ "HOOK_FAILURE", set_hook_failure, offsetof(struct config, hook_failure_ignored),
	  "stop or ignore" },
	{ "DISPLAY_DRIVERS", set_displays, offsetof(struct config, unload_displays),
	  "keep or unload" },
	{ "PACKAGE_TIMEOUT", set_seconds, offsetof(struct config, package_timeout_s),
	  "seconds, at most 86400" },
	{ "READY_COMMAND", set_optional_path, offsetof(struct config, ready_command),
	  "an absolute path and its arguments, or nothing" },
	{ "READY_TIMEOUT", set_seconds, offsetof(struct config, ready_timeout_s),
	  "seconds, at most 86400" },
	{ "METRICS", set_optional_path, offsetof(struct config, metrics),
	  "an absolute path, or nothing" },
	{ "CONFIRM_AFTER", set_unit, offsetof(struct config, confirm_after),
	  "the name of a unit of systemd, command, or nothing" },
	{ "WAY", set_way, offsetof(struct config, way), "auto, file or segments" },
	{ "MOUNT_ESP", set_switch, offsetof(struct config, mount_esp), "yes or no" },
	{ "SAFE", set_switch, offsetof(struct config, safe), "yes or no" },
	{ "DIET", set_switch, offsetof(struct config, diet), "yes or no" },
	{ "TUNE", set_tune, offsetof(struct config, tune), "selftests, console, or nothing" },
	{ "CONFIRM", set_confirm, offsetof(struct config, confirm), "terminal, always or never" },
	{ "FIRMWARE", set_firmware, offsetof(struct config, firmware), "cold or refuse" },
	{ "UNLOCK", set_unlock, offsetof(struct config, unlock), "no, ask or keyfile" },
	{ "CRASH_KERNEL", set_optional_path, offsetof(struct config, crash_kernel),
	  "an absolute path, or nothing" },
	{ "CRASH_INITRD", set_initrd, offsetof(struct config, crash_initrd),
	  "own, an absolute path, or nothing" },
	{ "CRASH_CMDLINE", set_text, offsetof(struct config, crash_cmdline), "a command line" },
	{ "CRASH_APPEND", set_text, offsetof(struct config, crash_append),
	  "words of a command line" },
	{ "CRASH_TARGET", set_crash_target, offsetof(struct config, crash_target),
	  "an absolute path, ssh:USER@HOST:/DIRECTORY, nfs:HOST:/PATH, or nothing" },
	{ "CRASH_SSH_KEY", set_optional_path, offsetof(struct config, crash_ssh_key),
	  "an absolute path, or nothing" },
	{ "CRASH_LEVEL", set_level, offsetof(struct config, crash_level), "a number from 0 to 31" },
	{ "CRASH_PACK", set_pack, offsetof(struct config, crash_pack), "zlib, zstd or none" },
	{ "CRASH_KEEP", set_keep, offsetof(struct config, crash_keep),
	  "a number, at most 100000; 0: all" },
	{ "CRASH_KEEP_MIB", set_keep_mib, offsetof(struct config, crash_keep_mib),
	  "MiB, at most 1073741824; 0: any size" },
	{ "CRASH_FAILURE", set_crash_failure, offsetof(struct config, crash_failure),
	  "reboot, poweroff or halt" },
	{ "KEEP", set_paths, offsetof(struct config, keep),
	  "absolute paths without \".\" and \"..\"" },
	{ "NOTICE", set_switch, offsetof(struct config, notice), "yes or no" },
	{ "IMPORT", set_switch, offsetof(struct config, import), "yes or no", true },
	{ "CHECKS_FORCE", set_words, offsetof(struct config, force), "ids of checks" },
	{ "CHECKS_NOTE", set_words, offsetof(struct config, downgrade), "ids of checks" },
	{ "CHECKS_REFUSE", set_words, offsetof(struct config, refuse), "ids of checks" },
};

struct reading {
	struct config *config;
	const char *file;
	bool is_foreign;
};

static int warn(struct reading *r, unsigned line, const char *fmt, ...) _printf_(3, 4);
static int warn(struct reading *r, unsigned line, const char *fmt, ...)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	char sentence[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	strbuf_addf(&b, "%s:%u: %s", r->file, line, sentence);
	return b.failed ? -ENOMEM : config_words_add(&r->config->warnings, b.s, b.n);
}

static int take_assignment(void *data, const struct assign *a)
{
	struct reading *r = data;

	if (!a->name)
		return warn(r, a->line,
			    "skipped, because %s needs a shell, and nothing is run here",
			    a->skipped);
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		const struct setting *s = &settings[i];
		int ret;

		if (strcmp(a->name, s->name) != 0)
			continue;
		if (r->is_foreign && !s->of_system)
			return warn(r, a->line, "%s is left out: only the running system's counts",
				    a->name);
		ret = s->set((char *)r->config + s->offset, a->value);
		if (ret != -EINVAL)
			return ret;
		return warn(r, a->line, "%s=%s means nothing; expected is %s", a->name, a->value,
			    s->expected);
	}
	return warn(r, a->line, "there is no setting %s", a->name);
}

int config_parse(struct config *config, const char *file, const struct bytes *text)
{
	struct reading r = { config, file, false };

	return assign_each(*text, take_assignment, &r);
}

static int read_one(int root, const char *path, const struct foreign *foreign,
		    struct config *config, struct kx_error *err)
{
	_cleanup_close_ int fd =
		foreign ? open_in(root, path, O_RDONLY) : open_trusted_in(root, path, O_RDONLY);
	_cleanup_free_ uint8_t *buf = NULL;
	struct reading reading = { config, path, foreign != NULL };
	struct bytes text;
	int r = fd < 0 ? fd : read_fd(fd, CONFIG_FILE_MAX, &buf, &text.n);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return kx_fail(err, r, "%s: cannot read the configuration: %s", path,
			       open_strerror(r));
	text.p = buf;
	return foreign_parse(foreign, path, text, assign_each, take_assignment, &reading, err);
}

static int read_directory(int root, const struct foreign *foreign, struct config *config,
			  struct kx_error *err)
{
	_cleanup_names_ struct names names = { 0 };
	int r = list_in(root, CONFIG_DIRECTORY, &names);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return kx_fail(err, r, "%s: cannot list the configuration files: %s",
			       CONFIG_DIRECTORY, strerror(-r));
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };

		if (names.v[i][0] == '.' || !ends_with(names.v[i], ".conf"))
			continue;
		strbuf_addf(&path, CONFIG_DIRECTORY "/%s", names.v[i]);
		if (path.failed)
			return kx_fail(err, -ENOMEM, CONFIG_DIRECTORY ": out of memory");
		r = read_one(root, path.s, foreign, config, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_files(int root, const struct foreign *foreign, struct config *config,
		      struct kx_error *err)
{
	int r = read_one(root, CONFIG_FILE, foreign, config, err);

	return r < 0 ? r : read_directory(root, foreign, config, err);
}

int config_read(int root, struct config *ret, struct kx_error *err)
{
	struct config config;
	int r = config_init(&config);

	if (r < 0)
		return kx_fail(err, r, CONFIG_FILE ": out of memory");
	r = read_files(root, NULL, &config, err);
	if (r < 0) {
		config_done(&config);
		return r;
	}
	*ret = config;
	return 0;
}

bool config_mounts_esp(int root)
{
	_cleanup_config_ struct config config = { 0 };

	return config_read(root, &config, NULL) == 0 && config.mount_esp;
}

int config_read_foreign(int root, const struct foreign *foreign, struct config *config,
			struct kx_error *err)
{
	free(TAKE_PTR(config->default_entry));
	free(TAKE_PTR(config->append));
	config->import = true;
	return read_files(root, foreign, config, err);
}
