"""A server and a folder in, what each command of Milo Bench says of it out, step by step."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.servers.kinds import Kind, Served

_STEP_S = 900


@dataclass(frozen=True)
class Step:
    """One command: what it found in a line. ``ok`` says that it ended as a user would want, not that all passed."""

    name: str
    ok: bool
    said: str


class Desk:
    """A folder with the bench.yaml of one server, as a user has it."""

    def __init__(self, folder: Path, served: Served) -> None:
        self.folder = folder
        self.served = served
        (folder / "bench.yaml").write_text(yaml.safe_dump({"targets": dict(served.targets)}))

    def milo(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``milo-bench WORDS``, run in the folder."""
        program = Path(sys.executable).with_name("milo-bench")
        return subprocess.run(
            [str(program), *words], cwd=self.folder, capture_output=True, text=True, timeout=_STEP_S, check=False
        )

    def steps(self, kind: Kind) -> list[Step]:
        """Found, identified, probed, run, constrained, loaded."""
        return [
            self._found(),
            self._run("run", "free"),
            self._identified(),
            self._run("constrained", "constrained"),
            *(self._probed(name, kind.probes) for name in self.served.targets),
            self._loaded(),
        ]

    def _found(self) -> Step:
        said = self.milo("targets", "--json")
        try:
            listing = json.loads(said.stdout)
        except ValueError:
            return Step("found", False, said.stderr.strip()[-200:])
        mine = [one for one in listing["targets"] if one["name"] in self.served.targets]
        seen = [one["kind"] for one in listing["found"] if self.served.address in one["base_url"]]
        states = ", ".join(f"{one['name']}: {one['state']}" for one in mine)
        named = f"found by itself as {seen[0]}" if seen else "not found by itself: give its address"
        return Step("found", all(one["ready"] for one in mine), f"{states}; {named}")

    def _run(self, name: str, decoding: str) -> Step:
        log = self.folder / f"{name}.jsonl"
        words = ("run", "--suite", "claims_v1", "--workload", "escalation", "--limit", "3", "--decoding", decoding)
        said = self.milo(*words, "--models", ",".join(self.served.targets), "--out", str(log), "--json")
        if said.returncode not in (0, 4):
            return Step(name, False, said.stderr.strip()[-300:])
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        attempts = [row for row in rows if row["type"] == "attempt"]
        failures = sorted({row["failure"]["kind"] for row in attempts if row.get("failure")})
        loads = [row for row in rows if row["type"] == "warmup"]
        parts = [f"{len(attempts)} answers, {(len(failures) and ', '.join(failures)) or 'no failure'}"]
        if loads:
            took = sum(row["ended_s"] - row["started_s"] for row in loads)
            parts.append(f"{len(loads)} loads apart ({took:.1f} s)")
        score = self.milo("score", str(log))
        parts += [line for line in score.stdout.splitlines() if line.startswith("set-up problem") or "buffers" in line]
        return Step(name, said.returncode == 0 and score.returncode == 0, "; ".join(parts))

    def _identified(self) -> Step:
        header = json.loads((self.folder / "run.jsonl").read_text().partition("\n")[0])
        said = [_identity(target) for target in header["targets"]]
        return Step("identified", True, " | ".join(said))

    def _probed(self, target: str, probes: Sequence[str]) -> Step:
        chosen = [word for probe in probes for word in ("--probe", probe)]
        said = self.milo("probe", target, "--quick", *chosen, "--json")
        try:
            results = json.loads(said.stdout)["results"]
        except (ValueError, KeyError):
            return Step(f"probed {target}", False, said.stderr.strip()[-300:])
        lines = [
            f"{one['probe']} {one['outcome']}" + (f" ({one['finding'][:140]})" if one["outcome"] != "pass" else "")
            for one in results
        ]
        return Step(f"probed {target}", True, "; ".join(lines))

    def _loaded(self) -> Step:
        target = next(iter(self.served.targets))
        words = ("load", "--suite", "claims_v1", "--workload", "escalation", "--model", target, "--concurrency", "1,2")
        said = self.milo(*words, "--duration", "5s", "--out", str(self.folder / "load.jsonl"), "--json")
        try:
            windows = json.loads(said.stdout)["windows"]
        except (ValueError, KeyError):
            return Step("loaded", False, said.stderr.strip()[-300:])
        lines = []
        for window in windows:
            figures = window["figures"]
            first = figures.get("ttft_p50_s")
            notes = "; ".join(figures.get("notes", ()))
            shown = "unknown" if first is None else f"{first * 1000:.0f} ms"
            lines.append(f"{window['level']:g}: first token {shown}" + (f" ({notes})" if notes else ""))
        return Step("loaded", said.returncode == 0, "; ".join(lines))


def _identity(target: dict[str, Any]) -> str:
    known = target.get("identity", {})
    told = {
        "weights": target.get("model_digest", "")[:19],
        "template": known.get("chat_template", "")[:19],
        "cache": known.get("cache", ""),
        "licence": known.get("licence", ""),
        "runtime": f"{target.get('runtime', '')} {target.get('runtime_version', '')}".strip(),
    }
    shown = ", ".join(f"{name} {value or 'unknown'}" for name, value in told.items())
    unknown = ", ".join(sorted(known.get("unknown", {})))
    behaviour = target.get("behaviour", {})
    problem = behaviour.get("problem", "")
    asked = f"{len(behaviour.get('openings', ()))}" + (f" ({problem})" if problem else "")
    return f"{target['name']}: {shown}; fixed prompts answered: {asked}" + (f"; unknown: {unknown}" if unknown else "")
