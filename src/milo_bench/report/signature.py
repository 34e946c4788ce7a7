"""A decision and a key in, a signed in-toto statement out; a package's statement and a public key in, what differs out.

The statement names the last seal of each run log, the decision, the policy and the economics; it is signed as a DSSE
envelope with ed25519 (in-toto Attestation Framework v1, DSSE v1). Texts of people do not enter the statement, so an
erasure leaves it valid.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from milo_bench.core.errors import DataError, PrerequisiteError, UsageError
from milo_bench.core.files import PRIVATE, PUBLIC, read_whole, write_file, write_new_file
from milo_bench.core.hashing import sha256_bytes, sha256_data
from milo_bench.decide.records import Decision
from milo_bench.report.pages.difference import PackageDifference

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE: Final = "signature.json"
RECEIPT: Final = "signature.receipt.json"
PASSPHRASE: Final = "MILO_BENCH_KEY_PASSPHRASE"  # noqa: S105  the name of a variable
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:milo-bench:decision:v1"
# What erasing a person's text empties in an example, and what may then be told of nobody.
_TEXTS_OF_AN_EXAMPLE: Final = ("reason", "expected", "got", "input", "output", "spans", "text")


class DsseSignature(msgspec.Struct, frozen=True):
    """One signature over an envelope; ``sig`` is base64."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, rename={"payload_type": "payloadType"}):
    """A DSSE envelope; ``payload`` is base64."""

    payload_type: str
    payload: str
    signatures: tuple[DsseSignature, ...]

    def body(self) -> bytes:
        """The signed bytes. Raises DataError where they are not base64."""
        return _decoded(self.payload)


def make_statement(decision: Decision) -> dict[str, Any]:
    """The in-toto statement of ``decision``: its logs by their last seals, itself without people's texts."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": "decision.json", "digest": {"miloDecision": decision_digest(decision)}},
            *(
                {"name": log.path, "digest": {"miloSeal": log.seal} if log.seal else {"sha256": log.sha256}}
                for log in decision.logs
            ),
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "toolVersion": decision.tool_version,
            "createdAt": decision.created_at,
            "policy": {"sha256": decision.policy.sha256},
            **({"economics": {"sha256": decision.economics.sha256}} if decision.economics else {}),
        },
    }


def decision_digest(decision: Decision) -> str:
    """SHA-256 of a decision as canonical JSON, without what an erasure changes: texts of examples, hashes of files.

    Every file of a package follows from the decision, and ``verify`` renders them again.
    """
    # As it is read back: a figure that was made as 1 is written as 1 and read as 1.0.
    read = msgspec.json.decode(msgspec.json.encode(decision), type=Decision)
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(read))
    for log in plain["logs"]:
        if log.get("seal"):
            log["sha256"] = ""
    for example in plain["examples"]:
        for name in _TEXTS_OF_AN_EXAMPLE:
            example.pop(name, None)
    return sha256_data(plain)


def sign_statement(statement: Mapping[str, Any], key: Ed25519PrivateKey) -> Envelope:
    """``statement`` in a DSSE envelope, signed."""
    body = msgspec.json.encode(statement, order="deterministic")
    signed = key.sign(_to_sign(PAYLOAD_TYPE, body))
    one = DsseSignature(key_id(key.public_key()), base64.b64encode(signed).decode())
    return Envelope(PAYLOAD_TYPE, base64.b64encode(body).decode(), (one,))


def envelope_bytes(envelope: Envelope) -> bytes:
    """An envelope as it is written."""
    return msgspec.json.format(msgspec.json.encode(envelope), indent=1) + b"\n"


def read_envelope(path: Path) -> Envelope:
    """The envelope at ``path``. Raises PrerequisiteError where there is none, DataError for another file."""
    try:
        return msgspec.json.decode(read_whole(path), type=Envelope)
    except OSError:
        message = f"There is no signature at {path}."
        raise PrerequisiteError(message, hint="sign the package: milo-bench sign PACKAGE --key KEY") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is not a DSSE envelope ({str(error)[:120]}).", hint="sign the package again."
        ) from None


def signature_differences(envelope: Envelope, key: Ed25519PublicKey, decision: Decision) -> Iterator[PackageDifference]:
    """What is wrong with a signature: not by ``key``, or over another decision, other logs or another policy."""
    body = envelope.body()
    if envelope.payload_type != PAYLOAD_TYPE or not _signed_by(envelope, body, key):
        signers = ", ".join(one.keyid[:12] for one in envelope.signatures) or "nobody"
        yield PackageDifference("signature", SIGNATURE, "", f"signed by {signers}", f"signed by {key_id(key)[:12]}")
        return
    try:
        signed = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        yield PackageDifference("signature", SIGNATURE, "", "a payload that is not JSON", "an in-toto statement")
        return
    wanted = make_statement(decision)
    for place in ("_type", "predicateType", "predicate"):
        if signed.get(place) != wanted[place]:
            yield _difference(place, signed.get(place), wanted[place])
    before, now = _subjects(signed), _subjects(wanted)
    for name in dict.fromkeys((*before, *now)):
        if before.get(name) != now.get(name):
            yield _difference(name, before.get(name), now.get(name))


def _difference(place: str, signed: object, found: object) -> PackageDifference:
    said, wanted = (msgspec.json.encode(value).decode()[:160] for value in (found, signed))
    return PackageDifference("signature", SIGNATURE, "", said, f"as signed: {wanted}", source=place)


def _subjects(statement: Mapping[str, Any]) -> dict[str, Any]:
    subjects = statement.get("subject")
    if not isinstance(subjects, list):
        return {}
    return {str(one.get("name")): one.get("digest") for one in subjects if isinstance(one, dict)}


def _signed_by(envelope: Envelope, body: bytes, key: Ed25519PublicKey) -> bool:
    from cryptography.exceptions import InvalidSignature

    for one in envelope.signatures:
        try:
            key.verify(_decoded(one.sig), _to_sign(envelope.payload_type, body))
        except InvalidSignature:
            continue
        return True
    return False


def _to_sign(payload_type: str, body: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DataError(f"{SIGNATURE} holds text that is not base64.", hint="sign the package again.") from None


# ---------------------------------------------------------------- keys


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 of a public key in its DER form."""
    from cryptography.hazmat.primitives import serialization

    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return sha256_bytes(der)


