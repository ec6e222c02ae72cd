// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/utf8.h"
#include "cli/exit-status.h"
#include "cli/json.h"

static struct {
	bool is_wanted, is_given;
	char error[600];
} answer;

void json_answer_wanted(void)
{
	answer.is_wanted = true;
}

void json_answer_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(answer.error, sizeof(answer.error), fmt, ap);
	va_end(ap);
}

static json_t *error_object(const char *sentence, int status)
{
	return json_pack("{s:o, s:i, s:i}", "error", json_text(sentence), "exit_status", status,
			 "schema", JSON_SCHEMA);
}

int json_answer_end(int status)
{
	const char *error = answer.error[0] ? answer.error : "it failed; standard error says why";

	if (!answer.is_wanted || answer.is_given)
		return status;
	return json_print(error_object(status == EXIT_OK ? NULL : error, status)) < 0 &&
			       status == EXIT_OK
		       ? EXIT_FAILED
		       : status;
}

void json_answer_line(const char *sentence, int status, char *ret, size_t size)
{
	json_t *object = error_object(sentence, status);
	char *text = json_dumps(object, 0);

	(void)snprintf(ret, size, "%s\n", text ? text : "");
	free(text);
	json_decref(object);
}

/* An answer, or each of several. */
static void number(json_t *value)
{
	json_t *member;
	size_t i;

	if (json_is_object(value))
		json_object_set_new(value, "schema", json_integer(JSON_SCHEMA));
	json_array_foreach(value, i, member) if (json_is_object(member))
		json_object_set_new(member, "schema", json_integer(JSON_SCHEMA));
}

json_t *json_text(const char *s)
{
	json_t *value = s ? json_string(s) : json_null();
	json_t *bytes;

	if (value || !s)
		return value;
	bytes = json_array();
	for (; *s; s++)
		json_array_append_new(bytes, json_integer((unsigned char)*s));
	return bytes;
}

json_t *json_texts(const char *const *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_text(v[i]));
	return list;
}

/* U+0800 and above have three bytes, U+0080 and above two. */
static unsigned code_of(const unsigned char *p, size_t n)
{
	return n == 3 ? (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)
		      : (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
}

/* Writes JSON whose strings may have DEL, controls of C1, and what turns text around, which jansson leaves as they are
 * and a terminal may obey, with escapes in their place. */
static int put_json(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		const bool is_c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;
		const struct bytes rest = { p, *p < 0x80 ? 1 : strnlen((const char *)p, 3) };
		const size_t n = is_c1 ? 2 : utf8_rearranges(rest);

		if (n) {
			printf("\\u%04x", code_of(p, n));
			p += n - 1;
		} else if (*p == 0x7f) {
			printf("\\u%04x", *p);
		} else {
			putchar_unlocked(*p);
		}
	}
	return ferror(stdout) ? -EIO : 0;
}

int json_print(json_t *value)
{
	char *text;
	int r;

	answer.is_given = true;
	number(value);
	/* As one string: json_dumpf() writes every quote and comma by itself. */
	text = value ? json_dumps(value, JSON_INDENT(2)) : NULL;
	json_decref(value);
	if (!text)
		return -ENOMEM;
	r = put_json(text);
	if (r == 0 && putchar('\n') == EOF)
		r = -EIO;
	free(text);
	return r;
}

static void new_line(const struct json_out *o)
{
	putchar_unlocked('\n');
	for (unsigned int i = 0; i < o->depth; i++)
		fputs_unlocked("  ", stdout);
}

/* Keys are ours and need no escape. */
static void begin(struct json_out *o, const char *key)
{
	if (o->follows)
		putchar_unlocked(',');
	if (o->depth)
		new_line(o);
	if (key) {
		putchar_unlocked('"');
		fputs_unlocked(key, stdout);
		fputs_unlocked("\": ", stdout);
	}
	o->follows = true;
}

void json_out_open(struct json_out *o, const char *key, char bracket)
{
	const bool is_answer = o->depth == 0;

	begin(o, key);
	putchar_unlocked(bracket);
	o->depth++;
	o->follows = false;
	answer.is_given = true;
	if (is_answer && bracket == '{')
		json_out_number(o, "schema", JSON_SCHEMA);
}

void json_out_close(struct json_out *o, char bracket)
{
	o->depth--;
	if (o->follows)
		new_line(o);
	putchar_unlocked(bracket);
	o->follows = true;
}

void json_out_number(struct json_out *o, const char *key, long long value)
{
	begin(o, key);
	printf("%lld", value);
}

void json_out_bool(struct json_out *o, const char *key, bool value)
{
	begin(o, key);
	fputs_unlocked(value ? "true" : "false", stdout);
}

/* Length of @s when it is itself in JSON, or -1. */
static ssize_t plain_length(const char *s)
{
	const char *p = s;

	for (; *p; p++)
		if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\')
			return -1;
	return p - s;
}

/* What needs escapes, or is not UTF-8. */
static void rare_text(struct json_out *o, const char *key, const char *s)
{
	json_t *value = json_string(s);
	char *text;

	if (!value) {
		json_out_open(o, key, '[');
		for (; *s; s++)
			json_out_number(o, NULL, (unsigned char)*s);
		json_out_close(o, ']');
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY);
	begin(o, key);
	o->failed |= !text || put_json(text) < 0;
	free(text);
	json_decref(value);
}

void json_out_text(struct json_out *o, const char *key, const char *s)
{
	ssize_t n = s ? plain_length(s) : 0;

	if (n < 0) {
		rare_text(o, key, s);
		return;
	}
	begin(o, key);
	if (!s) {
		fputs_unlocked("null", stdout);
		return;
	}
	putchar_unlocked('"');
	fwrite_unlocked(s, 1, (size_t)n, stdout);
	putchar_unlocked('"');
}

void json_out_texts(struct json_out *o, const char *key, const char *const *v, size_t n)
{
	json_out_open(o, key, '[');
	for (size_t i = 0; i < n; i++)
		json_out_text(o, NULL, v[i]);
	json_out_close(o, ']');
}

int json_out_end(struct json_out *o)
{
	putchar_unlocked('\n');
	if (o->failed)
		return -ENOMEM;
	return ferror(stdout) ? -EIO : 0;
}
