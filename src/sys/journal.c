// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sys/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/open.h"

#define SOCKET "/run/systemd/journal/socket"

int journal_send(int root, struct bytes entry)
{
	_cleanup_close_ int place = open_in(root, SOCKET, O_PATH);
	_cleanup_close_ int fd = -1;
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (place < 0)
		return place;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* a path below another root may be longer than an address, and its links lead elsewhere */
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d", place);
	if (sendto(fd, entry.p, entry.n, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to,
		   sizeof(to)) < 0)
		return -errno;
	return 0;
}
