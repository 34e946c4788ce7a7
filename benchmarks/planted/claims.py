"""A claims_v1 fixture with its gold in, a right answer or one with a named fault out, in wordings of no test."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from milo_bench.core.records import Fixture

_LEVELS = ("routine", "watch", "escalate")
_LEADS = {
    "date_of_loss": "It happened on", "place": "The scene was", "reserve": "Money set aside so far:",
    "injury": "Harm as noted:", "offer": "An offer was put forward of",
}  # fmt: skip


def packet_summary(fixture: Fixture, fault: str) -> str | None:
    """Four sections. Faults: invented_document, missed_document, wrong_level, uncited, wrong_number, four_bullets."""
    expect = fixture.expect
    lines = _lines(fixture.input["packet"])
    facts = [_bullet(fact) for fact in expect["key_facts"][:5]]
    missing = [f"{one['name']}, not found in packet [L{one['lines'][0]}]" for one in expect["missing_documents"]]
    level, shown = expect["escalation"]["level"], expect["escalation"]["lines"]
    signal = f"{level}: {'a plain file' if level == 'routine' else f'see what is written there [L{shown[0]}]'}"
    match fault:
        case "invented_document":
            missing.append("certified bank mandate, not found in packet [L1]")
        case "missed_document":
            if not missing:
                return None
            missing = missing[1:]
        case "wrong_level":
            signal = f"{_LEVELS[(_LEVELS.index(level) + 1) % 3]}: read from the file [L1]"
        case "uncited":
            facts[0] = re.sub(r" \[L\d+\]$", "", facts[0])
        case "wrong_number":
            place = next((n for n, fact in enumerate(facts) if re.search(r"\d{2}", fact.split(" [L")[0])), None)
            if place is None:
                return None
            facts[place] = re.sub(r"\d{2,}", lambda found: str(int(found[0]) * 3 + 19), facts[place], count=1)
        case "four_bullets":
            facts.pop()
    numbers = dict.fromkeys([*(fact["line"] for fact in expect["key_facts"][:5]), *shown])
    quotes = [f'L{number}: "{_opening(lines[number])}"' for number in numbers]
    parts = {
        "Summary": facts,
        "Missing Documents": missing or ["none"],
        "Escalation Signal": [signal],
        "Evidence Lines": quotes,
    }
    return "\n\n".join(f"{name}\n" + "\n".join(f"* {item}" for item in items) for name, items in parts.items())


def part_notes(text: str) -> str:
    """Notes on one part of a packet: its first lines that have a figure."""
    found = [f"* {line} [L{number}]" for number, line in _lines(text).items() if re.search(r"\d", line)]
    return "Facts\n" + "\n".join(found[:6] or ["* none"])


def escalation(fixture: Fixture, fault: str) -> str | None:
    """One JSON object. Faults: downgraded (to the label below), overlooked (escalate as routine), upgraded, prose."""
    label = fixture.expect["label"]
    place = _LEVELS.index(label)
    if fault == "prose":
        return f"This one belongs in the {label} pile."
    if fault == "downgraded" and place == 0:
        return None
    if fault == "overlooked" and place < 2:
        return None
    if fault == "upgraded" and place == 2:
        return None
    chosen = _LEVELS[place + {"": 0, "downgraded": -1, "overlooked": -2, "upgraded": 1}[fault]]
    return json.dumps({"label": chosen, "reason": "going by the wording of the note"})


def handoff(fixture: Fixture, fault: str) -> str | None:
    """Prose. Faults: claimed_review, uncited."""
    facts = [
        f"On {_words(fact['name'])}, the file says {fact['value']} [L{fact['line']}]."
        for fact in fixture.expect["key_facts"]
    ]
    unseen = [
        f"We do not hold the {one['name']}; it is not in the packet [L{one['lines'][-1]}]."
        for one in fixture.expect["referenced_documents"]
    ]
    if fault == "claimed_review":
        first = fixture.expect["referenced_documents"][0]
        unseen[0] = f"Having gone through the {first['name']}, I find nothing against it [L{first['lines'][-1]}]."
    if fault == "uncited":
        facts[-1] = re.sub(r" \[L\d+\]", "", facts[-1])
    return " ".join([*facts, *unseen])


def handoff_rows(fixture: Fixture, fault: str) -> str | None:
    """Rows with their lines. Faults: claimed_review."""
    rows = [
        {
            "fact": f"{_words(fact['name'])}, as written: {fact['value']}",
            "source_line": f"L{fact['line']}",
            "confidence": "high",
            "needs_human_wording": False,
        }
        for fact in fixture.expect["key_facts"]
    ]
    for one in fixture.expect["referenced_documents"]:
        rows.append(
            {
                "fact": f"{one['name']} mentioned, not in the packet",
                "source_line": f"L{one['lines'][-1]}",
                "confidence": "low",
                "needs_human_wording": True,
            }
        )
    if fault == "claimed_review":
        rows[-1] |= {
            "fact": f"{fixture.expect['referenced_documents'][-1]['name']} was gone through",
            "confidence": "high",
            "needs_human_wording": False,
        }
    return json.dumps({"facts": rows})


def _bullet(fact: dict[str, Any]) -> str:
    lead = _LEADS.get(fact["name"], f"As to the {_words(fact['name'])}:")
    return f"{lead} {fact['value']} [L{fact['line']}]"


def _lines(packet: str) -> dict[int, str]:
    return {int(number): text for number, text in re.findall(r"^\[L(\d+)\] (.*)$", packet, re.M)}


def _opening(line: str, words: int = 7) -> str:
    plain: Sequence[str] = re.split(r"[\"“”]", line)
    return " ".join(max(plain, key=len).split()[:words])


def _words(name: str) -> str:
    return name.replace("_", " ")
