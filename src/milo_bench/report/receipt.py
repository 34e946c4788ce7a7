"""A transparency log's entry for a signature in, what is wrong with it out; nothing is sent anywhere.

The entry is one of Rekor's API v1, kind ``dsse``. Its inclusion proof is that of RFC 6962, section 2.1.1; the log's own
signature over the entry is checked where the reader holds the log's public key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.core.errors import DataError, PrerequisiteError, UsageError
from milo_bench.core.files import read_whole
from milo_bench.report.pages.difference import PackageDifference
from milo_bench.report.signature import RECEIPT, Envelope

_AGAIN: Final = "sign the package again to get another receipt."


class InclusionProof(msgspec.Struct, frozen=True, rename="camel"):
    """Where an entry lies in the tree of the log, and the hashes that lead to its root, in hexadecimal digits."""

    log_index: int
    root_hash: str
    tree_size: int
    hashes: tuple[str, ...] = ()


class LogVerification(msgspec.Struct, frozen=True, rename="camel"):
    """What a log gives to check an entry by; ``signed_entry_timestamp`` is base64."""

    inclusion_proof: InclusionProof | None = None
    signed_entry_timestamp: str = ""


class LogEntry(msgspec.Struct, frozen=True):
    """One entry of a transparency log, as it answers. ``body`` is base64 of canonical JSON."""

    body: str
    integratedTime: int  # noqa: N815  as the log writes it
    logID: str  # noqa: N815
    logIndex: int  # noqa: N815
    verification: LogVerification = LogVerification()


def read_receipt(data: bytes) -> LogEntry:
    """The one entry in a log's answer, which maps its id to it. Raises DataError."""
    try:
        entries = msgspec.json.decode(data, type=dict[str, LogEntry])
    except msgspec.MsgspecError as error:
        message = f"The receipt is not an entry of a transparency log ({str(error)[:120]})."
        raise DataError(message, hint=_AGAIN) from None
    if len(entries) != 1:
        raise DataError(f"The receipt has {len(entries)} entries instead of one.", hint=_AGAIN)
    return next(iter(entries.values()))


def receipt_differences(entry: LogEntry, envelope: Envelope, log_key: Path | None) -> Iterator[PackageDifference]:
    """What is wrong: an entry of another signature, a proof of another root, the signature of another log."""
    body = _decoded(entry.body)
    wanted = sha256(envelope.body()).hexdigest()
    if (found := _payload_hash(body)) != wanted:
        yield _difference(f"payload {found or 'unknown'}", f"payload {wanted}")
    proof = entry.verification.inclusion_proof
    if proof is None:
        yield _difference("no proof of inclusion", "one from the log")
    else:
        root = _root(sha256(b"\x00" + body).digest(), proof)
        if root is None or root.hex() != proof.root_hash:
            yield _difference(f"root {proof.root_hash}", f"root {root.hex() if root is not None else 'none'}")
    if log_key is not None and not _signed(entry, log_key):
        yield _difference("the entry's signature", f"one by the log's key {log_key}")


def _difference(said: str, wanted: str) -> PackageDifference:
    return PackageDifference("signature", RECEIPT, "", said, wanted)


def _payload_hash(body: bytes) -> str:
    try:
        spec: Any = msgspec.json.decode(body)["spec"]
        return str(spec["payloadHash"]["value"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return ""


def _root(leaf: bytes, proof: InclusionProof) -> bytes | None:
    """The root that the proof leads to (RFC 9162, section 2.1.3.2); None where it has too few or too many hashes."""
    if not 0 <= proof.log_index < proof.tree_size:
        return None
    place, last, found = proof.log_index, proof.tree_size - 1, leaf
    for hash in _hashes(proof.hashes):
        if last == 0:
            return None
        if place & 1 or place == last:
            found = sha256(b"\x01" + hash + found).digest()
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = sha256(b"\x01" + found + hash).digest()
        place, last = place >> 1, last >> 1
    return found if last == 0 else None


def _hashes(given: Sequence[str]) -> list[bytes]:
    try:
        return [bytes.fromhex(one) for one in given]
    except ValueError:
        raise DataError("The receipt's proof is not in hexadecimal digits.", hint=_AGAIN) from None


def _signed(entry: LogEntry, log_key: Path) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(read_whole(log_key))
    except OSError as error:
        raise PrerequisiteError(f"Cannot read the key {log_key}: {error.strerror}.", hint="check the path.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"{log_key} is not a public key in PEM form.", hint="give the key of the log.") from None
    fields = {
        "body": entry.body,
        "integratedTime": entry.integratedTime,
        "logID": entry.logID,
        "logIndex": entry.logIndex,
    }
    signed = msgspec.json.encode(fields, order="deterministic")
    signature = _decoded(entry.verification.signed_entry_timestamp)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(SHA256()))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            raise UsageError(f"{log_key} is neither an ECDSA nor an ed25519 key.", hint="give the key of the log.")
    except InvalidSignature:
        return False
    return True


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DataError("The receipt holds text that is not base64.", hint=_AGAIN) from None
