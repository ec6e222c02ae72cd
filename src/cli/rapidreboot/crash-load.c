// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot crash load, reload, unload, estimate: arms the machine for a crash. */

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/open.h"
#include "base/strbuf.h"
#include "cli/json.h"
#include "cli/plain.h"
#include "cli/rapidreboot/crash-remote.h"
#include "cli/rapidreboot/crash.h"
#include "cli/rapidreboot/front.h"
#include "config/legacy-vars.h"
#include "crash/advice.h"
#include "crash/load.h"

/* A load from the options to the plan. */
struct loading {
	struct reboot rb;
	struct config config;
	struct crash_settings settings;
	struct crash_choice choice;
	struct crash_job job;
	struct kx_state state;
	struct crash_remote remote;
	char *program;
};

static void loading_done(struct loading *l)
{
	crash_job_done(&l->job);
	crash_remote_done(&l->remote);
	crash_choice_done(&l->choice);
	crash_settings_done(&l->settings);
	config_done(&l->config);
	reboot_close(&l->rb);
	free(TAKE_PTR(l->program));
}

/* The program of our own initial ramdisk: as it is installed, else beside this one. */
static int find_program(char **ret)
{
	if (is_program_in(ROOT_HERE, CAPTURE_PROGRAM)) {
		*ret = strdup(CAPTURE_PROGRAM);
		return *ret ? 0 : -ENOMEM;
	}
	return path_beside_self_in(ROOT_HERE, "rapidreboot-capture", ret);
}

static int fail_load(const struct kx_error *err)
{
	(void)fail_with(err);
	return EXIT_LOAD;
}

/* Files of the options go before those of the configuration, as if they stood in ours. */
static int take_options(struct loading *l, const struct options *o)
{
	struct crash_settings *s = &l->settings;
	_cleanup_strbuf_ struct strbuf b = { 0 };

	if (o->kernel) {
		s->source = CRASH_OWN;
		free(TAKE_PTR(s->off));
		if (text_set(&s->kernel, o->kernel) < 0)
			return -ENOMEM;
	}
	if ((o->initrds.n && text_set(&s->initrd, o->initrds.v[0]) < 0) ||
	    (o->cmdline && text_set(&s->base, o->cmdline) < 0))
		return -ENOMEM;
	if (o->way)
		s->options.way = (enum kx_way)o->way;
	if (!o->append)
		return 0;
	strbuf_addf(&b, "%s %s", s->append ? s->append : "", o->append);
	free(TAKE_PTR(s->append));
	return strbuf_take(&b, &s->append);
}

/* Opens the machine and reads what it is configured to load. An exit status. */
static int look(const struct command *c, const struct options *o, struct loading *l)
{
	struct kx_error err = { 0 };
	int r;

	if (o->initrds.n > 1 || (o->initrds.n && !o->kernel))
		return command_fail(c, "--initrd goes with --kernel, and once");
	r = front_open(&l->rb, o->find.root, o->verbose);
	if (r != EXIT_OK)
		return r;
	if (l->rb.place == PLACE_INSTALLED) {
		plain_printf(
			stderr,
			"rapidreboot: %s does not run: only the running system, or a captured machine "
			"with its /proc, has memory for a crash kernel\n",
			o->find.root);
		return EXIT_FAILED;
	}
	l->state = (struct kx_state){ .size = sizeof(l->state) };
	if (kx_state(l->rb.ctx, &l->state, &err) < 0 ||
	    config_read(l->rb.machine, &l->config, &err) < 0 ||
	    crash_settings_read(l->rb.machine, &l->config, &l->settings, &err) < 0)
		return fail_with(&err);
	for (size_t i = 0; i < l->settings.warnings.n; i++)
		teller_warn(&l->rb.teller, "%s", l->settings.warnings.v[i]);
	if (take_options(l, o) < 0 || find_program(&l->program) == -ENOMEM) {
		fputs("rapidreboot: out of memory\n", stderr);
		return EXIT_FAILED;
	}
	l->job = (struct crash_job){
		.ctx = l->rb.ctx,
		.root = l->rb.machine,
		.teller = &l->rb.teller,
		.settings = &l->settings,
		.choice = &l->choice,
		.program = l->program ? l->program : CAPTURE_PROGRAM,
		.needs_signature = crash_wants_signature(l->rb.machine),
	};
	return EXIT_OK;
}

