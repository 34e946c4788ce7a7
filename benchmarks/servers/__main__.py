"""``python -m benchmarks.servers``: each real server that is installed here, found, identified, run, probed, loaded."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.servers.cut_weights import cut_weights
from benchmarks.servers.kinds import KINDS, NOT_TRIED, serving
from benchmarks.servers.tried import Desk
from milo_bench.targets.llamacpp.weights import find_smollm2


def main() -> int:
    """0 where every installed server did all that it was asked, 1 otherwise, 3 without weights."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers", description=__doc__)
    parser.add_argument("--only", default="", help="kinds whose name contains this")
    options = parser.parse_args()
    packaged = find_smollm2()
    if packaged is None:
        print("The packaged weights are missing. hint: make install", file=sys.stderr)
        return 3
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        weights = cut_weights(packaged, Path(name) / "cut.gguf")
        print(f"weights: the first two blocks of {packaged.name}, {weights.stat().st_size >> 20} MiB")
        for number, kind in enumerate(kind for kind in KINDS if options.only.lower() in kind.name.lower()):
            print(f"\n{kind.name}")
            if missing := kind.missing():
                print(f"  not installed: {missing}")
                continue
            folder = Path(name) / str(number)
            folder.mkdir()
            try:
                with serving(kind, weights, folder) as served:
                    for step in Desk(folder, served).steps(kind):
                        failed += not step.ok
                        print(f"  {'ok  ' if step.ok else 'FAIL'} {step.name}: {step.said}", flush=True)
            except RuntimeError as error:
                failed += 1
                print(f"  FAIL started: {error}")
    print("\nnot tried here:")
    for name, why in NOT_TRIED.items():
        print(f"  {name}: {why}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
