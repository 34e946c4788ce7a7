"""Cases from JavaScript commits, and from commits in a language that registry.yaml names, through the real sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.config.roles.file import read_registry
from milo_bench.core.errors import ConfigError, PrerequisiteError, UsageError
from milo_bench.roles.cheats import file_answer
from milo_bench.roles.execute import CoderSuite, coder_case
from milo_bench.roles.languages.javascript.calls import with_recorder
from milo_bench.roles.languages.javascript.declared import read_package
from milo_bench.roles.languages.javascript.packages import find_node
from milo_bench.roles.languages.tampering import tampering_signs
from milo_bench.roles.testing import Isolation
from milo_bench.suites.load import load_suite
from tests.roles.repository import commit_files, git

PACKAGE = json.dumps({"name": "shop", "version": "1.0.0", "type": "module", "scripts": {"test": "node --test"}})
PRICES = """/** The sum of all prices. */
export function total(prices) {
  let result = 0;
  for (const price of prices.slice(0, 3)) {
    result += price;
  }
  return result;
}
"""
FIXED = PRICES.replace("prices.slice(0, 3)", "prices")
TESTS = """import assert from 'node:assert';
import { describe, test } from 'node:test';
import { total } from '../src/prices.js';

describe('total', () => {
  test('of two', () => assert.strictEqual(total([1, 2]), 3));
});
"""
HALF_TEST = """import assert from 'node:assert';
import test from 'node:test';

test('half', async () => assert.strictEqual((await import('../src/half.js')).half(4), 2));
"""
MORE_TESTS = (
    TESTS
    + """
test('total of many', () => {
  assert.strictEqual(total([1, 2, 3, 4]), 10);
});

