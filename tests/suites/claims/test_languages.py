"""claims_v1 in other languages: as generated, with the sizes and labels of English, gold that names its lines."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from milo_bench.grade.document_names import read_documents
from milo_bench.grade.engine import validate_checks
from milo_bench.grade.packet_lines import packet_lines
from milo_bench.suites import load_suite
from milo_bench.suites.check import check_suite
from milo_bench.suites.load import language_names
from milo_bench.suites.regenerate import generate_files

NAMES = [name for name in language_names() if name.startswith("claims_v1@")]


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_fixtures_are_those_of_seed_1_and_have_no_error(name: str) -> None:
    suite = load_suite(name)
    assert [one for one in check_suite(name, validate_checks=validate_checks) if one.severity == "error"] == []
    for path, text in generate_files(suite, 1).items():
        assert (suite.root / path).read_text(encoding="utf-8") == text, path
    counts = Counter(f.workload for f in suite.fixtures)
    assert counts == {"packet_summary": 120, "escalation": 1_000, "handoff": 150}
    labels = Counter(f.expect["label"] for f in suite.fixtures if f.workload == "escalation")
    assert labels == {"routine": 800, "watch": 130, "escalate": 70}
    assert all(fixture.group for fixture in suite.fixtures)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_document_is_spoken_of_where_the_gold_says_and_has_no_heading(name: str) -> None:
    for fixture in load_suite(name).fixtures:
        if fixture.workload == "escalation":
            assert not re.search(r"[{}<>]|\|\||\(\?|\?\)", fixture.input["note"]), fixture.id
            continue
        lines = packet_lines(fixture)
        headings = [line for line in lines.values() if line.startswith("===") and "CL-" not in line]
        gold = fixture.expect.get("missing_documents") or fixture.expect.get("referenced_documents") or []
        for document in read_documents(gold):
            assert all(document.spoken_of(lines[number]) for number in document.lines), (fixture.id, document.name)
            assert not any(document.spoken_of(heading) for heading in headings), (fixture.id, document.name)
        for fact in fixture.expect["key_facts"]:
            assert fact["value"] in lines[fact["line"]], (fixture.id, fact)
