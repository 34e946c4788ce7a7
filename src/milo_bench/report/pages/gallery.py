"""A decision's errors and examples in, a fragment of HTML out: causes with counts, failed cases with spans marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from milo_bench.config.routing.use_names import workload_of
from milo_bench.core.records import Span
from milo_bench.core.text import one_line, visible
from milo_bench.decide.examples.choose import MOST_INPUT, MOST_OUTPUT
from milo_bench.decide.examples.text import cut
from milo_bench.decide.records import Candidate, Decision, ErrorShare, Example, Ref, ShownPicture
from milo_bench.decide.wording import readable_category
from milo_bench.report.pages.marked import is_right_to_left, mark_spans, values_isolated
from milo_bench.report.pages.text_language import text_language
from milo_bench.report.pages.views import column_title, workload_title

T = TypeVar("T")
_MOST_STATEMENTS = 60
_MOST_BRIEF_STATEMENTS = 5
_MOST_SOURCES = 12
_MOST_BRIEF = 3  # causes on a page that is read; the rest stands in the appendix
_MOST_PICTURES = 20
_PICTURE_KINDS = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_-]+")
_NOTES = {
    "hashes": "The log stores hashes instead of texts, so this attempt is named but not shown.",
    "redacted": "The log stores redacted texts. Spans and reasons refer to the original texts and are left out.",
    "full": "",
}


def gallery(
    decision: Decision,
    figure: Callable[[Ref], Markup],
    *,
    workload: str = "",
    brief: bool = False,
    chosen: bool = False,
) -> Markup:
    """The gallery of ``decision``, or of one workload; empty Markup where nothing went wrong.

    ``chosen``: of the chosen candidates. ``brief``: the answer of one case of each of the most frequent causes, without
    counts, for a page that has those.

    ``figure`` shows a Ref with its source; every number of the gallery goes through it. Texts are
    escaped, hidden characters are made visible, and each text is cut to a bounded length around
    its spans. Its style is ``static/gallery.css``.
    """
    if chosen:
        decision = _of_chosen(decision)
    causes = _causes(decision, figure, workload)
    if brief:
        shown = [cause for cause in causes if cause["examples"]][:_MOST_BRIEF]
        causes = [{**cause, "examples": [_around_marks(one) for one in cause["examples"][:1]]} for cause in shown]
    if not causes:
        return Markup("")
    return Markup(_environment().get_template("gallery.jinja").render(causes=causes, brief=brief))  # noqa: S704  # autoescaped


def _around_marks(example: dict[str, Any]) -> dict[str, Any]:
    """The example with only those sentences that are marked or lack a citation, and one on either side of each.

    Where nothing is marked, those that cite something.
    """
    statements = example["statements"]
    marked = {place for place, one in enumerate(statements) if one["marked"]}
    near = {place + step for place in marked for step in (-1, 0, 1)}
    shown = [one for place, one in enumerate(statements) if (place in near if marked else one["sources"])]
    return {**example, "statements": _said_once(shown)}


def _said_once(statements: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Statements, without the text of evidence that is in the row above already."""
    found: list[dict[str, Any]] = []
    for before, one in zip([None, *statements], statements, strict=False):
        again = before is not None and one["sources"] and before["sources"] == one["sources"]
        found.append({**one, "again": bool(again)})
    return found


def _of_chosen(decision: Decision) -> Decision:
    """The decision with errors and examples of the chosen candidates alone; of any, where they have none."""
    chosen = {finding.candidate for finding in decision.chosen}
    examples = tuple(one for one in decision.examples if one.candidate in chosen)
    if not examples:
        return decision
    errors = tuple(share for share in decision.errors if share.candidate in chosen)
    return msgspec.structs.replace(decision, errors=errors, examples=examples)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("milo_bench.report", "templates"), autoescape=True, undefined=StrictUndefined
    )


def _causes(decision: Decision, figure: Callable[[Ref], Markup], workload: str) -> list[dict[str, Any]]:
    shares = [share for share in decision.errors if workload in ("", share.candidate.workload)]
    by_cause: dict[tuple[str, str], list[ErrorShare]] = {}
    for share in shares:
        by_cause.setdefault((share.check, share.category), []).append(share)
    for one in decision.examples:
        # An example of a cause that nobody counted is shown all the same.
        if workload in ("", one.candidate.workload):
            by_cause.setdefault((one.check, one.category), [])

    def attempts(share: ErrorShare) -> float:
        return decision.figures[share.attempts].value or 0.0

    made = []
    for (check, category), some in by_cause.items():
        some = sorted((share for share in some if attempts(share)), key=lambda one: (-attempts(one), one.candidate))
        examples = _examples(decision, check, category, workload)
        if not some and not examples:
            continue
        total = sum(attempts(share) for share in some)
        cause = {
            "anchor": _anchor("cause", workload, check, category),
            "check": one_line(check.replace("_", " ")),
            "category": one_line(readable_category(category)) or "failed",
            "rows": [
                {
                    "candidate": _title(decision, [share.candidate for share in alike]),
                    "attempts": figure(Ref(alike[0].attempts)),
                    "rate": figure(Ref(alike[0].rate, whole=True)),
                }
                for alike in _alike(some, lambda one: (_answered_by(one.candidate), attempts(one)))
            ],
            "examples": [
                _shown(alike[0], _title(decision, [one.candidate for one in alike]))
                for alike in _alike(examples, lambda one: (_answered_by(one.candidate), one.key))
            ],
        }
        made.append((-total, check, category, cause))
    made.sort(key=lambda one: one[:3])
    return [cause for *_, cause in made]


