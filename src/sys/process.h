/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sys/sys.h"

/* struct sys.run of the real machine. */
int process_run(struct sys *sys, char *const argv[], const char *setting, char **ret_output);