static int choose(struct loading *l)
{
	struct kx_error err = { 0 };
	struct utsname names;

	if (uname(&names) < 0)
		names.machine[0] = '\0';
	if (crash_choose(l->rb.ctx, l->rb.machine, names.machine, &l->settings, &l->choice, &err) <
	    0)
		return fail_with(&err);
	for (size_t i = 0; l->choice.is_own && i < l->settings.not_followed.n; i++)
		teller_warn(&l->rb.teller, "%s", l->settings.not_followed.v[i]);
	if (!l->choice.is_own || !crash_remote_name(&l->settings) || l->rb.machine != ROOT_HERE)
		return EXIT_OK;
	if (crash_remote_find(&l->settings, &l->remote, &err) < 0)
		return fail_load(&err);
	l->job.remote = &l->remote.remote;
	return EXIT_OK;
}

/* Can anything be loaded at all? An exit status. */
static int may_load(const struct loading *l)
{
	if (l->settings.off) {
		plain_printf(stderr, "rapidreboot: %s: no crash kernel is wanted (USE_KDUMP)\n",
			     l->settings.off);
		return EXIT_NOTHING;
	}
	if (l->state.crash_loaded < 0) {
		fputs("rapidreboot: the running kernel is built without crash kernels "
		      "(CONFIG_CRASH_DUMP)\n",
		      stderr);
		return EXIT_REFUSED;
	}
	if (!l->state.crash_size) {
		fputs("rapidreboot: no memory is reserved for a crash kernel: boot with crashkernel=, "
		      "see rapidreboot crash estimate\n",
		      stderr);
		return EXIT_REFUSED;
	}
	return EXIT_OK;
}

static void print_layers(const struct capture_target *t)
{
	for (size_t i = 0; i < t->n_layers; i++) {
		_cleanup_strbuf_ struct strbuf b = { 0 };

		capture_layer_text(&t->layers[i], &b);
		plain_printf(stdout, "%-14s %s %s\n", "",
			     t->layers[i].uuid ? "on the array" : "on the volume",
			     b.s && !b.failed ? b.s : "");
	}
}

static void print_target(const struct capture_target *t, const char *what)
{
	if (capture_target_kind(t) == CAPTURE_SSH)
		plain_printf(stdout, "%-14s %s of %s by ssh, from %s\n", what, t->directory, t->ssh,
			     t->network.address);
	else if (capture_target_kind(t) == CAPTURE_NFS)
		plain_printf(stdout, "%-14s %s of %s by NFS, from %s\n", what, t->directory, t->nfs,
			     t->network.address);
	else
		plain_printf(stdout, "%-14s %s of %s %s\n", what, t->directory, t->type, t->uuid);
	print_layers(t);
}

static void print_own(const struct crash_job *job)
{
	const struct capture_settings *s = &job->capture;

	plain_printf(stdout, "initrd         our own, %llu KiB\n",
		     (unsigned long long)(job->archive_n + 1023) >> 10);
	for (size_t i = 0; i < s->n_targets; i++)
		print_target(&s->targets[i], i ? "else" : "saves to");
	for (size_t i = 0; i < s->modules.n; i++)
		plain_printf(stdout, "%-14s %s\n", i ? "" : "modules", s->modules.v[i]);
}

static void print_files(const struct loading *l)
{
	const struct crash_choice *c = &l->choice;

	plain_printf(stdout, "kernel         %s\n", c->kernel);
	if (c->is_own)
		print_own(&l->job);
	else
		plain_printf(stdout, "initrd         %s\n", c->initrd ? c->initrd : "none");
}

static json_t *target_json(const struct capture_target *t)
{
	if (capture_target_kind(t) == CAPTURE_SSH)
		return json_pack("{s:o, s:o, s:o}", "directory", json_text(t->directory), "ssh",
				 json_text(t->ssh), "address", json_text(t->network.address));
	if (capture_target_kind(t) == CAPTURE_NFS)
		return json_pack("{s:o, s:o, s:o}", "directory", json_text(t->directory), "nfs",
				 json_text(t->nfs), "address", json_text(t->network.address));
	return json_pack("{s:o, s:o, s:o}", "directory", json_text(t->directory), "type",
			 json_text(t->type), "uuid", json_text(t->uuid));
}

