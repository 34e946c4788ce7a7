"""The records of a run, as they stand in a run log: one JSON object a line, tagged by ``type``.

A log is a ``run`` line, a ``fixture`` line for each fixture of the plan, lines of what happened in its order, and
an ``end`` line. It is enough to grade, score and decide: it carries the fixtures and each workload's contract.
Units are in names. Times inside a run are seconds since its zero on the monotonic clock; dates are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from milo_bench.core.cases.tags import says_sensitive
from milo_bench.core.hashing import sha256_data
from milo_bench.core.load_records import LoadFigures
from milo_bench.core.records.buffering import LEAST_CHUNKS, generated_s, is_buffered
from milo_bench.core.records.failures import Failure as Failure
from milo_bench.core.records.failures import FailureKind as FailureKind
from milo_bench.core.records.frozen import Frozen, RecordedCount, RecordedWhole, Tokens
from milo_bench.core.records.identity import Behaviour, Identity
from milo_bench.core.records.imported import AnswerSource, ImportedFile
from milo_bench.core.records.load_row import LoadRows
from milo_bench.core.records.machine import Telemetry as Telemetry
from milo_bench.core.records.machine import Warmup as Warmup
from milo_bench.core.records.stopping import Stopping

SCHEMA_VERSION = 5

Decoding: TypeAlias = Literal["free", "constrained"]
StoreText: TypeAlias = Literal["full", "redacted", "hashes"]
Order: TypeAlias = Literal["interleaved", "prefix"]
CacheWish: TypeAlias = Literal["cold", "warm"]
PromptCache: TypeAlias = Literal["", "off", "salted", "none found", "unreported"]

# ---------------------------------------------------------------- what is asked


class CheckSpec(Frozen, frozen=True):
    """One check of a workload: its registered name and its parameters."""

    name: str
    params: dict[str, Any] = {}


class OwnChecks(Frozen, frozen=True):
    """Python of a suite that judges answers: functions ``names`` in ``file``, whose text is ``source``.

    Nothing of it runs unless its ``digest`` (SHA-256 of the text) is trusted, and then only in the sandbox.
    """

    file: str
    digest: str
    source: str
    names: tuple[str, ...]


class Chunks(Frozen, frozen=True):
    """How an input too long to send whole is split, each part summarised, and the summaries merged.

    ``input`` names the text that is split into parts of at most ``max_words`` words. A part's answer has at most
    ``max_tokens`` tokens. Sources are the texts of the Jinja files.
    """

    input: str
    max_words: RecordedCount
    part_name: str
    part_source: str
    merge_name: str
    merge_source: str
    max_tokens: Tokens = 512


class Workload(Frozen, frozen=True):
    """One kind of work with its contract: prompt, schema, checks.

    ``prompt_source`` is the text of the Jinja file, ``json_schema`` the parsed answer schema.
    ``prepare`` names the deterministic step before the prompt, e.g.
    ``{"select_events": {"policy": "policy_v2", "max_events": 24}}``.
    ``resources`` is whatever the checks and the prompt need besides the fixture: policy
    templates, required language, source priorities.
    """

    name: str
    prompt_name: str
    prompt_source: str
    prompt_hash: str
    checks: tuple[CheckSpec, ...]
    title: str = ""
    variant: str = ""  # "" is the shipped contract; anything else a named variant of it
    json_schema: dict[str, Any] | None = None
    schema_hash: str = ""
    max_tokens: Tokens = 512
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    prepare: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    own: OwnChecks | None = None  # the suite's own Python, where it has any
    locale: str = ""  # "de-DE": of its texts, dates, numbers and currency; "" where it states none
    review: dict[str, str] = {}  # the suite's questions to people; without any, the built-in ones
    chunks: Chunks | None = None  # how a long input is split and merged, where it is


class Fixture(Frozen, frozen=True, tag="fixture", tag_field="type"):
    """One replayable case. ``hash`` covers workload, input and expect.

    ``group`` names what it has in common with others: one story, template, author or thread. Fixtures of a group are
    alike, so intervals count them as one cluster; "" stands alone. ``same_as`` is the id of an earlier fixture that
    asks a model the same, in a log that does not keep the texts which would show it.
    """

    id: str
    workload: str
    input: dict[str, Any] = {}
    expect: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    provenance: dict[str, Any] = {}
    hash: str = ""
    erased: str = ""  # what sealed the texts before they were erased
    group: str = ""
    same_as: str = ""

    @property
    def sensitive(self) -> bool:
        """Tagged as sensitive: never sent to a hosted target unless redacted."""
        return says_sensitive(self.tags)


class SuiteRef(Frozen, frozen=True):
    """Which suite, exactly. ``hash`` covers suite.yaml, prompts, schemas and all fixtures."""

    name: str
    version: str
    hash: str


class Price(Frozen, frozen=True):
    """US dollars for a million tokens."""

    input_usd_per_mtok: float
    output_usd_per_mtok: float
    source: str = ""


class TargetRecord(Frozen, frozen=True):
    """A model as served, as far as configuration and runtime tell. Never a key, never a password."""

    name: str
    api: str
    model: str
    hosted: bool = False
    endpoint: str = ""  # scheme, host and port; user info and query cut off
    model_digest: str = ""  # "sha256:…" of the weights where they or the runtime tell
    quantisation: str = ""
    family: str = ""
    runtime: str = ""
    runtime_version: str = ""
    context_window: RecordedCount | None = None  # tokens a single request may fill, prompt and answer
    price: Price | None = None
    cache: PromptCache = ""  # what keeps a prompt that was sent before from being answered out of a cache, if anything
    new_token_s: float | None = None  # for each token of a prompt that it never saw, where its cache is "unreported"
    settings: dict[str, Any] = {}  # what else changes answers or speed: threads, slots, num_ctx
    identity: Identity = Identity()
    behaviour: Behaviour = Behaviour()

    @property
    def configuration(self) -> str:
        """One digest over adapters, chat template, cache, flags and parameters; "" where none of them is known."""
        known = self.identity
        parts = (known.adapters, known.chat_template, known.cache, known.flags, known.parameters)
        return f"sha256:{sha256_data(parts)}" if any(parts) else ""


class Timeouts(Frozen, frozen=True):
    """Limits of one attempt in seconds."""

    connect_s: float = 10.0
    first_token_s: float = 120.0
    total_s: float = 300.0


class AttemptKey(Frozen, frozen=True, order=True, omit_defaults=False):
    """What makes an attempt distinct within a run. ``retry`` 0 is the first try."""

    fixture: str
    target: str
    repeat: RecordedCount = 0
    decoding: Decoding = "free"
    retry: RecordedCount = 0

    @property
    def text(self) -> str:
        """The key as one word: ``fixture/target/repeat/decoding``, with ``/retry`` if there was one."""
        retry = f"/{self.retry}" if self.retry else ""
        return f"{self.fixture}/{self.target}/{self.repeat}/{self.decoding}{retry}"


class Plan(Frozen, frozen=True):
    """What a run sets out to do; a resume under another plan is refused. ``fixtures`` are ids in plan order.

    The order of attempts follows from these fields alone (``run.plan``), so the keys are not written out.
    """

    fixtures: tuple[str, ...]
    targets: tuple[str, ...]
    repeats: RecordedCount = 1
    decodings: tuple[Decoding, ...] = ("free",)
    concurrency: RecordedCount = 1
    order: Order = "interleaved"
    seed: int = 0
    timeouts: Timeouts = Timeouts()
    retries: RecordedCount = 0
    limit: RecordedCount | None = None
    variants: dict[str, str] = {}
    withheld: dict[str, tuple[str, ...]] = {}  # target -> fixtures kept from it: sensitive, and the target is hosted
    free_only: tuple[str, ...] = ()  # fixtures with nothing to constrain an answer to; filled where decodings ask
    stopping: Stopping | None = None
    cache: CacheWish = "cold"  # warm: times of prompts that a server had before are wanted


class FixtureSelection(Frozen, frozen=True):
    """Which fixtures of its suite a run was narrowed to; () is all. Of ``tags`` a fixture needs every one."""

    workloads: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class RunHeader(Frozen, frozen=True, tag="run", tag_field="type", omit_defaults=False):
    """First line of a run log. ``imported`` are the files of a log that another tool recorded, () of a run of ours.

    ``earlier`` are run ids of logs of the same work that were in its folder at the start, absent where none was.
    """

    run_id: str
    created_at: str
    tool_version: str
    suite: SuiteRef
    workloads: tuple[Workload, ...]
    targets: tuple[TargetRecord, ...]
    plan: Plan
    store_text: StoreText = "full"
    inventory: str = ""  # fingerprint of the machine and its runtimes
    suite_folder: str = ""  # as it was given, of a suite that is not built in: 'decide' looks there for its policy
    digests: dict[str, dict[str, str]] = {}  # workload -> part (core.records.contract) -> SHA-256
    selection: FixtureSelection | None = None  # None where a version did not record it
    regraded_from: str = ""  # run id and sha256 of the log whose answers these are, judged by a newer suite
    schema_version: int = SCHEMA_VERSION
    imported: tuple[ImportedFile, ...] = ()
    commitments: dict[str, str] = {}  # episode -> SHA-256 of the secret that it will be drawn from
    earlier: tuple[str, ...] | UnsetType = UNSET


class Usage(Frozen, frozen=True):
    """Tokens as the server counted them; None where it does not say."""

    prompt_tokens: Tokens | None = None
    completion_tokens: Tokens | None = None
    cached_tokens: Tokens | None = None
    reasoning_tokens: Tokens | None = None


class Timings(Frozen, frozen=True):
    """One attempt's times, in seconds since the run's zero on the client's monotonic clock.

    ``intended_s`` is when the attempt should have started; latency counts from there.
    ``first_content_s`` is the first chunk that carries text, reasoning or a tool call; a chunk
    with a role alone is none. ``first_text_s`` is the first chunk with text of the answer, where
    thinking came before it. ``chunk_gaps_s[i]`` is the time between content chunk i and
    i + 1, ``chunk_tokens[i]`` the tokens of content chunk i as far as the server tells
    (empty where it does not). ``client_lag_max_s`` and ``client_lag_mean_s`` are the client's
    own delay, from the kernel's receive stamp to ours, where the kernel gives one.
    """

    intended_s: float
    started_s: float
    ended_s: float
    connected_s: float | None = None
    first_content_s: float | None = None
    chunk_gaps_s: tuple[float, ...] = ()
    chunk_tokens: tuple[int, ...] = ()
    client_lag_max_s: float | None = None
    client_lag_mean_s: float | None = None
    first_text_s: float | None = None

    @property
    def latency_s(self) -> float:
        """From intended start to the end of the answer."""
        return self.ended_s - self.intended_s

    @property
    def ttft_s(self) -> float | None:
        """From intended start to first content."""
        return None if self.first_content_s is None else self.first_content_s - self.intended_s


class ToolCall(Frozen, frozen=True):
    """A call as the model wrote it; ``arguments`` is unparsed text."""

    id: str
    name: str
    arguments: str


class Attempt(Frozen, frozen=True, tag="attempt", tag_field="type"):
    """One request and its answer.

    Exactly one of three: ``failure`` is set (no verdict is possible), ``bypass`` is set (a
    deterministic rail sent the case elsewhere and no model was called), or an answer came.
    An answer may be empty; that is an answer, and no check passes it.
    """

    key: AttemptKey
    request_hash: str
    timings: Timings
    output: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = ""
    usage: Usage = Usage()
    failure: Failure | None = None
    bypass: str = ""  # e.g. "human_review: contradictory current statuses"
    output_hash: str = ""  # of the answer before redaction; set where the text is not stored in full
    server_timings: dict[str, float] = {}  # the server's own figures, kept beside ours
    prepared: dict[str, Any] = {}  # what the deterministic step chose, e.g. selected event ids
    waited_s: float = 0.0  # of a retry: from the failure before it until it was sent
    source: AnswerSource | None = None  # of an imported attempt; its ``timings`` are then all 0
    shared_share: float = 0.0  # of the request's text, with which every request of its workload begins
    erased: str = ""  # what sealed the texts before they were erased

    @property
    def in_blocks(self) -> bool:
        """Whether something between held the answer back, so that its first content is no first token."""
        times = self.timings
        if len(times.chunk_gaps_s) + 1 < LEAST_CHUNKS:
            return False
        waited_s = None if times.first_content_s is None else times.first_content_s - times.started_s
        return is_buffered(times.chunk_gaps_s, waited_s, generated_s(self.server_timings))


class LoadWindow(Frozen, frozen=True, tag="load", tag_field="type"):
    """One window of load on one target."""

    target: str
    mode: Literal["closed", "open", "trace", "single"]
    level: float
    started_s: float
    ended_s: float
    figures: LoadFigures = LoadFigures()
    client_bound: bool = False
    rows: LoadRows | None = None  # None in a log whose windows kept figures alone


class ProbeResult(Frozen, frozen=True, tag="probe", tag_field="type"):
    """One operational probe of one target."""

    target: str
    probe: str
    version: str
    outcome: Literal["pass", "fail", "undecided"]
    severity: Literal["info", "minor", "major", "critical"]
    finding: str
    evidence: dict[str, Any] = {}


WorkEnding: TypeAlias = Literal[
    "decided",  # every gate that answers can decide
    "beyond_routing",  # a gate fails by so much that no choice among these answers could pass it
    "out_of_reach",  # a gate needs more fixtures than there are, or what no answer of the run has
]


class WorkEnd(Frozen, frozen=True, tag="work_end", tag_field="type", omit_defaults=False):
    """Why a run under a ``Stopping`` rule sent no more of ``workload`` to ``target``, after ``fixtures`` of it.

    ``gates`` maps each gate to its outcome, ``needs`` an undecided one to how many fixtures it takes in all, as far as
    that can be said, ``why`` one that no number of them decides, or no routing passes, to the reason.
    """

    target: str
    workload: str
    ending: WorkEnding
    fixtures: RecordedCount
    gates: dict[str, str] = {}
    needs: dict[str, int] = {}
    why: dict[str, str] = {}


class RunEnd(Frozen, frozen=True, tag="end", tag_field="type", omit_defaults=False):
    """Last line. The counts are a check on the rows, never a source of totals."""

    ended_at: str
    attempts: RecordedCount
    failures: RecordedCount
    complete: bool
    reason: Literal["done", "interrupted", "aborted", "budget"] = "done"
    ended_s: float = 0.0


class SchemaChange(Frozen, frozen=True, tag="schema", tag_field="type", omit_defaults=False):
    """Written where a newer version goes on with a log: the rows after it are of ``schema_version``."""

    schema_version: int
    tool_version: str


class Seal(Frozen, frozen=True, tag="seal", tag_field="type"):
    """Closes a block of lines (``store.log.sealing``): ``hash`` is of their digests and of the seal before it.

    ``lines`` repeats the first digits of each line's digest, so that a line that differs can be named. ``plan`` is the
    SHA-256 of the plan, in the first seal, which is written before any answer.
    """

    hash: str
    lines: str = ""
    plan: str = ""


class Turn(Frozen, frozen=True):
    """One exchange with the model within an operator episode, as it wrote it.

    ``injected`` names a fault that the bench put between itself and the model in this turn.
    ``protocol_error`` says why the answer could not be read as one tool call ("" where it could).
    """

    n: RecordedWhole
    timings: Timings
    output: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = ""
    usage: Usage = Usage()
    failure: Failure | None = None
    injected: str = ""
    protocol_error: str = ""


EpisodeEnding: TypeAlias = Literal[
    "finished",  # by the operator's own finish
    "call_limit",
    "turn_limit",
    "protocol_limit",  # too many answers in a row that could not be read as a call
    "context_limit",  # the transcript no longer fits the target's window
    "wall_limit",
    "runtime_failure",  # the runtime could not complete the harness
    "left",  # an outside agent went away
]


class Episode(Frozen, frozen=True, tag="episode", tag_field="type"):
    """One operator episode: a task at a seed, played by one target, with its points and why.

    The key's ``fixture`` is ``TASK.FORM``. ``log`` is the event log of the world, one plain
    object a line, from which the episode can be played and graded again. Points are of 25; a void
    trial (``void`` names faults that never landed) has none.
    """

    key: AttemptKey
    task: str
    form: Literal["trap", "clean"]
    seed: int
    protocol: Literal["tools", "fenced", "mcp"]
    ending: EpisodeEnding
    points: RecordedWhole
    parts: dict[str, RecordedWhole] = {}  # end_state, trap, claims, collateral
    minefields: tuple[str, ...] = ()
    void: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    log: tuple[dict[str, Any], ...] = ()
    started_s: float = 0.0
    ended_s: float = 0.0
    rejected: RecordedCount = 0  # calls that could not be read: protocol, not judgement
    erased: str = ""  # what sealed the texts before they were erased


# "raised": an exception, or the process ended without an answer. "lost": the whole sandbox ended, for another bound.
ExecutionEnding: TypeAlias = Literal["done", "raised", "time", "memory", "lost"]


class Execution(Frozen, frozen=True, tag="execution", tag_field="type"):
    """What running ``program``, the check of a suite, on an answer showed: once, in the sandbox. Checks judge it.

    ``digest`` is of its code, ``params_hash`` of its settings, ``answer_hash`` of the answer. ``results`` is what it
    said, as plain data, where it is ``done``; else ``problem`` says why not. A later line replaces an earlier one.
    """

    key: AttemptKey
    program: str
    digest: str
    ending: ExecutionEnding
    params_hash: str = ""
    answer_hash: str = ""
    environment: str = ""
    results: tuple[dict[str, Any], ...] = ()
    problem: str = ""
    took_s: float = 0.0
    erased: str = ""  # what sealed the texts before they were erased
