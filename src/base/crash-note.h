/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What `rapidreboot crash load` has loaded: src/crash writes and reads it. Every load or unload of a crash
 * kernel by the library makes it void, since the kernel does not tell who loaded what; it is below /run,
 * since a crash kernel does not outlive the boot. */
#define CRASH_NOTE_DIRECTORY "/run/rapidreboot"
#define CRASH_NOTE_FILE CRASH_NOTE_DIRECTORY "/crash"
