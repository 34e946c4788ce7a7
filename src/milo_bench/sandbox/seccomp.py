"""A processor's name in, the program that decides on every system call of the sandbox out, as the kernel reads it.

Namespaces are the fence; this closes the gates that they leave open. It lists what is refused and allows the rest,
because test suites of strangers call much. Numbers are those of ``asm/unistd_64.h`` and ``asm-generic/unistd.h``.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from typing import Final

# Refused with EPERM. Number on x86_64, number on aarch64 (None: it has no such call).
_REFUSED: Final[Mapping[str, tuple[int, int | None]]] = {
    # namespaces and mounts: a second world may have other rules
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "fsconfig": (431, 431),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    # other processes' memory and descriptors
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    # large kernel interfaces that no test needs
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "io_uring_setup": (425, 425),  # its requests pass no filter
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # keys belong to no namespace
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    # memory that no limit of a process counts
    "shmget": (29, 194),
    "memfd_secret": (447, 447),
    # the machine itself
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "syslog": (103, 116),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "nfsservctl": (180, 42),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
# Refused as if the kernel did not know them, so that libraries take the older way: clone instead of clone3, whose
# flags lie in memory where no filter can read them; a file in /tmp instead of a memory file without a size.
_UNKNOWN: Final[Mapping[str, tuple[int, int]]] = {"clone3": (435, 435), "memfd_create": (319, 279)}
_SOCKET: Final = (41, 198)
_CLONE: Final = (56, 220)

_AUDIT_ARCH: Final[Mapping[str, int]] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PROCESSORS: Final = tuple(_AUDIT_ARCH)
_X32_BIT: Final = 0x40000000
# Unix, IPv4 and IPv6 live in the sandbox's own network namespace. Others, such as vsock, reach past it.
_SOCKET_FAMILIES: Final = (1, 2, 10)
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NEW_NAMESPACES: Final = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AT_NUMBER, _AT_PROCESSOR, _AT_FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data, little-endian
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000


def seccomp_program(processor: str) -> bytes:
    """The filter for ``processor`` (one of ``PROCESSORS``) as an array of ``struct sock_filter``."""
    place = PROCESSORS.index(processor)
    steps = [
        _step(_LOAD, _AT_PROCESSOR),
        _step(_JUMP_EQUAL, _AUDIT_ARCH[processor], no=0, yes=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _AT_NUMBER),
    ]
    if processor == "x86_64":
        steps += [_step(_JUMP_AT_LEAST, _X32_BIT, yes=0, no=1), _refuse(errno.ENOSYS)]
    for numbers in _REFUSED.values():
        number = numbers[place]
        if number is not None:
            steps += [_step(_JUMP_EQUAL, number, yes=0, no=1), _refuse(errno.EPERM)]
    for numbers in _UNKNOWN.values():
        steps += [_step(_JUMP_EQUAL, numbers[place], yes=0, no=1), _refuse(errno.ENOSYS)]
    steps += [
        _step(_JUMP_EQUAL, _CLONE[place], yes=0, no=4),
        _step(_LOAD, _AT_FIRST_ARGUMENT),
        _step(_JUMP_ANY_BIT, _NEW_NAMESPACES, yes=0, no=1),
        _refuse(errno.EPERM),
        _step(_RETURN, _ALLOW),
    ]
    families = len(_SOCKET_FAMILIES)
    steps += [_step(_JUMP_EQUAL, _SOCKET[place], yes=0, no=families + 2), _step(_LOAD, _AT_FIRST_ARGUMENT)]
    # Each known family jumps over the rest of them and over the refusal.
    steps += [_step(_JUMP_EQUAL, family, yes=families - at, no=0) for at, family in enumerate(_SOCKET_FAMILIES)]
    steps += [_refuse(errno.EAFNOSUPPORT), _step(_RETURN, _ALLOW)]
    return b"".join(steps)


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; ``yes`` and ``no`` are how many instructions to jump over."""
    return struct.pack("<HBBI", code, yes, no, value)


def _refuse(number: int) -> bytes:
    return _step(_RETURN, 0x00050000 | number)
