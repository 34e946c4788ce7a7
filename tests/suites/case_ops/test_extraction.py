"""What the extraction fixtures of case_ops_v1 promise: gold by construction, fresh variants, fair difficulty."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

import milo_bench
from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings
from milo_bench.grade.engine import grade_attempt
from milo_bench.guards.dates import normalise_date
from milo_bench.suites import load_suite, render_prompt
from milo_bench.suites.fixtures import fixture_line
from milo_bench.suites.generators.case_ops_v1.extraction.base import load_bases, parse, read_base
from milo_bench.suites.generators.case_ops_v1.extraction.documents import FOLDER, compose, generate, read_pools
from milo_bench.suites.generators.case_ops_v1.extraction.ink import Ink, ocr, wrap
from milo_bench.suites.generators.case_ops_v1.extraction.rules import FIELDS, ISSUE_TYPES, URGENCIES
from milo_bench.suites.generators.case_ops_v1.extraction.values import DocumentValues
from tests.suites.case_ops.extraction_answers import WRONG_ANSWERS, ideal_answer

ROOT = Path(milo_bench.__file__).parent / "suites" / "builtin" / "case_ops_v1"
SEEDS = (1, 2, 31)
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "pt")


@pytest.fixture(scope="module")
def shipped() -> list[Fixture]:
    return generate(1, ROOT)


@pytest.fixture(scope="module")
def by_seed() -> dict[int, list[Fixture]]:
    return {seed: generate(seed, ROOT) for seed in SEEDS}


def test_shipped_fixtures_are_what_seed_one_gives(shipped: list[Fixture]) -> None:
    text = (ROOT / "fixtures" / "extraction.jsonl").read_text(encoding="utf-8")
    assert text == "".join(fixture_line(fixture) + "\n" for fixture in shipped)


def test_the_same_seed_gives_the_same_fixtures_again(shipped: list[Fixture]) -> None:
    assert generate(1, ROOT) == shipped


def test_there_are_seventy_fixtures_from_more_than_fifty_bases(shipped: list[Fixture]) -> None:
    assert len(shipped) == 70
    assert len({fixture.provenance["base"] for fixture in shipped}) >= 50
    assert len({fixture.id for fixture in shipped}) == 70
    assert len({fixture.hash for fixture in shipped}) == 70


def test_another_seed_gives_other_texts_and_values_in_another_order(by_seed: dict[int, list[Fixture]]) -> None:
    first, second = by_seed[1], by_seed[2]
    assert not {f.input["document"] for f in first} & {f.input["document"] for f in second}
    assert [f.provenance["base"] for f in first] != [f.provenance["base"] for f in second]

    def values(fixtures: list[Fixture]) -> dict[tuple[str, str], tuple[str, ...]]:
        return {
            (f.provenance["base"], f.provenance["variant"]): (
                f.expect["fields"]["case_id"],
                *f.expect["decoys"].values(),
            )
            for f in fixtures
        }

    one, two = values(first), values(second)
    assert one.keys() == two.keys()
    assert all(one[base] != two[base] for base in one)


def test_every_seed_gives_each_tag_as_often(by_seed: dict[int, list[Fixture]]) -> None:
    counts = [Counter(tag for fixture in fixtures for tag in fixture.tags) for fixtures in by_seed.values()]
    assert all(count == counts[0] for count in counts)


def test_the_mission_s_kinds_of_difficulty_are_all_there(shipped: list[Fixture]) -> None:
    count = Counter(tag for fixture in shipped for tag in fixture.tags)
    for tag in ("short", "medium", "long", "noise:ocr", "noise:hyphenation", "noise:pages", "table", "signature"):
        assert count[tag] >= 5, tag
    for tag in ("effective_date", "competing_dates", "old_reference", "other_names", "case_id_form", "foreign_date"):
        assert count[f"trap:{tag}"] >= 8, tag
    for tag in ("injection", "forwarded", "quoted_reply", "urgency_contradicted", "urgency_in_words", "issue_unnamed"):
        assert count[f"trap:{tag}"] >= 2, tag
    assert count["sensitive"] >= 15
    assert {field: count[f"missing:{field}"] for field in FIELDS[1:]} == {
        "claimant_name": 8,
        "received_date": 8,
        "issue_type": 4,
        "urgency": 26,
    }


def test_every_issue_type_and_urgency_occurs_at_least_five_times(shipped: list[Fixture]) -> None:
    for field, values in (("issue_type", ISSUE_TYPES), ("urgency", URGENCIES)):
        count = Counter(fixture.expect["fields"][field] for fixture in shipped)
        assert all(count[value] >= 5 for value in values), count


def test_lengths_stay_moderate_with_a_long_tail(by_seed: dict[int, list[Fixture]]) -> None:
    bounds = {"short": (0, 175), "medium": (85, 620), "long": (620, 1_600)}
    for fixtures in by_seed.values():
        words = [len(fixture.input["document"].split()) for fixture in fixtures]
        for fixture, count in zip(fixtures, words, strict=True):
            low, high = bounds[fixture.tags[0]]
            assert low <= count <= high, (fixture.provenance["base"], count)
        assert 200 <= sorted(words)[35] <= 350
        assert sum(count > 900 for count in words) <= 10


def test_gold_is_what_the_span_says_after_undoing_noise(by_seed: dict[int, list[Fixture]]) -> None:
    for fixtures in by_seed.values():
        for fixture in fixtures:
            expect, document = fixture.expect, fixture.input["document"]
            assert {field for field in FIELDS if expect["fields"][field] is not None} == set(expect["spans"])
            for field, first in expect["spans"].items():
                for start, end in [first, *expect["other_spans"].get(field, [])]:
                    _assert_says(field, expect["fields"][field], document[start:end], fixture.id)


def _assert_says(field: str, gold: str, words: str, where: str) -> None:
    words = re.sub(r"\s+", " ", re.sub(r"(?<=[a-z])-\n", "", words))
    match field:
        case "case_id":
            assert re.sub(r"\D", "", words) == gold, where
        case "claimant_name":
            family, comma, given = words.partition(", ")
            assert (f"{given} {family}" if comma else words).casefold() == gold.casefold(), where
        case "received_date":
            assert normalise_date(words, languages=LANGUAGES) == gold, (where, words)
        case _:
            assert len(words) >= 3, where


def test_a_span_survives_noise_with_its_words_known(by_seed: dict[int, list[Fixture]]) -> None:
    pools = read_pools(ROOT / FOLDER)
    for base in load_bases(ROOT / FOLDER):
        plain_head = base.head.model_copy(update={"noise": ()})
        clean = compose(
            type(base)(base.name, base.variant, plain_head, base.nodes),
            DocumentValues(random.Random(5), plain_head, pools, case_id="40417"),
            None,
        )
        noisy = compose(base, DocumentValues(random.Random(5), base.head, pools, case_id="40417"), "ocr")
        said = [(place.field, " ".join(place.clean.split())) for place in clean.places()]
        assert [(place.field, " ".join(place.clean.split())) for place in noisy.places()] == said, base.name
        for place in noisy.places():
            if place.field in ("case_id", "received_date", "claimant_name"):
                assert " ".join(noisy.text[place.start : place.end].split()) == " ".join(place.clean.split())


def test_a_null_gold_has_no_value_in_the_document() -> None:
    pools = read_pools(ROOT / FOLDER)
    for base in load_bases(ROOT / FOLDER):
        values = DocumentValues(random.Random(9), base.head, pools, case_id="40417")
        document = compose(base, values, None).text
        proved = base.proves()
        assert ("issue_type" in proved) == (base.head.issue_type is not None), base.name
        assert ("urgency" in proved) == (base.head.urgency is not None), (base.name, base.variant)
        assert "case_id" in proved
        if "claimant_name" not in proved:
            assert values.claimant.given not in document, base.name
        if "received_date" not in proved:
            assert not any(slot.name.startswith("received_date") for slot in base.slots())
            assert not re.search(r"received|rec'd|date in|scanned in", document, re.IGNORECASE), base.name


def test_gold_dates_are_iso_and_case_numbers_five_digits(by_seed: dict[int, list[Fixture]]) -> None:
    for fixtures in by_seed.values():
        for fixture in fixtures:
            fields = fixture.expect["fields"]
            assert re.fullmatch(r"[1-9]\d{4}", fields["case_id"])
            assert fields["received_date"] is None or re.fullmatch(r"\d{4}-\d{2}-\d{2}", fields["received_date"])
            decoys = {name: value for name, value in fixture.expect["decoys"].items() if name.endswith("_date")}
            assert fields["received_date"] not in decoys.values()


def test_personal_details_are_fictional(by_seed: dict[int, list[Fixture]]) -> None:
    for fixtures in by_seed.values():
        for fixture in fixtures:
            document = fixture.input["document"]
            assert all(re.search(r"@example\.(com|org)$", found) for found in re.findall(r"[\w.]+@[\w.]+\w", document))
            assert all(re.match(r"555-01\d\d", found) for found in re.findall(r"555-\d+", document))


def test_no_slot_or_mark_is_left_in_a_document(by_seed: dict[int, list[Fixture]]) -> None:
    for fixtures in by_seed.values():
        assert not [fixture.id for fixture in fixtures if re.search(r"\{\{|\}\}|\|\|", fixture.input["document"])]


def test_rules_schema_and_prompt_know_the_same_values() -> None:
    rules = yaml.safe_load((ROOT / "resources" / "extraction_rules.yaml").read_text(encoding="utf-8"))
    schema = json.loads((ROOT / "schemas" / "extraction.json").read_text(encoding="utf-8"))
    assert tuple(rules["issue_types"]) == ISSUE_TYPES
    assert set(rules["urgencies"]) == set(URGENCIES)
    assert schema["properties"]["issue_type"]["enum"] == [*ISSUE_TYPES, None]
    assert set(schema["properties"]["urgency"]["enum"]) == {*URGENCIES, None}
    assert tuple(schema["required"]) == (*FIELDS, "source_spans")


def test_the_prompt_keeps_the_document_in_the_user_s_message(shipped: list[Fixture]) -> None:
    workload = load_suite("case_ops_v1").workloads["extraction"]
    for fixture in shipped:
        variables = {"input": fixture.input, "prepared": {}, "resources": workload.resources}
        *above, user = render_prompt(workload, variables)
        assert [message.role for message in (*above, user)] == ["system", "user", "assistant", "user"]
        assert fixture.input["document"] in user.content
        assert not any(fixture.expect["fields"]["case_id"] in message.content for message in above)


def test_the_prompt_s_example_keeps_its_own_contract() -> None:
    workload = load_suite("case_ops_v1").workloads["extraction"]
    variables = {"input": {"kind": "letter", "document": ""}, "prepared": {}, "resources": workload.resources}
    _, asked, answered, _ = render_prompt(workload, variables)
    answer = json.loads(answered.content)
    assert set(answer["source_spans"]) == set(FIELDS)
    assert all(quote in asked.content for quote in answer["source_spans"].values())


@pytest.mark.parametrize("dates_as_written", [True, False])
def test_the_ideal_answer_passes_every_check(shipped: list[Fixture], dates_as_written: bool) -> None:
    for fixture in shipped:
        graded = _grade(fixture, ideal_answer(fixture, dates_as_written=dates_as_written))
        assert graded == [], (fixture.provenance["base"], graded)


@pytest.mark.parametrize("kind", list(WRONG_ANSWERS))
def test_a_wrong_answer_fails(shipped: list[Fixture], kind: str) -> None:
    answers = [(fixture, answer) for fixture in shipped if (answer := WRONG_ANSWERS[kind](fixture)) is not None]
    assert len(answers) >= 8
    assert all(_grade(fixture, answer) for fixture, answer in answers)


def test_an_effective_date_given_as_received_is_named_as_that(shipped: list[Fixture]) -> None:
    fixture = next(f for f in shipped if "trap:effective_date" in f.tags and f.expect["fields"]["received_date"])
    answer = WRONG_ANSWERS["effective_date_for_received"](fixture)
    assert answer is not None
    assert ("exact_fields", "confused_with:effective_date") in _grade(fixture, answer)


def _grade(fixture: Fixture, answer: str) -> list[tuple[str, str]]:
    """Check and category of every failed verdict."""
    workload = load_suite("case_ops_v1").workloads["extraction"]
    attempt = Attempt(
        key=AttemptKey(fixture=fixture.id, target="scripted", repeat=0),
        request_hash="",
        timings=Timings(intended_s=0.0, started_s=0.0, ended_s=1.0),
        output=answer,
        finish_reason="stop",
    )
    graded = grade_attempt(workload, fixture, attempt)
    return [(verdict.check, verdict.category) for verdict in graded.verdicts if verdict.outcome == "fail"]


def test_hyphenation_and_slips_leave_values_alone() -> None:
    ink = Ink(owners={0: "claimant_name", 1: "issue_type"})
    ink.write("the ")
    ink.write("unreasonable reconsideration", frozenset({1}))
    ink.write(" of ")
    ink.write("Theodora Castellanos", frozenset({0}))
    for seed in range(50):
        rng = random.Random(seed)
        noisy = ocr(wrap(20, hyphenate=True)(ink, rng), rng)
        words = {place.field: noisy.text[place.start : place.end] for place in noisy.places()}
        assert words["claimant_name"].replace("\n", " ") == "Theodora Castellanos"
        assert {p.field: p.clean for p in noisy.places()}["issue_type"] == "unreasonable reconsideration"


@pytest.mark.parametrize("text", ["{{#urgency}}no end", "{{? one || two", "stray }} braces", "{{#urgency}}x{{/other}}"])
def test_a_base_with_open_braces_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_a_base_with_an_unknown_key_is_named_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_text("---\nsender: x\nkind: email\nsize: short\ncolour: red\n---\ntext\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"odd\.txt"):
        read_base(path)
