"""A listening gateway, its queue and its keys in, lines and tables on a terminal and plain records out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from milo_bench.config.alarms import AlarmCount
from milo_bench.core import units
from milo_bench.core.text import one_line, visible
from milo_bench.core.units import seconds
from milo_bench.report.terminal.console import stdout_console
from milo_bench.store.state.keys import GatewayKey
from milo_bench.store.state.queue import QueuedWork

_COUNTS = ("seen", "of the latest", "usual at most", "watched")


def print_queue(found: Sequence[QueuedWork]) -> None:
    """One row for each piece of work."""
    if not found:
        click.echo("The queue is empty.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("id", "state", "age", "workload", "queue", "why"):
        table.add_column(name, no_wrap=name in ("id", "state", "age"))
    now = time.time()
    for work in found:
        state = f"{work.state} ({one_line(work.person)})" if work.person else work.state
        row = (work.id, state, age_text(now - work.created_at), work.workload or "—", work.queue or "—", work.why)
        table.add_row(*[Text(one_line(cell, 120)) for cell in row])
    stdout_console().print(table)


def print_alarms(found: Sequence[AlarmCount]) -> None:
    """One row for each alarm, those that ring first."""
    if not found:
        click.echo("There are no alarms: the file lists none.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("alarm", "state", *_COUNTS, "baseline"):
        table.add_column(name, no_wrap=name != "baseline", justify="right" if name in _COUNTS else "left")
    for one in sorted(found, key=lambda one: one.state != "alarm"):
        at_most = units.share(one.at_most)
        row = (one.alarm, one.state, f"{one.seen:,}", f"{one.requests:,}", at_most, f"{one.watched:,}", one.baseline)
        table.add_row(*[Text(one_line(cell, 80)) for cell in row])
    stdout_console().print(table)


def print_work(work: QueuedWork) -> None:
    """Everything of one piece of work; what clients and models wrote is made harmless."""
    lines = [
        f"{work.id}: {work.state}" + (f" by {work.person}" if work.person else ""),
        f"workload {work.workload or '—'}, rule {work.rule}, since {date_text(work.created_at)}",
        f"why: {work.why}",
    ]
    click.echo(visible("\n".join(lines)))
    for title, text in (
        ("Request", _pretty(work.request)), ("Draft of the model", work.draft), ("Answer", work.answer),
        ("Reason", work.reason),
    ):  # fmt: skip
        if text:
            click.echo(f"\n{title}:\n{visible(text)}")


def work_record(work: QueuedWork, *, texts: bool = False) -> dict[str, Any]:
    """Plain data of one piece of work; requests, drafts and answers only where they are asked for."""
    record: dict[str, Any] = {
        "id": work.id, "state": work.state, "queue": work.queue, "place": work.place, "workload": work.workload,
        "use": work.use, "rule": work.rule, "cause": work.cause, "why": work.why, "person": work.person,
        "created_at": date_text(work.created_at), "ended_at": date_text(work.ended_at),
    }  # fmt: skip
    if texts:
        record |= {
            "request": json.loads(work.request), "draft": work.draft, "answer": work.answer, "reason": work.reason
        }  # fmt: skip
    return record


def print_keys(found: Sequence[GatewayKey]) -> None:
    """One row for each key."""
    if not found:
        click.echo("There are no keys: every client on this machine may call the gateway.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("name", "id", "workloads", "permit", "per day", "expires", "state"):
        table.add_column(name)
    for key in found:
        budgets = [
            f"{units.number(value)} {what}"
            for value, what in (
                (key.most_requests, "requests"), (key.most_tokens, "tokens"), (key.most_usd, "USD")
            )
            if value is not None
        ]  # fmt: skip
        row = (
            key.name, key.id, ", ".join(key.workloads) or "all", key.permit or "—", ", ".join(budgets) or "no limit",
            date_text(key.expires_at) or "never", _key_state(key),
        )  # fmt: skip
        table.add_row(*[Text(one_line(cell, 80)) for cell in row])
    stdout_console().print(table)


def key_record(key: GatewayKey) -> dict[str, Any]:
    """Plain data of one key, without its hash."""
    return {
        "id": key.id, "name": key.name, "workloads": list(key.workloads), "permit": key.permit,
        "requests_per_day": key.most_requests,
        "tokens_per_day": key.most_tokens, "usd_per_day": key.most_usd, "created_at": date_text(key.created_at),
        "expires_at": date_text(key.expires_at), "state": _key_state(key),
    }  # fmt: skip


def _key_state(key: GatewayKey) -> str:
    if key.revoked:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= time.time() else "valid"


def age_text(age_s: float) -> str:
    if age_s < 3_600:
        return seconds(max(0.0, age_s))
    return f"{units.number(age_s / 3_600)} h" if age_s < 172_800 else f"{units.number(age_s / 86_400)} days"


def date_text(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _pretty(request: str) -> str:
    try:
        return json.dumps(json.loads(request), ensure_ascii=False, indent=2)
    except ValueError:
        return request