def _answered_by(candidate: Candidate) -> tuple[str, ...]:
    """What two uses of one workload have in common: the answers, which are counted once."""
    return (workload_of(candidate.workload), candidate.target, candidate.variant, candidate.decoding)


def _alike(some: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """``some`` in their order, those of one key together."""
    found: dict[Hashable, list[T]] = {}
    for one in some:
        found.setdefault(key(one), []).append(one)
    return list(found.values())


def _title(decision: Decision, candidates: Sequence[Candidate]) -> str:
    """The title of the work, that of the workload where several uses share its answers, and the model that answered."""
    uses = {one.workload for one in candidates}
    workload = uses.pop() if len(uses) == 1 else workload_of(candidates[0].workload)
    title = workload_title(decision, workload)
    return one_line(f"{title[:1].upper()}{title[1:]} on {column_title(candidates[0])}", 120)


def _examples(decision: Decision, check: str, category: str, workload: str) -> list[Example]:
    return [
        one
        for one in decision.examples
        if (one.check, one.category) == (check, category) and workload in ("", one.candidate.workload)
    ]


def _shown(example: Example, title: str) -> dict[str, Any]:
    sides = []
    if example.text != "hashes":
        sides = [
            {
                "title": "Input",
                "text": _side(example.input, example.spans, "input", MOST_INPUT),
                "lang": text_language(example.input),
            },
            {
                "title": "Output",
                "text": _side(example.output, example.spans, "output", MOST_OUTPUT),
                "lang": text_language(example.output),
            },
        ]
    return {
        "anchor": _anchor("example", example.id),
        "key": one_line(example.key, 120),
        "candidate": title,
        "note": _NOTES[example.text],
        "reason": visible(example.reason),
        "expected": visible(example.expected),
        "got": visible(example.got),
        "read_by": visible(example.read_by or ""),
        "sides": sides,
        "pictures": [_picture(number, one) for number, one in enumerate(example.pictures[:_MOST_PICTURES], 1)],
        "statements": _statements(example),
    }


def _picture(number: int, picture: ShownPicture) -> dict[str, str]:
    """A picture that the page contains: its bytes are checked, so that nothing else is in the attribute."""
    shown = picture.kind in _PICTURE_KINDS and _BASE64.fullmatch(picture.data) is not None
    return {
        "source": f"data:{picture.kind};base64,{picture.data}" if shown else "",
        "label": f"Picture {number} of the input",
        "why_not": visible(picture.why_not or "its bytes are not in the decision"),
        "digest": one_line(picture.digest[:12]),
    }


def _statements(example: Example, most: int = _MOST_STATEMENTS) -> list[dict[str, Any]]:
    return [
        {
            "text": mark_spans(one.text, one.spans),
            "lang": text_language(one.text),
            "sources": [
                {
                    "id": one_line(source.id, 20),
                    "text": visible(source.text),
                    "lang": text_language(source.text or ""),
                }
                for source in one.sources[:_MOST_SOURCES]
            ],
            "uncited": one.uncited,
            "marked": bool(one.spans) or one.uncited,
            "again": False,
        }
        for one in example.cited[:most]
    ]


def answers_with_evidence(decision: Decision, titles: Callable[[str], str], *, brief: bool = False) -> Markup:
    """Right answers of the chosen candidates, each sentence beside the evidence that it cites; empty where none cite.

    ``titles`` names a workload. ``brief``: the first sentences alone, with a link to the rest in the appendix.
    """
    most = _MOST_BRIEF_STATEMENTS if brief else _MOST_STATEMENTS
    distinct = {one.key: one for one in reversed(decision.shown_answers)}  # two uses may show the same answer
    shown = [
        {
            "title": one_line(f"{titles(one.candidate.workload)} on {one.candidate.target}", 120),
            "anchor": _anchor("answer", one.id),
            "key": one_line(one.key, 120),
            "more": brief and len(one.cited) > most,
            "statements": _said_once(_statements(one, most)) if brief else _statements(one, most),
        }
        for one in decision.shown_answers
        if one.cited and distinct[one.key] is one
    ]
    if not shown:
        return Markup("")
    return Markup(_environment().get_template("cited.jinja").render(shown=shown))  # noqa: S704  # autoescaped


def _side(text: str, spans: Sequence[Span], part: str, most: int) -> Markup:
    if not text:
        return Markup('<span class="empty">(empty)</span>')
    mine = [span for span in spans if span.where == part or span.where.startswith(f"{part}.")]
    # Examples come bounded; a decision that was changed by hand may not be.
    text, mine = _bounded(text, mine, 2 * most)
    shown = mark_spans(text, mine)
    return values_isolated(shown) if part == "input" and is_right_to_left(text) else shown


def _bounded(text: str, spans: list[Span], most: int) -> tuple[str, list[Span]]:
    shown, kept = cut(text, spans, most=most)
    return shown, list(kept)


def _anchor(*parts: str) -> str:
    return "-".join(_NOT_IN_AN_ID.sub("-", part).strip("-")[:60] for part in parts if part)
