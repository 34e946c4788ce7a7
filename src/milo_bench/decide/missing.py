"""Evidence and policy in, a sentence out for each thing that a reader would look for and not find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from milo_bench.config.policy.file import PolicyFile
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.silver import said_of_labels
from milo_bench.decide.records import Candidate, Finding, LinkedText
from milo_bench.decide.wording import join_words, sentence_case
from milo_bench.guards.languages.names import language_name
from milo_bench.stats.cases.columns import UNJUDGED


def missing_evidence(
    policy: PolicyFile,
    evidence: Evidence,
    judged: Mapping[tuple[str, str], Candidate],
    figures: Figures,
    *,
    economics: bool,
    findings: Sequence[Finding] = (),
) -> tuple[LinkedText, ...]:
    """What a reader would look for and not find, each as a sentence; ``judged`` by workload and target."""
    found: list[LinkedText] = [
        *_unfinished(evidence, figures),
        *_tagged(evidence),
        *_repeated(evidence, figures),
        *_workloads(policy, evidence, judged),
        *_baseline(policy, evidence),
        *_unjudged(evidence, figures),
        *_one_look(policy, evidence, findings),
        *_silver(evidence, judged, figures),
    ]
    local = sorted({target for _, target in judged})
    probed = {one.result.target for one in evidence.probes}
    loaded = {window.target for _, window in evidence.load}
    for names, what in (
        ([name for name in local if name not in probed], "Not probed:"),
        ([name for name in local if name not in loaded], "Not load-tested:"),
    ):
        if names:
            found.append((f"{what} {join_words(names)}.",))
    if any(one.from_gold for one in evidence.labels.values()):
        found.append(("The labels of answers follow from planted truth. No person gave them.",))
    if judged and not evidence.reviews:
        found.append(("No reviewer has scored a sample of the answers.",))
    if not economics:
        found.append(("No economics.yaml was given, so nothing is costed.",))
    found += [
        (f"{log.path} is from an older version: {what.rstrip('.')}.",) for log in evidence.logs for what in log.unknown
    ]
    found += [(f"In {log.path}, {what}.",) for log in evidence.logs for what in log.cached or ()]
    found += _unread(evidence, figures)
    if any(log.store_text == "hashes" for log in evidence.logs):
        found.append(("A log stores hashes instead of texts, so it has no examples.",))
    if any(log.inventory and log.inventory not in evidence.inventories for log in evidence.logs):
        why = "no inventory was given" if not evidence.inventories else "the inventory given is of another machine"
        found.append((f"A run's machine is known only by its fingerprint, because {why}.",))
    return tuple(found)


def _silver(evidence: Evidence, judged: Mapping[tuple[str, str], Candidate], figures: Figures) -> Iterator[LinkedText]:
    """The workloads whose labels no person gave, and how far a sample of them was confirmed."""
    for workload in sorted({workload for workload, _ in judged}):
        if said := said_of_labels(workload, evidence.silver.get(workload), figures):
            first, *rest = said
            yield (sentence_case(str(first)), *rest, f". Pass rates of {workload} rest on them.")


def _unread(evidence: Evidence, figures: Figures) -> list[LinkedText]:
    """The logs with rows that are no records, how many, and where the first one is."""
    found: list[LinkedText] = []
    for number, log in enumerate(evidence.logs, start=1):
        if not log.unread:
            continue
        count = figures.count(
            f"log/{number}/unread", "rows that cannot be read", len(log.unread), key="unread", of=log.path
        )
        line = figures.count(
            f"log/{number}/first_unread", "line of the first one", log.unread[0].line, key="first_unread", of=log.path
        )
        rows = "row that cannot be read and is" if len(log.unread) == 1 else "rows that cannot be read and are"
        where = ": line " if len(log.unread) == 1 else ", from line "
        found.append(
            (f"The run log {log.path} has ", figures.ref(count), f" {rows} left out{where}", figures.ref(line), ".")
        )
    return found


def _unfinished(evidence: Evidence, figures: Figures) -> list[LinkedText]:
    found: list[LinkedText] = []
    played = {run.name for run in evidence.operators.runs}
    for number, log in enumerate(evidence.logs, start=1):
        if log.complete and log.attempted >= log.planned:
            continue
        what = "episodes" if log.path in played else "attempts"
        attempted = figures.count(
            f"log/{number}/attempted", f"{what} in the log", log.attempted, key="attempted", of=log.path
        )
        planned = figures.count(f"log/{number}/planned", f"{what} planned", log.planned, key="planned", of=log.path)
        found.append(
            (
                f"The run log {log.path} is incomplete: ",
                figures.ref(attempted),
                " of ",
                figures.ref(planned),
                f" {what}.",
            )
        )
    return found


def _tagged(evidence: Evidence) -> list[LinkedText]:
    """The logs whose fixtures were chosen by tag: what holds of those may not hold of the rest."""
    return [
        (
            f"The run log {log.path} has only fixtures with the tag {join_words(log.tags, 'or')}. "
            "Nothing is known of the others.",
        )
        for log in evidence.logs
        if log.tags
    ]


def _repeated(evidence: Evidence, figures: Figures) -> list[LinkedText]:
    """The logs that were not the first of their work, and whose earlier ones are not part of the decision."""
    found: list[LinkedText] = []
    decided = {log.run_id for log in evidence.logs}
    for number, log in enumerate(evidence.logs, start=1):
        others = [run_id for run_id in log.earlier or () if run_id not in decided]
        if not others:
            continue
        count = figures.count(f"log/{number}/earlier", "earlier runs left out", len(others), key="earlier", of=log.path)
        runs = "earlier run of its targets was" if len(others) == 1 else "earlier runs of its targets were"
        found.append(
            (
                f"When {log.path} began, ",
                figures.ref(count),
                f" {runs} in its folder and not in this decision. No interval covers a choice among runs.",
            )
        )
    return found


def _one_look(policy: PolicyFile, evidence: Evidence, findings: Sequence[Finding]) -> list[LinkedText]:
    """How to add the fixtures that a decision advises: to add some and decide again is a second look."""
    gates = [gate for finding in findings for gate in finding.gates if gate.candidate not in evidence.looked_at]
    if policy.looks == "any" or not any(gate.further for gate in gates):
        return []
    return [
        (
            "The policy allows a single look at a run. Judge more fixtures in a new run of their own, or set "
            "looks: any before the first decision. Adding to this run and deciding again makes a wrong keep more "
            "likely.",
        )
    ]


def _unjudged(evidence: Evidence, figures: Figures) -> list[LinkedText]:
    """Checks that could not judge answers which they were asked to judge."""
    found: list[LinkedText] = []
    for candidate, cases in evidence.cases.items():
        for check, column in cases.held.items():
            unjudged = int((column == UNJUDGED).sum())
            if not unjudged:
                continue
            place = f"unjudged/{candidate.text}/{check}"
            figures.count(place, f"answers unjudged by {check}", unjudged, key=f"unjudged {check}", of=candidate.text)
            of = figures.count(
                f"{place}/of", f"attempts, {check}", len(cases), key=f"attempts {check}", of=candidate.text
            )
            found.append(
                (
                    f"The check {check} could not judge ",
                    figures.ref(place),
                    " of ",
                    figures.ref(of),
                    f" attempts of {candidate.workload} on {candidate.target}{_language(evidence, candidate, check)}. "
                    "They count neither as passed nor as failed.",
                )
            )
    return found


def _language(evidence: Evidence, candidate: Candidate, check: str) -> str:
    language = evidence.unread.get((candidate.workload, check), "")
    return f", because it does not read {language_name(language)}" if language else ""


def _workloads(policy: PolicyFile, evidence: Evidence, judged: Mapping[tuple[str, str], Candidate]) -> list[LinkedText]:
    found: list[LinkedText] = []
    measured = {candidate.workload for candidate in evidence.cases}
    for name in policy.workloads:
        if name not in measured:
            found.append((f"The policy covers {name}, which was not run.",))
    for name in sorted(measured - policy.workloads.keys()):
        found.append((f"The policy does not cover {name}, so it is not judged.",))
    for (workload, target), candidate in judged.items():
        wanted = policy.workloads[workload].decide_on
        if (candidate.variant, candidate.decoding) != (wanted.variant, wanted.decoding):
            name = wanted.variant or "the default variant"
            what = f"{name} and {wanted.decoding} decoding"
            instead = candidate.variant or "the default variant"
            found.append(
                (
                    f"{workload} on {target} was judged with {instead} and {candidate.decoding} decoding, "
                    f"because {what} were not run.",
                )
            )
    return found


def _baseline(policy: PolicyFile, evidence: Evidence) -> list[LinkedText]:
    if not policy.workloads:  # operator work alone, which is compared with no model
        return []
    if not policy.baseline:
        hosted = sorted(name for name, record in evidence.targets.items() if record.hosted)
        if len(hosted) > 1:
            return [
                (f"None of {join_words(hosted)} is named as the baseline, so local targets are not compared with one.",)
            ]
        return [("No hosted baseline was run, so local targets are not compared with one.",)]
    if not any(candidate.target == policy.baseline for candidate in evidence.cases):
        return [(f"The baseline {policy.baseline} was not run, so local targets are not compared with it.",)]
    return []
