"""A claims_v1 fixture with its gold in, the perfect answer or one with one known fault out; for tests of checks."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, TypeAlias

from milo_bench.core.records import Fixture

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


def ideal_summary(fixture: Fixture) -> str:
    """The four sections, each statement with its lines."""
    return _written(_summary(fixture))


def faulty_summary(fixture: Fixture, fault: PacketFault) -> str | None:
    """The ideal summary with ``fault``; None where the fixture leaves no room for it."""
    parts, expect = _summary(fixture), fixture.expect
    bullets, missing = parts["Summary"], parts["Missing Documents"]
    match fault:
        case "missed_document":
            if not expect["missing_documents"]:
                return None
            parts["Missing Documents"] = missing[1:] or ["none"]
        case "invented_document":
            missing.append("notarised power of attorney: not found in packet [L1]")
        case "present_document" | "waived_document":
            known = expect[f"{fault}s"]
            if not known:
                return None
            missing.append(f"{known[0]['name']}: not found in packet [L1]")
        case "wrong_level":
            wrong = _LEVELS[(_LEVELS.index(expect["escalation"]["level"]) + 1) % 3]
            parts["Escalation Signal"] = [f"{wrong}: judged from the packet [L1]"]
        case "wrong_evidence":
            if expect["escalation"]["level"] == "routine":
                return None
            parts["Escalation Signal"] = [f"{expect['escalation']['level']}: judged from the packet [L1]"]
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
            parts["Evidence Lines"][0] = '[L2] "the moon was full and the dog barked all night"'
        case "coverage":
            bullets[0] = bullets[0].replace(" [", " and the loss is covered by the policy [", 1)
        case "four_bullets":
            bullets.pop()
        case "no_evidence_section":
            del parts["Evidence Lines"]
        case "thin_summary":
            parts["Summary"] = ["the claim is open [L1]"] * 5
    return _written(parts)


def ideal_label(fixture: Fixture) -> str:
    return json.dumps({"label": fixture.expect["label"], "reason": "as the note says"})


def faulty_label(fixture: Fixture, fault: NoteFault) -> str | None:
    """``downgraded`` needs a note that is not routine."""
    label = fixture.expect["label"]
    match fault:
        case "downgraded":
            if label == "routine":
                return None
            return json.dumps({"label": _LEVELS[_LEVELS.index(label) - 1], "reason": "as the note says"})
        case "unknown_label":
            return json.dumps({"label": "urgent", "reason": "as the note says"})
        case "prose":
            return f"I would call this note {label}."
        case "extra_key":
            return json.dumps({"label": label, "reason": "as the note says", "score": 0.9})


def ideal_handoff(fixture: Fixture) -> str:
    """Prose: key facts, then each document that is only spoken of, as unseen."""
    return " ".join([*_handoff_facts(fixture), *_unseen(fixture)])


def faulty_handoff(fixture: Fixture, fault: HandoffFault) -> str | None:
    facts, unseen = _handoff_facts(fixture), _unseen(fixture)
    first = fixture.expect["referenced_documents"][0]
    match fault:
        case "reviewed":
            unseen[0] = f"The {first['name']} was reviewed and supports the account [L{first['lines'][-1]}]."
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
            facts.append("The other side is clearly at fault [L1].")
    return " ".join([*facts, *unseen])


def ideal_rows(fixture: Fixture) -> str:
    """The extraction-first answer: facts as written, and each document that is only spoken of left to a person."""
    return json.dumps({"facts": _rows(fixture)})


def faulty_rows(fixture: Fixture, fault: RowsFault) -> str | None:
    rows = _rows(fixture)
    match fault:
        case "reviewed":
            rows[-1] |= {
                "fact": f"{fixture.expect['referenced_documents'][-1]['name']} was reviewed",
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


def _summary(fixture: Fixture) -> dict[str, list[str]]:
    expect = fixture.expect
    lines = {int(number): text for number, text in re.findall(r"^\[L(\d+)\] (.*)$", fixture.input["packet"], re.M)}
    level, shown = expect["escalation"]["level"], expect["escalation"]["lines"]
    signal = "routine: nothing that asks for a closer look" if level == "routine" else f"{level}: as said [L{shown[0]}]"
    facts = [f"{_words(fact['name'])}: {fact['value']} [L{fact['line']}]" for fact in expect["key_facts"][:5]]
    missing = [f"{one['name']}: not found in packet [L{one['lines'][0]}]" for one in expect["missing_documents"]]
    numbers = dict.fromkeys([*(fact["line"] for fact in expect["key_facts"][:5]), *shown])
    return {
        "Summary": facts,
        "Missing Documents": missing or ["none"],
        "Escalation Signal": [signal],
        "Evidence Lines": [f'[L{number}] "{" ".join(_bare(lines[number]).split()[:6])}"' for number in numbers],
    }


def _bare(line: str) -> str:
    """Words to quote: without quotation marks of the line's own."""
    return re.sub(r"[\"“”].*", "", line) or line.replace('"', "")


def _written(parts: dict[str, list[str]]) -> str:
    return "\n\n".join("\n".join([name, *(f"- {item}" for item in items)]) for name, items in parts.items())


def _handoff_facts(fixture: Fixture) -> list[str]:
    return [
        f"The {_words(fact['name'])} is given as {fact['value']} [L{fact['line']}]."
        for fact in fixture.expect["key_facts"]
    ]


def _unseen(fixture: Fixture) -> list[str]:
    return [
        f"The {one['name']} is only spoken of and is not in the packet [L{one['lines'][-1]}]."
        for one in fixture.expect["referenced_documents"]
    ]


def _rows(fixture: Fixture) -> list[dict[str, Any]]:
    sure = [
        _row(f"{_words(fact['name'])}: {fact['value']}", fact["line"], sure=True)
        for fact in fixture.expect["key_facts"]
    ]
    unseen = [
        _row(f"{one['name']} is spoken of", one["lines"][-1], sure=False)
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
