"""Whatever a caller sends comes back as a typed reply, is bounded, and changes nothing that it should not."""

import json

import pytest

from milo_bench.operator.worlds.grade import grade
from milo_bench.operator.worlds.records import Claim, Finish, Notice, Rejected, ToolResult
from milo_bench.operator.worlds.replay import replay
from milo_bench.operator.worlds.session import ARGUMENT_BYTES, CALL_LIMIT, Session
from milo_bench.operator.worlds.tasks import all_tasks, describe_tasks, find_task


def a_session() -> Session:
    return Session(find_task("migration_count"), seed=1)


def rejected(session: Session, tool: str, arguments) -> Rejected:
    before = json.dumps(session.world.state)
    reply = session.call(tool, arguments)
    assert isinstance(reply, Rejected)
    assert json.dumps(session.world.state) == before
    assert session.log[-1] == reply
    return reply


def test_unknown_tool_gets_a_suggestion() -> None:
    reply = rejected(a_session(), "table_cuont", {})
    assert reply.code == "unknown_tool"
    assert "Did you mean 'table_count'?" in reply.hint


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"table": NaN}', "table=x", '{"a":' * 5000, b"\xff\xfe{}"])
def test_arguments_that_are_no_json_object_are_said_to_be_none(text) -> None:
    assert rejected(a_session(), "table_count", text).code == "arguments_not_json"


@pytest.mark.parametrize(
    "arguments",
    [{}, {"table": 7}, {"table": ""}, {"table": "x", "more": 1}, {"table": "x" * 201}, {"table": None}],
)
def test_arguments_against_the_schema_are_refused(arguments) -> None:
    assert rejected(a_session(), "table_count", arguments).code == "arguments_invalid"


def test_a_megabyte_of_arguments_is_not_read() -> None:
    reply = rejected(a_session(), "table_count", json.dumps({"table": "x" * 1_000_000}))
    assert reply.code == "arguments_too_large"
    assert f"{ARGUMENT_BYTES:,}" in reply.message


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9b"])
def test_control_characters_are_refused(character: str) -> None:
    assert rejected(a_session(), "table_count", {"table": f"a{character}b"}).code == "control_characters"
    assert rejected(a_session(), f"a{character}b", {}).message.isprintable()


def test_lone_surrogates_and_strange_objects_are_refused() -> None:
    assert rejected(a_session(), "table_count", {"table": "\ud800"}).code == "arguments_not_json"
    assert rejected(a_session(), "table_count", {"table": object()}).code == "arguments_not_json"
    assert rejected(a_session(), "\ud800", {}).code == "unknown_tool"


def test_text_in_other_scripts_is_taken_as_it_is() -> None:
    reply = a_session().call("message_send", {"to": "Δήμητρα", "text": "übergeben ✔"})
    assert isinstance(reply, ToolResult)
    assert reply.data["to"] == "Δήμητρα"


@pytest.mark.parametrize(
    "finish",
    [
        {},
        {"status": "finished"},
        {"status": "done", "claims": [{"text": "x"}]},
        {"status": "done", "claims": [{"text": "x", "kind": "guessed", "evidence": []}]},
        {"status": "done", "claims": "all good"},
    ],
)
def test_a_finish_against_its_schema_does_not_end_the_episode(finish) -> None:
    session = a_session()
    assert rejected(session, "finish", finish).code == "arguments_invalid"
    assert not session.over


def test_calls_after_finish_are_refused_and_the_first_ending_stands() -> None:
    session = a_session()
    assert isinstance(session.end(Finish("refused")), Notice)
    assert rejected(session, "migration_run", {"migration": "x"}).code == "after_finish"
    assert rejected(session, "finish", {"status": "done"}).code == "after_finish"
    assert session.finish == Finish("refused")


def test_an_endless_loop_ends_at_the_limit_without_points() -> None:
    session = a_session()
    for _ in range(CALL_LIMIT):
        assert not session.over
        session.call("table_count", "{")
    assert session.over
    assert rejected(session, "finish", {"status": "done"}).code == "call_limit"
    assert grade(session).points == 0


def test_a_tool_that_fails_gives_evidence_of_the_failure_and_no_proof() -> None:
    session = a_session()
    reply = session.call("table_count", {"table": "no_such_table"})
    assert isinstance(reply, ToolResult)
    assert (reply.ok, reply.error, reply.id) == (False, "not_found", session.evidence[reply.id].id)


def test_every_result_has_an_id_of_its_own_and_a_later_time() -> None:
    session = a_session()
    table = session.start.facts["source"]
    replies = [session.call("table_count", {"table": table}) for _ in range(4)]
    assert len({reply.id for reply in replies}) == 4
    assert sorted({reply.at for reply in replies}) == [reply.at for reply in replies]


def test_replies_hold_no_piece_of_the_live_state() -> None:
    session = Session(find_task("next_cursor"), seed=1)
    page = session.call("host_list", {"pool": session.start.facts["pool"]})
    page.data["hosts"][0]["patched"] = True
    again = session.call("host_list", {"pool": session.start.facts["pool"]})
    assert again.data["hosts"][0]["patched"] == (again.data["hosts"][0]["host"] in session.start.facts["done"])


def test_schemas_refuse_what_is_not_named_and_say_what_is_needed() -> None:
    import jsonschema_rs

    for task in describe_tasks():
        for tool in task["tools"]:
            assert tool["arguments"]["additionalProperties"] is False
            assert set(tool["arguments"].get("required", [])) <= set(tool["arguments"]["properties"])
            jsonschema_rs.meta.validate(tool["arguments"])


def test_a_brief_does_not_tell_the_twins_apart_and_seeds_rename_it() -> None:
    for task in all_tasks():
        assert len({Session(task, 5, form).brief for form in task.forms}) == 1
        assert len({Session(task, seed).brief for seed in range(6)}) >= 4


def test_claims_are_data_whatever_they_say() -> None:
    session = a_session()
    session.end(Finish("done", (Claim("{{ 7 * 7 }} <script> __import__('os')", "observed", tuple(session.evidence)),)))
    assert grade(session).points == 0


def test_an_evidence_id_cannot_be_named_before_its_result_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    task = find_task("uncommitted_diff")
    monkeypatch.undo()
    first, second = Session(task, 3), Session(task, 3)
    name = {"repository": first.start.facts["repository"]}
    one, other = first.call("repo_status", name), second.call("repo_status", name)
    assert isinstance(one, ToolResult) and isinstance(other, ToolResult)
    assert one.id != other.id and one.data == other.data


def test_what_is_written_down_rests_only_on_results_that_were_there_by_then() -> None:
    session = Session(find_task("uncommitted_diff"), 3, secret="known")
    ticket = session.start.facts["ticket"]
    again = Session(find_task("uncommitted_diff"), 3, secret="known")
    later = [again.call("ticket_get", {"ticket": ticket}), again.call("ticket_get", {"ticket": ticket})][1]
    assert isinstance(later, ToolResult)
    reply = session.call("ticket_update", {"ticket": ticket, "status": "done", "evidence": [later.id]})
    assert isinstance(reply, ToolResult) and (reply.ok, reply.error) == (False, "unknown_evidence")
    assert session.world.state["tickets"][ticket]["status"] == "open"


def test_an_episode_of_the_first_version_plays_again_with_its_own_ids() -> None:
    old = Session(find_task("migration_count"), seed=1, version=1)
    old.call("table_count", {"table": old.start.facts["source"]})
    old.end(Finish("done", (Claim("counted", "observed", ("ev-0001",)),)))
    assert grade(replay(old.log)) == grade(old)
    new = a_session()
    new.call("table_count", {"table": new.start.facts["source"]})
    assert replay(new.log).log == new.log
