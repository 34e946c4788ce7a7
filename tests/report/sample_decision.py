"""A decision made by hand, for tests of what shows it: nothing was measured, every kind of thing is in it.

Two workloads, two local targets and a hosted baseline; findings of all kinds, gates of all
outcomes, two replays, load windows, probes and the shipped business case of the claims sample.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from milo_bench.config.economics.file import example_path, load_economics
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Measure, Span, SuiteRef
from milo_bench.core.version import __version__
from milo_bench.decide.figures import Figures
from milo_bench.decide.money.figures import add_business_figures
from milo_bench.decide.records import (
    DECISION_SCHEMA,
    Candidate,
    Choice,
    ConfusionTable,
    Decision,
    ErrorShare,
    Example,
    Figure,
    Finding,
    GateResult,
    KeptFile,
    LinkedText,
    LogRef,
    Ref,
    Remedy,
    Replay,
    Source,
)
from milo_bench.economics import make_case
from milo_bench.stats.intervals import wilson
from tests.report.sample_operations import (
    HOSTED,
    LARGE,
    LOAD_LOG,
    POLICY,
    SMALL,
    sample_backlog,
    sample_load,
    sample_probes,
    sample_routing,
    sample_targets,
)

LOG = "runs/claims.jsonl"
LABELS = ("routine", "watch", "escalate")


def sample_decision() -> Decision:
    """The decision. The same every time."""
    return _Maker().decision()


class _Maker:
    def __init__(self) -> None:
        self.figures = Figures()
        self.measures: dict[str, list[str]] = {}

    def rate(self, candidate: Candidate, name: str, k: int, n: int, slice: str = "", id: str = "") -> str:
        measure = Measure(
            name, candidate.workload, candidate.target, k / n, "share", n, slice, wilson(k, n), k, candidate.decoding
        )
        made = self.figures.measure(candidate, measure, id=id)
        if not id:
            self.measures.setdefault(candidate.text, []).append(made)
        return made

    def amount(self, candidate: Candidate, name: str, value: float, low: float, high: float, unit: str, n: int) -> str:
        made = self.figures.add(
            Figure(
                f"measure/{candidate.text}/{name}",
                name,
                value,
                unit,
                Source("measure", name, candidate.text),
                n=n,
                low=low,
                high=high,
                confidence=0.95,
                method="order statistics",
            )
        )
        self.measures.setdefault(candidate.text, []).append(made)
        return made

    def bound(self, id: str, value: float, unit: str = "share") -> str:
        return self.figures.stated(f"policy/{id}", f"bound of {id}", value, unit, Source("policy", id, "policy.yaml"))

    def gate(
        self,
        id: str,
        candidate: Candidate,
        key: tuple[str, str],
        figure: str,
        bound: str,
        outcome: Any,
        *,
        at_most: bool = False,
        safety: bool = False,
        baseline: bool = False,
        further: str = "",
    ) -> GateResult:
        sides = ("at or below", "above") if at_most else ("at or above", "below")
        says = {"pass": f", clearly {sides[0]} ", "fail": f", clearly {sides[1]} "}
        reason: LinkedText = (
            f"{key[0]} is ",
            Ref(figure, whole=True),
            says.get(outcome, ", whose interval includes "),
            Ref(bound),
        )
        return GateResult(
            f"{id}/{candidate.text}",
            candidate,
            *key,
            "at_most" if at_most else "at_least",
            "baseline" if baseline else "bound",
            safety,
            figure,
            bound,
            outcome,
            reason,
            further,
        )

    def escalation(self) -> tuple[list[Finding], list[Replay], list[ErrorShare], list[ConfusionTable], list[Example]]:
        small, large, hosted = (Candidate("escalation", target) for target in (SMALL, LARGE, HOSTED))
        counts = {
            SMALL: ((640, 30, 10), (20, 110, 10), (12, 12, 156)),
            LARGE: ((655, 20, 5), (16, 114, 10), (3, 5, 172)),
            HOSTED: ((660, 15, 5), (12, 120, 8), (2, 4, 174)),
        }
        recall: dict[str, str] = {}
        accuracy: dict[str, str] = {}
        latency: dict[str, str] = {}
        confusions, shares = [], []
        times = {SMALL: (0.9, 1.4, 1.9), LARGE: (1.8, 3.1, 4.4), HOSTED: (0.7, 1.2, 2.0)}
        for candidate in (small, large, hosted):
            table = counts[candidate.target]
            right = sum(table[i][i] for i in range(3))
            self.rate(candidate, "pass_rate", right, 1000)
            accuracy[candidate.target] = self.rate(candidate, "accuracy", right, 1000)
            for row, label in enumerate(LABELS):
                made = self.rate(candidate, "recall", table[row][row], sum(table[row]), f"class={label}")
                recall[candidate.target] = made  # escalate comes last
            p50, p95, top = times[candidate.target]
            self.amount(candidate, "latency_p50_s", p50, p50 * 0.95, p50 * 1.05, "s", 1000)
            latency[candidate.target] = self.amount(candidate, "latency_p95_s", p95, p95 * 0.92, top, "s", 1000)
            cost = 0.011 if candidate.target == HOSTED else 0.0
            self.amount(candidate, "cost_usd_mean", cost, cost * 0.97, cost * 1.03, "USD", 1000)
            self.rate(candidate, "failure_rate", 3, 1000)
            ids = tuple(
                tuple(
                    self.figures.count(
                        f"confusion/{candidate.text}/{want}/{got}",
                        f"{want} answered as {got}",
                        table[i][j],
                        key=f"{want} as {got}",
                        of=candidate.text,
                    )
                    for j, got in enumerate(LABELS)
                )
                for i, want in enumerate(LABELS)
            )
            confusions.append(ConfusionTable(candidate, LABELS, ids))
            wrong = table[2][0] + table[2][1]
            shares.append(self.error(candidate, "label", "missed_escalation", wrong, 1000, ("ex-1",)))
            shares.append(self.error(candidate, "label", "wrong_label", 1000 - right - wrong, 1000))
        floor, margin = self.bound("escalation.recall", 0.85), self.bound("escalation.accuracy_margin", 0.926)
        quick = self.bound("escalation.latency_p95_s", 5.0, "s")
        further = self.figures.count("further/escalation", "more fixtures to decide", 420, key="further", of=SMALL)
        key, good = ("recall", "class=escalate"), ("accuracy", "")
        gates_small = (
            self.gate("recall_escalate", small, key, recall[SMALL], floor, "undecided", safety=True, further=further),
            self.gate("accuracy", small, good, accuracy[SMALL], margin, "fail", baseline=True),
            self.gate("latency", small, ("latency_p95_s", ""), latency[SMALL], quick, "pass", at_most=True),
        )
        gates_large = (
            self.gate("recall_escalate", large, key, recall[LARGE], floor, "pass", safety=True),
            self.gate("accuracy", large, good, accuracy[LARGE], margin, "pass", baseline=True),
            self.gate("latency", large, ("latency_p95_s", ""), latency[LARGE], quick, "pass", at_most=True),
        )
        replays = self.replays(small)
        remedy: LinkedText = (
            "with the rule, recall is ",
            Ref("replay/keyword/recall", whole=True),
            " and ",
            Ref("replay/keyword/automated_share"),
            " of notes are automated",
        )
        findings = [
            Finding(
                "F1",
                "escalation",
                SMALL,
                small,
                "fix",
                "fix_with_replayed_remedy",
                "mixed",
                (gates_small[0].reason, gates_small[1].reason),
                gates_small,
                (
                    Remedy("keyword_rule", "Keyword rule that the model cannot override", remedy, "R1"),
                    Remedy("human_review", "Watch and escalate to human review", ("staff decide",), "R1"),
                ),
                (
                    (
                        "About ",
                        Ref(further, "about"),
                        " more fixtures to decide recall of escalate, if the estimate holds",
                    ),
                ),
            ),
            Finding(
                "F2",
                "escalation",
                LARGE,
                large,
                "keep",
                "keep_when_all_gates_pass",
                "local",
                tuple(gate.reason for gate in gates_large),
                gates_large,
                (),
                (("Recall of escalate undecided, or below ", Ref(floor), ", on a new run"),),
            ),
        ]
        example = Example(
            "ex-1",
            small,
            "label",
            "missed_escalation",
            f"note-0412/{SMALL}/0/free",
            "An escalation was answered as routine.",
            "escalate",
            "routine",
            "Caller says her solicitor will write to the regulator.\nNo injuries.",
            '{"label": "routine"}',
            (Span("output", 11, 18, "label"), Span("input.note", 16, 53, "keyword")),
            "full",
        )
        return findings, replays, shares, confusions, [example]

    def error(
        self, candidate: Candidate, check: str, category: str, k: int, n: int, examples: tuple[str, ...] = ()
    ) -> ErrorShare:
        place = f"error/{candidate.text}/{check}/{category}"
        attempts = self.figures.count(f"{place}/attempts", category, k, key=category, of=candidate.text)
        return ErrorShare(
            candidate, check, category, attempts, self.rate(candidate, category, k, n, id=f"{place}/rate"), examples
        )

    def replays(self, candidate: Candidate) -> list[Replay]:
        fitted = self.figures.count("replay/fitted_on", "fixtures of the tuning set", 500, key="fitted_on")
        reported = self.figures.count("replay/reported_on", "held-out fixtures", 500, key="reported_on")
        made: dict[str, dict[str, str]] = {}
        rows = {
            "keyword": {"automated_share": 275, "error_passing_rate": 4, "review_share": 225, "hosted_share": 0},
            "model_only": {"automated_share": 345, "error_passing_rate": 9, "review_share": 155, "hosted_share": 0},
        }
        for name, parts in rows.items():
            ids = {part: self.replayed(name, part, k, 500, candidate) for part, k in parts.items()}
            ids["recall"] = self.replayed(name, "recall", 88 if name == "keyword" else 79, 90, candidate)
            made[name] = ids
        gate = self.gate(
            "recall_escalate",
            candidate,
            ("recall", "class=escalate"),
            made["keyword"]["recall"],
            "policy/escalation.recall",
            "pass",
            safety=True,
        )
        rules = (
            {"when": {"keywords": ["regulator", "solicitor"]}, "route": "human_review"},
            {"when": {"label": ["watch", "escalate"]}, "route": "human_review"},
        )
        why: LinkedText = (
            "Best of the policies that pass every gate, with the most automated: ",
            Ref("replay/keyword/automated_share", whole=True),
        )
        title = "Keywords and doubtful labels to human review, the rest local"
        return [
            Replay(
                "R1",
                "escalation",
                SMALL,
                title,
                ("keyword_rule", "human_review"),
                rules,
                made["keyword"],
                fitted,
                reported,
                (gate,),
                True,
                True,
                why,
            ),
            Replay(
                "R2",
                "escalation",
                SMALL,
                "The model alone",
                (),
                (),
                made["model_only"],
                fitted,
                reported,
                (),
                True,
                False,
                ("It misses escalations: recall is ", Ref("replay/model_only/recall", whole=True)),
            ),
        ]

    def replayed(self, policy: str, part: str, k: int, n: int, candidate: Candidate) -> str:
        interval = wilson(k, n)
        assert interval is not None
        return self.figures.add(
            Figure(
                f"replay/{policy}/{part}",
                part.replace("_", " "),
                k / n,
                "share",
                Source("replay", part, candidate.text),
                n=n,
                k=k,
                low=interval.low,
                high=interval.high,
                confidence=0.95,
                method="wilson",
            )
        )

    def handoff(self) -> tuple[list[Finding], list[ErrorShare], list[Example]]:
        small, large, hosted = (Candidate("handoff", target) for target in (SMALL, LARGE, HOSTED))
        ceiling = self.bound("handoff.unsupported_claim_rate", 0.05)
        rate: dict[str, str] = {}
        shares = []
        for candidate, bad, p95 in ((small, 31, 9.2), (large, 17, 21.5), (hosted, 2, 4.1)):
            self.rate(candidate, "pass_rate", 150 - bad - 4, 150)
            rate[candidate.target] = self.rate(candidate, "unsupported_claim_rate", bad, 150)
            self.rate(candidate, "failure_rate", 1, 150)
            self.amount(candidate, "latency_p95_s", p95, p95 * 0.9, p95 * 1.2, "s", 150)
            cost = 0.021 if candidate.target == HOSTED else 0.0
            self.amount(candidate, "cost_usd_mean", cost, cost * 0.97, cost * 1.03, "USD", 150)
            examples = ("ex-2",) if candidate.target == LARGE else ()
            shares.append(self.error(candidate, "unsupported_facts", "implied_review", bad, 150, examples))
        key = ("unsupported_claim_rate", "")

        def judged(candidate: Candidate, outcome: str, further: str = "") -> tuple[GateResult, ...]:
            figure = rate[candidate.target]
            return (
                self.gate(
                    "unsupported",
                    candidate,
                    key,
                    figure,
                    ceiling,
                    outcome,
                    at_most=True,
                    safety=True,
                    further=further,
                ),
            )

        gates_small, gates_large = judged(small, "fail"), judged(large, "fail")
        findings = [
            Finding(
                "F3",
                "handoff",
                SMALL,
                small,
                "defer",
                "defer_when_value_is_below_cost",
                "hosted",
                (("Moving it returns little: volume is small and the hosted route is cheap",),),
                gates_small,
                (),
                (("A monthly volume whose savings exceed the upkeep",),),
            ),
            Finding(
                "F4",
                "handoff",
                LARGE,
                large,
                "reject",
                "reject_when_a_safety_gate_fails",
                "human_review",
                (gates_large[0].reason, ("Drafts imply that a document was read when the packet only refers to it",)),
                gates_large,
                (
                    Remedy(
                        "extraction_first",
                        "Extract facts with evidence, then write",
                        ("that variant was not run on this target",),
                    ),
                ),
                (("Unsupported claims confirmed at or below ", Ref(ceiling)),),
            ),
        ]
        example = Example(
            "ex-2",
            large,
            "unsupported_facts",
            "implied_review",
            f"handoff-017/{LARGE}/0/free",
            "The draft says that the police report was reviewed, but the packet only mentions it.",
            "not found in packet",
            "reviewed",
            "Packet refers to police report PR-88 (not attached).",
            "Police report PR-88 was reviewed and supports the claim.",
            (Span("output", 0, 57, "unsupported"),),
            "full",
        )
        return findings, shares, [example]

    def choices(self) -> tuple[Choice, ...]:
        two = self.figures.count("compared/2", "targets compared", 2, key="targets compared", of="the headline")
        return (
            Choice("escalation", LARGE, "F2", "", ("The only one that passes every gate.",), compared=two),
            Choice("handoff", SMALL, "F3", "", (f"None passes every gate. {SMALL} comes nearest.",), compared=two),
        )

    def decision(self) -> Decision:
        findings, replays, shares, confusions, examples = self.escalation()
        more, more_shares, more_examples = self.handoff()
        load, probes, backlog = sample_load(self.figures), sample_probes(), sample_backlog(self.figures)
        case = make_case(load_economics(example_path("claims")), draws=200)
        add_business_figures(case, self.figures)
        written = (files("milo_bench") / "economics" / "examples" / "claims.yaml").read_text(encoding="utf-8")
        for kind in ("keep", "fix", "defer", "reject"):
            self.figures.count(f"count/{kind}", f"findings: {kind}", 1, key=f"findings {kind}")
        verdict: LinkedText = (
            "local_27b can take over “Escalation of notes” as it is. “Handoff notes” stays with people. "
            "The net value of the first quarter is ",
            Ref("economics/quarter_net", whole=True),
            ", under the stated assumptions.",
        )
        suite = SuiteRef("claims_v1", "1.0", "c1" * 32)
        logs = tuple(
            LogRef(path, sha256_text(path), run, when, suite, {}, "full", "e5" * 32, planned, planned, True)
            for path, run, when, planned in (
                (LOG, "run-1", "2026-05-08T10:00:00Z", 3450),
                (LOAD_LOG, "run-2", "2026-05-08T11:00:00Z", 600),
            )
        )
        return Decision(
            schema_version=DECISION_SCHEMA,
            created_at="2026-05-08T12:26:00Z",
            tool_version=__version__,
            title="Claims operations",
            verdict=verdict,
            logs=logs,
            targets=sample_targets(),
            baseline=HOSTED,
            policy=KeptFile("policy.yaml", sha256_text(POLICY), POLICY),
            economics=KeptFile("economics.yaml", sha256_text(written), written),
            figures=dict(self.figures.all()),
            findings=(*findings, *more),
            choices=self.choices(),
            replays=tuple(replays),
            routing=sample_routing(),
            measures={text: tuple(ids) for text, ids in self.measures.items()},
            errors=(*shares, *more_shares),
            confusions=tuple(confusions),
            examples=(*examples, *more_examples),
            load=load,
            probes=probes,
            business=case,
            backlog=backlog,
            missing=(
                ("No reviewer has scored a sample of the answers.",),
                ("No log has the energy that the machine used.",),
            ),
            fixtures={f"note-{n:04d}": sha256_text(f"note {n}") for n in range(1, 13)},
            inventories={
                "e5" * 32: {"machine": {"system": "Linux", "cpu": "8 cores", "memory_bytes": 137438953472}, "gpus": []}
            },
            commands=(
                f"milo-bench decide {LOG} {LOAD_LOG} --policy policy.yaml --economics economics.yaml",
                "milo-bench report decision.json --out package/",
            ),
            workload_titles={"escalation": "Escalation of notes", "handoff": "Handoff notes"},
        )
