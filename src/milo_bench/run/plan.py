"""Fixtures, targets and wishes in, a plan out; a plan in, its attempts in order out. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from milo_bench.core.cases.tags import plain_tag, plain_tags
from milo_bench.core.errors import UsageError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import (
    AttemptKey,
    CacheWish,
    Decoding,
    Fixture,
    Order,
    Plan,
    Stopping,
    TargetRecord,
    Timeouts,
    Workload,
)
from milo_bench.core.records.contract import answer_schema
from milo_bench.core.suggest import closest, hint_for
from milo_bench.run.asked.alike import contracts_of, find_alike

# How many candidates a step of the sample looks at: bounds the work on suites of thousands.
_CANDIDATES = 64


class PlanRequest(Struct, frozen=True):
    """What a run is asked to do, beside suite and targets.

    ``workloads`` and ``tags`` narrow the fixtures; empty means all, and of tags a fixture needs
    every one. ``limit`` is the size of a stratified sample. ``concurrency`` counts requests in
    flight for each target; ``retries`` how often a failed attempt is tried again.
    """

    workloads: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    limit: int | None = None
    repeats: int = 1
    decodings: tuple[Decoding, ...] = ("free",)
    concurrency: int = 1
    order: Order = "interleaved"
    seed: int = 0
    timeouts: Timeouts = field(default_factory=Timeouts)
    retries: int = 0
    variants: Mapping[str, str] = field(default_factory=dict)
    stopping: Stopping | None = None
    cache: CacheWish = "cold"


def make_plan(
    request: PlanRequest,
    *,
    fixtures: Sequence[Fixture],
    workloads: Mapping[str, Workload],
    targets: Sequence[TargetRecord],
) -> Plan:
    """The plan for ``request``; the same arguments always give the same plan.

    Sensitive fixtures are withheld from hosted targets, and the plan says which. Raises UsageError
    for an unknown workload or tag, numbers that make no sense, or a selection that is empty.
    """
    _check_numbers(request)
    _check_names(request, fixtures, workloads, targets)
    chosen = select_fixtures(request, fixtures)
    if not chosen:
        hint = "select more with --workload or --tag, listed by 'milo-bench suite show'."
        raise UsageError("No fixture matches the selection.", hint=hint)
    if request.order == "interleaved":
        chosen = sorted(chosen, key=lambda fixture: _chance(request.seed, fixture.id))
        if request.stopping is not None:
            # One workload after the other, so that a budget that runs out leaves some of them decided.
            chosen = _by_workload(_with_what_is_alike(chosen, workloads, request.seed), fixtures)
    else:
        chosen = _by_workload(chosen, fixtures)
    sensitive = tuple(sorted(fixture.id for fixture in chosen if fixture.sensitive))
    free_only: tuple[str, ...] = ()
    if request.decodings != ("free",):
        free_only = tuple(sorted(f.id for f in chosen if answer_schema(workloads[f.workload]) is None))
    return Plan(
        fixtures=tuple(fixture.id for fixture in chosen),
        targets=tuple(target.name for target in targets),
        repeats=request.repeats,
        decodings=request.decodings,
        concurrency=request.concurrency,
        order=request.order,
        seed=request.seed,
        timeouts=request.timeouts,
        retries=request.retries,
        limit=request.limit,
        variants=dict(request.variants),
        withheld={target.name: sensitive for target in targets if target.hosted and sensitive},
        free_only=free_only,
        stopping=request.stopping,
        cache=request.cache,
    )


def _with_what_is_alike(fixtures: Sequence[Fixture], workloads: Mapping[str, Workload], seed: int) -> list[Fixture]:
    """Clusters in a random order, each whole: a story counts once, when all that is asked about it is answered."""
    alike = find_alike(fixtures, contracts_of(workloads))
    names = {one.id: fixtures[first] for one, first in zip(fixtures, alike, strict=True)}
    return sorted(fixtures, key=lambda fixture: _chance(seed, names[fixture.id].group or names[fixture.id].id))


def _by_workload(chosen: Sequence[Fixture], suite: Sequence[Fixture]) -> list[Fixture]:
    """The same fixtures, those of each workload together, in the order in which the suite has them."""
    first_seen = {name: place for place, name in enumerate(dict.fromkeys(one.workload for one in suite))}
    return sorted(chosen, key=lambda fixture: first_seen[fixture.workload])


def select_fixtures(request: PlanRequest, fixtures: Sequence[Fixture]) -> list[Fixture]:
    """The fixtures that ``request`` asks for, in suite order: of its workloads, with all its tags, of its sample."""
    chosen = [
        fixture
        for fixture in fixtures
        if (not request.workloads or fixture.workload in request.workloads)
        and plain_tags(request.tags) <= plain_tags(fixture.tags)
    ]
    if chosen and request.limit is not None:
        return sample_fixtures(chosen, request.limit, seed=request.seed)
    return chosen


def plan_attempts(plan: Plan) -> tuple[AttemptKey, ...]:
    """First tries of every attempt in ``plan``, in order.

    ``interleaved``: repeat by repeat, fixture by fixture, every target in turn, and another target
    first each time. ``prefix``: decoding by decoding, repeat by repeat, then fixtures in plan order, which
    keeps a workload's shared prompt prefix together.
    A fixture in ``free_only`` is asked freely once a repeat, whatever the decodings. Under a stopping rule a fixture
    is asked with all its repeats before the next one.
    """
    return keys_of_fixtures(plan, plan.fixtures)


def count_planned(plan: Plan) -> int:
    """How many ``plan_attempts`` there are; a million are counted without making them."""
    free_only = frozenset(plan.free_only)
    asked = 0
    for target in plan.targets:
        withheld = frozenset(plan.withheld.get(target, ()))
        for fixture in plan.fixtures:
            if fixture not in withheld:
                asked += 1 if fixture in free_only else len(plan.decodings)
    return asked * max(0, plan.repeats)


def keys_of_fixtures(plan: Plan, fixtures: Sequence[str]) -> tuple[AttemptKey, ...]:
    """``plan_attempts`` of ``fixtures`` alone; those of a generator, past the plan's own, are asked in the same way."""
    withheld = {target: frozenset(ids) for target, ids in plan.withheld.items()}
    free_only = frozenset(plan.free_only)
    keys: list[AttemptKey] = []
    for turn, (fixture, repeat, decoding) in enumerate(_asks(plan, fixtures, free_only)):
        first = turn % len(plan.targets) if plan.targets else 0
        for target in (*plan.targets[first:], *plan.targets[:first]):
            if fixture not in withheld.get(target, ()):
                keys.append(AttemptKey(fixture=fixture, target=target, repeat=repeat, decoding=decoding))
    return tuple(keys)


