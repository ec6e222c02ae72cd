// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/rapidreboot/timeline.h"

/* What happens up to a moment. */
static const struct {
	const char *name;
	enum phase_owner owner;
} before[N_POINTS] = {
	[POINT_LOADED] = { "load kernel", OWNER_OLD },
	[POINT_STOPPED] = { "stop services", OWNER_OLD },
	[POINT_ENDED] = { "unmount, last hooks", OWNER_OLD },
	[POINT_PURGATORY] = { "shut down old kernel", OWNER_OLD },
	[POINT_CHECKED] = { "check segments", OWNER_BETWEEN },
	[POINT_JUMPED] = { "jump", OWNER_BETWEEN },
	[POINT_KERNEL] = { "start of kernel", OWNER_NEW },
	[POINT_INITRAMFS] = { "kernel", OWNER_NEW },
	[POINT_USERSPACE] = { "initramfs", OWNER_NEW },
	[POINT_TARGET] = { "userspace", OWNER_NEW },
	[POINT_READY] = { "service back", OWNER_NEW },
};

enum { NAME_WIDTH = 22, TIME_WIDTH = 11, BARS_MIN = 8 };

void phases_of(const struct attempt *a, struct phases *ret)
{
	struct phase next = { 0 };

	*ret = (struct phases){ 0 };
	for (size_t i = POINT_LOADED; i < N_POINTS; i++) {
		size_t n = strlen(next.name);

		(void)snprintf(next.name + n, sizeof(next.name) - n, "%s%s", n ? " + " : "",
			       before[i].name);
		if (n == 0)
			next.owner = before[i].owner;
		else if (next.owner != before[i].owner)
			next.owner = OWNER_BETWEEN;
		if (a->at[i] < next.from_us)
			continue; /* not known: the next one that is ends this phase too */
		next.to_us = a->at[i];
		ret->v[ret->n++] = next;
		next = (struct phase){ .from_us = a->at[i] };
	}
	ret->end_us = next.from_us;
}

void format_versions(const struct attempt *a, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s%s%s", a->from, a->from[0] && a->version[0] ? " to " : "",
		       a->version);
}

static const char *sentence_of(const struct attempt *a)
{
	switch (a->clock) {
	case CLOCK_NONE:
		break;
	case CLOCK_COUNTER:
		return "Times are good to a millisecond: the processor's counter ran through the jump.";
	case CLOCK_WALL:
		return "Times after the jump are by the real-time clock, good to about a second.";
	case CLOCK_BROKEN:
		return "Clock not continuous: the processor's counter did not run through the jump; "
		       "times after it are by the real-time clock, good to about a second.";
	}
	return "Times after the jump are not known yet.";
}

void clock_sentence(const struct attempt *a, char ret[200])
{
	if (a->clock == CLOCK_COUNTER && a->early_us)
		(void)snprintf(ret, 200,
			       "Times are good to %" PRIu64
			       " ms: by so much the new kernel's clock was ahead of the "
			       "processor's counter, which ran through the jump.",
			       a->early_us / 1000 + 1);
	else
		(void)snprintf(ret, 200, "%s", sentence_of(a));
}

void format_time(uint64_t ms, char ret[32])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	ret[0] = '\0';
	if (!localtime_r(&seconds, &tm) || strftime(ret, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)snprintf(ret, 32, "?");
}

static void print_repeated(const char *what, int64_t n)
{
	while (n-- > 0)
		fputs(what, stdout);
}

/* Microseconds -> columns, so that neighbours meet. */
static int64_t column(const struct phases *p, int64_t us, int64_t width)
{
	return p->end_us > 0 ? us * width / p->end_us : 0;
}

static void print_bar(const struct phases *p, const struct phase *phase, int64_t width, bool utf8)
{
	int64_t from = column(p, phase->from_us, width), to = column(p, phase->to_us, width);

	if (to == from) { /* shorter than a column: a mark, inside the picture */
		from = from < width ? from : width - 1;
		print_repeated(" ", from);
		fputs(utf8 ? "▏" : "|", stdout);
		return;
	}
	print_repeated(" ", from);
	print_repeated(utf8 ? "█" : "#", to - from);
}

size_t line_of(const char *s, size_t width)
{
	size_t n = width;

	if (strlen(s) <= width)
		return strlen(s);
	while (n > 0 && s[n] != ' ')
		n--;
	return n ? n : width;
}

/* Names that are too long for their column go on in the next line. */
static void print_name(const char *name)
{
	while (strlen(name) > NAME_WIDTH) {
		const size_t n = line_of(name, NAME_WIDTH);

		printf("  %.*s\n", (int)n, name);
		name += n;
		name += *name == ' ';
	}
	printf("  %-*s", NAME_WIDTH, name);
}

void format_span(int64_t us, char ret[32])
{
	if (us < 10000)
		(void)snprintf(ret, 32, "%" PRId64 ".%02" PRId64 " ms", us / 1000, us / 10 % 100);
	else
		(void)snprintf(ret, 32, "%" PRId64 ".%03" PRId64 " s", us / 1000000,
			       us / 1000 % 1000);
}

static void print_span(int64_t us)
{
	char text[32];

	format_span(us, text);
	printf(" %*s", TIME_WIDTH - 1, text);
}

void bars_print(const struct attempt *a, unsigned columns, bool utf8)
{
	const int64_t width = (int64_t)columns - (2 + NAME_WIDTH + TIME_WIDTH + 1 + 1);
	struct phases p;

	phases_of(a, &p);
	for (size_t i = 0; i < p.n; i++) {
		print_name(p.v[i].name);
		print_span(p.v[i].to_us - p.v[i].from_us);
		if (width >= BARS_MIN) {
			putchar(' ');
			print_bar(&p, &p.v[i], width, utf8);
		}
		putchar('\n');
	}
	if (p.n == 0)
		return;
	print_name("together");
	print_span(p.end_us);
	putchar('\n');
}
