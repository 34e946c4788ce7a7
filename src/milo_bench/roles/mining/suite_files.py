"""What was mined in, the files of its suite out: suite.yaml, prompts, schemas, fixtures, and what was rejected."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from milo_bench.core.files import write_folder
from milo_bench.roles.labels import labels_sheet, rejected_labels
from milo_bench.roles.mining.mine import MiningReport
from milo_bench.roles.mining.records import MINED_ROLES, Mined
from milo_bench.suites.sheets.labels import LABELS

REJECTED: Final = "rejected.jsonl"
ENVIRONMENTS: Final = "environments.json"

_SECTIONS: Final[dict[str, dict[str, Any]]] = {
    "coder": {
        "title": "Code changes, judged by the commit's own tests",
        "prompt": "prompts/coder.jinja",
        "max_tokens": 1000,
        "checks": ["answer_present", "coder_tests"],
    },
    "review": {
        "title": "Reviews of changes, some of which later fixes mended",
        "prompt": "prompts/review.jinja",
        "schema": "schemas/review.json",
        "max_tokens": 400,
        "checks": ["answer_present", "review_verdict"],
    },
    "reason": {
        "title": "Questions about code, answered by running it",
        "prompt": "prompts/reason.jinja",
        "schema": "schemas/reason.json",
        "max_tokens": 300,
        "checks": ["answer_present", "reason_answer"],
    },
    "draft": {
        "title": "Commit messages, pull request texts and change log entries for diffs",
        "prompt": "prompts/draft.jinja",
        "max_tokens": 350,
        "checks": ["answer_present", "draft_grounded"],
    },
}


def write_suite_files(report: MiningReport, out: Path, *, name: str) -> None:
    """Write the suite of all cases in ``report`` into ``out``. Other files of the folder stay."""
    before = _sheet_before(out)
    rejected_by_hand = rejected_labels(before)
    lines: dict[str, list[str]] = {}
    for case in sorted(report.cases, key=_newest_first):
        if case.fixture["id"] in rejected_by_hand:
            continue
        lines.setdefault(case.role, []).append(json.dumps(case.fixture, ensure_ascii=False))
    roles = [role for role in MINED_ROLES if role in lines]
    written: dict[str, str | bytes] = {f"fixtures/{role}.jsonl": "\n".join(lines[role]) + "\n" for role in roles}
    for role in roles:
        for kind in ("prompt", "schema"):
            place = _SECTIONS[role].get(kind)
            if place:
                written[place] = (files("milo_bench.roles.mining") / place).read_text(encoding="utf-8")
    manifest = {
        "name": name,
        "version": "1",
        "title": f"Work from the commits of {report.repository}",
        "fixtures": [f"fixtures/{role}.jsonl" for role in roles],
        "workloads": {role: _SECTIONS[role] for role in roles},
    }
    if roles:
        written["suite.yaml"] = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=110)
    reviews = [case.fixture for case in report.cases if case.role == "review"]
    if reviews:
        written[LABELS] = labels_sheet(reviews, before, seed=0)
    rejected = b"".join(msgspec.json.encode(one) + b"\n" for one in report.rejections)
    written[REJECTED] = rejected
    written[ENVIRONMENTS] = msgspec.json.format(msgspec.json.encode(report.environments), indent=1)
    write_folder(out, written)


def _sheet_before(out: Path) -> str:
    place = out / LABELS
    return place.read_text(encoding="utf-8-sig", errors="replace") if place.is_file() else ""


def _newest_first(case: Mined) -> tuple[int, str]:
    return -int(case.fixture["provenance"]["time"]), str(case.fixture["id"])