/* Our own initial ramdisk, or null. */
static json_t *own_json(const struct crash_job *job)
{
	const struct capture_settings *s = &job->capture;
	json_t *targets, *modules;

	if (!job->choice->is_own)
		return json_null();
	targets = json_array();
	modules = json_array();
	for (size_t i = 0; i < s->n_targets; i++)
		json_array_append_new(targets, target_json(&s->targets[i]));
	for (size_t i = 0; i < s->modules.n; i++)
		json_array_append_new(modules, json_text(s->modules.v[i]));
	return json_pack("{s:I, s:o, s:o}", "bytes", (json_int_t)job->archive_n, "targets", targets,
			 "modules", modules);
}

static int tell(const struct loading *l, const struct options *o, bool loaded)
{
	const struct crash_settings *s = &l->settings;
	const struct crash_choice *c = &l->choice;

	if (o->json)
		return json_print(
			       json_pack("{s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:I}",
					 "loaded", loaded, "source", crash_source_name(s->source),
					 "file", json_text(s->file), "kernel", json_text(c->kernel),
					 "initrd", json_text(c->initrd), "own_initrd",
					 own_json(&l->job), "cmdline", json_text(c->cmdline), "way",
					 l->job.info.way == KX_WAY_FILE ? "file" : "segments",
					 "reason", json_text(l->job.info.reason), "reserved",
					 (json_int_t)l->state.crash_size)) < 0
			       ? EXIT_FAILED
			       : EXIT_OK;
	if (loaded && !o->verbose)
		return EXIT_OK;
	plain_printf(stdout, "configured by  %s%s%s\n", crash_source_name(s->source),
		     s->file ? ", " : "", s->file ? s->file : "");
	print_files(l);
	plain_printf(stdout, "command line   %s\n", c->cmdline);
	plain_printf(stdout, "loaded with    %s: %s\n",
		     l->job.info.way == KX_WAY_FILE ? "kexec_file_load" : "kexec_load",
		     l->job.info.reason);
	return EXIT_OK;
}

static int load(const struct command *c, const struct options *o, bool replace)
{
	_cleanup_(loading_done) struct loading l = { .rb = { .machine = -1, .system = -1 } };
	struct kx_error err = { 0 };
	int r = look(c, o, &l);

	if (r == EXIT_OK)
		r = may_load(&l);
	if (r != EXIT_OK)
		return r;
	if (l.state.crash_loaded == 1 && !replace && !o->dry_run) {
		fputs("rapidreboot: a crash kernel is loaded already; rapidreboot crash reload "
		      "replaces it\n",
		      stderr);
		return EXIT_OK;
	}
	r = choose(&l);
	if (r != EXIT_OK)
		return r;
	if (crash_plan(&l.job, &err) < 0)
		return fail_load(&err);
	if (!o->dry_run && crash_load(&l.job, &err) < 0)
		return fail_load(&err);
	return tell(&l, o, !o->dry_run);
}

static int run_load(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	const int r = command_take(&crash_load_command, argc, argv, &o);

	return r >= 0 ? r : load(&crash_load_command, &o, false);
}

static int run_reload(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	const int r = command_take(&crash_reload_command, argc, argv, &o);

	return r >= 0 ? r : load(&crash_reload_command, &o, true);
}

static int run_unload(int argc, char **argv)
{
	_cleanup_(loading_done) struct loading l = { .rb = { .machine = -1, .system = -1 } };
	_cleanup_(command_done) struct options o;
	struct kx_error err = { 0 };
	int r = command_take(&crash_unload_command, argc, argv, &o);

	if (r >= 0)
		return r;
	r = front_open(&l.rb, NULL, o.verbose);
	if (r != EXIT_OK)
		return r;
	l.job = (struct crash_job){
		.ctx = l.rb.ctx,
		.root = l.rb.machine,
		.teller = &l.rb.teller,
		.needs_signature = crash_wants_signature(l.rb.machine),
	};
	return crash_unload(&l.job, &err) < 0 ? fail_load(&err) : EXIT_OK;
}

/* ---- estimate */

static unsigned long long mib(uint64_t n)
{
	return (unsigned long long)((n + (1 << 20) - 1) >> 20);
}

