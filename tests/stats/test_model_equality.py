"""One model or another by the first tokens of its answers: error rates as promised, and as measured on servers."""

from __future__ import annotations

import json
import random
from pathlib import Path

import msgspec
import pytest

from milo_bench.core.records import Behaviour, Opening
from milo_bench.stats.model_equality import LEVEL, compare_behaviour, distance

RECORDED = Path(__file__).with_name("recorded_behaviour.json")
WORDS = ("a", "b", "c", "d")


def drawn(random_: random.Random, weights: tuple[int, ...], times: int = 2, prompts: int = 8) -> Behaviour:
    """Openings of three tokens, each drawn from ``weights``: a server that is not repeatable at temperature 0."""

    def opening() -> Opening:
        return Opening(tuple(random_.choices(WORDS, weights, k=3)))

    return Behaviour(1, tuple(tuple(opening() for _ in range(times)) for _ in range(prompts)))


def test_an_unchanged_model_is_called_another_no_more_often_than_promised() -> None:
    for weights in ((1, 1, 1, 1), (20, 1, 1, 0), (100, 1, 0, 0)):
        random_ = random.Random(7)
        called = sum(
            compare_behaviour(drawn(random_, weights), drawn(random_, weights)).outcome == "another" for _ in range(400)
        )
        # Binomial: of 400 at 1%, more than 11 come once in a thousand.
        assert called <= 11, (weights, called)


def test_another_repeatable_model_is_always_found() -> None:
    def fixed(word: str) -> Behaviour:
        return Behaviour(1, ((Opening((word,)), Opening((word,))),) * 8)

    found = compare_behaviour(fixed("yes"), fixed("no"))
    assert (found.outcome, found.differing) == ("another", 8) and found.p is not None and found.p < LEVEL
    assert compare_behaviour(fixed("yes"), fixed("yes")).outcome == "same"


def test_log_probabilities_tell_apart_what_tokens_do_not_and_noise_is_none() -> None:
    one = Opening(("a", "b"), (-0.1, -0.2))
    assert distance(one, Opening(("a", "b"), (-0.11, -0.19))) == 0.0
    assert distance(one, Opening(("a", "b"), (-0.3, -0.2))) == pytest.approx(0.1)
    assert distance(one, Opening(("a", "b"))) == 0.0, "one that gives none is compared by its tokens"
    assert distance(one, Opening(("a", "c"), (-0.1, -0.2))) == pytest.approx(0.5)


def test_what_was_not_asked_or_of_another_version_is_unknown() -> None:
    one = Behaviour(1, ((Opening(("a",)), Opening(("a",))),))
    assert compare_behaviour(Behaviour(problem="the prompts took more than 60 s"), one).why.startswith("the prompts")
    assert compare_behaviour(one, msgspec.structs.replace(one, version=2)).outcome == "unknown"
    once = Behaviour(1, ((Opening(("a",)),),))
    assert compare_behaviour(once, once).outcome == "unknown"


@pytest.mark.parametrize("name", ["restarted", "two threads", "batch of 16", "one slot"])
def test_a_restarted_llama_server_is_the_same(name: str) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    before, now = (msgspec.convert(recorded[one], Behaviour) for one in ("as decided", name))
    assert compare_behaviour(before, now).outcome == "same"


@pytest.mark.parametrize("name", ["8-bit cache", "other weights", "other template", "other rope scale"])
def test_another_cache_template_or_weights_of_a_llama_server_is_found(name: str) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    before, now = (msgspec.convert(recorded[one], Behaviour) for one in ("as decided", name))
    assert compare_behaviour(before, now).outcome == "another"
