"""A target that is not called hosted is reached inside the team's network only, wherever its name leads."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from milo_bench.config.hosts import is_inside
from milo_bench.config.settings import TargetConfig, is_own_network
from milo_bench.core.errors import ConfigError, TargetError
from milo_bench.core.records import Fixture
from milo_bench.targets import open_target
from milo_bench.targets.http.address import parse_address
from milo_bench.targets.http.next_hop import is_excepted
from milo_bench.targets.http.tls import proxy_for

PUBLIC = "8.8.8.8"


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("192.168.0.9", True),
        ("100.64.0.1", True),
        ("169.254.1.1", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:10.0.0.1", True),
        (PUBLIC, False),
        ("::ffff:8.8.8.8", False),
        ("2606:4700::1111", False),
        ("64:ff9b::808:808", False),
        ("2001:0:808:808::1", False),  # Teredo: a tunnel to a public address
        ("2002:808:808::1", False),
        ("not an address", False),
    ],
)
def test_an_address_is_inside_where_it_is_not_routed_publicly(address: str, inside: bool) -> None:
    assert is_inside(address) is inside


@pytest.fixture
def resolves_outside(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every name resolves to a public address, and no connection is ever made."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(str(host))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, port))]

    def connect(*_: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    return asked


@pytest.mark.parametrize(
    ("settings", "env"),
    [
        ({"api": "openai", "base_url": "http://models.internal:8080/v1"}, {}),
        ({"api": "ollama"}, {"OLLAMA_HOST": "http://134744072:8080"}),
        ({"api": "ollama"}, {"OLLAMA_HOST": "http://0x08080808"}),
        ({"api": "ollama"}, {"OLLAMA_HOST": "８.８.８.８"}),
        ({"api": "openai", "base_url": "https://models.internal/v1"}, {}),
        ({"api": "ollama"}, {"OLLAMA_HOST": f"http://{PUBLIC}:11434"}),
        ({"api": "ollama"}, {"OLLAMA_HOST": "models.internal"}),
        ({"api": "openai", "base_url": "http://127.0.0.1:1/v1", "proxy": "http://proxy.internal:3128"}, {}),
        ({"api": "openai", "base_url": "http://127.0.0.1:1/v1", "proxy": f"http://{PUBLIC}:3128"}, {}),
        *(
            ({"api": "openai", "base_url": "https://10.0.0.1/v1", "proxy": f"http://{proxy}:3128"}, {})
            for proxy in (
                "134744072",
                "134744072.",
                "010.8.8.8",
                "0x8080808",
                "8.8.2056",
                "８.８.８.８",
                "[::ffff:8.8.8.8]",
            )
        ),
        ({"api": "openai", "base_url": "https://10.0.0.1/v1"}, {"HTTPS_PROXY": f"http://{PUBLIC}:3128"}),
        ({"api": "openai", "base_url": "https://10.0.0.1/v1", "hosted": False}, {"HTTPS_PROXY": f"http://{PUBLIC}:1"}),
    ],
)
async def test_a_local_target_whose_next_hop_is_public_is_refused_before_a_byte_is_sent(
    settings: dict[str, Any], env: dict[str, str], resolves_outside: list[str]
) -> None:
    target = open_target(TargetConfig(name="local", model="m", **settings), env)
    try:
        with pytest.raises(TargetError, match="outside your network") as refused:
            await target.start()
    finally:
        await target.stop()
    assert "hosted" in refused.value.hint


@pytest.mark.parametrize(
    "host",
    [
        "134744072",
        "134744072.",
        "8.8.8.8.",
        "[::8.8.8.8]",
        "0x08080808",
        "010.8.8.8",
        "8.8.2056",
        "8.526344",
        "８.８.８.８",
        "8。8。8。8",
        "[::ffff:8.8.8.8]",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_public_address_in_any_spelling_has_to_be_called_hosted(host: str, scheme: str) -> None:
    assert not is_own_network(f"{scheme}://{host}:8080/v1")
    with pytest.raises(ValueError, match="outside your network"):
        TargetConfig(name="t", api="openai", base_url=f"{scheme}://{host}:8080/v1", model="m")


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "①②⑦.0.0.1",
        "ⓛocalhost",
        "LOCALHOST",
        "[::1]",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
    ],
)
def test_loopback_in_any_spelling_is_loopback(host: str) -> None:
    address = parse_address(f"http://{host}:8080/v1")
    assert address.is_loopback and address.host_header.isascii() and is_own_network(f"http://{host}/v1")


def test_an_address_that_is_shared_by_a_carrier_or_a_private_network_of_machines_needs_no_word_on_hosting() -> None:
    assert is_own_network("http://100.64.0.7:8080/v1")


async def test_a_name_with_one_public_address_among_its_own_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch, resolves_outside: list[str]
) -> None:
    places = [("10.0.0.1", 1), (PUBLIC, 1)]
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    for base_url in ("http://models.internal/v1", "https://models.internal/v1"):
        target = open_target(TargetConfig(name="local", api="openai", model="m", base_url=base_url), {})
        try:
            with pytest.raises(TargetError, match="outside your network"):
                await target.start()
        finally:
            await target.stop()


def test_a_path_in_any_script_is_sent_escaped() -> None:
    assert parse_address("http://127.0.0.1/模型/a%20b/v1/").path == "/%E6%A8%A1%E5%9E%8B/a%20b/v1"


def test_no_proxy_covers_names_subdomains_addresses_and_networks() -> None:
    for host, entries in (
        ("10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3", "other, 10.1.2.3:443"),
        ("a.b.example", ".b.example"),
        ("a.b.example", "*.b.example"),
        ("b.example", "B.Example"),
        ("fd00::1", "fd00::/8"),
        ("anything", "*"),
    ):
        assert is_excepted(host, 443, entries), (host, entries)
    assert not is_excepted("10.1.2.3", 443, "10.1.2.3:8443, 11.0.0.0/8, b.example")
    env = {"HTTPS_PROXY": "http://proxy:3128"}
    assert proxy_for(parse_address("https://127.0.0.1/v1"), env) is None
    assert proxy_for(parse_address("https://10.0.0.1/v1"), env) == "http://proxy:3128"

    assert proxy_for(parse_address("https://10.0.0.1/v1"), {"https_proxy": "proxy:3128"}) == "http://proxy:3128"


@pytest.mark.parametrize("proxy", ["socks5://10.0.0.1:1080", "http://", "http://pro xy:1", "http://10.0.0.1:99999"])
def test_a_proxy_that_cannot_be_one_is_named_with_its_variable(proxy: str) -> None:
    with pytest.raises(ConfigError, match="HTTPS_PROXY is not an http address"):
        proxy_for(parse_address("https://10.0.0.1/v1"), {"HTTPS_PROXY": proxy})


@pytest.mark.parametrize(
    "url",
    ["http://300.1.1.1/v1", "http://127.0.0.1 /v1", "http://[::1/v1", "http://h:99999", "http://h:0", "socks5://h:1"],
)
@pytest.mark.parametrize("setting", ["base_url", "proxy"])
def test_what_is_not_an_address_is_said_to_be_none(url: str, setting: str) -> None:
    given = {"name": "t", "api": "openai", "model": "m", "base_url": "http://127.0.0.1:1", setting: url}
    with pytest.raises(ValueError, match=r"not an http\(s\) address"):
        TargetConfig(**given)


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="not an http") as refused:
        TargetConfig(name="t", api="openai", model="m", base_url="http://ann:s3cret@127.0.0.1:99999/v1")
    assert "s3cret" not in str(refused.value).partition("[type=")[0]


def test_a_name_that_only_begins_like_loopback_is_not_loopback() -> None:
    assert not parse_address("http://127.evil.example/v1").is_loopback
    assert parse_address("http://127.0.0.2/v1").is_loopback and parse_address("http://[::1]/v1").is_loopback


@pytest.mark.parametrize("tag", ["sensitive", "Sensitive", "sensitive ", " SENSITIVE", "ｓｅｎｓｉｔｉｖｅ"])
def test_a_tag_says_sensitive_whatever_its_case_and_space(tag: str) -> None:
    assert Fixture("f", "w", {}, {}, (tag,)).sensitive
