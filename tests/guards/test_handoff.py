"""A note from extracted facts: nothing doubtful reads like a finding, and nothing is worded."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from milo_bench.cli.main import milo_bench
from milo_bench.core.errors import DataError
from milo_bench.guards.handoff import HandoffFact, build_handoff, read_facts

SURE = HandoffFact("date of loss: 1 July 2025", "L3", "high", False)
HEARSAY = HandoffFact("witness statement is spoken of", "L11", "low", True)
PACKET = "[L1] head\n[L3] Entry made on 1 July 2025\n[L11] A statement will follow\n"


def test_facts_stand_as_extracted_with_their_lines_in_the_order_of_the_packet() -> None:
    note = build_handoff([HandoffFact("b", "L9", "high", False), SURE, SURE])
    assert note.route == "pass"
    assert note.text.splitlines()[2:5] == ["Stated in the packet", "- date of loss: 1 July 2025 [L3]", "- b [L9]"]


def test_hearsay_and_unknown_lines_are_listed_apart_and_ask_for_a_person() -> None:
    note = build_handoff([SURE, HEARSAY, HandoffFact("paid in full", "L99", "high", False)], PACKET)
    assert note.route == "human_review"
    assert (note.stated, note.left, [one.source_line for one in note.unknown]) == ((SURE,), (HEARSAY,), ["L99"])
    stated = note.text.split("Reported or uncertain")[0]
    assert "witness statement" not in stated and "paid in full" not in stated


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"facts": []}', b'{"facts": [{"fact": "x", "source_line": "12"}]}', b"\xff", b"[" * 9000]
)
def test_what_are_no_facts_is_refused_with_their_form(data: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read_facts(data)
    assert caught.value.hint


def test_the_command_prints_the_note_and_exits_1_where_a_person_is_needed() -> None:
    row = {"fact": "a", "source_line": "L3", "confidence": "high"}
    rows = {"facts": [{**row, "needs_human_wording": needs} for needs in (False, True)]}
    done = CliRunner().invoke(milo_bench, ["handoff", "build"], input=json.dumps(rows))
    assert done.exit_code == 1
    assert "- a [L3]" in done.output
    rows["facts"].pop()
    done = CliRunner().invoke(milo_bench, ["handoff", "build", "--json"], input=json.dumps(rows))
    assert (done.exit_code, json.loads(done.output)["route"]) == (0, "pass")
