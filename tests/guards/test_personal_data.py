"""The personal-data detector and its redactor, on hand-written texts."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.guards.personal.data import WINDOW_CHARS, Redactor, find_personal_data
from milo_bench.guards.personal.figures import HELD_OUT, HELD_OUT_TEXTS
from milo_bench.guards.personal.measure import LabelledText, measure
from milo_bench.guards.personal.patterns import luhn

LABELLED = Path(__file__).parent.parent / "data" / "personal_data_labelled.jsonl"

LETTER = """Dear Ms Lopez,

My policy number is PN-4482910 and I was born on 2 March 1984. Call me on 020 7946 0958 or
maria.lopez@example.com. I live at 14 Orchard Close, Leeds LS6 2AB.

Regards,
Maria Lopez
"""


def rows(half: str) -> list[LabelledText]:
    read = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    return [msgspec.convert(row, LabelledText) for row in read if row["half"] == half]


def test_the_shipped_figures_are_what_the_held_out_half_gives() -> None:
    held_out = rows("held_out")
    assert len(held_out) == HELD_OUT_TEXTS
    assert measure(held_out) == HELD_OUT


def test_every_span_of_the_labelled_set_is_some_text_without_space_around_it() -> None:
    texts = [*rows("tune"), *rows("held_out")]
    assert len(texts) >= 150
    for text in texts:
        for span in text.spans:
            assert text.text[span.start : span.end].strip() == text.text[span.start : span.end] != ""


def test_a_letter_gives_up_each_kind() -> None:
    assert {(datum.kind, datum.text) for datum in find_personal_data(LETTER)} == {
        ("person", "Lopez"),
        ("person", "Maria Lopez"),
        ("account", "PN-4482910"),
        ("date_of_birth", "2 March 1984"),
        ("phone", "020 7946 0958"),
        ("email", "maria.lopez@example.com"),
        ("address", "14 Orchard Close, Leeds LS6 2AB"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "The claim was received on 2025-04-03 and is worth £4,111.00.",
        "Firmware version 10.2.0.1 fixes it; see case 84291 and E-0412.",
        "Card ending 4242; number 4111 1111 1111 1112 fails its check digit.",
        "Dear Sir or Madam, please see Section 12.4.1.",
        "GB82 WEST 1234 5698 7654 33 is no account.",
        "[PERSON_1] wrote to [EMAIL_2].",
        "",
    ],
)
def test_what_only_looks_like_personal_data_stays(text: str) -> None:
    assert find_personal_data(text) == ()


def test_a_value_keeps_its_placeholder_across_the_fixtures_of_a_suite() -> None:
    redactor = Redactor()
    first = redactor.redact("From: Maria Lopez <maria.lopez@example.com>").text
    redactor.begin()
    assert redactor.redact(LETTER).text.count("[EMAIL_1]") == 1
    assert first == "From: [PERSON_1] <[EMAIL_1]>"


def test_short_forms_of_a_name_mean_the_person_that_the_fixture_names() -> None:
    redactor = Redactor()
    redactor.begin(("Maria Lopez",))
    assert redactor.redact("LOPEZ, Maria called. Ms Lopez will write; Maria is away.").text == (
        "[PERSON_1] called. Ms [PERSON_1] will write; [PERSON_1] is away."
    )


def test_two_people_of_one_family_name_are_not_merged() -> None:
    redactor = Redactor()
    redactor.begin(("Ingrid Holm", "Lars Holm"))
    assert redactor.redact("Ingrid Holm met Lars Holm.").text == "[PERSON_1] met [PERSON_2]."


def test_a_value_is_found_again_where_its_context_is_gone() -> None:
    redactor = Redactor()
    redactor.learn(LETTER)
    assert redactor.redact("PN-4482910").text == "[ACCOUNT_1]"
    assert redactor.redact("1984-03-02").text == "[DATE_OF_BIRTH_1]"


def test_kinds_to_keep_stay() -> None:
    redactor = Redactor(keep=("date_of_birth",))
    assert redactor.redact("Ms Ito, born 2 March 1984").text == "Ms [PERSON_1], born 2 March 1984"


def test_spans_move_with_the_text_around_them() -> None:
    redacted = Redactor().redact(LETTER)
    start = LETTER.index("I live")
    assert redacted.text[slice(*redacted.move(start, start + len("I live at")))] == "I live at"
    name = LETTER.index("Maria Lopez")
    moved = redacted.text[slice(*redacted.move(name, name + len("Maria Lopez")))]
    assert moved.startswith("[PERSON_") and moved.endswith("]")


def test_a_name_from_one_end_of_a_long_text_is_found_at_the_other() -> None:
    text = "Dear Ms Achterberg,\n" + "The roof leaks.\n" * (WINDOW_CHARS // 8) + "I asked Achterberg again."
    assert [datum.text for datum in find_personal_data(text)] == ["Achterberg", "Achterberg"]


def test_luhn_knows_a_right_check_digit_from_a_wrong_one() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")


@given(st.text(alphabet=st.sampled_from("Aab 0123.@-+/:,\n'é"), max_size=120))
def test_text_outside_of_what_was_found_never_changes(text: str) -> None:
    redacted = Redactor().redact(text)
    rebuilt, position = "", 0
    for item in redacted.replaced:
        assert item.start >= position
        rebuilt += text[position : item.start] + item.placeholder
        position = item.end
    assert rebuilt + text[position:] == redacted.text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "unit", ["A", "Ab", "a.", "1 ", "Dear ", "policy number ", "JALAN A ", "-", "aB-", "\n", "A1", "0123 ", "Name: A, "]
)
def test_hostile_repetition_is_read_in_bounded_time(unit: str) -> None:
    find_personal_data(unit * (12_000 // len(unit)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The network 192.168.1.0/24 was slow.", ["192.168.1.0"]),
        ("10.20.0.1/16, 172.16.4.0/22", ["10.20.0.1", "172.16.4.0"]),
        ("192.168.17.203/255.255.255.0", ["192.168.17.203"]),
        ("203.0.113.9:8443 and 2001:db8::7/64", ["203.0.113.9", "2001:db8::7"]),
        ("mask 255.255.240.0", []),
    ],
)
def test_an_address_of_a_network_is_one_of_a_machine_and_no_telephone(text: str, found: list[str]) -> None:
    data = find_personal_data(text)
    assert [(one.kind, one.text) for one in data] == [("ip", each) for each in found]


def test_the_page_on_privacy_states_the_shipped_figures() -> None:
    page = " ".join((LABELLED.parents[2] / "docs" / "how-to" / "privacy.md").read_text(encoding="utf-8").split())
    figures = {item.kind: item for item in HELD_OUT}
    assert f"({HELD_OUT_TEXTS} texts;" in page
    assert f"covered {figures['all'].covered} of {figures['all'].labelled} pieces" in page
    assert f"{figures['all'].right} of the {figures['all'].found} stretches" in page
    assert f"Names are the weak spot: {figures['person'].covered} of {figures['person'].labelled}." in page


@pytest.mark.parametrize("gap", ["", " ", "-", "\u00a0", "\u202f", "\u2011", "\u2013", "\t", ".", "\u200b"])
@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("iban", ["GB29", "NWBK", "6016", "1331", "9268", "19"]),
        ("card", ["4111", "1111", "1111", "1111"]),
        ("card", ["2221", "0000", "0000", "0009"]),
        ("card", ["2720", "9900", "0000", "0007"]),
    ],
    ids=["iban", "visa", "mastercard 2221", "mastercard 2720"],
)
def test_a_number_with_a_checksum_is_found_whatever_parts_it(kind: str, parts: list[str], gap: str) -> None:
    text = f"Paid with {gap.join(parts)} today."
    assert [(datum.kind, datum.text) for datum in find_personal_data(text)] == [(kind, gap.join(parts))]


@pytest.mark.parametrize("gap", ["-", "\u2011", "\u00a0", " "])
def test_a_security_number_is_found_whatever_parts_it(gap: str) -> None:
    assert [datum.kind for datum in find_personal_data(f"He gave 219{gap}09{gap}9999 to us.")] == ["national_id"]


def test_digits_of_another_width_are_digits() -> None:
    assert [datum.kind for datum in find_personal_data("Card ４１１１ １１１１ １１１１ １１１１ here.")] == ["card"]


@pytest.mark.parametrize(
    "address", ["pat.o'brien@example.com", "pat.o’brien@example.com", "a&b@example.com", "x/y=z@example.com"]
)
def test_an_e_mail_address_goes_whole(address: str) -> None:
    assert [datum.text for datum in find_personal_data(f"Write to {address} please.")] == [address]


@pytest.mark.parametrize(
    "text", ["+100 000 000 last year", "+12 500 000 units", "sold 2 345 678 901", "about 1.250.000.000 in all"]
)
def test_a_quantity_is_not_a_telephone_number(text: str) -> None:
    assert not [datum for datum in find_personal_data(f"Revenue: {text}.") if datum.kind == "phone"]


@pytest.mark.parametrize(
    ("text", "placeholder"),
    [
        ("IBAN DE89\n3704 0044 0532 0130 00", "IBAN [IBAN_1]"),
        ("4111 - 1111 - 1111 - 1111", "[CARD_1]"),
        ("robin@example\u200b.com", "[EMAIL_1]"),
        ("ro\u00adbin@example.com", "[EMAIL_1]"),
        ("robin (at) example (dot) com", "[EMAIL_1]"),
        ("mailto:robin%40example.com", "mailto:[EMAIL_1]"),
    ],
)
def test_numbers_and_addresses_that_are_parted_oddly_are_replaced_whole(text: str, placeholder: str) -> None:
    assert Redactor().redact(text).text == placeholder


@pytest.mark.parametrize(
    "form", ["{:02}.{:02}.2026", "{:02}-{:02}-2026", "{:02}.{:02}.26", "{:02}. {:02}. 2026", "{}.{}.2026"]
)
def test_a_day_in_figures_is_no_telephone_number(form: str) -> None:
    days = [form.format(day, month) for day in range(1, 29) for month in range(1, 13)]
    assert [day for day in days if find_personal_data(f"Der Termin ist am {day}.")] == []


@pytest.mark.parametrize(
    "text", ["Sitzung 02.02.2026 09:00-10:30", "vom 01.–05.02.2026", "Abrechnung 02/2026", "am 02.02.2026 08:30 Uhr"]
)
def test_days_with_times_and_months_are_no_telephone_numbers(text: str) -> None:
    assert find_personal_data(text) == ()


@pytest.mark.parametrize(
    "text",
    ["01.02.03.04.05", "01 02 03 04 05", "01-02-03-04-05", "030 1234567", "Tel.: 02.02.2026", "02.02.2026 030 123456"],
)
def test_a_telephone_number_that_looks_like_days_is_found(text: str) -> None:
    assert "phone" in {found.kind for found in find_personal_data(text)}


def test_figures_within_a_digest_are_no_card_and_those_beside_it_are() -> None:
    digest = "5733629e7fb1c63f99a7bbe8a758ab1bc47273169931646222ec425574ab8b49"
    assert find_personal_data(f"source_sha256: {digest}") == ()
    assert [found.kind for found in find_personal_data(f"{digest}, Visa 4111 1111 1111 1111")] == ["card"]
