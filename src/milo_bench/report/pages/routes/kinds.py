"""A decision in, which kinds of work a model here is good for and which not out, down to kinds of cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from milo_bench.config.policy.measures import split_slice
from milo_bench.config.routing.use_names import workload_of
from milo_bench.decide.records import Decision, Finding, LinkedText, Ref
from milo_bench.decide.wording import join_words
from milo_bench.report.pages.views import column_title, workload_title

_MOST_KINDS: Final = 2
_TAG: Final = "tag="


def work_kinds(decision: Decision) -> tuple[tuple[str, LinkedText], ...]:
    """Each group of work with what is in it; groups that are empty are left out."""
    groups: dict[str, list[str]] = {}
    for finding in decision.chosen:
        groups.setdefault(_group(finding), []).append(workload_title(decision, finding.workload))
    order = ("Good for a model here", "Undecided", "Better hosted", "Better kept by people")
    found: list[tuple[str, LinkedText]] = [(name, (join_words(groups[name]),)) for name in order if name in groups]
    worse = list(_worse(decision))[:_MOST_KINDS]
    found += [("Cases that go wrong more often than the rest", text) for text in worse]
    return tuple(found)


def _group(finding: Finding) -> str:
    if finding.kind in ("keep", "fix"):
        return "Good for a model here"
    if finding.shown_kind == "undecided":
        return "Undecided"
    return "Better hosted" if finding.route == "hosted" else "Better kept by people"


def _worse(decision: Decision) -> Iterator[LinkedText]:
    """Tags of fixtures whose whole interval of right answers is below that of all, the worst first."""
    seen: set[tuple[str, str, str]] = set()
    found: list[tuple[float, LinkedText]] = []
    for finding in decision.chosen:
        of = finding.candidate
        whole = decision.figures.get(f"measure/{of.text}/pass_rate")
        if whole is None or whole.low is None:
            continue
        for id in decision.measures.get(of.text, ()):
            figure = decision.figures[id]
            name, _, slice = figure.source.key.removesuffix("]").partition("[")
            if name != "pass_rate" or not slice.startswith(_TAG) or len(split_slice(slice)) > 1:
                continue
            key = (workload_of(of.workload), column_title(of), slice)
            if key in seen or figure.high is None or figure.value is None or figure.high >= whole.low:
                continue
            seen.add(key)
            tag = slice.removeprefix(_TAG).replace("_", " ").replace(":", ": ")
            title = workload_title(decision, of.workload)
            found.append((figure.value, (f"{title} on {of.target}, {tag}, ", Ref(id, whole=True), " right")))
    yield from (text for _, text in sorted(found, key=lambda pair: pair[0]))
