// SPDX-License-Identifier: LGPL-2.1-or-later
/* A child of ours -> a process that can only compute: seccomp(2), landlock(7), setrlimit(2). */
#include "sys/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "sys/confine-config.h"
#if HAVE_SECCOMP
#include <seccomp.h>
#endif

/* Threads of a job (base/jobs.h): an arena of malloc(3) for each. */
enum { ARENAS_MAX = 8 };
/* Address space that malloc(3) and stacks of threads reserve and do not use. */
#define RESERVED_MAX (UINT64_C(3) << 29)
/* Eight decoders (DECODER_MEMORY_MAX) and what they unpacked. */
#define MEMORY_MAX (UINT64_C(8) << 30)

_Noreturn void confine_leave(int status)
{
	for (;;)
		(void)syscall(SYS_exit_group, status);
}

/* getrlimit(2) with numbers that are unsigned and of 64 bits in every C library */
static void lower(int resource, uint64_t most)
{
	struct {
		uint64_t soft, hard;
	} limit;

	if (syscall(SYS_prlimit64, 0, resource, NULL, &limit) < 0 || limit.hard <= most)
		return;
	/* one more, so that SIGXCPU comes before SIGKILL */
	limit.hard = resource == RLIMIT_CPU ? most + 1 : most;
	limit.soft = most;
	(void)syscall(SYS_prlimit64, 0, resource, &limit, NULL);
}

/* Address space in use, or 0 where there is no /proc. */
static uint64_t address_space(void)
{
	_cleanup_free_ char *line = NULL;

	if (read_line_in(ROOT_HERE, "/proc/self/statm", &line) < 0)
		return 0;
	return (uint64_t)leading_i64(line) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t memory_of_machine(void)
{
	struct sysinfo info;
	uint64_t n = MEMORY_MAX;

	if (sysinfo(&info) == 0)
		n = (uint64_t)info.totalram * info.mem_unit + RESERVED_MAX;
	return n < MEMORY_MAX ? n : MEMORY_MAX;
}

static void set_limits(const struct confine_limits *limits)
{
	const uint64_t used = address_space();

	if (used)
		lower(RLIMIT_AS, used + (limits->memory ? limits->memory : memory_of_machine()));
	lower(RLIMIT_CPU, limits->cpu_s);
	lower(RLIMIT_CORE, 0);
	lower(RLIMIT_FSIZE, 0);
}

/* Documentation/filesystems/proc.rst, 3.1 */
static void be_first_when_memory_is_short(void)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "1000", 4);
}

/* Linux before 5.9 has no close_range(2). */
static void close_from(unsigned first)
{
	struct rlimit limit = { 0 };

#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0u, 0u) == 0)
		return;
#endif
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	for (rlim_t fd = first; fd < limit.rlim_cur && fd < 1 << 20; fd++)
		(void)close((int)fd);
}

static void give_up_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	(void)syscall(SYS_capset, &header, none);
}

/* The numbers and the struct are the same on every architecture; headers older than Linux 6.7 have
 * only the beginning of it (Documentation/userspace-api/landlock.rst). */
enum { LANDLOCK_CREATE = 444, LANDLOCK_RESTRICT = 446, LANDLOCK_VERSION = 1 };

struct landlock_attr {
	uint64_t fs, net, scoped;
};

/* Not even reading: what a file system could do is denied a second time beside the filter. */
static void give_up_files(void)
{
	static const uint64_t fs[] = { 0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff };
	const long abi = syscall(LANDLOCK_CREATE, NULL, 0, LANDLOCK_VERSION);
	struct landlock_attr attr;
	long fd;

	if (abi < 1)
		return;
	attr = (struct landlock_attr){
		.fs = fs[abi < 5 ? abi : 5],
		.net = abi >= 4 ? 3 : 0,
		.scoped = abi >= 6 ? 3 : 0,
	};
	fd = syscall(LANDLOCK_CREATE, &attr, sizeof(attr), 0);
	if (fd < 0)
		return;
	(void)syscall(LANDLOCK_RESTRICT, (int)fd, 0);
	(void)close((int)fd);
}

