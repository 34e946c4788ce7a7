"""A decision in, the files of its package that programs read out: JSON, YAML, CSV, commands."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from milo_bench.config.routing.file import read_routing
from milo_bench.decide.records import Decision
from milo_bench.report.decision_file import decision_bytes
from milo_bench.report.files.csv_cells import csv_text
from milo_bench.report.pages.backlog import backlog_csv
from milo_bench.report.pages.roi import roi


def data_files(decision: Decision) -> dict[str, bytes]:
    """Each by its name: the decision, the routing table, roi, backlog, fixtures with their hashes, commands."""
    texts = {
        "routing.yaml": _routing(decision),
        "backlog.csv": backlog_csv(decision),
        "fixtures.csv": _fixtures(decision),
        "commands.txt": "".join(f"{line}\n" for line in decision.commands),
    }
    return {
        "decision.json": decision_bytes(decision),
        "roi.json": _json(roi(decision)),
        **{name: text.encode("utf-8", "replace") for name, text in texts.items()},
    }


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=1) + b"\n"


def _routing(decision: Decision) -> str:
    """The table as a person reads it, with a comment on each rule; checked as a gateway will check it."""
    plain = yaml.safe_dump(decision.routing, sort_keys=False, allow_unicode=True, width=100)
    return read_routing(plain, name="routing of the decision").to_yaml() if decision.routing else "{}\n"


def _fixtures(decision: Decision) -> str:
    return csv_text(("fixture", "sha256"), decision.fixtures.items())
