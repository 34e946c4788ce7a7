"""Cases from a JavaScript repository of several packages, which import each other by their names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.core.errors import PrerequisiteError
from milo_bench.roles.cheats import file_answer
from milo_bench.roles.declared import Declared
from milo_bench.roles.execute import CoderSuite, coder_case
from milo_bench.roles.languages.javascript.declared import read_package
from milo_bench.roles.languages.javascript.packages import find_node
from milo_bench.roles.testing import Isolation
from milo_bench.suites.load import load_suite
from tests.roles.repository import commit_files, git

TOP = {"private": True, "workspaces": ["packages/*"], "scripts": {"test": "npm test --workspaces"}}
MONEY = {"name": "@yard/money", "version": "2.0.0", "type": "module", "exports": "./src/money.js"}
TILL = {
    "name": "@yard/till",
    "version": "3.1.0",
    "type": "module",
    "scripts": {"test": "node --test"},
    "dependencies": {"@yard/money": "^2.0.0"},
}
ROUNDED = "export const rounded = (cents) => Math.round(cents / 5) * 5;\n"
TOTAL = """import { rounded } from '@yard/money';

/** What a customer pays in coins. */
export function total(prices) {
  return prices.reduce((sum, price) => sum + price, 0);
}

export const cheapest = (prices) => rounded(Math.min(...prices));
"""
FIXED = TOTAL.replace(
    "return prices.reduce((sum, price) => sum + price, 0)", "return rounded(prices.reduce((a, b) => a + b, 0))"
)
TESTS = """import assert from 'node:assert';
import test from 'node:test';
import { cheapest, total } from '../src/till.js';

