"""The gateway, its queue, its keys and its audit, wired for the command line."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from milo_bench.config.settings import Settings
from milo_bench.core.errors import PrerequisiteError
from milo_bench.run.event_loop import fast_loop, run_to_end, stoppable
from milo_bench.run.stop import StopSignal

if TYPE_CHECKING:
    from milo_bench.config.alarms import AlarmCount
    from milo_bench.gateway.options import ServeOptions
    from milo_bench.gateway.run import Listening
    from milo_bench.store.audit.verify import AuditCheck
    from milo_bench.store.state.incidents import Incident
    from milo_bench.store.state.keys import GatewayKey
    from milo_bench.store.state.queue import QueuedWork, QueueState


def serve_gateway(
    options: ServeOptions,
    settings: Settings,
    env: Mapping[str, str],
    on_start: Callable[[Listening], None],
    say: Callable[[Mapping[str, Any]], None] | None = None,
) -> None:
    """Serve until Ctrl-C. Raises ConfigError, PrerequisiteError or TargetError where the gateway cannot start."""
    from milo_bench.gateway.run import serve

    async def work() -> None:
        stop = StopSignal()
        with stoppable(stop):
            await serve(options, settings, env, stop, on_start, say)

    run_to_end(work(), new_loop=fast_loop)


def check_audit(
    folder: Path, env: Mapping[str, str], *, head: Path | None = None, key: Path | None = None
) -> AuditCheck:
    """Recompute the chain of an audit. ``head`` and ``key`` are beside the folder unless they are named.

    Raises PrerequisiteError where the audit, its head or its key is missing, DataError for a false head.
    """
    from milo_bench.store.audit.chain import KEY_VARIABLE, read_key
    from milo_bench.store.audit.verify import verify_audit
    from milo_bench.store.audit.writer import head_path, key_path

    secret = read_key(key or key_path(folder), "" if key else env.get(KEY_VARIABLE, ""))
    beside = head_path(folder)
    return verify_audit(folder, secret, head=head or (beside if beside.exists() else None))


def watch_audit(folder: Path, alarms: Path) -> tuple[AlarmCount, ...]:
    """What each alarm of ``alarms`` counts in the audit's latest requests.

    Raises PrerequisiteError where there is no audit, ConfigError for a file of alarms with mistakes.
    """
    from milo_bench.config.alarms import load_alarms
    from milo_bench.evidence.audited.alarms import count_alarms
    from milo_bench.store.audit.verify import read_audit
    from milo_bench.store.audit.writer import audit_files

    file = load_alarms(alarms)
    if not audit_files(folder):
        message = f"{folder} contains no audit."
        raise PrerequisiteError(message, hint="name the folder that 'milo-bench serve --audit' wrote.")
    return count_alarms(file, read_audit(folder))


def state_place(env: Mapping[str, str], given: str | None) -> str:
    """The state database that is meant: what was given, else the environment's, else the usual file."""
    from milo_bench.store.state.database import DEFAULT_STATE, STATE_VARIABLE

    return given or env.get(STATE_VARIABLE, "") or DEFAULT_STATE


def person_here() -> str:
    """The name of the person at this terminal, as the system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def queue_list(
    state: str, *, states: tuple[QueueState, ...] = ("waiting", "taken"), queue: str = "", limit: int = 100
) -> tuple[QueuedWork, ...]:
    """The oldest work first."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.queue import list_work

    return list_work(open_state(state, make=False), states=states, queue=queue, limit=limit)


def queue_show(state: str, id: str) -> QueuedWork:
    """One piece of work. Raises UsageError where it is not there."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.queue import known_work

    return known_work(open_state(state, make=False), id)


def queue_take(state: str, id: str, person: str) -> QueuedWork:
    """Take work, so that no other person answers it meanwhile."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.queue import take_work

    return take_work(open_state(state, make=False), id, person, time.time())


def queue_end(state: str, id: str, ending: Literal["answered", "rejected"], text: str, person: str) -> QueuedWork:
    """Answer or reject work, once."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.queue import end_work

    return end_work(open_state(state, make=False), id, ending, text, person, time.time())


def incidents_list(state: str, *, closed: bool = False) -> tuple[Incident, ...]:
    """Open incidents, the oldest first; with ``closed`` all of them, the newest first."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.incidents import list_incidents

    return list_incidents(open_state(state, make=False), closed=closed)


def incident_show(state: str, id: str) -> Incident:
    """One incident. Raises UsageError where it is not there."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.incidents import known_incident

    return known_incident(open_state(state, make=False), id)


def incident_close(state: str, id: str, person: str, note: str) -> Incident:
    """Close an incident, once; what it rolled back opens again. Raises UsageError where it is closed."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.incidents import close_incident

    return close_incident(open_state(state, make=False), id, person, note, time.time())


def add_key(
    state: str,
    name: str,
    *,
    workloads: tuple[str, ...] = (),
    most_requests: int | None = None,
    most_tokens: int | None = None,
    most_usd: float | None = None,
    days: float | None = None,
    permit: str = "",
) -> tuple[str, GatewayKey]:
    """A new key, which is shown once and kept as a hash, and its record. Budgets are for a day.

    ``permit`` is the id of an operator permit: the key's answers may then call the tools that it allows.
    """
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.keys import new_key

    now = time.time()
    return new_key(
        open_state(state), name, now=now, workloads=workloads, most_requests=most_requests, most_tokens=most_tokens,
        most_usd=most_usd, expires_at=None if days is None else now + days * 86_400, permit=permit,
    )  # fmt: skip


def keys_list(state: str) -> tuple[GatewayKey, ...]:
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.keys import list_keys

    return list_keys(open_state(state, make=False))


def end_key(state: str, name: str) -> GatewayKey:
    """Revoke a key; a running gateway refuses it within a second."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.keys import revoke_key

    return revoke_key(open_state(state, make=False), name)
