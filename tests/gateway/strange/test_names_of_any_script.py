"""Names that no header can hold as they are: told and understood whole, two of them never as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from milo_bench.gateway.wire.replies import header_text, header_value
from tests.gateway.running import running_gateway
from tests.gateway.test_bad_input import exchange, post, told, with_

NAMES = ("地元の八", "地元の九", "modèle à 100%", "plain name", "%41", "A", "a\r\nX-Evil: 1", "a  b\t", "🦉", "")
ROUTING: dict[str, Any] = {
    "targets": {"地元の八": {"model": "fake-1"}},
    "rules": [
        {"id": "draft.1", "when": {"workload": "notes", "use": ["né"]}, "route": "local", "target": "地元の八"},
        {"id": "other", "when": {"workload": "notes", "use": ["new"]}, "route": "refuse"},
    ],
    "default": {"route": "refuse"},
}


def test_a_name_is_read_back_from_its_header_and_no_two_are_one() -> None:
    written = [header_value(name) for name in NAMES]
    assert all(one.isascii() and one.isprintable() for one in written)
    assert [unquote(one) for one in written] == [header_text(one) for one in written] == list(NAMES)
    assert len(set(written)) == len(NAMES)


@pytest.mark.parametrize(
    ("sent", "name"),
    [("né", "né"), ("n%C3%A9", "né"), (quote("50 % né"), "50 % né"), ("50 % x", "50 % x"), ("a%2541", "a%41")],
)
def test_a_header_says_a_name_in_utf8_or_percent_encoded(sent: str, name: str) -> None:
    assert header_text(sent.encode().decode("latin-1")) == name


@pytest.mark.parametrize("sent", ["n\xe9", "n%E9", "%", "%zz", "\xff%ff"])
def test_what_is_neither_stays_what_it_is_and_breaks_nothing(sent: str) -> None:
    assert header_text(sent) in (sent, "n\xe9", "\xff\xff")


async def test_a_request_names_its_use_in_a_header_and_is_told_rule_and_target(tmp_path: Path) -> None:
    script = {"地元の八": {"reply": {"text": "fine"}}}
    async with running_gateway(tmp_path, ROUTING, script) as gateway:
        for use in ("n%C3%A9", "né"):
            reply = await exchange(gateway, post(with_(), headers=f"X-Milo-Workload: notes\r\nX-Milo-Use: {use}\r\n"))
            head = dict(line.split(": ", 1) for line in reply.partition(b"\r\n\r\n")[0].decode().splitlines()[1:])
            assert unquote(head["X-Milo-Target"]) == "地元の八"
            assert unquote(head["X-Milo-Rule"]) == "draft.1"
        status, error = told(
            await exchange(gateway, post(with_(), headers="X-Milo-Workload: notes\r\nX-Milo-Use: ne\r\n"))
        )
        assert (status, error["code"]) == (404, "unknown_use")
        assert {one.target for one in gateway.audit()} == {"地元の八", ""}
