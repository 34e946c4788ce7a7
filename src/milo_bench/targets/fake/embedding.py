"""A text in, a vector out that only its words decide: texts with the same words are alike. No model, no network."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

DIMENSIONS: Final = 64
_WORD: Final = re.compile(r"\w+")


def embed_text(text: str) -> list[float]:
    """Each word adds or takes one at a place that its hash names; the first place counts words."""
    vector = [0.0] * DIMENSIONS
    for word in _WORD.findall(text.casefold()):
        digest = hashlib.sha256(word.encode()).digest()
        vector[1 + digest[0] % (DIMENSIONS - 1)] += 1.0 if digest[1] % 2 else -1.0
        vector[0] += 0.1
    return vector


def embeddings_reply(path: str, body: Any) -> dict[str, Any] | None:
    """The answer to ``body`` in the words of OpenAI, or of Ollama; None where it is not texts."""
    given = body.get("input") if isinstance(body, dict) else None
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return None
    vectors = [embed_text(text) for text in texts]
    if path == "/api/embed":
        return {"model": body.get("model", ""), "embeddings": vectors}
    data = [{"object": "embedding", "index": place, "embedding": one} for place, one in enumerate(vectors)]
    return {"object": "list", "model": body.get("model", ""), "data": data}
