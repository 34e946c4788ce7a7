"""Routing rules: what the mission's rules do to a case, and that one request and columns of them agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from milo_bench.config.routing.file import RoutingFile, check_routing, read_routing
from milo_bench.config.routing.flags import flags_text, read_flags
from milo_bench.config.routing.rule import HoursCondition
from milo_bench.core.cases.facts import CaseFacts
from milo_bench.core.errors import ConfigError, DataError
from milo_bench.core.keyword_sets import KEYWORD_SETS
from milo_bench.decide.routing.columns import (
    CAUSES,
    NOBODY,
    ROUTES,
    AnswerColumns,
    RequestColumns,
    RoutedColumns,
    route_answers,
    route_requests,
    settle_seconds,
)
from milo_bench.decide.routing.rules import (
    AnswerFacts,
    RequestFacts,
    Routed,
    route_answer,
    route_request,
    settle_second,
)

TAGGED = """
targets: {small: {model: s}}
rules:
  - {id: vip, when: {workload: notes, tags: [VIP, "Priorität hoch"]}, route: human_review}
  - {id: rest, when: {workload: notes}, route: local, target: small}
default: {route: human_review}
"""
STUB = """
targets: {small: {model: s}, big: {model: b, hosted: true}}
rules:
  - {id: keyword-risk, when: {workload: notes, keywords: any}, route: human_review}
  - {id: wary, when: {workload: notes, local_label: [watch, escalate]}, route: human_review}
  - {id: routine, when: {workload: notes}, route: local, target: small, queue: routine_queue}
  - {id: long, when: {workload: packets, words: {over: 7500}}, route: hosted, target: big}
  - {id: unfounded, when: {workload: packets, failed_checks: [schema, source_spans]}, route: human_review}
  - {id: packets, when: {workload: packets}, route: local, target: small, guardrails: [sections],
     fallback: {route: hosted, target: big}}
  - {id: drafts, when: {workload: drafts}, route: mixed, target: small, verifier: big}
default: {route: refuse}
"""


RINGS = frozenset({"threat"})


def whole(file: RoutingFile, request: RequestFacts, first: AnswerFacts, second: AnswerFacts) -> Routed:
    routed = route_request(file, request)
    return settle_second(route_answer(file, request, routed, first), second)


@pytest.mark.parametrize(
    ("request_", "answer", "route", "rule", "cause"),
    [
        (RequestFacts("notes", keywords=RINGS), AnswerFacts(label="routine"), "human_review", "keyword-risk", "rule"),
        (RequestFacts("notes"), AnswerFacts(label="watch"), "human_review", "wary", "rule"),
        (RequestFacts("notes"), AnswerFacts(label="escalate"), "human_review", "wary", "rule"),
        (RequestFacts("notes"), AnswerFacts(label="routine"), "local", "routine", "rule"),
        (RequestFacts("notes"), AnswerFacts(answered=False), "human_review", "routine", "no_answer"),
        (RequestFacts("packets", words=7500), AnswerFacts(), "local", "packets", "rule"),
        (RequestFacts("packets", words=7501), AnswerFacts(), "hosted", "long", "rule"),
        (RequestFacts("packets", words=7501, sensitive=True), AnswerFacts(), "human_review", "long", "sensitive"),
        (RequestFacts("packets"), AnswerFacts(failed=frozenset({"schema"})), "human_review", "unfounded", "rule"),
        (
            RequestFacts("packets"),
            AnswerFacts(failed=frozenset({"sections"})),
            "human_review",
            "packets",
            "second_answer",
        ),
        (RequestFacts("packets", health={"small": "down"}), AnswerFacts(), "hosted", "packets", "target_down"),
        (RequestFacts("drafts"), AnswerFacts(verified=True), "mixed", "drafts", "rule"),
        (RequestFacts("drafts"), AnswerFacts(verified=False), "human_review", "drafts", "verifier"),
        (RequestFacts("drafts"), AnswerFacts(), "human_review", "drafts", "verifier"),
        (RequestFacts("else"), AnswerFacts(), "refuse", "default", "rule"),
    ],
)  # fmt: skip
def test_the_rules_of_the_mission_do_what_they_say(
    request_: RequestFacts, answer: AnswerFacts, route: str, rule: str, cause: str
) -> None:
    routed = whole(read_routing(STUB), request_, answer, answer)
    assert (routed.route, routed.rule, routed.cause) == (route, rule, cause)


def test_a_broken_guardrail_falls_back_to_the_hosted_model_whose_answer_is_held_to_it_too() -> None:
    file, request = read_routing(STUB), RequestFacts("packets")
    second = route_answer(file, request, route_request(file, request), AnswerFacts(failed=frozenset({"sections"})))
    assert (second.route, second.target, second.cause) == ("hosted", "big", "guardrail")
    assert settle_second(second, AnswerFacts()).route == "hosted"
    assert settle_second(second, AnswerFacts(answered=False)).route == "human_review"


ASSISTIVE = """
targets: {small: {model: s}, large: {model: l}}
flags_file: flags.yaml
rules:
  - {id: previews, when: {workload: timeline, use: preview}, route: local, target: small}
  - {id: cited, when: {workload: timeline, use: cited}, route: local, target: large}
  - id: drafts
    when: {workload: drafting, case_status: [closed, approved], risk: low, missing_fields: no, template_current: yes}
    route: assist
    target: large
    flag: drafting
