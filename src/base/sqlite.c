// SPDX-License-Identifier: LGPL-2.1-or-later
/* Table b-trees of SQLite's "Database File Format": chapters 1.3 (header), 1.6 (pages and cells), 2.1 (records)
 * and 2.6 (the schema's table, whose root is page 1). Numbers have the first byte as the highest. */
#include "base/sqlite.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	HEADER_N = 100,
	PAGE_SIZE_AT = 16,
	RESERVED_AT = 20,
	ENCODING_AT = 56,
	UTF_8 = 1,
	PAGE_MIN = 512,
	PAGE_MAX = 65536,
	INTERIOR = 5, /* kinds of pages of tables */
	LEAF = 13,
	DEPTH_MAX = 20,
	ROW_MAX = 1 << 20,
	FIELDS_MAX = 2000, /* SQLITE_MAX_COLUMN */
};

struct reader {
	struct bytes db;
	size_t page_n, usable_n;
	size_t pages_left; /* each page is visited once, unless the file is damaged */
	int (*take_row)(struct reader *r, struct bytes row);
	/* which fields of a row are wanted, in the order of the values */
	size_t fields[SQLITE_COLUMNS_MAX], n_fields;
	int (*take)(void *data, const struct sqlite_value *values);
	void *data;
};

static uint64_t number_at(struct bytes b, size_t at, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | b.p[at + i];
	return v;
}

/* 1.6, "varint": seven bits of each byte, the last of nine has eight. Cuts it off @b. */
static bool take_varint(struct bytes *b, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 9; i++) {
		if (i == b->n)
			return false;
		v = i == 8 ? v << 8 | b->p[i] : v << 7 | (b->p[i] & 0x7f);
		if (i == 8 || !(b->p[i] & 0x80)) {
			*b = (struct bytes){ b->p + i + 1, b->n - i - 1 };
			*ret = v;
			return true;
		}
	}
	return false;
}

static bool page(struct reader *r, uint64_t number, struct bytes *ret)
{
	if (number == 0 || r->pages_left == 0 || number > r->db.n / r->page_n)
		return false;
	r->pages_left--;
	return bytes_sub(r->db, (number - 1) * r->page_n, r->usable_n, ret);
}

/* ---- rows */

/* 1.6: how much of a row of @n bytes is in the cell itself. */
static size_t local_n(const struct reader *r, uint64_t n)
{
	const uint64_t u = r->usable_n, max = u - 35, min = (u - 12) * 32 / 255 - 23,
		       k = min + (n - min) % (u - 4);

	return (size_t)(n <= max ? n : k <= max ? k : min);
}

/* The rest of a row is in a list of pages that begin with the number of the next one. */
static int take_overflowing(struct reader *r, struct bytes cell, uint64_t n, size_t local)
{
	_cleanup_free_ uint8_t *row = malloc((size_t)n);
	uint64_t next;
	size_t at = local;

	if (!row)
		return -ENOMEM;
	if (!bytes_has(cell, local, 4))
		return -EBADMSG;
	memcpy(row, cell.p, local);
	next = number_at(cell, local, 4);
	while (at < n) {
		struct bytes part;
		size_t part_n;

		if (!page(r, next, &part))
			return -EBADMSG;
		next = number_at(part, 0, 4);
		part_n = part.n - 4 < n - at ? part.n - 4 : (size_t)n - at;
		memcpy(row + at, part.p + 4, part_n);
		at += part_n;
	}
	return r->take_row(r, (struct bytes){ row, (size_t)n });
}

static int take_cell(struct reader *r, struct bytes cell)
{
	uint64_t n, rowid;
	size_t local;

	if (!take_varint(&cell, &n) || !take_varint(&cell, &rowid))
		return -EBADMSG;
	if (n > ROW_MAX)
		return -E2BIG;
	local = local_n(r, n);
	if (!bytes_has(cell, 0, local))
		return -EBADMSG;
	if (local < n)
		return take_overflowing(r, cell, n, local);
	return r->take_row(r, (struct bytes){ cell.p, local });
}

/* ---- pages */

static int take_page(struct reader *r, uint64_t number, unsigned depth)
{
	const size_t start = number == 1 ? HEADER_N : 0;
	struct bytes b;
	size_t head_n, n;
	int code = 0;

	if (depth == DEPTH_MAX || !page(r, number, &b) || !bytes_has(b, start, 12))
		return -EBADMSG;
	if (b.p[start] != INTERIOR && b.p[start] != LEAF)
		return -EBADMSG;
	head_n = b.p[start] == INTERIOR ? 12 : 8;
	n = (size_t)number_at(b, start + 3, 2);
	if (!bytes_has(b, start + head_n, 2 * n))
		return -EBADMSG;
	for (size_t i = 0; code == 0 && i < n; i++) {
		const size_t at = (size_t)number_at(b, start + head_n + 2 * i, 2);

		if (!bytes_has(b, at, 4))
			return -EBADMSG;
		code = b.p[start] == LEAF ? take_cell(r, (struct bytes){ b.p + at, b.n - at })
					  : take_page(r, number_at(b, at, 4), depth + 1);
	}
	if (code == 0 && b.p[start] == INTERIOR)
		code = take_page(r, number_at(b, start + 8, 4), depth + 1);
	return code;
}

/* ---- records */

/* 2.1: bytes of a value with this serial type */
static uint64_t value_n(uint64_t type)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

	return type < sizeof(sizes) ? sizes[type] : (type - 12) / 2;
}

static struct sqlite_value value_of(uint64_t type, struct bytes b)
{
	struct sqlite_value v = { .is_number = false };

