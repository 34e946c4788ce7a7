"""Hours of work that a policy does not state: assumptions of this program, and labelled so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from milo_bench.config.policy.models import HoursConfig

_SOURCE: Final = "assumed by Milo Bench. Put your own estimate under hours: in policy.yaml"

DEFAULT_HOURS: Final[Mapping[str, HoursConfig]] = {
    name: HoursConfig(low=low, base=base, high=high, source=_SOURCE)
    for name, (low, base, high) in {
        "constrained_decoding": (2.0, 4.0, 8.0),
        "other_target": (4.0, 8.0, 16.0),
        "safer_prompt": (2.0, 4.0, 8.0),
        "event_selection": (8.0, 16.0, 32.0),
        "extraction_first": (16.0, 32.0, 60.0),
        "length_limit": (2.0, 4.0, 6.0),
        "keyword_rule": (4.0, 6.0, 10.0),
        "guard_to_review": (4.0, 8.0, 16.0),
        "citation_filter": (4.0, 8.0, 12.0),
        "mixed_routing": (8.0, 16.0, 32.0),
        "human_review": (4.0, 8.0, 16.0),
        "concurrency_cap": (2.0, 4.0, 6.0),
        "readiness_probe": (2.0, 4.0, 6.0),
        "more_fixtures": (4.0, 8.0, 24.0),
        "run_probes": (1.0, 2.0, 4.0),
        "repair_runtime": (4.0, 8.0, 24.0),
    }.items()
}
