"""``milo-bench suite check``: a suite in, its errors and warnings out."""

from __future__ import annotations

from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG
from milo_bench.cli.printing import count_noun, print_json, say


@click.command("check")
@click.argument("name", metavar="SUITE")
@click.option(
    "--policy", type=click.Path(path_type=Path), is_flag=False, flag_value="", metavar="[FILE]",
    help="Name gates that too few fixtures can decide.",
)  # fmt: skip
@click.option("--targets", type=click.IntRange(1, 10_000), default=1, show_default=True, help="Targets compared.")
@JSON_FLAG
def suite_check(name: str, policy: Path | None, targets: int, as_json: bool) -> int:
    """Check a suite for errors and warnings. Exits 2 if it cannot run."""
    problems = list(api.check_suite(name))
    if policy is not None and all(problem.severity != "error" for problem in problems):
        problems += api.check_gates(name, None if str(policy) in ("", ".") else policy, targets=targets)
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
