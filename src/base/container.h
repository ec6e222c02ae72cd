/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"

/* What tells that process 1 of @root is not that of the machine but of a container: a file that managers
 * of containers put there, or a PID or user namespace other than the initial one. NULL: nothing does.
 * Not cgroups: a tool that enters only the mount namespace of process 1 is not in a container. */
const char *container_mark_in(int root);
