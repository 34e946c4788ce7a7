"""``python -m benchmarks.imports``: how fast, with how much memory and how completely a mixed folder is imported.

1,000 documents in every format with known text and a sheet of their values are made and imported in a process of its
own; every line and value that went in is looked for in what came out. Pages by OCR are read where milo-bench[ocr] is
installed. ``--promptfoo FOLDER`` counts the outcomes of the example configurations of a checkout of promptfoo.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.office.documents import PICTURE_FORMATS
from benchmarks.office.folder import OfficeFolder, make_folder
from milo_bench.core.errors import MiloError
from milo_bench.suites.documents.ocr import ocr_is_installed
from milo_bench.suites.documents.reader import Document, read_bytes
from milo_bench.suites.importing.importer import IMPORTERS, Imported, ImportRequest

_IMPORT = """
import json, resource, sys, time
from pathlib import Path
from milo_bench import api
start = time.perf_counter()
report = api.import_suite(api.ImportRequest(Path(sys.argv[1]), labels=Path("labels.xlsx")), out=Path(sys.argv[2]))
seconds = time.perf_counter() - start
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
work = sum(one.ru_utime + one.ru_stime for one in used)
peak = max(one.ru_maxrss for one in used)
print(json.dumps({"seconds": seconds, "processor_s": work, "peak_kib": peak, "fixtures": report.fixtures}))
"""


def import_folder(made: OfficeFolder, out: Path) -> dict[str, float]:
    """Seconds, those of the processor, peak memory and fixtures of one import in processes of its own."""
    words = [sys.executable, "-c", _IMPORT, str(made.root), str(out)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def lost(made: OfficeFolder, out: Path) -> list[str]:
    """What went in and did not come out: documents, lines and cells of their texts, values of their rows."""
    missing = []
    fixtures = {}
    for line in (out / "fixtures/imported.jsonl").read_text(encoding="utf-8").splitlines():
        fixture = json.loads(line)
        fixtures[Path(fixture["provenance"]["document"]).name] = fixture
    for name, known in made.known.items():
        fixture = fixtures.get(name)
        if fixture is None:
            missing.append(f"{name}: the document")
            continue
        text = fixture["input"]["document"]
        if known.is_picture:
            text = "".join(text.split())
        for words in known.page.words:
            if ("".join(words.split()) if known.is_picture else words) not in text:
                missing.append(f"{name}: '{words}'")
        for column, value in known.values.items():
            if fixture["expect"]["fields"].get(column) != value:
                missing.append(f"{name}: {column} {value}, read as {fixture['expect']['fields'].get(column)}")
    return missing


def pages_by_ocr(made: OfficeFolder, pages: int) -> tuple[float, float]:
    """Seconds and those of the processor for ``pages``, the first page apart: it loads the models."""
    page = next(iter(made.known.values())).page
    raws = [(ending, write(page)) for ending, write in PICTURE_FORMATS.items()]
    read_bytes(Document(Path("page.png"), PICTURE_FORMATS["png"](page)))
    start, used = time.perf_counter(), time.process_time()
    for number in range(pages):
        ending, raw = raws[number % len(raws)]
        read_bytes(Document(Path(f"page.{ending}"), raw))
    return time.perf_counter() - start, time.process_time() - used


def promptfoo_outcomes(folder: Path) -> tuple[Counter[str], Counter[str]]:
    """Configurations by outcome, and the kinds of assertion that no check judges."""
    outcomes: Counter[str] = Counter()
    unjudged: Counter[str] = Counter()
    for path in sorted(folder.rglob("promptfooconfig*.y*ml")):
        try:
            result = IMPORTERS.get("promptfoo").read(ImportRequest(path))
        except MiloError as error:
            outcomes["refused with the reason"] += 1
            unjudged[_short(str(error))] += 1
            continue
        outcomes[_outcome(result)] += 1
        unjudged.update({_short(problem.what) for problem in (*result.not_carried, *result.broken)})
    return outcomes, unjudged


def _outcome(result: Imported) -> str:
    if not result.cases:
        return "refused with the reason"
    checks = [check for draft in result.workloads for check in draft.checks if check != "answer_present"]
    if any(not (isinstance(check, dict) and "judged" in check) for check in checks):
        return "imported with checks by rule"
    return "imported, a judge or a person decides" if checks else "imported, the tests have no assertion"


def _short(said: str) -> str:
    kind = said.partition("assertion '")[2].partition("'")[0]
    return f"assertion {kind}" if kind else said.rpartition(": ")[2][:70]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--documents", type=int, default=1_000)
    parser.add_argument("--pages", type=int, default=8, help="pages to read by OCR")
    parser.add_argument("--promptfoo", type=Path, help="a folder with promptfoo's example configurations")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        made = make_folder(Path(scratch) / "share", documents=given.documents, pictures=0)
        figures = import_folder(made, Path(scratch) / "own")
        missing = lost(made, Path(scratch) / "own")
        per_second = given.documents / figures["seconds"]
        work = f"{figures['processor_s']:.1f} s of the processor"
        print(f"{given.documents:,} documents in {figures['seconds']:.1f} s, {per_second:.0f} per second, {work}")
        print(f"peak memory {figures['peak_kib'] / 1024:.0f} MiB")
        words = sum(len(known.page.words) + len(known.values) for known in made.known.values())
        print(f"lost: {len(missing)} of {words:,} lines, cells and values")
        for one in missing[:10]:
            print(f"  {one}")
        if ocr_is_installed():
            seconds, work_s = pages_by_ocr(made, given.pages)
            said = f"{given.pages} pages in {seconds:.1f} s, {work_s:.1f} s of the processor"
            print(f"OCR: {60 * given.pages / seconds:.0f} pages per minute ({said})")
        else:
            print("OCR: not measured, milo-bench[ocr] is not installed")
    if given.promptfoo is None:
        print("promptfoo: not measured, give its examples with --promptfoo FOLDER")
    else:
        outcomes, unjudged = promptfoo_outcomes(given.promptfoo)
        print(f"promptfoo: {sum(outcomes.values())} configurations")
        for outcome, count in outcomes.most_common():
            print(f"  {count:>4}  {outcome}")
        for said, count in unjudged.most_common(12):
            print(f"        {count:>4}  {said}")
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    if missing:
        sys.exit(1)


if __name__ == "__main__":
    main()
