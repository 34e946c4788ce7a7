"""Work that can be counted: twice the text is at most two and a half times the characters that a rule looks at."""

from __future__ import annotations

import pytest

from milo_bench.guards import certainty, cover, sentences


class Counting:
    """A pattern that adds up the characters that it is given."""

    def __init__(self, pattern: object) -> None:
        self._pattern, self.chars = pattern, 0

    def search(self, text: str) -> object:
        self.chars += len(text)
        return self._pattern.search(text)  # type: ignore[attr-defined]


def looked_at(monkeypatch: pytest.MonkeyPatch, module: object, name: str, rule: object, text: str) -> int:
    counting = Counting(getattr(module, name))
    with monkeypatch.context() as patch:
        patch.setattr(module, name, counting)
        rule(text)  # type: ignore[operator]
    return counting.chars


@pytest.mark.parametrize(
    ("module", "name", "rule", "piece"),
    [
        (cover, "_SAID", cover.read_cover, "the loss is covered and "),
        (certainty, "_SAID", lambda text: certainty.unsupported_certainty(text, [""]), "it is certain that "),
    ],
)
def test_what_was_said_is_looked_for_once_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, rule: object, piece: str
) -> None:
    short, long = (looked_at(monkeypatch, module, name, rule, piece * count) for count in (30, 60))
    assert short > 0
    assert long <= 2.5 * short


@pytest.mark.parametrize("piece", ["Mr. ", "A. ", "etc. ", "No. 4 "])
def test_an_abbreviation_is_judged_by_what_is_near_it(monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    told = sentences.languages_told.__wrapped__
    given: list[int] = []

    def counted(text: str) -> tuple[str, ...]:
        given.append(len(text))
        return told(text)

    monkeypatch.setattr(sentences, "languages_told", counted)
    work = []
    for length in (1_000, 2_000):  # of one sentence, which is no longer than that
        sentences._split_short.cache_clear()
        given.clear()
        sentences.split_sentences((piece * length)[:length])
        work.append(sum(given))
    assert work[1] <= 2.5 * work[0]


def test_the_sources_are_read_once_however_often_a_text_is_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    families = {kind: Counting(pattern) for kind, pattern in certainty._FAMILIES.items()}
    monkeypatch.setattr(certainty, "_FAMILIES", families)
    source = "The report says nothing of it. " * 40
    certainty.unsupported_certainty("The loss was caused by rain. " * 50, [source])
    assert families["cause"].chars == len(source)
