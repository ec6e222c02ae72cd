/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBKEXEC_H
#define LIBKEXEC_H

/*
 * libkexec: start the next Linux kernel from the running one.
 *
 *   context  ->  image  ->  request  ->  plan  ->  commit  ->  jump
 *
 * A context is one view of one machine. An image is a kernel file, unpacked and recognised. A
 * request says what to start; a plan says, byte by byte, how. Nothing before kx_plan_commit()
 * changes the machine, so a plan can be made without root, for another machine, and be looked at.
 *
 * Conventions of every call:
 * - it returns 0 (or a count) or a negative errno; struct kx_error holds the sentence for a person;
 * - on failure every ret_ parameter is untouched; on success the error object is untouched;
 * - no output, no exit, no environment, and no global state but two tables of open files, which are locked:
 *   of files that are mapped (kx_fault()) and of partitions and archives that only this process has a
 *   name for (KX_ENTRIES_MOUNT, struct kx_entry.initrds);
 * - kx_image_open(), kx_image_open_part() and kx_plan_new() unpack in a child process of their own that can do
 *   nothing else, and wait for its end: SIGCHLD, and waiting for any child in another thread, are the program's;
 * - objects are not locked: one thread each;
 * - strings that come out of an object live as long as the object, and are UTF-8 as found;
 * - objects may be released in any order: each keeps what it needs of the others;
 * - fields of structs are documented where they are declared, parameters above their function;
 * - addresses are physical, ranges half-open, sizes in bytes unless said otherwise.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kx_ctx;
struct kx_image;
struct kx_plan;

/* ------------------------------------------------------------------ errors */

/**
 * enum kx_step - where a call was when it failed
 *
 * The errno tells a program what to try next, the step tells it what was being tried: -EPERM from
 * KX_STEP_FILE_LOAD is the kernel's answer, -EPERM from KX_STEP_OPEN the file system's.
 */
enum kx_step {
	KX_STEP_NONE = 0,
	KX_STEP_ARGUMENT,      /* the request contradicts itself, or a value is out of range */
	KX_STEP_MACHINE,       /* reading the machine: memory map, boot_params, state files */
	KX_STEP_KERNEL_OPEN,   /* opening or reading the kernel file */
	KX_STEP_KERNEL_UNPACK, /* decompressing the kernel file */
	KX_STEP_KERNEL_TYPE,   /* recognising the kernel file */
	KX_STEP_INITRD,	       /* opening, reading or joining initial ramdisks */
	KX_STEP_MODULE,	       /* opening, reading or unpacking a multiboot module */
	KX_STEP_PLAN,	       /* placing segments, filling boot parameters */
	KX_STEP_FILE_LOAD,     /* kexec_file_load(2) */
	KX_STEP_LOAD,	       /* kexec_load(2) */
	KX_STEP_UNLOAD,	       /* either call, unloading */
	KX_STEP_STATE,	       /* reading whether something is loaded */
	KX_STEP_JUMP,	       /* reboot(2) */
};

/**
 * struct kx_error - why the last call failed, in words and in facts
 *
 * Lives wherever the caller puts it (usually the stack); never owns memory. A call that fails fills
 * @code, @step and @message, and of the other fields those that it knows; the rest is zero or "".
 * Programs read these fields, persons read the sentence: nothing has to be searched for in it.
 *
 * The struct has no size field, because nearly every call takes one and because it is written only.
 * It grows into @reserved instead, which a library fills with zeros until then, and its size is the
 * same for every library with symbols of version KX_1. (0.1.0 is the first release; drafts before
 * it had 512 bytes.)
 */
struct kx_error {
	int code;	   /* negative errno, or 0 when the call succeeded */
	enum kx_step step; /* what was being done */
	/* one line, no trailing newline: what was tried, on what, what was found, what to do */
	char message[504];
	/* path of the file that this is about, as the caller or the machine spells it, or the name
	 * of a part that is not a file; "" when it is about none; cut off when it is longer */
	char file[1024];
	/* range of physical addresses that this is about, [start, end); both 0 when there is none */
	uint64_t start, end;
	uint64_t bytes; /* with -ENOSPC: room in memory that was not found, else 0 */
	uint64_t flags; /* those KX_REQ_* of the request that cannot be had, else 0 */
	/* image type (as in struct kx_image_info) that the file was recognised as before it turned
	 * out to be damaged or refused, a string that is never freed; NULL when that is not it */
	const char *type;
	uint64_t reserved[11]; /* zero */
};

/* ---------------------------------------------------------------- contexts */

enum kx_log_level {
	KX_LOG_WARNING, /* something was left out or changed that a person should know of */
	KX_LOG_NOTICE,	/* what was chosen and why */
	KX_LOG_DEBUG,	/* what kexec -d shows */
	KX_LOG_DETAIL,	/* how it was done, for who asks: kexec -d, rapidreboot -v */
};

/**
 * typedef kx_log_fn - receives one line of explanation
 * @data: struct kx_ctx_opts.log_data
 * @level: how much it matters
 * @line: without newline, valid during the call only
 */
typedef void (*kx_log_fn)(void *data, enum kx_log_level level, const char *line);

/**
 * struct kx_ctx_opts - optional parts of kx_ctx_new()
 *
 * Zero is the default of every field, and fields are only ever appended: a library older than its
 * caller refuses unknown non-zero bytes with -E2BIG, a newer one takes the missing ones as zero.
 * That holds for every structure here that begins with its size.
 */
