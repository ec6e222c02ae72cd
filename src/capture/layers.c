// SPDX-License-Identifier: LGPL-2.1-or-later
/* Volumes and arrays as lines of text, and the tables of volumes with other names for their devices. */
#include "capture/layers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/num.h"

void capture_layer_done(struct capture_layer *l)
{
	free(l->uuid);
	free(l->table);
	*l = (struct capture_layer){ 0 };
}

/* Letters, digits and dashes. */
static bool is_uuid(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		const uint8_t c = b.p[i];

		if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return false;
	}
	return b.n > 0;
}

static bool is_number(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] < '0' || b.p[i] > '9')
			return false;
	return b.n > 0 && b.n < 20;
}

static bool number_of(struct bytes b, uint64_t *ret)
{
	_cleanup_free_ char *text = is_number(b) ? bytes_dup(b) : NULL;

	return text && parse_u64(text, ret) == 0;
}

/* ---- arrays */

int capture_array_parse(struct bytes text, struct capture_layer *ret)
{
	struct bytes version = bytes_word(&text), members = bytes_word(&text),
		     uuid = bytes_word(&text);
	const uint8_t *dot = memchr(version.p, '.', version.n);
	struct bytes major = { version.p, dot ? (size_t)(dot - version.p) : 0 }, minor = { 0 };
	uint64_t numbers[3];

	if (!dot || bytes_trim(text).n || !is_uuid(uuid))
		return -EINVAL;
	minor = (struct bytes){ dot + 1, version.n - major.n - 1 };
	if (!number_of(major, &numbers[0]) || !number_of(minor, &numbers[1]) ||
	    !number_of(members, &numbers[2]) || numbers[0] > 1 || numbers[1] > 90 || !numbers[2] ||
	    numbers[2] > CAPTURE_MEMBERS_MAX)
		return -EINVAL;
	*ret = (struct capture_layer){
		.uuid = bytes_dup(uuid),
		.major = (unsigned)numbers[0],
		.minor = (unsigned)numbers[1],
		.n_members = (unsigned)numbers[2],
	};
	return ret->uuid ? 0 : -ENOMEM;
}

/* ---- volumes */

/* Takes words off @line that have to be numbers, and writes them. */
static int copy_numbers(struct bytes *line, unsigned n, struct strbuf *to)
{
	for (unsigned i = 0; i < n; i++) {
		struct bytes word = bytes_word(line);

		if (!is_number(word))
			return -EINVAL;
		if (to->n && to->s[to->n - 1] != '\n')
			strbuf_add(to, " ");
		strbuf_add_n(to, (const char *)word.p, word.n);
	}
	return 0;
}

/* "DEVICE OFFSET", to the end of the line. */
static int copy_devices(struct bytes *line,
			int (*name)(void *data, struct bytes device, struct strbuf *to), void *data,
			struct strbuf *to)
{
	struct bytes device;
	int r;

	for (device = bytes_word(line); device.n; device = bytes_word(line)) {
		strbuf_add(to, " ");
		r = name(data, device, to);
		if (r == 0)
			r = copy_numbers(line, 1, to);
		if (r < 0)
			return r;
	}
	return 0;
}

static int copy_line(struct bytes line,
		     int (*name)(void *data, struct bytes device, struct strbuf *to), void *data,
		     struct strbuf *to)
{
	struct bytes type;
	bool is_striped;
	int r = copy_numbers(&line, 2, to);

	if (r < 0)
		return r;
	type = bytes_word(&line);
	is_striped = bytes_is(type, "striped");
	if (!is_striped && !bytes_is(type, "linear"))
		return -EOPNOTSUPP;
	strbuf_addf(to, " %s", is_striped ? "striped" : "linear");
	if (is_striped) /* how many, and how large */
		r = copy_numbers(&line, 2, to);
	return r < 0 ? r : copy_devices(&line, name, data, to);
}

int capture_volume_table(struct bytes table,
			 int (*name)(void *data, struct bytes device, struct strbuf *to),
			 void *data, char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	while (table.n) {
		size_t n = 0;
		int r;

		while (n < table.n && table.p[n] != ';' && table.p[n] != '\n')
			n++;
		r = n ? copy_line((struct bytes){ table.p, n }, name, data, &b) : -EINVAL;
		if (r < 0)
			return r;
		strbuf_add(&b, "\n");
		n += n < table.n;
		table = (struct bytes){ table.p + n, table.n - n };
	}
	return b.n || b.failed ? strbuf_take(&b, ret) : -EINVAL;
}

static int check_uuid(void *data, struct bytes device, struct strbuf *to)
{
	(void)data;
	strbuf_add_n(to, (const char *)device.p, device.n);
	return is_uuid(device) ? 0 : -EINVAL;
}

int capture_volume_parse(struct bytes text, struct capture_layer *ret)
{
	_cleanup_free_ char *lines = NULL;
	int r = capture_volume_table(text, check_uuid, NULL, &lines);

	if (r < 0)
		return r == -ENOMEM ? r : -EINVAL;
	*ret = (struct capture_layer){ .table = bytes_dup(text) };
	return ret->table ? 0 : -ENOMEM;
}

void capture_layer_text(const struct capture_layer *l, struct strbuf *to)
{
	if (l->uuid)
		strbuf_addf(to, "%u.%u %u %s", l->major, l->minor, l->n_members, l->uuid);
	else
		strbuf_add(to, l->table);
}