def _asks(plan: Plan, fixtures: Sequence[str], free_only: frozenset[str]) -> Iterable[tuple[str, int, Decoding]]:
    if plan.stopping is not None:
        for fixture in fixtures:
            for repeat in range(plan.repeats):
                for decoding in ("free",) if fixture in free_only else plan.decodings:
                    yield fixture, repeat, decoding
        return
    if plan.order == "interleaved":
        for repeat in range(plan.repeats):
            for fixture in fixtures:
                for decoding in ("free",) if fixture in free_only else plan.decodings:
                    yield fixture, repeat, decoding
        return
    for place, decoding in enumerate(plan.decodings):
        for repeat in range(plan.repeats):
            for fixture in fixtures:
                if fixture not in free_only:
                    yield fixture, repeat, decoding
                elif place == 0:
                    yield fixture, repeat, "free"


def sample_fixtures(fixtures: Sequence[Fixture], limit: int, *, seed: int) -> list[Fixture]:
    """``limit`` fixtures, in suite order, that look like all of them: by workload, then by label and tags.

    Each workload gets its share by largest remainder, at least one where ``limit`` allows. Within a
    workload the next fixture is always the one whose tags are furthest behind their share so far;
    ties fall to a hash of seed and id, so a sample does not change with the order of the file.
    """
    if limit >= len(fixtures):
        return list(fixtures)
    by_workload: dict[str, list[Fixture]] = defaultdict(list)
    for fixture in sorted(fixtures, key=lambda fixture: _chance(seed, fixture.id)):
        by_workload[fixture.workload].append(fixture)
    shares = _shares({name: len(members) for name, members in by_workload.items()}, limit, seed=seed)
    chosen = {f.id for name, members in by_workload.items() for f in _representative(members, shares[name])}
    return [fixture for fixture in fixtures if fixture.id in chosen]


