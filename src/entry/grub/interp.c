// SPDX-License-Identifier: LGPL-2.1-or-later
/* grub_eval(): sets an interpreter up, runs the configuration, hands over what it left. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/open.h"
#include "entry/grub/interp.h"

int out_of_memory(struct interp *in)
{
	in->fatal = -ENOMEM;
	return GRUB_OK;
}

bool spend(struct interp *in, size_t bytes)
{
	if (in->fatal)
		return false;
	if (bytes > in->bytes_max - in->bytes) {
		in->fatal = -ELOOP;
		return false;
	}
	in->bytes += bytes;
	in->fatal = budget_take(in->fs->budget, BUDGET_STEPS, 16 + bytes);
	return !in->fatal;
}

char *take_text(struct interp *in, struct strbuf *b)
{
	char *text = NULL;

	if (strbuf_take(b, &text) < 0)
		(void)out_of_memory(in);
	return text;
}

void interp_add(struct interp *in, struct strlist *list, const char *s)
{
	if (!in->fatal && strlist_add(list, s) < 0)
		(void)out_of_memory(in);
}

int complain(struct interp *in, int code, const char *fmt, ...)
{
	char text[400], full[600];
	va_list ap;

	if (++in->n_warnings > GRUB_MAX_WARNINGS * 16 || in->warnings->n > GRUB_MAX_WARNINGS)
		return code;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (in->warnings->n == GRUB_MAX_WARNINGS)
		snprintf(full, sizeof(full), "more warnings are left out");
	else if (in->file && in->line)
		snprintf(full, sizeof(full), "%s:%u: %s", in->file, in->line, text);
	else
		snprintf(full, sizeof(full), "%s", text);
	/* A warning is kept once, also when its line is run in a loop. */
	if (!in->warnings->n || strcmp(in->warnings->v[in->warnings->n - 1], full) != 0)
		interp_add(in, in->warnings, full);
	return code;
}

enum { MAX_REASON = 1 << 16 };

void reason(struct interp *in, const char *fmt, ...)
{
	va_list ap;
	char text[400];

	if (in->scratch || in->reason.n > MAX_REASON)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (in->reason.n)
		strbuf_add(&in->reason, "\n");
	if (in->file && in->line)
		strbuf_addf(&in->reason, "%s:%u: ", in->file, in->line);
	strbuf_add(&in->reason, text);
}

void print(struct interp *in, const char *s, size_t n)
{
	if (!spend(in, n + 1) || !in->output)
		return;
	if (in->output->n + n > GRUB_MAX_OUTPUT)
		in->fatal = -ELOOP;
	else
		strbuf_add_n(in->output, s, n);
}

static void set_prefix(struct interp *in)
{
	const char *path = in->req->prefix ? in->req->prefix : in->req->config;
	const char *slash = in->req->prefix ? NULL : strrchr(path, '/');
	struct strbuf prefix = { 0 };
	_cleanup_free_ char *value = NULL;

	strbuf_addf(&prefix, "(%s)", in->device);
	strbuf_add_n(&prefix, path, slash ? (size_t)(slash - path) : strlen(path));
	value = take_text(in, &prefix);
	if (!value)
		return;
	env_set(in, "prefix", value);
	env_export(in, "prefix");
}

static void interp_done(struct interp *in)
{
	loaded_drop(in);
	while (in->ctx) {
		struct context *parent = in->ctx->parent;

		(void)context_free(in->ctx);
		in->ctx = parent;
	}
	functions_truncate(in, NULL);
	(void)envfiles_free(in->envfiles);
	strlist_done(&in->titles);
	strlist_done(&in->indexes);
	strlist_done(&in->positions);
	strlist_done(&in->guessed_images);
	strlist_done(&in->bls_shown);
	free(in->default_position);
	strbuf_done(&in->reason);
	strbuf_done(&in->guess);
	strbuf_done(&in->asked);
}

static int run(struct interp *in, struct strbuf *output, struct strbuf *boot_output)
{
	struct grub_result *result = in->result;
	_cleanup_free_ char *config = NULL;
	struct strbuf name = { 0 };

	in->boot_output = boot_output;
	in->output = output;
	in->ctx = context_new(NULL);
	if (!in->ctx)
		return -ENOMEM;
	env_preset(in);
	set_prefix(in);
	strbuf_addf(&name, "(%s)%s", in->device, in->req->config);
	config = take_text(in, &name);
	if (config && running(in)) {
		(void)run_config(in, config, true);
		in->file = config;
		show_menu(in, false);
		menu_finish(in);
		result->menu.config = file_to_system(in, config);
	}
	in->file = NULL;
	if (!in->fatal)
		result->menu.default_reason = take_text(in, &in->reason);
	if (!in->fatal && in->guess.n)
		result->menu.guess = take_text(in, &in->guess);
	return in->fatal;
}

