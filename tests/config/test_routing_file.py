"""routing.yaml: what can be said, what is refused and how, and that it reads back."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from milo_bench.config.routing.file import ROUTING_FILE, load_routing, read_routing
from milo_bench.config.routing.rule import RUNTIME_CHECKS
from milo_bench.config.schema import file_schema
from milo_bench.core.errors import ConfigError

# The rules of the mission's two samples, as a person would write them.
MISSION = """
title: Northstar Claims and the case team
targets:
  local_8b: {model: "llama3.1:8b-instruct-q4", model_digest: "sha256:aa"}
  local_14b: {model: "qwen:14b"}
  hosted_a: {model: baseline, hosted: true}
rules:
  - {id: not-ready, when: {target_health: {local_8b: [down, degraded]}}, route: human_review}
  - {id: keyword-risk, when: {workload: escalation, keywords: any}, route: human_review}
  - {id: wary, when: {workload: escalation, local_label: [watch, escalate]}, route: human_review, finding: F-2}
  - {id: routine, when: {workload: escalation}, route: local, target: local_8b, queue: routine_queue}
  - {id: long, when: {workload: packet_summary, words: {over: 7500}}, route: hosted, target: hosted_a}
  - {id: conflict, when: {workload: timeline, tags: [contradictory_status]}, route: human_review}
  - {id: unfounded, when: {workload: extraction, failed_checks: [schema, source_spans]}, route: human_review,
     queue: manual_queue, why: no retry loops that hide instability}
  - {id: extract, when: {workload: extraction}, route: local, target: local_8b, decoding: constrained}
  - {id: drafts, when: {workload: drafting}, route: mixed, target: local_14b, verifier: hosted_a,
     guardrails: [citation_coverage, banned_commitments], limits: {max_words: 900, concurrency: 4, timeout_s: 90},
     fallback: {route: human_review}}
