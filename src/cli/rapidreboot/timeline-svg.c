// SPDX-License-Identifier: GPL-2.0-or-later

/* The phases of one attempt as SVG 1.1: one file without scripts, fonts or anything from outside. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/exit-status.h"
#include "cli/plain.h"
#include "cli/rapidreboot/timeline.h"

/* Pixels. The right of a bar has room for its time. */
enum {
	WIDTH = 960,
	LEFT = 250,
	RIGHT = 100,
	TOP = 104,
	ROW = 30,
	BAR = 18,
	FOOT = 84,
	TEXT_MAX = 110
};

/* Colours that can be distinguished with red-green colour blindness and in print: blue, orange and
 * teal of Okabe and Ito. */
static const struct {
	const char *colour, *name;
} owners[] = {
	[OWNER_OLD] = { "#0072b2", "old system" },
	[OWNER_BETWEEN] = { "#e69f00", "between the systems" },
	[OWNER_NEW] = { "#009e73", "new system" },
};

/* Escapes foreign text: five characters are special in XML, and control characters are not
 * allowed. */
static void put_text_n(FILE *f, const char *s, size_t n)
{
	for (; *s && n > 0; s++, n--)
		switch (*s) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			/* bytes that are no ASCII may be no UTF-8 either */
			fputc((unsigned char)*s < ' ' || (unsigned char)*s > '~' ? '?' : *s, f);
		}
}

static void put_text(FILE *f, const char *s)
{
	put_text_n(f, s, TEXT_MAX);
}

static double x_of(const struct phases *p, int64_t us)
{
	return LEFT + (p->end_us > 0 ? (double)us / (double)p->end_us : 0) * (WIDTH - LEFT - RIGHT);
}

static int height_of(const struct phases *p)
{
	return TOP + (int)p->n * ROW + FOOT;
}

static void put_head(FILE *f, const struct attempt *a, const struct phases *p)
{
	char when[32], span[32], versions[2 * ATTEMPT_ENTRY_MAX + 8];

	format_time(a->asked.real_ms, when);
	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n"
		"<text x=\"20\" y=\"32\" font-size=\"19\" font-weight=\"bold\">",
		WIDTH, height_of(p), WIDTH, height_of(p), WIDTH, height_of(p));
	put_text(f, a->entry[0] ? a->entry : "fast reboot");
	fprintf(f, "</text>\n<text x=\"20\" y=\"54\" fill=\"#444444\">%s: ", when);
	put_text(f, attempt_result_name(a->result));
	fprintf(f, ", %" PRId64 ".%03" PRId64 " s", p->end_us / 1000000, p->end_us / 1000 % 1000);
	if (attempt_away_us(a) >= 0) {
		format_span(attempt_away_us(a), span);
		fprintf(f, ", services away for %s", span);
	}
	if (a->way[0]) {
		fputs(", loaded with ", f);
		put_text(f, a->way);
	}
	if (a->rung[0]) {
		fputs(", ", f);
		put_text(f, a->rung);
	}
	fputs("</text>\n<text x=\"20\" y=\"70\" font-size=\"12\" fill=\"#444444\">", f);
	format_versions(a, versions, sizeof(versions));
	put_text(f, versions);
	fputs("</text>\n", f);
}

/* 1, 2 or 5 times a power of ten, so that there are at most eight. */
static int64_t tick_us(int64_t end_us)
{
	int64_t tick = 1;

	for (unsigned i = 0; end_us / tick > 8; i++)
		tick = tick / (i % 3 == 1 ? 2 : 1) * (i % 3 == 1 ? 5 : 2);
	return tick;
}

static void put_axis(FILE *f, const struct phases *p)
{
	const int64_t tick = tick_us(p->end_us);
	const int bottom = TOP + (int)p->n * ROW;

	for (int64_t us = 0; us <= p->end_us; us += tick) {
		fprintf(f,
			"<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#dddddd\"/>\n"
			"<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#444444\">",
			x_of(p, us), TOP - 8, x_of(p, us), bottom, x_of(p, us), TOP - 14);
		if (tick >= 1000000)
			fprintf(f, "%" PRId64 " s</text>\n", us / 1000000);
		else if (tick >= 100000)
			fprintf(f, "%" PRId64 ".%" PRId64 " s</text>\n", us / 1000000,
				us / 100000 % 10);
		else if (tick >= 1000)
			fprintf(f, "%" PRId64 " ms</text>\n", us / 1000);
		else
			fprintf(f, "%" PRId64 " us</text>\n", us);
	}
}

/* Several phases in one have a long name: that takes more lines, and smaller ones. */
static void put_name(FILE *f, const char *name, int middle)
{
	static const struct {
		size_t fits, width; /* characters: all of the name, one line */
		int lines, size;    /* pixels */
	} ways[] = { { 33, 33, 1, 13 }, { 74, 40, 2, 11 }, { SIZE_MAX, 48, 3, 9 } };
	size_t i = 0;
	int y;

	while (strlen(name) > ways[i].fits)
		i++;
	y = middle + 5 - (ways[i].lines - 1) * ways[i].size / 2;
	while (*name) {
		const size_t n = line_of(name, ways[i].width);

		fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" font-size=\"%d\">",
			LEFT - 12, y, ways[i].size);
		put_text_n(f, name, n);
		fputs("</text>\n", f);
		y += ways[i].size + 1;
		name += n;
		name += *name == ' ';
	}
}

static void put_phase(FILE *f, const struct phases *p, size_t i)
{
	const struct phase *phase = &p->v[i];
	const double x = x_of(p, phase->from_us);
	double width = x_of(p, phase->to_us) - x;
	const int y = TOP + (int)i * ROW, middle = y + ROW / 2;
	char span[32];

	format_span(phase->to_us - phase->from_us, span);
	if (width < 1.5)
		width = 1.5; /* seen, if not to scale */
	put_name(f, phase->name, middle);
	fprintf(f,
		"<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n"
		"<text x=\"%.1f\" y=\"%d\">%s</text>\n",
		x, y + (ROW - BAR) / 2, width, BAR, owners[phase->owner].colour, x + width + 6,
		middle + 5, span);
}

static void put_foot(FILE *f, const struct attempt *a, const struct phases *p)
{
	const int y = TOP + (int)p->n * ROW + 32;
	char clock[200];
	int x = LEFT;

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		fprintf(f,
			"<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/>\n"
			"<text x=\"%d\" y=\"%d\">%s</text>\n",
			x, y - 11, owners[i].colour, x + 18, y, owners[i].name);
		x += 190;
	}
	fprintf(f, "<text x=\"20\" y=\"%d\" font-size=\"12\" fill=\"#444444\">", y + 32);
	clock_sentence(a, clock);
	/* our own text: it is longer than the limit for foreign text */
	fprintf(f, "%s</text>\n</svg>\n", clock);
}

int svg_write(const struct attempt *a, const char *path)
{
	FILE *f = fopen(path, "we");
	struct phases p;

	if (!f) {
		plain_printf(stderr, "rapidreboot: %s: cannot be written: %s\n", path,
			     strerror(errno));
		return EXIT_FAILED;
	}
	phases_of(a, &p);
	put_head(f, a, &p);
	put_axis(f, &p);
	for (size_t i = 0; i < p.n; i++)
		put_phase(f, &p, i);
	put_foot(f, a, &p);
	if (ferror(f) | fclose(f)) {
		plain_printf(stderr, "rapidreboot: %s: could not be written whole\n", path);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}
