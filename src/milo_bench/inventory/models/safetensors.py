"""A safetensors file from anywhere in, what it and the config.json beside it say about the model out."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.core.text import one_line
from milo_bench.core.weights.gguf_header import BadHeader, Header

# The format allows 100 MB; the biggest sharded models need a few.
_MAX_HEADER = 100_000_000
_MAX_CONFIG = 4 << 20
_LICENCE = re.compile(r"^licen[sc]e:[ \t]*['\"]?([\w.+ -]{1,60})", re.MULTILINE)


class _Tensor(msgspec.Struct):
    dtype: str
    shape: list[int]


def read_safetensors_header(path: Path) -> Header:
    """Raises BadHeader, or OSError where the file cannot be read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) != 8 or length > size - 8 or length > _MAX_HEADER:
            raise BadHeader(f"its header claims {length} bytes of a file of {size}")
        data = file.read(length)
    try:
        entries = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        weights: Counter[str] = Counter()
        for name, raw in entries.items():
            if name != "__metadata__":
                tensor = msgspec.json.decode(raw, type=_Tensor)
                weights[tensor.dtype] += math.prod(side for side in tensor.shape if side > 0)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadHeader(f"its header is not a safetensors header: {error}") from None
    dtype = weights.most_common(1)[0][0][:40] if weights else ""
    config = read_config(path.parent / "config.json")
    architectures = config.get("architectures")
    first = architectures[0] if isinstance(architectures, list) and architectures else ""
    text = config.get("text_config")
    inner: dict[str, Any] = text if isinstance(text, dict) else {}  # models that see keep it one level down
    length_named = config.get("max_position_embeddings", inner.get("max_position_embeddings"))
    return Header(
        name=_text(config.get("_name_or_path")),
        architecture=_text(config.get("model_type")) or _text(first),
        quantisation=_quantisation(config) or dtype,
        context_length=length_named if isinstance(length_named, int) and 0 < length_named < 1 << 40 else None,
        licence=read_card_licence(path.parent / "README.md"),
    )


def read_card_licence(card: Path) -> str:
    """The licence in the front matter of a model card; "" where there is none."""
    try:
        if not card.is_file() or card.stat().st_size > _MAX_CONFIG:
            return ""
        text = card.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = _LICENCE.search(text.removeprefix("---").partition("\n---")[0]) if text.startswith("---") else None
    return _text(found[1].strip()) if found else ""


def read_config(path: Path) -> dict[str, Any]:
    """A model's config.json; empty where there is none that can be used."""
    try:
        if path.stat().st_size > _MAX_CONFIG:
            return {}
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, ValueError, RecursionError):
        return {}


def _quantisation(config: dict[str, Any]) -> str:
    """``awq 4-bit`` from quantization_config, or MLX's ``quantization`` with bits and group size."""
    for name in ("quantization_config", "quantization"):
        found = config.get(name)
        if isinstance(found, dict):
            method = _text(found.get("quant_method")) or ("mlx" if name == "quantization" else "quantised")
            bits = found.get("bits", found.get("w_bit"))
            if not isinstance(bits, int):
                bits = 4 if found.get("load_in_4bit") is True else 8 if found.get("load_in_8bit") is True else None
            return f"{method} {bits}-bit" if isinstance(bits, int) and 0 < bits <= 64 else method
    return ""


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return one_line(value, 200)