struct kx_ctx_opts {
	size_t size; /* in: sizeof(struct kx_ctx_opts) as the caller was compiled */
	/* directory that everything is read from, NULL for "/"; paths and symlinks under it
	 * resolve inside it. With a root of its own a context can plan, but not commit or jump. */
	const char *root;
	kx_log_fn log;	/* where explanations go, NULL for nowhere */
	void *log_data; /* passed to @log */
	/* directory that kernels, initial ramdisks and modules are opened in, NULL for @root: a system
	 * of this machine that is mounted there. Paths and symlinks under it resolve inside it, and the
	 * context can still commit. Not together with @root. */
	const char *files;
};

/**
 * kx_ctx_new() - open a view of a machine
 * @opts: options, or NULL for the running machine
 * @ret_ctx: released with kx_ctx_free()
 * @err: filled on failure only, or NULL
 *
 * Return: 0, -ENOENT or -ENOTDIR when a root is not a directory, -EINVAL for @opts->files beside
 * @opts->root, -EACCES, -ENOMEM, -E2BIG. Since: 1
 */
int kx_ctx_new(const struct kx_ctx_opts *opts, struct kx_ctx **ret_ctx, struct kx_error *err);

/**
 * kx_ctx_free() - release @ctx; NULL is a no-op
 *
 * Images, entries and plans that were made with it need it no more and may be freed afterwards.
 * Return: NULL. Since: 1
 */
struct kx_ctx *kx_ctx_free(struct kx_ctx *ctx);

/** kx_version() - version of the library, "0.1.0". Since: 1 */
const char *kx_version(void);

/**
 * kx_fault() - for a program's handler of SIGBUS: was that a file which somebody shortened?
 * @address: si_addr of the siginfo_t, where si_code is BUS_ADRERR
 *
 * The library maps large files, and leaves signals to its program. Behind the new end of a file that
 * became shorter meanwhile the kernel answers with SIGBUS, which ends a process without a word. When
 * this returns 1 the page reads as zeros and the handler returns; the call of the library that was
 * reading goes on, and fails with -ESTALE, as it does for any file that was changed while it was
 * mapped. Safe in a signal handler.
 *
 * Return: 1, or 0 when no file of the library is there: then it is none of its signals. Since: 1
 */
int kx_fault(const void *address);

/* ------------------------------------------------------------------- parts */

/* struct kx_part.flags */
#define KX_PART_FD (UINT64_C(1) << 0)	  /* the file is @fd */
#define KX_PART_SECRET (UINT64_C(1) << 1) /* as few copies as possible, each of them overwritten */

/**
 * struct kx_part - a file to start, or to start with: a path, a descriptor or bytes
 *
 * What is downloaded need not be stored, and what was measured through a descriptor is what gets
 * loaded. In an array all elements have the same @size.
 *
 * A secret part (a key, an initial ramdisk with one) is never written to the cache of
 * struct kx_request, nor kept in huge pages, unpacked, packed anew or made smaller: KX_REQ_FAST
 * leaves it as it is and says so. Memory and anonymous files of the library that held it are
 * overwritten before they are given back, on every way out, with success and without. What remains
 * is the caller's own copy and the one that the kernel makes for the jump. Nothing is done against
 * swapping and core dumps: mlockall(2) and prctl(PR_SET_DUMPABLE) are the caller's. A kernel cannot
 * be secret; @path and @cmdline of a secret part are not.
 */
struct kx_part {
	size_t size; /* in: sizeof(struct kx_part) as the caller was compiled */
	/* the file, resolved in the root; with @bytes or KX_PART_FD only its name in sentences */
	const char *path;
	const void *bytes; /* its contents, copied by the call, or NULL */
	size_t n;	   /* how many bytes, with @bytes */
	/* with KX_PART_FD: open for reading; duplicated, so it stays the caller's. A regular file (a
	 * memfd is one) is used from its beginning, and kexec_file_load(2) gets this very file;
	 * out of a pipe or socket comes what is left in it. Devices are refused. */
	int fd;
	/* of a multiboot module: what it is called and told, copied; NULL for @path */
	const char *cmdline;
	uint64_t flags; /* KX_PART_* */
};

/* ------------------------------------------------------------------ images */

/** struct kx_image_info - what a kernel file turned out to be */
struct kx_image_info {
	size_t size; /* in: sizeof(struct kx_image_info) as the caller was compiled */
	/* name as in `kexec --type=`: "bzImage64", "elf-x86_64", "multiboot2-x86", "uki", … */
	const char *type;
	/* "gzip", "xz", … when the file as a whole was compressed, else NULL */
	const char *compression;
	/* release of the kernel inside (`uname -r`), or NULL when the image does not say */
	const char *version;
	const char *title;   /* what a UKI calls itself (PRETTY_NAME of .osrel), or NULL */
	const char *cmdline; /* command line carried by a UKI, or NULL */
	size_t n_initrds;    /* initial ramdisks carried by a UKI, microcode counted */
	/* longest command line the image takes, without NUL; 0 when it sets no limit */
	uint64_t cmdline_max;
	/* non-zero when kexec_file_load(2) of this architecture has a loader for it */
	int file_load;
};

