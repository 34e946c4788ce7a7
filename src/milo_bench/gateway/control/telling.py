"""Open incidents in, each told once to the webhook and the mailbox of the settings out; never text of a request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from milo_bench.config.gateway import IncidentsConfig
from milo_bench.core.records import Timeouts
from milo_bench.core.text import one_line
from milo_bench.gateway.control.watch import RunOutside
from milo_bench.gateway.upstream.pool import UpstreamPool
from milo_bench.store.state import Engine
from milo_bench.store.state.incidents import Incident, list_incidents, mark_told
from milo_bench.targets.http.address import parse_address

_LIMITS: Final = Timeouts(connect_s=5.0, first_token_s=10.0, total_s=10.0)
_MAIL_S: Final = 10.0
_PAUSE_S: Final = 30.0  # before an incident that could not be told is told again
_ENCODER: Final = msgspec.json.Encoder()


class IncidentTeller:
    """Tells each incident to every address, and again to one that did not take it."""

    def __init__(self, engine: Engine, config: IncidentsConfig, say: Callable[..., None]) -> None:
        self._engine, self._config, self._say = engine, config, say
        self._took: dict[str, set[str]] = {}  # by incident, which addresses took it
        self._not_before_s = 0.0

    async def tell_all(self, run: RunOutside) -> None:
        """Raises StateError where the state database refuses."""
        ways = [*(["webhook"] if self._config.webhook else []), *(["mail"] if self._config.mail_to else [])]
        if not ways or time.monotonic() < self._not_before_s:
            return
        for incident in await run(list_incidents, self._engine):
            if incident.told_at is not None:
                continue
            took = self._took.setdefault(incident.id, set())
            for way in ways:
                if way not in took and await (self._post if way == "webhook" else self._mail)(incident):
                    took.add(way)
            if took.issuperset(ways):
                await run(mark_told, self._engine, incident.id, time.time())
                self._took.pop(incident.id, None)
            else:
                self._not_before_s = time.monotonic() + _PAUSE_S

    async def _post(self, incident: Incident) -> bool:
        address = parse_address(self._config.webhook)
        headers = {"Content-Type": "application/json", "User-Agent": "milo-bench"}
        pool = UpstreamPool(address, headers, inside_only=False)
        try:
            path = "/" + self._config.webhook.partition("://")[2].partition("/")[2]
            reply = await pool.fetch(path, _ENCODER.encode(incident_data(incident)), _LIMITS)
        finally:
            pool.close()
        await asyncio.sleep(0)
        if reply.failure is None and 200 <= reply.status < 300:
            return True
        self._say("webhook_failed", incident=incident.id, reason=reply.message or f"HTTP {reply.status}")
        return False

    async def _mail(self, incident: Incident) -> bool:
        try:
            await asyncio.get_running_loop().run_in_executor(None, _send, self._config, incident)
        except OSError as error:  # SMTPException is one
            self._say("mail_failed", incident=incident.id, reason=type(error).__name__)
            return False
        return True


def incident_data(incident: Incident) -> dict[str, Any]:
    """What an incident tells: names, counts and times."""
    return {
        "incident": incident.id, "kind": incident.kind, "workload": incident.workload, "target": incident.target,
        "what": incident.what, "also": [part.what for part in incident.also], "page": incident.page,
        "rolled_back": bool(incident.rolls_back),
        "opened_at": datetime.fromtimestamp(incident.opened_at, UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def _send(config: IncidentsConfig, incident: Incident) -> None:
    import smtplib  # only an incident that is mailed needs these
    from email.message import EmailMessage

    message = EmailMessage()
    about = incident.workload or incident.target or "the queue"
    message["Subject"] = one_line(f"Milo Bench incident {incident.id}: {incident.kind.replace('_', ' ')}, {about}", 150)
    message["From"] = config.mail_from or ""
    message["To"] = ", ".join(config.mail_to)
    rolled = "The route is rolled back to its fallback.\n" if incident.rolls_back else ""
    also = "".join(f"Also: {part.what}.\n" for part in incident.also)
    message.set_content(
        f"{incident.what[:1].upper()}{incident.what[1:]}.\n{also}{rolled}\nSee {incident.page}.\n"
        f"milo-bench incidents show {incident.id}\nmilo-bench incidents close {incident.id} --note TEXT\n"
    )
    host, _, port = config.mail_server.rpartition(":")
    with smtplib.SMTP(host.strip("[]"), int(port), timeout=_MAIL_S) as server:
        server.send_message(message)
