"""Files that people write, YAML and JSON: read, or every mistake named with its line."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import yaml

from benchmarks.fuzz.damage import damaged_text, damaged_tree, dumped, nested, text, value
from benchmarks.fuzz.throw import Kind, Lost
from milo_bench.config.checked import FileKind, check_text
from milo_bench.config.economics.file import ECONOMICS_FILE
from milo_bench.config.policy.file import POLICY_FILE
from milo_bench.config.policy.operator import OPERATOR_POLICY_FILE, default_policy_text
from milo_bench.config.roles.file import REGISTRY_FILE
from milo_bench.config.routing.file import ROUTING_FILE
from milo_bench.config.routing.flags import FLAGS_FILE
from milo_bench.config.settings import SETTINGS_FILE, load_settings
from milo_bench.config.written import Problem, as_error, read_written
from milo_bench.core.errors import MiloError
from milo_bench.suites.fixtures import FixtureReader
from milo_bench.suites.manifest import SUITE_FILE
from milo_bench.targets.base import TARGET_APIS
from milo_bench.targets.fake.script import SCRIPT_FILE
from milo_bench.targets.opening import open_target

_ROOT: Final = Path(__file__).parents[3]
_BENCH: Final = """\
targets:
  local_8b:
    api: ollama
    model: llama3.1:8b
    base_url: http://127.0.0.1:11434
    context_window: 8192
    settings: {num_ctx: 8192, temperature: 0}
  hosted:
    api: openai
    model: gpt-4o
    base_url: https://api.example.org/v1
    api_key_env: KEY
    hosted: true
    price: {input_usd_per_mtok: 2.5, output_usd_per_mtok: 10}
    headers_env: {X-Org: ORG}
    thinking: low
timeouts: {connect_s: 5, first_token_s: 60, total_s: 120}
privacy: {store_text: redacted}
"""
_SCRIPT: Final = """\
reply: {text: "Hello there", first_token_s: 0.1}
rules:
  - when: {contains: hello}
    fault: {kind: status, status: 429}
