/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The one-shot key of a LUKS volume: random bytes in a key slot of their own, which open it once, in the boot
 * that they are handed to, and are removed by that boot. Copies that stay in memory are worthless then. The
 * slot is derived with the fewest iterations that cryptsetup(8) permits: the key has 512 bits, and there is
 * nothing to guess.
 *
 * All is done by the system's cryptsetup, which gets secrets through pipes. They are never arguments, and
 * what it prints is shown only where it failed.
 */

#include "base/error.h"
#include "base/secret-memory.h"
#include "sys/sys.h"
#include "unlock/slot-record.h"

/* Bytes of a key; of a passphrase at most, as cryptsetup reads one from a terminal. */
enum { ONE_SHOT_N = 64, PASSPHRASE_MAX = 512 };

/**
 * struct key_tool - by what and where keys are added and removed
 * @sys: the machine
 * @root: where the record is, as in base/io.h
 * @cryptsetup: path of the program
 * @devices: directory with a link for each UUID: "/dev/disk/by-uuid"
 */
struct key_tool {
	struct sys *sys;
	int root;
	const char *cryptsetup, *devices;
};

/* Does @secret open the volume @device? 0; -EKEYREJECTED: no slot has it; -EIO, -ETIMEDOUT, -ENOMEM. */
_must_check_ int one_shot_test(const struct key_tool *tool, const char *device,
			       const struct secret *secret, struct kx_error *err);

/**
 * one_shot_add() - make a key for the volume @device, which @secret opens
 * @ret_key: fresh memory, to be released with secret_done()
 *
 * The record names the slot before it is written, and what is recorded is found again by one_shot_kill()
 * wherever this process is killed.
 *
 * Return: 0; -EILSEQ: no LUKS header there; -ENOSPC: no free slot, or too many volumes; -EKEYREJECTED; -EIO; what the record
 * returns. On failure the slot is free again.
 */
_must_check_ int one_shot_add(const struct key_tool *tool, const char *device,
			      const struct secret *secret, struct secret *ret_key,
			      struct kx_error *err);

/**
 * one_shot_kill() - remove all keys that are recorded
 * @ret_n: how many slots were emptied
 *
 * A slot that is not ours any more, since it was emptied and used for another key, is left alone. Entries
 * whose volume cannot be reached stay in the record.
 *
 * Return: 0: none is left; -EIO and others with the sentence of the first that is.
 */
_must_check_ int one_shot_kill(const struct key_tool *tool, size_t *ret_n, struct kx_error *err);
