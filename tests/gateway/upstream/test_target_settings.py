"""Every setting of a target: the gateway's requests keep it as the measured client does, or the gateway does not start.

A new setting fails ``test_no_setting_of_a_target_is_forgotten`` until it is in one of the tables here.
"""

from __future__ import annotations

import datetime
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from milo_bench.config.settings import TargetConfig
from milo_bench.config.target_settings import API_SETTINGS
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Timeouts
from milo_bench.gateway.upstream.kept_settings import client_of, refuse_lost
from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.targets.http.tls import Trust
from milo_bench.targets.opening import open_target
from tests.gateway.running import RunningGateway, running_gateway
from tests.patience import WAIT_S

LIMITS = Timeouts(WAIT_S, WAIT_S, WAIT_S)
ENV = {"KEY": "not-a-real-key", "TEAM": "payments"}
REQUEST = ChatRequest(
    (Message("system", "Be brief."), Message("user", "What is the status?"), Message("user", "Of E-0401?")),
    max_tokens=50,
)
# By setting: what its measured requests have, and the gateway's have to have.
SENT: Mapping[str, Mapping[str, Any]] = {
    "api": {"api": "openai"},
    "model": {"model": "another"},
    "base_url": {"path": "/under/a/prefix/v1"},
    "api_key_env": {"api_key_env": "KEY"},
    "headers_env": {"headers_env": {"X-Team": "TEAM"}},
    "hosted": {"hosted": True, "thinking": "low"},
    "ca_file": {"ca_file": "server.pem"},
    "thinking": {"thinking": 64},
    "system": {"system": "merge"},
    "settings.extra_body": {"settings": {"extra_body": {"top_p": 0.9}}},
    "settings.omit": {"settings": {"omit": ["temperature"]}},
    "settings.max_tokens_field": {"thinking": "low", "settings": {"max_tokens_field": "max_completion_tokens"}},
    "settings.stream_usage": {"settings": {"stream_usage": False}},
}
REFUSED: Mapping[str, Mapping[str, Any]] = {
    "proxy": {"proxy": "http://proxy.test:3128"},
    "context_window": {"api": "ollama", "context_window": 8192},
    "threads": {"api": "ollama", "threads": 4},
    "gpu_layers": {"api": "ollama", "gpu_layers": 1},
    "thinking of ollama": {"api": "ollama", "thinking": "off"},
    "settings of ollama": {"api": "ollama", "settings": {"num_ctx": 8192}},
}
# They say what a model is or how a server of our own is started; no request has them.
NOT_SENT = {"name", "quantisation", "family", "price", "weights", "parallel", "script", "sees"}


def test_no_setting_of_a_target_is_forgotten() -> None:
    known = {name.partition(" ")[0] for name in {*SENT, *REFUSED}} | NOT_SENT
    fields = set(TargetConfig.model_fields) | {f"settings.{name}" for name in API_SETTINGS["openai"].model_fields}
    assert fields | {"settings"} == known


@pytest.mark.parametrize("setting", SENT)
async def test_the_gateway_sends_what_the_measured_client_sends(setting: str, tmp_path: Path) -> None:
    more = dict(SENT[setting])
    async with recording(tmp_path, tls="ca_file" in more, path=more.pop("path", "/v1")) as server:
        if "ca_file" in more:
            more["ca_file"] = str(tmp_path / "server.pem")
        plain = TargetConfig(name="t", api="openai", model="m", base_url=server.address)
        config = TargetConfig(**{**plain.model_dump(exclude_unset=True), **more})
        refuse_lost(config, ENV)
        target = open_target(config, ENV)
        upstream = Upstream(config, target, client_of(target, config, ENV), ENV, 30.0)
        written_by_client = Upstream(plain, target, client_of(open_target(plain, {}), plain, {}), {}, 30.0)
        await upstream.client.ask(REQUEST, timeouts=LIMITS, zero_s=time.monotonic(), intended_s=0.0)
        fields = msgspec.json.decode(written_by_client.rendered(REQUEST, stream=True))
        for body in (upstream.rendered(REQUEST, stream=True), upstream.forwarded(fields, stream=True)):
            reply = await upstream.pool.fetch(upstream.path("chat"), body, LIMITS)
            assert (reply.failure, reply.message) == (None, "")
        await upstream.stop()
    measured, rendered, forwarded = server.seen
    assert rendered == measured
    assert forwarded == measured


