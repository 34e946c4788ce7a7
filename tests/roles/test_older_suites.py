"""Cases that an older runner proved: what their true patch shows to this one counts against no answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from milo_bench import api
from milo_bench.roles.cheats import diff_answer, file_answer
from milo_bench.roles.coder import CoderCase
from milo_bench.roles.execute import CoderSuite, coder_case
from milo_bench.roles.languages.run import runner_digest
from milo_bench.roles.testing import Isolation
from milo_bench.suites.load import load_suite
from tests.roles.repository import PRICES_2, PRICES_3

PATH = "shop/prices.py"
LOOKS = "import inspect\nCALLER = inspect.stack()\n"
EQUALS = "N = type('N', (int,), {'__e' + 'q__': lambda s, o: 1 == 1, '__hash__': int.__hash__})\n"
OLDER = "sha256:of an older runner"


@pytest.fixture(scope="module")
def suite(mined: Path, roles_env: dict[str, str]) -> Iterator[CoderSuite]:
    with CoderSuite(mined, api.environments_folder(roles_env), roles_env, Isolation()) as opened:
        yield opened


@pytest.fixture(scope="module")
def case(mined: Path) -> CoderCase:
    """A case whose true patch looks at the frames above it, as a logger does."""
    fixtures = [one for one in load_suite(str(mined)).fixtures if "coder" in one.expect]
    found = coder_case(next(one for one in fixtures if one.input["task"].startswith("Fix total")))
    oracle = diff_answer(PATH, PRICES_2, LOOKS + PRICES_3).removeprefix("```diff\n").removesuffix("```\n")
    return msgspec.structs.replace(found, oracle=oracle)


def test_a_mined_case_names_the_runner_that_proved_it(case: CoderCase) -> None:
    assert case.runner == runner_digest("python")


def test_a_sign_that_the_true_patch_shows_today_is_no_cheat(suite: CoderSuite, case: CoderCase) -> None:
    answer = file_answer(PATH, LOOKS + PRICES_3)
    assert suite.judge(case, answer).category == "tampering"
    older = msgspec.structs.replace(case, commit="1", runner=OLDER)
    assert suite.judge(older, answer).category == ""
    assert suite.judge(older, file_answer(PATH, LOOKS + PRICES_2)).category == "tests_failed"
    assert suite.judge(older, file_answer(PATH, LOOKS + EQUALS + PRICES_3)).category == "tampering"


def test_a_test_that_the_true_patch_fails_today_is_left_out(suite: CoderSuite, case: CoderCase) -> None:
    answer = file_answer(PATH, PRICES_3)
    gone = (*case.pass_to_pass, "tests/test_prices.py::test_gone")
    assert suite.judge(msgspec.structs.replace(case, pass_to_pass=gone), answer).category == "broke_tests"
    older = msgspec.structs.replace(case, commit="2", runner=OLDER, pass_to_pass=gone)
    judged = suite.judge(older, answer)
    assert (judged.category, judged.wanted) == ("", len(case.fail_to_pass) + len(case.pass_to_pass))
    none = msgspec.structs.replace(older, commit="3", fail_to_pass=("tests/test_prices.py::test_gone",))
    assert suite.judge(none, answer).category == "tests_failed"
