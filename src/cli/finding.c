// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/finding.h"

#include "cli/page.h"

enum { ID_WIDTH = 4, WORD_WIDTH = 9, TEXT_COLUMN = ID_WIDTH + WORD_WIDTH };

static enum page_color color_of(const struct preflight_finding *f)
{
	static const enum page_color colors[] = {
		[PREFLIGHT_NOTE] = PAGE_GREY,
		[PREFLIGHT_WARN] = PAGE_YELLOW,
		[PREFLIGHT_COLD] = PAGE_YELLOW,
		[PREFLIGHT_REFUSE] = PAGE_RED,
	};

	if (f->status == PREFLIGHT_FINDING)
		return colors[f->severity];
	return f->status == PREFLIGHT_UNKNOWN ? PAGE_GREY : PAGE_GREEN;
}

static void head(FILE *f, const struct preflight_finding *finding, const char *word)
{
	fprintf(f, "%-*s", ID_WIDTH, finding->id);
	page_word(f, color_of(finding), WORD_WIDTH, word);
}

/* "B6  ok       variables on the command line" */
static void print_looked(FILE *f, const struct preflight_finding *finding)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	head(f, finding, preflight_status_name(finding->status));
	strbuf_addf(&text, "%s%s%s", finding->title, *finding->evidence ? ": " : "",
		    finding->evidence);
	page_text(f, TEXT_COLUMN, text.s ? text.s : finding->title);
}

void finding_print(FILE *f, const struct preflight_finding *finding)
{
	if (finding->status != PREFLIGHT_FINDING) {
		print_looked(f, finding);
		return;
	}
	head(f, finding, preflight_severity_name(finding->severity));
	page_text(f, TEXT_COLUMN, finding->sentence);
	if (*finding->evidence)
		page_field(f, TEXT_COLUMN, "    found:", "%s", finding->evidence);
	if (finding->remedy)
		page_field(f, TEXT_COLUMN, "    to do:", "%s", finding->remedy);
	if (finding->forced)
		page_field(f, TEXT_COLUMN, "    forced:", "it would have refused");
	else if (finding->severity >= PREFLIGHT_COLD && finding->can_force)
		page_field(f, TEXT_COLUMN, "    or:", "--force %s goes on all the same",
			   finding->id);
}
