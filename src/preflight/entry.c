// SPDX-License-Identifier: LGPL-2.1-or-later
/* Family B: are the files of the entry complete, and is it the entry that was meant? */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cmdline.h"
#include "base/io.h"
#include "handover/loaders.h"
#include "preflight/devices.h"
#include "preflight/initrd.h"
#include "preflight/look.h"
#include "preflight/packages.h"

/* Where an image does not say: COMMAND_LINE_SIZE of most architectures, without its NUL. */
enum { CMDLINE_MAX = 2047 };

static enum preflight_status look_image(const struct look *l, struct report *r)
{
	if (l->entry && is_for_firmware(l->entry->type)) { /* B12 finds it */
		evidencef(r, "%s: no Linux kernel", l->entry->title);
		return PREFLIGHT_UNKNOWN;
	}
	if (!l->entry || (!l->entry->image && !l->entry->image_error))
		return unknown_entry(l, r);
	if (l->entry->image) {
		evidencef(r, "%s: %s", l->entry->kernel, l->entry->image->type);
		return PREFLIGHT_OK;
	}
	evidencef(r, "%s", l->entry->image_error);
	return found(r, "The kernel of this entry cannot be used.");
}

/* Facts of all initrds together. PREFLIGHT_OK, or what makes one of them unusable, which is then in
 * the report. */
static enum preflight_status read_initrds(const struct look *l, struct report *r,
					  struct initrd_facts *all)
{
	*all = (struct initrd_facts){ 0 };
	for (size_t i = 0; i < l->entry->n_initrds; i++) {
		const char *path = l->entry->initrds[i];
		_cleanup_look_file_ struct look_file text = { 0 };
		struct initrd_facts one;
		int code = read_file_in(l->files, path, 1 << 30, &text.buf, &text.b.n);

		if (code == -ENOENT || (code == 0 && text.b.n == 0)) {
			evidencef(r, "%s: %s", path, code ? open_strerror(code) : "empty");
			return found(r, "An initrd of this entry is missing or empty.");
		}
		if (code < 0)
			return unknown(r, path, code);
		text.b.p = text.buf;
		initrd_look(text.b, &one);
		if (one.cut_off) {
			evidencef(r, "%s: cpio archive without its end", path);
			return found(r, "An initrd of this entry is cut off or damaged.");
		}
		all->early |= one.early;
		all->late |= one.late;
		all->compressed |= one.compressed;
		all->modules |= one.modules;
	}
	return PREFLIGHT_OK;
}

static enum preflight_status look_initrds(const struct look *l, struct report *r)
{
	struct initrd_facts facts;
	enum preflight_status status;

	if (!l->entry)
		return unknown_entry(l, r);
	status = read_initrds(l, r, &facts);
	if (status == PREFLIGHT_OK && l->entry->initrd_damage) {
		evidencef(r, "%s", l->entry->initrd_damage);
		return found(r, "An initrd of this entry is cut off or damaged.");
	}
	if (status == PREFLIGHT_OK && facts.compressed && l->entry->initrd_unseen) {
		evidencef(r, "%s", l->entry->initrd_unseen);
		return PREFLIGHT_UNKNOWN;
	}
	if (status != PREFLIGHT_OK || l->entry->n_initrds == 0 || facts.late)
		return status;
	for (size_t i = 0; i < l->entry->n_initrds; i++)
		evidencef(r, "%s: %s", l->entry->initrds[i],
			  facts.early ? "only files for the kernel itself" : "no files");
	return found(
		r, "The initrds of this entry hold no file system: microcode alone does not boot.");
}

/* Whether there are modules of @release: 1, 0 or an error. */
static int has_modules(const struct look *l, const char *release, struct report *r)
{
	static const char *const places[] = { "/lib/modules", "/usr/lib/modules" };

	for (size_t i = 0; i < 2; i++) {
		char path[512];
		int code;

		if (!path_make(path, sizeof(path), "%s%s/%s/modules.dep",
			       l->opts->target ? l->opts->target : "", places[i], release))
			return -ENAMETOOLONG;
		code = look_exists(l, path);
		if (code != 0) {
			evidencef(r, "%s: %s", path, code > 0 ? "is there" : open_strerror(code));
			return code;
		}
	}
	evidencef(r, "no %s/%s/modules.dep", places[0], release);
	return 0;
}

static enum preflight_status look_modules(const struct look *l, struct report *r)
{
	const char *release;
	struct initrd_facts facts;
	int there;