/**
 * kx_image_open() - read a kernel file, unpack it, recognise it
 * @ctx: context; @path resolves inside its root
 * @path: the file: any image type, also compressed as a whole
 * @type: demand this type (a name of struct kx_image_info), or NULL for whatever it is
 * @ret_image: released with kx_image_free(); keeps the file open and its contents in memory
 * @err: filled on failure only, or NULL
 *
 * Return: 0, or a negative errno, by step:
 * KX_STEP_KERNEL_OPEN   whatever open(2) and read(2) say; -EISDIR; -ENODATA for an empty file;
 *                       -EFBIG above 1 GiB,
 * KX_STEP_KERNEL_UNPACK -EBADMSG for a damaged stream, or one at which the decoder crashed; -EFBIG
 *                       above 1 GiB; -EOPNOTSUPP for a format that is recognised but not built in;
 *                       of the process that unpacks: -EPERM it tried to do something else,
 *                       -ETIMEDOUT it did not end, -EPROTO its answer is none; -ENOMEM,
 * KX_STEP_KERNEL_TYPE   -ENOEXEC when nothing recognises it or it is not the type demanded,
 *                       -EINVAL when @type is not a known name, -EOPNOTSUPP for a type that is
 *                       recognised and refused (16-bit kernels, nbi, beoboot),
 *                       -EBADMSG for a recognised image that is cut off or contradicts itself.
 * Since: 1
 */
int kx_image_open(struct kx_ctx *ctx, const char *path, const char *type,
		  struct kx_image **ret_image, struct kx_error *err);

/**
 * kx_image_open_part() - the same for a kernel that is a path, a descriptor or bytes
 * @ctx: context; a path resolves inside its root
 * @part: the kernel; not a secret one
 * @type: as for kx_image_open()
 * @ret_image: released with kx_image_free()
 * @err: filled on failure only, or NULL
 *
 * Return: as kx_image_open(), and with KX_STEP_ARGUMENT: -EINVAL for a part that is none of the
 * three or two of them, or has unknown flags; -E2BIG; -EOPNOTSUPP for KX_PART_SECRET. Since: 1
 */
int kx_image_open_part(struct kx_ctx *ctx, const struct kx_part *part, const char *type,
		       struct kx_image **ret_image, struct kx_error *err);

/**
 * kx_image_free() - release @image; NULL is a no-op
 *
 * Plans made of it keep what they need of it: they may be used and freed afterwards.
 * Return: NULL. Since: 1
 */
struct kx_image *kx_image_free(struct kx_image *image);

/**
 * kx_image_info() - describe @image
 * @info: @info->size filled in by the caller; strings live as long as @image
 *
 * Return: 0, or -EINVAL for a size of zero. Since: 1
 */
int kx_image_info(const struct kx_image *image, struct kx_image_info *info);

/* ------------------------------------------------------------ boot entries */

struct kx_entries;

/** enum kx_entry_type - what an entry starts */
enum kx_entry_type {
	KX_ENTRY_LINUX,
	KX_ENTRY_UKI, /* a unified kernel image: kernel, initrds and command line in one */
	KX_ENTRY_MULTIBOOT,
	KX_ENTRY_CHAINLOAD, /* another loader or system: only firmware can start it */
	KX_ENTRY_OTHER,	    /* firmware setup, reboot, halt, nothing at all */
};

/* struct kx_entries_opts.firmware */
enum kx_firmware {
	KX_FIRMWARE_AUTO, /* as the machine says */
	KX_FIRMWARE_EFI,
	KX_FIRMWARE_BIOS,
};

/* struct kx_entries_opts.flags */
#define KX_ENTRIES_SCRIPT (UINT64_C(1) << 0) /* @config is a GRUB script, whatever its name */
/* Where the loader that ran has no configuration in what is mounted, or reads the partition that it was
 * started from (ESP or XBOOTLDR) and that is not mounted, this is mounted read-only where nobody else
 * sees it, until the context is released. Paths of files there begin with
 * /dev/disk/by-partuuid/PARTUUID/: only this library, in this process, opens them. */
#define KX_ENTRIES_MOUNT (UINT64_C(1) << 1)

/** struct kx_entries_opts - optional parts of kx_entries_new() */
struct kx_entries_opts {
	size_t size;	    /* in: sizeof(struct kx_entries_opts) as the caller was compiled */
	const char *config; /* read this, a path inside the root, instead of searching for one */
	enum kx_firmware firmware; /* where that changes which loaders are possible */
	/* whose GRUB reads grub.cfg: "upstream", "rh", "suse"; NULL to find out */
	const char *grub_flavour;
	/* "NAME=VALUE" that GRUB has set before its script runs */
	const char *const *vars;
	size_t n_vars; /* how many */
	/* where file systems are: "uuid:UUID=DIR", "label:LABEL=DIR", "dev:hd0,gpt2=DIR", with DIR
	 * inside the root; what is mounted there is found without */
	const char *const *places;
	size_t n_places; /* how many */
	uint64_t flags;	 /* KX_ENTRIES_* */
	/* which loader's configuration is read, as kx_entries_info.loader has it, also "bls" and
	 * "syslinux"; NULL: @config's name tells, or what runs on the machine */
	const char *type;
};

/**
 * kx_entries_new() - what this machine's boot loader offers, and what it would start next
 * @ctx: context: configurations, file systems and EFI variables are read from its root
 * @opts: options, or NULL
 * @ret_entries: released with kx_entries_free()
 * @err: filled on failure only, or NULL
 *
 * Evaluates configurations without running or writing anything. Oddities of a configuration are
 * warnings of the list or of an entry, as loaders too go on after most of them.
 *
 * Return: 0; -ENOENT no loader's configuration and no kernel is found, or no file @config;
 * -EINVAL an option that does not mean anything; -EACCES; -ELOOP a script that never ends; -ENOMEM.
 * Since: 1
 */
