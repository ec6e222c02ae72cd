/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Limits for everything whose size a configuration controls. */
enum {
	GRUB_MAX_COMMANDS = 1000000,	  /* in one evaluation */
	GRUB_MAX_ENTRY_COMMANDS = 200000, /* while looking at one entry */
	GRUB_MAX_BYTES = 512 << 20,	  /* expanded, copied and printed, together */
	GRUB_MAX_WORD = 1 << 20,	  /* one word, one value */
	GRUB_MAX_WORDS = 1 << 16,	  /* of one command */
	GRUB_MAX_OUTPUT = 1 << 20,
	GRUB_MAX_MATCH = 8 << 20, /* steps of one regexp */
	GRUB_MAX_FILE = 16 << 20,
	GRUB_MAX_ENTRIES = 4096,
	GRUB_MAX_VARS = 4096,
	GRUB_MAX_FUNCTIONS = 1024,
	GRUB_MAX_WARNINGS = 200,
	GRUB_MAX_SOURCES = 32,	/* files including each other, menus within menus */
	GRUB_MAX_NESTING = 128, /* of blocks and parentheses as written */
	/* GRUB's own: MAX_RECURSION_DEPTH of script/execute.c, 2.14 and patched older ones. */
	GRUB_MAX_RECURSION = 64,
};