	if (!l->entry || !l->entry->image || !l->entry->image->version)
		return unknown_entry(l, r);
	release = l->entry->image->version;
	there = has_modules(l, release, r);
	if (there)
		return there < 0 ? PREFLIGHT_UNKNOWN : PREFLIGHT_OK;
	/* A compressed initrd may have the modules that are needed to boot: then this is a warning
	 * only. */
	if (l->entry->type == KX_ENTRY_UKI || l->entry->n_initrds) {
		if (l->entry->type == KX_ENTRY_UKI || read_initrds(l, r, &facts) != PREFLIGHT_OK ||
		    facts.compressed || facts.modules)
			r->severity = PREFLIGHT_WARN;
		r->sentence.n = 0;
	}
	return found(r, "There are no modules for Linux %s, the kernel of this entry.", release);
}

static enum preflight_status look_length(const struct look *l, struct report *r)
{
	uint64_t max;
	size_t n;

	if (!l->entry || !l->entry->cmdline || !l->entry->image)
		return unknown_entry(l, r);
	max = l->entry->image->cmdline_max ? l->entry->image->cmdline_max : CMDLINE_MAX;
	n = strlen(l->entry->cmdline);
	evidencef(r, "%zu bytes of %llu", n, (unsigned long long)max);
	if (n <= max)
		return PREFLIGHT_OK;
	return found(r, "The command line is longer than this kernel takes.");
}

static enum preflight_status look_variables(const struct look *l, struct report *r)
{
	_cleanup_free_ char *root = NULL;

	if (!l->entry || !l->entry->cmdline)
		return unknown_entry(l, r);
	if (!strchr(l->entry->cmdline, '$'))
		return PREFLIGHT_OK;
	evidence(r, "command line", l->entry->cmdline);
	if (cmdline_value(l->entry->cmdline, "root=", &root) >= 0 && strchr(root, '$'))
		r->severity = PREFLIGHT_REFUSE;
	return found(r, "A variable (\"$\") is left on the command line: nobody has set it.");
}

/* Compares the numbers at the front of two releases; the text behind them names a flavour, not a
 * version. */
static int compare_releases(const char *a, const char *b)
{
	char fronts[2][128];
	const char *const whole[2] = { a, b };

	for (size_t i = 0; i < 2; i++) {
		size_t n = strspn(whole[i], "0123456789.-");

		while (n && (whole[i][n - 1] == '.' || whole[i][n - 1] == '-'))
			n--;
		if (!path_make(fronts[i], sizeof(fronts[i]), "%.*s", (int)n, whole[i]))
			return 0;
	}
	return strverscmp(fronts[0], fronts[1]);
}

/* A release candidate is older than its release, although the numbers are equal. */
static bool is_newer(const char *candidate, const char *chosen)
{
	return !strstr(candidate, "-rc") && compare_releases(candidate, chosen) > 0;
}

static enum preflight_status look_newest(const struct look *l, struct report *r)
{
	static const char *const places[] = { "/lib/modules", "/usr/lib/modules" };
	const char *chosen;
	char newest[256] = "";
	bool some = false;

	if (!l->entry || !l->entry->image || !l->entry->image->version)
		return unknown_entry(l, r);
	chosen = l->entry->image->version;
	if (l->opts->target) { /* packages of the running system say nothing about another one */
		evidencef(r, "the kernels of %s were not compared", l->opts->target);
		return PREFLIGHT_UNKNOWN;
	}
	for (size_t p = 0; p < sizeof(places) / sizeof(*places); p++) {
		_cleanup_names_ struct names names = { 0 };

		if (!seen(r, places[p], look_list(l, places[p], &names)))
			continue;
		some = true;
		for (size_t i = 0; i < names.n; i++) {
			char path[512];

			if (is_newer(names.v[i], newest[0] ? newest : chosen) &&
			    path_make(path, sizeof(path), "%s/%s/modules.dep", places[p],
				      names.v[i]) &&
			    look_there(l, r, path) &&
			    path_make(newest, sizeof(newest), "%s", names.v[i]))
				evidencef(r, "%s/%s, chosen is %s", places[p], newest, chosen);
		}
	}
	if (!some) /* installed kernels are told by their modules */
		return unknown(r, places[0], -ENOENT);
	if (!newest[0])
		return PREFLIGHT_OK;
	return found(r, "Linux %s is installed, but %s would start.", newest, chosen);
}

/* Second field of each line of fstab(5) and fifth of mountinfo (proc_pid_mountinfo(5)). */
static bool lists_mount(struct bytes table, unsigned field, const char *where)
{
	struct lines lines = lines_of(table);
	struct bytes line;

	while (lines_next(&lines, &line)) {
		struct bytes rest = bytes_trim(line), word = { 0 };

		if (bytes_starts(rest, "#"))
			continue;
		for (unsigned i = 0; i < field; i++)
			word = bytes_word(&rest);
		if (bytes_is(word, where))
			return true;
	}
	return false;
}

