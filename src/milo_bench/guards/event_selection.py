"""A case record in, the entries that a summary may rest on out: chosen by rule, each loss with its reason; no model.

``policy_v2`` in order:

1. An entry dated after ``as_of`` does not count yet.
2. Entries of one day with near-identical text are one entry; the one from the strongest source stays.
3. A correction by the office makes the status of the entry that it names stale, with every duplicate of it.
4. The current status is what the office's own status entries say on the latest day that has one.
   A claimant, a third party or an attachment never sets a status; a note that repeats one does not
   either. Statuses of that day that no correction and no order in time settles contradict each
   other: the case goes to a person.
5. Corrected entries and notes that repeat a lapsed status are left out. Of the rest, the entries that carry
   the current status, the correction that led to it and the open requests stay whatever the bound;
   others by status relevance, source priority and recency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeAlias

import msgspec

from milo_bench.core.cases.record import CaseEvent, CaseRecord, DocumentRequest
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.records import Frozen
from milo_bench.core.suggest import hint_for

SelectionRoute: TypeAlias = Literal["summarise", "human_review"]

TIMELINE_SCHEMA = "milo-bench.timeline/1"
POLICIES = ("policy_v2",)

# A status is set by the office alone, and only in entries made to set one.
_OFFICE = frozenset({"decision_letter", "system", "caseworker"})
_SETS_STATUS = frozenset({"status", "correction"})

# Points of an entry that does not have to stay. Relevance to the status outweighs any source,
# a source outweighs one step of recency.
_SOURCE_POINTS = {"decision_letter": 5, "system": 4, "caseworker": 3, "third_party": 2, "attachment": 2, "claimant": 2}
_KIND_POINTS = {"status": 6, "correction": 6, "request": 4, "document": 4, "email": 3, "call": 3, "note": 0}
_RECENCY_POINTS = ((7, 4), (30, 3), (90, 2), (365, 1))  # (days before as_of at most, points)

_NEAR_IDENTICAL = 94.0  # rapidfuzz ratio, 0 to 100, of texts without case and punctuation; digits must be equal


class Dropped(Frozen, frozen=True):
    """An entry that was left out, and why."""

    id: str
    reason: str


class StaleStatus(Frozen, frozen=True):
    """A status that the record states and that does not hold; ``reason``: corrected, superseded, or never set."""

    event: str
    status: str
    reason: str


class Selection(Frozen, frozen=True, omit_defaults=False):
    """What is left of a case for a summary.

    ``events`` are in order of the instant that their time names, then id. ``current_status`` is "" where none is
    certain; the route is then ``human_review`` and ``reasons`` say why. ``current_status_events``
    are the kept entries that state it. ``merged`` maps a kept entry to its duplicates. Every
    entry of the record is in ``events`` or in ``dropped``, once.
    """

    case_id: str
    claimant_name: str
    issue_type: str
    opened_at: str
    as_of: str
    route: SelectionRoute
    current_status: str
    events: tuple[CaseEvent, ...]
    dropped: tuple[Dropped, ...]
    reasons: tuple[str, ...]
    current_status_events: tuple[str, ...] = ()
    stale: tuple[StaleStatus, ...] = ()
    merged: dict[str, tuple[str, ...]] = {}
    requests: tuple[DocumentRequest, ...] = ()


def select_events(case: CaseRecord, *, policy: str = "policy_v2", max_events: int = 24) -> Selection:
    """Choose at most ``max_events`` entries of ``case`` under ``policy``.

    Entries that must stay are never cut for the bound: where they alone are more, they all stay
    and the route is ``human_review``, so no summary is ever made from a record cut below its
    current status and open requests. Raises UsageError for an unknown policy or a bound below 1,
    DataError for a repeated id or a date that is not ISO 8601.
    """
    if policy not in POLICIES:
        raise UsageError(f"Unknown selection policy '{policy}'.", hint=hint_for(policy, POLICIES, noun="policies"))
    if max_events < 1:
        raise UsageError(f"max_events is {max_events}, but must be at least 1.", hint="the usual limit is 24.")
    _check(case)

    dropped: dict[str, str] = {}
    in_time: list[CaseEvent] = []
    for event in sorted(case.events, key=_order):
        if _day(event.at) > _day(case.as_of):
            dropped[event.id] = f"dated after {case.as_of[:10]}, the case's day"
        else:
            in_time.append(event)

    events, kept_for = _merge_duplicates(in_time)
    for lost, kept in kept_for.items():
        dropped[lost] = f"duplicate of {kept}"

    corrected = _corrected_by(in_time, kept_for)
    setters = [e for e in events if _sets_status(e) and e.id not in corrected]
    current, contradiction = _current(setters)
    status = current[0].status if current and not contradiction else ""

    stale = _stale(events, corrected=corrected, current=current)
    requests = tuple(
        msgspec.structs.replace(r, event=kept_for.get(r.event, r.event)) if r.event else r for r in case.requests
    )
    must = _must_keep(events, current=current, corrected=corrected, requests=requests)
    lapsed = {s.event: s for s in stale}
    candidates: list[CaseEvent] = []
    for event in events:
        if event.id in must:
            continue
        if event.id in corrected:
            dropped[event.id] = f"status corrected by {corrected[event.id]}"
        elif event.id in lapsed and not _sets_status(event):
            dropped[event.id] = f"repeats the status '{event.status}', which is not valid"
        else:
            candidates.append(event)

    today = _day(case.as_of)
    candidates.sort(key=_order, reverse=True)  # among equals the later entry stays
    candidates.sort(key=lambda e: -_points(e, today))  # a stable sort keeps that order
    room = max(0, max_events - len(must))
    for event in candidates[room:]:
        dropped[event.id] = f"below the {max_events} most relevant entries ({_points(event, today)} points)"
    chosen = must | {e.id for e in candidates[:room]}
    kept_events = tuple(e for e in events if e.id in chosen)

    reasons = list(contradiction)
    if not current:
        reasons.append("no office entry states a valid status")
    if len(must) > max_events:
        reasons.append(f"{len(must)} entries are needed for status and open requests, but the limit is {max_events}")
    merged: dict[str, list[str]] = {}
    for lost, kept in kept_for.items():
        if kept in chosen:
            merged.setdefault(kept, []).append(lost)
    return Selection(
        case_id=case.case_id,
        claimant_name=case.claimant_name,
        issue_type=case.issue_type,
        opened_at=case.opened_at,
        as_of=case.as_of,
        route="human_review" if reasons else "summarise",
        current_status=status,
        events=kept_events,
        dropped=tuple(Dropped(id=e.id, reason=dropped[e.id]) for e in case.events if e.id in dropped),
        reasons=tuple(reasons),
        current_status_events=tuple(e.id for e in current),
        stale=stale,
        merged={kept: tuple(lost) for kept, lost in merged.items()},
        requests=requests,
    )


def as_document(selection: Selection) -> dict[str, Any]:
    """The selection as plain data under its schema name: what ``case-timeline`` prints and prompts are given."""
    data: dict[str, Any] = {"schema": TIMELINE_SCHEMA}
    data.update(msgspec.json.decode(msgspec.json.encode(selection)))  # lists, as every reader of JSON sees them
    # Entries are written out in full: a template may read any field of any entry.
    data["events"] = [{field: getattr(e, field) for field in e.__struct_fields__} for e in selection.events]
    data["requests"] = [{field: getattr(r, field) for field in r.__struct_fields__} for r in selection.requests]
    return data


def _check(case: CaseRecord) -> None:
    seen: set[str] = set()
    for event in case.events:
        if event.id in seen:
            message = f"Case {case.case_id} has two entries with the id {event.id}."
            raise DataError(message, hint="give each entry a different id. Citations refer to them.")
        seen.add(event.id)
        _day(event.at)
    _day(case.as_of)
    timed = {_has_offset(event.at): event for event in case.events if len(event.at) > 10}
    if len(timed) == 2:
        message = (
            f"Case {case.case_id}: {timed[True].id} has a time with an offset, but {timed[False].id} has one without."
        )
        raise DataError(message, hint="give every time of a case an offset, or none. Otherwise their order is unknown.")


def _moment(at: str) -> tuple[date, str]:
    """Day and time of an entry, as UTC where its time has an offset; the time is "" for a day alone."""
    try:
        if len(at) <= 10:
            return date.fromisoformat(at), ""
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"'{at}' is not a date like 2025-03-14, 2025-03-14T09:30 or 2025-03-14T09:30+02:00."
        raise DataError(message, hint="write dates in a case record as ISO 8601.") from error
    return moment.date(), moment.time().isoformat()


def _has_offset(at: str) -> bool:
    return len(at) > 10 and datetime.fromisoformat(at).tzinfo is not None


def _day(at: str) -> date:
    return _moment(at)[0]


def _order(event: CaseEvent) -> tuple[date, str, str]:
    return (*_moment(event.at), event.id)


def _sets_status(event: CaseEvent) -> bool:
    return (
        bool(event.status)
        and event.source in _OFFICE
        and (event.kind in _SETS_STATUS or event.source == "decision_letter")
    )


def _strength(event: CaseEvent) -> tuple[bool, bool, int]:
    # The thing itself before a note about it: an attachment outranks the caseworker's copy of its text.
    return _sets_status(event), bool(event.status), _KIND_POINTS[event.kind] + _SOURCE_POINTS[event.source]


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _merge_duplicates(events: Sequence[CaseEvent]) -> tuple[list[CaseEvent], dict[str, str]]:
    """The entries without duplicates, in order, and for each duplicate the entry that stands for it."""
    kept_of_day: dict[date, list[tuple[CaseEvent, str]]] = {}
    kept_for: dict[str, str] = {}
    for event in sorted(events, key=lambda e: (tuple(-int(s) for s in _strength(e)), _order(e))):
        plain = _plain(event.text)
        same_day = kept_of_day.setdefault(_day(event.at), [])
        for kept, kept_plain in same_day:
            if _same_entry(event, plain, kept, kept_plain):
                kept_for[event.id] = kept.id
                break
        else:
            same_day.append((event, plain))
    return [e for e in events if e.id not in kept_for], kept_for


def _same_entry(event: CaseEvent, plain: str, kept: CaseEvent, kept_plain: str) -> bool:
    if (event.corrects and event.corrects != kept.corrects) or kept.corrects == event.id:
        return False  # each puts another entry right, or one puts the other right
    if event.status and event.status != kept.status:
        return False
    digits = [c for c in plain if c.isdigit()]
    if digits != [c for c in kept_plain if c.isdigit()]:
        return False
    from rapidfuzz import fuzz  # only entries of one day that may be the same need it

    return fuzz.ratio(plain, kept_plain, score_cutoff=_NEAR_IDENTICAL) > 0


def _corrected_by(events: Sequence[CaseEvent], kept_for: Mapping[str, str]) -> dict[str, str]:
    """Entry put right to the id of the office's entry that does it; a correction never reaches forward in time."""
    by_id = {e.id: e for e in events}
    corrected: dict[str, str] = {}
    for event in events:
        target = by_id.get(event.corrects)
        if target is None or event.source not in _OFFICE or target.id == event.id or _day(event.at) < _day(target.at):
            continue
        corrected[kept_for.get(target.id, target.id)] = kept_for.get(event.id, event.id)
    return corrected


