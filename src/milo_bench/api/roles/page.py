"""A registry and its history in, its page out; target names in, a first registry out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from milo_bench.api.roles.promoting import target_facts
from milo_bench.api.settings import load_settings
from milo_bench.config.roles.file import load_registry, read_registry
from milo_bench.core.errors import UsageError
from milo_bench.core.files import write_file, write_folder
from milo_bench.core.hashing import sha256_text
from milo_bench.decide.promotion.recompute import recompute
from milo_bench.report.pages.roles import roles_page
from milo_bench.roles.history import read_history

_ROLES = {"draft": 1, "reason": 1, "review": 2, "coder": 3}


def write_registry(
    models: Sequence[str],
    out: Path,
    *,
    config: Path | None = None,
    force: bool = False,
    env: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Write a registry in which the first of ``models`` has every role and the others challenge; notes on it.

    Raises UsageError for an unknown target or a file that exists.
    """
    settings = load_settings(config, os.environ if env is None else env)
    names = tuple(dict.fromkeys(models))
    if not names:
        raise UsageError("No model was given.", hint="add one from 'milo-bench targets' with --models.")
    families = {name: settings.target(name).family for name in names}
    if out.exists() and not force:
        raise UsageError(f"{out} already exists.", hint="replace it with --force, or choose another --out.")
    lines = [
        "# Who has each role of work, and who challenges. Change it as you like: docs/how-to/roles.md explains it.",
        "schema_version: 1",
        "roles:",
    ]
    for role, weight in _ROLES.items():
        lines += [
            f"  {role}:",
            f"    workloads: {{{role}: {weight}}} # severity weight of each workload",
            f"    incumbent: {names[0]}",
            f"    challengers: [{', '.join(names[1:])}]",
            "    escalation: [] # targets to ask, in order, if the incumbent rejects",
        ]
    lines += [
        "# released: {NAME: 2026-01-31} # cases from before a model's release may be in its training",
        "# routing: routing.yaml # 'roles promote --apply' changes the role's rule there",
        "# repositories: # what 'roles run' mines",
        "#   - {path: ../our-repo, suite: suites/our-repo}",
        "policy:",
        "  error: 0.05 # the chance that an incumbent ever loses its place to a worse challenger is at most this",
        "  margins: {acceptance_rate: 0.1, review_pain_minutes: 2, hard_failure_rate: 0.1}",
        "  retire_after: 3",
        "  minutes: {read: 2, edit: 10, false_alarm: 3, unparsable: 5, most: 20}",
    ]
    text = "\n".join(lines) + "\n"
    read_registry(text, name=str(out))
    write_file(out, text)
    known = {family for family in families.values() if family}
    notes = [
        f"the family of {name} is unknown: set it in bench.yaml" for name, family in families.items() if not family
    ]
    if len(known) < 2 and len(names) > 1:
        notes.append("these models are of one family, so every promotion will be rejected: add one of another family")
    return tuple(notes)


def write_roles_page(
    registry: Path, out: Path, *, config: Path | None = None, env: Mapping[str, str] | None = None
) -> Path:
    """Write the page into ``out``: index.html, the figures as JSON, and the archived reports."""
    file = load_registry(registry)
    settings = load_settings(config, os.environ if env is None else env)
    history = read_history(registry.parent / file.history)
    folder = registry.parent / file.reports
    reports = {
        path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("local-model-benchmark-*.md"))
    }
    facts = {name: target_facts(name, file, settings) for role in file.roles.values() for name in role.targets}
    files: dict[str, str | bytes] = dict(roles_page(file, history, facts, tuple(reports)))
    files |= {f"reports/{name}": text for name, text in reports.items()}
    write_folder(out, files, mode=0o644)
    return out / "index.html"


def verify_roles_page(
    registry: Path, out: Path, *, config: Path | None = None, env: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """What on the page in ``out`` differs from what its evidence gives: figures by name, or a file that was changed."""
    file = load_registry(registry)
    settings = load_settings(config, os.environ if env is None else env)
    history = read_history(registry.parent / file.history)
    wrong = list(recompute(file, history))
    folder = registry.parent / file.reports
    names = tuple(path.name for path in sorted(folder.glob("local-model-benchmark-*.md")))
    facts = {name: target_facts(name, file, settings) for role in file.roles.values() for name in role.targets}
    for name, text in roles_page(file, history, facts, names).items():
        place = out / name
        if not place.is_file():
            wrong.append(f"{place} is missing")
        elif sha256_text(place.read_text(encoding="utf-8")) != sha256_text(text):
            wrong.append(f"{place} is not the page of this registry and history: write it again")
    return tuple(wrong)
