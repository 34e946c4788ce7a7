"""A tag that says sensitive says so however it is spelt, and a word that only seems to is never passed over."""

import random
import string

import pytest
from rapidfuzz.distance import OSA

from milo_bench.core.cases.tags import plain_tag, says_sensitive, unknown_sensitivity
from milo_bench.core.records import Fixture


@pytest.mark.parametrize(
    "tag",
    [
        *(
            "sensitive",
            "Sensitive",
            "sensitive ",
            " SENSITIVE",
            "\tsensitive\n",
            "\u00a0sensitive\u2003",
            "ｓｅｎｓｉｔｉｖｅ",
        ),
        *("sens\u00aditive", "sensi\u200btive", "\ufeffsensitive", "\u202esensitive", "s\u0301ensitive", "ſenſitive"),
        *("𝐬𝐞𝐧𝐬𝐢𝐭𝐢𝐯𝐞", "ⓢⓔⓝⓢⓘⓣⓘⓥⓔ", "sénsitive", "sensitive\x00"),
    ],
)
def test_the_word_is_read_in_every_spelling(tag: str) -> None:
    assert says_sensitive(["other", tag]) and Fixture("f", "w", {}, {}, (tag,)).sensitive
    assert not unknown_sensitivity(tag)


@pytest.mark.parametrize(
    "tag",
    [
        *("sensitve", "senstive", "sensitiv", "sensitives", "sensitive!!", "sensitivity", "sensative", "ѕensitive"),
        *("sensitive data", "highly sensitive", "sensitive, urgent", "sensitivity:high", "Sensitivity = low"),
        *("Confidential", "CONFIDENTIAL ", "vertraulich", "confidentiel", "classification/secret", "privacy: public"),
        *("PII", "private", "top-secret sensitive", "sensible"),
    ],
)
def test_a_word_that_seems_to_say_it_is_found(tag: str) -> None:
    assert unknown_sensitivity(tag) and not says_sensitive([tag])


@pytest.mark.parametrize(
    "tag",
    [
        *("", " ", "long", "insensitive", "not sensitive", "non-sensitive", "case-sensitive", "time sensitive"),
        *("topic:private-insurance", "label:routine", "hard:harmless:other_sense", "positive", "2024", "redacted"),
        *("secret santa", "trap:confidential_note", "tentative"),
    ],
)
def test_a_word_of_another_matter_is_left_alone(tag: str) -> None:
    assert not unknown_sensitivity(tag) and not says_sensitive([tag])


def test_tags_are_compared_without_case_space_width_and_accents() -> None:
    assert plain_tag(" Priorität\u00a0 Hoch ") == plain_tag("PRIORITAT hoch") == "prioritat hoch"
    assert plain_tag("a b") != plain_tag("ab")


def test_every_slip_of_two_letters_is_seen_whatever_they_are() -> None:
    draw = random.Random(3)
    for _ in range(2_000):
        letters = list("sensitive")
        for _ in range(draw.randint(1, 2)):
            at = draw.randrange(len(letters) - 1)
            match draw.choice(("other", "more", "less", "turned")):
                case "other":
                    letters[at] = draw.choice(string.ascii_lowercase)
                case "more":
                    letters.insert(at, draw.choice(string.ascii_lowercase))
                case "less":
                    del letters[at]
                case _:
                    letters[at], letters[at + 1] = letters[at + 1], letters[at]
        word = "".join(letters)
        near = OSA.distance(word, "sensitive") <= 2  # two changes to one place may be more
        assert unknown_sensitivity(word) is (near and word != "sensitive"), word
