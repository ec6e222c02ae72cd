/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rows of one table of an SQLite 3 database, out of its bytes: sqlite.org, "Database File Format". */

#include <stdbool.h>

#include "base/cleanup.h"
#include "fundamental/bytes.h"

enum { SQLITE_COLUMNS_MAX = 8 };

struct sqlite_value {
	bool is_number; /* else text, or without one (NULL, real numbers) */
	int64_t number;
	struct bytes text; /* of the database, or until the next row; p is NULL without one */
};

/**
 * sqlite_each() - calls @take for each row of a table
 * @db: the whole file. Only the main file is read: with a "-wal" or a hot "-journal" beside it, it is not the
 *	whole database, which is for the caller to find out
 * @table: an ordinary one, with rowid
 * @columns: names, ended by NULL, at most SQLITE_COLUMNS_MAX
 * @take: gets a value for each of @columns; a row that is older than a column has none. Other than 0 ends it
 *
 * Return: 0, or what @take returned; -ENOENT: no such table; -ENOKEY: it has no such column; -EBADMSG: damaged, or
 * no such database; -E2BIG: a row is too large; -ENOMEM.
 */
_must_check_ int sqlite_each(struct bytes db, const char *table, const char *const *columns,
			     int (*take)(void *data, const struct sqlite_value *values),
			     void *data);
