// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rapidreboot/renew.h"

static void say(const char *what)
{
	fprintf(stderr, "rapidreboot: %s\n", what);
}

void renew_prepare(const struct start *s, const struct start_options *o, struct request *request)
{
	_cleanup_free_ char *words = NULL;

	/* without them the image stays as it is */
	if (start_options_words(o, &words) < 0 || strlen(words) >= sizeof(request->words))
		return;
	(void)snprintf(request->words, sizeof(request->words), "%s", words);
	(void)snprintf(request->choice, sizeof(request->choice), "%s", s->choice);
}

void renew_watch(struct sys *sys, const struct init_system *init)
{
	struct kx_error err = { 0 };

	if (load_hook_start(sys, init, &err) < 0)
		fprintf(stderr,
			"rapidreboot: warning: %s; what is loaded now is started then, whatever "
			"is installed until then\n",
			err.message);
}

/* ---- loading on the way down */

static int check(const struct start *s, const struct start_options *o, struct sys *sys)
{
	enum preflight_severity outcome = PREFLIGHT_REFUSE;
	struct attempts all;
	int r = start_check(s, o, attempt_unconfirmed(sys, &all), false, &outcome);

	return r == EXIT_OK && outcome >= PREFLIGHT_COLD ? EXIT_REFUSED : r;
}

void image_drop(struct sys *sys, struct kx_ctx *ctx)
{
	struct request cold = { .mode = REBOOT_COLD };
	struct kx_error err = { 0 };

	if (kx_unload(ctx, KX_WAY_AUTO, 0, &err) == 0)
		return;
	say(err.message);
	if (request_write(sys, &cold, &err) < 0)
		say(err.message);
}

int load_for_reboot(struct sys *sys, const struct start_options *o, const char *why,
		    struct start *ret)
{
	const struct moment asked = moment_now(sys);
	int r = start_prepare(ret, o);

	ret->asked = asked;
	ret->why = why;
	if (r == EXIT_OK)
		r = check(ret, o, sys);
	if (r == EXIT_OK)
		r = start_load(ret);
	if (r != EXIT_OK)
		return r;
	fprintf(stderr, "rapidreboot: loaded %s\n", ret->title);
	r = attempt_hooks(sys, &ret->config, "pre-handover", ret->title, &ret->hooks);
	if (r == EXIT_OK)
		attempt_remember(sys, ret);
	else
		image_drop(sys, ret->ctx);
	return r;
}

/* ---- the same words again */

struct words {
	char *text; /* each word ends in a NUL */
	char **v;
	int n;
};

static void words_done(struct words *w)
{
	free(w->text);
	free(w->v);
}

static int words_split(const char *lines, struct words *ret)
{
	static char name[] = "rapidreboot";
	char *save = NULL;
	size_t n = 2;

	for (const char *p = lines; *p; p++)
		n += *p == '\n';
	*ret = (struct words){ .text = strdup(lines), .v = calloc(n, sizeof(*ret->v)) };
	if (!ret->text || !ret->v)
		return start_fail_memory();
	ret->v[ret->n++] = name;
	for (char *word = strtok_r(ret->text, "\n", &save); word;
	     word = strtok_r(NULL, "\n", &save))
		ret->v[ret->n++] = word;
	return EXIT_OK;
}

/* Somebody agreed to an entry of that title; a number may stand for another one by now. */
static bool is_another(const struct start_options *o, const struct start *s,
		       const struct request *request)
{
	return o->find.argument &&
	       strncmp(s->title, request->entry, sizeof(request->entry) - 1) != 0;
}

/* EXIT_OK with @ret_same, or why there is nothing to be loaded. */
static int choose_again(const struct start_options *o, const struct request *request,
			bool *ret_same)
{
	struct start s;
	int r = start_choose(&s, o);

	*ret_same = r == EXIT_OK && strcmp(s.choice, request->choice) == 0;
	if (r == EXIT_OK && !*ret_same && is_another(o, &s, request)) {
		fprintf(stderr,
			"rapidreboot: \"%s\" was ordered, and \"%s\" means \"%s\" by now: it is not "
			"started\n",
			request->entry, o->find.argument, s.title);
		r = EXIT_REFUSED;
	}
	start_done(&s);
	return r;
}

static int load_anew(struct sys *sys, const struct start_options *o, struct request *request)
{
	struct kx_error err = { 0 };
	struct start s;
	int r = load_for_reboot(sys, o, "command", &s);

	if (r == EXIT_OK) {
		(void)snprintf(request->entry, sizeof(request->entry), "%s", s.title);
		(void)snprintf(request->digest, sizeof(request->digest), "%s", s.digest);
		(void)snprintf(request->choice, sizeof(request->choice), "%s", s.choice);
		r = request_write(sys, request, &err) < 0 ? fail_with(&err) : EXIT_OK;
	}
	start_done(&s);
	return r;
}

static int stay(struct sys *sys)
{
	/* without a record there is nothing that counts */
	(void)!attempt_begins(sys, NULL);
	return EXIT_OK;
}

static void drop(struct sys *sys, struct kx_ctx *ctx)
{
	image_drop(sys, ctx);
	(void)!attempt_withdraw(sys, NULL);
	(void)!loaded_remove(sys, NULL);
}

static int renew_by(struct sys *sys, struct kx_ctx *ctx, struct start_options *o,
		    struct request *request)
{
	bool same = false;
	int r = choose_again(o, request, &same);

	if (same)
		return stay(sys);
	if (r != EXIT_OK)
		return r;
	say("what was ordered has changed since it was loaded: it is loaded anew");
	drop(sys, ctx);
	return load_anew(sys, o, request);
}

int renew(struct sys *sys, struct kx_ctx *ctx, struct request *request, bool going_down)
{
	_cleanup_(words_done) struct words words = { 0 };
	struct start_options o = { 0 };
	int r;

	if (!request->choice[0])
		return stay(sys);
	r = words_split(request->words, &words);
	optind = 0; /* our own command line was read with it */
	if (r == EXIT_OK)
		r = start_options_parse(&o, TAKES_TARGET | TAKES_HANDOVER, words.n, words.v);
	o.verbose = true;
	o.going_down = going_down;
	if (r == EXIT_OK)
		r = renew_by(sys, ctx, &o, request);
	if (r != EXIT_OK) {
		(void)!request_remove(sys, NULL);
		drop(sys, ctx);
	}
	start_options_done(&o);
	return r;
}
