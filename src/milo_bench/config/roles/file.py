"""registry.yaml in, checked roles and promotion policy out; every mistake is named with its line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from milo_bench.config.checked import Checked, CheckedFile, FileKind, load_checked, read_checked
from milo_bench.config.routing.challengers import TRIAL_ERROR
from milo_bench.config.written import Problem, as_error

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,119}$")]

BUILT_IN_LANGUAGES: Final = ("python", "javascript")


class RetiredTarget(Checked):
    """A target that no longer takes part, since when and why."""

    target: Name
    date: date
    reason: str = ""


class RoleConfig(Checked):
    """One role. ``workloads`` gives each workload of the suite its severity weight.

    ``escalation`` are targets to ask in order if the incumbent rejects. ``rule`` is the id of its rule in routing.yaml.
    """

    workloads: Annotated[dict[Name, Annotated[float, Field(gt=0, le=100)]], Field(min_length=1)]
    incumbent: Name
    challengers: tuple[Name, ...] = ()
    escalation: tuple[Name, ...] = ()
    retired: tuple[RetiredTarget, ...] = ()
    rule: str = ""
    title: str = ""

    @property
    def targets(self) -> tuple[str, ...]:
        """Incumbent and challengers."""
        return tuple(dict.fromkeys([self.incumbent, *self.challengers]))


class PromotionMargins(Checked):
    """How much worse a challenger may truly be without the promotion being wrong."""

    acceptance_rate: float = Field(default=0.1, gt=0, le=0.5)
    review_pain_minutes: float = Field(default=2.0, gt=0, le=60)
    hard_failure_rate: float = Field(default=0.1, gt=0, le=0.5)


class ReviewMinutes(Checked):
    """Minutes that a person spends on one answer: to read it, to edit it until acceptance, and so on.

    ``most`` caps the minutes of one answer: the bounds need a largest value.
    """

    read: float = Field(default=2.0, ge=0)
    edit: float = Field(default=10.0, ge=0)
    false_alarm: float = Field(default=3.0, ge=0)
    unparsable: float = Field(default=5.0, ge=0)
    most: float = Field(default=20.0, gt=0)


class PromotionPolicy(Checked):
    """When a challenger replaces an incumbent. ``error`` is the share of wrong promotions that is allowed.

    It holds however often somebody looks. ``retire_after`` rejections in a row retire a challenger.
    """

    margins: PromotionMargins = PromotionMargins.usual()
    error: float = Field(default=TRIAL_ERROR, gt=0, lt=0.5)
    retire_after: int = Field(default=3, ge=1)
    minutes: ReviewMinutes = ReviewMinutes.usual()


class MinedRepository(Checked):
    """A repository that ``roles run`` mines: its folder here, the folder of its suite, and the language to mine."""

    path: str
    suite: str
    language: Name = "python"


class CommandLanguage(Checked):
    """A language that is not built in: source ``endings``, globs of its ``tests``, and the ``command`` that runs them.

    The command is one line for ``sh`` in the repository's folder, inside the sandbox. ``{file}`` runs it once for each
    test file, ``{files}`` gives it all of them. ``results`` says how it reports: ``exit`` by its exit code, ``tap`` on
    its output, ``junit`` in the XML file ``report``. ``reads`` are folders of this machine that it may read beside
    /usr, such as a compiler.
    """

    endings: Annotated[tuple[Annotated[str, Field(pattern=r"^\.[A-Za-z0-9_.+-]{1,20}$")], ...], Field(min_length=1)]
    tests: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(min_length=1)]
    command: Annotated[str, Field(min_length=1, max_length=2000)]
    results: Literal["exit", "tap", "junit"] = "exit"
    report: str = ""
    reads: tuple[str, ...] = ()


class RegistryFile(CheckedFile):
    """All of registry.yaml. Families, prices and addresses of targets are in bench.yaml.

    ``families`` and ``tiers`` say them of targets that bench.yaml lacks, such as those of a recorded run.
    ``released`` gives the day of a model's release: cases from before it may be in its training.
    """

    file_name: ClassVar[str] = "registry.yaml"

    schema_version: Literal[1] = 1
    title: str = "Local model benchmarks"
    roles: Annotated[dict[Name, RoleConfig], Field(min_length=1)]
    released: dict[Name, date] = {}
    families: dict[Name, str] = {}
    tiers: dict[Name, Literal["free", "paid"]] = {}
    policy: PromotionPolicy = PromotionPolicy.usual()
    repositories: tuple[MinedRepository, ...] = ()
    languages: dict[Name, CommandLanguage] = {}
    recorded: str = ""  # where the answers come from, if this installation did not run them
    history: str = "roles-history.jsonl"
    reports: str = "reports"
    routing: str = ""

    def problems(self) -> Iterator[Problem]:
        yield from self._problems_of_languages()
        for name, role in self.roles.items():
            here = self.where("roles", name)
            retired = {one.target for one in role.retired}
            if role.incumbent in role.challengers:
                what = f"{role.incumbent} is incumbent and challenger of '{name}'"
                yield Problem(here, what, "remove it from the challengers.")
            for target in role.targets:
                if target in retired:
                    yield Problem(here, f"{target} is retired from '{name}' and still in it", "remove one of the two.")
            if len(set(role.challengers)) < len(role.challengers):
                yield Problem(here, f"a challenger of '{name}' is repeated", "list it once.")

    def _problems_of_languages(self) -> Iterator[Problem]:
        for name, language in self.languages.items():
            here = self.where("languages", name)
            if name in BUILT_IN_LANGUAGES:
                yield Problem(here, f"the language '{name}' is built in", "choose another name.")
            if language.results == "junit" and not language.report:
                yield Problem(here, f"the language '{name}' has no 'report' to read", "name the XML file it writes.")
            if language.report.startswith("-") or "\0" in language.report:
                yield Problem(here, f"'{language.report}' is not a file", "name the XML file it writes.")
            for folder in language.reads:
                if not Path(folder).is_absolute():
                    yield Problem(here, f"'{folder}' in 'reads' is not an absolute path", "write it from /.")
        for repository in self.repositories:
            if repository.language not in (*BUILT_IN_LANGUAGES, *self.languages):
                what = f"the repository {repository.path} is in '{repository.language}', which is not defined"
                yield Problem(self.where("repositories"), what, "define it under 'languages:'.")


REGISTRY_FILE: Final = FileKind(
    RegistryFile,
    start="start it with 'roles:'.",
    manual="docs/how-to/roles.md",
    where_from="write one with 'milo-bench roles init'.",
)


def load_registry(path: Path) -> RegistryFile:
    """Read ``path``. Raises ConfigError naming file, line and remedy of every mistake."""
    return _checked(load_checked(path, REGISTRY_FILE))


def read_registry(text: str, *, name: str = "registry.yaml") -> RegistryFile:
    """The checked content of ``text``. Raises ConfigError."""
    return _checked(read_checked(text, REGISTRY_FILE, name=name))


def _checked(file: RegistryFile) -> RegistryFile:
    if problems := list(file.problems()):
        raise as_error(problems)
    return file
