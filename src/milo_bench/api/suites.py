"""A suite's name or folder in; its problems, or a new suite made from it, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from milo_bench.config.policy.file import load_policy, shipped_policy
from milo_bench.config.written import Problem
from milo_bench.core import units
from milo_bench.core.errors import UsageError
from milo_bench.core.paths import AnyPath
from milo_bench.core.records import Fixture, Workload
from milo_bench.core.suggest import hint_for
from milo_bench.decide.gates.decidable import short_gates
from milo_bench.evidence.null_model.echo import echoed
from milo_bench.grade.engine import unread_fixtures, validate_checks
from milo_bench.grade.languages.unspoken import unspoken_languages
from milo_bench.guards.dates import is_date
from milo_bench.guards.languages.names import language_name
from milo_bench.guards.languages.recognise import main_language, recognise
from milo_bench.guards.measured import Measured, all_measured, figures_of
from milo_bench.guards.personal.data import KINDS, Redactor
from milo_bench.guards.personal.figures import HELD_OUT, HELD_OUT_TEXTS
from milo_bench.guards.personal.measure import KindFigures
from milo_bench.guards.secrets import SECRET_KINDS, SecretsRedactor, find_secrets
from milo_bench.guards.values.amounts import doubt_of, read_amount
from milo_bench.probes.base import PROBES
from milo_bench.run.asked.alike import contracts_of, same_questions
from milo_bench.suites import check, redact, regenerate
from milo_bench.suites.importing import suite_folder
from milo_bench.suites.importing.importer import ImportRequest, ValueReaders
from milo_bench.suites.importing.reduce import SampleOf
from milo_bench.suites.importing.suite_folder import ImportReport
from milo_bench.suites.importing.tables import source_text
from milo_bench.suites.load import Suite, in_language, load_suite


@dataclass(frozen=True)
class RedactedLanguage:
    """A language of a suite: ISO 639-1 code ("" for none), name, its fixtures, and what is found in it, if measured."""

    code: str
    name: str
    fixtures: int
    measured: Measured | None


@dataclass(frozen=True)
class RedactedSuite:
    """A suite without personal data: replacements by kind, and how well each kind is found in ``texts`` English texts.

    ``languages`` are those of the fixtures, the most frequent first.
    """

    suite: Suite
    replaced: Mapping[str, int]
    held_out: Mapping[str, KindFigures]
    texts: int
    languages: tuple[RedactedLanguage, ...]


@dataclass(frozen=True)
class ImportOptions:
    """``sample`` cases, by label and ``seed``; 0 keeps all. ``redact`` replaces personal data and secrets."""

    sample: int = 0
    seed: int = 0
    redact: bool = False


def check_suite(suite: str) -> list[Problem]:
    """Every problem of a suite, errors first. Raises UsageError if there is no such suite."""
    found = check.check_suite(suite, validate_checks=validate_checks, unread=_unjudged)
    if any(problem.severity == "error" for problem in found):
        return found
    loaded = load_suite(suite)
    for one in same_questions(loaded.fixtures, contracts_of(loaded.workloads)):
        found.append(Problem(loaded.where(one.example), one.text, one.hint, "warning", "data"))
    return [*found, *_echo_doubts(loaded)]


def _echo_doubts(suite: Suite) -> Iterator[Problem]:
    """A warning for each workload whose fixtures pass with the case itself as the answer."""
    for workload in suite.workloads.values():
        if (one := echoed(workload, suite.fixtures)) is not None:
            yield Problem(suite.where(one.example), one.text, one.hint, "warning", "data")


def _unjudged(workload: Workload, fixtures: Iterable[Fixture]) -> tuple[check.Unread, ...]:
    """The checks that will leave answers unjudged: for want of what they read, or by their language."""
    every = tuple(fixtures)
    return (*unread_fixtures(workload, every), *unspoken_languages(workload, every))


def check_gates(suite: str, policy: AnyPath | None, *, targets: int = 1) -> list[Problem]:
    """A warning for each gate that no run of the suite can decide, and for each that no fix could pass.

    ``policy`` is a file, or None for the built-in one of the suite. Raises ConfigError for a policy that cannot be
    used, UsageError where there is none.
    """
    loaded = load_suite(suite)
    file = shipped_policy(loaded.ref.name) if policy is None else load_policy(Path(policy), probes=PROBES.names())
    if file is None:
        message = f"There is no built-in policy for the suite '{loaded.ref.name}'."
        raise UsageError(message, hint="name one: --policy policy.yaml, or milo-bench policy new SUITE.")
    found = []
    contracts = contracts_of(loaded.workloads)
    for short in short_gates(file, loaded.fixtures, targets=targets, contracts=contracts):
        shown = f"{short.workload}: {short.gate} against {units.number(short.threshold)}"
        if short.undecidable:
            what = (
                f"{shown} needs {short.needed} independent fixtures without a mistake, and the suite has {short.held}"
            )
            hint = "add fixtures, or choose a threshold that so many can prove."
        else:
            what = (
                f"{shown} needs {short.needed} independent fixtures without a mistake, and a fix is judged on "
                f"{short.fixed} of {short.held}"
            )
            hint = "the work can be kept as it is, but no fix can pass. Add fixtures for that."
        found.append(Problem(file.path, what, hint, "warning"))
    return found


def redact_suite(suite: str, out: Path, *, keep: Collection[str] = (), known: Path | None = None) -> RedactedSuite:
    """Write ``suite`` with placeholders for personal data as the new folder ``out``.

    ``keep`` are kinds of personal data to leave, ``known`` is a file of names that are certain, one a
    line. Raises UsageError for a kind that does not exist.
    """
    loaded = load_suite(suite)
    redactor = _redactor(keep, known)
    counts = redact.redact_suite(loaded, redactor=redactor, out=out)
    languages = Counter(_language(fixture) for fixture in loaded.fixtures)
    found = tuple(
        RedactedLanguage(code, language_name(code) if code else "none", fixtures, all_measured().get((_DETECTOR, code)))
        for code, fixtures in languages.most_common()
    )
    return RedactedSuite(loaded, counts, {item.kind: item for item in HELD_OUT}, HELD_OUT_TEXTS, found)


def _language(fixture: Fixture) -> str:
    """The language of most of a fixture's input, "" where it has none."""
    text = "\n".join(value for value in fixture.input.values() if isinstance(value, str))
    return main_language(recognise(text[:_TOLD_BY]))


