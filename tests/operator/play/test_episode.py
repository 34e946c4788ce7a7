"""One episode: every ending is what it is; no answer of a model breaks the harness or earns a point by chance."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milo_bench.core.records import Episode
from milo_bench.operator.play.episode import STORED_CHARACTERS, EpisodeLimits
from milo_bench.operator.play.prompt import Protocol
from milo_bench.operator.play.protocol import CALLS_A_TURN
from milo_bench.operator.worlds.grade import TASK_POINTS, grade
from milo_bench.operator.worlds.replay import replay
from tests.operator.log_text import log_from_text
from tests.operator.play.operator_models import ScriptedTarget, fails, fenced, oracle_calls, play, says

PROTOCOLS: tuple[Protocol, ...] = ("tools", "fenced")
RUN = {"run": "payments"}


def oracle_target(task: str, protocol: Protocol, seed: int = 0, **more: Any) -> ScriptedTarget:
    calls = oracle_calls(task, seed)
    if protocol == "fenced":
        return ScriptedTarget([says(fenced(tool, args)) for tool, args in calls], **more)
    return ScriptedTarget([says("", (tool, json.dumps(args))) for tool, args in calls], **more)


def replayed_points(episode: Episode) -> int:
    lines = "\n".join(msgspec.json.encode(line).decode() for line in episode.log)
    return grade(replay(log_from_text(lines))).points


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("task", ["provider_503", "stream_cut", "fallback_context", "reply_lost", "injected_output"])
async def test_a_model_that_does_what_the_oracle_does_has_all_points(task: str, protocol: Protocol) -> None:
    episode = await play(oracle_target(task, protocol), task, protocol=protocol)
    assert (episode.points, episode.ending, episode.void) == (TASK_POINTS, "finished", ())
    assert replayed_points(episode) == TASK_POINTS


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_provider_that_forgets_leaves_the_model_with_the_brief_and_the_notice(protocol: Protocol) -> None:
    target = oracle_target("provider_503", protocol)
    episode = await play(target, protocol=protocol)
    broke = next(turn.n for turn in episode.turns if turn.injected)
    after = target.requests[broke].messages
    assert [message.role for message in after] == ["system", "user"]
    assert after[1].content.startswith(target.requests[0].messages[1].content)
    assert "HTTP 503" in after[1].content
    assert [turn.injected for turn in episode.turns if turn.injected] == ["provider 503"]


async def test_a_call_that_the_provider_cut_is_not_shown_as_made() -> None:
    target = oracle_target("stream_cut", "tools")
    episode = await play(target, "stream_cut")
    broke = next(turn.n for turn in episode.turns if turn.injected)
    messages = target.requests[broke].messages
    assert "stream_cut" in messages[-1].content and messages[-1].role == "user"
    assert not any(call.name == "environment_set" for message in messages for call in message.tool_calls)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_prose_alone_is_a_protocol_error_each_time_and_ends_the_episode(protocol: Protocol) -> None:
    target = ScriptedTarget([says("Certainly! I have done all of it.")])
    episode = await play(target, protocol=protocol)
    assert (episode.ending, episode.points, len(episode.turns)) == ("protocol_limit", 0, EpisodeLimits().unread)
    assert all(turn.protocol_error.startswith("no_call") for turn in episode.turns)
    assert episode.rejected == len(episode.turns)
    assert json.loads(target.requests[1].messages[-1].content)["error"] == "no_call"


async def test_two_answers_that_fill_their_tokens_without_a_call_are_enough() -> None:
    episode = await play(ScriptedTarget([says("The order is the order is", finish_reason="length")]))
    assert (episode.ending, len(episode.turns)) == ("protocol_limit", 2)
    assert all(turn.protocol_error.startswith("cut_off") for turn in episode.turns)


async def test_an_answer_that_was_read_takes_earlier_unread_ones_off_the_count() -> None:
    prose, read = says("hm"), says("", ("journal_read", "{}"))
    episode = await play(ScriptedTarget([prose, prose, read, prose, prose, read, prose]))
    assert episode.ending == "protocol_limit"
    assert len(episode.turns) == 6 + EpisodeLimits().unread


async def test_an_endless_loop_ends_at_the_turn_limit_without_points() -> None:
    episode = await play(ScriptedTarget([says("", ("journal_read", "{}"))]), limits=EpisodeLimits(turns=7))
    assert (episode.ending, episode.points, len(episode.turns)) == ("turn_limit", 0, 7)


async def test_calls_past_the_limit_of_a_session_end_the_episode() -> None:
    many = says("", *[("journal_read", "{}")] * CALLS_A_TURN)
    episode = await play(ScriptedTarget([many]), limits=EpisodeLimits(turns=1000))
    assert (episode.ending, episode.points) == ("call_limit", 0)


async def test_parallel_calls_are_made_in_order_and_those_beyond_the_bound_are_refused_at_once() -> None:
    calls = [("journal_write", json.dumps({"done": [str(n)], "remaining": []})) for n in range(CALLS_A_TURN + 50)]
    target = ScriptedTarget([says("", *calls), says("hm")])
    episode = await play(target)
    made = [line["arguments"]["done"] for line in episode.log if line["type"] == "called"]
    assert made == [[str(n)] for n in range(CALLS_A_TURN)]
    assert episode.turns[0].protocol_error.startswith("too_many_calls")
    told = [message for message in target.requests[1].messages if message.role == "tool"]
    assert len(told) == CALLS_A_TURN + 1
    assert json.loads(told[-1].content)["error"] == "too_many_calls"
    assert [message.tool_call_id for message in told] == [
        call.id for message in target.requests[1].messages for call in message.tool_calls
    ]


async def test_calls_after_finish_in_one_answer_change_nothing() -> None:
    finish = ("finish", json.dumps({"status": "done", "claims": []}))
    late = ("journal_write", json.dumps({"done": [], "remaining": []}))
    episode = await play(ScriptedTarget([says("", finish, late, finish)]))
    assert (episode.ending, episode.rejected) == ("finished", 2)
    assert [line["code"] for line in episode.log if line["type"] == "rejected"] == ["after_finish"] * 2
    assert not [line for line in episode.log if line["type"] == "wrote"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_megabytes_of_arguments_are_refused_and_neither_stored_nor_sent_back(protocol: Protocol) -> None:
    args = {"note": "x" * 3_000_000, "done": [], "remaining": []}
    answer = says(fenced("journal_write", args)) if protocol == "fenced" else says("", ("journal_write", str(args)))
    target = ScriptedTarget([answer])
    episode = await play(target, protocol=protocol)
    assert episode.ending == "protocol_limit"
    assert len(msgspec.json.encode(episode)) < 10 * STORED_CHARACTERS
    assert all(len(msgspec.json.encode(request)) < 100_000 for request in target.requests)


async def test_a_tool_name_that_no_server_would_take_back_is_not_sent_back() -> None:
    target = ScriptedTarget([says("", ("rm -rf /\x00\n", "{}")), says("hm")])
    episode = await play(target)
    assert [call.name for message in target.requests[1].messages for call in message.tool_calls] == ["unreadable_name"]
    assert next(line["code"] for line in episode.log if line["type"] == "rejected") == "unknown_tool"


async def test_a_reset_that_stays_is_a_runtime_failure_with_every_try_on_record() -> None:
    episode = await play(ScriptedTarget([says("", ("journal_read", "{}")), fails("reset")]))
    assert (episode.ending, episode.points) == ("runtime_failure", 0)
    assert [turn.failure.kind if turn.failure else None for turn in episode.turns] == [None, "reset", "reset", "reset"]


async def test_a_reset_that_passes_costs_nothing() -> None:
    calls = [says("", (tool, json.dumps(args))) for tool, args in oracle_calls("provider_503")]
    episode = await play(ScriptedTarget([fails("reset"), *calls]))
    assert (episode.ending, episode.points) == ("finished", TASK_POINTS)


async def test_a_wrong_key_is_not_tried_again() -> None:
    target = ScriptedTarget([fails("auth")])
    assert (await play(target)).ending == "runtime_failure"
    assert len(target.requests) == 1


async def test_a_conversation_that_no_longer_fits_ends_as_that_before_it_is_sent() -> None:
    looks = says("", ("journal_read", "{}"), tokens=1000)
    target = ScriptedTarget([looks], window=1400)
    episode = await play(target, limits=EpisodeLimits(max_tokens=384))
    assert episode.ending == "context_limit"
    assert len(target.requests) < 5
    assert (await play(ScriptedTarget([fails("context_overflow")]))).ending == "context_limit"


async def test_time_that_runs_out_over_a_request_is_the_wall_limit_and_no_failure_of_the_runtime() -> None:
    target = ScriptedTarget([fails("total_timeout")])
    assert (await play(target, limits=EpisodeLimits(wall_s=0.5))).ending == "wall_limit"
    assert target.requests == []


TEXTS = st.text(max_size=80)
JSONS = st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=3))
TOOLS = st.sampled_from(["run_show", "run_step", "journal_read", "journal_write", "clock_wait", "finish"]) | TEXTS
ARGUMENTS = st.dictionaries(st.sampled_from(["run", "step", "done", "status", "claims"]) | TEXTS, JSONS, max_size=4)
FENCES = st.tuples(TOOLS, ARGUMENTS).map(lambda pair: fenced(*pair))
CALLS = st.tuples(TOOLS, ARGUMENTS.map(json.dumps) | TEXTS)
ANSWERS = st.one_of(
    st.builds(lambda text, calls: says(text, *calls), TEXTS | FENCES, st.lists(CALLS, max_size=4)),
    st.builds(lambda parts: says("".join(parts)), st.lists(FENCES | TEXTS | st.just("```\n"), max_size=4)),
    st.sampled_from([fails("reset"), fails("server_died"), fails("rejected"), says("", finish_reason="length")]),
)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=6))
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_no_answer_crashes_an_episode_or_earns_a_point(protocol: Protocol, answers: list[Any]) -> None:
    episode = asyncio.run(play(ScriptedTarget(answers), protocol=protocol, limits=EpisodeLimits(turns=12)))
    assert episode.points == 0
    assert replayed_points(episode) == 0
    msgspec.json.decode(msgspec.json.encode(episode), type=Episode)