"""


@cache
def _files() -> tuple[tuple[str, FileKind[Any], str], ...]:
    """What each kind of file is called, its kind, and one that is right (or nearly)."""
    sample, shipped = _ROOT / "docs/sample/claims", _ROOT / "src/milo_bench"
    return (
        ("bench.yaml", SETTINGS_FILE, _BENCH),
        ("policy.yaml", POLICY_FILE, (shipped / "decide/policies/claims_v1.yaml").read_text()),
        ("routing.yaml", ROUTING_FILE, (sample / "routing.yaml").read_text()),
        ("economics.yaml", ECONOMICS_FILE, (sample / "economics.yaml").read_text()),
        ("suite.yaml", SUITE_FILE, (shipped / "suites/builtin/claims_v1/suite.yaml").read_text()),
        ("registry.yaml", REGISTRY_FILE, (_ROOT / "examples/roles/registry.yaml").read_text()),
        ("flags.yaml", FLAGS_FILE, "schema_version: 1\nflags:\n  one: off\n  two: on\n"),
        ("operator.yaml", OPERATOR_POLICY_FILE, default_policy_text()),
        ("script.yaml", SCRIPT_FILE, _SCRIPT),
    )


@cache
def _small() -> tuple[tuple[str, FileKind[Any], str, Any], ...]:
    """The same, cut to what a few milliseconds read, beside their data."""
    found = []
    for name, kind, written in _files():
        data = yaml.safe_load(written)
        short = yaml.safe_dump(_shortened(data), sort_keys=False, allow_unicode=True)
        found.append((name, kind, short, yaml.safe_load(short)))
    return tuple(found)


def _shortened(data: Any) -> Any:
    """Lists and mappings of many alike parts with the first ones alone."""
    if isinstance(data, dict):
        alike = len(data) > 6 and all(isinstance(item, dict) for item in data.values())
        return {key: _shortened(item) for key, item in list(data.items())[: 2 if alike else None]}
    if isinstance(data, list):
        return [_shortened(item) for item in data[:2]]
    return data


def _problems_are_readable(found: Any) -> None:
    if not isinstance(found, list):
        return
    if not found:
        raise Lost("nothing is said of what is wrong")
    for problem in found:
        if not isinstance(problem, Problem) or not problem.what or len(str(problem)) > 4_000:
            raise Lost(f"a problem that cannot be read: {str(problem)[:200]!r}")
    if any(problem.severity == "error" for problem in found):
        as_error(found)


def _data(random: Random, folder: Path) -> None:
    """Right YAML that says odd things."""
    name, kind, _, data = random.choice(_small())
    tree = damaged_tree(random, data, 3)
    written = dumped(tree) if random.random() < 0.8 else yaml.safe_dump(tree, allow_unicode=True)
    _problems_are_readable(check_text(written, kind, name=name))


def _text(random: Random, folder: Path) -> None:
    """A file after accidents of an editor or a transfer."""
    name, kind, written, _ = random.choice(_small())
    _problems_are_readable(check_text(damaged_text(random, written), kind, name=name))


def _whole(random: Random, folder: Path) -> None:
    """The real files, which take longer."""
    name, kind, written = random.choice(_files())
    _problems_are_readable(check_text(damaged_text(random, written, 2), kind, name=name))


def _aliases(levels: int) -> str:
    """Each list holds the one before nine times."""
    names = "abcdefghijk"
    rest = "".join(f"{names[n]}: &{names[n]} [{f'*{names[n - 1]},' * 9}]\n" for n in range(1, levels))
    return f"a: &a [1,1,1,1,1,1,1,1,1]\n{rest}"


def _merges(levels: int) -> str:
    """Each mapping merges the one before nine times."""
    rest = "".join(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}], k{n}: 1}}\n" for n in range(1, levels))
    return f"m0: &m0 {{k: 1}}\n{rest}"


_BOMBS: Final = (
    _aliases(9), _merges(12), "[" * 3_000, "{a: " * 2_000, "- " * 3_000, "a: &a\n  b: *a",
    "a: 2026-02-30", "a: " + "9" * 5_000, "a: 0x" + "f" * 5_000, "a: .inf", "a: -.nan", "a: 1e400", "a: 1_0.5",
    "a: 1:60:60:60", "? [a, b]\n: 1", "? {a: 1}\n: 1", "~: 1", "null: {null: 1}", "2026-01-01: 1\n2026-01-01: 2",
    "1: a\n'1': b", "yes: 1\nno: 2\n~: 3", "=: 1", "<<: 1", "<<: [1]", "<<: {<<: {}}",
    "a: !!binary aGVsbG8=", "a: !!python/name:os.system", "a: !!timestamp 2026-13-45", "a: !!timestamp x",
    "a: !!int x", "a: !!bool x", "a: !!null x", "!!bool x: 1", "a: !!merge x", "a: !!map x", "a: !!seq {}",
    "a: !!str []", "a: !!float y", "a: !!set {b, c}", "a: !!omap [b: 1]", "a: !!pairs [b: 1, 2]",
    "--- 1\n--- 2", "%YAML 9.9\n--- a", "a: 'x", "\ta: 1", "a: |99\n b", "a: b: c", "\x00", "a: \x1b[2J", "- \u2028",
    "targets: {~: {api: openai}}", "targets: {2026-02-30: {}}", "targets: [[[]]]",
)  # fmt: skip


def _yaml(random: Random, folder: Path) -> None:
    """YAML itself: anchors, merges, dates, numbers, keys of any kind."""
    written = random.choice(_BOMBS)
    if random.random() < 0.5:
        written = damaged_text(random, written)
    if random.random() < 0.3:
        written = f"{text(random, 2)}: {written}"
    form = random.choice(("yaml", "yaml-1.2", "json"))
    read = read_written(written, name="x.yaml", form=form)
    if isinstance(read, Problem):
        _problems_are_readable([read])
    for _, kind, *_ in random.sample(_small(), 1):
        _problems_are_readable(check_text(written, kind, name=random.choice(("x.yaml", "x.json"))))


def _settings(random: Random, folder: Path) -> None:
    """bench.yaml as a command reads it, up to the targets that it opens."""
    data = _small()[0][3]
    path = folder / "bench.yaml"
    path.write_text(dumped(damaged_tree(random, data, 4)), encoding="utf-8", errors="replace")
    try:
        settings = load_settings(path, {"KEY": "k", "ORG": "o"}, apis=TARGET_APIS.names())
        for config in settings.targets.values():
            open_target(config, {"KEY": "k", "ORG": "o"})
    except MiloError as error:
        if len(error.message) > 4_000:
            raise Lost(f"an error of {len(error.message)} characters") from error


def _fixtures(random: Random, folder: Path) -> None:
    """Each line of a fixture file becomes a fixture or a problem."""
    sound = {"id": "a", "workload": "w", "input": {"text": "hi"}, "expect": {"label": "x"}, "tags": ["t"], "group": "g"}
    lines = []
    for number in range(random.randint(1, 5)):
        row = {**sound, "id": f"a{number}"}
        chance = random.random()
        if chance < 0.4:
            lines.append(dumped(damaged_tree(random, row)))
        elif chance < 0.6:
            lines.append(damaged_text(random, dumped(row)))
        elif chance < 0.65:
            lines.append(dumped({**row, "input": {"deep": nested(random.choice((70, 300)))}}))
        else:
            lines.append(dumped(row))
    path = folder / "fixtures.jsonl"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    reader = FixtureReader(["w"])
    reader.read(path)
    _problems_are_readable(reader.problems or None)
    written = [line for line in "\n".join(lines).split("\n") if line.strip()]
    if not reader.fixtures and not reader.problems and written:
        raise Lost("lines became neither fixtures nor problems")
    sound_lines = sum(1 for line in lines if line.strip() and line == dumped({**sound, "id": line[8:10]}))
    if sound_lines > len(reader.fixtures) and not reader.problems:
        raise Lost(f"{sound_lines} sound lines, {len(reader.fixtures)} fixtures and no problem")


def _anything(random: Random, folder: Path) -> None:
    """No file of this kind at all."""
    name, kind, *_ = random.choice(_small())
    written = text(random, 12) if random.random() < 0.5 else dumped(value(random, 4))
    _problems_are_readable(check_text(written, kind, name=name))


KINDS = (
    Kind("files-data", _data, 8),
    Kind("files-text", _text, 6),
    Kind("files-whole", _whole, 0.3),
    Kind("files-anything", _anything, 3),
    Kind("yaml", _yaml, 5),
    Kind("settings", _settings, 4),
    Kind("fixtures", _fixtures, 6),
)
