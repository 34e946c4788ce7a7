"""Each file on the page about extending is added to a copy of the source, and works with nothing else changed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench.targets.fake.server import start_fake

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/extend.md").read_text(encoding="utf-8")
FILES = {found[1]: found[2] for found in re.finditer(r"```python\n# (src/\S+\.py)\n(.*?)```", PAGE, flags=re.DOTALL)}

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of ``src`` with every file of the page in its place."""
    copy = tmp_path_factory.mktemp("extended") / "src"
    shutil.copytree(ROOT / "src/milo_bench", copy / "milo_bench", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in FILES.items():
        path = copy.parent / name
        assert not path.exists(), f"{name} exists already: the page needs another example"
        path.write_text(text, encoding="utf-8")
    return copy


@pytest.fixture
def milo_bench(source: Path, tmp_path: Path) -> Call:
    """Runs the command of the copy in an empty folder; exit code 0 unless another is expected."""

    def call(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "milo_bench.cli.main", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(source)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return call


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite of two letters, with the check of the page, and a target that answers both alike."""
    folder = tmp_path / "letters"
    folder.mkdir()
    check = PAGE.partition("Use it in `suite.yaml`:")[2].partition("```yaml\n")[2].partition("```")[0]
    (folder / "prompt.jinja").write_text("Answer: {{ input.text }}", encoding="utf-8")
    (folder / "suite.yaml").write_text(
        'name: letters\nversion: "1"\nfixtures: [fixtures.jsonl]\nworkloads:\n  reply:\n    prompt: prompt.jinja\n'
        + "".join(f"    {line}\n" for line in check.splitlines()),
        encoding="utf-8",
    )
    fixtures = [
        {"id": "a", "workload": "reply", "input": {"text": "one"}, "expect": {}, "tags": ["short"]},
        {"id": "b", "workload": "reply", "input": {"text": "two"}, "expect": {}, "tags": ["short"]},
    ]
    (folder / "fixtures.jsonl").write_text("\n".join(map(json.dumps, fixtures)) + "\n", encoding="utf-8")
    (tmp_path / "script.yaml").write_text(
        "reply: {text: Hello there.}\nrules:\n  - {when: {contains: two}, reply: {text: Good day.}}\n", encoding="utf-8"
    )
    (tmp_path / "bench.yaml").write_text("targets:\n  scripted: {api: fake, script: script.yaml}\n", encoding="utf-8")
    return folder


def test_every_section_has_one_file_and_every_row_a_section() -> None:
    sections = re.findall(r"^## (A .+|An .+)$", PAGE, flags=re.MULTILINE)
    linked = re.findall(r"^\| \[(.+?)\]\(#(.+?)\)", PAGE, flags=re.MULTILINE)
    assert [name[0].upper() + name[1:] for name, _ in linked] == sections
    assert [anchor for _, anchor in linked] == [name.lower().replace(" ", "-") for name in sections]
    assert len(FILES) == len(sections) - 1  # a language is words, and no code


def test_the_files_keep_to_the_style_of_the_house(tmp_path: Path) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "src"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_check_judges_answers(milo_bench: Call, suite: Path, tmp_path: Path) -> None:
    milo_bench("suite", "check", str(suite))
    milo_bench("run", "--suite", str(suite), "--models", "scripted", "--out", "log.jsonl")
    rows = json.loads(milo_bench("grade", "log.jsonl", "--json").stdout)["graded"]
    outcomes = [verdict["outcome"] for row in rows for verdict in row["verdicts"] if verdict["check"] == "starts_with"]
    assert sorted(outcomes) == ["fail", "pass"]


def test_a_wrong_parameter_of_a_check_is_named(milo_bench: Call, suite: Path) -> None:
    manifest = suite / "suite.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("texts:", "text:"), encoding="utf-8")
    assert "'text'" in milo_bench("suite", "check", str(suite), code=2).stdout


def test_a_measure_is_scored_and_a_gate_uses_it(milo_bench: Call, suite: Path, tmp_path: Path) -> None:
    milo_bench("run", "--suite", str(suite), "--models", "scripted", "--out", "log.jsonl")
    (card,) = json.loads(milo_bench("score", "log.jsonl", "--json").stdout)["scorecards"]
    (measure,) = [one for one in card["measures"] if one["name"] == "retried_rate"]
    assert (measure["value"], measure["n"], measure["unit"]) == (0.0, 2, "share")
    assert "retried" in milo_bench("score", "log.jsonl").stdout
    gates = PAGE.partition("Use it in `policy.yaml`:")[2].partition("```yaml\n")[2].partition("```")[0]
    rules = "findings:\n  - {name: any, when: [], finding: defer}\n"
    indented = "".join(f"    {line}\n" for line in gates.splitlines())
    (tmp_path / "policy.yaml").write_text(f"policy: 1\nworkloads:\n  reply:\n{indented}{rules}", encoding="utf-8")
    said = milo_bench("decide", "log.jsonl", "--policy", "policy.yaml", "--out", "decision.json").stdout
    assert "share of retried attempts" in said


def test_a_fix_is_replayed(milo_bench: Call, suite: Path, tmp_path: Path) -> None:
    milo_bench("run", "--suite", str(suite), "--models", "scripted", "--out", "log.jsonl")
    remedies = PAGE.partition("Allow it in `policy.yaml`:")[2].partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "policy.yaml").write_text(
        f"policy: 1\nworkloads:\n  reply:\n    gates: [{{measure: pass_rate, at_least: 0.9}}]\n    {remedies}"
        "findings:\n  - {name: any, when: [], finding: defer}\n",
        encoding="utf-8",
    )
    milo_bench("decide", "log.jsonl", "--policy", "policy.yaml", "--out", "decision.json")
    decision = json.loads((tmp_path / "decision.json").read_text(encoding="utf-8"))
    assert "reply/scripted/tag_to_review" in [replay["id"] for replay in decision["replays"]]
    (remedy,) = decision["findings"][0]["remedies"]
    assert remedy["title"] == "human review of sensitive cases"


async def test_a_target_sends_its_settings(source: Path, suite: Path, tmp_path: Path) -> None:
    import asyncio

    written = PAGE.partition("Use it in `bench.yaml`:")[2].partition("```yaml\n")[2].partition("```")[0]
    async with start_fake({"reply": {"text": "Hello there."}}) as fake:
        bench = written.replace("http://127.0.0.1:8000", fake.address)
        (tmp_path / "bench.yaml").write_text(bench, encoding="utf-8")
        words = ["run", "--suite", str(suite), "--models", "local", "--out", "log.jsonl"]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "milo_bench.cli.main", *words),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(source)},
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
        assert fake.requests
        assert all(request.body["top_k"] == 20 for request in fake.requests)


def test_a_probe_answers_its_question(milo_bench: Call, suite: Path) -> None:
    (result,) = json.loads(milo_bench("probe", "scripted", "--probe", "listed", "--json").stdout)["results"]
    assert (result["probe"], result["outcome"]) == ("listed", "pass")


def test_an_importer_is_chosen_by_the_ending_of_the_file(milo_bench: Call, tmp_path: Path) -> None:
    (tmp_path / "cases.toml").write_text(
        '[[case]]\ntext = "My invoice is wrong."\nqueue = "billing"\n[[case]]\ntext = "Hi"\nqueue = "other"\n'
    )
    milo_bench("suite", "import", "cases.toml", "--out", "my_suite", "--input", "text", "--label", "queue")
    milo_bench("suite", "check", "my_suite")
    assert "billing" in milo_bench("suite", "show", "my_suite", "row-0001").stdout


def test_an_operator_task_is_sound(source: Path) -> None:
    code = (
        "from milo_bench.operator.worlds.selftest import selftest\n"
        "from milo_bench.operator.worlds.task import TASKS\n"
        "result = selftest([TASKS.get('approval_open')])\n"
        "print(result.faults, result.rows[0].scores)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("() {'oracle': 25, 'no-op': 0")


def test_a_command_is_listed_and_runs(milo_bench: Call, suite: Path) -> None:
    assert "Count the attempts of each tag, and those that passed." in milo_bench("--help").stdout
    milo_bench("run", "--suite", str(suite), "--models", "scripted", "--out", "log.jsonl")
    assert json.loads(milo_bench("tags", "log.jsonl", "--json").stdout) == {"short": {"attempts": 2, "passed": 1}}


def test_a_package_of_ones_own_brings_the_same_things(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.partition("## From your own package")[2], flags=re.DOTALL)
    (written,) = blocks
    groups = tomllib.loads(written)["project"]["entry-points"]
    site = tmp_path / "site"
    for folder in ("our_bench", "our_bench-1.0.dist-info"):
        (site / folder).mkdir(parents=True)
    (site / "our_bench/__init__.py").touch()
    entries = []
    for group, things in groups.items():
        ((name, place),) = things.items()
        module, _, thing = place.partition(":")
        (example,) = [text for path, text in FILES.items() if path.endswith(f"/{name}.py")]
        code = re.sub(r"^\w+\.add\([^,]+, (.+)\)$", rf"{thing} = \1", example, flags=re.MULTILINE)
        assert code != example
        (site / f"{module.replace('.', '/')}.py").write_text(code, encoding="utf-8")
        entries.append(f"[{group}]\n{name} = {place}\n")
    (site / "our_bench-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: our_bench\nVersion: 1.0\n")
    (site / "our_bench-1.0.dist-info/entry_points.txt").write_text("".join(entries))
    code = (
        "from milo_bench.grade.base import CHECKS\nfrom milo_bench.targets import TARGET_APIS\n"
        "from milo_bench.probes.base import PROBES\nfrom milo_bench.suites.importing.importer import IMPORTERS\n"
        "print(CHECKS.get('starts_with').version, TARGET_APIS.get('vllm').runtime, PROBES.get('listed').severity, "
        "IMPORTERS.get('toml').endings)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout == "1 vLLM minor ('.toml',)\n", done.stderr


def test_a_package_of_files_brings_a_language(tmp_path: Path) -> None:
    words = re.search(r"```toml\n# our_words/(\S+)\n(.*?)```", PAGE, flags=re.DOTALL)
    entry = re.search(r"```toml\n# pyproject.toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert words is not None
    assert entry is not None
    (group,) = tomllib.loads(entry[1])["project"]["entry-points"].items()
    file = tmp_path / "our_words" / words[1]
    file.parent.mkdir(parents=True)
    file.write_text(words[2], encoding="utf-8")
    (tmp_path / "our_words/__init__.py").write_text("")
    info = tmp_path / "our_words-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-words\nVersion: 1\n")
    named = "\n".join(f"{name} = {value}" for name, value in group[1].items())
    (info / "entry_points.txt").write_text(f"[{group[0]}]\n{named}\n")
    asked = """
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Workload
from milo_bench.grade.engine import grade_attempt
workload = Workload("w", "p", "", "", (CheckSpec("banned_commitments"),))
for text in ("Peníze vám vrátíme v pátek.", "Vaše žádost byla přijata a čeká na posouzení.", "Pengarna betalas ut."):
    attempt = Attempt(AttemptKey("f", "t"), "", Timings(0, 0, 1), text)
    print(grade_attempt(workload, Fixture("f", "w"), attempt).verdicts[0].outcome)
"""
    path = os.pathsep.join((str(tmp_path), *sys.path))
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["fail", "pass", "unjudged"]
