"""A small repository is mined through the real sandbox."""

from __future__ import annotations

import dataclasses
import json
import os
import select
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.records import Fixture
from milo_bench.roles.cheats import file_answer
from milo_bench.roles.execute import CoderSuite, coder_case
from milo_bench.roles.testing import Isolation, run_unsafe
from milo_bench.sandbox import SandboxLimits
from milo_bench.suites.load import load_suite
from tests.roles.repository import BEFORE_FLAKY, PRICES_2, PRICES_3, PYPROJECT, commit_files, git


def _case_of(mined: Path, subject: str) -> Fixture:
    fixtures = [one for one in load_suite(str(mined)).fixtures if one.workload == "coder"]
    [found] = [one for one in fixtures if one.input["task"].startswith(subject)]
    return found


def test_a_fix_becomes_a_case_with_the_tests_that_show_it(mined: Path) -> None:
    case = coder_case(_case_of(mined, "Fix total"))
    assert case.fail_to_pass == (
        "tests/test_prices.py::test_total_of_many",
        "tests/test_prices.py::test_total_of_more",
    )
    assert case.pass_to_pass == ("tests/test_prices.py::test_cheapest", "tests/test_prices.py::test_total")
    assert len(case.held_back) == 1


def test_the_task_shows_the_files_before_the_fix_and_one_of_its_tests(mined: Path) -> None:
    fixture = _case_of(mined, "Fix total")
    assert [file["text"] for file in fixture.input["files"]] == [PRICES_2]
    known = fixture.input["known_test"]
    assert known["source"].startswith(f"def {known['name'].partition('::')[2]}")


def test_every_rejected_commit_has_its_reason(mined: Path, shop: Path) -> None:
    rows = [json.loads(line) for line in (mined / "rejected.jsonl").read_text().splitlines()]
    reasons = {row["commit"]: row["reason"] for row in rows if row["role"] == "coder"}
    log = git(shop, "log", "--format=%H %s").splitlines()
    named = {line.partition(" ")[2]: reasons.get(line.partition(" ")[0]) for line in log}
    assert named["First version"] == "first commit"
    assert named["Describe the shop"] == "no test changed"
    assert named["Fix total of more than three prices"] is None


def test_a_renamed_file_is_a_case_whose_true_patch_renames_it(mined: Path) -> None:
    case = coder_case(_case_of(mined, "Rename stock"))
    assert "rename from shop/stock.py\nrename to shop/store.py" in case.oracle


