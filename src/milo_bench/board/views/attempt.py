"""One attempt: its input and its answer with marks, the reason beside them, and other answers one key away."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from starlette.responses import Response

from milo_bench.board.index.catalog import BoardLog
from milo_bench.board.index.filters import AttemptFilter, read_filter
from milo_bench.board.index.opening import OpenedAttempt
from milo_bench.board.index.search import FoundAttempt
from milo_bench.board.parts import BoardParts
from milo_bench.board.server.render import cause_text
from milo_bench.board.server.requests import NotThere, PageRequest, Shown
from milo_bench.board.views.attempt_line import plain_line
from milo_bench.board.views.inputs import input_parts
from milo_bench.board.views.marks import answer_lines, is_data, numbered, pieces, spans_in
from milo_bench.board.views.notes import notes_data
from milo_bench.board.views.word_diff import word_diff
from milo_bench.core import units
from milo_bench.core.errors import MiloError
from milo_bench.core.records import Fixture
from milo_bench.core.text import visible
from milo_bench.decide.examples.ocr import lines_in_doubt, read_by_ocr
from milo_bench.report.pages.text_language import text_language
from milo_bench.suites.pictures import read_shown_picture
from milo_bench.suites.prompts import picture_names

_MOST_TABS: Final = 9
_MOST_IN_DOUBT: Final = 50  # lines of a picture's text
_MOST_OF_A_LINE: Final = 300
_LONG: Final = 40  # characters of an expected value that has a line of its own
_CITATION: Final = re.compile(r"\[([^\[\]\s]{1,40})\]")
_OUTCOMES: Final = {
    "pass": "passes",
    "fail": "fails",
    "flag": "flagged",
    "skip": "does not apply",
    "unjudged": "not judged",
}


def show_attempt(board: BoardParts, asked: PageRequest) -> Shown | NotThere:
    """``/runs/{run}/attempts/{n}``: ``with`` names another attempt to compare words with; ``input=all`` unfolds,
    ``answer=sent`` shows the answer as it was sent."""
    log = board.log(asked.names["run"])
    found = board.search.at(log, int(asked.names["n"])) if log is not None else None
    if log is None or found is None:
        return no_attempt(log)
    opened = board.opener.open(found)
    beside = _beside(board, found)
    filter = msgspec.structs.replace(read_filter(asked.query), run=log.id)
    as_sent = asked.query.get("answer") == "sent"
    data = attempt_data(opened, whole_input=asked.query.get("input") == "all", as_sent=as_sent)
    data["beside"] = [{**plain_line(one), "key": key} for key, one in enumerate(beside, start=1)]
    data["diff"] = _diff(board, opened, beside, asked.query.get("with", ""))
    data["pictures"] = _pictures(board, opened)
    data["neighbours"] = _neighbours(board, found, filter)
    data["notes"] = notes_data(board, str(data["attempt"]["address"]))
    data["in_review"] = _in_review(board, opened)
    data["may_review"] = asked.person.may("review")
    data["may_send"] = opened.has_text and not data["in_review"]
    data["query"] = filter.without("run").query()
    data["whole_input"] = asked.query.get("input") == "all"
    title = f"{found.row.fixture} on {found.kind.target}"
    return Shown("attempt.html.jinja", title, data, "failures")


def no_attempt(log: BoardLog | None) -> NotThere:
    """Why there is no attempt at an address: its log is being read, or does not have it."""
    if log is not None and log.index is None and not log.problem:
        return NotThere(f"The board is still reading {log.name}.", again=True)
    return NotThere("There is no attempt with this address.", "its log may have been moved. Start from the runs.")


def show_picture(board: BoardParts, asked: PageRequest) -> Response | NotThere:
    """``/runs/{run}/attempts/{n}/pictures/{k}``: a picture of the input, from the suite's folder."""
    log = board.log(asked.names["run"])
    found = board.search.at(log, int(asked.names["n"])) if log is not None else None
    if log is None or found is None:
        return no_attempt(log)
    opened = board.opener.open(found)
    names = picture_names(opened.workload, opened.fixture.input)
    number = int(asked.names["k"])
    if not 0 < number <= len(names):
        return NotThere("The input of this attempt has no such picture.", "start from the attempt.")
    try:
        kind, data = read_shown_picture(names[number - 1], board.opener.header(log).suite_folder)
    except MiloError as error:
        return NotThere(error.message, error.hint)
    return Response(data, media_type=kind)


