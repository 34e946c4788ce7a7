"""A receipt of a transparency log is asked for where one is configured, kept, and checked without a network."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from milo_bench.api.sealing.transparency import get_receipt
from milo_bench.core.errors import DataError, TargetError
from milo_bench.report.receipt import read_receipt, receipt_differences
from milo_bench.report.signature import Envelope, new_key, public_bytes, read_private_key, sign_statement

OTHERS = [sha256(b"\x00" + str(number).encode()).digest() for number in range(11)]


def pair(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def tree(leaves: list[bytes]) -> bytes:
    """The root of RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return pair(tree(leaves[:half]), tree(leaves[half:]))


def path(place: int, leaves: list[bytes]) -> list[bytes]:
    """The hashes from a leaf to the root of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if place < half:
        return [*path(place, leaves[:half]), tree(leaves[half:])]
    return [*path(place - half, leaves[half:]), tree(leaves[:half])]


class LogServer(HTTPServer):
    """A transparency log with Rekor's API for entries, that really keeps a tree and signs."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.place = 4
        self.asked: list[dict[str, Any]] = []
        self.status = 201

    def entry(self, asked: dict[str, Any]) -> dict[str, Any]:
        envelope = json.loads(asked["spec"]["proposedContent"]["envelope"])
        payload = sha256(base64.b64decode(envelope["payload"])).hexdigest()
        spec = {"payloadHash": {"algorithm": "sha256", "value": payload}}
        body = json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}, separators=(",", ":")).encode()
        leaves = [*OTHERS[: self.place], sha256(b"\x00" + body).digest(), *OTHERS[self.place :]]
        said = {
            "body": base64.b64encode(body).decode(),
            "integratedTime": 1764000000,
            "logID": "00" * 32,
            "logIndex": 70 + self.place,
        }
        signed = self.key.sign(json.dumps(said, separators=(",", ":"), sort_keys=True).encode(), ec.ECDSA(SHA256()))
        proof = {
            "logIndex": self.place,
            "rootHash": tree(leaves).hex(),
            "treeSize": len(leaves),
            "hashes": [one.hex() for one in path(self.place, leaves)],
        }
        timestamp = base64.b64encode(signed).decode()
        return {"id": {**said, "verification": {"inclusionProof": proof, "signedEntryTimestamp": timestamp}}}


class _Handler(BaseHTTPRequestHandler):
    server: LogServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        data = json.dumps(self.server.entry(asked)).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def log() -> Iterator[LogServer]:
    server = LogServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def envelope(tmp_path: Path) -> Envelope:
    new_key(tmp_path / "key")
    return sign_statement({"_type": "x"}, read_private_key(tmp_path / "key"))


def received(log: LogServer, envelope: Envelope, tmp_path: Path) -> bytes:
    public = public_bytes(read_private_key(tmp_path / "key"))
    return get_receipt(f"http://127.0.0.1:{log.server_port}/", envelope, public)


def log_key(log: LogServer, tmp_path: Path) -> Path:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = log.key.public_key().public_bytes(serialization.Encoding.PEM, form)
    (tmp_path / "log.pub").write_bytes(pem)
    return tmp_path / "log.pub"


@pytest.mark.parametrize("place", range(12))
def test_a_receipt_holds_wherever_the_entry_lies_in_the_tree(
    log: LogServer, envelope: Envelope, tmp_path: Path, place: int
) -> None:
    log.place = place
    entry = read_receipt(received(log, envelope, tmp_path))
    assert list(receipt_differences(entry, envelope, log_key(log, tmp_path))) == []
    assert log.asked[0]["kind"] == "dsse"
    assert b"PUBLIC KEY" in base64.b64decode(log.asked[0]["spec"]["proposedContent"]["verifiers"][0])


def test_a_receipt_of_another_signature_another_tree_or_another_log_does_not_hold(
    log: LogServer, envelope: Envelope, tmp_path: Path
) -> None:
    data = received(log, envelope, tmp_path)
    other = sign_statement({"_type": "y"}, read_private_key(tmp_path / "key"))
    assert [one.package[:7] for one in receipt_differences(read_receipt(data), other, None)] == ["payload"]
    changed = json.loads(data)
    changed["id"]["verification"]["inclusionProof"]["rootHash"] = "00" * 32
    (one,) = receipt_differences(read_receipt(json.dumps(changed).encode()), envelope, None)
    assert one.package.startswith("root ")
    key = log_key(log, tmp_path)
    changed = json.loads(data)
    changed["id"]["integratedTime"] += 1
    (one,) = receipt_differences(read_receipt(json.dumps(changed).encode()), envelope, key)
    assert one.package == "the entry's signature"


def test_a_log_that_refuses_or_is_not_there_is_named(log: LogServer, envelope: Envelope, tmp_path: Path) -> None:
    log.status = 500
    with pytest.raises(TargetError, match="refused the signature: HTTP 500"):
        received(log, envelope, tmp_path)
    with pytest.raises(TargetError, match="Cannot reach the transparency log"):
        get_receipt("http://127.0.0.1:9", envelope, b"")
    for data in (b"{}", b"[]", b"not json"):
        with pytest.raises(DataError):
            read_receipt(data)
