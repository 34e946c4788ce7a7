"""The cases of a recording in, a new suite folder with their gold and the checks that fit it out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from milo_bench.config.written import Problem
from milo_bench.core.amounts import parse_amount
from milo_bench.core.errors import DataError
from milo_bench.core.records import Fixture
from milo_bench.guards.dates import is_date
from milo_bench.guards.values.amounts import read_amount
from milo_bench.recorded.answer import Account, GoldKind
from milo_bench.recorded.cases import RecordedCase
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.values import text_of
from milo_bench.suites.importing.columns import draft_workload, free_id, input_lines, input_prompt
from milo_bench.suites.importing.importer import CheckEntry, Imported, ImportedCase, ValueReaders, WorkloadDraft
from milo_bench.suites.importing.suite_folder import write_imported
from milo_bench.suites.load import Suite, load_suite

MOST_LABELS: Final = 200
_SOURCE: Final = "give the expected answers with --map gold=COLUMN, or add checks to suite.yaml."


def make_suite(
    cases: Sequence[RecordedCase],
    files: Sequence[RecordFile],
    account: Account,
    *,
    out: Path,
    form: str,
    workload: str = "",
    gold_kind: GoldKind = "",
    yes_or_no: bool = False,
) -> tuple[Suite, dict[int, Fixture]]:
    """Write a suite of ``cases`` to the new folder ``out``; the suite, and the fixture of each case by its number.

    ``yes_or_no``: the labels true and false are called yes and no in the answers. A case without an input is named and
    left out. Raises UsageError where ``out`` holds something already.
    """
    result = Imported()
    ids: dict[int, str] = {}
    seen: set[str] = set()
    groups: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        if case.input:
            groups.setdefault(_plain_name(case.workload or workload), []).append(place)
        else:
            account.leave("a case whose input is not recorded", case.where, "map a column to input, or use --suite.")
    for name, places in groups.items():
        chosen = [cases[place] for place in places]
        kind = gold_kind or _kind_of(chosen, account)
        inputs = list(dict.fromkeys(key for case in chosen for key in case.input))
        part = Imported()
        for place, case in zip(places, chosen, strict=True):
            ids[place] = free_id(case.id, seen)
            seen.add(ids[place])
            filled = {**dict.fromkeys(inputs, ""), **case.input}
            expect = _expectation(case, kind, account, yes_or_no=yes_or_no)
            tags = tuple(dict.fromkeys(case.tags))
            part.cases.append(ImportedCase(ids[place], filled, expect, case.where, name, tags, files[case.file].name))
        if not any(case.expect for case in part.cases):
            account.leave("no expected answers, so only the presence of an answer is checked", name, _SOURCE)
        units = {_unit_of(text_of(case.gold)) for case in chosen if case.gold is not None}
        unit = units.pop() if kind == "number" and len(units) == 1 else ""
        part.workloads.append(_draft(part, name, tuple(inputs), kind, unit))
        for guess in part.guesses:
            account.guess(guess)
        result.cases += part.cases
        result.workloads += part.workloads
        result.not_carried += part.not_carried
    result.guesses += account.guesses
    result.not_carried += [
        Problem(left.where, f"{left.what} ({left.count})", left.hint) for left in account.left.values()
    ]
    result.broken += account.broken
    if not result.cases:
        message = f"{files[0].path} contains no inputs to make a suite from."
        raise DataError(message, hint="use --suite SUITE if the inputs are elsewhere, or map a column to input.")
    origins = {file.name: {"source": file.name, "source_sha256": file.sha256} for file in files}
    write_imported(result, out=out, form=form, name=_plain_name(out.name), origins=origins)
    suite = load_suite(str(out))
    fixtures = {fixture.id: fixture for fixture in suite.fixtures}
    return suite, {place: fixtures[id] for place, id in ids.items()}


def _plain_name(written: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", written).strip("_.-")[:60]
    return plain or "answers"


def _kind_of(cases: Sequence[RecordedCase], account: Account) -> GoldKind:
    """How the expected answers are meant: as the tool says, else by their shape, and a guess is said."""
    golds = [case.gold for case in cases if case.gold is not None]
    if not golds:
        return ""
    stated = Counter(case.gold_kind for case in cases if case.gold is not None and case.gold_kind)
    if stated:
        return stated.most_common(1)[0][0]
    kind = _shape_of(golds, choices=any(case.choices for case in cases))
    account.guess(f"--gold-kind {kind.replace('_', '-')}")
    return kind


def _shape_of(golds: Sequence[Any], *, choices: bool) -> GoldKind:
    if choices:
        return "choice"
    if all(isinstance(gold, Mapping) for gold in golds):
        return "fields"
    if all(isinstance(gold, list) and all(isinstance(row, Mapping) for row in gold) for gold in golds):
        calls = all(row.keys() <= {"name", "arguments", "id", "type", "function"} for gold in golds for row in gold)
        return "tool_calls" if calls and any(golds) else "rows"
    texts = [_label(gold) for gold in golds if not isinstance(gold, list | Mapping)]
    distinct = set(texts)
    few = len(distinct) <= min(MOST_LABELS, len(texts) // 2)
    if len(texts) == len(golds) and few and max(map(len, distinct)) <= 60:
        return "label"
    if len(texts) == len(golds) and all(_measured(text) is not None for text in texts):
        return "number" if len({_unit_of(text) for text in texts}) == 1 else "text"
    return "text"


_WITH_UNIT = re.compile(r"(?P<number>[-+]?(?!0\d)[\d.,' ]*\d)\s*(?P<unit>[^\W\d_][^\d]{0,20}|[%°€£$])?")


def _measured(text: str) -> float | None:
    """The number of ``12.5`` or ``12.5 kg``; None for anything else."""
    found = _WITH_UNIT.fullmatch(text.strip())
    amount = parse_amount(found["number"].strip()) if found is not None else None
    return None if amount is None else float(amount)


def _unit_of(text: str) -> str:
    found = _WITH_UNIT.fullmatch(text.strip())
    return (found["unit"] or "").strip() if found is not None else ""


def _label(value: Any, yes_or_no: bool = False) -> str:
    """A label as the answers write it."""
    if isinstance(value, bool):
        return ("yes" if value else "no") if yes_or_no else ("true" if value else "false")
    return text_of(value)


def _expectation(case: RecordedCase, kind: GoldKind, account: Account, *, yes_or_no: bool) -> dict[str, Any]:
    """The fixture's expectation; {} where there is none, or where it is not of the kind of the others."""
    gold = case.gold
    if gold is None:
        return {}
    if case.gold_kind == "expect" and isinstance(gold, Mapping):
        return dict(gold)
    found: dict[str, Any] | None = None
    if kind == "label" and not isinstance(gold, list | Mapping):
        found = {"label": _label(gold, yes_or_no).strip()}
    elif kind == "choice" and not isinstance(gold, Mapping):
        found = {"choice": gold if isinstance(gold, list) else text_of(gold).strip()}
        if case.choices:
            found["choices"] = list(case.choices)
    elif kind == "number" and (value := _measured(text_of(gold))) is not None:
        found = {"number": int(value) if value == int(value) else value}
    elif kind == "fields" and isinstance(gold, Mapping):
        found = {"fields": {str(key): None if value == "" else value for key, value in gold.items()}}
    elif kind == "rows" and isinstance(gold, list):
        found = {"rows": gold}
    elif kind == "tool_calls" and isinstance(gold, list):
        found = {"tool_calls": gold}
    elif kind in ("text", "expect"):
        found = {"equals": [text_of(one) for one in gold] if isinstance(gold, list) else text_of(gold)}
    if found is None:
        account.leave(f"an expected answer that is not a {kind}", case.where, "set --gold-kind, or correct it.")
        return {}
    return found


