// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/rungs.h"

#include <stdio.h>
#include <string.h>

#include "cli/json.h"

json_t *rungs_json(const struct kx_rung *passed, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:o}", "rung", passed[i].name,
						      "reason", json_text(passed[i].why_not)));
	return list;
}

void rungs_print(const struct kx_rung *passed, size_t n, int width)
{
	for (size_t i = 0; i < n; i++) {
		printf("%*snot %s", width, "", passed[i].name);
		while (i + 1 < n && strcmp(passed[i].why_not, passed[i + 1].why_not) == 0)
			printf(", %s", passed[++i].name);
		printf(": %s\n", passed[i].why_not);
	}
}
