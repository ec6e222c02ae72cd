#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plan how a kernel would be loaded, with libkexec and ctypes: nothing is loaded, and nothing has changed afterwards.

    example.py [--root DIR] KERNEL [INITRD [COMMAND-LINE]]

LIBKEXEC names the library; libkexec.so.1 where ld.so(8) finds it.
"""
import ctypes
import os
import sys
from ctypes import POINTER, byref, c_char, c_char_p, c_int, c_size_t, c_uint32, c_uint64, c_void_p, sizeof

WAY_SEGMENTS = 2    # KX_WAY_SEGMENTS: the library places everything, so that there is something to print

# Structs begin as in libkexec.h; each tells its size, so that fields which are left out at the end are not used.


class Error(ctypes.Structure):      # struct kx_error has no size: all of it
    _fields_ = [("code", c_int), ("step", c_int), ("message", c_char * 504), ("file", c_char * 1024),
                ("start", c_uint64), ("end", c_uint64), ("bytes", c_uint64), ("flags", c_uint64),
                ("type", c_char_p), ("reserved", c_uint64 * 11)]


class ContextOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("root", c_char_p), ("log", c_void_p), ("log_data", c_void_p),
                ("files", c_char_p)]


class Request(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("image", c_void_p), ("initrds", POINTER(c_char_p)), ("n_initrds", c_size_t),
                ("modules", POINTER(c_char_p)), ("n_modules", c_size_t), ("cmdline", c_char_p), ("way", c_int),
                ("args", c_int), ("flags", c_uint64), ("mem_min", c_uint64), ("mem_end", c_uint64),
                ("entry", c_uint64), ("dtb", c_char_p), ("serial_port", c_uint32), ("serial_baud", c_uint32)]


class PlanInfo(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("way", c_int), ("reason", c_char_p), ("architecture", c_char_p),
                ("type", c_char_p), ("cmdline", c_char_p), ("entry", c_uint64), ("kernel_entry", c_uint64),
                ("syscall_flags", c_uint64), ("n_segments", c_size_t)]


class Segment(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("data", c_void_p), ("data_size", c_uint64),
                ("start", c_uint64), ("end", c_uint64)]


class Failed(Exception):
    """The library's sentence about what failed, and what to do."""


class Library:
    """The calls, with failures as exceptions. What is opened is released at the end, in any order."""

    def __init__(self):
        self.calls = ctypes.CDLL(os.environ.get("LIBKEXEC", "libkexec.so.1"))
        self.held = []
        for name in ("kx_plan_free", "kx_image_free", "kx_ctx_free"):
            getattr(self.calls, name).argtypes = [c_void_p]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for free, what in reversed(self.held):
            getattr(self.calls, free)(what)

    def make(self, call, free, *arguments):
        """One of the calls that return an object and fill an error."""
        what, error = c_void_p(), Error()
        if getattr(self.calls, call)(*arguments, byref(what), byref(error)) < 0:
            raise Failed(error.message.decode())
        self.held.append((free, what))
        return what

    def plan(self, root, kernel, initrds, cmdline):
        options = ContextOptions(size=sizeof(ContextOptions), root=root)
        context = self.make("kx_ctx_new", "kx_ctx_free", byref(options))
        image = self.make("kx_image_open", "kx_image_free", context, c_char_p(kernel), None)
        request = Request(size=sizeof(Request), image=image, n_initrds=len(initrds), cmdline=cmdline, way=WAY_SEGMENTS,
                          initrds=(c_char_p * len(initrds))(*initrds) if initrds else None)
        return self.make("kx_plan_new", "kx_plan_free", context, byref(request))

    def info(self, plan):
        info = PlanInfo(size=sizeof(PlanInfo))
        if self.calls.kx_plan_info(plan, byref(info)) < 0:
            raise Failed("kx_plan_info knows no struct of this size")
        return info

    def segments(self, plan, number):
        self.calls.kx_plan_segment.argtypes = [c_void_p, c_size_t, c_void_p]
        for i in range(number):
            segment = Segment(size=sizeof(Segment))
            if self.calls.kx_plan_segment(plan, i, byref(segment)) < 0:
                raise Failed(f"segment {i} cannot be read")
            yield segment


def main():
    words = [os.fsencode(word) for word in sys.argv[1:]]
    root = None
    if words[:1] == [b"--root"]:
        root, words = (words[1], words[2:]) if len(words) > 1 else (None, [])
    if not words:
        print(f"usage: {sys.argv[0]} [--root DIR] KERNEL [INITRD [COMMAND-LINE]]", file=sys.stderr)
        return 2
    try:
        with Library() as library:
            plan = library.plan(root, words[0], words[1:2], words[2] if len(words) > 2 else b"")
            info = library.info(plan)
            print(f"{info.type.decode()}, {info.reason.decode()}")
            for segment in library.segments(plan, info.n_segments):
                print(f"{segment.start:#x} {segment.end:#x} {segment.name.decode()}")
    except (Failed, OSError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