def _shares(sizes: Mapping[str, int], limit: int, *, seed: int) -> dict[str, int]:
    total = sum(sizes.values())
    exact = {name: limit * size / total for name, size in sizes.items()}
    least = 1 if limit >= len(sizes) else 0
    shares = {name: max(least, int(share)) for name, share in exact.items()}
    # The raise to one can overshoot; it is taken back where the share is furthest above the exact one.
    while sum(shares.values()) > limit:
        shares[max((n for n in shares if shares[n] > least), key=lambda n: (shares[n] - exact[n], n))] -= 1
    behind = sorted(sizes, key=lambda name: (shares[name] - exact[name], _chance(seed, name)))
    for name in behind[: limit - sum(shares.values())]:
        shares[name] += 1
    return shares


def _representative(members: Sequence[Fixture], count: int) -> list[Fixture]:
    frequency = Counter(kind for fixture in members for kind in _kinds(fixture))
    taken: Counter[str] = Counter()
    left = list(members)
    chosen: list[Fixture] = []
    for size in range(1, count + 1):
        share = size / len(members)
        window = left[:_CANDIDATES]
        best = max(
            range(len(window)),
            key=lambda i: (sum(frequency[tag] * share - taken[tag] - 0.5 for tag in _kinds(window[i])), -i),
        )
        picked = left.pop(best)
        taken.update(_kinds(picked))
        chosen.append(picked)
    return chosen


def _kinds(fixture: Fixture) -> tuple[str, ...]:
    """What a sample shall have its share of: the fixture's label, where it has one, and its tags."""
    label = fixture.expect.get("label")
    return (*fixture.tags, f"label {label}") if isinstance(label, str) else fixture.tags


def _chance(seed: int, name: str) -> str:
    return sha256_text(f"{seed}:{name}")


def _check_numbers(request: PlanRequest) -> None:
    for flag, value, least in (
        ("--limit", 1 if request.limit is None else request.limit, 1),
        ("--repeats", request.repeats, 1),
        ("--concurrency", request.concurrency, 1),
        ("--retries", request.retries, 0),
    ):
        if value < least:
            raise UsageError(
                f"{flag} is {value}, but must be at least {least}.", hint=f"set {flag} to {least} or more."
            )
    if request.stopping is not None and request.order != "interleaved":
        message = "A run until decided asks fixtures in a random order, not by shared prefix."
        raise UsageError(message, hint="leave out --order prefix.")
    if not request.decodings or len(set(request.decodings)) != len(request.decodings):
        raise UsageError("A decoding is listed twice.", hint="choose free, constrained, or both.")


def _check_names(
    request: PlanRequest,
    fixtures: Sequence[Fixture],
    workloads: Mapping[str, Workload],
    targets: Sequence[TargetRecord],
) -> None:
    if not targets:
        raise UsageError("No target to run against.", hint="add one from 'milo-bench targets' with --models.")
    names = Counter(target.name for target in targets)
    for name, count in names.items():
        if count > 1:
            raise UsageError(
                f"Target '{name}' is listed {count} times.", hint="list each target once. Use --repeats for repeats."
            )
    for name in request.workloads:
        if name not in workloads:
            raise UsageError(f"Unknown workload '{name}'.", hint=hint_for(name, workloads, noun="workloads"))
    tags = {tag for fixture in fixtures for tag in fixture.tags}
    known = plain_tags(tags)
    for tag in request.tags:
        if plain_tag(tag) not in known:
            raise UsageError(f"No fixture has the tag '{tag}'.", hint=_tag_hint(tag, tags))


def _tag_hint(tag: str, tags: set[str]) -> str:
    """All tags where they are few; else the nearest one and some: a suite may have hundreds."""
    if len(tags) <= 24:
        return hint_for(tag, tags, noun="tags")
    near = closest(tag, tags)
    guess = f"Did you mean '{near}'? " if near else ""
    return f"{guess}There are {len(tags)} tags: {', '.join(sorted(tags)[:12])} …"
