"""Named streams in, an OLE compound file out (MS-CFB, version 3): the container of Outlook messages."""

from __future__ import annotations

import struct
from collections.abc import Mapping

SECTOR, SMALL, CUTOFF = 512, 64, 4096
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """The file; ``a/b`` is the stream ``b`` in the storage ``a``."""
    entries: list[list[object]] = [["Root Entry", 5, b"", []]]  # name, kind, data, children
    places: dict[str, int] = {"": 0}
    for path, data in streams.items():
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            name = "/".join(parts[:depth])
            if name not in places:
                places[name] = len(entries)
                is_stream = depth == len(parts)
                entries.append([parts[depth - 1], 2 if is_stream else 1, data if is_stream else b"", []])
                entries[places["/".join(parts[: depth - 1])]][3].append(places[name])  # type: ignore[attr-defined]
    small, small_table = bytearray(), []
    sectors: list[bytes] = []
    table: list[int] = []
    starts: dict[int, int] = {}

    def chain(data: bytes) -> int:
        first = len(sectors)
        blocks = [data[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(data), SECTOR)]
        sectors.extend(blocks)
        table.extend([*range(first + 1, first + len(blocks)), END])
        return first if blocks else END

    for index, (_, kind, data, _) in enumerate(entries):
        assert isinstance(data, bytes)
        if kind != 2 or not data:
            continue
        if len(data) >= CUTOFF:
            starts[index] = chain(data)
        else:
            starts[index] = len(small_table)
            count = -(-len(data) // SMALL)
            small_table.extend([*range(starts[index] + 1, starts[index] + count), END])
            small += data.ljust(count * SMALL, b"\0")
    starts[0] = chain(bytes(small)) if small else END
    small_first = chain(b"".join(struct.pack("<I", entry) for entry in small_table)) if small_table else END
    directory = b"".join(_entry(index, entries, starts, len(small)) for index in range(len(entries)))
    directory_first = chain(directory.ljust(-(-len(directory) // SECTOR) * SECTOR, b"\0"))
    fat_count = 1
    while fat_count * (SECTOR // 4) < len(table) + fat_count:
        fat_count += 1
    assert fat_count <= 109, "a compound file of this writer has no more than 7 MB"
    fat_first = len(sectors)
    table.extend([FAT] * fat_count)
    table.extend([FREE] * (fat_count * (SECTOR // 4) - len(table)))
    packed = struct.pack(f"<{len(table)}I", *table)
    sectors.extend(packed[at : at + SECTOR] for at in range(0, len(packed), SECTOR))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIII4xI", 0x3E, 3, 0xFFFE, 9, 6, 0, fat_count, directory_first, CUTOFF)
    header += struct.pack("<IIII", small_first, -(-len(small_table) * 4 // SECTOR), END, 0)
    header += struct.pack("<109I", *range(fat_first, fat_first + fat_count), *[FREE] * (109 - fat_count))
    return header + b"".join(sectors)


def _entry(index: int, entries: list[list[object]], starts: dict[int, int], small_size: int) -> bytes:
    name, kind, data, children = entries[index]
    assert isinstance(name, str) and isinstance(data, bytes) and isinstance(children, list)
    encoded = name.encode("utf-16-le") + b"\0\0"
    right = next((_next(index, siblings, entries) for _, _, _, siblings in entries if index in siblings), FREE)  # type: ignore[operator]
    child = _sorted(children, entries)[0] if children else FREE
    size = small_size if index == 0 else len(data)
    start = starts.get(index, 0 if kind == 1 else END)
    links = struct.pack("<BBIII", int(str(kind)), 1, FREE, right, child)
    return (
        encoded.ljust(64, b"\0") + struct.pack("<H", len(encoded)) + links + bytes(36) + struct.pack("<IQ", start, size)
    )


def _sorted(children: list[int], entries: list[list[object]]) -> list[int]:
    return sorted(children, key=lambda one: (len(str(entries[one][0])), str(entries[one][0]).upper()))


def _next(index: int, siblings: object, entries: list[list[object]]) -> int:
    assert isinstance(siblings, list)
    ordered = _sorted(siblings, entries)
    at = ordered.index(index)
    return ordered[at + 1] if at + 1 < len(ordered) else FREE
