// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Every command of GRUB is listed, because calling an unknown command counts as success, and a
 * command hides a function of the same name. Names and platforms are those of command.lst in
 * Debian's packages of GRUB 2.06 for PC, EFI and grub-emu, and of the patches and releases since.
 */
#include <stdlib.h>
#include <string.h>

#include "entry/grub/commands.h"

/* Commands that only talk to hardware or a person: no effect here, status 0. */
int cmd_nothing(struct interp *in, struct call *call)
{
	return GRUB_OK;
}

int cmd_unsupported(struct interp *in, struct call *call)
{
	if (!call->n)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: arguments expected", call->name);
	doubt(in, "%s: not supported, passed over: what follows from it is not known", call->name);
	return complain(in, GRUB_OK, "%s: not supported, passed over", call->name);
}

/* clang-format off: one line each, in the order of strcmp() */
static const struct command commands[] = {
	{ ".", ON_ALL | EXTRACTS, cmd_source },
	{ "915resolution", ON_PC, cmd_nothing },
	{ "[", ON_ALL | EXTRACTS, cmd_test },
	{ "acpi", ON_MACHINE, cmd_nothing },
	{ "all_functional_test", ON_ALL, cmd_nothing },
	{ "appleloader", ON_EFI, cmd_other_system },
	{ "authenticate", ON_ALL, cmd_nothing },
	{ "background_color", ON_ALL, cmd_nothing },
	{ "background_image", ON_ALL, cmd_nothing },
	{ "backtrace", ON_MACHINE, cmd_nothing },
	{ "badram", ON_MACHINE, cmd_nothing },
	{ "blocklist", ON_ALL, cmd_nothing },
	{ "blscfg", ON_ALL, cmd_blscfg },
	{ "boot", ON_ALL, cmd_boot },
	{ "break", ON_ALL | EXTRACTS, cmd_break },
	{ "btrfs-mount-subvol", ON_MACHINE | ONLY_SUSE, cmd_nothing },
	{ "cat", ON_ALL, cmd_nothing },
	{ "cbmemc", ON_MACHINE, cmd_nothing },
	{ "chainloader", ON_MACHINE, cmd_chainloader },
	{ "clear", ON_ALL, cmd_nothing },
	{ "cmosclean", ON_PC, cmd_nothing },
	{ "cmosdump", ON_PC, cmd_nothing },
	{ "cmosset", ON_PC, cmd_nothing },
	{ "cmostest", ON_PC, cmd_ask },
	{ "cmp", ON_ALL, cmd_ask },
	{ "configfile", ON_ALL | EXTRACTS, cmd_configfile },
	{ "continue", ON_ALL | EXTRACTS, cmd_break },
	{ "coreboot_boottime", ON_MACHINE, cmd_nothing },
	{ "cpuid", ON_MACHINE, cmd_cpuid },
	{ "crc", ON_ALL, cmd_ask },
	{ "cryptomount", ON_ALL, cmd_cryptomount },
	{ "cutmem", ON_MACHINE, cmd_nothing },
	{ "date", ON_ALL, cmd_nothing },
	{ "decrement", ON_MACHINE | ONLY_RH, cmd_increment },
	{ "devicetree", ON_MACHINE, cmd_devicetree },
	{ "distrust", ON_ALL, cmd_nothing },
	{ "drivemap", ON_PC, cmd_nothing },
	{ "dump", ON_ALL, cmd_nothing },
	{ "echo", ON_ALL, cmd_echo },
	{ "efiemu_loadcore", ON_PC, cmd_nothing },
	{ "efiemu_prepare", ON_PC, cmd_nothing },
	{ "efiemu_unload", ON_PC, cmd_nothing },
	{ "eval", ON_ALL, cmd_eval },
	{ "exit", ON_ALL, cmd_leave },
	{ "export", ON_ALL | EXTRACTS, cmd_export },
	{ "extract_entries_configfile", ON_ALL | EXTRACTS, cmd_extract },
	{ "extract_entries_source", ON_ALL | EXTRACTS, cmd_extract },
	{ "extract_legacy_entries_configfile", ON_ALL, cmd_unsupported },
	{ "extract_legacy_entries_source", ON_ALL, cmd_unsupported },
	{ "extract_syslinux_entries_configfile", ON_ALL, cmd_unsupported },
	{ "extract_syslinux_entries_source", ON_ALL, cmd_unsupported },
	{ "fakebios", ON_EFI, cmd_nothing },
	{ "false", ON_ALL | EXTRACTS, cmd_false },
	{ "fdt", ON_MACHINE, cmd_devicetree },
	{ "file", ON_ALL, cmd_file },
	{ "fix_video", ON_EFI, cmd_nothing },
	{ "freedos", ON_PC, cmd_other_system },
	{ "functional_test", ON_ALL, cmd_nothing },
	{ "fwsetup", ON_EFI, cmd_fwsetup },
	{ "gdbstub", ON_PC, cmd_nothing },
	{ "gdbstub_break", ON_PC, cmd_nothing },
	{ "gdbstub_stop", ON_PC, cmd_nothing },
	{ "gettext", ON_ALL, cmd_gettext },
	{ "gptsync", ON_ALL, cmd_nothing },
	{ "halt", ON_ALL, cmd_leave },
	{ "hashsum", ON_ALL, cmd_ask },
	{ "hdparm", ON_MACHINE, cmd_nothing },
	{ "hello", ON_ALL, cmd_nothing },
	{ "help", ON_ALL, cmd_nothing },
	{ "hexdump", ON_ALL, cmd_nothing },
	{ "hexdump_random", ON_MACHINE, cmd_nothing },
	{ "hiddenentry", ON_MACHINE | ONLY_SUSE | EXTRACTS, cmd_menuentry },
	{ "hwmatch", ON_PC, cmd_ask },
	{ "inb", ON_MACHINE, cmd_register },
	{ "increment", ON_MACHINE | ONLY_RH, cmd_increment },
	{ "initrd", ON_MACHINE, cmd_initrd },
	{ "initrd16", ON_MACHINE, cmd_initrd },
	{ "initrdefi", ON_EFI, cmd_initrd },
	{ "inl", ON_MACHINE, cmd_register },
	{ "insmod", ON_ALL, cmd_insmod },
	{ "inw", ON_MACHINE, cmd_register },
	{ "keymap", ON_MACHINE, cmd_nothing },
	{ "keystatus", ON_ALL, cmd_keystatus },
	{ "kfreebsd", ON_MACHINE, cmd_other_system },
	{ "kfreebsd_loadenv", ON_MACHINE, cmd_nothing },
	{ "kfreebsd_module", ON_MACHINE, cmd_nothing },
	{ "kfreebsd_module_elf", ON_MACHINE, cmd_nothing },
	{ "knetbsd", ON_MACHINE, cmd_other_system },
	{ "knetbsd_module", ON_MACHINE, cmd_nothing },
	{ "knetbsd_module_elf", ON_MACHINE, cmd_nothing },
	{ "kopenbsd", ON_MACHINE, cmd_other_system },
	{ "kopenbsd_ramdisk", ON_MACHINE, cmd_nothing },
	{ "legacy_check_password", ON_ALL, cmd_ask },
	{ "legacy_configfile", ON_ALL, cmd_unsupported },
	{ "legacy_initrd", ON_ALL, cmd_unsupported },
	{ "legacy_initrd_nounzip", ON_ALL, cmd_unsupported },
	{ "legacy_kernel", ON_ALL, cmd_unsupported },
	{ "legacy_password", ON_ALL, cmd_nothing },
	{ "legacy_source", ON_ALL, cmd_unsupported },
	{ "linux", ON_MACHINE, cmd_linux },
	{ "linux16", ON_MACHINE, cmd_linux },
	{ "linux32", ON_MACHINE, cmd_linux },
	{ "linuxefi", ON_EFI, cmd_linux },
	{ "list_env", ON_ALL, cmd_list_env },
	{ "list_trusted", ON_ALL, cmd_nothing },
	{ "load_env", ON_ALL, cmd_load_env },
	{ "loadbios", ON_EFI, cmd_nothing },
	{ "loadfont", ON_ALL, cmd_nothing },
	{ "loopback", ON_ALL, cmd_loopback },
	{ "ls", ON_ALL, cmd_nothing },
	{ "lsacpi", ON_MACHINE, cmd_nothing },
	{ "lsapm", ON_PC, cmd_nothing },
	{ "lscoreboot", ON_MACHINE, cmd_nothing },
	{ "lsefi", ON_EFI, cmd_nothing },
	{ "lsefimmap", ON_EFI, cmd_nothing },
	{ "lsefisystab", ON_EFI, cmd_nothing },
	{ "lsfonts", ON_ALL, cmd_nothing },
	{ "lsmmap", ON_ALL, cmd_nothing },
	{ "lsmod", ON_ALL, cmd_nothing },
	{ "lspci", ON_MACHINE, cmd_nothing },
	{ "lssal", ON_EFI, cmd_nothing },
	{ "macppcbless", ON_ALL, cmd_nothing },
	{ "mactelbless", ON_ALL, cmd_nothing },
	{ "md5sum", ON_ALL, cmd_ask },
	{ "menuentry", ON_ALL | EXTRACTS, cmd_menuentry },
	{ "module", ON_MACHINE, cmd_module },
	{ "module2", ON_MACHINE, cmd_module },
	{ "multiboot", ON_MACHINE, cmd_multiboot },
	{ "multiboot2", ON_MACHINE, cmd_multiboot },
	{ "nativedisk", ON_MACHINE, cmd_nothing },
	{ "net_add_addr", ON_ALL, cmd_ask },
	{ "net_add_dns", ON_ALL, cmd_ask },
	{ "net_add_route", ON_ALL, cmd_ask },
	{ "net_bootp", ON_ALL, cmd_ask },
	{ "net_bootp6", ON_ALL, cmd_ask },
	{ "net_del_addr", ON_ALL, cmd_ask },
	{ "net_del_dns", ON_ALL, cmd_ask },
	{ "net_del_route", ON_ALL, cmd_ask },
	{ "net_dhcp", ON_ALL, cmd_ask },
	{ "net_get_dhcp_option", ON_ALL, cmd_ask },
	{ "net_ipv6_autoconf", ON_ALL, cmd_ask },
	{ "net_ls_addr", ON_ALL, cmd_ask },
	{ "net_ls_cards", ON_ALL, cmd_ask },
	{ "net_ls_dns", ON_ALL, cmd_ask },
	{ "net_ls_routes", ON_ALL, cmd_ask },
	{ "net_nslookup", ON_ALL, cmd_ask },
	{ "normal", ON_ALL, cmd_normal },
	{ "normal_exit", ON_ALL, cmd_leave },
	{ "ntldr", ON_PC, cmd_other_system },
	{ "outb", ON_MACHINE, cmd_nothing },
	{ "outl", ON_MACHINE, cmd_nothing },
	{ "outw", ON_MACHINE, cmd_nothing },
	{ "parttool", ON_ALL, cmd_nothing },
	{ "password", ON_ALL, cmd_nothing },
	{ "password_pbkdf2", ON_ALL, cmd_nothing },
	{ "pcidump", ON_MACHINE, cmd_nothing },
	{ "plan9", ON_PC, cmd_other_system },
	{ "play", ON_MACHINE, cmd_nothing },
	{ "probe", ON_ALL, cmd_probe },
	{ "pxechainloader", ON_PC, cmd_other_system },
	{ "rdmsr", ON_MACHINE, cmd_register },
	{ "read", ON_ALL, cmd_ask },
	{ "read_byte", ON_ALL, cmd_register },
	{ "read_dword", ON_ALL, cmd_register },
	{ "read_word", ON_ALL, cmd_register },
	{ "reboot", ON_ALL, cmd_leave },
	{ "regexp", ON_ALL, cmd_regexp },
	{ "return", ON_ALL | EXTRACTS, cmd_return },
	{ "rmmod", ON_ALL, cmd_nothing },
	{ "save_env", ON_ALL, cmd_save_env },
	{ "search", ON_ALL, cmd_search },
	{ "search.file", ON_ALL, cmd_search_short },
	{ "search.fs_label", ON_ALL, cmd_search_short },
	{ "search.fs_uuid", ON_ALL, cmd_search_short },
	{ "sendkey", ON_PC, cmd_nothing },
	{ "serial", ON_MACHINE, cmd_nothing },
	{ "set", ON_ALL | EXTRACTS, cmd_set },
	{ "setparams", ON_ALL | EXTRACTS, cmd_setparams },
	{ "setpci", ON_MACHINE, cmd_register },
	{ "sha1sum", ON_ALL, cmd_ask },
	{ "sha256sum", ON_ALL, cmd_ask },
	{ "sha512sum", ON_ALL, cmd_ask },
	{ "shift", ON_ALL | EXTRACTS, cmd_shift },
	{ "sleep", ON_ALL, cmd_nothing },
	{ "smbios", ON_MACHINE, cmd_ask },
	{ "source", ON_ALL | EXTRACTS, cmd_source },
	{ "submenu", ON_ALL | EXTRACTS, cmd_menuentry },
	{ "syslinux_configfile", ON_ALL, cmd_unsupported },
	{ "syslinux_source", ON_ALL, cmd_unsupported },
	{ "terminal_input", ON_ALL, cmd_nothing },
	{ "terminal_output", ON_ALL, cmd_nothing },
	{ "terminfo", ON_MACHINE, cmd_nothing },
	{ "test", ON_ALL | EXTRACTS, cmd_test },
	{ "test_blockarg", ON_ALL, cmd_nothing },
	{ "testload", ON_ALL, cmd_nothing },
	{ "testspeed", ON_ALL, cmd_nothing },
	{ "time", ON_ALL, cmd_time },
	{ "tpm2_key_protector_init", ON_EFI, cmd_nothing },
	{ "tr", ON_ALL, cmd_unsupported },
	{ "true", ON_ALL | EXTRACTS, cmd_true },
	{ "truecrypt", ON_PC, cmd_other_system },
	{ "trust", ON_ALL, cmd_nothing },
	{ "uki", ON_EFI, cmd_blsuki },
	{ "unset", ON_ALL | EXTRACTS, cmd_unset },
	{ "usb", ON_MACHINE, cmd_ask },
	{ "vbeinfo", ON_PC, cmd_nothing },
	{ "vbetest", ON_PC, cmd_nothing },
	{ "verify_detached", ON_ALL, cmd_ask },
	{ "videoinfo", ON_ALL, cmd_nothing },
	{ "videotest", ON_ALL, cmd_nothing },
	{ "write_byte", ON_ALL, cmd_nothing },
	{ "write_dword", ON_ALL, cmd_nothing },
	{ "write_word", ON_ALL, cmd_nothing },
	{ "wrmsr", ON_MACHINE, cmd_nothing },
	{ "xen_hypervisor", ON_MACHINE, cmd_multiboot },
	{ "xen_module", ON_MACHINE, cmd_module },
	{ "xnu_devprop_load", ON_MACHINE, cmd_nothing },
	{ "xnu_kernel", ON_MACHINE, cmd_other_system },
	{ "xnu_kernel64", ON_MACHINE, cmd_other_system },
	{ "xnu_kext", ON_MACHINE, cmd_nothing },
	{ "xnu_kextdir", ON_MACHINE, cmd_nothing },
	{ "xnu_mkext", ON_MACHINE, cmd_nothing },
	{ "xnu_ramdisk", ON_MACHINE, cmd_nothing },
	{ "xnu_resume", ON_MACHINE, cmd_other_system },
	{ "xnu_splash", ON_MACHINE, cmd_nothing },
	{ "xnu_uuid", ON_ALL, cmd_nothing },
	{ "zfs-bootfs", ON_ALL, cmd_nothing },
	{ "zfsinfo", ON_ALL, cmd_nothing },
	{ "zfskey", ON_ALL, cmd_nothing },
};
/* clang-format on */

static int compare(const void *name, const void *command)
{
	return strcmp(name, ((const struct command *)command)->name);
}

static unsigned place(const struct interp *in)
{
	const char *platform = in->req->platform ? in->req->platform : "efi";

	return !strcmp(platform, "efi")	  ? ON_EFI
	       : !strcmp(platform, "pc")  ? ON_PC
	       : !strcmp(platform, "emu") ? ON_EMU
					  : ON_REST;
}

const struct command *command_find(const struct interp *in, const char *name)
{
	const struct command *c = bsearch(name, commands, sizeof(commands) / sizeof(*commands),
					  sizeof(*commands), compare);

	if (!c || !(c->where & place(in)) ||
	    ((c->where & ONLY_RH) && in->req->flavour != GRUB_RH) ||
	    ((c->where & ONLY_SUSE) && in->req->flavour != GRUB_SUSE))
		return NULL;
	return c;
}

int command_run(struct interp *in, const struct command *command, const struct strlist *args,
		const struct word *block, unsigned line)
{
	struct call call = {
		.name = args->v[0],
		.args = args->v + 1,
		.n = args->n - 1,
		.block = block,
		.line = line,
	};

	return command->run(in, &call);
}
