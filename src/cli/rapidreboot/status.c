// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot status: what is loaded, what a reboot would be, and whether one is due. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "cli/json.h"
#include "cli/rapidreboot/options.h"
#include "cli/rapidreboot/start.h"
#include "cli/rapidreboot/waiting.h"

struct status {
	struct kx_state kernel;
	const char *init; /* NULL: unknown */
	bool enabled;
	bool ours; /* loaded by us in this boot */
	struct request loaded;
	bool armed; /* a request is on its way */
	struct request request;
	char *running; /* release, or NULL */
	struct waiting waiting;
	struct entries entries;
	struct kx_entry next; /* ->id NULL: not known */
};

static void find_next(struct status *s)
{
	struct kx_entries_opts opts = { .size = sizeof(opts) };

	s->entries.info.size = sizeof(s->entries.info);
	if (kx_ctx_new(NULL, &s->entries.ctx, NULL) < 0 ||
	    kx_entries_new(s->entries.ctx, &opts, &s->entries.list, NULL) < 0)
		return;
	(void)kx_entries_info(s->entries.list, &s->entries.info);
	if (s->entries.info.default_index < s->entries.info.n_entries)
		s->next = entries_get(&s->entries, s->entries.info.default_index);
}

static int status_read(struct status *s)
{
	_cleanup_(kx_ctx_freep) struct kx_ctx *ctx = NULL;
	struct sys *sys = sys_machine();
	_cleanup_close_ int root = machine_open(sys);
	const struct init_system *init;
	struct kx_error err = { 0 };
	bool verbose = false;
	struct pid1 pid1;
	int r = running_open(&verbose, &ctx);

	*s = (struct status){ .kernel.size = sizeof(s->kernel) };
	if (r != EXIT_OK)
		return r;
	if (kx_state(ctx, &s->kernel, &err) < 0)
		return fail_with(&err);
	pid1_read(sys, &pid1);
	init = init_detect(&pid1);
	s->init = init ? init->name : NULL;
	s->enabled = is_enabled(sys);
	s->ours = s->kernel.loaded == 1 && loaded_read(sys, &s->loaded, NULL) == 0;
	s->armed = request_read(sys, &s->request, NULL) == 0;
	if (read_line_in(root, "/proc/sys/kernel/osrelease", &s->running) < 0)
		s->running = NULL;
	find_next(s);
	waiting_read(root, &s->entries, s->running, sys->has_boot_capability(sys), &s->waiting);
	return EXIT_OK;
}

static const char *yes_no(int value)
{
	return value == 1 ? "yes" : value == 0 ? "no" : "unknown";
}

static void print_text(const struct status *s)
{
	printf("%-14s %s", "Loaded:", yes_no(s->kernel.loaded));
	if (s->kernel.loaded == 1)
		printf(", %s%s", s->ours ? "by rapidreboot: " : "by another program",
		       s->ours ? s->loaded.entry : "");
	printf("\n%-14s %s\n", "Crash kernel:", yes_no(s->kernel.crash_loaded));
	printf("%-14s %s\n", "Init:", s->init ? s->init : "unknown");
	printf("%-14s %s\n",
	       "Enabled:", s->enabled ? "yes, an ordinary reboot is a fast one" : "no");
	if (s->armed)
		printf("%-14s %s\n", "Going down:",
		       s->request.mode == REBOOT_COLD ? "through the firmware" : "fast");
	printf("%-14s %s\n", "Running:", s->running ? s->running : "unknown");
	printf("%-14s %s%s%s\n", "Next:", s->next.id ? s->next.title : "unknown",
	       s->next.version ? ", " : "", s->next.version ? s->next.version : "");
	if (s->waiting.kind != WAITING_NOT) {
		printf("%-14s ", "Waiting:");
		waiting_print(&s->waiting);
	}
	if (s->kernel.load_disabled == 1)
		printf("%-14s no kernel can be loaded (kernel.kexec_load_disabled)\n", "Locked:");
}

/* null for what the kernel does not tell */
static json_t *json_flag(int value)
{
	return value < 0 ? json_null() : json_boolean(value);
}

static int print_json(const struct status *s)
{
	json_t *all = json_object();

	json_object_set_new(all, "loaded", json_flag(s->kernel.loaded));
	json_object_set_new(all, "loaded_by_us", json_boolean(s->ours));
	json_object_set_new(all, "loaded_entry", json_text(s->ours ? s->loaded.entry : NULL));
	json_object_set_new(all, "crash_loaded", json_flag(s->kernel.crash_loaded));
	json_object_set_new(all, "load_disabled", json_flag(s->kernel.load_disabled));
	json_object_set_new(all, "init", json_text(s->init));
	json_object_set_new(all, "enabled", json_boolean(s->enabled));
	json_object_set_new(all, "request",
			    json_text(!s->armed			       ? NULL
				      : s->request.mode == REBOOT_COLD ? "cold"
								       : "kexec"));
	json_object_set_new(all, "running", json_text(s->running));
	json_object_set_new(all, "next_title", json_text(s->next.id ? s->next.title : NULL));
	json_object_set_new(all, "next_version", json_text(s->next.id ? s->next.version : NULL));
	json_object_set_new(all, "reboot_required",
			    json_text(s->waiting.source[0] ? s->waiting.source : NULL));
	json_object_set_new(all, "waiting", json_string(waiting_kind_name(s->waiting.kind)));
	json_object_set_new(all, "waiting_kernel",
			    json_text(s->waiting.kernel[0] ? s->waiting.kernel : NULL));
	json_object_set_new(
		all, "waiting_packages",
		json_texts((const char *const *)s->waiting.packages.v, s->waiting.packages.n));
	return json_print(all) < 0 ? EXIT_FAILED : EXIT_OK;
}

static int status(bool json)
{
	struct status s;
	int r = status_read(&s);

	if (r == EXIT_OK && json)
		r = print_json(&s);
	else if (r == EXIT_OK)
		print_text(&s);
	free(s.running);
	waiting_done(&s.waiting);
	entries_close(&s.entries);
	return r;
}

/* One line at most, for whoever logs in: nothing that needs root, and no word about what fails. */
static int notice(void)
{
	_cleanup_close_ int root = machine_open(sys_machine());
	_cleanup_config_ struct config config = { 0 };
	struct status s = { 0 };
	const bool wanted = config_read(root, &config, NULL) < 0 || config.notice;

	if (wanted && read_line_in(root, "/proc/sys/kernel/osrelease", &s.running) == 0) {
		find_next(&s);
		waiting_read(root, &s.entries, s.running, false, &s.waiting);
		waiting_print(&s.waiting);
	}
	free(s.running);
	waiting_done(&s.waiting);
	entries_close(&s.entries);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	int r = command_take(&status_command, argc, argv, &o);

	if (r >= 0)
		return r;
	if (o.notice && o.json)
		return command_fail(&status_command, "--notice and --json exclude each other");
	return o.notice ? notice() : status(o.json);
}

const struct command status_command = {
	.name = "status",
	.synopsis = "",
	.summary = "what is loaded, and what a reboot would be",
	.run = run,
	.taker = BY_STATUS,
	.about =
		"What is loaded, what an ordinary reboot would do, which kernel runs and which one would\n"
		"be started.",
};
