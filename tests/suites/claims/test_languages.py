"""claims_v1 in other languages: as generated, sizes and labels of English, gold that no check calls wrong."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import NamedTuple

import pytest

from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings
from milo_bench.grade.document_names import read_documents
from milo_bench.grade.engine import grade_attempt, validate_checks
from milo_bench.grade.packet_lines import packet_lines
from milo_bench.suites import load_suite
from milo_bench.suites.check import check_suite
from milo_bench.suites.load import language_names
from milo_bench.suites.regenerate import generate_files

NAMES = [name for name in language_names() if name.startswith("claims_v1@")]


class Sentences(NamedTuple):
    """The headings of a summary, and what a careful clerk says of a document and a fact."""

    headings: tuple[str, str, str, str]
    none: str
    missing: str
    reason: str
    fact: str
    unseen: str


SENTENCES = {
    "de": Sentences(
        ("Zusammenfassung", "Fehlende Unterlagen", "Eskalationssignal", "Belegzeilen"),
        "keine",
        "{name}: nicht in der Akte [L{line}]",
        "wie in der Akte gesagt",
        "Laut Akte gilt: {value} [L{line}].",
        "Nicht in der Akte ist die Unterlage {name} [L{line}].",
    ),
    "fr": Sentences(
        ("Résumé", "Pièces manquantes", "Signal d'alerte", "Lignes citées"),
        "aucune",
        "{name} : absent du dossier [L{line}]",
        "comme le dit le dossier",
        "Selon le dossier : {value} [L{line}].",
        "La pièce {name} est absente du dossier [L{line}].",
    ),
    "es": Sentences(
        ("Resumen", "Documentos que faltan", "Señal de alerta", "Líneas citadas"),
        "ninguno",
        "{name}: no consta en el expediente [L{line}]",
        "como dice el expediente",
        "Según el expediente: {value} [L{line}].",
        "El documento {name} no consta en el expediente [L{line}].",
    ),
}


def ideal(fixture: Fixture, said: Sentences) -> str:
    expect = fixture.expect
    if fixture.workload == "escalation":
        return json.dumps({"label": expect["label"], "reason": said.reason})
    if fixture.workload == "handoff":
        facts = [said.fact.format(**fact) for fact in expect["key_facts"]]
        unseen = [said.unseen.format(name=one["name"], line=one["lines"][-1]) for one in expect["referenced_documents"]]
        return " ".join([*facts, *unseen])
    lines = packet_lines(fixture)
    level, shown = expect["escalation"]["level"], expect["escalation"]["lines"]
    cited = f" [L{shown[0]}]" if shown else ""
    facts = [f"{fact['value']} [L{fact['line']}]" for fact in expect["key_facts"][:5]]
    missing = [said.missing.format(name=one["name"], line=one["lines"][0]) for one in expect["missing_documents"]]
    numbers = dict.fromkeys([*(fact["line"] for fact in expect["key_facts"][:5]), *shown])
    quoted = [f'[L{number}] "{_opening(lines[number])}"' for number in numbers]
    parts = (facts, missing or [said.none], [f"{level}: {said.reason}{cited}"], quoted)
    return "\n\n".join(
        "\n".join([heading, *(f"- {item}" for item in items)])
        for heading, items in zip(said.headings, parts, strict=True)
    )


def _opening(line: str) -> str:
    return " ".join((re.sub(r"[\"«„].*", "", line) or line.replace('"', "")).split()[:6])


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
def test_the_gold_given_as_an_answer_fails_no_check(name: str) -> None:
    suite, said = load_suite(name), SENTENCES[name.partition("@")[2]]
    for workload in ("packet_summary", "escalation", "handoff"):
        for fixture in [f for f in suite.fixtures if f.workload == workload][:60]:
            attempt = Attempt(AttemptKey(fixture.id, "gold"), "", Timings(0, 0, 1), output=ideal(fixture, said))
            graded = grade_attempt(suite.workloads[workload], fixture, attempt)
            wrong = [(v.check, v.category, v.reason) for v in graded.verdicts if v.outcome == "fail"]
            assert not wrong, (fixture.id, wrong)


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