static enum preflight_status look_boot_mounted(const struct look *l, struct report *r)
{
	static const char *const places[] = { "/boot", "/efi", "/boot/efi" };
	_cleanup_look_file_ struct look_file fstab = { 0 }, mounts = { 0 };
	int code = look_file(l, "/etc/fstab", &fstab);
	bool missing = false;

	if (code == -ENOENT)
		return PREFLIGHT_OK;
	if (code < 0)
		return unknown(r, "/etc/fstab", code);
	code = look_file(l, "/proc/self/mountinfo", &mounts);
	if (code < 0)
		return unknown(r, "/proc/self/mountinfo", code);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (lists_mount(fstab.b, 2, places[i]) && !lists_mount(mounts.b, 5, places[i])) {
			evidencef(r, "/etc/fstab has %s, /proc/self/mountinfo has not", places[i]);
			missing = true;
		}
	if (!missing)
		return PREFLIGHT_OK;
	return found(r, "Where kernels are kept is not mounted; what is found there may be old.");
}

static enum preflight_status look_loaded(const struct look *l, struct report *r)
{
	const char *path;
	int loaded = look_kexec(l, "loaded", &path);

	if (loaded == -ENOENT)
		return PREFLIGHT_OK;
	if (loaded < 0)
		return unknown(r, path, loaded);
	evidence(r, path, loaded ? "1" : "0");
	if (!loaded || l->opts->loaded_is_ours)
		return PREFLIGHT_OK;
	return found(r, "A kernel that somebody else loaded is waiting; it will be replaced.");
}

static enum preflight_status look_type(const struct look *l, struct report *r)
{
	if (!l->entry)
		return unknown_entry(l, r);
	if (!is_for_firmware(l->entry->type))
		return PREFLIGHT_OK;
	evidence(r, "boot entry", l->entry->title);
	if (l->entry->only_firmware)
		evidencef(r, "%s", l->entry->only_firmware);
	return found(
		r, "The entry that starts next is none for kexec: only the firmware can start it.");
}

static enum preflight_status look_missing_files(const struct look *l, struct report *r)
{
	if (!l->entry)
		return unknown_entry(l, r);
	if (!l->entry->is_broken)
		return PREFLIGHT_OK;
	evidencef(r, "%s", l->opts->entry_error ? l->opts->entry_error : l->entry->title);
	return found(r, "The boot loader cannot start this entry either: files of it are missing.");
}

static enum preflight_status look_device_tree(const struct look *l, struct report *r)
{
	if (!l->entry)
		return unknown_entry(l, r);
	if (!l->entry->devicetree || l->entry->way == KX_WAY_SEGMENTS)
		return PREFLIGHT_OK;
	evidence(r, "devicetree", l->entry->devicetree);
	if (l->entry->way == KX_WAY_AUTO)
		r->severity = PREFLIGHT_WARN;
	return found(r,
		     "The entry has a device tree of its own, which kexec_file_load(2) ignores.");
}

static enum preflight_status look_other_loaders(const struct look *l, struct report *r)
{
	struct loaders others;

	loaders_find(l->root, &others);
	if (others.found.n)
		evidencef(r, "%s", others.found.s);
	if (others.unread.n)
		strbuf_addf(&r->unseen, "%s", others.unread.s);
	r->evidence.failed |= others.found.failed | others.unread.failed;
	loaders_done(&others);
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	if (others.reboot_is_kexec)
		return found(
			r,
			"An ordinary reboot was made to end in a kexec by somebody else: a reboot "
			"that is to go through the firmware may start a kernel. `coldreboot` unloads "
			"it, and permits no other load before.");
	return found(r, "Something else wants to load a kernel while the system goes down.");
}

/* Words that may have been meant for a single boot; only a person can tell. */
static bool may_be_for_one_boot(const struct cmdline_word *word)
{
	static const char *const keys[] = {
		"systemd.unit",		 "rd.systemd.unit", "init",	  "rdinit",
		"systemd.debug_shell",	 "BOOT_IMAGE",	    "elfcorehdr", "memmap",
		"kexec_jump_back_entry", "acpi_rsdp",	    "forcefsck",  "snapd_recovery_mode"
	};

	if (cmdline_key_is(word, "fsck.mode"))
		return bytes_is(word->value, "force");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (cmdline_key_is(word, keys[i]))
			return true;
	return false;
}

static enum preflight_status look_one_boot_words(const struct look *l, struct report *r)
{
	struct cmdline_word word;
	const char *line;

