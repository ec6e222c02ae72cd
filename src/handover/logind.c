// SPDX-License-Identifier: LGPL-2.1-or-later
#include "handover/logind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"

static int find_value(struct bytes text, const char *key, struct bytes *ret)
{
	struct lines lines = lines_of(text);
	struct bytes line;

	while (lines_next(&lines, &line))
		if (bytes_starts(line, key)) {
			*ret = (struct bytes){ line.p + strlen(key), line.n - strlen(key) };
			return 0;
		}
	return -ENOENT;
}

int logind_value(struct bytes text, const char *key, char **ret)
{
	struct bytes value;
	char *copy;
	int r = find_value(text, key, &value);

	if (r < 0)
		return r;
	copy = bytes_dup(value);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

static char *words_of(struct bytes text, const char *key)
{
	struct bytes value;

	if (find_value(text, key, &value) < 0 || value.n == 0)
		value = (struct bytes){ (const uint8_t *)"?", 1 };
	return bytes_dup_octal(value);
}

static enum logind_hold hold_of(const char *mode)
{
	if (strcmp(mode, "block") == 0)
		return LOGIND_BLOCKS;
	if (strcmp(mode, "block-weak") == 0)
		return LOGIND_BLOCKS_WEAK;
	return strcmp(mode, "delay") == 0 ? LOGIND_DELAYS : LOGIND_NO_HOLD;
}

int logind_inhibitor(struct bytes text, char **ret_who, char **ret_why)
{
	_cleanup_free_ char *what = NULL, *mode = NULL, *who = NULL, *why = NULL;
	enum logind_hold hold;

	if (logind_value(text, "WHAT=", &what) == -ENOMEM ||
	    logind_value(text, "MODE=", &mode) == -ENOMEM)
		return -ENOMEM;
	if (!mode || !has_item(what, ":", "shutdown"))
		return LOGIND_NO_HOLD;
	hold = hold_of(mode);
	if (hold == LOGIND_NO_HOLD)
		return LOGIND_NO_HOLD;
	who = words_of(text, "WHO=");
	why = words_of(text, "WHY=");
	if (!who || !why)
		return -ENOMEM;
	*ret_who = TAKE_PTR(who);
	*ret_why = TAKE_PTR(why);
	return (int)hold;
}

bool logind_class_is_person(const char *class)
{
	static const char *const nobody[] = { "greeter", "manager", "manager-early", "background",
					      "background-light" };

	for (size_t i = 0; class && i < sizeof(nobody) / sizeof(nobody[0]); i++)
		if (strcmp(class, nobody[i]) == 0)
			return false;
	return true;
}
