"""Folders in which models live and the mount table in, the volumes they lie on with free space out."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from milo_bench.inventory.reading import Reader, explain_error
from milo_bench.inventory.records import Disks, Volume


def read_disks(folders: Sequence[Path], reader: Reader) -> Disks:
    """One volume for each file system that holds one of ``folders``. A folder that is absent is left
    out; one that cannot be looked at is said."""
    unknown: dict[str, str] = {}
    mounts = _mounts(reader)
    if not mounts:
        unknown["mounts"] = reader.read("/proc/self/mountinfo").why or "the mount table is empty"
    by_mount: dict[str, list[Path]] = {}
    for folder in dict.fromkeys(folders):
        try:
            real = folder.resolve()
            if not real.exists():
                continue
        except OSError as error:
            unknown[str(folder)] = explain_error(error, folder)
            continue
        by_mount.setdefault(_mount_of(real), []).append(folder)
    volumes = []
    for mount, held in sorted(by_mount.items()):
        device, filesystem, number = mounts.get(mount, ("", "", ""))
        total = free = None
        try:
            usage = shutil.disk_usage(mount)
            total, free = usage.total, usage.free
        except OSError as error:
            unknown[mount] = explain_error(error, mount)
        rotational = _rotational(reader, number)
        volumes.append(Volume(mount, device, filesystem, total, free, rotational, tuple(sorted(map(str, held)))))
    return Disks(tuple(volumes), unknown)


def _mount_of(path: Path) -> str:
    while not os.path.ismount(path) and path.parent != path:
        path = path.parent
    return str(path)


def _mounts(reader: Reader) -> dict[str, tuple[str, str, str]]:
    """Mount point to device, file system and device number (proc(5), mountinfo); the last mount is on top."""
    found = {}
    for line in reader.read("/proc/self/mountinfo").text.splitlines():
        front, _, back = line.partition(" - ")
        head, tail = front.split(" "), back.split(" ")
        if len(head) >= 5 and len(tail) >= 2:
            found[_unescaped(head[4])] = (_unescaped(tail[1]), tail[0], head[2])
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _rotational(reader: Reader, number: str) -> bool | None:
    """Whether the kernel says that the disk turns; a partition has the answer one folder up."""
    if not re.fullmatch(r"\d+:\d+", number):
        return None
    for place in (f"/sys/dev/block/{number}/queue/rotational", f"/sys/dev/block/{number}/../queue/rotational"):
        text = reader.read(place).stripped
        if text in ("0", "1"):
            return text == "1"
    return None