_DETECTOR: Final = "personal_data"
_TOLD_BY: Final = 4000  # characters that tell a fixture's language


def secrets_measured() -> Measured:
    """What the finder of secrets finds, and how often it is right, on the held-out half of its synthetic texts."""
    return figures_of("secrets")


def import_suite(
    request: ImportRequest, *, out: Path, format_name: str = "", name: str = "", options: ImportOptions | None = None
) -> ImportReport:
    """Write the suite made from ``request.source`` to the new folder ``out``; what was read, guessed and left out.

    Secrets are found and named by kind and place. With ``options.redact`` they and personal data are replaced
    before anything is written. Raises UsageError and DataError where nothing can be imported.
    """
    chosen = options or ImportOptions()
    return suite_folder.import_suite(
        request,
        out=out,
        format_name=format_name,
        name=name,
        sample=SampleOf(chosen.sample, chosen.seed) if chosen.sample else None,
        find_secrets=lambda text: [(secret.kind, secret.start) for secret in find_secrets(text)],
        find_doubt=doubt_of,
        redactor=_redactor((), None) if chosen.redact else None,
        readers=ValueReaders(read_amount, is_date),
    )


def _redactor(keep: Collection[str], known: Path | None) -> SecretsRedactor:
    kinds = (*KINDS, *SECRET_KINDS)
    for kind in keep:
        if kind not in kinds:
            message = f"Unknown kind of personal data '{kind}'."
            raise UsageError(message, hint=hint_for(kind, kinds, noun="kinds"))
    names = source_text(known).splitlines() if known is not None else []
    return SecretsRedactor(Redactor(known=names, keep=[kind for kind in KINDS if kind in keep]), keep=keep)


def regenerate_suite(suite: str, *, seed: int, out: Path, count: int | None = None, language: str = "") -> Suite:
    """Write ``suite`` with the fixtures of ``seed`` as the new folder ``out``; that suite.

    ``count`` is how many fixtures of each workload, as many as ``suite`` has unless given; ``language`` that of a
    built-in suite, English unless given. Raises UsageError for a language that the suite does not have.
    """
    regenerate.regenerate_suite(load_suite(in_language(suite, language)), seed=seed, out=out, count=count)
    return load_suite(str(out))