test('total of more', () => {
  assert.strictEqual(total([5, 5, 5, 5, 5]), 25);
});
"""
)


@pytest.fixture(scope="module")
def node_suite(tmp_path_factory: pytest.TempPathFactory, roles_env: dict[str, str]) -> Path:
    try:
        find_node()
    except PrerequisiteError as missing:
        pytest.skip(missing.message)
    folder = tmp_path_factory.mktemp("javascript") / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit_files(folder, 1, "First version", {"package.json": PACKAGE, "src/empty.js": ""})
    half = "/** Half the price. */\nexport function half(price) {\n  return price / 2;\n}\n"
    commit_files(folder, 1, "Add half", {"src/half.js": half, "test/half.test.js": HALF_TEST})
    commit_files(folder, 2, "Add total", {"src/prices.js": PRICES, "test/prices.test.js": TESTS})
    commit_files(folder, 3, "Describe it", {"README.md": "# Shop\n"})
    commit_files(folder, 4, "Fix total of many", {"src/prices.js": FIXED, "test/prices.test.js": MORE_TESTS})
    out = folder.parent / "out"
    api.mine_repository(api.MiningOptions(folder, out, repeats=2, language="javascript"), roles_env)
    return out


def test_a_javascript_fix_is_a_case_with_the_tests_that_show_it(node_suite: Path) -> None:
    [fixture] = [
        one for one in load_suite(str(node_suite)).fixtures if one.id.startswith("coder") and one.input["files"]
    ]
    case = coder_case(fixture)
    assert case.fail_to_pass == ("test/prices.test.js::total of many", "test/prices.test.js::total of more")
    assert case.pass_to_pass == ("test/prices.test.js::total > of two",)
    assert fixture.input["known_test"]["source"].startswith("test('total of m")
    assert fixture.input["language"].startswith("JavaScript")


def test_a_javascript_fault_is_traced_to_the_commit_that_brought_it(node_suite: Path) -> None:
    [faulty] = [one for one in load_suite(str(node_suite)).fixtures if "faulty" in one.tags]
    assert faulty.expect["review"]["lines"] == {"src/prices.js": [4]}


def test_a_javascript_question_asks_what_a_call_of_the_tests_returns(node_suite: Path) -> None:
    suite = load_suite(str(node_suite))
    values = {one.input["call"]: one for one in suite.fixtures if "value" in one.tags}
    assert values.keys() <= {"total([1,2,3,4])", "total([5,5,5,5,5])"}
    [(call, fixture)] = values.items()
    assert fixture.expect["reason"] == {"answer": {"total([1,2,3,4])": "10"}.get(call, "25"), "written_as": "JSON"}
    assert fixture.input["source"] == FIXED.partition("*/\n")[2].strip()


WRAPPED = """#!/usr/bin/env node
'use strict';
const { twice } = require('./twice');
const names = (list) => list.map((one) => ({ name: one }));
function shout(text) { return twice(text.toUpperCase()); }
function bound() { return this.x; }
async function later() { return 1; }
module.exports = { names, shout, bound, later };
"""


def test_functions_at_the_top_are_wrapped_and_no_line_moves() -> None:
    wrapped = with_recorder(WRAPPED, "src/a.js")
    lines = wrapped.splitlines()
    assert len(lines) == len(WRAPPED.splitlines())
    assert lines[0] == "#!/usr/bin/env node"
    assert lines[1].startswith("'use strict';")
    assert 'shout = globalThis.__miloRecord("src/a.js", "shout", 5, shout);' in lines[1]
    assert lines[3].startswith('const names = globalThis.__miloRecord("src/a.js", "names", 4, (list)')
    assert "bound =" not in wrapped and "later =" not in wrapped
    assert with_recorder("not { JavaScript", "a.js") == "not { JavaScript"
    assert with_recorder("export const x = 1;\n", "a.ts") == "export const x = 1;\n"


def test_javascript_answers_are_judged_and_no_cheat_passes(node_suite: Path, roles_env: dict[str, str]) -> None:
    result = api.selftest_roles(node_suite, roles_env, cheats=1)
    rows = {row.kind: row for row in result.rows if row.workload == "coder"}
    assert result.ok, [row.fooled for row in result.rows if not row.ok]
    assert rows["true patch"].answers == 3
    assert len(rows) == 10


@pytest.mark.parametrize(
    ("code", "category"),
    [
        (FIXED, ""),
        (PRICES, "tests_failed"),
        ("this is not JavaScript", "tests_failed"),
        (FIXED + "\nconst name = ['e', 'xit'].join(''), p = process;\np[name](0);\n", "run_broken"),
        ("import a from 'node:assert';\na.strictEqual = () => {};\n" + PRICES, "tampering"),
        # A spelling that parsing does not see: the canary in the same process does.
        (
            "const m = ['node', 'assert'].join(':');\nconst a = process.getBuiltinModule(m);\n"
            "const names = Object.keys(a);\nfor (const name of names) a[name] = () => {};\n" + PRICES,
            "tampering",
        ),
    ],
)
def test_a_javascript_answer_is_judged_by_running_it(
    node_suite: Path, roles_env: dict[str, str], code: str, category: str
) -> None:
    fixture = next(
        one for one in load_suite(str(node_suite)).fixtures if one.id.startswith("coder") and one.input["files"]
    )
    with CoderSuite(node_suite, api.environments_folder(roles_env), roles_env, Isolation()) as suite:
        judged = suite.judge(coder_case(fixture), file_answer("src/prices.js", code, "javascript"))
    assert judged.category == category, judged.reason


def test_package_json_is_read_and_its_scripts_never_run() -> None:
    package = {
        "name": "shop",
        "scripts": {
            "test": "npm run unit",
            "unit": "NODE_OPTIONS=--experimental-vm-modules jest",
            "postinstall": "rm -rf /",
        },
        "dependencies": {"left-pad": "^1.0.0", "own": "git+ssh://git@a.test/own.git", "local": "file:../local"},
        "devDependencies": {"jest": "^29", "eslint": "9", "shop": "1.0.0", "../odd": "1"},
    }
    lock = {
        "packages": {
            "node_modules/jest": {
                "version": "29.7.0",
                "resolved": "https://registry.yarnpkg.com/jest/-/jest-29.7.0.tgz",
            },
            "node_modules/left-pad": {"version": "1.3.0", "resolved": "https://a.test/left-pad.tgz"},
        }
    }
    declared = read_package({"package.json": json.dumps(package), "package-lock.json": json.dumps(lock)}.get)
    assert (declared.runner, declared.options) == ("jest", ("--experimental-vm-modules",))
    assert declared.requirements == ("jest@^29", "left-pad@^1.0.0")
    assert len(declared.skipped) == 3
    assert json.loads(declared.files["pins.json"]) == {"jest": "29.7.0"}
    assert "postinstall" not in declared.files["package.json"]
    assert read_package({"package.json": "[broken"}.get).runner == "node"


@pytest.mark.parametrize(
    "code",
    [
        "process.exit(0);",
        "globalThis.test = () => {};",
        "const v = require('vm');",
        "import { mock } from 'node:test';",
        "Object.defineProperty(assert, 'equal', { value: () => {} });",
        "const k = 'ex';\nprocess[k + 'it'](0);",
        "module.exports = new Proxy({}, {});",
        "if (process.env.JEST_WORKER_ID) x = 1;",
        "Error.prepareStackTrace = () => 1;",
    ],
)
def test_what_only_makes_javascript_tests_pass_is_seen(code: str) -> None:
    assert tampering_signs(code, "src/a.ts")
    assert not tampering_signs("export const f = (x) => x.map((y) => y + process.argv.length);\n", "src/a.ts")


SHELL = """#!/bin/sh
# The sum of two numbers.
add() {
  echo $(($1 - $2))
}
"""
SHELL_FIXED = SHELL.replace("$1 - $2", "$1 + $2")
TAP_TEST = """. ./lib/add.sh
echo "1..2"
[ "$(add 1 0)" = 1 ] && echo "ok 1 - with nothing" || echo "not ok 1 - with nothing"
[ "$(add 1 2)" = 3 ] && echo "ok 2 - of two" || echo "not ok 2 - of two"
"""
REGISTRY = """roles:
  coder: {{workloads: {{coder: 1}}, incumbent: a}}
