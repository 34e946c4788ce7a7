"""The first text in a language has that language's patterns compiled: never by the loop, on which all streams wait."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from milo_bench.core.once import NotReady, in_a_hurry
from milo_bench.core.records import CheckSpec, Workload
from milo_bench.gateway.judging import judge_reply
from milo_bench.gateway.request import Question
from milo_bench.gateway.table import RuleContract
from milo_bench.guards.case_text import keyword_sets_in
from tests.gateway.guards.test_without_the_right_answer import contract, reply
from tests.gateway.running import running_gateway

TEXTS = {
    "en": "We will pay the whole claim by Friday, 3 May. I promise that the money arrives within two days.",
    "de": "Wir zahlen Ihnen den ganzen Schaden bis Freitag, den 3. Mai. Ich verspreche Ihnen das Geld in zwei Tagen.",
    "fr": "Nous paierons tout le sinistre avant vendredi 3 mai. Je vous promets l'argent dans un délai de deux jours.",
    "es": "Pagaremos todo el siniestro antes del viernes 3 de mayo. Le prometo el dinero en un plazo de dos días.",
}
LONG = 200  # characters: a pattern of a language; what is as short as "\\S+" takes no time
CHECKS = ("banned_commitments", "unsupported_facts", "coverage_inference")


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """As in a new process, nothing is there; whether the main thread did it, for each pattern that is compiled."""
    for work in (judging("word"), lambda: keyword_sets_in("word")):
        work()  # whatever is imported for it is there
    for name, module in tuple(sys.modules.items()):
        for value in tuple(vars(module).values()) if name.startswith("milo_bench.guards.") else ():
            if hasattr(value, "cache_clear"):
                value.cache_clear()
    re.purge()
    done: list[bool] = []
    compile_one = re._compiler.compile  # type: ignore[attr-defined]

    def noted(*given: Any) -> Any:
        if len(given[0]) > LONG:
            done.append(threading.current_thread() is threading.main_thread())
        return compile_one(*given)

    monkeypatch.setattr(re._compiler, "compile", noted)  # type: ignore[attr-defined]
    return done


def judging(text: str) -> Callable[[], object]:
    work: Workload = contract(*({name: {}} for name in CHECKS))
    guards = frozenset(spec.name for spec in work.checks if isinstance(spec, CheckSpec))
    ruled = RuleContract(work, guards, guards, wants_label=False, cuts=None)
    case = {"text": text}
    asked = Question("chat", "sort", "", {"messages": []}, case, frozenset(), sensitive=False, stream=False)
    return lambda: judge_reply(asked, ruled, {}, reply(text), id="r_1")


@pytest.mark.parametrize("language", TEXTS)
def test_nothing_is_compiled_in_a_hurry(compiled: list[bool], language: str) -> None:
    for work in (judging(TEXTS[language]), lambda: keyword_sets_in(TEXTS[language])):
        with pytest.raises(NotReady), in_a_hurry():
            work()
        assert not compiled
        work()
        compiled.clear()
        with in_a_hurry():
            work()
        assert not compiled


async def test_the_loop_compiles_nothing_for_a_case_in_another_language(tmp_path: Path, compiled: list[bool]) -> None:
    routing = {
        "targets": {"local": {"model": "fake-1"}},
        "rules": [
            {"id": "risk", "when": {"workload": "notes", "keywords": "any"}, "route": "human_review"},
            {"id": "clean", "when": {"workload": "notes"}, "route": "local", "target": "local", "redact": True},
        ],
        "default": {"route": "refuse"},
    }
    scripts = {"local": {"reply": {"text": "fine"}}}
    async with running_gateway(tmp_path, routing, scripts) as gateway, gateway.client() as client:
        compiled.clear()
        for text in TEXTS.values():
            await client.chat.completions.create(model="milo/notes", messages=[{"role": "user", "content": text}])
        assert compiled
        assert not any(compiled)
        assert [line.outcome for line in gateway.audit()] == ["answered"] * len(TEXTS)
