"""A server that cannot prove its name gets nothing: no prompt, no key."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import ConfigError, TargetError
from milo_bench.targets import open_target


@pytest.fixture
async def impostor(tmp_path: Path) -> AsyncIterator[tuple[str, list[web.Request]]]:
    """The address of a TLS server with a certificate that nobody vouches for, and what it has received."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    received: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        received.append(request)
        return web.json_response({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "localhost", 0, ssl_context=context)
    await site.start()
    yield f"https://localhost:{runner.addresses[0][1]}/v1", received
    await runner.cleanup()


async def test_a_server_with_a_certificate_that_nobody_vouches_for_gets_no_request_and_no_key(
    impostor: tuple[str, list[web.Request]],
) -> None:
    address, received = impostor
    config = TargetConfig(name="hosted", api="openai", model="m", base_url=address, api_key_env="KEY", hosted=True)
    target = open_target(config, {"KEY": "not-a-real-key-0123456789"})
    with pytest.raises(TargetError) as caught:
        await target.start()
    await target.stop()
    assert received == []
    assert "not-a-real-key" not in f"{caught.value.message} {caught.value.hint}"
    assert "certificate" in caught.value.message.lower()


async def test_a_ca_file_makes_a_certificate_of_your_own_trusted_and_no_other(
    impostor: tuple[str, list[web.Request]], tmp_path: Path
) -> None:
    address, received = impostor
    config = TargetConfig(name="t", api="openai", model="m", base_url=address, ca_file=str(tmp_path / "server.pem"))
    target = open_target(config, {})
    assert (await target.start()).endpoint.startswith("https://localhost")
    await target.stop()
    assert received


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_ca_file_that_holds_none_is_told_before_anything_is_sent(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)
    config = TargetConfig(name="t", api="openai", model="m", base_url="https://localhost:1/v1", ca_file=str(file))
    with pytest.raises(ConfigError) as caught:
        open_target(config, {})
    assert "ca_file" in caught.value.message and "PEM" in caught.value.hint
