// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/rungs.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "cli/page.h"

static bool next(const struct kx_plan *plan, const char *why, size_t i, struct kx_rung *ret)
{
	*ret = (struct kx_rung){ .size = sizeof(*ret) };
	if (kx_plan_passed(plan, i, ret) < 0)
		return false;
	if (why)
		ret->why_not = why;
	return true;
}

json_t *rungs_json(const struct kx_plan *plan, const char *why)
{
	json_t *list = json_array();
	struct kx_rung rung;

	for (size_t i = 0; next(plan, why, i, &rung); i++)
		json_array_append_new(list, json_pack("{s:s, s:o}", "rung", rung.name, "reason",
						      json_text(rung.why_not)));
	return list;
}

void rungs_print(const struct kx_plan *plan, const char *why, int width)
{
	struct kx_rung rung, after;

	for (size_t i = 0; next(plan, why, i, &rung); i++) {
		_cleanup_strbuf_ struct strbuf names = { 0 };

		strbuf_add(&names, rung.name);
		for (; next(plan, why, i + 1, &after) && strcmp(rung.why_not, after.why_not) == 0;
		     i++)
			strbuf_addf(&names, ", %s", after.name);
		page_field(stdout, (size_t)width, "", "not %s: %s", names.s ? names.s : "",
			   rung.why_not);
	}
}