int kx_entries_new(struct kx_ctx *ctx, const struct kx_entries_opts *opts,
		   struct kx_entries **ret_entries, struct kx_error *err);

/** kx_entries_free() - release @entries; NULL is a no-op. Return: NULL. Since: 1 */
struct kx_entries *kx_entries_free(struct kx_entries *entries);

/** struct kx_entries_info - the list as a whole */
struct kx_entries_info {
	size_t size;	      /* in: sizeof(struct kx_entries_info) as the caller was compiled */
	size_t n_entries;     /* how many, in the order of the loader's menu */
	size_t default_index; /* the one that starts next, n_entries when none would */
	const char *default_reason; /* every step that decided, one per line */
	/* "grub", "systemd-boot", "grub-legacy", "extlinux", "limine", "refind", "efistub",
	 * "raspberry-pi", "zipl", "lilo", "elilo", "kboot", "yaboot", "xen", "zfsbootmenu", "ipxe",
	 * "directory" */
	const char *loader;
	const char *flavour;	     /* "upstream", "rh", "suse"; "syslinux", "u-boot"; or NULL */
	const char *config;	     /* file the menu was read from, a path inside the root */
	size_t n_warnings;	     /* sentences about the list as a whole */
	const char *const *warnings; /* they */
	const char *output;	     /* what a GRUB script printed before its menu, or NULL */
	size_t n_vars;		     /* variables a GRUB script left behind, sorted by name */
	const char *const *vars;     /* "NAME=VALUE" */
	/* why it is not known what would start next (the default is a guess, or none), or NULL */
	const char *guess;
};

/** kx_entries_info() - describe @entries; @info->size set by the caller. Return: 0 or -EINVAL.
 * Since: 1 */
int kx_entries_info(const struct kx_entries *entries, struct kx_entries_info *info);

/** struct kx_entry - one boot entry, whatever loader's configuration it was read from */
struct kx_entry {
	size_t size;		 /* in: sizeof(struct kx_entry) as the caller was compiled */
	const char *id;		 /* how the loader's own configuration names it */
	const char *title;	 /* as the menu shows it */
	size_t n_path;		 /* titles from the top menu down, the own one last */
	const char *const *path; /* they */
	/* of the system or kernel, or NULL when the configuration does not say */
	const char *version;
	enum kx_entry_type type; /* what it starts */
	/* non-zero when kx_plan_new() can be asked for it: a kernel, and all files are there */
	int bootable;
	int is_default;	    /* non-zero for the one that starts next */
	const char *kernel; /* path inside the root, or NULL */
	size_t n_initrds;   /* how many */
	/* paths inside the root, in loading order; also GRUB's "newc:NAME:PATH", which plans of this
	 * process take as they are until the context is released */
	const char *const *initrds;
	size_t n_modules;	    /* how many */
	const char *const *modules; /* multiboot modules as "path arguments…" */
	const char *cmdline;	    /* what the loader passes to the kernel, or NULL */
	const char *devicetree;	    /* path inside the root, or NULL */
	const char *architecture;   /* as the configuration spells it, or NULL */
	const char *source_kind;    /* "grub", "bls", "uki", "extlinux", … */
	const char *source_file;    /* file it is written in, a path inside the root */
	unsigned source_line;	    /* line there from 1, 0 when the file as a whole is the entry */
	size_t n_warnings;	    /* what is odd about it */
	const char *const *warnings; /* they */
	int is_guessed;		     /* non-zero when no loader's configuration has it, only a
			 * directory, or which disk it names is not certain: @guess is why */
	int is_broken; /* non-zero when its loader cannot start it either: a kernel is missing */
	const char
		*guess; /* why it is guessed, a sentence that is not among the warnings, or NULL */
};

/** kx_entries_entry() - entry @i; @entry->size set by the caller. Return: 0, -ERANGE, -EINVAL.
 * Since: 1 */
int kx_entries_entry(const struct kx_entries *entries, size_t i, struct kx_entry *entry);

/**
 * kx_entries_find() - the entry a person means
 * @entries: the list
 * @name: in this order: "default"; "current", the one whose kernel and command line are running;
 *        "latest", the bootable one with the highest version; an id; a title; titles from the
 *        top menu down with ">" between them; an index from 0
 * @ret_index: the entry
 * @err: filled on failure only, or NULL
 *
 * Return: 0; -ENOENT nothing fits; -ENOTUNIQ a title that several entries have. Since: 1
 */
int kx_entries_find(const struct kx_entries *entries, const char *name, size_t *ret_index,
		    struct kx_error *err);

/* ---------------------------------------------------------------- requests */

/** enum kx_way - which system call hands the image to the kernel */
enum kx_way {
	KX_WAY_AUTO = 0, /* kexec_file_load where it applies, else kexec_load */
	KX_WAY_FILE,	 /* kexec_file_load(2) only: signatures, IMA, lockdown */
	KX_WAY_SEGMENTS, /* kexec_load(2) only: every segment placed by this library */
};

/** enum kx_args - how an ELF image expects its arguments */
enum kx_args {
	KX_ARGS_AUTO = 0, /* a Linux vmlinux gets boot_params, anything else ELF boot notes */
	KX_ARGS_ELF,
	KX_ARGS_LINUX,
	KX_ARGS_NONE,
};

