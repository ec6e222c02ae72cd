// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/progress.h"

#include <stdint.h>
#include <stdio.h>

#include "cli/json.h"
#include "cli/page.h"
#include "cli/reason-status.h"

static void say(const char *program, const char *before, const char *sentence)
{
	page_field(stderr, 0, "", "%s: %s%s", program, before, sentence);
}

static void tell(void *data, enum tell kind, const char *sentence)
{
	say(data, kind == TELL_WARNING ? "warning: " : "", sentence);
}

static void tell_without_details(void *data, enum tell kind, const char *sentence)
{
	if (kind != TELL_DETAIL)
		tell(data, kind, sentence);
}

struct teller progress_teller(const char *program, bool verbose)
{
	return (struct teller){ verbose ? tell : tell_without_details, (void *)(uintptr_t)program };
}

int progress_fail(const char *program, enum reason reason, const struct kx_error *err)
{
	if (reason != REASON_NONE && err->message[0]) {
		say(program, "", err->message);
		json_answer_error("%s", err->message);
	}
	return reason_status(reason);
}
