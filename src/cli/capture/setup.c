// SPDX-License-Identifier: GPL-2.0-or-later
/* The capture kernel's surroundings, and words on its console. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "cli/capture/capture.h"

uint64_t uptime_ms(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void say(const char *fmt, ...)
{
	const uint64_t now = uptime_ms();
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* out of the crashed machine's memory and disks: nothing may drive the terminal */
	for (char *p = text; *p; p++)
		if ((*p < ' ' || *p > '~') && *p != '\n')
			*p = '?';
	printf("rapidreboot: [%3llu.%llu s] %s\n", (unsigned long long)(now / 1000),
	       (unsigned long long)(now % 1000 / 100), text);
	(void)fflush(stdout);
}

static int mount_one(const char *type, const char *place)
{
	if (mkdir(place, 0755) < 0 && errno != EEXIST)
		return -errno;
	return mount(type, place, type, MS_NOSUID | MS_NOEXEC, NULL) < 0 && errno != EBUSY ? -errno
											   : 0;
}

/* Standard input, output and error. */
static void take_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		if (fd != i)
			(void)dup2(fd, i);
	if (fd > 2)
		fd_close(fd);
}

int setup_places(void)
{
	int r = mount_one("devtmpfs", "/dev");

	take_console();
	if (r == 0)
		r = mount_one("proc", "/proc");
	if (r == 0)
		r = mount_one("sysfs", "/sys");
	return r;
}

int setup_module(const char *name)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_close_ int fd = -1;

	strbuf_addf(&path, "/" CAPTURE_MODULES_NAME "/%s", name);
	if (path.failed)
		return -ENOMEM;
	fd = open(path.s, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST ? -errno : 0;
}