def test_the_suite_has_no_history_and_no_later_tree(mined: Path) -> None:
    kinds = git(mined / "objects.git", "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()
    assert set(kinds) == {"blob", "tree"}


def test_a_flaky_test_is_found_and_left_out_by_name(shop: Path, roles_env: dict[str, str], tmp_path: Path) -> None:
    options = api.MiningOptions(shop, tmp_path / "out", roles=("coder",), paths=("tests/test_sale.py",), repeats=10)
    report = api.mine_repository(options, roles_env)
    [mined] = report.cases
    case = mined.fixture["expect"]["coder"]
    assert list(case["fail_to_pass"]) == ["tests/test_sale.py::test_half"]
    assert list(case["flaky"]) == ["tests/test_sale.py::test_sometimes"]


def test_a_test_that_passes_only_after_others_of_its_file_gives_a_case(
    tmp_path: Path, roles_env: dict[str, str]
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    first = "from shop.till import coins\n\nopened = []\n\n\ndef test_open():\n    opened.append(coins(5))\n"
    more = first + "\n\ndef test_coins():\n    assert opened and coins(7) == 5\n"
    files = {
        "shop/__init__.py": "",
        "shop/till.py": "def coins(cents):\n    return cents\n",
        "tests/test_till.py": first,
    }
    commit_files(folder, 1, "Add the till", {"pyproject.toml": PYPROJECT, **files})
    fixed = "def coins(cents):\n    return cents // 5 * 5\n"
    commit_files(folder, 2, "Pay in coins", {"shop/till.py": fixed, "tests/test_till.py": more})
    options = api.MiningOptions(folder, tmp_path / "out", roles=("coder",), repeats=2)
    [mined] = api.mine_repository(options, roles_env).cases
    assert list(mined.fixture["expect"]["coder"]["fail_to_pass"]) == ["tests/test_till.py::test_coins"]


def test_answers_are_judged_by_running_them(mined: Path, roles_env: dict[str, str]) -> None:
    case = coder_case(_case_of(mined, "Fix total"))
    right = file_answer("shop/prices.py", PRICES_3)
    known = next(name for name in case.fail_to_pass if name not in case.held_back)
    value = "[1, 2, 3, 4]: return 10" if known.endswith("many") else "[5] * 5: return 25"
    hard_coded = PRICES_2.replace("    result = 0\n", f"    if prices == {value}\n    result = 0\n")
    answers = {
        right: "",
        "The sum is wrong.": "unparsable",
        file_answer("shop/prices.py", PRICES_2): "tests_failed",
        file_answer("shop/prices.py", hard_coded): "tests_failed",
        file_answer("shop/prices.py", PRICES_3.replace("min(", "max(")): "broke_tests",
        file_answer("tests/test_prices.py", "def test_total(): pass\n"): "tampering",
        right.replace("\n", "\r\n"): "",
        "```diff\n--- a/shop/other.py\n+++ b/shop/other.py\n@@ -1 +1 @@\n-x\n+y\n```": "patch_does_not_apply",
    }
    with CoderSuite(mined, api.environments_folder(roles_env), roles_env, Isolation()) as suite:
        assert {answer: suite.judge(case, answer).category for answer in answers} == answers


_SHORT = dataclasses.replace(Isolation().limits, wall_s=8.0)
_BUSY = dataclasses.replace(Isolation().limits, cpu_s=3.0)


@pytest.mark.parametrize(
    ("code", "limits", "unsafe_here", "why"),
    [
        ("while True: pass\n", _BUSY, False, "limit on processor time: 3"),
        ("import time\ntime.sleep(999)\n", dataclasses.replace(_BUSY, wall_s=8.0), False, "limit on wall time: 8"),
        ("while True: pass\n", _SHORT, True, "limit on wall time"),
    ],
)
def test_an_answer_that_never_ends_is_ended(
    mined: Path, roles_env: dict[str, str], code: str, limits: SandboxLimits, unsafe_here: bool, why: str
) -> None:
    case = coder_case(_case_of(mined, "Fix total"))
    isolation = Isolation(unsafe_here=unsafe_here, limits=limits)
    with CoderSuite(mined, api.environments_folder(roles_env), roles_env, isolation) as suite:
        judged = suite.judge(case, file_answer("shop/prices.py", code))
    assert judged.category == "run_broken"
    assert judged.reason.startswith(f"the tests exceeded the {why}")


def test_true_answers_pass_and_no_cheat_does(mined: Path, roles_env: dict[str, str]) -> None:
    result = api.selftest_roles(mined, roles_env, cheats=1)
    rows = {row.kind: row for row in result.rows if row.workload == "coder"}
    assert result.ok, [row.fooled for row in result.rows if not row.ok]
    assert rows["true patch"].passed == rows["true patch"].answers == 5
    assert sum(row.answers for kind, row in rows.items() if kind not in ("true patch", "empty answer")) >= 18
    assert len(rows) == 10


def test_a_second_call_goes_on_and_judges_nothing_twice(mined: Path, shop: Path, roles_env: dict[str, str]) -> None:
    before = (mined / "mining.jsonl").read_bytes()
    report = api.mine_repository(
        api.MiningOptions(repository=shop, out=mined, repeats=2, until=BEFORE_FLAKY), roles_env
    )
    assert report.new == 0 and report.why == "done"
    assert (mined / "mining.jsonl").read_bytes() == before


def test_what_is_not_a_whole_repository_is_refused(shop: Path, tmp_path: Path, roles_env: dict[str, str]) -> None:
    (tmp_path / "plain").mkdir()
    git(tmp_path, "init", "-q", "empty")
    git(tmp_path, "clone", "-q", "--depth=1", shop.as_uri(), "shallow")
    for name, why in (("plain", "not a git repository"), ("empty", "no commits"), ("shallow", "shallow clone")):
        with pytest.raises(DataError, match=why):
            api.mine_repository(api.MiningOptions(tmp_path / name, tmp_path / "out"), roles_env)
    with pytest.raises(UsageError, match="already exists"):
        api.mine_repository(api.MiningOptions(shop, tmp_path / "plain" / ".."), roles_env)


def test_without_the_sandbox_a_folder_named_from_here_is_judged_alike(
    mined: Path, roles_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = coder_case(_case_of(mined, "Fix total"))
    answers = {
        file_answer("shop/prices.py", PRICES_3): "",
        file_answer("shop/prices.py", PRICES_2): "tests_failed",
    }
    monkeypatch.chdir(mined.parent)
    isolation = Isolation(unsafe_here=True)
    with CoderSuite(Path(mined.name), api.environments_folder(roles_env), roles_env, isolation) as suite:
        assert {answer: suite.judge(case, answer).category for answer in answers} == answers


def test_what_a_test_leaves_running_without_the_sandbox_is_killed(tmp_path: Path) -> None:
    script = "sleep 1000 & echo $!"
    outcome = run_unsafe(["/bin/sh", "-c", script], b"", {"PATH": os.defpath}, _SHORT, folder=tmp_path)
    assert outcome.ending == "exited"
    try:
        left = os.pidfd_open(int(outcome.stdout))
    except ProcessLookupError:
        return  # gone already
    assert select.select([left], [], [], 60)[0], "it still runs"
    os.close(left)


def test_a_repository_without_tests_gives_no_coder_case_and_says_why(
    tmp_path: Path, roles_env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "untested"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for number in range(4):
        (folder / "prices.py").write_text(f"PRICES = [{number}]\n")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", f"change {number}", day=number + 1)
    words = ["roles", "mine", str(folder), "--out", str(tmp_path / "out"), "--role", "coder", "--role", "reason"]
    assert run_command(milo_bench, "milo-bench", words) == 0
    said = capsys.readouterr().out
    assert "no test changed" in said
    assert "No case was found: see the reasons above." in said
    rows = [json.loads(line) for line in (tmp_path / "out/rejected.jsonl").read_text().splitlines()]
    assert sorted(row["reason"] for row in rows) == ["first commit", *["no test changed"] * 3]
