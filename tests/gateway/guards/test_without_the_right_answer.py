"""A check that compares with the right answer still stops, in service, what is wrong whatever the right answer is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest
import yaml

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Workload
from milo_bench.decide.replay.recorded import failed_at_run_time
from milo_bench.decide.routing.guardrails import own_guardrails
from milo_bench.gateway.judging import judge_reply
from milo_bench.gateway.request import Question
from milo_bench.gateway.table import RuleContract
from milo_bench.grade.engine import grade_attempt, known_served, served_gap
from milo_bench.stats.cases.joining import join_cases
from milo_bench.suites.load import load_suite
from tests.decide.evidence_cases import Made, Row
from tests.gateway.running import running_gateway

ASKED = {"text": "Where is my parcel?"}
LEVEL = "Summary:\nFine.\nEscalation Signal:\n{}\nEvidence Lines:\nL1"
IBAN = "DE89 3704 0044 0532 0130 00"
APPEAL, PASSPORT = "You can appeal within 30 days.", "We must see your passport."
RESOURCES = {"rivals": "Umbrella Freight\n"}
# A check, what its fixture expects, then answers: right, wrong beside that expectation alone, wrong whatever it is.
CHECKS: list[tuple[dict[str, Any], dict[str, Any], str, str, str]] = [
    ({"label": {"labels": ["billing", "delivery"]}}, {"label": "delivery"}, "**Delivery**", "billing",
     "Deliver!! maybe"),
    ({"label": {"labels": ["billing", "delivery"]}}, {"label": "delivery"}, "delivery", "billing", ""),
    ({"label": {"labels": ["a", "b"], "field": "l"}}, {"label": "a"}, '{"l": "A"}', '{"l": "b"}', "label b, I think"),
    ({"label": {"field": "l"}}, {"label": "a"}, '{"l": "a"}', '{"l": "anything"}', "[]"),
    ({"escalation_signal": {}}, {"escalation": {"level": "watch", "lines": [1]}}, LEVEL.format("watch (L1)"),
     LEVEL.format("routine"), LEVEL.format("either watch or routine")),
    ({"checksum_number": {"kind": "iban"}}, {"number_text": IBAN}, IBAN, "GB33 BUKB 2020 1555 5555 55",
     "DE88 3704 0044 0532 0130 00"),
    ({"not_mentions": {"lists": ["rivals"]}}, {"not_mentions": ["refund"]}, "It is late.", "You get a refund.",
     "Ask umbrella  freight."),
    ({"regex": {"pattern": "^MX-[0-9]+$"}}, {"regex": "^MX-1$"}, "MX-1", "MX-2", ""),
    ({"contains": {"values": ["Kind regards", "Yours"]}}, {"contains": "Ann"}, "Kind regards, Ann",
     "Kind regards, Bo", "Bye, Bo"),
    ({"contains_all": {"values": ["Ann", "10:00"]}}, {"contains_all": "Ann, 10:00"}, "Ann, 10:00", "10:00, Ann", "Ann"),
    ({"equals": {"values": ["yes", "no"]}}, {"equals": "yes"}, "yes", "no", "perhaps"),
    ({"not_contains": {"value": "guarantee"}}, {"not_contains": "refund"}, "It is late.",
     "You get a refund.", "I guarantee it."),
    ({"policy_text": {"required": [APPEAL]}}, {"required_text": [PASSPORT]}, f"{APPEAL} {PASSPORT}", APPEAL, PASSPORT),
]  # fmt: skip
# The fixture's own text replaces the suite's, so a log does not say what the suite's would have found.
REPLACED = {"regex", "contains", "contains_all", "equals", "not_contains"}
NAMES = [f"{next(iter(check))} {n}" for n, (check, *_) in enumerate(CHECKS)]


def contract(*checks: dict[str, Any]) -> Workload:
    specs = tuple(CheckSpec(name, params) for one in checks for name, params in one.items())
    return Workload("sort", "ask", "", "", specs, resources=RESOURCES)


def failed(work: Workload, answer: str, expect: dict[str, Any], *, served: bool) -> dict[str, str]:
    """By check, the category of its failure."""
    attempt = Attempt(AttemptKey("t-1", "local"), "", Timings(0, 0, 0), output=answer)
    graded = grade_attempt(work, Fixture("t-1", "sort", ASKED, expect), attempt, served=served)
    assert "unjudged" not in {one.outcome for one in graded.verdicts}
    return {one.check: one.category for one in graded.verdicts if one.outcome == "fail"}


@pytest.mark.parametrize(("check", "expect", "right", "beside", "never"), CHECKS, ids=NAMES)
def test_service_stops_what_no_right_answer_could_save_and_nothing_else(
    check: dict[str, Any], expect: dict[str, Any], right: str, beside: str, never: str
) -> None:
    [name], work = check, contract(check)
    known = known_served(name)
    assert known is not None
    assert not served_gap(work.checks[0])
    stopped = {answer: bool(failed(work, answer, {}, served=True)) for answer in (right, beside, never)}
    assert stopped == {right: False, beside: False, never: True}
    assert not failed(work, right, expect, served=False)
    assert failed(work, beside, expect, served=False)[name] not in known, "a replay would stop what service lets pass"
    recorded = failed(work, never, {} if name in REPLACED else expect, served=False)[name]
    assert recorded in (*known, "empty_answer"), "a replay would let pass what service stops"


@pytest.mark.parametrize(("check", "expect", "right", "beside", "never"), CHECKS, ids=NAMES)
def test_a_replay_acts_on_the_failures_that_service_would_know(
    check: dict[str, Any], expect: dict[str, Any], right: str, beside: str, never: str
) -> None:
    [name], work = check, contract(check)
    rows = []
    for answer, gold in ((right, expect), (beside, expect), (never, {} if name in REPLACED else expect)):
        category = failed(work, answer, gold, served=False).get(name, "")
        rows.append(Row(((name, "fail" if category else "pass", category),)))
    made = Made()
    made.add("sort", "local", rows)
    [cases] = made.evidence().cases.values()
    assert failed_at_run_time(cases)[name].tolist() == [False, False, True]


FOREIGN = "Megígérem, hogy holnap kifizetjük a teljes kárt, erre szavamat adom Önnek."


def test_what_a_check_cannot_judge_for_its_language_goes_to_people_in_a_replay_as_in_service() -> None:
    work = msgspec.structs.replace(contract({"banned_commitments": {}}), locale="en-GB")
    fixture = Fixture("t-1", "sort", ASKED)
    outcomes = {}
    for answer in ("We have received your letter.", FOREIGN):
        attempt = Attempt(AttemptKey("t-1", "local"), "", Timings(0, 0, 0), output=answer)
        outcomes[answer] = [one.outcome for one in grade_attempt(work, fixture, attempt).verdicts]
    assert "unjudged" in outcomes[FOREIGN]
    assert "unjudged" not in outcomes["We have received your letter."]
    asked = Question("chat", "sort", "", {"messages": []}, ASKED, frozenset(), sensitive=False, stream=False)
    guards = frozenset({"banned_commitments"})
    ruled = RuleContract(work, guards, guards, wants_label=False, cuts=None)
    served = [judge_reply(asked, ruled, {}, reply(answer), id="r_1").facts.failed == guards for answer in outcomes]
    made = Made()
    rows = [Row((("banned_commitments", said[0], ""),)) for said in outcomes.values()]
    partly = Row((("banned_commitments", "pass", "one part"), ("banned_commitments", "unjudged", "")))
    made.add("sort", "local", [*rows, partly, partly, rows[0]])
    [cases] = made.evidence().cases.values()
    recorded = failed_at_run_time(cases)["banned_commitments"].tolist()
    assert (served, recorded) == ([False, True], [False, True, True, True, False])
    assert failed_at_run_time(cases.take(cases.repeat >= 0))["banned_commitments"].tolist() == recorded
    assert failed_at_run_time(join_cases([cases, cases]))["banned_commitments"].tolist() == recorded * 2


def test_a_sentence_that_the_learned_score_suspects_is_queued_for_people_where_the_suite_asks_for_it() -> None:
    guards = frozenset({"banned_commitments"})
    answer = "Für den defekten Zähler wird Ihnen nichts berechnet."
    stopped = {}
    for suspects in (False, True):
        work = msgspec.structs.replace(contract({"banned_commitments": {"suspects": suspects}}), locale="de-DE")
        asked = Question("chat", "sort", "", {"messages": []}, ASKED, frozenset(), sensitive=False, stream=False)
        ruled = RuleContract(work, guards, guards, wants_label=False, cuts=None)
        stopped[suspects] = judge_reply(asked, ruled, {}, reply(answer), id="r_1").facts.failed
    assert stopped == {False: frozenset(), True: guards}


def reply(answer: str) -> bytes:
    message = {"role": "assistant", "content": answer}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()


def test_a_decision_guards_with_what_a_check_knows_and_leaves_out_what_it_does_not() -> None:
    listed = contract(
        {"label": {"labels": ["a", "b"]}}, {"regex": {}}, {"numeric": {}}, {"not_mentions": {"words": ["x"]}}
    )
    assert own_guardrails(listed) == ["label", "not_mentions"]
    assert own_guardrails(contract({"label": {}}, {"policy_text": {}})) == []


SUITE = {
    "name": "desk", "version": "1", "fixtures": ["fixtures.jsonl"],
    "workloads": {"sort": {"prompt": "ask.jinja", "checks": ["answer_present"]}},
}  # fmt: skip


def desk(folder: Path, *checks: dict[str, Any]) -> str:
    """A suite with one workload and these checks."""
    root = folder / "desk"
    root.mkdir()
    work = {"prompt": "ask.jinja", "checks": ["answer_present", *checks]}
    (root / "suite.yaml").write_text(yaml.safe_dump({**SUITE, "workloads": {"sort": work}}), encoding="utf-8")
    (root / "ask.jinja").write_text("{{ input.text }}\n", encoding="utf-8")
    case = '{"id": "t-1", "workload": "sort", "input": {"text": "Where?"}, "expect": {"label": "delivery"}}\n'
    (root / "fixtures.jsonl").write_text(case, encoding="utf-8")
    return str(root)


def table(*guardrails: str, **rule: Any) -> dict[str, Any]:
    asks = {"id": "sort", "when": {"workload": "sort"}, "route": "local", "target": "local", "prompt": "ask"}
    return {
        "targets": {"local": {"model": "fake-1"}},
        "rules": [{**asks, "guardrails": list(guardrails), "fallback": {"route": "human_review"}, **rule}],
        "default": {"route": "refuse"},
    }


LABELS = {"label": {"labels": ["routine", "watch", "escalate"]}}


@pytest.mark.parametrize(
    ("answer", "delivered"),
    [("escalate", True), ("**Watch.**", True), ("Escalate!! maybe", False), ("I cannot say.", False), ("none", False)],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_is_none_of_the_labels_goes_where_the_rule_says(
    tmp_path: Path, answer: str, delivered: bool, stream: bool
) -> None:
    suite = desk(tmp_path, LABELS)
    script = {"local": {"reply": {"text": answer}}}
    async with running_gateway(tmp_path / "g", table("label"), script, suites=(suite,)) as gateway:
        async with gateway.client() as client:
            said = client.chat.completions.create(
                model="milo/sort", messages=[], stream=stream, extra_body={"milo": {"input": ASKED}}
            )
            if stream:
                text = "".join([part.choices[0].delta.content or "" async for part in await said if part.choices])
            else:
                text = (await said).choices[0].message.content or ""
        [record] = gateway.audit()
    if delivered:
        assert (text, record.outcome, record.cause) == (answer, "answered", "")
    else:
        assert answer not in text
        assert (record.outcome, record.cause) == ("queued", "guardrail")
        assert record.calls[-1].failed_checks == ("label",)


async def test_a_rule_on_the_answer_can_name_the_label_too(tmp_path: Path) -> None:
    routing = table()
    odd = {"id": "odd", "when": {"workload": "sort", "failed_checks": ["label"]}, "route": "refuse"}
    routing["rules"] = [odd, *routing["rules"]]
    script = {"local": {"reply": {"text": "perhaps"}}}
    suite = desk(tmp_path, LABELS)
    async with (
        running_gateway(tmp_path / "g", routing, script, suites=(suite,)) as gateway,
        gateway.client() as client,
    ):
        with pytest.raises(openai.UnprocessableEntityError, match="odd"):
            await client.chat.completions.create(model="milo/sort", messages=[], extra_body={"milo": {"input": ASKED}})


@pytest.mark.parametrize(
    ("message", "queued"),
    [
        ({"content": "It is on its way, order MX-7."}, False),
        ({"content": "It is on its way."}, True),  # the first pattern
        ({"content": "Order MX-7 is with Umbrella  freight."}, True),
        ({"content": "Order MX-7 is late, I swear."}, True),  # the second pattern
        ({"content": "Order MX-7.", "reasoning_content": "Umbrella Freight would be quicker."}, True),
    ],
)
async def test_every_check_of_one_name_counts_and_banned_words_are_looked_for_everywhere(
    tmp_path: Path, message: dict[str, str], queued: bool
) -> None:
    suite = desk(
        tmp_path, {"regex": {"pattern": "MX-[0-9]"}}, {"regex": {"pattern": "I swear", "match": "none"}},
        {"not_mentions": {"words": ["Umbrella Freight"]}},
    )  # fmt: skip
    reply = {"text": message["content"], "reasoning": message.get("reasoning_content", "")}
    script = {"local": {"reply": {name: text for name, text in reply.items() if text}}}
    async with running_gateway(tmp_path / "g", table("regex", "not_mentions"), script, suites=(suite,)) as gateway:
        async with gateway.client() as client:
            await client.chat.completions.create(model="milo/sort", messages=[], extra_body={"milo": {"input": ASKED}})
        [record] = gateway.audit()
    assert record.outcome == ("queued" if queued else "answered")


async def test_a_guardrail_that_could_find_nothing_wrong_stops_the_start(tmp_path: Path) -> None:
    suite = desk(tmp_path, {"label": {}})
    with pytest.raises(ConfigError, match="'label', but in 'sort' it lists no labels") as caught:
        async with running_gateway(tmp_path / "g", table("label"), {"local": {}}, suites=(suite,)):
            pass
    assert "suite.yaml" in caught.value.hint


def test_the_built_in_suites_guard_their_labels() -> None:
    claims = load_suite("claims_v1").workloads
    labelled = [work for work in claims.values() if any(spec.name == "label" for spec in work.checks)]
    assert labelled
    assert all("label" in own_guardrails(work) for work in labelled)
