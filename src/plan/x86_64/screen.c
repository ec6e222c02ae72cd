// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tells the next kernel about the display that it can use before a driver is loaded. A frame buffer
 * that is no longer displayed is not passed on: messages would be invisible. */

#include <string.h>

#include "fundamental/put.h"
#include "plan/x86_64/x86_64.h"
#include "plan/x86_64/zero-page.h"

/* include/uapi/linux/screen_info.h: offsets and values */
enum {
	ORIG_Y = 0x01,
	ORIG_VIDEO_MODE = 0x06,
	ORIG_VIDEO_COLS = 0x07,
	ORIG_VIDEO_LINES = 0x0e,
	ORIG_VIDEO_IS_VGA = 0x0f,
	ORIG_VIDEO_POINTS = 0x10,
};
#define VIDEO_TYPE_VGAC 0x01

/* The 80x25 colour text mode that the purgatory sets. */
static void fill_text_mode(uint8_t *si)
{
	si[ORIG_Y] = 24;
	si[ORIG_VIDEO_MODE] = 3;
	si[ORIG_VIDEO_COLS] = 80;
	si[ORIG_VIDEO_LINES] = 25;
	si[ORIG_VIDEO_IS_VGA] = VIDEO_TYPE_VGAC;
	put_le16(si + ORIG_VIDEO_POINTS, 16);
}

/* simpledrm draws into the frame buffer it was given and leaves mode and address alone. */
static bool is_screen_usable(const struct machine *machine)
{
	return !machine->x86_64.drm_console || strcmp(machine->x86_64.fb_id, "simpledrmdrmfb") == 0;
}

void fill_screen(const struct planner *p, uint8_t *bp)
{
	const struct machine *machine = p->machine;
	const uint8_t *running = machine->x86_64.boot_params;

	if (p->req->flags & KX_REQ_RESET_VGA) {
		fill_text_mode(bp + BP_SCREEN_INFO);
		return;
	}
	if (!running || !(is_screen_usable(machine) || p->req->flags & KX_REQ_REUSE_VIDEO))
		return; /* type 0: no early console */
	memcpy(bp + BP_SCREEN_INFO, running + BP_SCREEN_INFO, BP_SCREEN_INFO_SIZE);
	memcpy(bp + BP_EDID_INFO, running + BP_EDID_INFO, BP_EDID_INFO_SIZE);
}
