// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot crash status: whether this machine is armed for a crash. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/json.h"
#include "cli/plain.h"
#include "cli/rapidreboot/crash.h"
#include "cli/rapidreboot/front.h"
#include "crash/load.h"
#include "dump/dump.h"

enum { MEMINFO_N = 16 << 10 };

struct crash_status {
	struct kx_state kernel;
	struct crash_choice loaded; /* what we loaded; empty when another tool did */
	bool has_proof;
	struct dump_proof proof;
	struct kx_error no_proof;
	struct config config;
	struct crash_settings settings;
	bool is_own; /* our own initial ramdisk is loaded */
	struct crash_trial trial;
	uint64_t now; /* seconds since 1970 */
};

static void prove(struct crash_status *s)
{
	_cleanup_(vmcore_freep) struct vmcore *core = NULL;
	_cleanup_close_ int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	const struct vmcore_source source = { crash_read_dump, &fd };
	char text[MEMINFO_N];
	ssize_t n = meminfo < 0 ? -errno : read_at(meminfo, text, sizeof(text), 0);

	if (fd < 0 || n < 0) {
		(void)kx_fail(&s->no_proof, -EACCES, "/proc/kcore or /proc/meminfo cannot be read");
		return;
	}
	s->has_proof = vmcore_open(&source, &core, &s->no_proof) == 0 &&
		       dump_prove(core, (struct bytes){ (uint8_t *)text, (size_t)n }, &s->proof,
				  &s->no_proof) == 0;
}

static json_t *not_followed_json(const struct crash_status *s)
{
	json_t *list = json_array();

	for (size_t i = 0; s->is_own && i < s->settings.not_followed.n; i++)
		json_array_append_new(list, json_text(s->settings.not_followed.v[i]));
	return list;
}

static json_t *status_json(const struct crash_status *s)
{
	json_t *all = json_pack("{s:b, s:I, s:o}", "supported", s->kernel.crash_loaded >= 0,
				"reserved", (json_int_t)s->kernel.crash_size, "loaded",
				s->kernel.crash_loaded < 0 ? json_null()
							   : json_boolean(s->kernel.crash_loaded));
	json_t *filter =
		s->has_proof ? json_pack("{s:b, s:o, s:I, s:I}", "knows_kernel", s->proof.is_good,
					 "misses", json_text(s->proof.missing), "free_found",
					 (json_int_t)s->proof.free_found, "free_said",
					 (json_int_t)s->proof.free_said)
			     : json_null();

	json_object_set_new(all, "filter", filter);
	json_object_set_new(all, "kernel", json_text(s->loaded.kernel));
	json_object_set_new(all, "initrd", json_text(s->loaded.initrd));
	json_object_set_new(all, "cmdline", json_text(s->loaded.cmdline));
	json_object_set_new(all, "not_followed", not_followed_json(s));
	json_object_set_new(all, "test", crash_trial_json(&s->trial, s->now));
	return all;
}

static void print_status(const struct crash_status *s)
{
	const int loaded = s->kernel.crash_loaded;

	printf("crash kernel: %s\n", loaded < 0	   ? "not supported by the running kernel"
				     : loaded == 1 ? "loaded"
						   : "not loaded");
	if (s->loaded.kernel) {
		plain_printf(stdout, "kernel:       %s\n", s->loaded.kernel);
		plain_printf(stdout, "initrd:       %s\n",
			     s->loaded.initrd ? s->loaded.initrd : "none");
		plain_printf(stdout, "command line: %s\n", s->loaded.cmdline);
	} else if (loaded == 1) {
		puts("kernel:       unknown, another tool loaded it");
	}
	printf("reserved:     %llu MiB\n", (unsigned long long)s->kernel.crash_size >> 20);
	if (!s->has_proof)
		plain_printf(stdout, "filter:       not tried: %s\n", s->no_proof.message);
	else if (s->proof.missing)
		printf("filter:       does not know this kernel: no %s in VMCOREINFO\n",
		       s->proof.missing);
	else
		printf("filter:       %s: %llu MiB of free pages found, the kernel says %llu\n",
		       s->proof.is_good ? "knows this kernel" : "does not know this kernel",
		       (unsigned long long)s->proof.free_found >> 20,
		       (unsigned long long)s->proof.free_said >> 20);
	for (size_t i = 0; s->is_own && i < s->settings.not_followed.n; i++)
		plain_printf(stdout, "not followed: %s\n", s->settings.not_followed.v[i]);
	crash_print_trial(&s->trial, s->now);
}

/* A machine on which nothing is loaded is not armed, which fleets have to see. */
static int tell(const struct crash_status *s, const struct options *o)
{
	if (o->json) {
		if (json_print(status_json(s)) < 0)
			return EXIT_FAILED;
	} else {
		print_status(s);
	}
	return s->kernel.crash_loaded == 1 ? EXIT_OK : EXIT_NOTHING;
}

static int status(const struct options *o)
{
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	struct crash_status s = { .kernel = { .size = sizeof(s.kernel) } };
	struct crash_options options;
	struct kx_error err = { 0 };
	int r = front_open(&rb, NULL, false);

	if (r != EXIT_OK)
		return r;
	if (kx_state(rb.ctx, &s.kernel, &err) < 0)
		return fail_with(&err);
	/* a note of what is not loaded any more, or cannot be read, tells nothing */
	if (s.kernel.crash_loaded == 1)
		(void)!crash_note_read(rb.machine, &s.loaded, &options);
	s.is_own = s.loaded.initrd && strcmp(s.loaded.initrd, CRASH_ARCHIVE_FILE) == 0;
	if (s.is_own && (config_read(rb.machine, &s.config, &err) < 0 ||
			 crash_settings_read(rb.machine, &s.config, &s.settings, &err) < 0))
		(void)fail_with(&err);
	s.now = (uint64_t)time(NULL);
	r = crash_trial_close(rb.machine, &s.trial, &err);
	if (r < 0 && r != -ENOENT)
		(void)fail_with(&err); /* the rest is worth knowing */
	prove(&s);
	r = tell(&s, o);
	crash_trial_done(&s.trial);
	crash_settings_done(&s.settings);
	config_done(&s.config);
	crash_choice_done(&s.loaded);
	return r;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	const int r = command_take(&crash_status_command, argc, argv, &o);

	return r >= 0 ? r : status(&o);
}

const struct command crash_status_command = {
	.name = "crash status",
	.synopsis = "",
	.summary = "is a crash kernel loaded?",
	.run = run,
	.taker = BY_CRASH_STATUS,
	.about =
		"Tells whether a crash kernel is loaded, which one, what is reserved for it, and whether a\n"
		"dump will be small, and what came of the last `rapidreboot crash test`. The exit status is 0 only when one is loaded, else 6.",
};
