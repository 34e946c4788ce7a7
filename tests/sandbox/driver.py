"""A job on standard input, its outcome on standard output: the sandbox as another user would start it."""

import base64
import dataclasses
import json
import sys
from pathlib import Path

from milo_bench.sandbox import Mount, SandboxLimits, python_command, run_sandboxed


def main() -> None:
    job = json.load(sys.stdin)
    places = {
        kind: tuple(Mount(Path(source), at) for at, source in job.pop(kind, {}).items())
        for kind in ("read_only", "overlays")
    }
    code = job.pop("code").encode()
    command = python_command("attack.py", files={"attack.py": code}, limits=SandboxLimits(**job))
    command = dataclasses.replace(
        command, read_only=command.read_only + places["read_only"], overlays=places["overlays"]
    )
    outcome = dataclasses.asdict(run_sandboxed(command))
    for stream in ("stdout", "stderr"):
        outcome[stream] = base64.b64encode(outcome[stream]).decode()
    json.dump(outcome, sys.stdout)


if __name__ == "__main__":
    main()
