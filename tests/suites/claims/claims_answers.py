"""A claims_v1 fixture with its gold in, the perfect answer or one with one known fault out; for tests of checks."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, TypeAlias

from milo_bench.core.records import Fixture
from tests.suites.claims.wordings import ENGLISH, Wording

PacketFault: TypeAlias = Literal[
    "missed_document",
    "invented_document",
    "present_document",
    "waived_document",
    "wrong_level",
    "wrong_evidence",
    "uncited_bullet",
    "unknown_line",
    "wrong_line",
    "changed_number",
    "wrong_quote",
    "coverage",
    "four_bullets",
    "no_evidence_section",
    "thin_summary",
]
NoteFault: TypeAlias = Literal["downgraded", "unknown_label", "prose", "extra_key"]
HandoffFault: TypeAlias = Literal["reviewed", "unmentioned", "uncited", "wrong_line", "fault"]
RowsFault: TypeAlias = Literal["reviewed", "wrong_line", "line_as_number", "too_few"]

_LEVELS = ("routine", "watch", "escalate")


def ideal_summary(fixture: Fixture, said: Wording = ENGLISH) -> str:
    """The four sections, each statement with its lines."""
    return _written(_summary(fixture, said))


def faulty_summary(fixture: Fixture, fault: PacketFault, said: Wording = ENGLISH) -> str | None:
    """The ideal summary with ``fault``; None where the fixture leaves no room for it."""
    parts, expect = _summary(fixture, said), fixture.expect
    summary, listed, signal, evidence = said.headings
    bullets, missing = parts[summary], parts[listed]
    match fault:
        case "missed_document":
            if not expect["missing_documents"]:
                return None
            parts[listed] = missing[1:] or [said.none]
        case "invented_document":
            missing.append(said.invented)
        case "present_document" | "waived_document":
            known = expect[f"{fault}s"]
            if not known:
                return None
            missing.append(said.missing.format(name=known[0]["name"], line=1))
        case "wrong_level":
            wrong = _LEVELS[(_LEVELS.index(expect["escalation"]["level"]) + 1) % 3]
            parts[signal] = [f"{wrong}: {said.judged} [L1]"]
        case "wrong_evidence":
            if expect["escalation"]["level"] == "routine":
                return None
            parts[signal] = [f"{expect['escalation']['level']}: {said.judged} [L1]"]
        case "uncited_bullet":
            bullets[0] = re.sub(r" \[L\d+\]", "", bullets[0])
        case "unknown_line":
            bullets[0] = re.sub(r"\[L\d+\]", "[L9999]", bullets[0])
        case "wrong_line":
            place = next((i for i, bullet in enumerate(bullets) if re.search(r"\d", _uncited(bullet))), None)
            if place is None:
                return None
            bullets[place] = re.sub(r"\[L\d+\]", "[L1]", bullets[place])
        case "changed_number":
            place = next((i for i, bullet in enumerate(bullets) if re.search(r"\d", _uncited(bullet))), None)
            if place is None:
                return None
            bullets[place] = re.sub(r"\d+", lambda match: str(int(match[0]) + 1717), bullets[place], count=1)
        case "wrong_quote":
            parts[evidence][0] = '[L2] "the moon was full and the dog barked all night"'
        case "coverage":
            bullets[0] = bullets[0].replace(" [", said.covered, 1)
        case "four_bullets":
            bullets.pop()
        case "no_evidence_section":
            del parts[evidence]
        case "thin_summary":
            parts[summary] = [said.open] * 5
    return _written(parts)


def ideal_label(fixture: Fixture, said: Wording = ENGLISH) -> str:
    return json.dumps({"label": fixture.expect["label"], "reason": said.reason})


def faulty_label(fixture: Fixture, fault: NoteFault, said: Wording = ENGLISH) -> str | None:
    """``downgraded`` needs a note that is not routine."""
    label = fixture.expect["label"]
    match fault:
        case "downgraded":
            if label == "routine":
                return None
            return json.dumps({"label": _LEVELS[_LEVELS.index(label) - 1], "reason": said.reason})
        case "unknown_label":
            return json.dumps({"label": "urgent", "reason": said.reason})
        case "prose":
            return f"I would call this note {label}."
        case "extra_key":
            return json.dumps({"label": label, "reason": said.reason, "score": 0.9})


def ideal_handoff(fixture: Fixture, said: Wording = ENGLISH) -> str:
    """Prose: key facts, then each document that is only spoken of, as unseen."""
    return " ".join([*_handoff_facts(fixture, said), *_unseen(fixture, said)])


def faulty_handoff(fixture: Fixture, fault: HandoffFault, said: Wording = ENGLISH) -> str | None:
    facts, unseen = _handoff_facts(fixture, said), _unseen(fixture, said)
    first = fixture.expect["referenced_documents"][0]
    match fault:
        case "reviewed":
            unseen[0] = said.reviewed.format(name=first["name"], line=first["lines"][-1])
        case "unmentioned":
            unseen.pop(0)
        case "uncited":
            facts[0] = re.sub(r" \[L\d+\]", "", facts[0])
        case "wrong_line":
            place = next((i for i, fact in enumerate(facts) if re.search(r"\d", _uncited(fact))), None)
            if place is None:
                return None
            facts[place] = re.sub(r"\[L\d+\]", "[L1]", facts[place])
        case "fault":
            facts.append(said.fault)
    return " ".join([*facts, *unseen])


def ideal_rows(fixture: Fixture, said: Wording = ENGLISH) -> str:
    """The extraction-first answer: facts as written, and each document that is only spoken of left to a person."""
    return json.dumps({"facts": _rows(fixture, said)})


def faulty_rows(fixture: Fixture, fault: RowsFault, said: Wording = ENGLISH) -> str | None:
    rows = _rows(fixture, said)
    match fault:
        case "reviewed":
            rows[-1] |= {
                "fact": said.reviewed_row.format(name=fixture.expect["referenced_documents"][-1]["name"]),
                "confidence": "high",
                "needs_human_wording": False,
            }
        case "wrong_line":
            place = next((i for i, row in enumerate(rows) if re.search(r"\d", row["fact"])), None)
            if place is None:
                return None
            rows[place]["source_line"] = "L1"
        case "line_as_number":
            rows[0]["source_line"] = 12
        case "too_few":
            rows = rows[:2]
    return json.dumps({"facts": rows})


def _summary(fixture: Fixture, said: Wording) -> dict[str, list[str]]:
    expect = fixture.expect
    lines = {int(number): text for number, text in re.findall(r"^\[L(\d+)\] (.*)$", fixture.input["packet"], re.M)}
    level, shown = expect["escalation"]["level"], expect["escalation"]["lines"]
    signal = f"routine: {said.routine}" if level == "routine" else f"{level}: {said.shown} [L{shown[0]}]"
    facts = [
        said.bullet.format(fact=_words(fact["name"]), value=fact["value"], line=fact["line"])
        for fact in expect["key_facts"][:5]
    ]
    missing = [said.missing.format(name=one["name"], line=one["lines"][0]) for one in expect["missing_documents"]]
    numbers = dict.fromkeys([*(fact["line"] for fact in expect["key_facts"][:5]), *shown])
    quoted = [f'[L{number}] "{" ".join(_bare(lines[number]).split()[:6])}"' for number in numbers]
    return dict(zip(said.headings, (facts, missing or [said.none], [signal], quoted), strict=True))


def _bare(line: str) -> str:
    """Words to quote: without quotation marks of the line's own."""
    return re.sub(r"[\"“”„«].*", "", line) or line.replace('"', "")


