"""A part of an Office Open XML package in, the parts that it refers to out; nothing outside the package."""

from __future__ import annotations

import posixpath

from milo_bench.suites.bounded.archive import Archive
from milo_bench.suites.bounded.xml_tree import read_xml


def relations_of(archive: Archive, part: str) -> dict[str, str]:
    """Paths by relation id."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, str] = {}
    for relation in read_xml(archive.read(path)) if path in archive else ():
        target = relation.get("Target", "")
        if relation.get("TargetMode") != "External":
            full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[relation.get("Id", "")] = full
    return found
