"""Installed packages bring checks, targets, import formats and probes through entry points."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from milo_bench.config.policy.file import read_policy
from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.modules import modules_of
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Workload
from milo_bench.core.registry import installed_entries
from milo_bench.grade.base import CHECKS
from milo_bench.grade.engine import grade_attempt, validate_checks
from milo_bench.probes.base import PROBES
from milo_bench.probes.session import choose_probes
from milo_bench.suites.importing.importer import IMPORTERS, ImportRequest
from milo_bench.suites.importing.suite_folder import import_suite
from milo_bench.targets import TARGET_APIS, open_target

ACME = """
from milo_bench.core.records import Verdict
from milo_bench.probes.base import Probe
from milo_bench.suites.importing.importer import Imported, ImportedCase, Importer, WorkloadDraft


class Shouting:
    name = "acme_shouting"
    version = "3"

    def validate(self, params, workload):
        pass

    def judge(self, case, params):
        loud = case.output.isupper()
        return [Verdict(self.name, self.version, "fail" if loud else "pass", "shouting" if loud else "")]


class Weekday(Probe):
    name = "acme_weekday"
    title = "Answers on every day of the week"

    async def run(self, ctx):
        return self.undecided(ctx, "not asked")


def read(request):
    lines = request.source.read_text().splitlines()
    cases = [ImportedCase(f"a-{number}", {"text": line}, {}, f"line {number}") for number, line in enumerate(lines)]
    return Imported(cases=cases, workloads=[WorkloadDraft("answer", "", "{{ input.text }}", ["answer_present"])])


def target(config, env):
    return ("opened", config.name)


shouting, weekday, lines = Shouting(), Weekday(), Importer(read, endings=(".acme",))
unfinished = object()
"""
ENTRY_POINTS = """
[milo_bench.checks]
acme_shouting = acme_bench:shouting
acme_unfinished = acme_bench:unfinished
acme_gone = acme_bench_gone:check
length = acme_bench:shouting
[milo_bench.targets]
acme = acme_bench:target
[milo_bench.importers]
acme = acme_bench:lines
[milo_bench.probes]
acme_weekday = acme_bench:weekday
"""


def install(folder: Path, name: str, entries: str) -> None:
    """What pip leaves of a package: its metadata with entry points, beside its modules."""
    information = folder / f"{name}-1.2.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (information / "entry_points.txt").write_text(entries)


@pytest.fixture(autouse=True)
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    site = tmp_path / "site"
    install(site, "acme_bench", ENTRY_POINTS)
    (site / "acme_bench.py").write_text(ACME)
    monkeypatch.syspath_prepend(str(site))
    installed_entries.cache_clear()
    yield site
    installed_entries.cache_clear()
    sys.modules.pop("acme_bench", None)
    for registry in (CHECKS, TARGET_APIS, IMPORTERS, PROBES):
        for name in [name for name in registry._things if name.startswith("acme")]:
            del registry._things[name]


def test_a_packages_check_judges_like_any_other_and_gives_its_version() -> None:
    workload = Workload("work", "p", "", "", (CheckSpec("acme_shouting"),))
    validate_checks(workload)
    attempt = Attempt(AttemptKey("f", "t"), "", Timings(0, 0, 1), "GO AWAY")
    (verdict,) = grade_attempt(workload, Fixture("f", "work", {}), attempt).verdicts
    assert (verdict.outcome, verdict.category, verdict.version) == ("fail", "shouting", "3")


def test_a_packages_target_is_opened_by_its_api() -> None:
    assert open_target(TargetConfig(name="mine", api="acme"), {}) == ("opened", "mine")  # type: ignore[comparison-overlap]


def test_a_packages_format_is_imported_by_its_ending(tmp_path: Path) -> None:
    source = tmp_path / "work.acme"
    source.write_text("one\ntwo\n")
    report = import_suite(ImportRequest(source), out=tmp_path / "suite")
    assert report.fixtures == 2


def test_a_packages_probe_is_chosen_by_name_and_may_be_a_gate() -> None:
    assert [probe.name for probe in choose_probes(("acme_weekday",))] == ["acme_weekday"]
    text = (
        "policy: 1\nworkloads:\n  work:\n    gates:\n"
        "      - {probe: acme_weekday}\n      - {measure: pass_rate, at_least: 0.9}\n"
        "findings:\n  - {name: rest, when: [], finding: defer}\n"
    )
    policy = read_policy(text, probes=PROBES.names())
    assert next(gate.key for gate in policy.gates_of("work")) == "probe:acme_weekday"


def test_names_of_packages_are_suggested_and_nothing_of_them_is_imported_for_it(acme: Path) -> None:
    (acme / "acme_bench.py").write_text("raise RuntimeError('imported')\n")
    assert "acme_shouting" in CHECKS
    with pytest.raises(UsageError) as caught:
        CHECKS.get("acme_shoutin")
    assert "Did you mean 'acme_shouting'?" in caught.value.hint


def test_a_package_cannot_replace_what_is_built_in() -> None:
    assert "length" in modules_of(CHECKS.package)
    assert type(CHECKS.get("length")).__module__ == "milo_bench.grade.checks.length"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acme_gone", r"'acme_gone' of acme_bench 1.2 cannot be imported: ModuleNotFoundError"),
        ("acme_unfinished", r"'acme_unfinished' of acme_bench 1.2 has no 'name'"),
    ],
)
def test_a_package_that_cannot_be_used_is_named(name: str, said: str) -> None:
    with pytest.raises(PrerequisiteError, match=said):
        CHECKS.get(name)


def test_two_packages_with_one_name_are_both_named(acme: Path) -> None:
    install(acme, "other_bench", "[milo_bench.checks]\nacme_shouting = other_bench:check\n")
    installed_entries.cache_clear()
    with pytest.raises(PrerequisiteError, match=r"acme_bench 1.2 and other_bench 1.2 is offered more than once"):
        CHECKS.get("acme_shouting")