def _pictures(board: BoardParts, opened: OpenedAttempt) -> list[dict[str, str]]:
    """The pictures of an input: an address for each that the suite's folder has."""
    names = picture_names(opened.workload, opened.fixture.input)
    folder = board.opener.header(opened.log).suite_folder if names else ""
    shown = []
    for number, name in enumerate(names, start=1):
        address = f"{plain_line(opened.found)['address']}/pictures/{number}"
        try:
            read_shown_picture(name, folder)
        except MiloError as error:
            shown.append({"label": f"Picture {number}", "name": name, "address": "", "why_not": error.message})
        else:
            shown.append({"label": f"Picture {number}", "name": name, "address": address, "why_not": ""})
    return shown


def _in_review(board: BoardParts, opened: OpenedAttempt) -> bool:
    from milo_bench.board.review.choosing import is_in_review

    return is_in_review(board.engine, opened)


def attempt_data(opened: OpenedAttempt, *, whole_input: bool = False, as_sent: bool = False) -> dict[str, Any]:
    """The attempt itself, without what is beside it."""
    attempt, fixture, workload = opened.attempt, opened.fixture, opened.workload
    verdicts = () if opened.graded is None else opened.graded.verdicts
    told = numbered(verdicts)
    cited = frozenset(_CITATION.findall(attempt.output))
    index = opened.log.index
    assert index is not None
    return {
        "attempt": {
            **plain_line(opened.found),
            "workload_title": workload.title or workload.name,
            "created_at": index.created_at,
            "suite": index.suite,
            "model": index.models.get(attempt.key.target, ""),
            "tags": list(fixture.tags),
            "group": fixture.group,
            "bypass": attempt.bypass,
            "failure": None if attempt.failure is None
            else {"kind": attempt.failure.kind, "message": attempt.failure.message},
            "finish_reason": attempt.finish_reason,
            "key": attempt.key.text,
            "erased": bool(attempt.erased),
            "length": _length(attempt.output),
        },
        "why_not": opened.why_not,
        "reasons": [
            {
                "number": number,
                "check": verdict.check,
                "outcome": verdict.outcome,
                "cause": cause_text(verdict.category or verdict.check),
                "reason": verdict.reason,
                "subject": verdict.subject,
                "expected": verdict.expected,
                "got": verdict.got,
            }
            for number, verdict in told
        ],
        "checks": _checks(opened),
        "input": input_parts(fixture.input, told, cited, whole=whole_input),
        "read_by": read_by_ocr(fixture, quote=False),
        "in_doubt": _in_doubt(fixture) if index.store_text == "full" and not attempt.erased else [],
        "expect": _expected(fixture.expect),
        "lines": [] if as_sent else answer_lines(attempt.output, told),
        "as_sent": as_sent,
        "is_data": is_data(attempt.output),
        "answer": pieces(attempt.output, [] if as_sent else spans_in("output", told)),
        "reasoning": visible(attempt.reasoning),
        "tool_calls": [{"name": call.name, "arguments": visible(call.arguments)} for call in attempt.tool_calls],
        "asked": {
            "prompt": workload.prompt_name,
            "temperature": workload.temperature,
            "max_tokens": workload.max_tokens,
            "decoding": attempt.key.decoding,
            "latency": units.seconds(attempt.timings.latency_s),
            "ttft": "" if attempt.timings.ttft_s is None else units.seconds(attempt.timings.ttft_s),
            "prompt_tokens": attempt.usage.prompt_tokens,
            "completion_tokens": attempt.usage.completion_tokens,
        },
    }  # fmt: skip


def _in_doubt(fixture: Fixture) -> list[dict[str, str]]:
    """The lines of a picture's text that were read with low confidence, each with its place."""
    return [
        {"text": visible(one.text[:_MOST_OF_A_LINE]), "confidence": units.number(one.confidence), "where": one.where}
        for one in lines_in_doubt(fixture)[:_MOST_IN_DOUBT]
    ]