def _current(setters: Sequence[CaseEvent]) -> tuple[list[CaseEvent], list[str]]:
    """The entries that state the current status, and why they contradict each other where they do."""
    if not setters:
        return [], []
    latest = max(_day(e.at) for e in setters)
    of_day = [e for e in setters if _day(e.at) == latest]
    # Within a day only one source's own clock gives an order: each source speaks with its last entry.
    last: dict[str, list[CaseEvent]] = {}
    for event in of_day:
        mine = last.setdefault(event.source, [])
        if mine and all(_moment(other.at)[1] and _order(other)[:2] < _order(event)[:2] for other in mine):
            mine.clear()
        mine.append(event)
    current = sorted((e for mine in last.values() for e in mine), key=_order)
    if len({e.status for e in current}) == 1:
        return current, []
    said = "; ".join(f"{e.id} ({e.source.replace('_', ' ')}) says '{e.status}'" for e in current)
    return current, [f"contradictory current statuses on {latest.isoformat()}: {said}"]


def _stale(
    events: Sequence[CaseEvent], *, corrected: Mapping[str, str], current: Sequence[CaseEvent]
) -> tuple[StaleStatus, ...]:
    standing = {e.status for e in current}
    stale: list[StaleStatus] = []
    for event in events:
        if event.status and event.id in corrected:
            stale.append(StaleStatus(event.id, event.status, f"corrected by {corrected[event.id]}"))
        elif event.status and event.status not in standing:
            stale.append(StaleStatus(event.id, event.status, "superseded" if _sets_status(event) else "only repeated"))
    return tuple(stale)


def _must_keep(
    events: Sequence[CaseEvent],
    *,
    current: Sequence[CaseEvent],
    corrected: Mapping[str, str],
    requests: Sequence[DocumentRequest],
) -> set[str]:
    must = {e.id for e in current}
    must |= {r.event for r in requests if r.state == "open" and r.event}
    # A correction that states no status explains why an older status holds again.
    newest = max((_order(e) for e in current), default=(date.min, "", ""))
    must |= {by for by in corrected.values() if any(e.id == by and _order(e) >= newest for e in events)}
    return must & {e.id for e in events}


def _points(event: CaseEvent, today: date) -> int:
    days = (today - _day(event.at)).days
    recency = next((points for limit, points in _RECENCY_POINTS if days <= limit), 0)
    return _KIND_POINTS[event.kind] + _SOURCE_POINTS[event.source] + recency
