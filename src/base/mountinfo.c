// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/mountinfo.h"

#include "base/lines.h"

/* proc_pid_mountinfo(5): ID PARENT MAJ:MIN FSROOT DIR OPTIONS [TAG…] - TYPE SOURCE SUPER-OPTIONS */
bool mountinfo_split(struct bytes line, struct mountinfo *ret)
{
	struct mountinfo m;

	(void)bytes_word(&line);
	(void)bytes_word(&line);
	m.device = bytes_word(&line);
	m.fsroot = bytes_word(&line);
	m.dir = bytes_word(&line);
	while (line.n && !bytes_is(bytes_word(&line), "-"))
		;
	m.type = bytes_word(&line);
	m.source = bytes_word(&line);
	m.super_options = line;
	if (!m.source.n)
		return false;
	*ret = m;
	return true;
}
