/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Metrics of this machine for Prometheus, in its text format, as the textfile collector of node_exporter reads it. */

#include "base/strbuf.h"
#include "reboot/reboot.h"
#include "reboot/waiting.h"
#include "record/attempts.h"

/**
 * struct metrics - what they are made of
 * @attempts: the record
 * @waiting: whether a reboot is due, or NULL: not known
 * @enabled: an ordinary reboot is a fast one
 * @loaded: 1, 0, or below: the kernel does not tell
 */
struct metrics {
	const struct attempts *attempts;
	const struct waiting *waiting;
	bool enabled;
	int loaded;
};

/* What is not known is left out, never 0. */
void metrics_format(const struct metrics *m, struct strbuf *b);
/* METRICS of rapidreboot.conf(5): writes rapidreboot.prom into that directory, if there is one. */
void metrics_write(const struct reboot *rb);
