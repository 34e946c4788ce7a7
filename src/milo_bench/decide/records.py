"""What a decision is made of, as frozen records: figures with sources, gates, remedies, replays, findings, the whole.

Every number that a page may show is a ``Figure`` with a ``Source``, kept in ``Decision.figures``
under its id; sentences hold ``Ref``s to figures in place of digits. So a page can show nothing that
a record, a policy or a stated assumption does not stand behind, and ``verify`` can work out each
figure again.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from milo_bench.config.policy.rules import FindingKind as FindingKind
from milo_bench.core.records import (
    Decoding,
    Frozen,
    LoadWindow,
    ProbeResult,
    Span,
    StoreText,
    SuiteRef,
    TargetRecord,
    Workload,
)
from milo_bench.core.records.roles import SilverLabels
from milo_bench.decide.changes.records import Earlier
from milo_bench.economics.business_case import BusinessCase
from milo_bench.guards.citing.statements import CitedSource
from milo_bench.operator.permit.records import Granted, OperatorPermit, PermitOutcome

DECISION_SCHEMA = 1

ShownKind: TypeAlias = Literal["keep", "fix", "undecided", "defer", "reject"]
GateOutcome: TypeAlias = Literal["pass", "fail", "undecided"]
RouteKind: TypeAlias = Literal["local", "hosted", "mixed", "assist", "human_review", "refuse"]
# ``about`` is the value to two significant digits, for an estimate.
FigurePart: TypeAlias = Literal["value", "about", "low", "high", "n", "k"]
SourceKind: TypeAlias = Literal[
    "measure",  # worked out from attempts in run logs
    "replay",  # a routing policy worked out on recorded attempts
    "load",  # a load window of a run log
    "probe",  # a probe result of a run log
    "inventory",  # the machine as a run log names it
    "review",  # scores that people gave
    "detector",  # how often rules flagged answers, and how often people agree with them
    "judge",  # what a model judge said, of answers or of people's labels
    "operator",  # operator episodes of a run log
    "policy",  # a line of policy.yaml
    "assumption",  # a line of economics.yaml
    "economics",  # a formula over assumptions
    "count",  # rows of the decision itself, counted
]


class Candidate(Frozen, frozen=True, order=True, omit_defaults=False):
    """What is judged: one workload on one target, with the variant of its contract and the decoding asked for."""

    workload: str
    target: str
    variant: str = ""
    decoding: Decoding = "free"

    @property
    def text(self) -> str:
        """``extraction/local_8b``, with ``/VARIANT`` and ``/constrained`` where they are not the shipped ones."""
        parts = [self.workload, self.target, self.variant, "constrained" if self.decoding == "constrained" else ""]
        return "/".join(part for part in parts if part)


class Source(Frozen, frozen=True, omit_defaults=False):
    """Where a figure comes from. ``key`` finds it again: for a measure ``name`` or ``name[slice]`` of ``of``."""

    kind: SourceKind
    key: str
    of: str = ""  # candidate, target, economics line … as text


class Figure(Frozen, frozen=True):
    """One number with unit, interval and source. ``value`` None is a figure that the data do not give; ``note`` why.

    ``low`` and ``high`` are at ``confidence`` by ``method``; for economics they are the ends of a range.
    """

    id: str
    title: str
    value: float | None
    unit: str
    source: Source
    n: int | None = None
    k: int | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    method: str = ""
    note: str = ""


class Ref(Frozen, frozen=True, tag="ref", tag_field="type"):
    """Stands in a sentence where a figure is to be shown. ``whole`` shows value, interval and n together."""

    figure: str
    part: FigurePart = "value"
    whole: bool = False


# A sentence: words and refs, in order. Words hold no digits of their own, names aside.
LinkedText: TypeAlias = tuple[str | Ref, ...]


class GateResult(Frozen, frozen=True, omit_defaults=False):
    """One gate on one candidate. ``figure`` and ``bound`` are ids of figures; ``further`` of the number of
    further fixtures it would take to decide, where that can be said. ``unfound``: of each kind of rules behind a safety
    gate, the labelled faults that they found and of how many; its interval counts what they miss.
    """

    id: str
    candidate: Candidate
    measure: str
    slice: str
    direction: Literal["at_least", "at_most"]
    against: Literal["bound", "baseline"]
    safety: bool
    figure: str
    bound: str
    outcome: GateOutcome
    reason: LinkedText
    further: str = ""
    judge: str = ""  # the model judge that it rests on
    beside: LinkedText = ()  # how far the rules can be trusted that it rests on
    by_people: bool = False  # people's labels decide it, and ``further`` counts labelled answers
    unfound: tuple[tuple[int, int], ...] = ()


LIVE: Final = "live_"  # before a figure's name: with the guardrails that go live


class Replay(Frozen, frozen=True, omit_defaults=False):
    """One routing policy worked out on recorded attempts of a workload.

    ``figures`` maps a name (``automated_share``, ``error_passing_rate``, ``review_share``,
    ``hosted_share``, ``recall``, ``cost_usd_mean``, ``latency_p95_s``) to a figure's id, each worked
    out on the fixtures kept back. ``fitted_on`` and ``reported_on`` are ids of counts of fixtures.
    ``gates`` are the workload's gates judged on what the policy lets through. Of the chosen policy, a name with
    ``live_`` before it is the figure with the guardrails that its rule in the routing table has besides, where
    these change it.
    """

    id: str
    workload: str
    target: str
    title: str
    remedies: tuple[str, ...]
    rules: tuple[dict[str, Any], ...]  # as they would stand in routing.yaml
    figures: dict[str, str]
    fitted_on: str
    reported_on: str
    gates: tuple[GateResult, ...] = ()
    on_frontier: bool = False
    chosen: bool = False
    why: LinkedText = ()

    def live(self, name: str) -> str:
        """The id of the figure ``name`` as the routing table enforces this policy; "" where there is none."""
        return self.figures.get(f"{LIVE}{name}", self.figures.get(name, ""))


class Remedy(Frozen, frozen=True, omit_defaults=False):
    """A bounded change, with the replay that shows its effect ("" where nothing could be replayed)."""

    name: str
    title: str
    reason: LinkedText
    replay: str = ""
    params: dict[str, Any] = {}


class Finding(Frozen, frozen=True, omit_defaults=False):
    """Keep, fix, defer or reject for one workload on one target, by the rule of the policy that fired."""

    id: str
    workload: str
    target: str
    candidate: Candidate
    kind: FindingKind
    rule: str
    route: RouteKind
    reasons: tuple[LinkedText, ...]
    gates: tuple[GateResult, ...]
    remedies: tuple[Remedy, ...] = ()
    would_change: tuple[LinkedText, ...] = ()  # what evidence would change it
    # A defer because evidence does not decide, and not because somebody chose to wait.
    undecided: bool = False

    @property
    def shown_kind(self) -> ShownKind:
        """What pages call it: "undecided" where evidence does not decide."""
        return "undecided" if self.undecided else self.kind


class Choice(Frozen, frozen=True, omit_defaults=False):
    """The one finding of a workload that everything follows: headline, routes, launch, runbook and money.

    ``finding`` and ``replay`` are ids ("" where no fix ships); ``compared`` and ``rate`` are ids of figures, ""
    where nothing else was compared. ``reason`` says why this target.
    """

    workload: str
    target: str
    finding: str
    replay: str
    reason: LinkedText
    compared: str = ""
    rate: str = ""


class ErrorShare(Frozen, frozen=True, omit_defaults=False):
    """One way of going wrong: how many attempts (ids of figures) and which of them are shown as examples."""

    candidate: Candidate
    check: str
    category: str
    attempts: str
    rate: str
    examples: tuple[str, ...] = ()


class ConfusionTable(Frozen, frozen=True, omit_defaults=False):
    """Counts of expected labels (rows) and given labels (columns); ``counts`` are ids of figures."""

    candidate: Candidate
    labels: tuple[str, ...]
    counts: tuple[tuple[str, ...], ...]


class ShownStatement(Frozen, frozen=True, omit_defaults=False):
    """A sentence of an answer beside the evidence that it cites; ``spans`` mark what offends in it."""

    text: str
    spans: tuple[Span, ...]
    sources: tuple[CitedSource, ...]
    uncited: bool


class ShownPicture(Frozen, frozen=True, omit_defaults=False):
    """A picture of an input. ``data`` are its bytes in base64, whose SHA-256 is ``digest``; where there are none,
    ``why_not`` says so.
    """

    name: str
    digest: str = ""
    kind: str = ""
    data: str = ""
    why_not: str = ""


class Example(Frozen, frozen=True, omit_defaults=False):
    """A failed attempt to look at. Texts are empty where the log does not keep them; ``text`` says how it does."""

    id: str
    candidate: Candidate
    check: str
    category: str
    key: str
    reason: str
    expected: str
    got: str
    input: str
    output: str
    spans: tuple[Span, ...]
    text: StoreText
    cited: tuple[ShownStatement, ...] = ()  # its sentences with their evidence; () where the answer cites nothing
    pictures: tuple[ShownPicture, ...] = ()
    read_by: str | UnsetType = UNSET  # how surely its input was read from a picture, and by what; absent for text


class UnreadRow(Frozen, frozen=True, omit_defaults=False):
    """A line of a log that is no record, and a sentence on it."""

    line: int
    said: str


class LogRef(Frozen, frozen=True, omit_defaults=False):
    """A run log that the decision rests on; ``path`` as it was given, ``sha256`` of its bytes."""

    path: str
    sha256: str
    run_id: str
    created_at: str
    suite: SuiteRef
    variants: dict[str, str]
    store_text: StoreText
    inventory: str
    planned: int
    attempted: int
    complete: bool
    command: str = ""  # the shell line that makes a log like it
    seal: str = ""  # the hash of its last seal: an erasure changes sha256 and leaves this
    unknown: tuple[str, ...] = ()  # what a log of an older schema cannot tell, a sentence each
    unread: tuple[UnreadRow, ...] | UnsetType = UNSET  # absent where every row could be read
    earlier: tuple[str, ...] | UnsetType = UNSET  # run ids of logs of the same work that it found in its folder
    cached: tuple[str, ...] | UnsetType = UNSET  # of servers that did not report their caches, a sentence each
    tags: tuple[str, ...] | UnsetType = UNSET  # the only fixtures that were run have one of them; absent where all were


class KeptFile(Frozen, frozen=True, omit_defaults=False):
    """A file that a person wrote, kept as it was read."""

    path: str
    sha256: str
    text: str


class LoadEvidence(Frozen, frozen=True, omit_defaults=False):
    """A load window and the log that holds it; ``figures`` maps names to ids of figures."""

    log: str
    window: LoadWindow
    figures: dict[str, str]


class ProbeEvidence(Frozen, frozen=True, omit_defaults=False):
    """A probe result and the log that holds it."""

    log: str
    result: ProbeResult


class PermitRule(Frozen, frozen=True, omit_defaults=False):
    """One rule of one level of a kind of operator work, judged, as a sentence with its figures."""

    level: Granted
    outcome: PermitOutcome
    text: LinkedText


class PermitKind(Frozen, frozen=True, omit_defaults=False):
    """What is permitted for one kind of operator work, and why not more: ``reasons`` are the rules of the next
    level that do not hold. ``trials`` … ``more_at_this_rate`` are ids of figures, "" where there is none.
    """

    kind: str
    title: str
    level: Granted
    next_level: Granted | Literal[""]
    next_outcome: PermitOutcome
    reasons: tuple[LinkedText, ...]
    trials: str
    supports: str
    more: str
    more_at_this_rate: str
    rules: tuple[PermitRule, ...]


class PermitEvidence(Frozen, frozen=True, omit_defaults=False):
    """A permission for operator work and its numbers as figures. ``id`` changes with anything that it is about:
    model, digest, quantisation, runtime, seeds, version of the bench, dates, levels.
    """

    id: str
    permit: OperatorPermit
    figures: dict[str, str]
    kinds: tuple[PermitKind, ...]


class BacklogItem(Frozen, frozen=True, omit_defaults=False):
    """Work to do, what goes live first. ``hours`` are ids of stated assumptions (low, base, high).

    ``work`` is its name in the policy's ``hours``, ``ships`` whether something goes live by it, ``due`` the id of
    the working days from go by which it is done.
    """

    rank: int
    title: str
    reason: LinkedText
    risk: Literal["high", "medium", "low"]
    hours: tuple[str, str, str]
    findings: tuple[str, ...]
    done_when: str
    work: str = ""
    ships: bool = False
    owner: str = ""
    due: str = ""


class JudgeEvidence(Frozen, frozen=True, omit_defaults=False):
    """One model judge and how far it can be trusted. ``figures`` maps a name, such as sensitivity, to its figure.

    ``problem`` says why its verdicts do not count, "" where they do. ``of`` are the candidates that it judged.
    """

    name: str
    judge: str  # digest of model, prompt and check
    of: tuple[str, ...]
    problem: str
    target: str = ""
    model: str = ""
    form: str = ""
    method: str = ""
    made_at: str = ""
    expires: str = ""
    prompt: str = ""
    data: str = ""
    figures: dict[str, str] = {}
    missing: tuple[str, ...] = ()


class Decision(Frozen, frozen=True, omit_defaults=False):
    """Everything a package shows. A pure function of the logs, the policy, the economics and ``created_at``."""

    schema_version: int
    created_at: str
    tool_version: str
    title: str
    verdict: LinkedText
    logs: tuple[LogRef, ...]
    targets: tuple[TargetRecord, ...]
    baseline: str
    policy: KeptFile
    economics: KeptFile | None
    figures: dict[str, Figure]
    findings: tuple[Finding, ...]
    replays: tuple[Replay, ...]
    routing: dict[str, Any]
    measures: dict[str, tuple[str, ...]]  # candidate text -> ids of its figures, in the order of a scorecard
    errors: tuple[ErrorShare, ...]
    confusions: tuple[ConfusionTable, ...]
    examples: tuple[Example, ...]
    load: tuple[LoadEvidence, ...]
    probes: tuple[ProbeEvidence, ...]
    business: BusinessCase | None
    backlog: tuple[BacklogItem, ...]
    missing: tuple[LinkedText, ...]  # evidence that was not there, said plainly
    fixtures: dict[str, str]  # id -> hash
    inventories: dict[str, dict[str, Any]] = {}
    commands: tuple[str, ...] = ()
    workload_titles: dict[str, str] = {}
    permits: tuple[PermitEvidence, ...] = ()
    operator_policy: KeptFile | None = None  # what the permits rest on
    review: KeptFile | None = None  # what people's scores of a sample came to, as 'review import' wrote it
    prompt_texts: dict[str, str] = {}  # by workload, the prompt that the chosen finding rests on
    plain_code: tuple[LinkedText, ...] = ()  # what needs no model
    choices: tuple[Choice, ...] = ()  # one a workload that has findings
    shown_answers: tuple[Example, ...] = ()  # right answers of chosen candidates that cite, one a candidate
    prompts: dict[str, str] = {}  # WORKLOAD, or WORKLOAD/VARIANT -> name and hash of what was asked with
    silver: dict[str, SilverLabels] = {}  # by workload, the sampled labels of one whose labels were mined
    stopped: tuple[LinkedText, ...] = ()  # what a stopping rule or a budget ended early, and why
    judges: tuple[JudgeEvidence, ...] = ()  # the model judges whose verdicts the logs hold
    contracts: dict[str, dict[str, str]] = {}  # the same places -> part of the contract, gold or tags -> SHA-256
    since: Earlier | None = None  # an earlier decision, and what changed since

    @property
    def chosen(self) -> tuple[Finding, ...]:
        """The chosen findings, one a workload, in the policy's order."""
        by_id = {finding.id: finding for finding in self.findings}
        return tuple(by_id[choice.finding] for choice in self.choices if choice.finding in by_id)


def prompt_identity(workload: Workload) -> str:
    """Name and hash of the prompt: what a decision holds for."""
    return f"{workload.prompt_name} {workload.prompt_hash[:12]}"