/* struct kx_request.flags */
#define KX_REQ_ON_CRASH (UINT64_C(1) << 0)	   /* into the crashkernel= reservation */
#define KX_REQ_PRESERVE_CONTEXT (UINT64_C(1) << 1) /* kexec-jump: come back afterwards */
#define KX_REQ_NO_DIGEST (UINT64_C(1) << 2)	   /* purgatory does not check the segments */
#define KX_REQ_ENTRY_32BIT (UINT64_C(1) << 3)	   /* enter a bzImage in 32-bit protected mode */
#define KX_REQ_REAL_MODE (UINT64_C(1) << 4)	   /* 16-bit entry: always refused, in words */
#define KX_REQ_NO_EFI (UINT64_C(1) << 5)	   /* no EFI runtime data for the next kernel */
#define KX_REQ_REUSE_VIDEO (UINT64_C(1) << 6)	  /* boot-time video type, whatever drives it now */
#define KX_REQ_RESET_VGA (UINT64_C(1) << 7)	  /* purgatory resets the VGA to text mode */
#define KX_REQ_CONSOLE_VGA (UINT64_C(1) << 8)	  /* purgatory reports on the VGA text screen */
#define KX_REQ_CONSOLE_SERIAL (UINT64_C(1) << 9)  /* purgatory reports on serial_port */
#define KX_REQ_KERNEL_DEBUG (UINT64_C(1) << 10)	  /* ask the kernel to log the load, if it can */
#define KX_REQ_NO_CMA (UINT64_C(1) << 11)	  /* keep segments out of CMA, if the kernel can */
#define KX_REQ_FORCE_DTB (UINT64_C(1) << 12)	  /* hand on the device tree, if the kernel can */
#define KX_REQ_MEMMAP_CMDLINE (UINT64_C(1) << 13) /* crash: memory map as memmap= words */
#define KX_REQ_HOTPLUG (UINT64_C(1) << 14)	  /* crash: elfcorehdr may be rewritten */
#define KX_REQ_HAS_ENTRY (UINT64_C(1) << 15)	  /* @entry overrides the image's entry point */
#define KX_REQ_FAST (UINT64_C(1) << 16) /* unpack kernel and initrds now, for kexec_load */
#define KX_REQ_DIET (UINT64_C(1) << 17) /* that, and leave modules out that are not used here */
#define KX_REQ_COPY (UINT64_C(1) << 18) /* never in place: what holds the pages will be unmounted */
#define KX_REQ_UNPACK_LATER (UINT64_C(1) << 19) /* FAST, DIET: only plan: kx_plan_info.is_open */
#define KX_REQ_KEEP (UINT64_C(1) << 20) /* what is unpacked goes into @cache now, loaded or not */

/** struct kx_request - one kernel to start, and how */
struct kx_request {
	size_t size; /* in: sizeof(struct kx_request) as the caller was compiled */
	/* what to start; the plan keeps a reference, the caller may free it any time after */
	const struct kx_image *image;
	/* paths of initial ramdisks in the order they are joined, resolved in the root */
	const char *const *initrds;
	/* how many; 0 leaves those that a UKI carries, anything else replaces them */
	size_t n_initrds;
	const char *const *modules; /* multiboot modules as "file arguments…", in order */
	size_t n_modules;	    /* how many */
	const char *cmdline;  /* command line, or NULL for the one of a UKI, else an empty one */
	enum kx_way way;      /* which system call */
	enum kx_args args;    /* how an ELF image expects its arguments */
	uint64_t flags;	      /* KX_REQ_* */
	uint64_t mem_min;     /* lowest address for segments */
	uint64_t mem_end;     /* first address above them, 0 for no bound */
	uint64_t entry;	      /* entry point, with KX_REQ_HAS_ENTRY */
	const char *dtb;      /* path of a device tree blob, or NULL */
	uint32_t serial_port; /* I/O port of the purgatory's serial console, 0 for 0x3f8 */
	uint32_t serial_baud; /* 0 leaves the speed as it is */
	/* with KX_REQ_FAST: directory, of the caller alone, where kx_plan_commit(), or with
	 * KX_REQ_KEEP this call, keeps what was unpacked for the next load of the same files; NULL for
	 * nowhere */
	const char *cache;
	/* initial ramdisks that are not (only) paths, joined after @initrds; copied by the call */
	const struct kx_part *initrd_parts;
	size_t n_initrd_parts; /* how many; at most 256 with @initrds */
	/* multiboot modules likewise, after @modules */
	const struct kx_part *module_parts;
	size_t n_module_parts; /* how many; at most 256 with @modules */
};

/* flags of kx_cmdline_running() */
#define KX_CMDLINE_ON_CRASH \
	(UINT64_C(1) << 0) /* for a crash kernel: crashkernel= and ranges go too */

/**
 * kx_cmdline_running() - command line of the running kernel, fit for the next one
 * @ctx: context; reads /proc/cmdline
 * @flags: KX_CMDLINE_*
 * @ret_cmdline: to be released with free(3)
 * @err: filled on failure only, or NULL
 *
 * Words whose key belongs to one boot only are dropped: BOOT_IMAGE, initrd, elfcorehdr,
 * kexec_jump_back_entry; the first boot of an image (ignition.firstboot, flatcar.first_boot,
 * combustion.firstboot), rescue and single-user modes (single, rescue, emergency, systemd.unit= and
 * init= with the same meaning), break points (rd.break, break=), systemd.run=, autorelabel and
 * systemd.factory_reset; for a crash kernel also crashkernel, memmap=exactmap and its ranges.
 * Quoting is the kernel's own (lib/cmdline.c, next_arg()): double quotes, blanks inside them kept.
 *
 * Return: 0, -ENOENT without /proc, -ENOMEM. Since: 1
 */