def new_key(path: Path) -> Path:
    """Write a new private key to ``path`` and its public key beside it; the public key's path.

    The private key is encrypted where the environment gives a passphrase. Never overwrites a file.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    passphrase = os.environ.get(PASSPHRASE, "").encode()
    secret = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
    public = public_bytes(key)
    write_new_file(path, private, taken="choose another --new-key.", mode=PRIVATE)
    return write_file(path.with_name(f"{path.name}.pub"), public, mode=PUBLIC)


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The public key of ``key`` in PEM form."""
    from cryptography.hazmat.primitives import serialization

    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file. Raises PrerequisiteError and UsageError; never says what the file holds."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    passphrase = os.environ.get(PASSPHRASE, "").encode() or None
    try:
        key = load_pem_private_key(_key_bytes(path), passphrase)
    except TypeError:
        which = "is not encrypted, but a passphrase is set" if passphrase else "is encrypted"
        raise UsageError(f"The key {path} {which}.", hint=f"set {PASSPHRASE} to its passphrase, or unset it.") from None
    except (ValueError, UnsupportedAlgorithm):
        message = f"{path} is not a private key in PEM form, or its passphrase is another one."
        raise UsageError(message, hint="make one with 'milo-bench sign --new-key FILE'.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is not an ed25519 key.", hint="make one with 'milo-bench sign --new-key FILE'.")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file. Raises PrerequisiteError and UsageError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_key_bytes(path))
    except (ValueError, UnsupportedAlgorithm):
        message = f"{path} is not a public key in PEM form."
        raise UsageError(message, hint="give the .pub file that 'milo-bench sign --new-key' wrote.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path} is not an ed25519 key.", hint="give the .pub file of the key that signed.")
    return key


def _key_bytes(path: Path) -> bytes:
    try:
        return read_whole(path)
    except OSError as error:
        raise PrerequisiteError(f"Cannot read the key {path}: {error.strerror}.", hint="check the path.") from None
