// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds the architecture of a machine from its /proc, or from the ELF header of one of its
 * programs. */

#include "base/arch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/io.h"
#include "base/lines.h"

/* @elf_machine, @elf_class, @is_big: e_machine, EI_CLASS (1: 32 bits, 2: 64) and EI_DATA of programs
 * (System V ABI). i386 and arm stand for all names of theirs ("i686", "armv7l"). */
static const struct {
	const char *name;
	bool is_supported;
	uint16_t elf_machine;
	uint8_t elf_class;
	bool is_big;
} archs[ARCH_N] = {
	[ARCH_UNKNOWN] = { "unknown", false, 0, 0, false },
	[ARCH_X86_64] = { "x86_64", true, 62, 2, false },
	[ARCH_I386] = { "i386", false, 3, 1, false },
	[ARCH_AARCH64] = { "aarch64", true, 183, 2, false },
	[ARCH_ARM] = { "arm", false, 40, 1, false },
	[ARCH_RISCV64] = { "riscv64", false, 243, 2, false },
	[ARCH_LOONGARCH64] = { "loongarch64", false, 258, 2, false },
	[ARCH_PPC64LE] = { "ppc64le", false, 21, 2, false },
	[ARCH_PPC64] = { "ppc64", false, 21, 2, true },
	[ARCH_S390X] = { "s390x", false, 22, 2, true },
	/* uname(2) says the same of both byte orders; of the distributions' programs only this one is left */
	[ARCH_MIPS64] = { "mips64", false, 8, 2, false },
};

const char *arch_name(enum arch_id id)
{
	return archs[id].name;
}

bool arch_is_supported(enum arch_id id)
{
	return archs[id].is_supported;
}

static enum arch_id by_name(const char *name)
{
	for (enum arch_id i = ARCH_UNKNOWN + 1; i < ARCH_N; i++)
		if (strcmp(name, archs[i].name) == 0)
			return i;
	if (name[0] == 'i' && name[1] && strcmp(name + 2, "86") == 0)
		return ARCH_I386;
	return strncmp(name, "arm", 3) == 0 ? ARCH_ARM : ARCH_UNKNOWN;
}

/* The first bytes of @path as a string of at most @max - 1; false when it cannot be read.
 * /proc/cpuinfo of a machine with thousands of processors is not read to its end. */
static bool read_start(int root, const char *path, char *buf, size_t max, size_t *ret_n)
{
	_cleanup_close_ int fd = open_in(root, path, O_RDONLY | O_NONBLOCK);
	size_t n = 0;

	while (fd >= 0 && n < max - 1) {
		const ssize_t r = read(fd, buf + n, max - 1 - n);

		if (r <= 0)
			break;
		n += (size_t)r;
	}
	buf[n] = '\0';
	*ret_n = n;
	return n > 0;
}

/* The value of the first line "NAME<blanks>: VALUE"; false without one. */
static bool field(const char *text, const char *name, char *ret, size_t max)
{
	const size_t n_name = strlen(name);

	for (const char *at = text; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
		const char *value = at + n_name;
		size_t n;

		if (strncmp(at, name, n_name) != 0)
			continue;
		value += strspn(value, "\t ");
		if (*value != ':')
			continue;
		value += 1 + strspn(value + 1, "\t ");
		n = strcspn(value, "\n");
		if (n >= max)
			n = max - 1;
		memcpy(ret, value, n);
		ret[n] = '\0';
		return true;
	}
	return false;
}

/* Lines that only one architecture's arch/ARCH/kernel/{cpu,setup,proc}.c writes. x86 shows how wide
 * the running kernel's addresses are; ARM's 32-bit kernels never have the word "asimd". POWER does
 * not show its byte order, so there the ELF header of a program decides. */
static enum arch_id from_cpuinfo(const char *text)
{
	char value[4096];

	if (field(text, "flags", value, sizeof(value)))
		return field(text, "address sizes", value, sizeof(value)) &&
				       strstr(value, " 32 bits virtual")
			       ? ARCH_I386
			       : ARCH_X86_64;
	if (field(text, "CPU implementer", value, sizeof(value)))
		return field(text, "Features", value, sizeof(value)) && has_word(value, "asimd")
			       ? ARCH_AARCH64
			       : ARCH_ARM;
	if (field(text, "isa", value, sizeof(value)) && strncmp(value, "rv64", 4) == 0)
		return ARCH_RISCV64;
	if (field(text, "ISA", value, sizeof(value)) && has_word(value, "loongarch64"))
		return ARCH_LOONGARCH64;
	if (field(text, "isa", value, sizeof(value)) && strncmp(value, "mips", 4) == 0 &&
	    strstr(value, " mips64r"))
		return ARCH_MIPS64;
	if (field(text, "vendor_id", value, sizeof(value)) && strcmp(value, "IBM/S390") == 0)
		return ARCH_S390X;
	return ARCH_UNKNOWN;
}

static enum arch_id from_elf(const uint8_t *p, size_t n)
{
	if (n < 20 || memcmp(p, "\177ELF", 4) != 0)
		return ARCH_UNKNOWN;
	for (enum arch_id i = ARCH_UNKNOWN + 1; i < ARCH_N; i++) {
		const unsigned machine = archs[i].is_big ? (unsigned)p[18] << 8 | p[19]
							 : (unsigned)p[19] << 8 | p[18];

		if (p[4] == archs[i].elf_class && (p[5] == 2) == archs[i].is_big &&
		    machine == archs[i].elf_machine)
			return i;
	}
	return ARCH_UNKNOWN;
}

struct arch_found arch_find(int root)
{
	static const char arch[] = "/proc/sys/kernel/arch", cpuinfo[] = "/proc/cpuinfo";
	static const char *const programs[] = { "/bin/sh", "/usr/bin/env", "/sbin/init" };
	_cleanup_free_ char *line = NULL;
	enum arch_id id;
	struct utsname uts;
	char text[8192];
	size_t n;

	if (read_line_in(root, arch, &line) == 0)
		return (struct arch_found){ by_name(line), arch };
	id = read_start(root, cpuinfo, text, sizeof(text), &n) ? from_cpuinfo(text) : ARCH_UNKNOWN;
	if (id != ARCH_UNKNOWN)
		return (struct arch_found){ id, cpuinfo };
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!read_start(root, programs[i], text, 64, &n))
			continue;
		id = from_elf((const uint8_t *)text, n);
		if (id != ARCH_UNKNOWN)
			return (struct arch_found){ id, programs[i] };
	}
	if (uname(&uts) < 0)
		return (struct arch_found){ ARCH_UNKNOWN, ARCH_GUESSED };
	return (struct arch_found){ by_name(uts.machine), ARCH_GUESSED };
}
