"""A decision in, the files of its package that programs read out: JSON, YAML, CSV, commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import yaml

from milo_bench.config.alarms import AlarmsFile
from milo_bench.config.policy.operator import SHIPPED_OPERATOR_POLICY
from milo_bench.config.routing.file import read_routing
from milo_bench.config.routing.flags import FlagsFile, flags_text
from milo_bench.core.records import TargetRecord
from milo_bench.decide.records import Decision
from milo_bench.decide.rerun import ECONOMICS_NAME, OPERATOR_POLICY_NAME, POLICY_NAME, REVIEW_NAME
from milo_bench.report.decision_file import decision_bytes
from milo_bench.report.files.csv_cells import csv_text
from milo_bench.report.pages.backlog import backlog_csv
from milo_bench.report.pages.roi import roi
from milo_bench.report.runbook.alarms import alarms_yaml

BENCH: Final = "bench.yaml"


def data_files(decision: Decision) -> dict[str, bytes]:
    """Each by its name: decision, routing table, flags, inputs, roi, backlog, fixtures with their hashes, commands."""
    texts = {
        "routing.yaml": _routing(decision),
        "backlog.csv": backlog_csv(decision),
        "fixtures.csv": _fixtures(decision),
        "commands.txt": "".join(f"{line}\n" for line in decision.commands),
    }
    texts |= _inputs(decision)
    return {
        "decision.json": decision_bytes(decision),
        "roi.json": _json(roi(decision)),
        **{name: text.encode("utf-8", "replace") for name, text in texts.items()},
    }


def _inputs(decision: Decision) -> dict[str, str]:
    """What another machine needs to decide again, and a gateway to enforce and watch: policy … flags, alarms."""
    found = {POLICY_NAME: decision.policy.text} if decision.policy.text else {}
    if decision.economics is not None:
        found[ECONOMICS_NAME] = decision.economics.text
    if decision.operator_policy is not None and decision.operator_policy.path != SHIPPED_OPERATOR_POLICY:
        found[OPERATOR_POLICY_NAME] = decision.operator_policy.text
    if decision.review is not None:
        found[REVIEW_NAME] = decision.review.text
    if decision.targets:
        found[BENCH] = bench_text(decision.targets)
    rules = [*decision.routing.get("rules", ()), decision.routing.get("default", {})]
    flags = list(dict.fromkeys(str(rule["flag"]) for rule in rules if rule.get("flag")))
    if flags:
        found[FlagsFile.file_name] = flags_text(flags)
    if alarms := alarms_yaml(decision):
        found[AlarmsFile.file_name] = alarms
    return found


def bench_text(targets: Sequence[TargetRecord]) -> str:
    """bench.yaml with the targets as they were measured. It holds no key; addresses are those of the run."""
    entries = {}
    for one in targets:
        entry: dict[str, Any] = {"api": one.api, "model": one.model}
        if one.endpoint:
            entry["base_url"] = f"{one.endpoint}/v1" if one.api == "openai" else one.endpoint
        if one.hosted:
            entry["hosted"] = True
        if one.context_window is not None:
            entry["context_window"] = one.context_window
        if one.quantisation:
            entry["quantisation"] = one.quantisation
        if one.price is not None:
            price = msgspec.to_builtins(one.price)
            entry["price"] = {key: value for key, value in price.items() if key != "source"}
        entries[one.name] = entry
    head = "# The targets as they were measured. Addresses are those of the run: put your own in their place.\n"
    return head + yaml.safe_dump({"targets": entries}, sort_keys=False, allow_unicode=True, default_flow_style=None)


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=1) + b"\n"


def _routing(decision: Decision) -> str:
    """The table as a person reads it, with a comment on each rule; checked as a gateway will check it."""
    plain = yaml.safe_dump(decision.routing, sort_keys=False, allow_unicode=True, width=100)
    return read_routing(plain, name="routing of the decision").to_yaml() if decision.routing else "{}\n"


def _fixtures(decision: Decision) -> str:
    return csv_text(("fixture", "sha256"), decision.fixtures.items())
