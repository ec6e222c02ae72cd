// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kernel log -> tables of the GICv3. Words: drivers/irqchip/irq-gic-v3-its.c, the same in 6.1, 6.12 and 7.2. */
#include "memmap/aarch64/lpi.h"

#include <errno.h>
#include <string.h>

#include "base/lines.h"
#include "base/num.h"

/* Longer than any line that is looked for. */
#define MESSAGE_MAX 128u

/* Removes "<6>", "[    0.000000] " and "[    T0] " from the start of a line. */
static struct bytes message_of(struct bytes line)
{
	static const struct {
		uint8_t open, close;
	} marks[] = { { '<', '>' }, { '[', ']' }, { '[', ']' } };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const uint8_t *end;
		size_t n;

		if (line.n == 0 || line.p[0] != marks[i].open)
			continue;
		end = memchr(line.p, marks[i].close, line.n);
		if (!end)
			break;
		n = (size_t)(end - line.p) + 1;
		while (n < line.n && line.p[n] == ' ')
			n++;
		line = (struct bytes){ line.p + n, line.n - n };
	}
	return line;
}

static bool is_known(const struct ranges *tables, uint64_t start)
{
	for (size_t i = 0; i < tables->n; i++)
		if (tables->v[i].start == start)
			return true;
	return false;
}

/* The address that ends the message; none that is no multiple of the size: the register has no such bits. */
static bool take_table(const char *s, struct range *ret)
{
	uint64_t at;

	if (!take_hex_u64(&s, &at) || *s || at % LPI_TABLE_SIZE || at > UINT64_MAX - LPI_TABLE_SIZE)
		return false;
	*ret = (struct range){ at, at + LPI_TABLE_SIZE };
	return true;
}

/* Is it "GICv3: CPUn: using allocated LPI pending table @…"? Firmware's and the last kernel's are "reserved". */
static bool take_pending(const char **s)
{
	unsigned cpu;

	return take_prefix(s, "CPU") && take_unsigned(s, &cpu) && take_prefix(s, ": using ") &&
	       (take_prefix(s, "allocated") || take_prefix(s, "reserved")) &&
	       take_prefix(s, " LPI pending table @");
}

static int take_message(const char *s, struct lpi_tables *t)
{
	struct range table;

	if (take_prefix(&s, "ITS [mem ")) {
		t->has_its = true;
		return 0;
	}
	if (!take_prefix(&s, "GICv3: "))
		return 0;
	if (take_prefix(&s, "using LPI property table @")) {
		if (!take_table(s, &table))
			return 0;
		t->has_properties = true;
	} else if (take_pending(&s)) {
		if (!take_table(s, &table) || is_known(&t->tables, table.start))
			return 0;
		t->n_pending++;
	} else {
		return 0;
	}
	t->has_its = true;
	return ranges_add(&t->tables, table);
}

int lpi_tables_read(struct bytes log, struct lpi_tables *ret)
{
	struct lines lines = lines_of(log);
	struct lpi_tables t = { 0 };
	struct bytes line;

	while (lines_next(&lines, &line)) {
		const struct bytes message = message_of(line);
		char s[MESSAGE_MAX];
		int r;

		if (message.n >= sizeof(s))
			continue;
		memcpy(s, message.p, message.n);
		s[message.n] = 0;
		r = take_message(s, &t);
		if (r < 0) {
			lpi_tables_done(&t);
			return r;
		}
	}
	*ret = t;
	return 0;
}

void lpi_tables_done(struct lpi_tables *t)
{
	ranges_done(&t->tables);
	*t = (struct lpi_tables){ 0 };
}

bool lpi_tables_known(const struct lpi_tables *t, unsigned n_cpus, bool begins)
{
	if (!t->has_its)
		return begins;
	return t->has_properties && t->n_pending >= n_cpus;
}

bool lpi_log_begins(struct bytes log)
{
	struct lines lines = lines_of(log);
	struct bytes line;

	return lines_next(&lines, &line) &&
	       bytes_starts(message_of(line), "Booting Linux on physical CPU ");
}
