"""A suite's folder in, everything that is wrong or doubtful about it out; no model is called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, Protocol

import msgspec
from jinja2 import ChainableUndefined

from milo_bench.config.written import Problem, as_error, place
from milo_bench.core.chat import ChatRequest
from milo_bench.core.errors import ConfigError, DataError, MiloError, UsageError
from milo_bench.core.records import Fixture, Workload
from milo_bench.core.suggest import closest, hint_for
from milo_bench.suites.importing.groups import near_copies
from milo_bench.suites.load import Suite, read_suite, suite_folder
from milo_bench.suites.manifest import MANIFEST_NAME
from milo_bench.suites.paths import on_disk
from milo_bench.suites.pictures import with_pictures
from milo_bench.suites.prompts import VARIABLES, render_prompt, variables_of

CheckValidator = Callable[[Workload], None]


class Unread(Protocol):
    """A check that cannot judge answers to some fixtures of a workload (``grade.engine.UnreadFixtures``).

    ``is_doubt``: it may judge others, so the suite can be run.
    """

    @property
    def fixtures(self) -> tuple[str, ...]: ...

    @property
    def of(self) -> int: ...

    @property
    def text(self) -> str: ...

    @property
    def hint(self) -> str: ...

    @property
    def is_doubt(self) -> bool: ...


FixtureReader = Callable[[Workload, Iterable[Fixture]], Sequence[Unread]]
_FOLDERS = ("prompts", "schemas", "fixtures")
_FEWEST_COPIES = 3  # of one text; two may be a pair that is meant
_MOST_COMPARED = 4_000_000  # characters of a workload; to compare more takes seconds


def check_suite(
    name_or_path: str, *, validate_checks: CheckValidator | None = None, unread: FixtureReader | None = None
) -> list[Problem]:
    """Every problem of a suite, errors first.

    ``validate_checks`` raises for a workload whose checks do not exist or cannot use their
    parameters (``grade.engine.validate_checks``); it is given one check at a time, so that the
    line can be named. ``unread`` gives the checks that cannot read what they need
    (``grade.engine.unread_fixtures``): an error if a check can judge no fixture of its workload, a warning if it
    can judge some. Raises UsageError where there is no such suite at all.
    """
    suite, problems = read_suite(suite_folder(name_or_path))
    found = list(problems)
    if suite is not None:
        for variants in _each_variant(suite):
            changed, _ = read_suite(suite.root, variants=variants)
            if changed is None:
                continue
            for name, workload in changed.workloads.items():
                if variants and name not in variants:
                    continue
                found.extend(_checks(changed, workload, validate_checks))
                found.extend(_unread(changed, workload, unread))
                found.extend(_prompt(changed, workload))
        found.extend(_doubts(suite))
    unique = dict.fromkeys((p.where, p.what, p.hint, p.severity, p.kind) for p in found)
    return sorted((Problem(*parts) for parts in unique), key=lambda problem: problem.severity)


def refuse_unusable(suite: Suite, *, validate_checks: CheckValidator, unread: FixtureReader) -> None:
    """Raise ConfigError for unknown checks, fields and wrong parameters, and for a check that can judge no fixture.

    To be called before a model is loaded.
    """
    for name, workload in suite.workloads.items():
        try:
            validate_checks(workload)
        except UsageError as error:
            said = error.message.removeprefix(f"Workload '{name}': ")
            message = f"{suite.root / MANIFEST_NAME}: workload '{name}': {said}"
            raise ConfigError(message, hint=_meant_own_check(suite, said) or error.hint) from None
        if unknown := list(unknown_fields(suite, workload)):
            raise as_error(unknown)
        if useless := [problem for problem in _unread(suite, workload, unread) if problem.severity == "error"]:
            raise as_error(useless)


def _each_variant(suite: Suite) -> Iterator[dict[str, str]]:
    yield {}
    for workload, variants in suite.variants.items():
        for variant in variants:
            yield {workload: variant}


def _checks(suite: Suite, workload: Workload, validate: CheckValidator | None) -> Iterator[Problem]:
    if not workload.checks:
        where = suite.manifest.where("workloads", workload.name)
        yield Problem(where, f"workload '{workload.name}' has no checks, so no answer can pass", "add 'checks:'.")
    yield from unknown_fields(suite, workload)
    for index, spec in enumerate(workload.checks):
        if validate is None:
            continue
        try:
            validate(msgspec.structs.replace(workload, checks=(spec,)))
        except MiloError as error:
            hint = _meant_own_check(suite, error.message) or error.hint
            yield Problem(suite.check_place(workload.name, index), error.message.rstrip("."), hint)


def _meant_own_check(suite: Suite, message: str) -> str:
    """The suite's own check that an unknown name may be meant for, as a hint; "" where none comes close."""
    unknown = re.search(r"Unknown check '([^']+)'", message)
    guess = closest(unknown[1], suite.own.names) if unknown is not None and suite.own is not None else None
    return f"Did you mean '{guess}', of {suite.own.file}?" if guess and suite.own is not None else ""


