"""A table's permits for operators and the targets as they are served in, why one is void out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from milo_bench.config.routing.file import RoutingFile
from milo_bench.core.errors import ConfigError
from milo_bench.gateway.upstream.targets import Upstream


def void_permits(file: RoutingFile, upstreams: Mapping[str, Upstream]) -> dict[str, tuple[str, ...]]:
    """By target, the reasons why its permit is void today. A target that does not answer is not judged."""
    if not file.operators:
        return {}
    # Late: it brings the economics of operators along, a third of the memory of a gateway that has none.
    from milo_bench.operator.permit.grants import operator_allows

    today = datetime.now(UTC).date()
    found = {}
    for name, grant in file.operators.items():
        upstream = upstreams.get(name)
        kind = next(iter(grant.kinds))
        if upstream is None or upstream.health.token_s is None:
            continue
        reasons = operator_allows(file, upstream.record, kind, today).void
        if reasons:
            found[name] = reasons
    return found


def check_permits(file: RoutingFile, upstreams: Mapping[str, Upstream]) -> None:
    """Raises ConfigError where a permit of the table is void: it would permit nothing."""
    for name, reasons in void_permits(file, upstreams).items():
        message = f"The permit of '{name}' is void: {reasons[0]}."
        raise ConfigError(message, hint="renew it with 'milo-bench operator permit', or remove it from the table.")
