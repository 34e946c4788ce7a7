"""What people write, export and forward is read in time that grows with its size, also where it was made to be slow.

Processor time is compared with itself, as for the rules on texts: four times the text may cost at most eight times as
much. What costs next to nothing at the greater length passes without a ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from milo_bench.config.checked import check_text
from milo_bench.config.routing.file import ROUTING_FILE
from milo_bench.config.settings import SETTINGS_FILE
from milo_bench.config.written import read_written
from milo_bench.core.errors import DataError
from milo_bench.suites.documents.reader import Document, DocumentBroken, read_bytes
from milo_bench.suites.fixtures import parse_line
from milo_bench.suites.importing.importer import Imported
from milo_bench.suites.importing.tables import read_csv
from tests.growth.test_rules_on_texts import grows_too_fast


def document(name: str, head: str = "") -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return read_bytes(Document(Path(name), f"{head}{text}".encode("utf-8", "replace")))
        except DocumentBroken as broken:
            return broken

    return read


def table(text: str) -> Any:
    try:
        return list(read_csv(f"id,text,label\n{text}", Path("t.csv"), Imported()))
    except DataError as error:
        return error


READERS: Final[dict[str, Callable[[str], Any]]] = {
    "YAML": lambda text: read_written(text, name="x.yaml"),
    "YAML 1.2": lambda text: read_written(text, name="x.yaml", form="yaml-1.2"),
    "JSON": lambda text: read_written(text, name="x.json", form="json"),
    "bench.yaml": lambda text: check_text(f"targets:\n  a: {{api: openai}}\n{text}", SETTINGS_FILE, name="bench.yaml"),
    "routing.yaml": lambda text: check_text(text, ROUTING_FILE, name="routing.yaml"),
    "fixtures": lambda text: [parse_line(line, "f.jsonl") for line in text.split("\n")],
    "table": table,
    "mail": document("m.eml", "From: Anna <a@example.org>\nSubject: roof\n\n"),
    "headers of a mail": document("m.eml"),
    "parts of a mail": document("m.eml", 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'),
    "page": document("p.html", "<html><body>"),
    "Rich Text": document("l.rtf", "{\\rtf1\\ansi "),
}
PIECES: Final = (
    *(" ", "\t", "\n", '"', "'", "[", "{", "- ", "a: ", "? ", "&a ", "*a ", "#", "|", ">", "\\", ",", ";"),
    *(
        "1:1",
        ":1",
        "a ",
        "a\n",
        " a\n",
        "%A b\n",
        "---\n",
        "...\n",
        "!a ",
        "!!int ",
        "&a",
        "''",
        "- - ",
        "? ? ",
        "0",
        "1_",
    ),
    *("a: |\n a\n", "a: >\n  a\n\n", "{a: ", "[a, ", "<<: ", "\\x41", "2025-01-01 ", "#\n", "\u2028", "\r"),
    *("a,b,c\n", '"a\n', '"a",', "a: 1\n", "- a\n", "[1],", '{"a":1},', "a: &a [*a]\n", "--b\n", "--b--\n"),
    *("From: a\n", "Received: x\n ", "=?utf-8?q?a?= ", "<p>", "<!--", "<a href='", "&amp", "</", "{\\b ", "\\'e9", "}"),
)


@pytest.mark.parametrize("name", READERS)
def test_a_reader_takes_time_in_proportion_to_the_text(name: str) -> None:
    read = READERS[name]
    read("a: 1\n")  # what is compiled once is no part of it
    assert [said for piece in PIECES if (said := grows_too_fast(read, piece, ""))] == []
