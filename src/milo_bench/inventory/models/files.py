"""Folders and files of weights in, size, digest, architecture, quantisation and context length of each out."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from milo_bench.core.weights.digests import DigestBook
from milo_bench.core.weights.gguf_header import BadHeader, Header, read_gguf_header
from milo_bench.inventory.models.places import FoundWeights, WeightsPlace, WeightsSearch
from milo_bench.inventory.models.safetensors import read_safetensors_header
from milo_bench.inventory.reading import explain_error
from milo_bench.inventory.records import ModelFile, ModelFiles


def read_model_files(
    places: Sequence[WeightsPlace], files: Sequence[Path], book: DigestBook, *, verify_told: bool = False
) -> ModelFiles:
    """``files`` are looked at besides what lies in ``places``.

    A digest that the store's file name tells is taken from there; with ``verify_told`` it is
    computed, and a difference is the file's problem. Nothing raises for a broken file.
    """
    search = WeightsSearch()
    found = search.find(places, files)
    read = tuple(_read(item, book, verify_told) for item in found)
    book.save()
    if book.problem:
        search.unknown["digests"] = book.problem
    folders = tuple(str(place.path) for place in places if place.path.is_dir())
    return ModelFiles(tuple(sorted(read, key=lambda file: file.path)), folders, search.unknown)


def _read(item: FoundWeights, book: DigestBook, verify_told: bool) -> ModelFile:
    is_gguf = not item.path.name.lower().endswith(".safetensors")
    header, problems = Header(), []
    try:
        status = item.path.stat()
    except OSError as error:
        return ModelFile(str(item.path), _format(is_gguf), 0, problem=explain_error(error, item.path))
    size = status.st_size
    if not stat.S_ISREG(status.st_mode):
        # Reading a device or a pipe may never end.
        return ModelFile(str(item.path), _format(is_gguf), size, problem="is not a regular file")
    try:
        header = read_gguf_header(item.path) if is_gguf else read_safetensors_header(item.path)
    except BadHeader as error:
        problems.append(f"no readable {'GGUF' if is_gguf else 'safetensors'} header: {error}")
    except OSError as error:
        problems.append(explain_error(error, item.path))
    sha256, source, why = _digest(item, book, verify_told)
    return ModelFile(
        path=str(item.path),
        format=_format(is_gguf),
        size_bytes=size,
        name=item.name or header.name,
        sha256=sha256,
        digest_from=source,
        architecture=header.architecture,
        quantisation=header.quantisation,
        context_length=header.context_length,
        problem="; ".join([*problems, why] if why else problems),
        licence=header.licence,
        licence_from=("general.license of the file" if is_gguf else "model card") if header.licence else "",
    )


def _format(is_gguf: bool) -> Literal["gguf", "safetensors"]:
    return "gguf" if is_gguf else "safetensors"


def _digest(
    item: FoundWeights, book: DigestBook, verify: bool
) -> tuple[str, Literal["computed", "file name", ""], str]:
    if item.told_sha256 and not verify:
        return item.told_sha256, "file name", ""
    found, why = book.digest(item.path)
    if found and item.told_sha256 and found != item.told_sha256:
        why = f"its bytes do not have the digest {item.told_sha256[:12]}… in its name"
    return found, "computed" if found else "", f"digest unknown: {why}" if why and not found else why
