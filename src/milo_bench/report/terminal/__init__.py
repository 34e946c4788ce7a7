"""What commands print: results in, tables, lines and JSON for a terminal or a pipe out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milo_bench.core.lazy import lazy_names

if TYPE_CHECKING:
    from milo_bench.report.terminal.cited import print_cited
    from milo_bench.report.terminal.comparison import print_comparison
    from milo_bench.report.terminal.console import stdout_console
    from milo_bench.report.terminal.decision import print_decision
    from milo_bench.report.terminal.demo import DemoAnswer, DemoScreen
    from milo_bench.report.terminal.estimate import print_estimate
    from milo_bench.report.terminal.inventory import (
        difference_json,
        difference_text,
        inventory_json,
        inventory_markdown,
    )
    from milo_bench.report.terminal.judges import counting, licence_record, print_licence
    from milo_bench.report.terminal.load import print_load
    from milo_bench.report.terminal.operators.episodes import print_episode_event, print_operator_total, print_selftest
    from milo_bench.report.terminal.operators.permit import print_permit
    from milo_bench.report.terminal.probes import print_probes, probes_json
    from milo_bench.report.terminal.progress import progress_for
    from milo_bench.report.terminal.recorded import print_recorded
    from milo_bench.report.terminal.review import print_review
    from milo_bench.report.terminal.roles import (
        MiningProgress,
        SelftestProgress,
        print_escalations,
        print_label,
        print_labels,
        print_mining,
        print_promotion,
        print_roles_selftest,
    )
    from milo_bench.report.terminal.scorecard import print_scorecard
    from milo_bench.report.terminal.serving.board import person_record, print_board, print_people
    from milo_bench.report.terminal.serving.challengers import print_challengers
    from milo_bench.report.terminal.serving.gateway import (
        key_record,
        print_alarms,
        print_keys,
        print_queue,
        print_work,
        work_record,
    )
    from milo_bench.report.terminal.serving.incidents import incident_record, print_incident, print_incidents
    from milo_bench.report.terminal.serving.listening import print_listening
    from milo_bench.report.terminal.serving.samples import print_samples, sample_counts
    from milo_bench.report.terminal.standing import print_changes, print_standing, standing_junit
    from milo_bench.report.terminal.verdicts import print_check_table, print_judged, verdicts_json
    from milo_bench.report.terminal.work import work_lines

# What each module gives.
_NAMES: dict[str, tuple[str, ...]] = {
    "milo_bench.report.terminal.serving.board": ("person_record", "print_board", "print_people"),
    "milo_bench.report.terminal.cited": ("print_cited",),
    "milo_bench.report.terminal.comparison": ("print_comparison",),
    "milo_bench.report.terminal.console": ("stdout_console",),
    "milo_bench.report.terminal.decision": ("print_decision",),
    "milo_bench.report.terminal.demo": ("DemoAnswer", "DemoScreen"),
    "milo_bench.report.terminal.serving.challengers": ("print_challengers",),
    "milo_bench.report.terminal.serving.gateway": (
        "key_record",
        "print_alarms",
        "print_keys",
        "print_queue",
        "print_work",
        "work_record",
    ),
    "milo_bench.report.terminal.serving.listening": ("print_listening",),
    "milo_bench.report.terminal.serving.incidents": ("incident_record", "print_incident", "print_incidents"),
    "milo_bench.report.terminal.serving.samples": ("print_samples", "sample_counts"),
    "milo_bench.report.terminal.estimate": ("print_estimate",),
    "milo_bench.report.terminal.inventory": (
        "difference_json",
        "difference_text",
        "inventory_json",
        "inventory_markdown",
    ),
    "milo_bench.report.terminal.judges": ("counting", "licence_record", "print_licence"),
    "milo_bench.report.terminal.load": ("print_load",),
    "milo_bench.report.terminal.operators.episodes": ("print_episode_event", "print_operator_total", "print_selftest"),
    "milo_bench.report.terminal.operators.permit": ("print_permit",),
    "milo_bench.report.terminal.probes": ("print_probes", "probes_json"),
    "milo_bench.report.terminal.progress": ("progress_for",),
    "milo_bench.report.terminal.recorded": ("print_recorded",),
    "milo_bench.report.terminal.review": ("print_review",),
    "milo_bench.report.terminal.roles": (
        "MiningProgress",
        "SelftestProgress",
        "print_escalations",
        "print_mining",
        "print_promotion",
        "print_label",
        "print_labels",
        "print_roles_selftest",
    ),
    "milo_bench.report.terminal.scorecard": ("print_scorecard",),
    "milo_bench.report.terminal.standing": ("print_changes", "print_standing", "standing_junit"),
    "milo_bench.report.terminal.verdicts": ("print_check_table", "print_judged", "verdicts_json"),
    "milo_bench.report.terminal.work": ("work_lines",),
}

__all__ = sorted(name for names in _NAMES.values() for name in names)

if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, _NAMES)
