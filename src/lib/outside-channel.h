/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * struct outside for a confined child: it asks, and its parent looks. The parent opens everything through its own
 * table, so that the rules about roots and regular files hold, and counts it against a budget of its own: questions
 * may come from somebody who broke into the child.
 */

#include "base/budget.h"
#include "confined/message.h"
#include "confined/reader.h"
#include "entry/outside.h"

/* Each is a question with the arguments of the call of that name. */
enum outside_question {
	ASK_TYPE,
	ASK_STAT,
	ASK_READ,
	ASK_HEAD,
	ASK_LIST,
	ASK_MAP,   /* the answer has a descriptor, and a number for ASK_UNMAP */
	ASK_UNMAP, /* that number */
	ASK_MOUNTS,
	ASK_DEVICE,
	ASK_FIND_TAG,
	ASK_GET_TAG,
	ASK_FIND_VOLUME,
	ASK_PARTITION,
	ASK_READ_AT,
	ASK_LOOK,
	N_QUESTIONS,
};

/* Files that are mapped at the same time. */
enum { ASKED_MAPS_MAX = 64 };

struct outside_asker {
	struct outside out; /* first: what is handed out */
	int channel;
	const uint8_t *maps[ASKED_MAPS_MAX]; /* by their numbers; NULL: free */
};

/* @may_look: the table has outside.look. */
void outside_asker_init(struct outside_asker *asker, int channel, bool may_look);

struct outside_server {
	struct outside *out;   /* borrowed, as is the budget */
	struct budget *budget; /* what all questions may cost together */
	struct {
		const uint8_t *p;
		size_t n;
	} maps[ASKED_MAPS_MAX];
	char *mounts;		/* the table that was given out, or NULL */
	struct strlist devices; /* that were looked into */
};

/* Answers one question. -EPROTO: it is none; BUDGET_SPENT: no more is answered. */
_must_check_ int outside_answer(struct outside_server *server, struct bytes question,
				struct reader_answer *ret);
void outside_server_done(struct outside_server *server);
