// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/ready.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/io.h"
#include "config/config.h"
#include "reboot/event.h"
#include "reboot/metrics.h"
#include "record/attempts.h"
#include "sys/process.h"

/* How long one run of the command may take, and the pause before the next one, in milliseconds. */
enum { RUN_MS = 10 * 1000, PAUSE_MS = 100, WORDS_MAX = 64, PROGRAM_MAX = 4096 };

struct command_words {
	char *all, program[PROGRAM_MAX];
	const char *v[WORDS_MAX + 1];
};

/* Cuts the command at blanks; nothing of it is for a shell. */
static bool take_words(const struct reboot *rb, const char *command, struct command_words *ret)
{
	char *rest = strdup(command), *word;
	size_t n = 0;

	*ret = (struct command_words){ .all = rest };
	while (rest && n < WORDS_MAX && (word = strsep(&rest, " \t")))
		if (*word)
			ret->v[n++] = word;
	if (n == 0)
		return false;
	(void)snprintf(ret->program, sizeof(ret->program), "%s%s",
		       rb->sys->root ? rb->sys->root : "", ret->v[0]);
	return true;
}

/* It runs as root, so only root may be able to change it. */
static bool may_run(const struct reboot *rb, const char *program)
{
	_cleanup_close_ int fd = open_trusted_in(rb->machine, program, O_PATH);

	if (fd >= 0)
		return true;
	teller_say(&rb->teller, "READY_COMMAND: %s is not run: %s", program, open_strerror(fd));
	return false;
}

static bool answers(const struct reboot *rb, const struct command_words *words)
{
	const char *argv[WORDS_MAX + 1];

	memcpy(argv, words->v, sizeof(argv));
	argv[0] = words->program;
	return process_run_limited(rb->sys, argv, NULL, RUN_MS) == 0;
}

static void note(const struct reboot *rb)
{
	struct kx_error err = { 0 };

	if (attempt_ready(rb->sys, &err) < 0)
		teller_say(&rb->teller, "%s", err.message);
	else
		event_say(rb, EVENT_READY, NULL, "the service is back (READY_COMMAND)");
}

static void tell_late(const struct reboot *rb, unsigned timeout_s)
{
	char seconds[16];

	(void)snprintf(seconds, sizeof(seconds), "%u", timeout_s);
	event_say(rb, EVENT_NOT_READY, (const char *const[]){ seconds },
		  "READY_COMMAND: the service was not back within %u seconds", timeout_s);
}

static void wait_for(const struct reboot *rb, const struct config *config)
{
	const uint64_t end =
		rb->sys->boottime_ms(rb->sys) + config->ready_timeout_s * UINT64_C(1000);
	struct command_words words;

	if (take_words(rb, config->ready_command, &words) && may_run(rb, words.v[0])) {
		bool back;

		while (!(back = answers(rb, &words)) && rb->sys->boottime_ms(rb->sys) < end)
			rb->sys->sleep_ms(rb->sys, PAUSE_MS);
		if (back) {
			note(rb);
			metrics_write(rb);
		} else
			tell_late(rb, config->ready_timeout_s);
	}
	free(words.all);
}

void ready_wait(const struct reboot *rb)
{
	_cleanup_config_ struct config config = { 0 };
	struct kx_error err = { 0 };

	if (config_read(rb->machine, &config, &err) < 0)
		teller_say(&rb->teller, "%s", err.message);
	else if (config.ready_command)
		wait_for(rb, &config);
}

/* Did a fast reboot lead here? */
static bool is_asked_for(const struct reboot *rb)
{
	_cleanup_config_ struct config config = { 0 };
	_cleanup_free_ struct attempts *all = malloc(sizeof(*all));

	return config_read(rb->machine, &config, NULL) == 0 && config.ready_command && all &&
	       attempts_read(rb->sys, all, NULL) == 0 && all->n > 0 &&
	       all->v[all->n - 1].result == ATTEMPT_KEXEC;
}

void ready_begin(const struct reboot *rb, const struct init_system *init)
{
	_cleanup_free_ char *self = NULL;

	if (!is_asked_for(rb))
		return;
	if (init == &systemd_init) {
		ready_wait(rb); /* a service of its own, for which nobody waits */
		return;
	}
	if (link_read_in(rb->machine, "/proc/self/exe", &self) < 0 ||
	    process_start(rb->sys,
			  (char *[]){ self, (char[]){ "hook" }, (char[]){ "ready" }, NULL }) != 0)
		teller_say(&rb->teller, "READY_COMMAND: no process could be started that runs it");
}
