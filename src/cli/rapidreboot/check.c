// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot check: what stands in the way of a fast reboot, for a person or for a fleet's tools. */

#include <string.h>

#include "cli/finding.h"
#include "cli/json.h"
#include "cli/page.h"
#include "cli/rapidreboot/front.h"
#include "cli/reason-status.h"

static json_t *finding_json(const struct preflight_finding *f)
{
	bool is_finding = f->status == PREFLIGHT_FINDING;

	return json_pack("{s:s, s:s, s:s, s:o, s:b, s:b, s:o, s:o, s:o}", "id", f->id, "title",
			 f->title, "status", preflight_status_name(f->status), "severity",
			 json_text(is_finding ? preflight_severity_name(f->severity) : NULL),
			 "can_force", f->can_force, "forced", f->forced, "sentence",
			 json_text(is_finding ? f->sentence : NULL), "evidence",
			 json_text(*f->evidence ? f->evidence : NULL), "remedy",
			 json_text(f->remedy));
}

static const char *outcome_name(const struct preflight *p)
{
	static const char *const names[] = { "clear", "warnings", "cold", "refused" };

	return names[p->outcome];
}

/* The checks may be clear although the entry cannot be started for another reason: that is told as
 * well. */
static const char *verdict_name(const struct verdict *v)
{
	const bool decided_elsewhere = v->reason != REASON_NONE && v->reason != REASON_CHECKS &&
				       v->reason != REASON_FIRMWARE;

	return decided_elsewhere ? "refused" : outcome_name(&v->findings);
}

static int status_of(const struct verdict *v)
{
	return v->reason == REASON_NONE ? (int)preflight_exit_status(&v->findings)
					: reason_status(v->reason);
}

static int print_json(const struct verdict *v, const struct start *s)
{
	json_t *checks = json_array();

	for (size_t i = 0; i < v->findings.n; i++)
		json_array_append_new(checks, finding_json(&v->findings.findings[i]));
	return json_print(json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o}", "outcome",
				    verdict_name(v), "exit_status", status_of(v), "reason",
				    reason_name(v->reason), "error",
				    json_text(v->err.message[0] ? v->err.message : NULL), "entry",
				    json_text(s->choice.title), "decided_by",
				    json_text(s->choice.decided_by), "checks", checks));
}

static enum page_color color_of(const struct verdict *v)
{
	if (v->reason != REASON_NONE)
		return v->reason == REASON_FIRMWARE ? PAGE_YELLOW : PAGE_RED;
	return v->findings.outcome > PREFLIGHT_NOTE ? PAGE_YELLOW : PAGE_GREEN;
}

static void print_summary(const struct verdict *v, const struct start *s, size_t n_notes,
			  size_t n_unknown, bool verbose)
{
	const bool has_error = v->err.message[0];
	const size_t n = v->findings.n;

	page_colored_field(stdout, 0, "", color_of(v),
			   "%s%s%s%s: %s; %zu check%s, %zu note%s, %zu unknown%s",
			   s->choice.title ? s->choice.title : "no boot entry",
			   has_error ? " (" : "", v->err.message, has_error ? ")" : "",
			   verdict_name(v), n, plural(n), n_notes, plural(n_notes), n_unknown,
			   n_unknown + n_notes && !verbose ? " (-v shows them)" : "");
}

static void print_text(const struct verdict *v, const struct start *s, bool verbose)
{
	size_t n_unknown = 0, n_notes = 0;

	if (s->choice.decided_by)
		page_field(stdout, 0, "", "%s decides", s->choice.decided_by);
	for (size_t i = 0; i < v->findings.n; i++) {
		const struct preflight_finding *f = &v->findings.findings[i];
		bool is_finding = f->status == PREFLIGHT_FINDING;

		n_unknown += f->status == PREFLIGHT_UNKNOWN;
		n_notes += is_finding && f->severity == PREFLIGHT_NOTE;
		if (verbose || (is_finding && f->severity > PREFLIGHT_NOTE))
			finding_print(stdout, f);
	}
	print_summary(v, s, n_notes, n_unknown, verbose);
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	_cleanup_reboot_ struct reboot rb = { .machine = -1, .system = -1 };
	_cleanup_wish_ struct wish wish = { 0 };
	_cleanup_verdict_ struct verdict verdict = { .reason = REASON_NONE };
	_cleanup_start_ struct start s = { 0 };
	int r = command_take(&check_command, argc, argv, &o);

	if (r < 0)
		r = front_wish(&check_command, &o, &wish);
	else
		return r;
	if (r < 0)
		r = front_open(&rb, wish.root, o.verbose);
	if (r != EXIT_OK)
		return r;
	judge(&rb, &wish, JUDGE_CHECK, &s, &verdict);
	if (!o.json)
		print_text(&verdict, &s, o.verbose);
	else if (print_json(&verdict, &s) < 0)
		return EXIT_FAILED;
	return status_of(&verdict);
}

const struct command check_command = {
	.name = "check",
	.synopsis = "[ENTRY]",
	.summary = "what stands in the way of a fast reboot",
	.run = run,
	.taker = BY_CHECK,
	.operands_max = 1,
	.about =
		"Tells what stands in the way of a fast reboot into ENTRY (default: what the boot loader\n"
		"would start next). Nothing is changed.\n\n"
		"Exit status: 0 nothing above a note, 8 warnings, 7 only a reboot through the firmware\n"
		"does what is wanted, 3 a fast reboot would be refused, 1 there is nothing to start or\n"
		"to load, or the check itself failed, 2 the command line.",
};
