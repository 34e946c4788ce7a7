"""A decision in, the files of its package that programs read out: JSON, YAML, CSV, commands."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import yaml

from milo_bench.config.routing_file import read_routing
from milo_bench.decide.records import Decision

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def data_files(decision: Decision) -> dict[str, bytes]:
    """``decision.json``, ``routing.yaml``, ``roi.json``, ``fixtures.csv``, ``commands.txt`` as bytes."""
    texts = {
        "routing.yaml": _routing(decision),
        "fixtures.csv": _fixtures(decision),
        "commands.txt": "".join(f"{line}\n" for line in decision.commands),
    }
    return {
        "decision.json": decision_json(decision),
        "roi.json": _json(_roi(decision)),
        **{name: text.encode("utf-8", "replace") for name, text in texts.items()},
    }


def decision_json(decision: Decision) -> bytes:
    """The decision as canonical JSON: keys sorted, indented, one line feed at its end."""
    return _json(decision)


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=1) + b"\n"


def _routing(decision: Decision) -> str:
    """The table as a person reads it, with a comment on each rule; checked as a gateway will check it."""
    plain = yaml.safe_dump(decision.routing, sort_keys=False, allow_unicode=True, width=100)
    return read_routing(plain, name="routing of the decision").to_yaml() if decision.routing else "{}\n"


def _roi(decision: Decision) -> dict[str, Any]:
    """Every number about money with its range, formula and inputs; ``headline`` names the one on page one."""
    case = decision.business
    if case is None:
        return {"headline": None, "figures": [], "assumptions": [], "note": "no economics.yaml was given"}
    return {
        "title": case.title,
        "headline": case.headline,
        "figures": case.figures,
        "lines": case.lines,
        "likely": case.likely,
        "tornado": case.tornado,
        "assumptions": case.assumptions,
        "method": case.method,
        "unused": case.unused,
    }


def _fixtures(decision: Decision) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["fixture", "sha256"])
    for id, digest in decision.fixtures.items():
        writer.writerow([_cell(id), _cell(digest)])
    return out.getvalue()


def _cell(text: str) -> str:
    """A spreadsheet takes what starts with ``=`` for a formula; an apostrophe keeps it text."""
    return f"'{text}" if text.startswith(_FORMULA) else text
