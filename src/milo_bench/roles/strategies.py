"""A case of review, reason or draft in, the true answer and answers of strategies that read nothing out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from milo_bench.core.records import Fixture
from milo_bench.core.text import file_lines

StrategyAnswer = Callable[[Fixture], str]


def _true_review(fixture: Fixture) -> str:
    expect = fixture.expect["review"]
    comments = [
        {"path": path, "line": lines[0], "text": "mended later"} for path, lines in expect.get("lines", {}).items()
    ]
    return json.dumps({"verdict": expect["verdict"], "comments": comments[:5]})


def _flag_nothing(fixture: Fixture) -> str:
    return json.dumps({"verdict": "accept", "comments": []})


def _flag_everything(fixture: Fixture) -> str:
    """Five comments, spread evenly over all added lines."""
    lines = [place for hunk in _hunks(fixture) for place in hunk]
    step = max(1, len(lines) // 5)
    return _rejected(lines[step // 2 :: step][:5])


def _flag_longest(fixture: Fixture) -> str:
    """Five comments, spread evenly over the longest hunk."""
    longest = max(_hunks(fixture), key=len, default=[])
    step = max(1, len(longest) // 5)
    return _rejected(longest[step // 2 :: step][:5])


def _rejected(places: Iterable[tuple[str, int]]) -> str:
    comments = [{"path": path, "line": line, "text": "look here"} for path, line in places]
    return json.dumps({"verdict": "reject", "comments": comments})


def _hunks(fixture: Fixture) -> list[list[tuple[str, int]]]:
    """Added lines of a numbered diff, hunk by hunk, each with its path."""
    hunks: list[list[tuple[str, int]]] = []
    path = ""
    for line in file_lines(str(fixture.input["diff"])):
        if line.startswith("+++ "):
            path = line[4:].removeprefix("b/")
        elif line.startswith("@@ "):
            hunks.append([])
        elif hunks and (added := re.match(r"^\s*(\d+) \+", line)) is not None:
            hunks[-1].append((path, int(added[1])))
    return hunks


def _true_reason(fixture: Fixture) -> str:
    return json.dumps({"answer": fixture.expect["reason"]["answer"]})


def _all_of_it(fixture: Fixture) -> str:
    return json.dumps({"answer": _choices(fixture)})


def _first_of_it(fixture: Fixture) -> str:
    return json.dumps({"answer": _choices(fixture)[:1]})


def _choices(fixture: Fixture) -> list[Any]:
    if "call" in fixture.input:  # a value is asked: what the call shows is all there is to choose from
        return [str(fixture.input["call"]).partition("(")[2].rstrip(")")]
    tests = fixture.input.get("tests")
    return [test["name"] for test in tests] if tests else list(fixture.input.get("listing", ()))


def _true_draft(fixture: Fixture) -> str:
    return str(fixture.expect["draft"]["message"])


def _both_verdicts(fixture: Fixture) -> str:
    return f"{_flag_nothing(fixture)}\n{_flag_everything(fixture)}"


def _all_names(fixture: Fixture) -> str:
    return "\n\n".join([", ".join(fixture.expect["draft"]["symbols"])] * 2)


def _diff_again(fixture: Fixture) -> str:
    return str(fixture.input["diff"])


def _verb_and_name(fixture: Fixture) -> str:
    """As little as a text can say: its ceiling shows that a passed draft is grounded, and not that it is good."""
    form = fixture.expect["draft"].get("format", {})
    text = f"{form.get('bullet', '')}Update {fixture.expect['draft']['symbols'][0]}"
    return text + ("\n\nIt changes." if form.get("body") else "." if form.get("full_stop") else "")


# An answer, the share that must pass, and whether that is a ceiling.
STRATEGIES: Final[Mapping[str, Mapping[str, tuple[StrategyAnswer, float, bool]]]] = {
    "review": {
        "true verdict": (_true_review, 1.0, False),
        "empty answer": (lambda fixture: "", 0.0, False),
        "flag everything": (_flag_everything, 0.6, True),
        "flag nothing": (_flag_nothing, 0.6, True),
        "flag the longest hunk": (_flag_longest, 0.6, True),
        "both verdicts": (_both_verdicts, 0.0, True),
    },
    "reason": {
        "true answer": (_true_reason, 1.0, False),
        "empty answer": (lambda fixture: "", 0.0, False),
        "name all": (_all_of_it, 0.1, True),
        "name the first": (_first_of_it, 0.5, True),
    },
    "draft": {
        "the commit's own message": (_true_draft, 1.0, False),
        "empty answer": (lambda fixture: "", 0.0, False),
        "a message for any change": (lambda fixture: "Improve the code", 0.05, True),
        "the diff itself": (_diff_again, 0.0, True),
        "a list of names": (_all_names, 0.0, True),
        "a verb and one name": (_verb_and_name, 1.0, True),
        "invented names": (lambda fixture: "Fix frobnicate_all_widgets in core/widgets.py (#99999)", 0.0, True),
    },
}
