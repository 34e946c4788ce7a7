"""What a stranger tries: hosts, uses, callbacks and answers that are read in two ways, or that keep others waiting."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import openai
import pytest

from milo_bench.core.records import Workload
from milo_bench.gateway.answering.events import EventScan
from milo_bench.gateway.judging import judge_reply
from milo_bench.gateway.request import Question
from milo_bench.gateway.table import RuleContract
from milo_bench.store.state.database import open_state
from milo_bench.store.state.keys import new_key, revoke_key
from milo_bench.store.state.queue import QueuedWork, add_work, end_work, mark_called, uncalled_work
from milo_bench.suites.load import load_suite
from tests.gateway.running import running_gateway
from tests.gateway.test_bad_input import ROUTING, exchange, post, told, with_
from tests.patience import WAIT_S

LOCAL = {"local": {"reply": {"text": "fine"}}}
HELLO: list[Any] = [{"role": "user", "content": "hello"}]
HOSTS = (
    "evil@localhost", "localhost#x", "localhost/x", "localhost:abc", "127.0.0.1:9999999", "[::1", "localhost, evil",
    "xn--ls8h", "loc\xe4lhost", "localhost\\@evil", "127.1", " ",
)  # fmt: skip


async def test_a_host_that_could_be_read_as_another_is_refused(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ROUTING, LOCAL) as gateway:
        for host in HOSTS:
            status, error = told(await exchange(gateway, post(with_(), host=host)))
            assert (status, error["code"]) == (421, "host"), host
        for host in ("LOCALHOST", "localhost:8700", "[::1]:1", "127.0.0.1"):
            assert (await exchange(gateway, post(with_(), host=host))).startswith(b"HTTP/1.1 200"), host


async def test_parts_that_are_no_objects_and_uses_that_are_no_names_reach_no_model(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ROUTING, LOCAL) as gateway:
        wrong: list[dict[str, Any]] = [
            {"messages": [{"role": "user", "content": [5]}]},
            {"messages": [{"role": "user", "content": [None]}]},
            {"milo": {"use": "a\u0000b"}},
            {"milo": {"use": "a\r\nX-Evil: 1"}},
            {"milo": {"use": "x" * 201}},
        ]
        for fields in wrong:
            status, error = told(await exchange(gateway, post(with_(**fields))))
            assert (status, error["code"]) == (400, "invalid_value"), fields
        assert gateway.seen("local") == 0
        assert (await exchange(gateway, post(with_(milo={"use": "ü" * 200})))).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("ending", ["a b", "a\r\nX-Evil: 1", "a\tb", "\u00e4", "a\\..\\b", "a#b", "../a", "%2E%2e/a"])
async def test_a_callback_that_would_break_a_request_is_refused(tmp_path: Path, ending: str) -> None:
    people = {"id": "people", "when": {"workload": "people"}, "route": "human_review"}
    table = {"targets": {}, "rules": [people], "default": {"route": "refuse"}}
    base = "http://127.0.0.1:1/milo/"
    async with (
        running_gateway(tmp_path, table, {}, gateway={"callbacks": [base]}) as gateway,
        gateway.client() as client,
    ):
        with pytest.raises(openai.UnprocessableEntityError, match="callback"):
            await client.chat.completions.create(
                model="milo/people", messages=HELLO, extra_body={"milo": {"callback": f"{base}{ending}"}}
            )


def ended(id: str, *, callback: str, key: str = "") -> QueuedWork:
    return QueuedWork(
        id=id, state="waiting", queue="", created_at=1.0, workload="notes", use="", rule="notes", cause="rule", why="",
        key=key, request="{}", draft="", callback=callback,
    )  # fmt: skip


async def test_a_callback_that_hangs_keeps_no_revoked_key_valid(tmp_path: Path) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read(-1)
        left.set()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/milo/"
    async with running_gateway(tmp_path, ROUTING, LOCAL, gateway={"callbacks": [base]}) as gateway:
        engine = open_state(gateway.options.state)
        secret, key = new_key(engine, "case-system", now=time.time())
        work = ended("q_1", callback=f"{base}a", key=key.id)
        add_work(engine, work)
        end_work(engine, "q_1", "answered", "We will call you.", "ann", time.time())
        await asyncio.wait_for(asked.wait(), WAIT_S)
        revoke_key(engine, "case-system")
        async with gateway.client(secret) as client:
            said = ""
            while "revoked" not in said:
                try:
                    await client.chat.completions.create(model="milo/notes", messages=HELLO)
                except openai.AuthenticationError as error:
                    said = error.message
        assert not left.is_set(), "the callback hung all the while"
    server.close()


def test_callbacks_that_never_take_an_answer_do_not_stand_before_the_others(tmp_path: Path) -> None:
    engine = open_state(str(tmp_path / "state.db"))
    for number in range(101):
        work = ended(f"q_{number}", callback="http://x/y/z")
        add_work(engine, work)
        end_work(engine, work.id, "answered", "yes", "ann", float(number))
    first = [one.id for one in uncalled_work(engine)]
    assert first == [f"q_{number}" for number in range(100)]
    assert [one.id for one in uncalled_work(engine, first)] == ["q_100"]
    mark_called(engine, "q_100", 1.0)
    assert not uncalled_work(engine, first)


def test_a_stream_may_begin_with_a_byte_order_mark() -> None:
    event = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'
    scan = EventScan()
    assert scan.feed(b"\xef\xbb\xbf" + event) == event
    assert scan.finished and not scan.problem


PROMISE = "We have approved your claim and will pay you within five days."


def judged(message: dict[str, Any], contract: RuleContract, **choice: Any) -> Any:
    asked = Question("chat", "drafting", "", {"messages": HELLO}, None, frozenset(), sensitive=False, stream=False)
    said = {"role": "assistant", "content": "Thank you for your letter.", **message}
    document = {"choices": [{"index": 0, "message": said, "finish_reason": "stop", **choice}]}
    return judge_reply(asked, contract, {}, json.dumps(document).encode(), id="r_1")


def only(*checks: str) -> Workload:
    import msgspec

    whole = load_suite("case_ops_v1").workloads["drafting"]
    return msgspec.structs.replace(whole, checks=tuple(one for one in whole.checks if one.name in checks), own=None)


def test_the_input_of_a_custom_tool_is_scanned_as_arguments_are() -> None:
    promises = frozenset({"banned_commitments"})
    contract = RuleContract(only(*promises), promises, promises, wants_label=False, cuts=None)
    for text, failed in ((PROMISE, promises), ("look up MX-1", frozenset())):
        call = {"id": "1", "type": "custom", "custom": {"name": "write", "input": text}}
        found = judged({"tool_calls": [call]}, contract)
        assert (found.problem, found.facts.failed) == ("", failed)


def test_what_was_cut_is_not_told_again_by_tokens_or_sound() -> None:
    contract = RuleContract(None, frozenset(), frozenset(), wants_label=False, cuts="events")
    text = f"We got your form [E-0001]. {PROMISE}"
    found = judged(
        {"content": text, "audio": {"transcript": text}, "annotations": [{"text": text}]},
        contract,
        logprobs={"content": [{"token": text}]},
    )
    assert found.removed == (PROMISE,)
    assert PROMISE not in json.dumps(found.document)
