// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot load, rapidreboot unload: without going down. */

#include "cli/json.h"
#include "cli/rapidreboot/start.h"

static int tell(const struct start *s, const struct start_options *o, bool loaded)
{
	if (o->json) {
		json_t *all = start_json(s);

		json_object_set_new(all, "loaded", json_boolean(loaded));
		return json_print(all) < 0 ? EXIT_FAILED : EXIT_OK;
	}
	if (!loaded || o->verbose)
		start_print(s);
	else if (s->guess)
		fprintf(stderr, "rapidreboot: warning: %s\n", s->guess);
	return EXIT_OK;
}

static int load(const struct start_options *o)
{
	struct start s;
	int r = start_prepare(&s, o);

	if (r == EXIT_OK && !o->dry_run)
		r = start_load(&s);
	if (r == EXIT_OK)
		r = tell(&s, o, !o->dry_run);
	start_done(&s);
	return r;
}

static int run_load(int argc, char **argv)
{
	struct start_options o;
	int r = start_options_parse(&o, TAKES_TARGET | TAKES_DRY_RUN, argc, argv);

	if (r == EXIT_OK && o.help)
		puts("Usage: rapidreboot load [-n] [OPTION]… [ENTRY]\n\n"
		     "Loads a kernel, by default the one that the boot loader would start next, and\n"
		     "does not reboot. The options are those of `rapidreboot --help`.");
	else if (r == EXIT_OK)
		r = load(&o);
	start_options_done(&o);
	return r;
}

static int unload(const struct start_options *o)
{
	_cleanup_(kx_ctx_freep) struct kx_ctx *ctx = NULL;
	bool verbose = o->verbose;
	struct kx_error err = { 0 };
	int r = running_open(&verbose, &ctx);

	if (r != EXIT_OK)
		return r;
	if (kx_unload(ctx, KX_WAY_AUTO, 0, &err) < 0) {
		(void)fail_with(&err);
		return EXIT_LOAD;
	}
	/* an attempt that was to use it does not happen */
	(void)!attempt_withdraw(sys_machine(), NULL);
	if (request_remove(sys_machine(), &err) < 0 || loaded_remove(sys_machine(), &err) < 0)
		return fail_with(&err);
	return EXIT_OK;
}

static int run_unload(int argc, char **argv)
{
	struct start_options o;
	int r = start_options_parse(&o, 0, argc, argv);

	if (r == EXIT_OK && o.help)
		puts("Usage: rapidreboot unload [-v]\n\n"
		     "Drops the loaded kernel, so that the next reboot goes through the firmware\n"
		     "unless `rapidreboot enable` was used. A crash kernel stays.");
	else if (r == EXIT_OK)
		r = unload(&o);
	start_options_done(&o);
	return r;
}

const struct command load_command = { "load", "[ENTRY]", "load a kernel and stay up", run_load };
const struct command unload_command = { "unload", "", "drop the loaded kernel", run_unload };