#if HAVE_SECCOMP
/* What threads and memory need of the kernel. */
static const int allowed[] = {
	SCMP_SYS(brk),		SCMP_SYS(clock_gettime),
	SCMP_SYS(exit),		SCMP_SYS(exit_group),
	SCMP_SYS(futex),	SCMP_SYS(getpid),
	SCMP_SYS(getrandom),	SCMP_SYS(gettid),
	SCMP_SYS(madvise),	SCMP_SYS(mremap),
	SCMP_SYS(munmap),	SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq),		SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield),	SCMP_SYS(set_robust_list),
	SCMP_SYS(sigaltstack),
};

/* What nobody asks for who only unpacks: it is ended there. All other calls do not exist (ENOSYS), so that a C library
 * which tries a new one first goes on without: clone3(2), whose flags a filter does not see, names for memory, the
 * words of abort(3). */
static const int ending[] = {
	SCMP_SYS(bpf),
	SCMP_SYS(connect),
	SCMP_SYS(creat),
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(finit_module),
	SCMP_SYS(fork),
	SCMP_SYS(init_module),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(kill),
	SCMP_SYS(mount),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(ptrace),
	SCMP_SYS(reboot),
	SCMP_SYS(setuid),
	SCMP_SYS(socket),
	SCMP_SYS(socketpair),
	SCMP_SYS(tkill),
	SCMP_SYS(unshare),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(vfork),
};

/* Questions to the parent, and files that it hands over: there are no other descriptors. */
static const int asking[] = {
	SCMP_SYS(close),
	SCMP_SYS(read),
	SCMP_SYS(recvmsg),
	SCMP_SYS(write),
};

/* What is allowed with one argument, and ends it with another. */
static int add_conditions(scmp_filter_ctx filter)
{
	const scmp_datum_t own = (scmp_datum_t)getpid(); /* abort(3) */
	const struct {
		int call;
		struct scmp_arg_cmp allowed, ends;
	} v[] = {
		{ SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
		  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC) },
		{ SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
		  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC) },
		{ SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD),
		  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0) },
		{ SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, own), SCMP_A0(SCMP_CMP_NE, own) },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(v) / sizeof(v[0]); i++) {
		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, v[i].call, 1, &v[i].allowed);
		if (r == 0)
			r = seccomp_rule_add_array(filter, SCMP_ACT_KILL_PROCESS, v[i].call, 1,
						   &v[i].ends);
	}
	return r;
}

static int add_rules(scmp_filter_ctx filter, bool may_ask)
{
	const size_t n_asking = may_ask ? sizeof(asking) / sizeof(asking[0]) : 0;
	int r = add_conditions(filter);

	for (size_t i = 0; r == 0 && i < n_asking; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, asking[i], 0);
	for (size_t i = 0; r == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; r == 0 && i < sizeof(ending) / sizeof(ending[0]); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, ending[i], 0);
	return r;
}

static const char *filter_calls(bool may_ask)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int r = filter ? add_rules(filter, may_ask) : -ENOSYS;

	if (r == 0) /* calls by the numbers of another architecture */
		r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r < 0 ? "the kernel filters no system calls (CONFIG_SECCOMP_FILTER, Linux 4.14)"
		     : NULL;
}
#else
static const char *filter_calls(bool may_ask)
{
	return "this program was built without libseccomp";
}
#endif

const char *confine_self(const struct confine_limits *limits, int channel)
{
	const bool may_ask = channel >= 0;

	if (!HAVE_SECCOMP) /* before anything is done in vain */
		return filter_calls(may_ask);
	be_first_when_memory_is_short();
	set_limits(limits);
	if (may_ask && dup2(channel, 0) < 0)
		return "a descriptor cannot be duplicated";
	close_from(may_ask ? 1 : 0);
#ifdef __GLIBC__
	/* else the first thread reads how many processors there are, from a file */
	(void)mallopt(M_ARENA_MAX, ARENAS_MAX);
#endif
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return "the kernel does not let go of privileges";
	give_up_files(); /* through a descriptor */
	lower(RLIMIT_NOFILE, may_ask ? 2 : 0);
	give_up_capabilities();
	return filter_calls(may_ask);
}