	if (!l->entry || !l->entry->cmdline)
		return unknown_entry(l, r);
	line = l->entry->cmdline;
	while (cmdline_next(&line, &word))
		if (cmdline_is_one_boot(&word) ||
		    (l->entry->reuses_running && may_be_for_one_boot(&word)))
			evidencef(r, "%.*s", (int)word.whole.n, (const char *)word.whole.p);
	if (r->evidence.n == 0)
		return PREFLIGHT_OK;
	if (l->entry->reuses_running)
		return found(r, "The running command line has words that were meant for one boot.");
	r->severity = PREFLIGHT_NOTE;
	r->remedy = "Remove them from the entry if it is to start the system as usual.";
	return found(r, "The boot entry itself has words that are meant for one boot.");
}

/* B16: was the entry read from the configuration of another loader than the one that runs, or
 * guessed? Unknown without an entry. */
static enum preflight_status look_guess(const struct look *l, struct report *r)
{
	if (!l->opts->guess)
		return l->entry ? PREFLIGHT_OK : unknown_entry(l, r);
	evidencef(r, "%s", l->opts->guess);
	if (l->entry)
		return found(r, "What would be started is a guess: the configuration that was read "
				"does not decide it on this machine.");
	r->severity = PREFLIGHT_REFUSE;
	return found(r, "It is not known what this machine's boot loader would start next.");
}

static enum preflight_status look_for_entry(const struct look *l, struct report *r)
{
	if (l->entry)
		return PREFLIGHT_OK;
	if (!l->opts->entry_error || !*l->opts->entry_error)
		return unknown_entry(l, r);
	evidencef(r, "%s", l->opts->entry_error);
	return found(r, "There is nothing to start: no boot entry was found.");
}

const struct check entry_checks[] = {
	{ "B1", PREFLIGHT_REFUSE, false, "kernel image",
	  "Reinstall the kernel, or choose another entry.", look_image },
	{ "B2", PREFLIGHT_REFUSE, true, "initrds", "Make the initramfs anew.", look_initrds,
	  .same_cold = true },
	{ "B3", PREFLIGHT_REFUSE, true, "modules of the kernel",
	  "Finish the installation of the kernel's packages.", look_modules },
	{ "B4", PREFLIGHT_REFUSE, true, "root device", "Correct root= in the boot entry.",
	  look_devices },
	{ "B5", PREFLIGHT_REFUSE, false, "length of the command line", "Shorten it.", look_length },
	{ "B6", PREFLIGHT_WARN, true, "variables on the command line",
	  "Set the variable in the boot loader's environment, or remove it from the entry.",
	  look_variables },
	{ "B7", PREFLIGHT_WARN, true, "newest kernel", "Name the entry that is to start.",
	  look_newest },
	{ "B8", PREFLIGHT_REFUSE, true, "staged deployment",
	  "Use `ostree admin upgrade --kexec`, or reboot through the firmware.", look_staged },
	{ "B9", PREFLIGHT_WARN, true, "/boot is mounted", "Mount it.", look_boot_mounted },
	{ "B10", PREFLIGHT_REFUSE, true, "package manager at rest",
	  "Wait until it has finished, or repair the packages.", look_packages,
	  .every_reboot = true },
	{ "B11", PREFLIGHT_WARN, true, "image already loaded", NULL, look_loaded },
	{ "B12", PREFLIGHT_COLD, true, "entry is Linux",
	  "Reboot through the firmware, or name a Linux entry.", look_type },
	{ "B13", PREFLIGHT_REFUSE, true, "device tree of the entry",
	  "Load it with kexec_load(2) (WAY=segments).", look_device_tree },
	{ "B14", PREFLIGHT_NOTE, true, "other loaders", "Disable the other unit or script.",
	  look_other_loaders },
	{ "B15", PREFLIGHT_WARN, true, "words for one boot",
	  "Start the boot entry's own command line instead.", look_one_boot_words },
	{ "B16", PREFLIGHT_WARN, true, "configuration of the boot loader",
	  "Name its configuration with --config, or the entry that is to start.", look_guess },
	{ "B17", PREFLIGHT_REFUSE, false, "a boot entry",
	  "Name a kernel or a configuration, or install a kernel.", look_for_entry },
	{ "B18", PREFLIGHT_REFUSE, false, "files of the entry",
	  "Install the kernel again, or make another entry the default one of the boot loader.",
	  look_missing_files, .same_cold = true },
	{ "B19", PREFLIGHT_REFUSE, true, "snapshot that starts next",
	  "Reboot through the firmware (`rapidreboot cold`), or name the kernel of that snapshot.",
	  look_snapshot },
	{ NULL },
};