static void print_advice(const struct loading *l, uint64_t bytes)
{
	_cleanup_(kx_entries_freep) struct kx_entries *entries = NULL;
	struct kx_entries_info list = { .size = sizeof(list) };
	struct kx_entry entry = { .size = sizeof(entry) };
	_cleanup_free_ char *text = NULL;
	bool has_list = kx_entries_new(l->rb.entries_ctx, NULL, &entries, NULL) == 0 &&
			kx_entries_info(entries, &list) == 0;
	bool has_entry = has_list && list.default_index < list.n_entries &&
			 kx_entries_entry(entries, list.default_index, &entry) == 0;

	if (crash_advise(bytes, has_list ? &list : NULL, has_entry ? &entry : NULL, &text) == 0)
		plain_printf(stdout, "to reserve it: %s\n", text);
}

static int estimate(const struct options *o)
{
	_cleanup_(loading_done) struct loading l = { .rb = { .machine = -1, .system = -1 } };
	struct kx_crash_estimate e = { 0 };
	struct kx_error err = { 0 };
	int r = look(&crash_estimate_command, o, &l);

	if (r == EXIT_OK)
		r = choose(&l);
	if (r != EXIT_OK)
		return r;
	if (crash_estimate(&l.job, &e, &err) < 0)
		return fail_with(&err);
	if (o->json)
		return json_print(json_pack(
			       "{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "kernel",
			       json_text(l.choice.kernel), "initrd", json_text(l.choice.initrd),
			       "own_initrd", own_json(&l.job), "needs", (json_int_t)e.needs,
			       "crashkernel", (json_int_t)e.advised, "reserved",
			       (json_int_t)e.reserved, "memory", (json_int_t)e.memory,
			       "initrd_bytes", (json_int_t)e.initrd, "unpacked",
			       (json_int_t)e.unpacked, "unpacked_is_guess", e.unpacked_is_guess,
			       "enough", e.needs && e.needs <= e.reserved)) < 0
			       ? EXIT_FAILED
			       : EXIT_OK;
	print_files(&l);
	if (!e.needs) {
		puts("needs          unknown: the kernel file does not say how large it is");
		return EXIT_FAILED;
	}
	printf("needs          about %llu MiB, of it %llu MiB for the ramdisk and %llu MiB for its files%s\n"
	       "reserved       %llu MiB of %llu MiB\n",
	       mib(e.needs), mib(e.initrd), mib(e.unpacked),
	       e.unpacked_is_guess ? " (a guess: it does not say how large they are)" : "",
	       mib(e.reserved), mib(e.memory));
	if (e.needs <= e.reserved) {
		puts("enough         yes");
		return EXIT_OK;
	}
	print_advice(&l, e.advised);
	return EXIT_REFUSED;
}

static int run_estimate(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	const int r = command_take(&crash_estimate_command, argc, argv, &o);

	return r >= 0 ? r : estimate(&o);
}

const struct command crash_load_command = {
	.name = "crash load",
	.synopsis = "",
	.summary = "arm the machine",
	.run = run_load,
	.taker = BY_CRASH_LOAD,
	.about =
		"Loads the kernel for the case of a crash that the machine is configured for: by CRASH_* of\n"
		"rapidreboot.conf, /etc/default/kdump-tools or /etc/sysconfig/kdump. One that is loaded stays.",
};
const struct command crash_reload_command = {
	.name = "crash reload",
	.synopsis = "",
	.summary = "the same, also when one is loaded",
	.run = run_reload,
	.taker = BY_CRASH_LOAD,
	.about =
		"Loads the kernel for the case of a crash, as `rapidreboot crash load`, in the place of the one\n"
		"that is loaded. When that fails the old one stays, or is loaded again.",
};
const struct command crash_unload_command = {
	.name = "crash unload",
	.synopsis = "",
	.summary = "disarm it",
	.run = run_unload,
	.taker = BY_CRASH_UNLOAD,
	.about = "Drops the kernel that is loaded for the case of a crash.",
};
const struct command crash_estimate_command = {
	.name = "crash estimate",
	.synopsis = "",
	.summary = "how much memory to reserve",
	.run = run_estimate,
	.taker = BY_CRASH_ESTIMATE,
	.about =
		"Works out how much memory the kernel and the initial ramdisk need that would be loaded for a\n"
		"crash, compares it with what is reserved, and says where to write crashkernel=. The exit\n"
		"status is 0 when it is enough, else 3.",
};
