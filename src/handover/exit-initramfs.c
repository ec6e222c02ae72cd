// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "handover/exit-initramfs.h"
#include "record/boot.h"

#define DIRECTORY "/run/initramfs"
/* dracut's modules leave it in the initramfs for dracut-initramfs-restore: dracut-shutdown.service(8) */
#define NEEDED DIRECTORY "/.need_shutdown"
/* systemd-shutdown(8) changes into this initramfs. When it is unpacked already, dracut's mark is
 * gone; loading a kernel on the way down may happen before or after that. */
#define UNPACKED DIRECTORY "/shutdown"
/* In the archive other directories may be symbolic links (merged /usr); this one is never a
 * link. */
#define PROGRAMS DIRECTORY "/usr/bin"

enum { PROGRAM_MAX = 16 << 20 };

/* kexec in the directory of the running program. */
static int read_kexec(int root, uint8_t **ret, size_t *ret_n)
{
	_cleanup_free_ char *path = NULL;
	int r = path_beside_self_in(root, "kexec", &path);

	return r < 0 ? r : read_file_in(root, path, PROGRAM_MAX, ret, ret_n);
}

int exit_initramfs_prepare(struct sys *sys, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_free_ uint8_t *program = NULL;
	size_t n;
	int r;

	if (!is_there_in(root, NEEDED) && !is_there_in(root, UNPACKED))
		return 0;
	r = read_kexec(root, &program, &n);
	/* dracut unpacks later into the same directory and keeps files that are there. */
	if (r == 0)
		r = directory_make_in(root, DIRECTORY "/usr", 0755);
	if (r == 0)
		r = directory_make_in(root, PROGRAMS, 0755);
	if (r == 0)
		r = file_replace_in(root, PROGRAMS "/kexec", 0755, program, n, false);
	if (r < 0)
		return kx_fail(err, r,
			       "kexec cannot be put into " PROGRAMS
			       ", for the initramfs that takes "
			       "the root apart and jumps: %s",
			       strerror(-r));
	return 1;
}
