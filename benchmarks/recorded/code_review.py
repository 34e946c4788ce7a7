"""Pull requests with golden comments, the comments of review tools and judges' matches in; precision and recall out."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.recorded.data import rows
from milo_bench.core.records import Interval
from milo_bench.grade.matched_comments import MatchedComments, count_matches
from milo_bench.stats.intervals import clustered_wilson

_RESULT = re.compile(r"results/([^/]+)/evaluations\.json$")


def report(path: Path) -> int:
    """Print the figures; how many promises are broken."""
    golden: dict[str, list[str]] = {}
    judged: dict[str, dict[str, dict[str, MatchedComments]]] = {}
    skipped = 0
    for row in rows(path):
        file, data = row["file"], row["data"]
        if "golden_comments/" in file:
            golden |= {pull["url"]: [one["comment"] for one in pull["comments"]] for pull in data}
        elif found := _RESULT.search(file):
            of_tool: dict[str, dict[str, MatchedComments]] = defaultdict(dict)
            for url, tools in data.items():
                for tool, said in tools.items():
                    if said.get("skipped"):
                        skipped += 1
                        continue
                    of_tool[tool][url] = _matched(said)
            judged[found[1]] = of_tool
    tools = sorted({tool for of_tool in judged.values() for tool in of_tool})
    comments = sum(map(len, golden.values()))
    print(f"\ncode review: {len(tools)} tools on {len(golden)} pull requests with {comments} golden comments")
    print(f"  matches of {len(judged)} judges: {', '.join(sorted(judged))}. Intervals are of pull requests as clusters")
    print(f"  {'tool':<22} {'pull requests':>13} {'precision':>22} {'recall':>22} {'moved by the judge':>22}")
    for tool in tools:
        by_judge = [(_rate(of[tool], "precision"), _rate(of[tool], "recall")) for of in judged.values() if tool in of]
        pooled = [one for of in judged.values() if tool in of for one in of[tool].items()]
        pulls = len({url for url, _ in pooled})
        precision, recall = _pooled(pooled, "precision"), _pooled(pooled, "recall")
        moved = [max(values) - min(values) for values in zip(*by_judge, strict=True)]
        print(
            f"  {tool:<22} {pulls:>13} {_shown(*precision):>22} {_shown(*recall):>22} "
            f"{f'{moved[0] * 100:.1f} / {moved[1] * 100:.1f} points':>22}"
        )
    if skipped:
        print(f"  {skipped} reviews were skipped by the set's authors and are left out")
    print(
        "  precision: comments that match a golden one. recall: golden comments that are matched. Both over all judges,"
    )
    print("  the last column is how far the highest and the lowest judge are apart, precision / recall")
    return 0


def _matched(said: dict[str, Any]) -> MatchedComments:
    pairs = [(one["golden_comment"], one["matched_candidate"]) for one in said["true_positives"]]
    golden = [one for one, _ in pairs] + [one["golden_comment"] for one in said["false_negatives"]]
    given = [other for _, other in pairs] + [one["candidate"] for one in said["false_positives"]]
    return count_matches(golden, given, pairs)


def _parts(one: MatchedComments, what: str) -> tuple[int, int]:
    return (one.right, one.given) if what == "precision" else (one.found, one.golden)


def _rate(of_pull: dict[str, MatchedComments], what: str) -> float:
    held, asked = np.array([_parts(one, what) for one in of_pull.values()]).sum(axis=0)
    return float(held / asked) if asked else 0.0


def _pooled(pooled: list[tuple[str, MatchedComments]], what: str) -> tuple[float, Interval | None]:
    """The rate over all judges; a pull request is one cluster, whoever judged it."""
    sums: dict[str, np.ndarray[Any, Any]] = defaultdict(lambda: np.zeros(2))
    judges = max(1, round(len(pooled) / max(1, len({url for url, _ in pooled}))))
    for url, one in pooled:
        sums[url] += np.array(_parts(one, what)) / judges
    both = np.array([pair for pair in sums.values() if pair[1]])
    if not len(both):
        return 0.0, None
    return float(both[:, 0].sum() / both[:, 1].sum()), clustered_wilson(both[:, 0], both[:, 1])


def _shown(value: float, interval: Interval | None) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return f"{value:.1%}"
    return f"{value:.1%} ({interval.low:.1%}–{interval.high:.1%})"
