"""``case-timeline`` as a program: documents on standard output, refusals on standard error, the right exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec

from milo_bench.suites import find_case


def call(*arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    code = "from milo_bench.cli.case_timeline import main; main()"
    done = subprocess.run([sys.executable, "-c", code, *arguments], input=given, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_mission_command_prints_one_document_of_at_most_24_events() -> None:
    rc, out, err = call("build", "--case", "84291", "--select", "policy_v2", "--max-events", "24")
    document = json.loads(out)
    assert (rc, err) == (0, "")
    assert (document["schema"], document["route"]) == ("milo-bench.timeline/1", "summarise")
    assert len(document["events"]) == 24


def test_a_contradictory_case_is_printed_and_refused() -> None:
    rc, out, err = call("build", "--case", "84328")
    assert rc == 1
    assert json.loads(out)["route"] == "human_review"
    assert "contradictory current statuses" in err


def test_an_unknown_case_gets_a_suggestion_and_no_traceback() -> None:
    rc, out, err = call("build", "--case", "8429")
    assert (rc, out) == (2, "")
    assert "Did you mean '84291'?" in err
    assert "Traceback" not in err


def test_select_reads_a_case_on_standard_input() -> None:
    case = find_case("84291")
    rc, out, _ = call("select", "--text", given=msgspec.json.encode(case))
    assert rc == 0
    assert "current status: on hold" in out


def test_what_is_no_case_record_is_refused() -> None:
    rc, _, err = call("select", given=b"\xff not json")
    assert rc == 2
    assert "Invalid case record on stdin" in err
