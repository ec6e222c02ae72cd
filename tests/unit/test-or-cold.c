// SPDX-License-Identifier: LGPL-2.1-or-later
/* When a reboot through the firmware may take the place of a fast one, and what the record says of it. */
#include "reboot/check.h"
#include "tests/unit/cmocka-shim.h"

static struct preflight_finding finding(const char *id, enum preflight_severity severity,
					bool holds_cold)
{
	static char sentence[] = "a sentence";

	return (struct preflight_finding){ .id = id,
					   .status = PREFLIGHT_FINDING,
					   .severity = severity,
					   .sentence = sentence,
					   .holds_cold = holds_cold };
}

/* rapidreboot(8), --or-cold: by the reason why the fast one does not go on */
static void test_reasons(void **state)
{
	static const enum reason stays_up[] = {
		REASON_NONE,	  REASON_PERMISSION,  REASON_ENTRY_CHANGED, REASON_OTHER_ENTRY,
		REASON_ELSEWHERE, REASON_ORDERED,     REASON_NOT_ORDERED,   REASON_HOOK,
		REASON_LATER,	  REASON_INTERRUPTED, REASON_UNLOAD,	    REASON_INIT_UNKNOWN,
		REASON_INIT,	  REASON_UNLOCK,
	};
	const struct verdict verdict = { .reason = REASON_NONE };
	const struct wish wish = { 0 };

	for (enum reason r = REASON_NONE; r < N_REASONS; r++) {
		bool want = true;

		for (size_t i = 0; i < ARRAY_SIZE(stays_up); i++)
			want = want && stays_up[i] != r;
		if (may_go_cold(&wish, &verdict, r) != want)
			fail_msg("%s", reason_name(r));
	}
	assert_false(may_go_cold(&wish, &verdict, N_REASONS));
}

/* The firmware would start another kernel than the one that was named, or now instead of later. */
static void test_named(void **state)
{
	static char text[] = "x";
	struct pick pick = { 0 };
	const struct wish named[] = { { .entry = text },
				      { .kernel = text },
				      { .root = text },
				      { .pick = &pick },
				      { .when = { .text = "+5" } } };
	const struct verdict verdict = { .reason = REASON_CHECKS };

	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		assert_false(may_go_cold(&named[i], &verdict, REASON_CHECKS));
}

static void test_findings(void **state)
{
	struct preflight_finding all[] = { finding("E2", PREFLIGHT_WARN, false),
					   finding("H1", PREFLIGHT_REFUSE, false),
					   finding("G2", PREFLIGHT_REFUSE, true) };
	struct verdict verdict = { .reason = REASON_CHECKS,
				   .findings = { .findings = all, .n = 2 } };
	const struct kx_error err = { .message = "the disk is full" };
	const struct wish wish = { 0 };
	char why[100];

	assert_true(may_go_cold(&wish, &verdict, REASON_CHECKS));
	verdict_why(&verdict, REASON_CHECKS, &err, why, sizeof(why));
	assert_string_equal(why, "H1: a sentence");
	verdict_why(&verdict, REASON_UNRECORDED, &err, why, sizeof(why));
	assert_string_equal(why, "unrecorded: the disk is full");
	verdict.findings.n = 3; /* of several one is enough */
	assert_false(may_go_cold(&wish, &verdict, REASON_CHECKS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
