// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * feed-secret HEX COMMAND...: runs COMMAND with the bytes that HEX means on descriptor 3, and leaves no copy of them in
 * memory, so that every copy that is found afterwards is the command's: the pipe refers to a page of this
 * process, which is overwritten when it was read.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, FED = 3, TICK_US = 1000 };

static int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static size_t decode(const char *hex, char *to)
{
	size_t n = 0;

	for (; isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]) && n < PAGE;
	     hex += 2)
		to[n++] = (char)(digit(hex[0]) << 4 | digit(hex[1]));
	return n;
}

static int fail(const char *what)
{
	perror(what);
	return 125;
}

int main(int argc, char **argv)
{
	/* shared: no write makes a copy of it after fork */
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct iovec part = { page, 0 };
	int fds[2], left = 1;
	pid_t child;

	if (argc < 3) {
		fputs("usage: feed-secret HEX COMMAND...\n", stderr);
		return 2;
	}
	if (page == MAP_FAILED || mlock(page, PAGE) < 0 || pipe(fds) < 0)
		return fail("feed-secret");
	part.iov_len = decode(argv[1], page);
	if (vmsplice(fds[1], &part, 1, 0) != (ssize_t)part.iov_len)
		return fail("vmsplice");
	(void)close(fds[1]);
	child = fork();
	if (child < 0)
		return fail("fork");
	/* the command keeps this process, so that whoever waits for it, or ends all others, finds it */
	if (child > 0) {
		if (dup2(fds[0], FED) < 0 || (fds[0] != FED && close(fds[0]) < 0))
			return fail("dup2");
		execvp(argv[2], argv + 2);
		return fail(argv[2]);
	}
	while (ioctl(fds[0], FIONREAD, &left) == 0 && left > 0 && getppid() != 1)
		usleep(TICK_US);
	explicit_bzero(page, PAGE);
	return 0;
}
