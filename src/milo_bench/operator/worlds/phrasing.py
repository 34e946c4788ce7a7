"""A brief with its names one a line and a seeded chance in, the same order with its names in sentences out.

What stands where in a brief would otherwise be known from any recording of the task. Wording, order and labels are
drawn for each episode, and an earlier order with names of the same make stands beside this one.
"""

from __future__ import annotations

import random
import re
import string
from typing import Final

from milo_bench.operator.worlds.draw import PEOPLE, SERVICES

_SENTENCES: Final = (
    "The {label} is {value}.",
    "{value} is the {label}.",
    "Use {value} as the {label}.",
    "As {label}, take {value}.",
    "For the {label} this order means {value}.",
    "{Label}: {value}.",
    "You will need the {label}, which is {value}.",
    "This time {value} stands for the {label}.",
    "Note {value} ({label}).",
    "The {label} in question: {value}.",
    "It is about {value}, the {label}.",
    "We put down {value} for the {label}.",
    "{Label} of this order: {value}.",
    "This order has {value} as its {label}.",
    "What is called the {label} is {value}.",
    "Work with {value}, the {label}.",
)
_EARLIER: Final = (
    "An earlier order, closed by now, named {named}.",
    "Leave the order of last week alone: it had {named}, and it has ended.",
    "Do not mix this up with another order, which had {named}.",
    "The order before this one was about {named}. Nothing is left to do there.",
)
_LABELS: Final = {
    "service": ("service", "affected service", "service concerned", "system"),
    "ticket": ("ticket", "ticket to keep up to date", "record of this work", "case number"),
    "artifact": ("artifact", "build to ship", "release artifact", "package"),
    "repository": ("repository", "code repository", "source tree", "repo"),
    "approver": ("approver", "person who approves", "one who signs off", "approval contact"),
    "duty_manager": ("duty manager", "manager on duty", "person in charge today", "escalation contact"),
    "channel": ("channel", "channel for reports", "place to report to", "team channel"),
    "setting": ("setting", "setting to change", "key", "parameter"),
    "value": ("value", "value wanted", "target value", "new value"),
    "services": ("services", "services on the list", "systems to go through", "services concerned"),
}


def phrase_brief(brief: str, chance: random.Random) -> str:
    """``brief`` with the names of its last paragraph in sentences; one without such a paragraph stays as it is."""
    order, _, lines = brief.rpartition("\n\n")
    facts = [(name, value) for name, colon, value in (line.partition(": ") for line in lines.splitlines()) if colon]
    if not order or len(facts) != len(lines.splitlines()):
        return brief
    said = [_say(chance.choice(_SENTENCES), name, value, chance) for name, value in facts]
    earlier = [f"{_another(value, chance)} as {_label(name, chance)}" for name, value in facts]
    chance.shuffle(earlier)
    said.append(chance.choice(_EARLIER).format(named=", ".join(earlier)))
    chance.shuffle(said)
    return f"{order}\n\n{' '.join(said)}"


def stated_facts(brief: str) -> dict[str, str]:
    """The names of a brief that has them one a line."""
    return dict(line.split(": ", 1) for line in brief.splitlines() if ": " in line)


def _say(sentence: str, name: str, value: str, chance: random.Random) -> str:
    label = _label(name, chance)
    return sentence.format(label=label, Label=label[:1].upper() + label[1:], value=value)


def _label(name: str, chance: random.Random) -> str:
    return chance.choice(_LABELS.get(name, (name.replace("_", " "),)))


def _another(value: str, chance: random.Random) -> str:
    """A value of the same make: other digits, and another service or person in the place of each."""
    names = {*SERVICES, *PEOPLE}

    def name(found: re.Match[str]) -> str:
        word = found[0]
        if word not in names:
            return word
        return chance.choice([one for one in (SERVICES if word in SERVICES else PEOPLE) if one != word])

    changed = re.sub(r"[a-z]+", name, value)
    changed = re.sub(r"\d", lambda found: chance.choice([d for d in string.digits[1:] if d != found[0]]), changed)
    return changed if changed != value else f"{value} (old)"
