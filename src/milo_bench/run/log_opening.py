"""A path and how much text its log may keep in; what makes that log, or takes it up again, out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from milo_bench.core.hiding.parts import redacted_parts
from milo_bench.core.records import Fixture, RunHeader, StoreText, Workload
from milo_bench.run.asked.alike import name_alike
from milo_bench.store.log.earlier import LoggedRows, earlier_logs
from milo_bench.store.log.writer import Resumed, RunLogWriter
from milo_bench.store.stored_text import TextPolicy


def text_policy(
    store_text: StoreText, fixtures: Sequence[Fixture] = (), workloads: Iterable[Workload] = ()
) -> TextPolicy:
    """What happens to texts before they are written. Patterns of personal data and secrets are compiled only to redact.

    ``fixtures`` and their ``workloads`` say which ask the same, for a log that keeps no text to see it by.
    """
    if store_text == "hashes":
        return TextPolicy(store_text, None, name_alike(fixtures, {one.name: (one,) for one in workloads}))
    if store_text != "redacted":
        return TextPolicy(store_text, None)
    from milo_bench.guards.personal.data import Redactor
    from milo_bench.guards.secrets.replace import SecretsRedactor

    redactor = SecretsRedactor(Redactor())
    return TextPolicy(
        store_text,
        lambda text: redactor.redact(text).text,
        redact_parts=lambda texts: redacted_parts(texts, redactor.redact),
    )


def log_opener(
    path: Path, fixtures: Sequence[Fixture], store_text: StoreText, *, resume: bool, rows: LoggedRows | None = None
) -> Callable[[RunHeader], Resumed]:
    """What opens the log at ``path`` for a header: a new one, or with ``resume`` the one that is there.

    A new log of such ``rows`` names the earlier ones in its folder.

    What it returns raises the errors of ``RunLogWriter.create`` and ``RunLogWriter.resume``.
    """

    def open_log(header: RunHeader) -> Resumed:
        policy = text_policy(store_text, fixtures, header.workloads)
        if resume:
            return RunLogWriter.resume(path, header, fixtures, policy)
        if rows is not None:
            header = msgspec.structs.replace(header, earlier=earlier_logs(path, header, rows) or msgspec.UNSET)
        writer = RunLogWriter.create(path, header, fixtures, policy, resumes=rows != "load")
        return Resumed(writer, {})

    return open_log