default: {route: refuse, why: nobody measured this work}
"""


def test_the_rules_of_the_mission_can_be_said_and_read_back() -> None:
    file = read_routing(MISSION)
    again = read_routing(file.to_yaml())
    assert again.data() == file.data()
    assert [rule.id for rule in again.rules] == [rule["id"] for rule in yaml.safe_load(MISSION)["rules"]]


def test_each_rule_is_preceded_by_what_it_is_for() -> None:
    text = read_routing(MISSION).to_yaml()
    assert "# If the work is packet_summary, and the input is over 7500 words, it is answered by hosted_a." in text
    assert "# If the work is escalation, and the local model says watch or escalate, it goes to human review." in text
    assert "no retry loops that hide instability" in text
    assert "# Everything else is refused." in text


def test_a_comment_stays_one_comment_whatever_the_text_holds() -> None:
    text = MISSION.replace("no retry loops that hide instability", '"x\\ndefault: {route: local}\\u2028y: 1"')
    file = read_routing(text)
    assert read_routing(file.to_yaml()).data() == file.data()


def test_the_published_schema_takes_what_the_reader_takes() -> None:
    schema = file_schema(ROUTING_FILE)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(read_routing(MISSION).data())), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"rules": []}, schema)


def test_no_check_that_needs_the_right_answer_counts_as_known_at_run_time() -> None:
    gold = {"exact_fields", "null_when_missing", "current_status", "key_facts", "missing_documents"}
    gold |= {"document_reviewed", "escalation"}
    gold |= {"unresolved_request", "conflict_bypassed"}
    gold |= {"numeric"}
    gold |= {"coder_tests", "draft_grounded", "reason_answer", "review_verdict"}  # roles: what the commit did
    gold |= {"multiple_choice", "record_list", "tool_call"}
    gold |= {"assertions", "all_assertions"}  # a fixture's own list, which may state the right answer
    gold |= {"judged"}  # needs a recorded verdict
    from milo_bench.grade import checks  # noqa: F401  the import registers them
    from milo_bench.grade.base import CHECKS

    known = {name for name, _ in CHECKS}
    assert set(RUNTIME_CHECKS) <= known
    assert known - set(RUNTIME_CHECKS) == gold, "say of a new check whether it can be known without the right answer"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("rules: []", "'default' is missing", "default: {route: human_review}"),
        ("default: {route: human_reviw}", "line 1: default.route is 'human_reviw'", "Did you mean 'human_review'?"),
        ("default: {route: local}", "route local needs a target", ""),
        ("default: {route: refuse, target: a}", "calls no model", ""),
        ("default: {route: local, target: loca}\ntargets: {local: {model: m}}", "'loca'", "Did you mean 'local'?"),
        ("default: {route: hosted, target: a}\ntargets: {a: {model: m}}", "that target is local", "hosted: true"),
        ("default: {route: mixed, target: a}\ntargets: {a: {model: m}}", "a verifier is needed", ""),
        ("default: {route: refuse, guardrail: 1}", "unknown setting 'default.guardrail'", "Did you mean 'guardrails'"),
        ("default: {route: refuse}\npath: x", "line 2: unknown setting 'path'", ""),
        ("default: {route: refuse}\ndefault: {route: refuse}", "duplicate key", ""),
        ("[1", "routing.yaml", "indentation"),
        ("", "the file is empty", "start it with"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_write(text: str, said: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_routing(text)
    assert said in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (
            "[{id: a, when: {failed_checks: [exact_fields]}, route: refuse}]",
            "cannot be known while an answer is served",
        ),
        ("[{id: a, when: {words: {over: 5, under: 6}}, route: refuse}]", "no number of words is over 5 and under 6"),
        ("[{id: a, when: {tags: []}, route: refuse}]", "an empty list matches nothing"),
        ("[{id: a, when: {keywords: litigatin}, route: refuse}]", "is 'litigatin'"),
        ("[{id: a, when: {tags: x}, route: refuse}, {id: a, when: {tags: y}, route: refuse}]", "two rules are called"),
        ("[{id: a, when: {local_label: watch}, route: human_review}]", "no rule below it calls a model"),
        ("[{id: a, route: refuse}, {id: b, when: {tags: x}, route: human_review}]", "'b' is never reached: 'a'"),
        (
            "[{id: a, when: {words: {over: 10}}, route: refuse}, {id: b, when: {words: {over: 20}}, route: refuse}]",
            "'b' is never reached",
        ),
        (
            "[{id: a, when: {keywords: any}, route: refuse}, {id: b, when: {keywords: threat}, route: human_review}]",
            "'b' is never reached",
        ),
        (
            "[{id: a, when: {tags: x}, route: refuse}, {id: b, when: {tags: x}, route: human_review}]",
            "'b' contradicts 'a': the same cases go to human_review and refuse",
        ),
        ("[{id: a, when: {tags: x}, route: refuse}, {id: b, when: {tags: x}, route: refuse}]", "repeats 'a'"),
        ("[{id: a, when: {sensitive: true}, route: hosted, target: h}]", "sends sensitive cases to a hosted target"),
        ("[{id: a, when: {target_health: {x: down}}, route: refuse}]", "uses the health of the unknown target"),
        ("[{id: a, when: {tags: x}, route: mixed, target: l, verifier: l}]", "cannot verify itself"),
    ],
)
def test_rules_that_contradict_or_cannot_be_reached_are_named(rules: str, said: str) -> None:
    targets = "targets: {l: {model: m}, h: {model: m, hosted: true}}"
    with pytest.raises(ConfigError) as caught:
        read_routing(f"{targets}\ndefault: {{route: refuse}}\nrules: {rules}\n")
    assert said in caught.value.message


def test_a_wider_rule_may_follow_a_narrower_one() -> None:
    rules = "[{id: a, when: {words: {over: 20}}, route: refuse}, {id: b, when: {words: {over: 10}}, route: refuse}]"
    assert len(read_routing(f"default: {{route: refuse}}\nrules: {rules}").rules) == 2


def test_rules_are_void_for_a_target_with_other_weights() -> None:
    file = read_routing(MISSION)
    assert file.changed_targets({"local_8b": "sha256:bb", "local_14b": "sha256:cc"}) == ("local_8b",)
    assert file.changed_targets({"local_8b": "sha256:aa"}) == ()


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_routing(tmp_path / "routing.yaml")