default: {route: human_review}
"""
SAFE = CaseFacts(status="approved", risk="low", missing_fields=False, template_current=True)


@pytest.mark.parametrize(
    ("case", "flags", "route", "cause"),
    [
        (SAFE, frozenset({"drafting"}), "assist", "rule"),
        (SAFE, None, "assist", "rule"),
        (SAFE, frozenset(), "human_review", "flag_off"),
        (CaseFacts("under_review", "low", False, True), None, "human_review", "rule"),
        (CaseFacts("approved", "high", False, True), None, "human_review", "rule"),
        (CaseFacts("approved", "low", True, True), None, "human_review", "rule"),
        (CaseFacts("approved", "low", False, False), None, "human_review", "rule"),
        (CaseFacts("approved", "low"), None, "human_review", "rule"),  # unknown is neither true nor false
    ],
)
def test_drafts_are_offered_only_for_resolved_low_risk_cases_with_a_template_and_no_missing_field(
    case: CaseFacts, flags: frozenset[str] | None, route: str, cause: str
) -> None:
    routed = route_request(read_routing(ASSISTIVE), RequestFacts("drafting", case=case, flags=flags))
    assert (routed.route, routed.cause, routed.automated) == (route, cause, False)


@pytest.mark.parametrize(("use", "target"), [("preview", "small"), ("cited", "large"), ("", "")])
def test_two_uses_of_one_workload_go_to_two_targets(use: str, target: str) -> None:
    assert route_request(read_routing(ASSISTIVE), RequestFacts("timeline", use=use)).target == target


def test_an_assistive_route_needs_a_flag() -> None:
    with pytest.raises(ConfigError, match="needs a flag"):
        read_routing("targets: {a: {model: a}}\ndefault: {route: assist, target: a}\n")


def test_flags_that_no_rule_names_are_mistakes_and_flags_that_the_file_lacks_are_off() -> None:
    known = read_routing(ASSISTIVE).flags
    assert read_flags(flags_text(known), known=known).on == frozenset()
    assert read_flags("flags: {drafting: on}", known=known).on == {"drafting"}
    with pytest.raises(ConfigError, match="unknown flag 'draftin'") as caught:
        read_flags("flags: {draftin: on}", known=known)
    assert "drafting" in caught.value.hint


def test_the_first_model_is_known_before_its_answer() -> None:
    routed = route_request(read_routing(STUB), RequestFacts("notes"))
    assert (routed.route, routed.target, routed.rule) == ("local", "small", "routine")


def test_a_rule_on_an_answer_counts_only_above_the_rule_that_asked() -> None:
    text = STUB.replace(
        "  - {id: wary, when: {workload: notes, local_label: [watch, escalate]}, route: human_review}\n", ""
    )
    text = text.replace("default:", "  - {id: late, when: {local_label: watch}, route: human_review}\ndefault:")
    text = text.replace("default: {route: refuse}", "default: {route: local, target: small}")
    assert whole(read_routing(text), RequestFacts("notes"), AnswerFacts(label="watch"), AnswerFacts()).route == "local"


def test_families_cannot_be_told_apart_where_the_evidence_does_not() -> None:
    file = read_routing(STUB.replace("keywords: any", "keywords: threat"))
    no = np.zeros(1, dtype=np.bool_)
    with pytest.raises(DataError, match="not from which set"):
        route_requests(file, RequestColumns("notes", np.ones(1, dtype=np.int64), no, no))


TAGS, CHECKS, LABELS = ("a", "b"), ("schema", "format"), ("routine", "watch")
USES, STATUSES, FLAGS = ("preview", "cited"), ("closed", "open"), ("drafts", "summaries")
TARGETS = {
    "l1": {"model": "m"},
    "l2": {"model": "m"},
    "h1": {"model": "m", "hosted": True},
    "h2": {"model": "m", "hosted": True},
}


def some(names: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    when: dict[str, Any] = {}
    for name, values in (
        ("workload", some(("notes", "other"))),
        ("words", st.sampled_from([{"over": 3}, {"under": 6}, {"over": 2, "under": 7}])),
        ("tokens", st.sampled_from([{"over": 3, "target": "l1"}, {"under": 6, "target": "h1"}])),
        (
            "hours",
            st.sampled_from(
                [
                    {"after": "18:00", "before": "08:00"},
                    {"days": ["sat", "sun"]},
                    {"before": "12:00", "zone": "Asia/Tokyo"},
                ]
            ),
        ),
        ("tags", some(TAGS)),
        ("keywords", st.one_of(some(KEYWORD_SETS[:3]), st.just(["any"]))),
        ("sensitive", st.booleans()),
        ("use", some(USES)),
        ("case_status", some(STATUSES)),
        ("risk", some(("low", "high"))),
        ("missing_fields", st.booleans()),
        ("template_current", st.booleans()),
        (
            "target_health",
            st.dictionaries(st.sampled_from(sorted(TARGETS)), some(("ready", "degraded", "down")), max_size=1),
        ),
        ("local_label", some(LABELS)),
        ("failed_checks", some(CHECKS)),
    ):
        if draw(st.integers(0, 3)) == 0:
            when[name] = draw(values)
    return when


@st.composite
def actions(draw: st.DrawFn) -> dict[str, Any]:
    route = draw(st.sampled_from(["local", "local", "hosted", "mixed", "assist", "human_review", "refuse"]))
    if route in ("human_review", "refuse"):
        return {"route": route}
    hosted = route == "hosted"
    action: dict[str, Any] = {"route": route, "target": draw(st.sampled_from(["h1", "h2"] if hosted else ["l1", "l2"]))}
    if route == "mixed":
        action["verifier"] = "h1"
    if route == "assist" or draw(st.booleans()):
        action["flag"] = draw(st.sampled_from(FLAGS))
    if draw(st.booleans()):
        action["guardrails"] = draw(some(CHECKS))
    if draw(st.booleans()):
        action["limits"] = {"max_words": draw(st.integers(2, 8))}
    fallback = draw(st.sampled_from(["human_review", "refuse", "h1", "h2"]))
    action["fallback"] = (
        {"route": "hosted", "target": fallback}
        if fallback.startswith("h1") or fallback == "h2"
        else {"route": fallback}
    )
    return action


@st.composite
def files(draw: st.DrawFn) -> RoutingFile:
    rules: list[dict[str, Any]] = []
    made = [{"id": f"r{n}", "when": draw(conditions()), **draw(actions())} for n in range(draw(st.integers(0, 6)))]
    default = draw(actions())
    for rule in made:
        data = {
            "targets": TARGETS,
            "rules": [*rules, rule],
            "default": default,
            "sensitive_to_hosted": draw(st.booleans()),
        }
        try:
            check_routing(RoutingFile.model_validate(data))
        except ConfigError:
            continue
        rules.append(rule)
    return RoutingFile.model_validate({"targets": TARGETS, "rules": rules, "default": default})


answers_ = st.builds(
    AnswerFacts,
    answered=st.booleans(),
    label=st.sampled_from(["", *LABELS]),
    failed=st.frozensets(st.sampled_from(CHECKS)),
    verified=st.sampled_from([None, True, False]),
)
health_ = st.dictionaries(st.sampled_from(sorted(TARGETS)), st.sampled_from(["ready", "degraded", "down"]), max_size=2)


cases_ = st.builds(
    CaseFacts,
    status=st.sampled_from(["", *STATUSES]),
    risk=st.sampled_from(["", "low", "high"]),
    missing_fields=st.sampled_from([None, True, False]),
    template_current=st.sampled_from([None, True, False]),
)
flags_ = st.none() | st.frozensets(st.sampled_from(FLAGS))


@st.composite
def requests_(draw: st.DrawFn) -> tuple[str, dict[str, str], list[RequestFacts]]:
    workload, health = draw(st.sampled_from(["notes", "other", "third"])), draw(health_)
    use, flags = draw(st.sampled_from(["", *USES])), draw(flags_)
    at = draw(st.none() | st.datetimes(timezones=st.just(UTC)))
    one = st.builds(
        RequestFacts,
        workload=st.just(workload),
        use=st.just(use),
        case=cases_,
        flags=st.just(flags),
        at=st.just(at),
        tokens=st.dictionaries(st.sampled_from(sorted(TARGETS)), st.integers(0, 9), max_size=3),
        words=st.integers(0, 9),
        tags=st.frozensets(st.sampled_from(TAGS)),
        keywords=st.frozensets(st.sampled_from(KEYWORD_SETS), max_size=2),
        sensitive=st.booleans(),
        health=st.just(health),
    )
    return workload, health, draw(st.lists(one, min_size=1, max_size=12))


def columns_of(workload: str, health: dict[str, str], rows: list[RequestFacts]) -> RequestColumns:
    def flag(found: list[bool]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.array(found, dtype=np.bool_)

    kinds = tuple(dict.fromkeys(row.case for row in rows))
    return RequestColumns(
        workload=workload,
        use=rows[0].use,
        flags=rows[0].flags,
        at=rows[0].at,
        tokens={name: np.array([row.tokens.get(name, -1) for row in rows], dtype=np.int64) for name in TARGETS},
        cases=kinds,
        case=np.array([kinds.index(row.case) for row in rows], dtype=np.int64),
        words=np.array([row.words for row in rows], dtype=np.int64),
        sensitive=flag([row.sensitive for row in rows]),
        rings=flag([bool(row.keywords) for row in rows]),
        tags={tag: flag([tag in row.tags for row in rows]) for tag in TAGS},
        keywords={name: flag([name in row.keywords for row in rows]) for name in KEYWORD_SETS},
        health=health,
    )


def answer_columns_of(rows: list[AnswerFacts]) -> AnswerColumns:
    return AnswerColumns(
        answered=np.array([row.answered for row in rows], dtype=np.bool_),
        labels=LABELS,
        label=np.array([LABELS.index(row.label) if row.label else -1 for row in rows], dtype=np.int16),
        failed={check: np.array([check in row.failed for row in rows], dtype=np.bool_) for check in CHECKS},
        verified=np.array([-1 if row.verified is None else int(row.verified) for row in rows], dtype=np.int8),
    )


def assert_same(columns: RoutedColumns, singles: list[Routed]) -> None:
    name = (*columns.targets, "")
    assert NOBODY == -1
    for row, routed in enumerate(singles):
        found = (
            int(columns.place[row]), ROUTES[columns.route[row]], name[columns.target[row]], name[columns.verifier[row]],
            CAUSES[columns.cause[row]], bool(columns.second[row]), bool(columns.asks[row]),
        )  # fmt: skip
        want = (routed.place, routed.route, routed.target, routed.verifier, routed.cause, routed.second, routed.asks)
        assert found == want, row


@pytest.mark.parametrize("tag", ["VIP", "vip ", "ｖｉｐ", "v\u00adip", "PRIORITAT  HOCH"])
def test_tags_meet_those_of_a_rule_whatever_their_case_space_and_width(tag: str) -> None:
    file, request = read_routing(TAGGED), RequestFacts("notes", tags=frozenset({tag}))
    assert route_request(file, request).rule == "vip"
    columns = replace(columns_of("notes", {}, [request]), tags={tag: np.array([True])})
    assert route_requests(file, columns).place.tolist() == [0]


@settings(max_examples=150, deadline=None)
@given(files(), requests_(), st.data())
def test_one_request_and_columns_of_requests_are_routed_alike(
    file: RoutingFile, made: tuple[str, dict[str, str], list[RequestFacts]], data: st.DataObject
) -> None:
    workload, health, rows = made
    several = st.lists(answers_, min_size=len(rows), max_size=len(rows))
    first_answers, second_answers = data.draw(several), data.draw(several)
    columns = columns_of(workload, health, rows)
    first = [route_request(file, row) for row in rows]
    routed = route_requests(file, columns)
    assert_same(routed, first)
    second = [route_answer(file, *three) for three in zip(rows, first, first_answers, strict=True)]
    routed = route_answers(file, columns, routed, answer_columns_of(first_answers))
    assert_same(routed, second)
    last = [settle_second(*two) for two in zip(second, second_answers, strict=True)]
    assert_same(settle_seconds(file, routed, answer_columns_of(second_answers)), last)
    for row, end in zip(rows, last, strict=True):
        asked = {file.targets[name].hosted for name in (end.target, end.verifier) if name}
        assert not (row.sensitive and True in asked), "a sensitive case left the house"


@pytest.mark.parametrize(
    ("hours", "at", "fits"),
    [
        ({"after": "18:00", "before": "08:00"}, "2026-11-29T18:00:00+00:00", True),
        ({"after": "18:00", "before": "08:00"}, "2026-11-29T07:59:59+00:00", True),
        ({"after": "18:00", "before": "08:00"}, "2026-11-29T08:00:00+00:00", False),
        ({"after": "08:00", "before": "18:00", "zone": "Europe/Berlin"}, "2026-11-29T07:00:00+00:00", True),
        ({"after": "08:00", "before": "18:00", "zone": "Europe/Berlin"}, "2026-06-29T06:00:00+00:00", True),  # summer
        ({"days": ["sat", "sun"]}, "2026-11-29T12:00:00+00:00", True),
        ({"days": "mon", "zone": "Pacific/Auckland"}, "2026-11-29T12:00:00+00:00", True),
        ({"days": ["sat"]}, "2026-11-29T12:00:00+00:00", False),
        ({"after": "9:30"}, "2026-11-29T09:30:00+00:00", True),
        ({"after": 1_080}, "2026-11-29T17:59:00+00:00", False),  # an unquoted 18:00, as YAML reads it
        ({"after": "18:00"}, None, False),
    ],
)
def test_a_time_of_day_is_that_of_its_zone_and_may_pass_midnight(hours: dict[str, Any], at: str, fits: bool) -> None:
    when = HoursCondition.model_validate(hours)
    assert when.fits(None if at is None else datetime.fromisoformat(at)) is fits


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("hours: {}", "names no time"),
        ("hours: {after: '25:00'}", "after"),
        ("hours: {after: '08:00', before: '08:00'}", "no time is from"),
        ("hours: {after: '08:00', zone: Mars/Olympus}", "not a time zone"),
        ("hours: {days: [monday]}", "days"),
        ("tokens: {over: 5}", "target"),
        ("tokens: {over: 5, target: b}", "unknown target 'b'"),
        ("tokens: {target: a}", "no bound"),
    ],
)
def test_a_condition_that_cannot_be_judged_is_refused(when: str, said: str) -> None:
    rules = f"rules: [{{id: r, when: {{{when}}}, route: human_review}}]"
    text = f"targets: {{a: {{model: a}}}}\n{rules}\ndefault: {{route: refuse}}\n"
    with pytest.raises(ConfigError, match=said):
        read_routing(text)


def test_a_rule_on_tokens_or_hours_hides_only_what_it_covers_itself() -> None:
    def file(first: str, second: str) -> str:
        rules = (
            f"rules: [{{id: x, when: {{{first}}}, route: human_review}}, {{id: y, when: {{{second}}}, route: refuse}}]"
        )
        return f"targets: {{a: {{model: a}}, b: {{model: b}}}}\n{rules}\ndefault: {{route: refuse}}\n"

    many, more, other = "tokens: {over: 5, target: a}", "tokens: {over: 9, target: a}", "tokens: {over: 9, target: b}"
    with pytest.raises(ConfigError, match="never reached"):
        read_routing(file(many, more))
    for first, second in ((more, many), (many, other), (many, "tags: x"), ("hours: {after: '08:00'}", "tags: x")):
        read_routing(file(first, second))


def test_what_calls_no_model_has_nothing_to_redact() -> None:
    with pytest.raises(ConfigError, match="nothing to redact"):
        read_routing("default: {route: human_review, redact: true}\n")
