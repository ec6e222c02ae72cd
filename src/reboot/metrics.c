// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/io.h"
#include "config/config.h"
#include "handover/arm.h"

#define FILE_NAME "rapidreboot.prom"

static void add_head(struct strbuf *b, const char *name, const char *help)
{
	strbuf_addf(b, "# HELP rapidreboot_%s %s\n# TYPE rapidreboot_%s gauge\n", name, help, name);
}

static void add_number(struct strbuf *b, const char *name, const char *help, uint64_t value)
{
	add_head(b, name, help);
	strbuf_addf(b, "rapidreboot_%s %llu\n", name, (unsigned long long)value);
}

static void add_seconds(struct strbuf *b, int64_t us)
{
	strbuf_addf(b, "%lld.%06lld\n", (long long)us / 1000000, (long long)us % 1000000);
}

/* Each result there is, so that one that has not happened is 0. */
static void add_results(struct strbuf *b, const struct attempts *all)
{
	uint64_t n[ATTEMPT_UNKNOWN + 1] = { 0 };

	for (size_t i = 0; i < all->n; i++)
		n[all->v[i].result]++;
	add_head(b, "recorded_attempts", "Fast reboots in the record, which keeps the last 64.");
	for (unsigned i = 0; i <= ATTEMPT_UNKNOWN; i++)
		strbuf_addf(b, "rapidreboot_recorded_attempts{result=\"%s\"} %llu\n",
			    attempt_result_name((enum attempt_result)i), (unsigned long long)n[i]);
	add_number(b, "record_damaged_lines", "Lines of the record that cannot be read.",
		   all->damaged);
}

static void add_points(struct strbuf *b, const struct attempt *a)
{
	add_head(b, "last_point_seconds", "Moments of the last attempt, since it was asked for.");
	for (size_t i = 0; i < N_POINTS; i++) {
		if (a->at[i] < 0)
			continue;
		strbuf_addf(b, "rapidreboot_last_point_seconds{point=\"%s\"} ",
			    attempt_point_name((enum attempt_point)i));
		add_seconds(b, a->at[i]);
	}
}

static void add_last(struct strbuf *b, const struct attempt *a)
{
	const bool is_confirmed = (a->result == ATTEMPT_KEXEC && !a->waits) || a->cleared;
	const int64_t away = attempt_away_us(a);

	add_head(b, "last_result", "How the last attempt ended.");
	for (unsigned i = 0; i <= ATTEMPT_UNKNOWN; i++)
		strbuf_addf(b, "rapidreboot_last_result{result=\"%s\"} %d\n",
			    attempt_result_name((enum attempt_result)i),
			    a->result == (enum attempt_result)i);
	add_number(b, "last_confirmed", "Whether it does not stand in the way of the next one.",
		   is_confirmed);
	add_head(b, "last_asked_timestamp_seconds", "When it was asked for.");
	strbuf_addf(b, "rapidreboot_last_asked_timestamp_seconds %llu.%03llu\n",
		    (unsigned long long)a->asked.real_ms / 1000,
		    (unsigned long long)a->asked.real_ms % 1000);
	if (away >= 0) {
		add_head(b, "last_away_seconds", "How long services were away.");
		strbuf_add(b, "rapidreboot_last_away_seconds ");
		add_seconds(b, away);
	}
	add_points(b, a);
}

static void add_waiting(struct strbuf *b, const struct waiting *w)
{
	add_head(b, "waiting", "What a reboot is due for.");
	for (unsigned i = 0; i <= WAITING_NOT_DEFAULT; i++)
		strbuf_addf(b, "rapidreboot_waiting{for=\"%s\"} %d\n",
			    waiting_kind_name((enum waiting_kind)i),
			    w->kind == (enum waiting_kind)i);
}

void metrics_format(const struct metrics *m, struct strbuf *b)
{
	add_number(b, "enabled", "Whether an ordinary reboot is a fast one.", m->enabled);
	if (m->loaded >= 0)
		add_number(b, "loaded", "Whether a kernel is loaded.", (uint64_t)m->loaded);
	if (m->waiting)
		add_waiting(b, m->waiting);
	add_results(b, m->attempts);
	if (m->attempts->n)
		add_last(b, &m->attempts->v[m->attempts->n - 1]);
}

static int write_into(const struct reboot *rb, const char *directory, const struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_close_ int fd = open_trusted_in(rb->machine, directory, O_PATH | O_DIRECTORY);

	if (fd < 0)
		return fd;
	strbuf_addf(&path, "%s/" FILE_NAME, directory);
	if (path.failed || text->failed)
		return -ENOMEM;
	return file_replace_in(rb->machine, path.s, 0644, text->s, text->n, false);
}

void metrics_write(const struct reboot *rb)
{
	_cleanup_free_ struct attempts *all = calloc(1, sizeof(*all));
	struct kx_state state = { .size = sizeof(state), .loaded = -1 };
	_cleanup_config_ struct config config = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct kx_error err = { 0 };
	struct sys seen = rb->seen;
	int r;

	/* whoever needs the settings says why they cannot be read */
	if (config_read(rb->machine, &config, NULL) < 0 || !config.metrics)
		return;
	if (!all || attempts_read(&seen, all, &err) < 0) {
		teller_say(&rb->teller, "METRICS: %s", all ? err.message : "out of memory");
		return;
	}
	if (kx_state(rb->ctx, &state, NULL) < 0)
		state.loaded = -1;
	metrics_format(&(struct metrics){ .attempts = all,
					  .enabled = is_enabled(&seen),
					  .loaded = state.loaded },
		       &text);
	r = write_into(rb, config.metrics, &text);
	if (r < 0)
		teller_say(&rb->teller, "METRICS: %s/" FILE_NAME " cannot be written: %s",
			   config.metrics, open_strerror(r));
}