/* The configuration itself has to be there; what it names need not. */
static int check_config(const struct grub_request *req, struct entry_fs *fs, struct kx_error *err)
{
	_cleanup_free_ uint8_t *text = NULL;
	size_t max = req->limits.file_size ? req->limits.file_size : GRUB_MAX_FILE, n;
	int r;

	if (!req->config || req->config[0] != '/')
		return kx_fail(err, -EINVAL, "GRUB configuration: \"%s\" is no absolute path",
			       req->config ? req->config : "");
	r = fs->read(fs, "", req->config, max, &text, &n);
	if (r < 0)
		return kx_fail_file(
			err,
			kx_fail(err, r, "GRUB configuration %s: %s", req->config, open_strerror(r)),
			req->config);
	return 0;
}

const char *grub_flavour_name(enum grub_flavour flavour)
{
	switch (flavour) {
	case GRUB_UPSTREAM:
		return "upstream";
	case GRUB_RH:
		return "rh";
	case GRUB_SUSE:
		return "suse";
	}
	return NULL;
}

/* One evaluation. *ret_asked: the first question that has no answer here, or NULL. */
static int evaluate(const struct grub_request *req, struct entry_fs *fs, bool says_yes,
		    struct grub_result *ret, char **ret_asked)
{
	struct grub_result result = { .menu = { .loader = "grub" } };
	struct strbuf output = { 0 }, boot_output = { 0 };
	struct interp in = {
		.says_yes = says_yes,
		.req = req,
		.fs = fs,
		.device = req->device && *req->device ? req->device : "hd0",
		.result = &result,
		.warnings = &result.menu.warnings,
		.saved = &result.saved,
		.n_saved = &result.n_saved,
		.commands_max = req->limits.commands ? req->limits.commands : GRUB_MAX_COMMANDS,
		.bytes_max = req->limits.bytes ? req->limits.bytes : GRUB_MAX_BYTES,
	};
	int r;

	result.menu.flavour = grub_flavour_name(req->flavour);
	r = run(&in, &output, &boot_output);
	if (!r && in.asked.n)
		r = strbuf_take(&in.asked, ret_asked);
	interp_done(&in);
	if (!r)
		r = strbuf_take(&output, &result.output);
	if (!r)
		r = strbuf_take(&boot_output, &result.boot_output);
	strbuf_done(&output);
	strbuf_done(&boot_output);
	if (r < 0)
		grub_result_done(&result);
	*ret = result;
	return r;
}

/* Evaluates once more with @req as it may be just as well, or with the other answers: is @what, which is
 * not known here, what decides? */
static int try_again(const struct grub_request *req, struct entry_fs *fs, bool says_yes,
		     const char *what, struct grub_result *result)
{
	_cleanup_free_ char *unused = NULL;
	struct grub_result other;
	int r = evaluate(req, fs, says_yes, &other, &unused);

	if (r == -ELOOP)
		return compare_answers(what, &result->menu, NULL, &result->menu.guess);
	if (r == 0)
		r = compare_answers(what, &result->menu, &other.menu, &result->menu.guess);
	grub_result_done(&other);
	return r;
}

static int try_platform(const struct grub_request *req, struct entry_fs *fs,
			struct grub_result *result)
{
	struct grub_request other = *req;

	other.platform = req->other_platform;
	other.cpu = req->other_cpu;
	return try_again(&other, fs, false, "whether UEFI or a BIOS starts this machine", result);
}

int grub_eval(const struct grub_request *req, struct entry_fs *fs, struct grub_result *ret,
	      struct kx_error *err)
{
	struct grub_result result = { 0 };
	_cleanup_free_ char *asked = NULL;
	int r = check_config(req, fs, err);

	if (r < 0)
		return r;
	r = evaluate(req, fs, false, &result, &asked);
	if (r == 0 && asked && !result.menu.guess)
		r = try_again(req, fs, true, asked, &result);
	if (r == 0 && req->other_platform && !result.menu.guess)
		r = try_platform(req, fs, &result);
	if (r < 0) {
		grub_result_done(&result);
		(void)kx_fail(err, r,
			      r == -ELOOP ? "GRUB configuration %s: it does not come to an end, or "
					    "what it builds grows without limit"
			      : r == BUDGET_SPENT ? "GRUB configuration %s: too much to read"
						  : "GRUB configuration %s: out of memory",
			      req->config);
		return kx_fail_file(err, r, req->config);
	}
	*ret = result;
	return 0;
}

static void saved_done(struct grub_saved *saved, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(saved[i].device);
		free(saved[i].file);
		free(saved[i].name);
		free(saved[i].value);
	}
	free(saved);
}

void grub_result_done(struct grub_result *result)
{
	boot_menu_done(&result->menu);
	free(result->output);
	free(result->boot_output);
	for (size_t i = 0; i < result->n_vars; i++) {
		free(result->vars[i].name);
		free(result->vars[i].value);
	}
	free(result->vars);
	saved_done(result->saved, result->n_saved);
	saved_done(result->boot_saved, result->n_boot_saved);
	*result = (struct grub_result){ 0 };
}
