"""A proven coder case in, questions about its code out whose answers running it gave."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from milo_bench.roles.coder import CoderCase
from milo_bench.roles.git import GitRepository
from milo_bench.roles.mining.records import Mined, NoCase
from milo_bench.roles.mining.text import function_of, test_source

_MOST_DIFF: Final = 4_000
_MOST_SOURCE: Final = 5_000
_TESTS: Final = 6
_LEAST_FILES: Final = 4


def derive_reason(mined: Mined, repository: GitRepository, seed: int) -> list[Mined]:
    """Up to two questions on one coder case. Raises NoCase where there is none."""
    case = msgspec.convert(mined.fixture["expect"]["coder"], CoderCase)
    made = [*_failing_tests(mined.fixture, case, repository, seed), *_files(mined.fixture, case)]
    if not made:
        raise NoCase("no question fits", "too long, one kind of test only, or too few files")
    return [Mined("reason", fixture) for fixture in made]


def _failing_tests(
    fixture: Mapping[str, Any], case: CoderCase, repository: GitRepository, seed: int
) -> Iterator[dict[str, Any]]:
    """Which tests fail once the change is taken back: execution has shown it, test by test."""
    try:
        back = reverse_diff(case.oracle)
    except (UnidiffParseError, ValueError):
        return
    if len(back) > _MOST_DIFF:
        return
    failing, passing = _functions(case.fail_to_pass), _functions(case.pass_to_pass)
    failing, passing = failing - passing, passing - failing
    if not failing or not passing:
        return
    draw = random.Random(f"{seed}:{case.commit}:reason")  # noqa: S311  a sample, not a secret
    chosen = draw.sample(sorted(failing), min(len(failing), _TESTS // 2))
    chosen += draw.sample(sorted(passing), min(len(passing), _TESTS - len(chosen)))
    draw.shuffle(chosen)
    texts = {path: repository.blob(blob).decode("utf-8", "replace") for path, blob in case.tests.items() if blob}
    sources = {name: test_source(texts.get(name.partition("::")[0], ""), name, case.language) for name in chosen}
    if not all(sources.values()) or sum(map(len, sources.values())) > _MOST_SOURCE:
        return
    question = {
        "kind": "failing_tests",
        "diff": back,
        "tests": [{"name": name, "source": source} for name, source in sources.items()],
    }
    yield _fixture(fixture, "tests", question, sorted(name for name in chosen if name in failing))


def _files(fixture: Mapping[str, Any], case: CoderCase) -> Iterator[dict[str, Any]]:
    """Which file must change: the true patch changes one, and without it the tests fail."""
    listing = list(fixture["input"]["listing"])
    changed = [path for path in listing if f"--- a/{path}\n" in case.oracle]
    if case.oracle.count("diff --git ") != 1 or len(changed) != 1 or len(listing) < _LEAST_FILES:
        return
    task = str(fixture["input"]["task"])
    stem = changed[0].rpartition("/")[2]
    if stem in task or len(task) < 40:
        return
    yield _fixture(fixture, "files", {"kind": "files", "task": task, "listing": listing}, changed)


def _fixture(origin: Mapping[str, Any], kind: str, question: dict[str, Any], answer: list[str]) -> dict[str, Any]:
    commit = str(origin["provenance"]["commit"])
    return {
        "id": f"reason-{kind}-{commit[:12]}",
        "workload": "reason",
        "input": question,
        "expect": {"reason": {"answer": answer}},
        "tags": [kind],
        "provenance": dict(origin["provenance"]),
    }


def _functions(names: tuple[str, ...]) -> set[str]:
    return {function_of(name) for name in names}


def reverse_diff(diff: str) -> str:
    """The diff that takes ``diff`` back. Raises ValueError for one that adds, removes or renames files."""
    parts = []
    for file in PatchSet(diff):
        if file.is_added_file or file.is_removed_file or file.is_rename:
            raise ValueError("only changes of files can be taken back in one diff")
        parts.append(f"--- a/{file.path}\n+++ b/{file.path}\n")
        for hunk in file:
            old, new = (hunk.target_start, hunk.target_length), (hunk.source_start, hunk.source_length)
            parts.append(f"@@ -{old[0]},{old[1]} +{new[0]},{new[1]} @@\n")
            marks = {"+": "-", "-": "+", " ": " "}
            lines = [f"{marks[line.line_type]}{line.value}" for line in hunk if line.line_type in marks]
            parts += [line if line.endswith("\n") else line + "\n" for line in lines]
    return "".join(parts)
