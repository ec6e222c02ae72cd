// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs a program and writes to a file the most memory that it held, in KiB: what VmHWM of
 * /proc/PID/status says right before it ends. A small program has to ask: what starts another one
 * hands its own peak on to it (getrusage(2)).
 *
 *     peak-memory FILE PROGRAM ARGUMENT…
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	FILE *f;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = fork();
	if (pid == 0) {
		(void)execv(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 2;
	f = fopen(argv[1], "we");
	if (!f || fprintf(f, "%ld\n", usage.ru_maxrss) < 0 || fclose(f) != 0)
		return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
