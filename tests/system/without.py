#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""without.py bpf|ipv6 COMMAND…: runs a command on what looks like a kernel without it: a seccomp filter refuses
the system call bpf(2), or sockets of AF_INET6, with the error that such a kernel gives. x86-64 and arm64."""
import ctypes
import errno
import os
import platform
import struct
import sys

CALLS = {"x86_64": {"bpf": 321, "socket": 41}, "aarch64": {"bpf": 280, "socket": 198}}[platform.machine()]
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
ALLOW, ERROR = 0x7fff0000, 0x00050000
NUMBER, FIRST_ARGUMENT = 0, 16  # offsets in struct seccomp_data


def program(what):
    if what == "bpf":
        return [(LOAD, 0, 0, NUMBER), (JUMP_EQUAL, 0, 1, CALLS["bpf"]), (RETURN, 0, 0, ERROR | errno.ENOSYS),
                (RETURN, 0, 0, ALLOW)]
    return [(LOAD, 0, 0, NUMBER), (JUMP_EQUAL, 0, 3, CALLS["socket"]), (LOAD, 0, 0, FIRST_ARGUMENT),
            (JUMP_EQUAL, 0, 1, 10), (RETURN, 0, 0, ERROR | errno.EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)]


def main():
    code = b"".join(struct.pack("HBBI", *row) for row in program(sys.argv[1]))
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, 2, ctypes.c_char_p(header), 0, 0):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER; we are root
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