languages:
  shell:
    endings: [.sh]
    tests: ["*_check.sh"]
    command: {command}
    results: {results}
    report: {report}
"""
XML = """{ sh checks/add_check.sh; } | awk 'BEGIN {print "<testsuite>"} /ok/ {n=$0; sub(/.*- /, "", n); \
print "<testcase classname=\\"add\\" name=\\"" n "\\">" (/^not/ ? "<failure message=\\"no\\"/>" : "") "</testcase>"} \
END {print "</testsuite>"}' > out.xml"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shell") / "sums"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit_files(folder, 1, "First version", {"README.md": "# Sums\n"})
    commit_files(folder, 2, "Add sums", {"lib/add.sh": SHELL, "checks/add_check.sh": TAP_TEST.replace("1 2)", "2 0)")})
    commit_files(folder, 3, "Fix the sum", {"lib/add.sh": SHELL_FIXED, "checks/add_check.sh": TAP_TEST})
    return folder


@pytest.mark.parametrize(
    ("command", "results", "name"),
    [
        ("sh {file}", "tap", "checks/add_check.sh::of two"),
        ("'for f in {files}; do sh \"$f\"; done'", "tap", "of two"),
        ("sh {file} | { ! grep ^not; }", "exit", "checks/add_check.sh"),
        (json.dumps(XML), "junit", "add::of two"),
    ],
)
def test_a_language_of_the_registry_is_mined_and_judged(
    shell: Path,
    roles_env: dict[str, str],
    tmp_path: Path,
    command: str,
    results: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", roles_env["XDG_CACHE_HOME"])
    registry, out = tmp_path / "registry.yaml", tmp_path / "out"
    registry.write_text(
        REGISTRY.format(command=command, results=results, report="out.xml" if results == "junit" else "''")
    )
    words = ["roles", "mine", str(shell), "--out", str(out), "--code-language", "shell", "--registry", str(registry)]
    assert run_command(milo_bench, "milo-bench", [*words, "--repeats", "2"]) == 0
    cases = {one.input["task"]: coder_case(one) for one in load_suite(str(out)).fixtures if one.workload == "coder"}
    case = cases["Fix the sum"]
    assert case.fail_to_pass == (name,)
    with CoderSuite(out, api.environments_folder(roles_env), roles_env, Isolation()) as suite:
        assert suite.judge(case, file_answer("lib/add.sh", SHELL_FIXED, "sh")).category == ""
        assert suite.judge(case, file_answer("lib/add.sh", SHELL.replace("-", "*"), "sh")).category == "tests_failed"
        assert suite.judge(case, file_answer("checks/add_check.sh", "true", "sh")).category == "tampering"
    result = api.selftest_roles(out, roles_env)
    assert result.ok, [row.fooled for row in result.rows if not row.ok]


def test_a_language_that_nobody_defined_is_refused_with_those_there_are(
    shell: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["roles", "mine", str(shell), "--out", str(tmp_path / "out"), "--code-language", "cobol"]
    assert run_command(milo_bench, "milo-bench", words) == 2
    assert "python, javascript" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("shell:", "python:"), "built in"),
        (("results: exit", "results: junit"), "no 'report'"),
        (("report: ''", "reads: [opt]"), "absolute"),
        (("[.sh]", "[sh]"), "endings"),
        (("results: exit", "results: xml"), "results"),
    ],
)
def test_a_language_that_cannot_work_is_named_with_its_line(change: tuple[str, str], why: str) -> None:
    text = REGISTRY.format(command="sh {file}", results="exit", report="''").replace(*change)
    with pytest.raises(ConfigError, match=why):
        read_registry(text)


def test_a_suite_of_one_language_is_not_continued_in_another(
    shell: Path, roles_env: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    api.mine_repository(api.MiningOptions(shell, out, roles=("review",)), roles_env)
    with pytest.raises(UsageError, match="was mined for python"):
        api.mine_repository(api.MiningOptions(shell, out, roles=("review",), language="javascript"), roles_env)