	if (type == 8 || type == 9) {
		v = (struct sqlite_value){ .is_number = true, .number = type == 9 };
	} else if (type >= 1 && type <= 6) {
		const unsigned spare = 64 - 8 * (unsigned)b.n;

		v.is_number = true;
		v.number = (int64_t)(number_at(b, 0, b.n) << spare) >> spare;
	} else if (type >= 13 && type % 2) {
		v.text = b;
	}
	return v;
}

/* The values of the fields that are wanted. */
static int split_row(const struct reader *r, struct bytes row, struct sqlite_value *ret)
{
	struct bytes head, body = row;
	uint64_t head_n;
	size_t at;

	if (!take_varint(&body, &head_n) || head_n > row.n || head_n < row.n - body.n)
		return -EBADMSG;
	head = (struct bytes){ body.p, (size_t)head_n - (row.n - body.n) };
	at = (size_t)head_n;
	for (size_t field = 0; head.n; field++) {
		struct bytes b;
		uint64_t type;

		if (field == FIELDS_MAX || !take_varint(&head, &type) ||
		    !bytes_sub(row, at, value_n(type), &b))
			return -EBADMSG;
		at += b.n;
		for (size_t i = 0; i < r->n_fields; i++)
			if (r->fields[i] == field)
				ret[i] = value_of(type, b);
	}
	return 0;
}

static int give_row(struct reader *r, struct bytes row)
{
	struct sqlite_value values[SQLITE_COLUMNS_MAX] = { { .is_number = false } };
	int code = split_row(r, row, values);

	return code < 0 ? code : r->take(r->data, values);
}

/* ---- the schema */

struct schema {
	const char *table;
	const char *const *columns;
	uint64_t root; /* 0: not found */
	size_t fields[SQLITE_COLUMNS_MAX], n_fields;
};

static bool is_name(struct bytes word, const char *name)
{
	if (word.n >= 2 && strchr("\"'`[", word.p[0]))
		word = (struct bytes){ word.p + 1, word.n - 2 };
	return word.n == strlen(name) && strncasecmp((const char *)word.p, name, word.n) == 0;
}

static struct bytes first_word(struct bytes text)
{
	size_t n = 0;

	while (text.n && isspace(text.p[0]))
		text = (struct bytes){ text.p + 1, text.n - 1 };
	while (n < text.n && !isspace(text.p[n]))
		n++;
	return (struct bytes){ text.p, n };
}

/* "CREATE TABLE name (first TYPE …, second …, CONSTRAINT …)": the number of the column with this name, as
 * commas outside of further parentheses count them. */
static int column_number(struct bytes sql, const char *name, size_t *ret)
{
	const uint8_t *open = memchr(sql.p, '(', sql.n);
	size_t number = 0, start;
	int depth = 0;

	if (!open)
		return -EBADMSG;
	start = (size_t)(open - sql.p) + 1;
	for (size_t i = start; i < sql.n; i++) {
		const uint8_t c = sql.p[i];

		if (depth == 0 && (c == ',' || c == ')')) {
			if (is_name(first_word((struct bytes){ sql.p + start, i - start }), name)) {
				*ret = number;
				return 0;
			}
			if (c == ')')
				break;
			number++;
			start = i + 1;
		}
		depth += (c == '(') - (c == ')');
	}
	return -ENOKEY;
}

/* "type", "name", "rootpage", "sql" */
static int take_schema(void *data, const struct sqlite_value *values)
{
	struct schema *s = data;

	if (!values[0].text.p || !is_name(values[0].text, "table") || !values[1].text.p ||
	    !is_name(values[1].text, s->table))
		return 0;
	if (!values[2].is_number || values[2].number <= 0 || !values[3].text.p)
		return -EBADMSG;
	s->root = (uint64_t)values[2].number;
	for (s->n_fields = 0; s->columns[s->n_fields]; s->n_fields++) {
		int code = s->n_fields == SQLITE_COLUMNS_MAX
				   ? -E2BIG
				   : column_number(values[3].text, s->columns[s->n_fields],
						   &s->fields[s->n_fields]);

		if (code < 0)
			return code;
	}
	return 0;
}

static int begin(struct reader *r)
{
	static const char magic[] = "SQLite format 3";

	if (!bytes_is_at(r->db, 0, magic, sizeof(magic)) || !bytes_has(r->db, 0, HEADER_N) ||
	    number_at(r->db, ENCODING_AT, 4) != UTF_8)
		return -EBADMSG;
	r->page_n = (size_t)number_at(r->db, PAGE_SIZE_AT, 2);
	if (r->page_n == 1)
		r->page_n = PAGE_MAX;
	if (r->page_n < PAGE_MIN || r->page_n & (r->page_n - 1) ||
	    r->page_n - r->db.p[RESERVED_AT] < 480) /* 1.3.4 */
		return -EBADMSG;
	r->usable_n = r->page_n - r->db.p[RESERVED_AT];
	r->pages_left = r->db.n / r->page_n;
	r->take_row = give_row;
	return 0;
}

int sqlite_each(struct bytes db, const char *table, const char *const *columns,
		int (*take)(void *data, const struct sqlite_value *values), void *data)
{
	/* sqlite_schema: type, name, tbl_name, rootpage, sql */
	struct reader r = { .db = db, .fields = { 0, 1, 3, 4 }, .n_fields = 4 };
	struct schema s = { .table = table, .columns = columns };
	int code = begin(&r);

	if (code < 0)
		return code;
	r.take = take_schema;
	r.data = &s;
	code = take_page(&r, 1, 0);
	if (code < 0)
		return code;
	if (!s.root)
		return -ENOENT;
	memcpy(r.fields, s.fields, sizeof(r.fields));
	r.n_fields = s.n_fields;
	r.take = take;
	r.data = data;
	r.pages_left = db.n / r.page_n;
	return take_page(&r, s.root, 0);
}
