"""Logs, policies and packages of strangers at decide and verify: a decision or a sentence, and no change unseen."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.fuzz.damage import damaged
from benchmarks.fuzz.kinds.logs import check_readable, odd_log, sound_log
from benchmarks.fuzz.throw import Kind, Lost
from milo_bench.api.deciding import DecideOptions, decide_logs
from milo_bench.api.verifying import verify_package
from milo_bench.core.errors import MiloError, RowLeftOut
from milo_bench.report.package import write_package

_AT: Final = "2026-01-01T00:00:00Z"
_POLICY: Final = b"""policy: 1
suite: s
error_family: candidate
workloads:
  notes:
    gates:
      - {measure: accuracy, at_least: 0.5}
findings:
  - {name: unsafe, when: [probe_failed_critical], finding: reject}
  - {name: good, when: [all_gates_pass], finding: keep}
  - {name: bad, when: [any_gate_failed], finding: reject}
  - {name: unknown, when: [], finding: defer}
"""


def _decided(random: Random, folder: Path) -> None:
    """A log, a policy, or both with damage."""
    log, policy = folder / "log.jsonl", folder / "policy.yaml"
    chance = random.random()
    log.write_bytes(odd_log(random) if chance < 0.6 else damaged(random, sound_log()) if chance < 0.8 else sound_log())
    policy.write_bytes(_POLICY if chance < 0.7 else damaged(random, _POLICY))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowLeftOut)
        try:
            decide_logs(DecideOptions([log], policy=policy), created_at=_AT)
        except MiloError as error:
            check_readable(error)


@cache
def _ready() -> None:
    """One sound log decided, so that no input pays for what all need."""
    with tempfile.TemporaryDirectory() as name:
        log, policy = Path(name) / "log.jsonl", Path(name) / "policy.yaml"
        log.write_bytes(sound_log())
        policy.write_bytes(_POLICY)
        decide_logs(DecideOptions([log], policy=policy), created_at=_AT)


@cache
def _package() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, policy = folder / "log.jsonl", folder / "policy.yaml"
        log.write_bytes(sound_log())
        policy.write_bytes(_POLICY)
        made = decide_logs(DecideOptions([log], policy=policy), created_at=_AT)
        write_package(made, folder / "package")
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path != policy
        }


def _verified(random: Random, folder: Path) -> None:
    """One file of a package with damage: it is found, wherever it is."""
    shutil.rmtree(folder / "package", ignore_errors=True)
    files = _package()
    hurt = random.choice([*files, "package/decision.json", "log.jsonl"])
    data = damaged(random, files[hurt])
    for name, sound in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if name == hurt else sound)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RowLeftOut)
            found = verify_package(folder / "package", runs=folder)
    except MiloError as error:
        check_readable(error)
        return
    if data != files[hurt] and found.exit_code == 0:
        raise Lost(f"{hurt} was changed, and verify found nothing")


KINDS = (Kind("decided", _decided, 0.6, prepare=_ready), Kind("verified", _verified, 0.2, prepare=_package, draws=True))
