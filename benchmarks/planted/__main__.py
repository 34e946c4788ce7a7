"""``python -m benchmarks.planted``: planted truth against decision, each row, disagreements named.

``make``: write docs/sample. ``serve``: the planted models over HTTP. ``probe``: record the probe logs again.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from benchmarks.planted.probing import probe_sample
from benchmarks.planted.sample import SAMPLES, decide_sample, make_sample, make_small_log, record_sample, write_inputs
from benchmarks.planted.serve import serve_forever
from benchmarks.planted.truth import truth_rows

LATE = frozenset({"local_27b"})


def compare() -> int:
    """Print every row; 1 where one disagrees."""
    wrong = 0
    for sample in SAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            write_inputs(sample, here)
            decision = decide_sample(sample, here, record_sample(sample, here))
        print(f"\n{sample.name}: {sample.title}")
        print(f"  {'what':<52} {'planted':<28} {'found':<28}")
        for row in truth_rows(sample, decision):
            wrong += not row.agrees
            print(f"  {row.what:<52} {row.planted:<28} {row.found:<28} {'' if row.agrees else 'DISAGREES'}")
    print(f"\n{wrong} disagreement{'' if wrong == 1 else 's'}")
    return 1 if wrong else 0


def main() -> int:
    match sys.argv[1:]:
        case []:
            return compare()
        case ["make"]:
            for sample in SAMPLES:
                make_sample(sample)
            make_small_log()
        case ["probe"]:
            for sample in SAMPLES:
                sample.folder.mkdir(parents=True, exist_ok=True)
                probe_sample(sample, LATE)
        case ["serve"]:
            with suppress(KeyboardInterrupt):
                asyncio.run(serve_forever())
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
