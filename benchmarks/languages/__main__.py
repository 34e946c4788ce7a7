"""``python -m benchmarks.languages``: each rule by language with recall, precision, n and whether it is spoken.

Figures are of the held-out halves. Beside them is what the rules of then found in texts of writers who had not read
them, when those were measured first. ``--write`` puts them into ``guards/measured.json``. Without it, exit code 1
where a figure is not the one in that file, or a German office with known truth is decided wrongly.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.languages.rules import RULES, MeasuredRule, counts
from benchmarks.languages.server import planted_rows
from benchmarks.languages.written import write_rows
from milo_bench.guards.languages.names import language_name
from milo_bench.guards.measured import TO_SPEAK, Measured, all_measured


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.languages", description=__doc__.splitlines()[0])
    parser.add_argument("--rule", default="", help="only this rule")
    parser.add_argument("--write", action="store_true", help="write the figures into guards/measured.json")
    parser.add_argument("--misses", action="store_true", help="print what is judged wrongly in the halves for tuning")
    options = parser.parse_args(arguments)
    rules = [rule for rule in RULES if options.rule in ("", rule.detector)]
    head = f"{'rule':<25} {'language':<11} {'recall':>6} {'precision':>9} {'held':>5} {'texts':>6}  {'spoken':<7}"
    print(f"{head} {'strangers':<10} held part by")
    stale = 0
    known = sorted({language for rule in RULES for language in rule.languages()})
    for rule in rules:
        unmeasured: list[str] = []
        for language in known:
            if language not in rule.languages():
                if not _print_elsewhere(rule, language):
                    unmeasured.append(language)
                continue
            row = rule.measure(language)
            changed = all_measured().get((row.detector, row.language)) != row and not options.write
            stale += changed
            _print_row(row, len(rule.rows(language, "tune")) + row.n)
            if changed:
                print("  not as in measured.json: run with --write")
        if unmeasured:
            print(f"{rule.detector:<25} not measured: {', '.join(map(language_name, unmeasured))}")
    wrong = 0
    if not options.rule and not options.write:
        print(f"\n{'server':<10} {'what it answers':<50} {'planted':<10} {'decided':<10}")
        for planted in planted_rows():
            wrong += planted.wanted != planted.found
            said = "" if planted.wanted == planted.found else "DISAGREES"
            print(f"{planted.target:<10} {planted.does:<50} {planted.wanted:<10} {planted.found:<10} {said}")
    if options.misses:
        for rule in rules:
            _print_misses(rule)
    if options.write:
        write_rows([rule.measure(language) for rule in rules for language in rule.languages()])
    return 1 if stale or wrong else 0


def _print_row(row: Measured, texts: int) -> None:
    least_recall, least_precision = TO_SPEAK[row.detector]
    good = row.recall >= least_recall and row.precision >= least_precision
    spoken = "yes" if row.spoken and good else "no"
    print(
        f"{row.detector:<25} {language_name(row.language):<11} {row.recall:>6.2f} {row.precision:>9.2f} {row.n:>5} "
        f"{texts:>6}  {spoken:<7} {_by_strangers(row):<10} {row.writer or 'the same team'}"
    )


def _by_strangers(row: Measured) -> str:
    """How many of the faults in strangers' texts were found at first, "62 of 76"; "-" where none was measured."""
    return "-" if row.strangers is None else f"{row.strangers.caught} of {row.strangers.wrong}"


def _print_elsewhere(rule: MeasuredRule, language: str) -> bool:
    """Print what another set measured in a language without labelled texts here; whether there is one."""
    elsewhere = all_measured().get((rule.detector, language))
    if elsewhere is not None:
        _print_row(elsewhere, elsewhere.n)
    return elsewhere is not None


def _print_misses(rule: MeasuredRule) -> None:
    for language in rule.languages():
        for row in rule.rows(language, "tune"):
            recalled, wanted, right, found = counts(rule, [row], language)
            if recalled < wanted or right < found:
                print(f"{rule.detector} {language} {'missed' if recalled < wanted else 'false'}: {row}")


if __name__ == "__main__":
    sys.exit(main())
