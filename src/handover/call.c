// SPDX-License-Identifier: LGPL-2.1-or-later
/* Composes and runs the program that asks init for a reboot. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "handover/init.h"

/* Program directories; the last ones are those of NixOS and Guix System, where the others are
 * empty. */
static const char *const program_dirs[] = {
	"/usr/sbin",
	"/usr/bin",
	"/sbin",
	"/bin",
	"/run/current-system/sw/bin",
	"/run/current-system/profile/sbin",
};

void reboot_call_done(struct reboot_call *call)
{
	for (size_t i = 0; i < call->n_words; i++)
		free(call->words[i]);
	*call = (struct reboot_call){ 0 };
}

int call_word(struct reboot_call *call, const char *word, struct kx_error *err)
{
	char *copy;

	/* the last one stays NULL */
	if (call->n_words + 1 >= REBOOT_WORDS_MAX)
		return kx_fail(err, -E2BIG, "%s: too many arguments", call->words[0]);
	copy = strdup(word);
	if (!copy)
		return kx_fail(err, -ENOMEM, "out of memory");
	call->words[call->n_words++] = copy;
	return 0;
}

int call_words(struct reboot_call *call, const char *const *words, struct kx_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && words[i]; i++)
		r = call_word(call, words[i], err);
	return r;
}

int call_operand(struct reboot_call *call, const char *text, struct kx_error *err)
{
	int r = text[0] == '-' ? call_word(call, "--", err) : 0;

	return r < 0 ? r : call_word(call, text, err);
}

int program_find_in(int root, const char *const *names, char *ret, size_t size)
{
	for (size_t i = 0; names[i]; i++)
		for (size_t d = 0; d < sizeof(program_dirs) / sizeof(program_dirs[0]); d++) {
			(void)snprintf(ret, size, "%s/%s", program_dirs[d], names[i]);
			if (is_program_in(root, ret))
				return 0;
		}
	return -ENOENT;
}

int call_program(struct sys *sys, struct reboot_call *call, const char *const *names,
		 struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	char path[256];

	if (program_find_in(root, names, path, sizeof(path)) == 0)
		return call_word(call, path, err);
	return kx_fail(err, -ENOENT,
		       "%s: there is no such program in /usr/sbin, /usr/bin, /sbin or /bin; it "
		       "belongs to the init system that runs here",
		       names[0]);
}

const char *call_said(const char *output, char ret[CALL_SAID_MAX])
{
	const char *end = output ? output + strlen(output) : NULL, *start;

	ret[0] = '\0';
	while (end > output && (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' '))
		end--;
	for (start = end; start > output && start[-1] != '\n';)
		start--;
	if (end > start)
		(void)snprintf(ret, CALL_SAID_MAX, ": %.*s", (int)(end - start), start);
	return ret;
}

/* What process_run() adds to the number of a signal that ended the program. */
enum { SIGNALLED = 128 };

int reboot_ask(struct sys *sys, const struct reboot_call *call, struct kx_error *err)
{
	_cleanup_free_ char *said = NULL;
	int r = call->waits ? process_start(sys, call->words)
			    : process_run_quiet(sys, call->words, call->setting, &said);
	char last[CALL_SAID_MAX];

	if (r < 0)
		return kx_fail(err, -EIO, "%s cannot be started: %s", call->words[0], strerror(-r));
	if (r > SIGNALLED)
		return kx_fail(err, -EINTR, "%s was ended by signal %d before it had done its work",
			       call->words[0], r - SIGNALLED);
	if (r > 0)
		return kx_fail(err, -EIO, "%s refused the reboot (exit status %d)%s",
			       call->words[0], r, call_said(said, last));
	return 0;
}

/* /etc/rc0.d halts, /etc/rc1.d is single user, /etc/rc6.d reboots; all else is running. */
enum going going_by_runlevel(const char *runlevel)
{
	if (!runlevel || strlen(runlevel) != 1)
		return GOING_UNKNOWN;
	switch (runlevel[0]) {
	case '6':
		return GOING_REBOOT;
	case '0':
	case '1':
	case 'S':
	case 's':
		return GOING_DOWN;
	case '2':
	case '3':
	case '4':
	case '5':
		return GOING_NOWHERE;
	default:
		return GOING_UNKNOWN;
	}
}

enum going going_by_verb(const char *verb)
{
	static const struct {
		const char *verb;
		enum going going;
	} verbs[] = {
		{ "reboot", GOING_REBOOT },    { "kexec", GOING_KEXEC }, { "poweroff", GOING_DOWN },
		{ "power-off", GOING_DOWN },   { "halt", GOING_DOWN },	 { "soft", GOING_DOWN },
		{ "soft-reboot", GOING_DOWN }, { "exit", GOING_DOWN },
	};

	for (size_t i = 0; verb && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i].verb) == 0)
			return verbs[i].going;
	return GOING_UNKNOWN;
}
