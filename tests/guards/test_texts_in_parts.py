"""What is cut over the parts of a message's content is redacted like what is in one of them."""

from __future__ import annotations

from typing import Any

import pytest

from milo_bench.core.hiding.parts import redacted_parts, text_parts
from milo_bench.core.records import Fixture
from milo_bench.guards.personal.data import Redactor
from milo_bench.guards.secrets.replace import SecretsRedactor
from milo_bench.run.log_opening import text_policy
from milo_bench.suites.redact import redact_fixture

KEY = "sk-proj-" + "Qm4tZ9xW2bL7nR5c" * 2
HIDDEN = (KEY, "dana.oakes@example.org", "4111 1111 1111 1111", "GB29 NWBK 6016 1331 9268 19")


def parts(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text} for text in texts]


def asked(*texts: str) -> Fixture:
    return Fixture("f-1", "chat", {"messages": [{"role": "user", "content": parts(*texts)}]})


def said(fixture: Fixture) -> str:
    return "".join(part["text"] for part in fixture.input["messages"][0]["content"])


@pytest.mark.parametrize("value", HIDDEN)
@pytest.mark.parametrize("cuts", [1, 2, 5])
def test_a_value_in_pieces_is_replaced_in_suites_and_in_redacted_logs(value: str, cuts: int) -> None:
    size = len(value) // (cuts + 1)
    pieces = [value[at : at + size] for at in range(0, len(value), size)]
    fixture = asked(f"please keep {pieces[0]}", *pieces[1:-1], f"{pieces[-1]} safe")
    for clean in (redact_fixture(fixture, SecretsRedactor(Redactor())), text_policy("redacted").stored(fixture)):
        assert isinstance(clean, Fixture)
        assert said(clean).startswith("please keep [") and said(clean).endswith("] safe")
        assert not any(piece in said(clean) for piece in pieces if len(piece) > 5)
        assert len(clean.input["messages"][0]["content"]) == len(pieces)


def test_a_part_alone_is_redacted_where_its_neighbour_hides_its_end() -> None:
    redactor = SecretsRedactor(Redactor())
    assert redacted_parts(["Dear Ms Dana Oakes", "Terms follow"], redactor.redact) == [
        "Dear Ms [PERSON_1]",
        "Terms follow",
    ]


def test_a_key_in_the_text_of_a_case_is_replaced_in_a_redacted_log() -> None:
    stored = text_policy("redacted").stored(Fixture("f-1", "qa", {"document": f"The key is {KEY}."}))
    assert isinstance(stored, Fixture) and stored.input == {"document": "The key is [API_KEY_1]."}


def test_other_lists_with_texts_are_no_parts() -> None:
    events = [{"id": "E-0001", "text": "a"}, {"id": "E-0002", "text": "b"}]
    for value in (events, ["a", "b"], parts("a"), [{"type": "image_url", "text": "a"}] * 2, "ab", None):
        assert text_parts(value) is None
    assert text_parts([{"text": "a"}, {"text": "b"}]) == ["a", "b"]