int kx_cmdline_running(struct kx_ctx *ctx, uint64_t flags, char **ret_cmdline,
		       struct kx_error *err);

/* ------------------------------------------------------------------- plans */

/**
 * kx_plan_new() - work out how to start what @request asks for
 * @ctx: context: memory map, firmware tables and policy are read from its root
 * @request: borrowed for the call; the strings in it are copied
 * @ret_plan: released with kx_plan_free(), before or after @ctx and @request->image
 * @err: filled on failure only, or NULL
 *
 * Reads, never changes. KX_WAY_AUTO is decided here: kx_plan_info() tells which and why.
 *
 * Return: 0, or a negative errno, by step:
 * KX_STEP_ARGUMENT -EINVAL for options that exclude each other; -EOPNOTSUPP for what this image,
 *                  way or architecture cannot do,
 * KX_STEP_MACHINE  -ENOENT, -EACCES or -EPERM when the memory map cannot be read or reads as zero,
 * KX_STEP_INITRD, KX_STEP_MODULE  as for the kernel file; -EFBIG above 1 GiB (modules) or 64 GiB
 *                  (initial ramdisks); -EOPNOTSUPP for a secret module that is compressed,
 * KX_STEP_PLAN     -ENOSPC no free range is large enough, -E2BIG more than 16 segments,
 *                  -ENAMETOOLONG command line too long, -EADDRNOTAVAIL an address outside RAM.
 * Since: 1
 */
int kx_plan_new(struct kx_ctx *ctx, const struct kx_request *request, struct kx_plan **ret_plan,
		struct kx_error *err);

/** struct kx_crash_estimate - memory that a crash kernel needs, and what is reserved for it */
struct kx_crash_estimate {
	size_t size;	   /* in: sizeof(struct kx_crash_estimate) as the caller was compiled */
	uint64_t needs;	   /* to run and save a dump; 0 when the image does not say what it needs */
	uint64_t advised;  /* the same, rounded up to what is written behind crashkernel= */
	uint64_t reserved; /* by crashkernel=, all ranges */
	/* of it in CMA (crashkernel=SIZE,cma, Linux 6.17), which the old kernel uses, too */
	uint64_t cma;
	uint64_t memory;   /* of the machine */
	uint64_t initrd;   /* the initial ramdisk as it is loaded */
	uint64_t unpacked; /* its files */
	/* 1: it does not say how large they are, and three times what is packed was taken */
	int unpacked_is_guess;
};

/**
 * kx_crash_estimate() - what does this crash kernel need?
 * @ctx: context: memory map is read from its root
 * @request: as for kx_plan_new(); its image and initial ramdisks count
 * @ret_estimate: @ret_estimate->size set by the caller
 * @err: filled on failure only, or NULL
 *
 * An estimate: unpacked kernel, initial ramdisk and its files, which lie in memory side by side while the kernel
 * unpacks (packed with gzip it says how large they are, otherwise three times its size, as kdumpctl(8)), and
 * 12 MiB (Linux up to 6.12) or 22 MiB for tables, devices and a program that saves. Nothing has to be reserved
 * for it.
 *
 * Return: 0, or as kx_plan_new() for the steps KX_STEP_ARGUMENT, KX_STEP_MACHINE and KX_STEP_INITRD.
 * Since: 1
 */
int kx_crash_estimate(struct kx_ctx *ctx, const struct kx_request *request,
		      struct kx_crash_estimate *ret_estimate, struct kx_error *err);

/** kx_plan_free() - release @plan; NULL is a no-op. Return: NULL. Since: 1 */
struct kx_plan *kx_plan_free(struct kx_plan *plan);

/** struct kx_rung - a faster way that was not taken */
struct kx_rung {
	size_t size;	     /* in: sizeof(struct kx_rung) as the caller was compiled */
	const char *name;    /* as in struct kx_plan_info.rung: "zero-copy", "copy", "bzImage" */
	const char *why_not; /* one sentence */
};

/** struct kx_plan_info - a plan as a whole */
struct kx_plan_info {
	size_t size;		  /* in: sizeof(struct kx_plan_info) as the caller was compiled */
	enum kx_way way;	  /* KX_WAY_FILE or KX_WAY_SEGMENTS, never AUTO */
	const char *reason;	  /* why that way, one sentence */
	const char *architecture; /* "x86_64", … */
	const char *type;	  /* image type */
	const char *cmdline;	  /* what the next kernel gets */
	uint64_t entry; /* where the old kernel jumps to; 0 with KX_WAY_FILE (the kernel decides) */
	uint64_t kernel_entry;	/* where the purgatory jumps to; 0 with KX_WAY_FILE */
	uint64_t syscall_flags; /* last argument of the system call */
	size_t n_segments;	/* segments, 0 with KX_WAY_FILE */
	size_t n_memory;	/* ranges of the memory map handed over, 0 with KX_WAY_FILE */
	size_t n_warnings;	/* sentences about what the next kernel will be without */
	uint64_t kernel_size;	/* bytes of the kernel given to the system call */
	uint64_t initrd_size;	/* bytes of the initial ramdisk */
	/* how fast: "zero-copy" (before kx_plan_commit(): is tried), "copy", "bzImage",
	 * "kexec_file_load"; "plain": not Linux */
	const char *rung;
	const char *rung_reason; /* why nothing faster */
	/* what is wrong with an initial ramdisk that no kernel could unpack; NULL when nothing is,
	 * or nobody looked: only with KX_REQ_FAST and KX_WAY_SEGMENTS it is unpacked here */
	const char *initrd_damage;
	const char *
		diet; /* with KX_REQ_DIET: what is left out of the initrd, or why nothing; else NULL */
	int is_diet;	 /* non-zero when something is */
	size_t n_passed; /* faster rungs that were not taken: kx_plan_passed() */
	/* with KX_REQ_UNPACK_LATER: the plan is one of the files as they are, and can be committed. What
	 * only unpacking them shows is open: 1: @initrd_damage, @diet, damage of the kernel; 2: whether a
	 * faster rung than @rung can be taken as well; 0: nothing */
	int is_open;
	/* what was unpacked for this plan, here or for the cache, without a fault: 1: every initrd, 2: the kernel
	 * as well; 0 without KX_REQ_FAST and with KX_WAY_FILE */
	int is_unpacked;
};

