"""A renewed certificate counts from the next connection on, without a restart; a broken one changes nothing."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from milo_bench.core.errors import PrerequisiteError
from milo_bench.gateway.certificates import Certificates
from tests.gateway.running import RunningGateway, running_gateway

ROUTING = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [{"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"}],
    "default": {"route": "refuse"},
}
LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


def write_pair(folder: Path, serial: int, *, passphrase: bytes = b"") -> tuple[Path, Path]:
    """A certificate of its own with this serial number, and its key, each put in place whole."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), serial)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    hidden = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    parts = {
        "cert.pem": certificate.public_bytes(serialization.Encoding.PEM),
        "key.pem": key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden),
    }
    for file, data in parts.items():
        (folder / f"{file}.new").write_bytes(data)
        (folder / f"{file}.new").rename(folder / file)
    return folder / "cert.pem", folder / "key.pem"


async def connect(gateway: RunningGateway) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    """A connection, and the serial number of the certificate that it was shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    port = int(gateway.address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return reader, writer, x509.load_der_x509_certificate(shown).serial_number


async def is_live(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(LIVE)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(len(b'{"status":"live"}'))
    return head.startswith(b"HTTP/1.1 200 ")


async def test_a_renewed_certificate_is_shown_to_new_connections_and_a_broken_one_to_none(tmp_path: Path) -> None:
    chain, key = write_pair(tmp_path, 7)
    async with running_gateway(tmp_path / "g", ROUTING, {"local": {}}, tls_cert=chain, tls_key=key) as gateway:
        reader, writer, first = await connect(gateway)
        write_pair(tmp_path, 8)
        await gateway.said_of("certificate_renewed")
        _, second_writer, second = await connect(gateway)
        assert (first, second) == (7, 8)
        assert await is_live(reader, writer), "an open connection goes on under its own"

        key.write_text("no key at all", encoding="utf-8")
        refused = await gateway.said_of("certificate_refused")
        third_reader, third_writer, third = await connect(gateway)
        assert (third, await is_live(third_reader, third_writer)) == (8, True)
        assert "key.pem" in str(refused["reason"])
        for one in (writer, second_writer, third_writer):
            one.close()


def test_a_key_of_another_certificate_leaves_the_one_in_use_whole(tmp_path: Path) -> None:
    kept = Certificates(*write_pair(tmp_path, 1))
    (tmp_path / "other").mkdir()
    other, _ = write_pair(tmp_path / "other", 2)
    other.rename(tmp_path / "cert.pem")
    assert not kept.take_renewed(), "a file counts once it rests"
    with pytest.raises(PrerequisiteError, match="for TLS"):
        kept.take_renewed()
    assert not kept.take_renewed(), "it is not tried again until it changes"
    write_pair(tmp_path, 3)
    assert [kept.take_renewed(), kept.take_renewed()] == [False, True]


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="the key has a passphrase"):
        Certificates(*write_pair(tmp_path, 1, passphrase=b"a long one"))
