"""A real embedded server: SmolLM2-135M, one thread, two slots, one for each worker."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from hypothesis import settings

from milo_bench.config.settings import TargetConfig
from milo_bench.decide.records import Decision
from milo_bench.report import package
from milo_bench.report.figures import plain_text
from milo_bench.report.pages.page_one import PageOne, budgets
from milo_bench.targets import Target, open_target
from milo_bench.targets.llamacpp.weights import find_smollm2

# Nothing is judged by the clock: the first text of a script loads the model that recognises its language.
settings.register_profile("milo", deadline=None)
settings.load_profile("milo")
_NAME = 12  # characters of a usual name, such as local_14b_q4


# Files that take a minute or nearly so are begun first: begun last, one of them would keep all other workers waiting.
LONG = (
    "tests/cli/files/test_odd_files.py",
    "tests/cli/test_bad_input.py",
    "tests/cli/until_decided/test_until_decided.py",
    "tests/cli/test_logs_of_version_0_1_0.py",
    "tests/cli/until_decided/test_recorded_baseline.py",
    "tests/growth/test_rules_on_texts.py",
    "tests/board/test_attacks.py",
    "tests/test_wheel.py",
    "tests/docs/test_sample.py",
    "tests/cli/test_commands_reproduce.py",
    "tests/real/test_demo.py",
    "tests/real/test_install_without_make.py",
    "tests/real/test_small_model_as_judge.py",
    "tests/real/test_fleet.py",
    "tests/real/test_fleet_without_its_head.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of ``LONG`` files first, in its order; the others stay as they are collected."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONG)))


@pytest.fixture(scope="session", autouse=True)
def sentences_within_their_budgets() -> Iterator[None]:
    """Page one of every package that a test in this process makes keeps the budget of each of its sentences."""
    made = package.page_one

    def checked(decision: Decision) -> PageOne:
        page = made(decision)
        # Names count as a team usually gives them: those of tests are as odd as they come.
        names = {one.name for one in decision.targets} | {one.target for one in decision.findings}
        for text, most in budgets(page):
            said = plain_text(decision.figures, text)
            for name in sorted(names, key=len, reverse=True):
                said = said.replace(name, name[:_NAME])
            assert len(said) <= most, f"{len(said)} characters, at most {most}: {said!r}"
        return page

    package.page_one = checked  # type: ignore[attr-defined]
    yield
    package.page_one = made  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def smollm2_config() -> TargetConfig:
    """A target on the packaged weights."""
    assert find_smollm2() is not None, "the weights are not installed. hint: make install"
    return TargetConfig(
        name="smollm2",
        api="llamacpp",
        model="SmolLM2-135M-Instruct",
        weights="builtin:smollm2",
        context_window=2048,
        threads=1,
        parallel=2,
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def smollm2_target(smollm2_config: TargetConfig) -> AsyncIterator[Target]:
    """Started once. Tests that ask it run on the session's loop: ``@pytest.mark.asyncio(loop_scope="session")``."""
    target = open_target(smollm2_config, os.environ)
    await target.start()
    try:
        yield target
    finally:
        await target.stop()
