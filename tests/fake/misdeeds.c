// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fake/misdeeds.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/confine.h"

/* without a sanitizer's report, which looks into files */
__attribute__((no_sanitize("address", "undefined"))) void misdeed_crash(void)
{
	static int *volatile nothing;

	*nothing = 1;
}

static void leave(void)
{
	confine_leave(0);
}

static void open_file(void)
{
	(void)!open("/etc/hostname", O_RDONLY | O_CLOEXEC);
}

static void execute(void)
{
	static char name[] = "/bin/true";
	char *const words[] = { name, NULL };

	(void)!execve(name, words, NULL);
}

static void trace(void)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void connect_out(void)
{
	(void)!socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void kill_other(void)
{
	(void)kill(getppid(), 0);
}

static void fork_again(void)
{
	(void)!syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static void map_code(void)
{
	(void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void load_kernel(void)
{
	/* more than 16 segments is EINVAL even if nothing stopped it */
	(void)!syscall(SYS_kexec_load, 0L, 1000L, NULL, 0L);
}

#define CRASHES -EBADMSG, "crashed"
#define TRIES_MORE -EPERM, "something else"

const struct misdeed misdeeds[] = {
	{ "crash", misdeed_crash, CRASHES },	  { "abort", abort, CRASHES },
	{ "leave", leave, -EPROTO, "cannot be" }, { "open", open_file, TRIES_MORE },
	{ "exec", execute, TRIES_MORE },	  { "ptrace", trace, TRIES_MORE },
	{ "socket", connect_out, TRIES_MORE },	  { "kill", kill_other, TRIES_MORE },
	{ "fork", fork_again, TRIES_MORE },	  { "mmap", map_code, TRIES_MORE },
	{ "mprotect", make_code, TRIES_MORE },	  { "kexec_load", load_kernel, TRIES_MORE },
};
const size_t n_misdeeds = sizeof(misdeeds) / sizeof(misdeeds[0]);

_Noreturn void misdeed_never_end(void)
{
	for (volatile unsigned i = 0;; i++)
		;
}

void refuse_filters(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0) < 0 ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
			     SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) < 0 ||
	    seccomp_load(filter) < 0)
		abort();
	seccomp_release(filter);
}