def _written(parts: dict[str, list[str]]) -> str:
    return "\n\n".join("\n".join([name, *(f"- {item}" for item in items)]) for name, items in parts.items())


def _handoff_facts(fixture: Fixture, said: Wording) -> list[str]:
    return [
        said.fact.format(fact=_words(fact["name"]), value=fact["value"], line=fact["line"])
        for fact in fixture.expect["key_facts"]
    ]


def _unseen(fixture: Fixture, said: Wording) -> list[str]:
    return [
        said.unseen.format(name=one["name"], line=one["lines"][-1]) for one in fixture.expect["referenced_documents"]
    ]


def _rows(fixture: Fixture, said: Wording) -> list[dict[str, Any]]:
    sure = [
        _row(said.row.format(fact=_words(fact["name"]), value=fact["value"]), fact["line"], sure=True)
        for fact in fixture.expect["key_facts"]
    ]
    unseen = [
        _row(said.unseen_row.format(name=one["name"]), one["lines"][-1], sure=False)
        for one in fixture.expect["referenced_documents"]
    ]
    return [*sure, *unseen]


def _row(fact: str, line: int, *, sure: bool) -> dict[str, Any]:
    confidence = "high" if sure else "low"
    return {"fact": fact, "source_line": f"L{line}", "confidence": confidence, "needs_human_wording": not sure}


def _uncited(text: str) -> str:
    return re.sub(r"\[L\d+\]", "", text)


def _words(name: str) -> str:
    return name.replace("_", " ")
