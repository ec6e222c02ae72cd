// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot crash: the commands for the case of a crash. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/io.h"
#include "cli/json.h"
#include "cli/plain.h"
#include "cli/rapidreboot/crash.h"

static const struct command *const verbs[] = {
	&crash_status_command, &crash_load_command, &crash_reload_command,
	&crash_unload_command, &crash_test_command, &crash_estimate_command,
	&crash_save_command,   &crash_list_command, &crash_show_command,
};

enum { N_VERBS = sizeof(verbs) / sizeof(verbs[0]) };

/* "load" of "crash load" */
static const char *verb_of(const struct command *command)
{
	return strrchr(command->name, ' ') + 1;
}

int crash_fail(const char *path, const char *what, int code)
{
	plain_printf(stderr, "rapidreboot: %s %s: %s\n", what, path, strerror(-code));
	json_answer_error("%s %s: %s", what, path, strerror(-code));
	return EXIT_FAILED;
}

ssize_t crash_read_dump(void *data, uint64_t offset, void *buf, size_t n)
{
	const int *fd = data;

	return read_at(*fd, buf, n, offset);
}

int crash_open_dump(const char *path, int *fd, struct vmcore **ret)
{
	const struct vmcore_source source = { crash_read_dump, fd };
	struct kx_error err = { 0 };

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return crash_fail(path, "cannot open", -errno);
	if (vmcore_open(&source, ret, &err) < 0) {
		plain_printf(stderr, "rapidreboot: %s: %s\n", path, err.message);
		json_answer_error("%s: %s", path, err.message);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static struct hint hint_verb(const char *word)
{
	const char *names[N_VERBS];

	for (size_t i = 0; i < N_VERBS; i++)
		names[i] = verb_of(verbs[i]);
	return hint_nearest(word, names, N_VERBS);
}

/* No known command follows. */
static int run_itself(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	const int r = command_take(&crash_command, argc, argv, &o);

	return r >= 0 ? r
		      : command_fail(&crash_command, "there is no command '%s'%s", o.operands[0],
				     hint_verb(o.operands[0]).text);
}

static int run(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < N_VERBS; i++)
		if (strcmp(argv[1], verb_of(verbs[i])) == 0)
			return verbs[i]->run(argc - 1, argv + 1);
	return run_itself(argc, argv);
}

const struct command crash_command = {
	.name = "crash",
	.synopsis = "COMMAND",
	.summary = "crash kernels and dumps",
	.run = run,
	.taker = BY_CRASH,
	.operands_min = 1,
	.operands_max = 1,
	.about = "  status: is a crash kernel loaded, and will a dump be small?\n"
		 "  load, reload, unload: arm the machine by its kdump configuration\n"
		 "  test: crash the machine, to see whether a dump comes\n"
		 "  estimate: how much memory to reserve\n"
		 "  save FROM TO: copy a dump into a smaller file\n"
		 "  list, show DUMP: dumps that were saved, and what is in one\n\n"
		 "About one of them: rapidreboot crash COMMAND --help.",
};
