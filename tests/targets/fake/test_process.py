"""The fake as a process: it prints its address, serves, really dies, and ends when told to."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from milo_bench.core.errors import ConfigError, PrerequisiteError
from milo_bench.targets.fake.process import serve_until_interrupted, start_fake_process
from milo_bench.targets.fake.script import Script, load_script, parse_script
from tests.patience import WAIT_S


def post(address: str, text: str) -> bytes:
    body = {"model": "fake-1", "messages": [{"role": "user", "content": text}]}
    request = urllib.request.Request(f"{address}/v1/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=WAIT_S) as reply:
        return bytes(reply.read())


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=WAIT_S) as reply:
        return bytes(reply.read())


async def test_process_death_ends_the_process(tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("reply: {text: fine}\nrules:\n  - {when: {contains: die}, fault: process_death}\n")
    fake = await start_fake_process(script)
    try:
        assert b"fine" in post(fake.address, "live")
        assert json.loads(get(f"{fake.address}/fake/counts")) == {"live": 1}
        with pytest.raises((urllib.error.URLError, ConnectionError, http.client.IncompleteRead)):
            post(fake.address, "die")
        assert await fake.process.wait() == 137
    finally:
        await fake.stop()


async def test_it_ends_when_told_to(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text("{}")
    fake = await start_fake_process(script)
    await fake.stop()
    assert fake.process.returncode == 0


def test_a_taken_port_is_an_error_with_a_hint() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PrerequisiteError) as caught:
            serve_until_interrupted(Script(), port=taken.getsockname()[1])
    assert "port" in caught.value.message and caught.value.hint


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("repply: {}", "repply", "Did you mean 'reply'?"),
        ("reply: {first_tokens: 1}", "reply.first_tokens", "Did you mean 'first_token_s'?"),
        ("rules: [{fault: {kind: reset_midstream}}]", "reset_midstream", "Did you mean 'reset_mid_stream'?"),
        ("rules: [{fault: hangs_before_headers}]", "hangs_before_headers", "Did you mean 'hang_before_headers'?"),
        ("rules: [{when: {contain: x}, fault: empty_answer}]", "contain", "Did you mean 'contains'?"),
        ("rules: [{when: {}}]", "a rule does nothing", "give reply, fault or both"),
        ("reply: {usage: {prompt_token: 3}}", "prompt_token", "Did you mean 'prompt_tokens'?"),
        ("reply: {gap_s: -1}", "reply.gap_s", ""),
        ("[1, 2", "not valid YAML", ""),
        ("[1, 2]", "the file is a list", "name reply: or rules:"),
    ],
)
def test_a_bad_script_says_where_what_and_what_instead(tmp_path: Path, text: str, said: str, hint: str) -> None:
    script = tmp_path / "script.yaml"
    script.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_script(script)
    assert str(script) in caught.value.message
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"does not exist"):
        load_script(tmp_path / "none.yaml")


def test_no_models_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one model"):
        parse_script({"models": []})
