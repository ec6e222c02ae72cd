/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A directory that stands for a machine: tests put files into it, and a context reads from it. */

struct root {
	char path[64];
};

void root_new(struct root *root);
/* Writes a file below the root, with the directories it needs. */
void root_put(const struct root *root, const char *path, const char *text);
void root_put_bytes(const struct root *root, const char *path, const void *p, unsigned long n);
/* The same, and everybody may run it. */
void root_put_program(const struct root *root, const char *path, const char *text);
/* A symbolic link below the root, with the directories it needs. */
void root_link(const struct root *root, const char *path, const char *target);
/* Removes a file that may be there. */
void root_remove(const struct root *root, const char *path);
void root_free(struct root *root);