def _length(text: str) -> str:
    """How long an answer is, in words, or in characters where the language writes without spaces."""
    if text_language(text) in ("ja", "zh", "th"):
        return f"{len(''.join(text.split())):,} characters"
    words = len(text.split())
    return f"{words:,} {'word' if words == 1 else 'words'}"


def _checks(opened: OpenedAttempt) -> list[dict[str, str]]:
    """Each check once, with the worst that it said."""
    worst: dict[str, str] = {}
    order = ("skip", "pass", "flag", "unjudged", "fail")
    for verdict in () if opened.graded is None else opened.graded.verdicts:
        known = worst.get(verdict.check, "skip")
        worst[verdict.check] = max(known, verdict.outcome, key=order.index)
    told = sorted(worst.items(), key=lambda pair: -order.index(pair[1]))
    return [{"check": check, "outcome": outcome, "text": _OUTCOMES[outcome]} for check, outcome in told]


def _expected(expect: dict[str, Any]) -> list[dict[str, Any]]:
    """One part for each thing that is expected: its fields, or its text. What is empty is left out."""
    found = []
    for name, value in expect.items():
        if isinstance(value, dict):
            fields = [{"name": str(key), "text": _value_text(name, one)} for key, one in value.items()]
            found.append({"name": name, "fields": fields, "text": ""})
        else:
            found.append({"name": name, "fields": [], "text": _value_text(name, value)})
    return [one for one in found if one["fields"] or one["text"] not in ("", "[]", "{}")]


def _value_text(name: str, value: object) -> str:
    """A value as a person reads it: a record on a line, its fields side by side, and the place of a span in words."""
    if isinstance(value, str):
        return visible(value)
    if "spans" in name and isinstance(value, list) and len(value) == 2 and all(type(one) is int for one in value):
        return f"characters {value[0]} to {value[1]}"
    if isinstance(value, list) and value:
        told = [_value_text(name, one) for one in value]
        one_each = any(isinstance(one, dict) or len(text) > _LONG for one, text in zip(value, told, strict=True))
        return ("\n" if one_each else ", ").join(told)
    if isinstance(value, dict) and value:
        fields = ((str(key), _value_text(str(key), one)) for key, one in value.items())
        return " · ".join(visible(f"{key.replace('_', ' ')}: {text}".replace("\n", " / ")) for key, text in fields)
    return msgspec.json.encode(value).decode()


def _beside(board: BoardParts, found: FoundAttempt) -> list[FoundAttempt]:
    """This answer, its repeats, then other targets' answers to the same fixture."""
    others = board.search.beside(found.log, found.row.fixture)
    others.sort(
        key=lambda one: (
            one.kind.target != found.kind.target, one.kind.decoding != found.kind.decoding, one.kind.target,
            one.row.repeat,
        )
    )  # fmt: skip
    return others[:_MOST_TABS]


def _diff(board: BoardParts, opened: OpenedAttempt, beside: list[FoundAttempt], wanted: str) -> dict[str, Any] | None:
    """Word by word against the attempt that was asked for, else the first one beside it that passes."""
    others = [one for one in beside if one.row.n != opened.found.row.n and one.kind.outcome in ("pass", "fail")]
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 16:
        others = [one for one in others if one.row.n == int(wanted)]
    else:
        others.sort(key=lambda one: one.kind.outcome != "pass")
    if not others or opened.attempt.failure is not None:
        return None
    other = board.opener.open(others[0])
    words = word_diff(opened.attempt.output, other.attempt.output)
    return {**plain_line(others[0]), "words": words, "same": all(word["kind"] == "same" for word in words)}


def _neighbours(board: BoardParts, found: FoundAttempt, filter: AttemptFilter) -> dict[str, str]:
    """The addresses of the attempts before and after this one within the filter, "" where there is none."""
    place = (found.log.id, found.row.n)
    before = board.search.page([found.log], filter, before=place, most=1)
    after = board.search.page([found.log], filter, after=place, most=1)
    query = filter.without("run").query()
    tail = f"?{query}" if query else ""
    return {
        "previous": f"{plain_line(before[0])['address']}{tail}" if before else "",
        "next": f"{plain_line(after[0])['address']}{tail}" if after else "",
    }
