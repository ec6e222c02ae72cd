// SPDX-License-Identifier: LGPL-2.1-or-later
/* Variables and the contexts that hold them (kern/env.c, normal/context.c). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "entry/grub/interp.h"

struct context *context_new(struct context *parent)
{
	struct context *ctx = calloc(1, sizeof(*ctx));

	if (ctx)
		ctx->parent = parent;
	return ctx;
}

struct context *context_free(struct context *ctx)
{
	if (!ctx)
		return NULL;
	for (size_t i = 0; i < ctx->n; i++) {
		free(ctx->vars[i].name);
		free(ctx->vars[i].value);
	}
	free(ctx->vars);
	menu_done(&ctx->menu);
	free(ctx);
	return NULL;
}

/* Index of @name, or where it belongs. */
static size_t find(const struct context *ctx, const char *name, bool *ret_found)
{
	size_t low = 0, high = ctx->n;

	*ret_found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int r = strcmp(ctx->vars[mid].name, name);

		if (r == 0) {
			*ret_found = true;
			return mid;
		}
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct var *lookup(const struct interp *in, const char *name)
{
	bool found;
	size_t i = find(in->ctx, name, &found);

	return found ? &in->ctx->vars[i] : NULL;
}

const char *env_get(const struct interp *in, const char *name)
{
	struct var *var = lookup(in, name);

	return var ? var->value : NULL;
}

const char *env_get_or(const struct interp *in, const char *name, const char *fallback)
{
	const char *value = env_get(in, name);

	return value ? value : fallback;
}

bool env_is(const struct interp *in, const char *name, const char *value)
{
	const char *v = env_get(in, name);

	return v && !strcmp(v, value);
}

/* Room for one more variable at index @i of @ctx. */
static struct var *insert(struct interp *in, struct context *ctx, size_t i)
{
	if (ctx->n >= GRUB_MAX_VARS) {
		in->fatal = -ELOOP;
		return NULL;
	}
	if (array_room(&ctx->vars, ctx->n, &ctx->max, sizeof(*ctx->vars)) < 0) {
		(void)out_of_memory(in);
		return NULL;
	}
	memmove(ctx->vars + i + 1, ctx->vars + i, (ctx->n - i) * sizeof(*ctx->vars));
	ctx->n++;
	ctx->vars[i] = (struct var){ 0 };
	return &ctx->vars[i];
}

static bool append_copy(struct interp *in, struct context *ctx, const struct var *var)
{
	struct var *copy;

	if (!spend(in, 64 + strlen(var->value)))
		return false;
	copy = insert(in, ctx, ctx->n);
	if (!copy)
		return false;
	*copy = (struct var){ strdup(var->name), strdup(var->value), var->exported };
	if (copy->name && copy->value)
		return true;
	(void)out_of_memory(in);
	return false;
}

bool context_push(struct interp *in, bool all)
{
	struct context *ctx = context_new(in->ctx);

	if (!ctx) {
		(void)out_of_memory(in);
		return false;
	}
	for (size_t i = 0; i < in->ctx->n; i++)
		if ((all || in->ctx->vars[i].exported) &&
		    !append_copy(in, ctx, &in->ctx->vars[i])) {
			(void)context_free(ctx);
			return false;
		}
	in->ctx = ctx;
	return true;
}

void context_pop(struct interp *in)
{
	struct context *parent = in->ctx->parent;

	(void)context_free(in->ctx);
	in->ctx = parent;
}

/* $root is written with or without parentheses and read without (kern/device hook). */
static char *stored_value(const char *name, const char *value)
{
	size_t n = strlen(value);

	if (!strcmp(name, "root") && n >= 2 && value[0] == '(' && value[n - 1] == ')')
		return strndup(value + 1, n - 2);
	return strdup(value);
}

static bool decides_default(const char *name)
{
	static const char *const names[] = { "default", "fallback", "next_entry", "saved_entry",
					     "prev_saved_entry" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

void env_set(struct interp *in, const char *name, const char *value)
{
	bool found;
	size_t i = find(in->ctx, name, &found);
	struct var *var;
	char *copy;

	if (!spend(in, strlen(value)))
		return;
	copy = stored_value(name, value);
	var = !copy ? NULL : found ? &in->ctx->vars[i] : insert(in, in->ctx, i);
	if (!copy || !var) {
		free(copy);
		if (!in->fatal)
			(void)out_of_memory(in);
		return;
	}
	if (decides_default(name) && !in->quiet && (!found || strcmp(var->value, value)))
		reason(in, "sets %s to \"%s\"", name, value);
	if (!found)
		var->name = strdup(name);
	free(var->value);
	var->value = copy;
	if (!var->name) {
		var->name = strdup("");
		(void)out_of_memory(in);
	}
}

void env_unset(struct interp *in, const char *name)
{
	bool found;
	size_t i = find(in->ctx, name, &found);

	if (!found)
		return;
	free(in->ctx->vars[i].name);
	free(in->ctx->vars[i].value);
	memmove(in->ctx->vars + i, in->ctx->vars + i + 1,
		(in->ctx->n - i - 1) * sizeof(*in->ctx->vars));
	in->ctx->n--;
}

void env_export(struct interp *in, const char *name)
{
	struct var *var;

	if (!lookup(in, name))
		env_set(in, name, "");
	var = lookup(in, name);
	if (var)
		var->exported = true;
}

int env_assign(struct interp *in, const char *name, const char *value)
{
	if (isdigit((unsigned char)*name) || !strcmp(name, "#") || !strcmp(name, "*") ||
	    !strcmp(name, "@"))
		return complain(in, GRUB_BAD_ARGUMENT, "invalid variable name \"%s\"", name);
	env_set(in, name, value);
	return GRUB_OK;
}

static void preset(struct interp *in, const char *name, const char *value)
{
	env_set(in, name, value);
	env_export(in, name);
}

/* What GRUB sets before it reads a configuration (normal/main.c, kern/main.c). */
void env_preset(struct interp *in)
{
	static const char *const features[] = {
		"feature_chainloader_bpb",	"feature_ntldr",
		"feature_platform_search_hint", "feature_default_font_path",
		"feature_all_video_module",	"feature_menuentry_id",
		"feature_menuentry_options",	"feature_200_final",
		"feature_nativedisk_cmd",	"feature_timeout_style",
	};
	const struct grub_request *req = in->req;

	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++)
		preset(in, features[i], "y");
	preset(in, "color_normal", "light-gray/black");
	preset(in, "color_highlight", "black/light-gray");
	preset(in, "lang", "");
	preset(in, "locale_dir", "");
	preset(in, "secondary_locale_dir", "");
	preset(in, "pager", "");
	preset(in, "grub_platform", req->platform ? req->platform : "efi");
	preset(in, "grub_cpu", req->cpu ? req->cpu : "x86_64");
	preset(in, "root", in->device);
	env_set(in, "?", "0");
	for (size_t i = 0; i < req->n_vars; i++)
		preset(in, req->vars[i].name, req->vars[i].value);
}
