// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/reboot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/dir.h"
#include "base/error.h"
#include "base/io.h"
#include "handover/init.h"

static void log_line(void *data, enum kx_log_level level, const char *line)
{
	const struct teller *teller = data;

	if (level == KX_LOG_WARNING)
		teller_warn(teller, "%s", line);
	else if (level != KX_LOG_DEBUG) /* which is for kexec -d */
		teller_detail(teller, "%s", line);
}

/* A system in a chroot has the running kernel's procfs, or nothing, at /proc; ordinary files there
 * were captured. */
static bool is_captured(int root)
{
	_cleanup_close_ int proc = open_in(root, "/proc", O_RDONLY | O_DIRECTORY);
	_cleanup_names_ struct names names = { 0 };
	struct statfs fs;

	return proc >= 0 && fstatfs(proc, &fs) == 0 && fs.f_type != PROC_SUPER_MAGIC &&
	       list_in(root, "/proc", &names) == 0 && names.n > 0;
}

static enum reason open_contexts(struct reboot *rb, struct kx_error *err)
{
	struct kx_ctx_opts machine = { .size = sizeof(machine),
				       .root = rb->place == PLACE_CAPTURED ? rb->root : NULL,
				       .log = log_line,
				       .log_data = &rb->teller };
	const struct kx_ctx_opts system = {
		.size = sizeof(system), .root = rb->root, .log = log_line, .log_data = &rb->teller
	};
	int r = kx_ctx_new(&machine, &rb->ctx, err);

	machine.files = rb->place == PLACE_INSTALLED ? rb->root : NULL;
	if (r < 0 || kx_ctx_new(&machine, &rb->files_ctx, err) < 0 ||
	    kx_ctx_new(&system, &rb->entries_ctx, err) < 0)
		return REASON_FAILED;
	return REASON_NONE;
}

static enum reason open_root(struct reboot *rb, const char *root, struct kx_error *err)
{
	rb->root = strdup(root);
	rb->system = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!rb->root || rb->system < 0) {
		kx_fail(err, -errno, "%s: cannot be used as a root directory: %s", root,
			strerror(errno));
		return REASON_FAILED;
	}
	rb->place = is_captured(rb->system) ? PLACE_CAPTURED : PLACE_INSTALLED;
	if (rb->place == PLACE_CAPTURED)
		rb->seen.root = rb->root;
	return REASON_NONE;
}

enum reason reboot_open(struct reboot *ret, struct sys *sys, const struct teller *teller,
			const char *root, struct kx_error *err)
{
	enum reason reason = REASON_NONE;

	*ret = (struct reboot){ .sys = sys,
				.seen = *sys,
				.teller = *teller,
				.machine = ROOT_HERE,
				.system = ROOT_HERE };
	if (root)
		reason = open_root(ret, root, err);
	if (reason == REASON_NONE) {
		ret->machine = machine_open(&ret->seen);
		if (!root)
			ret->system = machine_open(&ret->seen);
		reason = open_contexts(ret, err);
	}
	if (reason != REASON_NONE)
		reboot_close(ret);
	return reason;
}

void reboot_close(struct reboot *rb)
{
	rb->ctx = kx_ctx_free(rb->ctx);
	rb->files_ctx = kx_ctx_free(rb->files_ctx);
	rb->entries_ctx = kx_ctx_free(rb->entries_ctx);
	fd_close(rb->machine);
	fd_close(rb->system);
	free(rb->root);
	*rb = (struct reboot){ .machine = ROOT_HERE, .system = ROOT_HERE };
}

/* /sbin/init is a link to the program of the init system, or that program. */
static const char *name_by_file(int system)
{
	static const char *const files[] = { "/sbin/init", "/usr/sbin/init" };
	const struct init_system *init;
	_cleanup_free_ char *target = NULL;
	const char *last;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !target; i++)
		if (readlink_in(system, files[i], &target) < 0)
			target = NULL;
	if (!target)
		return exists_in(system, "/etc/inittab") == 1 ? "sysvinit" : NULL;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	init = init_by_program(last);
	return init ? init->name : NULL;
}

const char *reboot_init_name(const struct reboot *rb)
{
	struct sys seen = rb->seen;
	const struct init_system *init;
	struct pid1 pid1;

	if (rb->place == PLACE_INSTALLED)
		return name_by_file(rb->system);
	pid1_read(&seen, &pid1);
	init = init_detect(&pid1);
	return init ? init->name : rb->place == PLACE_CAPTURED ? name_by_file(rb->system) : NULL;
}