/** kx_plan_info() - describe @plan; @info->size set by the caller. Return: 0 or -EINVAL. Since: 1 */
int kx_plan_info(const struct kx_plan *plan, struct kx_plan_info *info);

/**
 * kx_plan_contents() - a number that differs between kernels and initrds of different contents
 * @plan: a plan of KX_WAY_SEGMENTS with KX_REQ_FAST
 * @ret_contents: of the bytes in the files, whether they were unpacked or not; the same for the same bytes in
 *                every boot. Made for accidents, not against attackers
 *
 * Return: 0, -ENODATA for any other plan. Since: 1
 */
int kx_plan_contents(struct kx_plan *plan, uint64_t *ret_contents);

/**
 * kx_plan_passed() - rung @i of those above the plan's own, the fastest first, and why not that one
 * @plan: the plan
 * @i: from 0 to struct kx_plan_info.n_passed - 1
 * @ret_rung: @ret_rung->size set by the caller; strings live as long as @plan, or until
 *            kx_plan_commit() decides anew
 *
 * Return: 0, -ERANGE past the last one, -EINVAL for a size of zero. Since: 1
 */
int kx_plan_passed(const struct kx_plan *plan, size_t i, struct kx_rung *ret_rung);

/** struct kx_segment - one range of memory the kernel fills for us */
struct kx_segment {
	size_t size;	    /* in: sizeof(struct kx_segment) as the caller was compiled */
	const char *name;   /* "kernel", "initrd", "boot_params", "purgatory", "module", … */
	const void *data;   /* its contents, @data_size bytes */
	uint64_t data_size; /* bytes that are copied; the rest of the range is zero */
	uint64_t start;	    /* first physical address, page aligned */
	uint64_t end;	    /* first address after it, page aligned */
	int digested;	    /* non-zero when the purgatory checks @data before the jump */
	int secret; /* non-zero when @data is of a part with KX_PART_SECRET: not to be shown */
};

/** kx_plan_segment() - segment @i of @plan. Return: 0, -ERANGE, -EINVAL. Since: 1 */
int kx_plan_segment(const struct kx_plan *plan, size_t i, struct kx_segment *segment);

/** struct kx_memory - one range of the memory map handed to the next kernel */
struct kx_memory {
	size_t size;	  /* in: sizeof(struct kx_memory) as the caller was compiled */
	uint64_t start;	  /* first address */
	uint64_t end;	  /* first address after it */
	const char *type; /* as the field spells it: "System RAM", "reserved", "ACPI Tables", … */
	uint32_t e820_type; /* number in an e820 table */
};

/** kx_plan_memory() - range @i of the memory map of @plan. Return: 0, -ERANGE, -EINVAL. Since: 1 */
int kx_plan_memory(const struct kx_plan *plan, size_t i, struct kx_memory *memory);

/** kx_plan_warning() - sentence @i, or NULL past the last one. Since: 1 */
const char *kx_plan_warning(const struct kx_plan *plan, size_t i);

/* ---------------------------------------------------------- the machine acts */

/**
 * kx_plan_commit() - hand @plan to the kernel
 * @ctx: the context @plan was made with; without a root of its own
 * @plan: made by kx_plan_new()
 * @err: filled on failure only, or NULL
 *
 * One system call, retried for a second while the kernel is busy with another one, and once more
 * without flags that only newer kernels know (debug, CMA, device tree). On failure what was loaded
 * before stays, except for a crash kernel: the running kernel frees the old one first.
 *
 * A plan whose rung is "zero-copy" gets huge pages first and builds kernel and initrd in them,
 * where they will run; when that fails, the plan with a copy is loaded instead. kx_plan_info()
 * tells afterwards which it was. The pages are not available to other programs until kx_unload() or
 * another load gives them back; an older image in such pages is unloaded before pages for the new
 * one are allocated.
 *
 * Return: 0, -EROFS for a context with a root, or the errno of the system call with step
 * KX_STEP_FILE_LOAD or KX_STEP_LOAD, and a message that names the cause found in the machine's
 * policy files. Since: 1
 */
int kx_plan_commit(struct kx_ctx *ctx, struct kx_plan *plan, struct kx_error *err);

