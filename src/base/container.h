/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"

/* The sign that @root belongs to a container, so that its process 1 is not the machine's: a file
 * that container managers create, or a PID or user namespace other than the initial one. NULL:
 * there is no sign. Cgroups are not looked at: a tool that enters only the mount namespace of
 * process 1 is not in a container. */
const char *container_mark_in(int root);
