"""Two decisions in, the recomputed one with the pictures of the other out, as far as their digests prove them."""

from __future__ import annotations

import base64
from pathlib import PurePosixPath

import msgspec

from milo_bench.core.hashing import sha256_bytes
from milo_bench.decide.records import Decision, ShownPicture


def with_kept_pictures(anew: Decision, decision: Decision) -> Decision:
    """``anew`` with the pictures of ``decision`` where the suite's folder is not here.

    The log names each picture by its digest, which its bytes must have.
    """
    kept = {one.id: one.pictures for one in decision.examples}
    examples = []
    for one in anew.examples:
        known = {picture.name: picture for picture in kept.get(one.id, ())}
        pictures = tuple(
            known[picture.name] if not picture.digest and _is_itself(known.get(picture.name)) else picture
            for picture in one.pictures
        )
        examples.append(msgspec.structs.replace(one, pictures=pictures))
    return msgspec.structs.replace(anew, examples=tuple(examples))


def _is_itself(picture: ShownPicture | None) -> bool:
    """Whether a picture's bytes have the digest that its name and its record give."""
    if picture is None or PurePosixPath(picture.name).stem != picture.digest:
        return False
    try:
        return not picture.data or sha256_bytes(base64.b64decode(picture.data, validate=True)) == picture.digest
    except ValueError:
        return False
