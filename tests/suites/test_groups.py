"""Fixtures that are alike: said by a column, guessed by an import, carried by suites, counted once by intervals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench.api import ImportRequest, import_suite, regenerate_suite
from milo_bench.core.records import Fixture
from milo_bench.store.stored_text import TextPolicy, stored_group
from milo_bench.suites.check import near_copy_doubts
from milo_bench.suites.fresh import FreshFixtures
from milo_bench.suites.importing.groups import guess_groups, near_copies
from milo_bench.suites.importing.importer import Imported, ImportedCase
from milo_bench.suites.load import load_suite


def groups_of(*texts: str) -> list[str]:
    result = Imported(cases=[ImportedCase(f"c{n}", {"text": text}, {}, f"t:{n}") for n, text in enumerate(texts)])
    guess_groups(result)
    return [case.group for case in result.cases]


OTHERS = (
    "the heating in flat nine is cold since monday and the tank drips",
    "please move my dentist visit to the week after easter",
    "is the museum open on the bank holiday for school classes",
    "two parcels came but the third one with the lamp is missing",
    "i was charged for a night that i did not stay",
)


def test_duplicates_are_one_group_whatever_their_spaces_and_capitals() -> None:
    assert groups_of("Where is it?", "where  is it?", *OTHERS)[:3] == ["like-c0", "like-c0", ""]


def test_one_template_with_other_names_and_numbers_is_one_group() -> None:
    first = 'Dear Ms Klein, your claim 4711 of 3 May has been received and is now with our office in "Leeds".'
    second = 'Dear Mr Otieno, your claim 902 of 17 June has been received and is now with our office in "Hull".'
    assert groups_of(first, second, *OTHERS)[:3] == ["like-c0", "like-c0", ""]


def test_mostly_the_same_letter_is_one_group_and_another_letter_is_not() -> None:
    letter = (
        "we write to tell you that the review of your case has ended and that the earlier decision is kept in full "
    )
    letter += "because the form that you sent did not show any new facts about your income in the months in question "
    assert groups_of(letter + "call us", letter + "write back", *OTHERS)[:3] == ["like-c0", "like-c0", ""]


def test_letters_of_one_thread_are_one_group() -> None:
    first = "Subject: Broken boiler\n\nthe boiler stopped this morning and there is no hot water"
    reply = "Subject: RE: Broken boiler\n\nwe can send a fitter on thursday between nine and noon"
    alone = "Subject: Broken window\n\nthe pane in the hall has a crack from top to bottom"
    assert groups_of(first, reply, alone, *OTHERS)[:4] == ["like-c0", "like-c0", "", ""]


def test_short_texts_of_names_alone_are_no_template() -> None:
    assert groups_of("Anna Klein 12", "Peter Brown 99", *OTHERS)[:2] == ["", ""]


def test_the_one_form_of_all_cases_groups_nothing_and_that_is_said() -> None:
    form = "name {0} born in {1} asks for the winter fuel help and lives alone in a rented flat with gas heating"
    result = Imported(
        cases=[ImportedCase(f"c{n}", {"text": form.format(n, 1900 + n)}, {}, f"t:{n}") for n in range(10)]
    )
    guess_groups(result)
    assert not any(case.group for case in result.cases)
    assert "one form in common" in result.guesses[0]


def test_a_column_says_the_group_and_the_guess_leaves_it_alone(tmp_path: Path) -> None:
    table = (("1", "where is it", "a", "t1"), ("2", "other words here", "b", "t1"), ("3", "where is it", "a", "t2"))
    table = (*table, ("4", "where is it", "a", ""), ("5", "where is it", "b", ""))
    rows = "\n".join(",".join(row) for row in (("id", "text", "label", "thread"), *table)) + "\n"
    (tmp_path / "t.csv").write_text(rows, encoding="utf-8")
    report = import_suite(
        ImportRequest(tmp_path / "t.csv", group="thread"), out=tmp_path / "s", format_name="", name=""
    )
    groups = [fixture.group for fixture in load_suite(str(tmp_path / "s")).fixtures]
    assert groups[:3] == ["t1", "t1", "t2"]
    assert groups[3] == groups[4] == "like-4"
    assert any("2 cases are in 1 group" in guess for guess in report.guesses)


def test_a_group_changes_the_hash_of_its_suite_and_not_of_its_fixture(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,text,label\n1,one word,a\n2,another word,b\n", encoding="utf-8")
    import_suite(ImportRequest(tmp_path / "t.csv"), out=tmp_path / "s", format_name="", name="")
    before = load_suite(str(tmp_path / "s"))
    path = tmp_path / "s/fixtures/imported.jsonl"
    lines = [json.loads(line) | {"group": "g"} for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    after = load_suite(str(tmp_path / "s"))
    assert after.ref.hash != before.ref.hash
    assert [one.hash for one in after.fixtures] == [one.hash for one in before.fixtures]


def test_regenerate_gives_as_many_fixtures_of_each_workload_as_are_asked_for(tmp_path: Path) -> None:
    more = regenerate_suite("case_ops_v1", seed=9, count=80, out=tmp_path / "more")
    counts = {name: sum(one.workload == name for one in more.fixtures) for name in more.workloads}
    assert counts == {"extraction": 80, "timeline": 80, "drafting": 80}
    assert len({fixture.hash for fixture in more.fixtures}) == 240
    few = regenerate_suite("claims_v1", seed=9, count=5, out=tmp_path / "few")
    assert len(few.fixtures) == 5 * len(few.workloads)


def test_each_timeline_and_each_draft_of_case_ops_has_a_story_of_its_own() -> None:
    suite = load_suite("case_ops_v1")
    groups = {name: [f.group for f in suite.fixtures if f.workload == name] for name in suite.workloads}
    assert {name: len(of_it) for name, of_it in groups.items()} == {"extraction": 70, "timeline": 60, "drafting": 50}
    assert len(set(groups["timeline"])) == 60
    assert len(set(groups["drafting"])) == 50
    assert len(set(groups["extraction"])) == 60


def test_packets_handoffs_and_notes_of_claims_tell_sixty_stories_and_more() -> None:
    suite = load_suite("claims_v1")
    groups = {name: [f.group for f in suite.fixtures if f.workload == name] for name in suite.workloads}
    assert {name: len(of_it) for name, of_it in groups.items()} == {
        "packet_summary": 120,
        "escalation": 1_000,
        "handoff": 150,
    }
    assert len(set(groups["packet_summary"])) == len(set(groups["handoff"])) == 60
    assert len(set(groups["escalation"])) == 258
    assert all(all(of_it) for of_it in groups.values())


def test_a_suite_of_an_earlier_version_is_loaded_by_its_version() -> None:
    first = load_suite("case_ops_v1@1")
    assert (first.ref.name, first.ref.version) == ("case_ops_v1", "1")
    assert first.ref.hash.startswith("86643f83530822cb")  # as the logs of 0.1.0 name it
    assert first.is_builtin
    second = load_suite("case_ops_v1@2")
    assert (second.ref.version, len(second.fixtures), second.ref.hash[:16]) == ("2", 180, "57cfae65603d8e11")
    assert load_suite("case_ops_v1").ref.version == "3"
    claims = load_suite("claims_v1@1")
    assert (claims.ref.name, claims.ref.version, len(claims.fixtures)) == ("claims_v1", "1", 1_270)
    assert claims.ref.hash.startswith("898592a33510892c")
    # Of version 2 only suite.yaml is kept: its files are those of today, and its hash says so.
    second = load_suite("claims_v1@2")
    assert (second.ref.version, len(second.fixtures), second.ref.hash[:16]) == ("2", 1_270, "1e5cf96a213e5bf7")
    assert second.is_builtin
    assert load_suite("claims_v1").ref.version == "3"


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("case_ops_v1@de@2", "b438f9829dcd4849"),
        ("case_ops_v1@de@3", "425208d76393c45a"),
        ("case_ops_v1@es@3", "207b086e70bfc903"),
        ("case_ops_v1@fr@3", "0303e44c602b0268"),
        ("claims_v1@de@2", "61de9690d3622de6"),
        ("claims_v1@de@3", "a9141e04f5441cfe"),
        ("claims_v1@es@3", "f09b33108003f13d"),
        ("claims_v1@fr@3", "89e40b5c882fc7d7"),
    ],
)
def test_a_suite_of_a_language_is_loaded_by_its_earlier_version_as_its_logs_name_it(name: str, digest: str) -> None:
    suite = load_suite(name)
    assert (suite.ref.version, suite.ref.hash[:16]) == (name[-1], digest)
    assert suite.is_builtin
    assert load_suite(name[:-2]).ref.version == "4"


def test_a_log_names_groups_by_hash_so_that_no_name_outlives_an_erasure() -> None:
    fixture = Fixture("f", "w", {"text": "x"}, group="author Anna Klein")
    for policy in (TextPolicy(), TextPolicy("hashes"), TextPolicy("redacted", lambda text: text)):
        kept = policy.stored(fixture)
        assert isinstance(kept, Fixture)
        assert kept.group == stored_group("author Anna Klein")
        assert "Anna" not in kept.group
    assert kept.group != stored_group("author Peter Brown")


def test_a_story_is_told_again_twice_at_the_most_each_time_as_a_group_of_its_own() -> None:
    fresh = FreshFixtures(load_suite("case_ops_v1"), 77, retellings=2)
    drawn = fresh("drafting", 0, 500)
    assert len(drawn) == fresh.most("drafting") == 100
    assert len({fixture.group for fixture in drawn}) == 100
    assert FreshFixtures(load_suite("demo_v1"), 77, retellings=2).most("orders") is None


FORMS = (
    "My name is {name} and I moved out of the flat in {day} May. The deposit was not paid back although the protocol "
    "lists no damage at all. I wrote twice and nobody answered. Please tell me what happens now. Reference {word}",
    "The parcel that {name} ordered on the {day} never came to our door. The carrier says that it was left with some "
    "neighbour whom nobody knows. We would like our money back or a new parcel soon. Reference {word}",
)
WORDS = ("bramo", "cadil", "dofer", "gulpo", "hemva", "jasti", "kobra", "limex", "mopel", "nutra")


def inputs(count: int) -> list[dict[str, str]]:
    return [
        {"letter": FORMS[n % 2].format(name=f"Ada {WORDS[n % 10].title()}", day=f"{n}th", word=WORDS[n % 10])}
        for n in range(count)
    ]


def test_texts_with_a_few_words_changed_are_near_copies_and_others_are_not() -> None:
    copies = near_copies([*inputs(10), *({"letter": text} for text in OTHERS)])
    assert copies == [(0, 2, 4, 6, 8), (1, 3, 5, 7, 9)]


@pytest.mark.parametrize("grouped", [False, True])
def test_a_suite_of_near_copies_without_groups_is_told_so(tmp_path: Path, grouped: bool) -> None:
    (tmp_path / "suite.yaml").write_text(
        "name: tiny\nversion: '1'\nfixtures: [f.jsonl]\n"
        "workloads: {qa: {prompt: ask.jinja, checks: [{label: {labels: [deposit, parcel]}}]}}\n"
    )
    (tmp_path / "ask.jinja").write_text("{{ input.letter }}\n")
    rows = [
        {"id": f"q-{n}", "workload": "qa", "input": given, "expect": {"label": "deposit"}}
        | ({"group": f"g{n % 2}"} if grouped else {})
        for n, given in enumerate(inputs(10))
    ]
    (tmp_path / "f.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = [one.what for one in near_copy_doubts(load_suite(str(tmp_path)))]
    told = "10 of 10 fixtures of 'qa' are near copies of 2 texts, such as 'q-0' and 'q-2', and each counts as evidence"
    assert said == ([] if grouped else [f"{told} of its own"])
