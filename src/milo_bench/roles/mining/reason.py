"""A proven coder case in, questions about its code out whose answers running it gave."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from milo_bench.core.text import file_lines
from milo_bench.roles.coder import CoderCase
from milo_bench.roles.git import GitRepository
from milo_bench.roles.languages.calls import RecordedCall
from milo_bench.roles.mining.records import Mined, NoCase
from milo_bench.roles.mining.text import function_of, test_source

_MOST_DIFF: Final = 4_000
_MOST_SOURCE: Final = 5_000
_TESTS: Final = 6
_LEAST_FILES: Final = 4
_MOST_NEEDS: Final = 12
_MOST_VALUE: Final = 80
_RUN: Final = re.compile(r"(.)\1{7}")  # counting characters is no question about code


# A coder case in, calls of the functions that it changes with what they return after it.
RecordCalls = Callable[[CoderCase], tuple[Sequence[RecordedCall], Mapping[str, str]]]


def derive_reason(mined: Mined, repository: GitRepository, seed: int, record: RecordCalls) -> list[Mined]:
    """Up to three questions on one coder case. Raises NoCase where there is none."""
    case = msgspec.convert(mined.fixture["expect"]["coder"], CoderCase)
    made = [
        *_failing_tests(mined.fixture, case, repository, seed),
        *_files(mined.fixture, case),
        *_value(mined.fixture, case, seed, record),
    ]
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


def _value(fixture: Mapping[str, Any], case: CoderCase, seed: int, record: RecordCalls) -> Iterator[dict[str, Any]]:
    """What a function of the changed files returns: calls that the tests make, whose values were seen three times."""
    calls, texts = record(case)
    fitting = []
    for one in calls:
        source = _source_of(one, texts.get(one.path, ""), case.language)
        if source and _is_worth_asking(one) and len(source) <= _MOST_SOURCE // 2:
            fitting.append((one, source))
    if not fitting:
        return
    fitting.sort(key=lambda pair: (pair[0].path, pair[0].line, pair[0].call))
    chosen, source = random.Random(f"{seed}:{case.commit}:value").choice(fitting)  # noqa: S311  a sample
    question = {"kind": "value", "source": source, "call": chosen.call, "path": chosen.path}
    written_as = {"written_as": "JSON"} if case.language == "javascript" else {}
    yield _fixture(fixture, "value", question | written_as, chosen.value, **written_as)


def _source_of(call: RecordedCall, text: str, language: str) -> str:
    if language == "javascript":
        from milo_bench.roles.languages.javascript.calls import function_with_needs  # its grammars take long to load

        return function_with_needs(text, call.path, call.function, _MOST_NEEDS)
    return _function_with_needs(text, call.path, call.function)


def _is_worth_asking(call: RecordedCall) -> bool:
    """Not a value that a guess finds: nothing, a truth value, a digit, or what the call itself shows."""
    value = call.value.strip("'\"()[]{}")
    shown = value.lower() not in ("none", "null", "true", "false") and value not in call.call
    return 1 < len(value) <= _MOST_VALUE and shown and not _RUN.search(value + call.call)


def _function_with_needs(text: str, path: str, name: str) -> str:
    """A function with the functions, constants and imports of its module that it uses, "" where it is not plain.

    It is not plain either where it uses another module of the repository, which the question does not show.
    """
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    defined = {one: node for node in body for one in _defined(node)}
    wanted, kept = [name], dict[ast.stmt, None]()
    while wanted:
        node = defined.get(wanted.pop())
        if node is None or node in kept:
            continue
        kept[node] = None
        wanted += [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in defined]
    if not isinstance(defined.get(name), ast.FunctionDef) or len(kept) > _MOST_NEEDS:
        return ""
    own = path.removeprefix("src/").removeprefix("lib/").partition("/")[0].removesuffix(".py")
    if any(_imports(node, own) for node in kept):
        return ""
    lines = file_lines(text)
    parts = []
    for node in sorted(kept, key=lambda one: one.lineno):
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(one.lineno for one in decorators)])
        parts.append("\n".join(lines[first - 1 : node.end_lineno]))
    return "\n\n".join(parts)


def _imports(node: ast.stmt, own: str) -> bool:
    """Whether it imports a module of the package ``own``."""
    match node:
        case ast.Import(names=names):
            return any(one.name.partition(".")[0] == own for one in names)
        case ast.ImportFrom(module=module, level=level):
            return bool(level) or (module or "").partition(".")[0] == own
    return False


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [one.asname or one.name.partition(".")[0] for one in names]
        case ast.Assign(targets=targets):
            return [one.id for one in targets if isinstance(one, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _fixture(
    origin: Mapping[str, Any], kind: str, question: dict[str, Any], answer: list[str] | str, **written_as: str
) -> dict[str, Any]:
    commit = str(origin["provenance"]["commit"])
    return {
        "id": f"reason-{kind}-{commit[:12]}",
        "workload": "reason",
        "input": question,
        "expect": {"reason": {"answer": answer, **written_as}},
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
