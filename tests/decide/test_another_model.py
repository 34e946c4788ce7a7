"""What another model would have to reach where a gate failed, by the same exact bound."""

from __future__ import annotations

from typing import Literal

import pytest
from scipy.stats import beta

from milo_bench.decide.another_model import needed_from_another
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Candidate, Figure, GateResult, LinkedText, Source


def needed(
    n: int | None,
    threshold: float,
    direction: Literal["at_least", "at_most"] = "at_least",
    *,
    unit: str = "share",
    against: Literal["bound", "baseline"] = "bound",
    measure: str = "accuracy",
    slice: str = "",
) -> tuple[str, list[float]] | None:
    figures = Figures()
    source = Source("measure", "x")
    figures.add(Figure("value", "v", 0.5, unit, source, n=n, low=0.3, high=0.7, confidence=0.95))
    figures.add(Figure("bound", "b", threshold, unit, source))
    candidate = Candidate("topics", "small")
    gate = GateResult("G1", candidate, measure, slice, direction, against, False, "value", "bound", "fail", ())
    text = needed_from_another(gate, figures)
    return None if text is None else _written(text, figures)


def _written(text: LinkedText, figures: Figures) -> tuple[str, list[float]]:
    words, numbers = "", []
    for part in text:
        if isinstance(part, str):
            words += part
        else:
            figure = figures[part.figure]
            number = figure.n if part.part == "n" else figure.value
            assert number is not None
            words += "#"
            numbers.append(float(number))
    return words, numbers


@pytest.mark.parametrize(("n", "threshold"), [(40, 0.85), (60, 0.9), (24, 0.85), (100, 0.5)])
def test_the_number_is_the_least_whose_exact_bound_reaches_the_threshold(n: int, threshold: float) -> None:
    found = needed(n, threshold)
    assert found is not None
    words, (k, of) = found
    assert words == "another model whose accuracy is at least # of # fixtures"
    assert of == n
    assert beta.ppf(0.05, k, n - k + 1) >= threshold > beta.ppf(0.05, k - 1, n - k + 2)


def test_an_error_rate_gets_the_most_that_still_proves_it() -> None:
    found = needed(60, 0.15, "at_most")
    assert found is not None
    words, (k, n) = found
    assert "is at most #" in words
    assert beta.ppf(0.95, k + 1, n - k) <= 0.15 < beta.ppf(0.95, k + 2, n - k - 1)


def test_where_no_result_on_so_few_fixtures_would_do_it_says_how_many_it_takes() -> None:
    found = needed(10, 0.85)
    assert found == ("another model with no failure of accuracy in at least # fixtures", [19.0])


@pytest.mark.parametrize(
    "given", [{"n": None}, {"unit": "s"}, {"against": "baseline"}, {"threshold": 1.0}], ids=lambda given: str(given)
)
def test_nothing_is_said_of_what_is_not_a_rate_of_fixtures(given: dict[str, object]) -> None:
    assert needed(**{"n": 40, "threshold": 0.85, **given}) is None  # type: ignore[arg-type]


def test_an_error_that_may_never_happen_is_said_so() -> None:
    found = needed(50, 0.06, "at_most")
    assert found == ("another model with no accuracy in # fixtures", [50.0])


@pytest.mark.parametrize(
    ("measure", "slice", "direction", "words"),
    [
        ("pass_rate", "", "at_least", "another model that passes at least # of # fixtures"),
        (
            "check_pass_rate",
            "check=facts",
            "at_least",
            "another model that passes the check facts in at least # of # fixtures",
        ),
        ("recall", "class=escalate", "at_least", "another model whose recall of escalate is at least # of # fixtures"),
        ("unsupported_claim_rate", "", "at_most", "another model with an unsupported claim in at most # of # fixtures"),
        ("failure_rate", "", "at_most", "another model with a failure in at most # of # fixtures"),
    ],
)
def test_it_says_what_the_other_model_does(
    measure: str, slice: str, direction: Literal["at_least", "at_most"], words: str
) -> None:
    found = needed(150, 0.9 if direction == "at_least" else 0.1, direction, measure=measure, slice=slice)
    assert found is not None
    assert found[0] == words


def test_a_pass_rate_that_no_result_on_so_few_fixtures_proves_asks_for_more_without_a_failure() -> None:
    found = needed(10, 0.85, measure="check_pass_rate", slice="check=facts")
    assert found == ("another model with no failure of the check facts in at least # fixtures", [19.0])
