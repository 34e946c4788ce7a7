"""What a server answered to texts that it was to embed in, one vector for each text out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from milo_bench.core.errors import TargetError
from milo_bench.targets.http.answer import finite_number

Vectors = tuple[tuple[float, ...], ...]


def read_vectors(data: Any, texts: int, *, target: str) -> Vectors:
    """The vectors in an answer of OpenAI's ``/embeddings`` or Ollama's ``/api/embed``.

    Raises TargetError unless there is one of finite numbers for each text, all of one length.
    """
    listed: Any = data.get("embeddings") if isinstance(data, Mapping) else None
    if listed is None and isinstance(data, Mapping) and isinstance(data.get("data"), list):
        entries = [entry for entry in data["data"] if isinstance(entry, Mapping)]
        if all(isinstance(entry.get("index"), int) for entry in entries):
            entries.sort(key=lambda entry: entry["index"])
        listed = [entry.get("embedding") for entry in entries]
    if isinstance(listed, list) and len(listed) == texts:
        vectors = [_vector(one) for one in listed]
        if all(vectors) and len({len(vector) for vector in vectors}) == 1:
            return tuple(vectors)
    message = f"Target '{target}' gave no embedding for each of {texts} texts."
    raise TargetError(message, hint="serve an embedding model. llama-server needs --embeddings.")


def _vector(listed: Any) -> tuple[float, ...]:
    if not isinstance(listed, list):
        return ()
    numbers = [number for one in listed if (number := finite_number(one)) is not None]
    return tuple(numbers) if len(numbers) == len(listed) else ()