@pytest.mark.parametrize("setting", REFUSED)
def test_a_setting_that_requests_would_lose_is_refused_by_its_name(setting: str) -> None:
    more = {"api": "openai", "base_url": "http://127.0.0.1:1/v1", **REFUSED[setting]}
    with pytest.raises(ConfigError) as caught:
        refuse_lost(TargetConfig(name="t", model="m", **more), {})
    assert setting.partition(" ")[0] in caught.value.message and caught.value.hint


def test_a_proxy_of_the_environment_is_refused_as_one_of_the_target_is() -> None:
    config = TargetConfig(name="t", api="openai", model="m", base_url="https://models.example/v1", hosted=True)
    with pytest.raises(ConfigError) as caught:
        refuse_lost(config, {"HTTPS_PROXY": "http://proxy.test:3128"})
    assert "HTTPS_PROXY" in caught.value.message and "models.example into NO_PROXY" in caught.value.hint
    refuse_lost(config, {"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": "models.example"})


# ------------------------------------------------------------ a whole gateway

ROUTING = {
    "targets": {"local": {"model": "m"}},
    "rules": [{"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"}],
    "default": {"route": "refuse"},
}


async def answer_of(gateway: RunningGateway) -> str:
    reply = await gateway.client().chat.completions.create(
        model="milo/notes", messages=[{"role": "user", "content": "x"}]
    )
    return reply.choices[0].message.content or ""


async def test_a_server_of_a_private_authority_answers_requests(tmp_path: Path) -> None:
    async with (
        recording(tmp_path, tls=True) as server,
        running_gateway(
            tmp_path / "g", ROUTING, {"local": {"reply": {"text": "no"}}},
            targets={"local": {"base_url": server.address, "ca_file": str(tmp_path / "server.pem")}},
        ) as gateway,
    ):  # fmt: skip
        assert await answer_of(gateway) == "Hi"


async def test_a_target_whose_requests_cannot_pass_is_never_ready(tmp_path: Path) -> None:
    async with (
        recording(tmp_path, refuses_whole=True) as server,
        running_gateway(
            tmp_path / "g",
            ROUTING,
            {"local": {"reply": {"text": "no"}}},
            targets={"local": {"base_url": server.address}},
        ) as gateway,
        ClientSession() as session,
        session.get(f"{gateway.address}/health/ready") as reply,
    ):
        assert reply.status == 503


async def test_a_renewed_ca_file_counts_from_the_next_connection_on(tmp_path: Path) -> None:
    write_pair(tmp_path)
    file = tmp_path / "server.pem"
    trust = Trust(str(file))
    before = trust.context
    assert not trust.take_renewed()
    file.write_text("half of a file")
    assert not trust.take_renewed()  # it may still be written
    with pytest.raises(ConfigError):
        trust.take_renewed()
    assert trust.context is before and not trust.take_renewed()
    write_pair(tmp_path)
    assert [trust.take_renewed(), trust.take_renewed(), trust.take_renewed()] == [False, True, False]
    assert trust.context is not before


# ------------------------------------------------------------ a server that keeps what it was sent


@dataclass
class Recording:
    address: str = ""
    seen: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)


def write_pair(folder: Path) -> Path:
    """A certificate of its own for localhost, and its key, in ``server.pem``."""
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
    hidden = serialization.NoEncryption()
    written = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    (folder / "server.pem").write_bytes(written + certificate.public_bytes(serialization.Encoding.PEM))
    return folder / "server.pem"


@asynccontextmanager
async def recording(
    folder: Path, *, tls: bool = False, path: str = "/v1", refuses_whole: bool = False
) -> AsyncIterator[Recording]:
    found = Recording()
    passing = {"Host", "Content-Length", "Accept", "Accept-Encoding", "Connection"}

    async def answer(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"data": []})
        body = await request.json()
        if refuses_whole and not body.get("stream"):
            return web.json_response({"error": {"message": "streams alone are served"}}, status=400)
        headers = {name: value for name, value in request.headers.items() if name not in passing}
        found.seen.append((request.path, headers, body))
        answered = {"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop", "index": 0}
        return web.json_response({"id": "1", "object": "chat.completion", "choices": [answered], "model": "m"})

    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(write_pair(folder))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    found.address = f"{'https' if tls else 'http'}://localhost:{port}{path}"
    try:
        yield found
    finally:
        await runner.cleanup()