def _unread(suite: Suite, workload: Workload, unread: FixtureReader | None) -> Iterator[Problem]:
    """Checks that cannot judge answers to some fixtures, an error where it is all of them."""
    if unread is None:
        return
    for index, spec in enumerate(workload.checks):
        try:
            found = unread(msgspec.structs.replace(workload, checks=(spec,)), suite.fixtures)
        except MiloError:
            continue  # said by ``_checks``
        for one in found:
            severity: Literal["error", "warning"] = "warning" if one.is_doubt else "error"
            yield Problem(suite.check_place(workload.name, index), one.text, one.hint, severity)


def unknown_fields(suite: Suite, workload: Workload) -> Iterator[Problem]:
    """Fields that a check is to judge, and that neither the answer schema nor any fixture knows."""
    known: set[str] = set((workload.json_schema or {}).get("properties", ()))
    for fixture in suite.fixtures:
        fields = fixture.expect.get("fields")
        if fixture.workload == workload.name and isinstance(fields, dict):
            known.update(fields)
    for index, spec in enumerate(workload.checks):
        asked = spec.params.get("fields")
        for name in asked if known and isinstance(asked, list) else ():
            if isinstance(name, str) and name.partition(".")[0] not in {field.partition(".")[0] for field in known}:
                what = f"check '{spec.name}': unknown field '{name}'"
                yield Problem(suite.check_place(workload.name, index), what, hint_for(name, known, noun="fields"))


def _prompt(suite: Suite, workload: Workload) -> Iterator[Problem]:
    """Unknown variables, then each way in which rendering breaks, named with the first fixture that shows it."""
    file = suite.prompt_file(workload.name)
    for name, line in variables_of(workload.prompt_source, workload.prompt_name):
        if name not in VARIABLES:
            hint = f"use {', '.join(VARIABLES)}. A fixture's own values are input.NAME."
            yield Problem(place(file, line), f"unknown variable '{name}'", hint)
            return
    said: set[str] = set()
    # What a deterministic step would prepare is not known here: anything may be read from it.
    prepared: Any = ChainableUndefined("prepared") if workload.prepare else {}
    for fixture in suite.fixtures:
        if fixture.workload != workload.name:
            continue
        try:
            messages = render_prompt(workload, {"input": fixture.input, "prepared": prepared})
            with_pictures(ChatRequest(messages), str(suite.root))
        except DataError as error:
            if error.message not in said:
                said.add(error.message)
                where = suite.where(fixture.id)
                yield Problem(where, f"fixture '{fixture.id}': {error.message.rstrip('.')}", error.hint, kind="data")
        except ConfigError as error:
            if not workload.prepare and error.message not in said:
                said.add(error.message)
                yield Problem(str(file), error.message.rstrip("."), error.hint)


def near_copy_doubts(suite: Suite) -> Iterator[Problem]:
    """Workloads whose fixtures have no group although many of them are one text with a few words changed."""
    for name in suite.manifest.workloads:
        alone = [one for one in suite.fixtures if one.workload == name and not one.group and one.input]
        if len(str([one.input for one in alone])) > _MOST_COMPARED:
            continue
        copies = [one for one in near_copies([one.input for one in alone]) if len(one) >= _FEWEST_COPIES]
        if copies:
            count = sum(map(len, copies))
            first, second = (alone[number].id for number in copies[0][:2])
            texts = "one text" if len(copies) == 1 else f"{len(copies)} texts"
            what = (
                f"{count} of {len(alone)} fixtures of '{name}' are near copies of {texts}, such as '{first}' and "
                f"'{second}', and each counts as evidence of its own"
            )
            hint = "give fixtures of one story, template or author the same 'group'. Intervals then count it once."
            yield Problem(suite.where(second), what, hint, "warning", "data")


def _doubts(suite: Suite) -> Iterator[Problem]:
    """What may be meant, but deserves a look."""
    asked = {fixture.workload for fixture in suite.fixtures}
    for name in suite.manifest.workloads:
        if name not in asked:
            where = suite.manifest.where("workloads", name)
            yield Problem(
                where, (f"workload '{name}' has no fixtures"), "add fixtures, or remove the workload.", "warning"
            )
    seen: dict[str, str] = {}
    for fixture in suite.fixtures:
        where = suite.where(fixture.id)
        if fixture.hash in seen:
            hint = "remove it, because it counts twice in every figure. Use --repeats for repeats."
            yield Problem(where, f"fixture '{fixture.id}' is a copy of '{seen[fixture.hash]}'", hint, "warning", "data")
        seen.setdefault(fixture.hash, fixture.id)
    bare = [fixture.id for fixture in suite.fixtures if not fixture.expect]
    if bare:
        others = f" and {len(bare) - 1} more" if len(bare) > 1 else ""
        what = f"fixture '{bare[0]}'{others} {'have' if others else 'has'} no expectation"
        hint = "add an expectation. Checks that compare skip a fixture without one."
        yield Problem(suite.where(bare[0]), what, hint, "warning", "data")
    yield from near_copy_doubts(suite)
    used = {on_disk(suite.root / name).resolve() for name in suite.files}
    for folder in _FOLDERS:
        for path in sorted((suite.root / folder).glob("*")):
            if path.is_file() and path.resolve() not in used and not path.name.startswith("."):
                yield Problem(
                    str(path),
                    ("suite.yaml does not mention this file"),
                    "add it to suite.yaml, or remove it.",
                    "warning",
                )