test('cheapest', () => assert.strictEqual(cheapest([7, 12]), 5));
"""
MORE = TESTS + "\ntest('total in coins', () => assert.strictEqual(total([7, 11, 5]), 25));\n"


def _packages(files: dict[str, object], tests: tuple[str, ...]) -> Declared:
    texts = {path: value if isinstance(value, str) else json.dumps(value) for path, value in files.items()}
    return read_package(texts.get, tests, [*texts, *tests])


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, roles_env: dict[str, str]) -> Path:
    try:
        find_node()
    except PrerequisiteError as missing:
        pytest.skip(missing.message)
    folder = tmp_path_factory.mktemp("workspaces") / "yard"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    files = {"package.json": TOP, "packages/money/package.json": MONEY, "packages/till/package.json": TILL}
    texts = {path: json.dumps(value) for path, value in files.items()}
    commit_files(folder, 1, "First version", {**texts, "packages/money/src/money.js": ROUNDED})
    first = {"packages/till/src/till.js": TOTAL, "packages/till/test/till.test.js": TESTS}
    commit_files(folder, 2, "Add the till", first)
    fixed = {"packages/till/src/till.js": FIXED, "packages/till/test/till.test.js": MORE}
    commit_files(folder, 3, "Customers pay in coins", fixed)
    out = folder.parent / "out"
    roles = ("coder",)
    api.mine_repository(api.MiningOptions(folder, out, roles=roles, repeats=2, language="javascript"), roles_env)
    return out


def test_a_package_that_imports_another_by_its_name_gives_cases(suite: Path, roles_env: dict[str, str]) -> None:
    fixture = next(one for one in load_suite(str(suite)).fixtures if one.input["files"])
    case = coder_case(fixture)
    assert case.fail_to_pass == ("packages/till/test/till.test.js::total in coins",)
    assert case.pass_to_pass == ("packages/till/test/till.test.js::cheapest",)
    cache = api.environments_folder(roles_env)
    with CoderSuite(suite, cache, roles_env, Isolation()) as judge:
        path = "packages/till/src/till.js"
        right = judge.judge(case, file_answer(path, FIXED, "javascript"))
        # The tests look for the package where npm links it: not in a folder that the answer brings.
        own = file_answer("node_modules/@yard/money/index.js", "export const rounded = () => 25;\n", "javascript")
        assert (right.category, judge.judge(case, own).category) == ("", "tampering")
        assert judge.judge(case, file_answer(path, TOTAL, "javascript")).category == "tests_failed"


def test_a_workspace_needs_what_it_and_those_that_it_imports_declare() -> None:
    declared = _packages(
        {
            "package.json": {
                "workspaces": ["packages/*", "!packages/old"], "devDependencies": {"vitest": "^1", "a": "1"},
            },
            "packages/till/package.json": {
                "name": "till", "scripts": {"test": "mocha"}, "devDependencies": {"mocha": "^10"},
                "dependencies": {"money": "workspace:*", "a": "2"},
            },
            "packages/money/package.json": {
                "name": "money", "dependencies": {"big.js": "^6", "words": "*"}, "devDependencies": {"jest": "^29"},
            },
            "packages/words/package.json": {"name": "words", "dependencies": {"slug": "^1"}},
            "packages/other/package.json": {"name": "other", "dependencies": {"react": "^18"}},
            "packages/old/package.json": {"name": "old"},
        },
        ("packages/till/test/till.js",),
    )  # fmt: skip
    assert declared.requirements == ("a@2", "big.js@^6", "mocha@^10", "slug@^1", "vitest@^1")
    assert (declared.name, declared.runner, declared.folders) == ("till", "mocha", ("packages/till",))
    assert declared.linked.keys() == {"till", "money", "words", "other"}
    assert not declared.skipped


def test_tests_run_at_the_top_where_the_workspace_does_not_say_how() -> None:
    top = {
        "workspaces": {"packages": ["libs/**"]},
        "scripts": {"test": "vitest run"},
        "devDependencies": {"vitest": "^1"},
    }
    files = {"package.json": top, "libs/a/b/package.json": {"name": "b", "dependencies": {"ms": "2"}}}
    declared = _packages(files, ("libs/a/b/x.test.ts",))
    assert (declared.runner, declared.folders, declared.linked) == ("vitest", ("",), {"b": "libs/a/b"})
    assert declared.requirements == ("ms@2", "vitest@^1")
    both = _packages({**files, "libs/c/package.json": {"name": "c"}}, ("libs/a/b/x.test.ts", "libs/c/y.test.ts"))
    assert (both.folders, both.requirements) == (("",), declared.requirements)


def test_a_workspace_that_pnpm_names_counts_and_a_folder_that_only_says_how_to_load_does_not() -> None:
    files: dict[str, object] = {
        "package.json": {"name": "top", "scripts": {"test": "node --test"}},
        "pnpm-workspace.yaml": "packages:\n  - 'apps/*'\n",
        "apps/web/package.json": {"name": "web", "scripts": {"test": "node --test"}},
        "apps/web/test/package.json": {"type": "module"},
    }
    declared = _packages(files, ("apps/web/test/a.js",))
    assert (declared.linked, declared.folders) == ({"web": "apps/web"}, ("apps/web",))
    assert _packages({**files, "pnpm-workspace.yaml": "packages: [\n"}, ("test/a.js",)).linked == {}


def test_the_version_that_the_lock_gives_a_workspace_comes_before_that_of_the_top() -> None:
    lock = {
        "packages": {
            "packages/a/node_modules/ms": {"version": "2.1.3"},
            "node_modules/ms": {"version": "1.0.0"},
            "packages/b/node_modules/ms": {"version": "0.7.0"},
        }
    }
    files = {
        "package.json": {"workspaces": ["packages/*"], "dependencies": {"ms": "1"}},
        "package-lock.json": lock,
        "packages/a/package.json": {"name": "a", "scripts": {"test": "node --test"}, "dependencies": {"ms": "2"}},
        "packages/b/package.json": {"name": "b", "dependencies": {"ms": "0.7"}},
    }
    for test, version in (("packages/a/t.test.js", "2.1.3"), ("packages/b/t.test.js", "0.7.0"), ("t.test.js", "1.0.0")):
        assert json.loads(_packages(files, (test,)).files["pins.json"]) == {"ms": version}
