// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Variables in values of Boot Loader Specification files, which blscfg replaces by itself: Red Hat's
 * (commands/blscfg.c of rhboot/grub2) and GRUB 2.14's (commands/blsuki.c).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/commands.h"

static void add_field(struct interp *in, struct strbuf *out, const char *s, size_t n, bool is_var)
{
	char name[128];
	const char *value;

	if (!is_var) {
		strbuf_add_n(out, s, n);
		return;
	}
	if (n >= sizeof(name))
		return;
	memcpy(name, s, n);
	name[n] = 0;
	value = env_get(in, name);
	if (value && spend(in, strlen(value)))
		strbuf_addf(out, "%s ", value);
}

/*
 * $NAME to its value and a blank, which replaces the one that follows. Braces and backslashes mean
 * nothing here. As in GRUB, a piece of one character is lost before a "$" and at the end, be it
 * text or the name of a variable.
 */
static char *expand_field(struct interp *in, const char *s)
{
	struct strbuf out = { 0 };
	size_t start = 0, i;
	bool is_var = false;

	for (i = 0; s[i]; i++) {
		if (s[i] == '$') {
			if (i > start + 1)
				add_field(in, &out, s + start, i - start, is_var);
			is_var = true;
			start = i + 1;
		} else if (is_var && !isalnum((unsigned char)s[i]) && s[i] != '_') {
			add_field(in, &out, s + start, i - start, true);
			is_var = false;
			start = i + (s[i] == ' ');
		}
	}
	if (i > start + 1)
		add_field(in, &out, s + start, i - start, is_var);
	return take_text(in, &out);
}

/* Appends a part of Red Hat's options; an unset variable adds nothing, and makes no line. */
static void add_part(struct interp *in, struct strbuf *out, bool *has_line, bool is_var,
		     const char *s, size_t n)
{
	_cleanup_free_ char *part = strndup(s, n);
	const char *value = part;

	if (!part) {
		(void)out_of_memory(in);
		return;
	}
	if (is_var)
		value = env_get(in, part);
	if (!value || !spend(in, strlen(value)))
		return;
	*has_line = true;
	strbuf_addf(out, "%s%s", value, is_var ? " " : "");
}

/*
 * The same by Red Hat's reader, which also knows "\$": no variable begins there, and the script that
 * the line becomes part of takes the backslash away. NULL when nothing comes of it: when the line is
 * one unset variable, or when one follows another that is unset at the start, the rest is lost.
 */
static char *expand_rh(struct interp *in, const char *s)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	bool is_var = false, has_line = false;
	size_t start = 0, end = 0;

	for (size_t i = 0; s[i]; i++) {
		if (s[i] == '$') {
			if (start != end)
				add_part(in, &out, &has_line, is_var, s + start, end + 1 - start);
			if (start != end && !has_line)
				return NULL;
			is_var = true;
			start = i + 1;
		} else if (is_var && !isalnum((unsigned char)s[i]) && s[i] != '_') {
			add_part(in, &out, &has_line, true, s + start, end + 1 - start);
			is_var = false;
			start = i + (s[i] == ' ');
		}
		if (s[i] == '\\' && s[i + 1] == '$')
			i++;
		end = i;
	}
	if (start != end)
		add_part(in, &out, &has_line, is_var, s + start, end + 1 - start);
	return has_line ? take_text(in, &out) : NULL;
}

char *bls_expand(struct interp *in, const char *s)
{
	return !s ? NULL : in->req->flavour == GRUB_RH ? expand_rh(in, s) : expand_field(in, s);
}