def _draft(part: Imported, name: str, inputs: tuple[str, ...], kind: GoldKind, unit: str) -> WorkloadDraft:
    if kind == "label":
        draft = draft_workload(part, name, inputs, "gold", ())
    elif kind == "fields":
        draft = draft_workload(part, name, inputs, "", ("gold",), readers=ValueReaders(read_amount, is_date))
    else:
        checks, rule, most = _CHECKS[kind]
        if kind == "expect":
            checks = _checks_of_expectations(part)
        elif kind == "number" and unit:
            checks = ["answer_present", {"numeric": {"pick": "last", "units": {unit: 1}}}]
            rule = f"Answer with the number in {unit}."
        parts = "\n\n".join(input_lines(column) for column in inputs)
        draft = WorkloadDraft(name, _TITLES[kind], input_prompt(rule, parts), checks, None, most)
    if set(inputs) <= {"system", "prompt"}:
        # What was recorded is the request itself, so nothing is put around it.
        draft = WorkloadDraft(name, draft.title, _recorded_prompt(inputs), draft.checks, draft.schema, draft.max_tokens)
    return draft


_TITLES: Final[Mapping[GoldKind, str]] = {
    "choice": "Multiple choice",
    "number": "Numeric answers",
    "rows": "Record lists",
    "tool_calls": "Tool calls",
    "text": "Answers",
    "expect": "Answers",
    "": "Answers",
}
_CHECKS: Final[Mapping[GoldKind, tuple[list[CheckEntry], str, int]]] = {
    "choice": (["answer_present", "multiple_choice"], "Answer with the letter of the correct choice.", 64),
    "number": (["answer_present", {"numeric": {"pick": "last"}}], "Answer with the number.", 256),
    "rows": (["answer_present", "record_list"], "Answer with a JSON array of objects, one for each record.", 32_000),
    "tool_calls": (["tool_call"], "Call the tool that the request needs.", 400),
    "text": (["answer_present", {"equals": {"casefold": True}}], "Answer the request below.", 400),
    "expect": (["answer_present"], "Answer the request below.", 400),
    "": (["answer_present"], "Answer the request below.", 400),
}
_BY_KEY: Final[Mapping[str, CheckEntry]] = {
    "equals": {"equals": {}},
    "contains": {"contains": {}},
    "contains_all": {"contains_all": {}},
    "not_contains": {"not_contains": {}},
    "regex": {"regex": {}},
    "label": "label",
    "choice": "multiple_choice",
    "number": "numeric",
    "rows": "record_list",
    "tool_calls": "tool_call",
}


def _checks_of_expectations(part: Imported) -> list[CheckEntry]:
    """A check for each kind of expectation that every case has."""
    found: list[CheckEntry] = ["answer_present"]
    for key, check in _BY_KEY.items():
        if any(key in case.expect for case in part.cases):
            found.append(check)
            for case in part.cases:
                case.expect.setdefault(key, None)  # null: this check does not apply to the case
    return found


def _recorded_prompt(inputs: Sequence[str]) -> str:
    system = "{# role: system #}\n{{ input['system'] }}\n" if "system" in inputs else ""
    note = "{# As it was recorded: the whole request is in the fixture. #}\n"
    return f"{note}{system}{{# role: user #}}\n{{{{ input['prompt'] }}}}\n"
