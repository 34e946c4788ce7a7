"""The summary is short sentences: what was decided, because of which figure, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.config.economics.file import example_path, load_economics
from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.decide.records import Decision
from tests.decide.decision_cases import RULES, decided, policy, shown
from tests.decide.evidence_cases import Made, of

SAFE = "[{measure: pass_rate, at_least: 0.8, safety: true}]"
LONGEST = 25  # words of a sentence, by house rule


def summary(decision: Decision) -> str:
    return shown(decision.verdict, decision)


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=\.) (?=[A-Z“a-z])", text)


def of_works(names: Sequence[str], gates: str = "[{measure: pass_rate, at_least: 0.8}]", top: str = "") -> PolicyFile:
    works = "".join(f"  {name}:\n    gates: {gates}\n" for name in names)
    return read_policy(f"policy: 1\n{top}\nworkloads:\n{works}{RULES}")


def made_of(*rows: tuple[str, str, int], hosted: tuple[str, ...] = ()) -> Made:
    made = Made(hosted=set(hosted))
    for workload, target, good in rows:
        made.add(workload, target, of(good, 100))
    return made


def test_work_that_moves_is_given_to_its_model_with_the_rate_that_speaks_for_it_and_the_flag_to_turn_on() -> None:
    assert summary(decided(made_of(("notes", "small", 97)), policy())) == (
        "small can take over “Title of notes” as it is. Its pass rate is <0.97>. "
        "Undetected errors remain in <0.0166667> of cases. "
        "The next step is to turn on the flag notes for some staff."
    )


def test_of_several_the_rule_that_chose_and_a_rate_on_other_fixtures_are_said() -> None:
    said = summary(decided(made_of(("notes", "small", 97), ("notes", "large", 98)), policy()))
    assert "It is the cheapest of the <2> compared that passes every gate (" in said
    assert re.search(r"Its pass rate is <[\d.]+> on fixtures that played no part in the choice\.", said)


def test_work_after_a_fix_names_the_fix_the_share_it_automates_and_the_hours_of_the_first_step() -> None:
    made = made_of(("notes", "small", 50))
    made.add("notes", "small", of(99, 100), decoding="constrained")
    said = summary(decided(made, policy(more="    remedies: [constrained_decoding]\n")))
    assert said.startswith("small can take over “Title of notes”, but first needs constrained decoding. <")
    assert re.search(r"<[\d.]+> of cases then need no person\.", said)
    assert said.endswith("The next step is to allow only answers of the right form for notes, about <4> of work.")


def test_a_fix_of_the_runtime_says_which_probe_failed() -> None:
    made = made_of(("notes", "small", 100))
    made.probe("small", "readiness", "fail", "major")
    made.add("letters", "small", of(100, 100))
    said = summary(decided(made, of_works(["notes", "letters"])))
    assert said.startswith("Both jobs can move after fixes. ")
    assert "small can take over “Title of notes” after a fix of its server. The probe readiness failed" in said
    assert said.count("small first needs a readiness probe. ") == 1
    assert said.endswith("The next step is to add a warm-start check on small, about <4> of work.")


def test_rejected_work_stays_with_people_by_the_figure_of_the_nearest_and_says_what_another_model_needs() -> None:
    said = summary(decided(made_of(("notes", "small", 20), ("notes", "large", 40)), policy(SAFE)))
    assert said == (
        "“Title of notes” stays with people. None of the <2> compared passes every gate. large comes nearest. "
        "Pass rate is <0.4>, clearly below <0.8>. "
        "It can move to another model that passes at least <87> of <0.4> fixtures."
    )


def test_rejected_work_that_the_hosted_model_does_well_stays_there() -> None:
    made = made_of(("notes", "small", 20), ("notes", "cloud", 99), hosted=("cloud",))
    said = summary(decided(made, policy(SAFE, top="baseline: cloud")))
    assert said.startswith("“Title of notes” stays with the hosted model. small fails a gate. Pass rate is ")


def test_undecided_work_says_the_gate_and_how_many_fixtures_would_decide_it() -> None:
    said = summary(decided(made_of(("notes", "small", 84)), policy()))
    assert said.startswith(
        "“Title of notes” stays with people. The evidence on small is undecided. Pass rate is <0.84>"
    )
    assert "more fixtures would decide it, if the estimate holds." in said
    assert "The next step is to add more fixtures for notes, about <8> of work." in said


def test_deferred_work_says_what_it_would_be_worth() -> None:
    by = policy(more="    value: {figures: [monthly_benefits], least_usd_per_month: 90000000}\n")
    said = summary(decided(made_of(("notes", "small", 100)), by, economics=load_economics(example_path("case_ops"))))
    assert said.startswith("“Title of notes” stays with people. ")
    assert "undecided" not in said and "The net value of the first quarter is <" in said


@pytest.mark.parametrize(
    ("good", "opening"),
    [
        ({"notes": 99, "letters": 99}, "Both jobs can move."),
        ({"notes": 99, "letters": 20}, "<1> of <2> jobs can move."),
        ({"notes": 20, "letters": 20}, "Neither job can move yet."),
        ({"notes": 99, "letters": 99, "calls": 99}, "All <3> jobs can move."),
        ({"notes": 20, "letters": 20, "calls": 20}, "None of the <3> jobs can move yet."),
    ],
    ids=["both", "one", "neither", "all", "none"],
)
def test_several_jobs_begin_with_how_many_move(good: dict[str, int], opening: str) -> None:
    made = made_of(*((name, "small", count) for name, count in good.items()))
    said = summary(decided(made, of_works(list(good))))
    assert said.startswith(opening)


def test_of_many_jobs_those_that_move_come_with_figures_and_the_rest_by_where_it_stays() -> None:
    names = ["a", "b", "c", "d", "e", "f"]
    made = made_of(*((name, "small", 99 if name in "bd" else 20) for name in names))
    said = summary(decided(made, of_works(names)))
    assert said.startswith("<2> of <6> jobs can move. small can take over “Title of b” as it is. Its pass rate is ")
    assert "“Title of a”, “Title of c”, “Title of e” and “Title of f” stay with people." in said
    made = made_of(*((name, "small", 99) for name in names))
    assert "small can take over “Title of e” and “Title of f” as they are." in summary(decided(made, of_works(names)))


rows_ = st.lists(
    st.tuples(
        st.sampled_from(["notes", "letters", "calls", "claims", "orders"]),
        st.sampled_from(["small", "large"]),
        st.integers(0, 100),
    ),
    min_size=1, max_size=8, unique_by=lambda one: one[:2],
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(rows_, st.booleans(), st.integers(0, 100))
def test_every_summary_is_short_sentences_that_name_each_job_once(
    rows: list[tuple[str, str, int]], probed: bool, cloud: int
) -> None:
    names = sorted({workload for workload, *_ in rows})
    made = made_of(*rows, *((name, "cloud", cloud) for name in names), hosted=("cloud",))
    if probed:
        made.probe("small", "readiness", "fail", "major")
    gates = f"{SAFE}\n    remedies: [guard_to_review, human_review]"
    said = summary(decided(made, of_works(names, gates, top="baseline: cloud")))
    for name in names:
        assert said.count(f"“Title of {name}”") == 1
    assert not re.search(r"[;:]| {2}|\.\.| \.", said), said
    for sentence in sentences(said):
        assert sentence.endswith("."), sentence
        whole = re.sub(r"“[^”]*”|\([^)]*\)", "x", sentence)
        assert len(whole.split()) <= LONGEST, sentence
