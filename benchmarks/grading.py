"""Fresh extraction fixtures in, how many recorded attempts a second one core grades out, as one JSON line.

Answers are made from the gold: right, fenced, with a wrong date, with a quote that is not there,
cut in the middle, and with everything null; so that every path of the checks is walked. Each is
graded once: fixtures come from as many seeds as it takes, so no cache makes the figure better.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings
from milo_bench.grade.engine import grade_attempt
from milo_bench.suites import load_suite
from milo_bench.suites.generator import GENERATORS

_WARM_UP = 420  # all answers to one seed's fixtures


def gold(fixture: Fixture) -> dict[str, Any]:
    """The right answer, with the quotes that the gold spans cut out of the document."""
    document = fixture.input["document"]
    spans = {field: document[start:end] for field, (start, end) in fixture.expect["spans"].items()}
    return {**fixture.expect["fields"], "source_spans": spans}


def answers(fixture: Fixture) -> Iterator[str]:
    right = gold(fixture)
    yield json.dumps(right)
    yield f"Here it is:\n```json\n{json.dumps(right, indent=2)}\n```"
    yield json.dumps({**right, "received_date": "1999-01-02"})
    yield json.dumps({**right, "source_spans": {**right["source_spans"], "claimant_name": "Nobody At All"}})
    text = json.dumps(right)
    yield text[: len(text) // 2]
    yield json.dumps(dict.fromkeys(right) | {"case_id": right["case_id"], "source_spans": {}})


def _attempt(fixture: Fixture, output: str) -> Attempt:
    return Attempt(AttemptKey(fixture.id, "recorded"), "", Timings(0.0, 0.0, 1.0), output=output)


def main() -> None:
    count = int(sys.argv[1])
    suite = load_suite("case_ops_v1")
    workload = suite.workloads["extraction"]
    generate = GENERATORS.get("case_ops_v1")["fixtures/extraction.jsonl"]
    recorded: list[tuple[Fixture, Attempt]] = []
    for seed in itertools.count(1):
        if len(recorded) >= count + _WARM_UP:
            break
        for fixture in generate(seed, suite.root):
            if fixture.workload == "extraction":
                recorded += [(fixture, _attempt(fixture, output)) for output in answers(fixture)]
    # What is read only once in a process (regular expressions, schema, languages) is no cost of an attempt.
    for fixture, attempt in recorded[:_WARM_UP]:
        grade_attempt(workload, fixture, attempt)
    passed = 0
    measured = recorded[_WARM_UP : _WARM_UP + count]
    began_s = time.process_time()
    for fixture, attempt in measured:
        passed += grade_attempt(workload, fixture, attempt).passed is True
    spent_s = time.process_time() - began_s
    print(json.dumps({"n": len(measured), "passed": passed, "attempts_per_s": count / spent_s}))


if __name__ == "__main__":
    main()
