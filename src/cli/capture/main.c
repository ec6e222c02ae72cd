// SPDX-License-Identifier: GPL-2.0-or-later
/* /init of the capture initramfs. A failure of any kind ends as the settings say, and by restarting the
 * machine where they cannot be read. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/open.h"
#include "cli/capture/capture.h"

enum {
	STALLED_S = 300, /* without a sign of the process that saves: a disk that does not answer */
	TIME_TO_READ_S = 10, /* what is on the console */
};

static int read_settings(struct capture_settings *ret)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct kx_error err = { 0 };
	struct bytes text;
	int r = read_file_in(ROOT_HERE, "/" CAPTURE_SETTINGS_NAME, CAPTURE_SETTINGS_MAX, &raw,
			     &text.n);

	text.p = raw;
	if (r < 0)
		(void)kx_fail_path(&err, r, "/" CAPTURE_SETTINGS_NAME);
	else
		r = capture_settings_parse(text, ret, &err);
	if (r < 0)
		say("%s", err.message);
	return r;
}

static void say_status(int status, bool is_stalled)
{
	if (is_stalled)
		say("nothing has happened for %d seconds: given up", STALLED_S);
	else if (WIFSIGNALED(status))
		say("the process that saves was killed by signal %d (%s)%s", WTERMSIG(status),
		    strsignal(WTERMSIG(status)),
		    WTERMSIG(status) == SIGKILL ? ": the memory that crashkernel= reserves is too "
						  "little"
						: "");
}

enum outcome { SAVED, NOT_SAVED, LOST };

/* Waits until the other process ends, or does nothing any more. LOST: it cannot say itself what is saved. */
static enum outcome watch(pid_t pid, struct progress *progress)
{
	uint64_t seen = 0;
	unsigned quiet = 0;
	int status = 0;
	pid_t r;

	while ((r = waitpid(pid, &status, WNOHANG)) == 0 && quiet < STALLED_S) {
		const uint64_t now = atomic_load(&progress->beat);

		quiet = now == seen ? quiet + 1 : 0;
		seen = now;
		(void)usleep(1000000);
	}
	say_status(status, r == 0);
	if (r == 0)
		(void)kill(pid, SIGKILL);
	if (r != pid || !WIFEXITED(status))
		return LOST;
	return WEXITSTATUS(status) == 0 ? SAVED : NOT_SAVED;
}

/* Begins with the target @first in a process of its own. */
static enum outcome try_from(const struct capture_settings *settings, struct progress *progress,
			     size_t first)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(job_run(settings, progress, first));
	if (pid < 0) {
		say("cannot start a process: %s", strerror(errno));
		return NOT_SAVED;
	}
	return watch(pid, progress);
}

/* True when all is saved. A process that is killed, or waits for ever, has lost one target, not all of them. */
static bool save(const struct capture_settings *settings)
{
	struct progress *progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	enum outcome outcome;
	size_t first = 0;

	if (progress == MAP_FAILED) {
		say("out of memory");
		return false;
	}
	do {
		outcome = try_from(settings, progress, first);
		first = atomic_load(&progress->target) + 1;
	} while (outcome == LOST && first < settings->n_targets);
	if (outcome != SAVED)
		say("no dump was saved%s",
		    atomic_load(&progress->has_log) ? "; the log was" : ", and no log");
	return outcome == SAVED;
}

static void end(enum capture_end how)
{
	static const int codes[] = {
		[CAPTURE_REBOOT] = RB_AUTOBOOT,
		[CAPTURE_POWEROFF] = RB_POWER_OFF,
		[CAPTURE_HALT] = RB_HALT_SYSTEM,
	};

	say("%s", capture_end_name(how));
	(void)reboot(codes[how]);
	say("that failed: %s", strerror(errno));
	(void)reboot(RB_AUTOBOOT);
	for (;;)
		(void)pause();
}

int main(void)
{
	struct capture_settings settings = { .failure = CAPTURE_REBOOT };
	bool good = false;
	int r;

	if (getpid() != 1) {
		fputs("rapidreboot-capture is the first program after a crash, in the capture "
		      "initramfs that rapidreboot crash load makes; it does nothing elsewhere\n",
		      stderr);
		return 2;
	}
	r = setup_places();
	say("capture of a crash, version " VERSION);
	if (r < 0)
		say("cannot mount /proc, /sys and /dev: %s", strerror(-r));
	else if (access("/proc/vmcore", F_OK) < 0)
		say("there is no /proc/vmcore: this kernel was not started by a crash");
	else if (read_settings(&settings) == 0)
		good = save(&settings);
	if (good)
		end(CAPTURE_REBOOT);
	(void)sleep(TIME_TO_READ_S);
	end(settings.failure);
}
