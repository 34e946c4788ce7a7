"""A GGUF file from anywhere in, what its header says about the model out; read within bounds, never trusted."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from milo_bench.core.hashing import sha256_text
from milo_bench.core.text import one_line

# The format: docs/gguf.md of ggml. Counts beyond these are no model's, but somebody's attempt.
_MAX_HEADER = 256 << 20
_MAX_ENTRIES = 100_000
_MAX_TENSORS = 500_000
_MAX_STRING = 16 << 20
_MAX_NAME = 65_535
_KEPT_STRING = 1_000
_TEMPLATE = "tokenizer.chat_template"
_MAX_WALKED = 8_000_000  # elements of arrays that have to be walked one by one

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9

# llama.h, enum llama_ftype; numbers that are missing were removed from the format.
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL",
    26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0",
    37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip
# ggml.h, enum ggml_type.
_TENSOR_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K",
    12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
    20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0",
    39: "MXFP4",
}  # fmt: skip


class BadHeader(Exception):
    """The file is not what its name says, or its sizes do not fit the file."""


@dataclass(frozen=True)
class Header:
    """What a file of weights says of itself; empty or None where it does not."""

    name: str = ""
    architecture: str = ""
    quantisation: str = ""
    context_length: int | None = None
    licence: str = ""
    chat_template: str = ""  # "sha256:…" of its text


def read_gguf_header(path: Path) -> Header:
    """Raises BadHeader, or OSError where the file cannot be read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        return _Walk(file, size).header()


class _Walk:
    """One pass over a header; every length is checked against the rest of the file before it is used."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._limit = min(size, _MAX_HEADER)
        self._at = 0
        self._order = "<"
        self._walked = 0

    def header(self) -> Header:
        if self._take(4) != b"GGUF":
            raise BadHeader("it does not start with GGUF")
        version_bytes = self._take(4)
        (version,) = struct.unpack("<I", version_bytes)
        if version & 0xFFFF == 0 and version:
            self._order = ">"  # written on a big-endian machine
            (version,) = struct.unpack(">I", version_bytes)
        if version not in (2, 3):
            raise BadHeader(f"GGUF version {version} is unknown")
        tensors, entries = self._number("Q"), self._number("Q")
        if tensors > _MAX_TENSORS or entries > _MAX_ENTRIES:
            raise BadHeader(f"it claims {tensors} tensors and {entries} entries")
        facts: dict[str, object] = {}
        for _ in range(entries):
            key = self._string(_MAX_NAME)
            value = self._value(self._number("I"), whole=key == _TEMPLATE)
            if value is not None:
                facts.setdefault(key, value)
        architecture = _text(facts.get("general.architecture"))
        length = facts.get(f"{architecture}.context_length")
        file_type = facts.get("general.file_type")
        template = facts.get(_TEMPLATE)
        quantisation = _FILE_TYPES.get(file_type, "") if isinstance(file_type, int) else ""
        if not quantisation:
            quantisation = self._commonest(tensors)
        return Header(
            name=_text(facts.get("general.name")),
            architecture=architecture,
            quantisation=quantisation,
            context_length=length if isinstance(length, int) and 0 < length < 1 << 40 else None,
            licence=_licence(facts),
            chat_template=f"sha256:{sha256_text(template)}" if isinstance(template, str) and template else "",
        )

    def _commonest(self, tensors: int) -> str:
        """The type of most weights, for files that do not name theirs."""
        weights: Counter[int] = Counter()
        for _ in range(tensors):
            self._string(_MAX_NAME)
            dimensions = self._number("I")
            if dimensions > 8:
                raise BadHeader(f"a tensor claims {dimensions} dimensions")
            count = 1
            for _ in range(dimensions):
                count *= self._number("Q")
            kind = self._number("I")
            self._skip(8)
            weights[kind] += count
        if not weights:
            return ""
        kind = weights.most_common(1)[0][0]
        return _TENSOR_TYPES.get(kind, f"type {kind}")

    def _value(self, kind: int, *, whole: bool = False) -> object:
        """A number, a truth value or a text; None for what is only stepped over. A long text is kept if ``whole``."""
        if kind in _SCALARS:
            return self._scalar(_SCALARS[kind])
        if kind == _STRING:
            return self._string(_MAX_STRING, _MAX_STRING if whole else _KEPT_STRING)
        if kind == _ARRAY:
            self._skip_array(depth=0)
            return None
        raise BadHeader(f"it contains a value of the unknown type {kind}")

    def _skip_array(self, depth: int) -> None:
        if depth > 3:
            raise BadHeader("its arrays are nested too deeply")
        kind, count = self._number("I"), self._number("Q")
        if kind in _SCALARS:
            self._skip(count * struct.calcsize("=" + _SCALARS[kind]))
            return
        if kind not in (_STRING, _ARRAY):
            raise BadHeader(f"it contains an array of the unknown type {kind}")
        self._walked += count
        if self._walked > _MAX_WALKED or count * 8 > self._limit - self._at:
            raise BadHeader(f"it claims an array of {count} elements")
        for _ in range(count):
            if kind == _STRING:
                self._skip(self._number("Q"))
            else:
                self._skip_array(depth + 1)

    def _scalar(self, code: str) -> int | float:
        value: int | float = struct.unpack(self._order + code, self._take(struct.calcsize("=" + code)))[0]
        return value

    def _number(self, code: str) -> int:
        return int(self._scalar(code))

    def _string(self, limit: int, kept: int = _KEPT_STRING) -> str:
        length = self._number("Q")
        if length > limit:
            raise BadHeader(f"it claims a text of {length} bytes")
        if length > kept:
            self._skip(length)
            return ""
        return self._take(length).decode("utf-8", "replace")

    def _take(self, count: int) -> bytes:
        self._at += count
        if self._at > self._limit:
            raise BadHeader("its header is incomplete")
        data = self._file.read(count)
        if len(data) != count:
            raise BadHeader("its header is incomplete")
        return data

    def _skip(self, count: int) -> None:
        self._at += count
        if self._at > self._limit:
            raise BadHeader("its header claims more than the file contains")
        if count < 8192:
            self._file.read(count)  # within the buffer; a seek would throw it away
        else:
            self._file.seek(self._at)


def _licence(facts: Mapping[str, object]) -> str:
    """The licence as the file names it: an SPDX identifier, or a name where it says only "other"."""
    found, name = _text(facts.get("general.license")), _text(facts.get("general.license.name"))
    return name if name and found.casefold() in ("", "other") else found


def _text(value: object) -> str:
    """Printable text of at most 200 characters; a file can say anything."""
    if not isinstance(value, str):
        return ""
    return one_line(value, 200)
