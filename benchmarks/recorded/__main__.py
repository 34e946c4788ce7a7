"""Recorded answers of real models, imported, graded and decided: five proofs, printed with their errors.

    python -m benchmarks.recorded --data FOLDER [--write out/recorded] [--samples 1000] [--draws 10000] [--only NAME]

``--data`` holds the sets as gzip'd JSON Lines (see the page on benchmarks). With ``--write``, suites and logs are kept
there, and a policy for each classification set. Exit code 1 where a promise is broken, 3 where there are no sets.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.recorded import classification, code_review, faithfulness, judges, lists
from benchmarks.recorded.data import answered_sets, find_all
from benchmarks.recorded.policy import write_policy

PARTS = ("classification", "lists", "judges", "code_review", "faithfulness")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recorded", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the recorded sets")
    parser.add_argument("--write", type=Path, help="folder for suites, logs and policies")
    parser.add_argument("--samples", type=int, default=1_000, help="samples of each model")
    parser.add_argument("--orders", type=int, default=50, help="random orders of each model until it is decided")
    parser.add_argument("--draws", type=int, default=10_000, help="draws for the coverage of corrected rates")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=PARTS, help="one part")
    options = parser.parse_args(arguments)
    if not options.data.is_dir():
        print(
            f"error: There is no folder {options.data}.\nhint: name the folder with the recorded sets", file=sys.stderr
        )
        return 3
    wanted = [options.only] if options.only else list(PARTS)
    broken, seen = 0, 0
    with ExitStack() as stack:
        out = options.write or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if "classification" in wanted:
            for name, (texts, answers) in answered_sets(options.data, "texts").items():
                folder = _fresh(out / name)
                graded = classification.import_and_grade(name, texts, answers, folder)
                broken += classification.report(
                    graded, samples=options.samples, orders=options.orders, seed=options.seed
                )
                write_policy(graded, folder / "policy.yaml")
                seen += 1
        if "lists" in wanted:
            for name, (documents, answers) in answered_sets(options.data, "documents").items():
                broken += lists.report(name, documents, answers, _fresh(out / name))
                seen += 1
        if "judges" in wanted:
            for verdicts in find_all(options.data, "judges").values():
                broken += judges.report(verdicts, draws=options.draws, seed=options.seed)
                seen += 1
        if "code_review" in wanted:
            for reviews in sorted(options.data.glob("*code_review*.jsonl*")):
                broken += code_review.report(reviews)
                seen += 1
        if "faithfulness" in wanted:
            for path in sorted(
                [*options.data.glob("summedits_*.jsonl"), *options.data.parent.glob("summedits_*.jsonl")]
            ):
                broken += faithfulness.report(path)
                seen += 1
    if not seen:
        print(f"error: {options.data} has none of the sets.\nhint: see its README for their names", file=sys.stderr)
        return 3
    if options.write:
        print(f"\nwritten to {options.write}")
    print(f"{broken} promises are broken.")
    return 1 if broken else 0


def _fresh(folder: Path) -> Path:
    """The folder without what an earlier run wrote into it."""
    for name in ("suite", "imported.jsonl", "policy.yaml"):
        old = folder / name
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
