"""``milo-bench suite check``: a suite in, its errors and warnings out."""

from __future__ import annotations

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG
from milo_bench.cli.printing import count_noun, print_json, say


@click.command("check")
@click.argument("name", metavar="SUITE")
@JSON_FLAG
def suite_check(name: str, as_json: bool) -> int:
    """Check a suite for errors and warnings. Exits 2 if it cannot run."""
    problems = api.check_suite(name)
    errors = [problem for problem in problems if problem.severity == "error"]
    if as_json:
        print_json({"suite": name, "usable": not errors, "problems": [_record(problem) for problem in problems]})
    else:
        for problem in problems:
            say(f"{problem.severity}: {problem}.")
            if problem.hint:
                say(f"  hint: {problem.hint}")
        doubts = len(problems) - len(errors)
        say(f"{name}: {count_noun(len(errors), 'error')}, {count_noun(doubts, 'warning')}.")
    say_next(
        f"milo-bench suite check {name}" if errors else f"milo-bench run --suite {name} --models NAME --out RUN.jsonl"
    )
    return 2 if errors else 0


def _record(problem: api.Problem) -> dict[str, str]:
    return {
        "where": problem.where,
        "what": problem.what,
        "hint": problem.hint,
        "severity": problem.severity,
    }