/**
 * kx_error_falls_back() - may kexec_load be tried after kexec_file_load failed like this?
 * @err: as filled by kx_plan_commit()
 *
 * True for KX_STEP_FILE_LOAD with -ENOSYS, -EINVAL, -ENOEXEC and -EOPNOTSUPP: the call does not
 * exist or does not know the image. Never for a refused signature or a missing permission.
 * Since: 1
 */
int kx_error_falls_back(const struct kx_error *err);

#define KX_UNLOAD_ON_CRASH (UINT64_C(1) << 0) /* the crash image instead of the normal one */

/**
 * kx_unload() - drop a loaded image
 * @ctx: context without a root of its own
 * @way: which system call; AUTO tries kexec_file_load and, on -ENOSYS only, kexec_load
 * @flags: KX_UNLOAD_*
 * @err: filled on failure only, or NULL
 *
 * Unloading when nothing is loaded succeeds. Huge pages that held the image are overwritten and given
 * back; when the kernel refuses to unload they are kept, because the image still needs them.
 * Return: 0, -EROFS, -EPERM, -EBUSY, -ENOSYS. Since: 1
 */
int kx_unload(struct kx_ctx *ctx, enum kx_way way, uint64_t flags, struct kx_error *err);

/** struct kx_state - what the machine says about kexec */
struct kx_state {
	size_t size;	     /* in: sizeof(struct kx_state) as the caller was compiled */
	int loaded;	     /* 1, 0, or a negative errno when it cannot be read */
	int crash_loaded;    /* the same for the crash image */
	uint64_t crash_size; /* bytes of the (last, highest) crash reservation, 0 for none */
	int load_disabled;   /* sysctl kernel.kexec_load_disabled: 1, 0, or negative errno */
	/* kernel.kexec_load_limit_reboot: calls left, -1 for no limit or no such sysctl */
	int load_limit;
	int crash_load_limit; /* kernel.kexec_load_limit_panic, likewise */
	int lockdown;	      /* 0 none, 1 integrity, 2 confidentiality, or negative errno */
	int can_boot;	      /* 1 when the caller has CAP_SYS_BOOT, else 0 */
};

/** kx_state() - read the state files under the root. Return: 0, -EINVAL, -ENOMEM. Since: 1 */
int kx_state(struct kx_ctx *ctx, struct kx_state *state, struct kx_error *err);

/**
 * kx_loaded_entry() - what tells the image that is loaded from another one
 * @ctx: context
 * @ret: where the running kernel enters the image, as in struct kx_plan_info; 0 when none is loaded
 * @err: filled on failure only, or NULL
 *
 * Read from the kernel's memory, through /proc/kallsyms and /proc/kcore. The first call of a boot takes as long
 * as printing all symbols of the kernel; the address that it looks for is then kept in
 * /run/rapidreboot/kexec-image, for root only. The planner's entry points are random, so that two loads do not share one.
 *
 * Return: 0, -ENOENT, -EPERM, -EACCES, -EIO, -EFAULT, -ENOEXEC or -ENOMEM when it cannot be told, as
 * under lockdown. Since: 1
 */
int kx_loaded_entry(struct kx_ctx *ctx, uint64_t *ret, struct kx_error *err);

/* flags of kx_jump() */
#define KX_JUMP_SYNC (UINT64_C(1) << 0)	  /* sync(2) first */
#define KX_JUMP_IFDOWN (UINT64_C(1) << 1) /* take network interfaces down first */
/* only the checks that precede a jump: for a caller that leaves the jump to init, to be called as
 * late as possible */
#define KX_JUMP_ONLY_CHECK (UINT64_C(1) << 2)

/**
 * kx_jump() - jump into the loaded kernel; on success it does not return
 * @ctx: context without a root of its own
 * @flags: KX_JUMP_*
 * @err: filled on failure only, or NULL
 *
 * In this order: something is loaded (when that can be read) -> an image in huge pages is still there
 * and whole, is loaded again with a copy when it was moved, or unloaded when it is damaged -> sync ->
 * interfaces down -> jump.
 * Interfaces are left alone when it cannot be read whether something is loaded, and interfaces
 * that were taken down come up again when reboot(2) returns. Nothing else is stopped or unmounted.
 *
 * Return: 0 with KX_JUMP_ONLY_CHECK, -ENOENT nothing is loaded (nothing was touched), -EIO it was
 * damaged, -EROFS, -EPERM, -EBUSY, -EINVAL, -ENOSYS. Since: 1
 */
int kx_jump(struct kx_ctx *ctx, uint64_t flags, struct kx_error *err);

/* ------------------------------------------------------------ after the jump */

/** struct kx_stamps - when the purgatory that started this boot ran */
struct kx_stamps {
	size_t size;	      /* in: sizeof(struct kx_stamps) as the caller was compiled */
	uint64_t tsc_khz;     /* rate that the loader measured, 0 when it could not */
	uint64_t tsc_entry;   /* time-stamp counter at the first instruction of the purgatory */
	uint64_t tsc_checked; /* after the digest */
	uint64_t tsc_exit;    /* at the jump into the kernel */
};

/**
 * kx_stamps() - read the stamps that the purgatory left for this boot
 *
 * They lie in a setup_data node of type 0x52520001 under /sys/kernel/boot_params/setup_data/.
 * Return: 0, -ENOENT when this boot did not come through our purgatory, -EBADMSG, -EINVAL.
 * Since: 1
 */
int kx_stamps(struct kx_ctx *ctx, struct kx_stamps *stamps, struct kx_error *err);

#ifdef __cplusplus
}
#endif
#endif
