"""A team's own work: tables, mail, documents, prompts, review sheets; every row and mail is a case or is named."""

from __future__ import annotations

import csv
import io
import zipfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.fuzz.damage import damaged, damaged_text, damaged_tree, dumped, nested, plain_text, text
from benchmarks.fuzz.throw import Kind, Lost
from milo_bench.core.errors import MiloError
from milo_bench.core.records import CheckSpec, Workload
from milo_bench.store.review_sheet import read_scores
from milo_bench.suites.documents.reader import Document, DocumentBroken, read_bytes
from milo_bench.suites.importers import mailbox
from milo_bench.suites.importing.apart import ReadApart
from milo_bench.suites.importing.importer import IMPORTERS, Imported, ImportRequest
from milo_bench.suites.prompts import render_prompt

_READERS: Final = ("csv", "jsonl", "mailbox", "promptfoo", "spreadsheet")


class _KeptReader(ReadApart):
    """The process that reads mails, started once for all mailboxes: starting it for each would be most of the time."""

    def __exit__(self, *_: object) -> None:
        pass


@cache
def _keep_reader() -> None:
    kept = _KeptReader()
    mailbox.ReadApart = lambda *_: kept  # type: ignore[misc, assignment]


def _imported(path: Path, name: str, **wishes: Any) -> Imported | None:
    try:
        found = IMPORTERS.get(name).read(ImportRequest(path, **wishes))
    except MiloError as error:
        if len(error.message) > 4_000:
            raise Lost(f"an error of {len(error.message)} characters") from error
        return None
    for problem in (*found.broken, *found.not_carried):
        if len(str(problem)) > 4_000:
            raise Lost(f"a problem of {len(str(problem))} characters: {str(problem)[:100]!r}")
    return found


def _rows(random: Random) -> list[dict[str, str]]:
    return [
        {"id": f"r{number}", "text": text(random, 4).replace("\x00", ""), "label": random.choice("ab")}
        for number in range(random.randint(1, 8))
    ]


def _csv_sound(random: Random, folder: Path) -> None:
    """A table that any program wrote: each row is a case with its text, or is named."""
    rows = _rows(random)
    out = io.StringIO(newline="")
    # Without quotation marks, a lone CR in a cell is the end of its row to half of all programs.
    lone = any("\r" in row["text"] for row in rows)
    writer = csv.DictWriter(
        out,
        ["id", "text", "label"],
        delimiter=random.choice(",;\t"),
        lineterminator=random.choice(("\n", "\r\n")),
        quoting=csv.QUOTE_ALL if lone else csv.QUOTE_MINIMAL,
    )
    writer.writeheader()
    for row in rows:
        writer.writerow(row)
    path = folder / "rows.csv"
    path.write_bytes(out.getvalue().encode("utf-8", "surrogatepass"))
    found = _imported(path, "csv", id_column="id", inputs=("text",), label="label")
    if found is None:
        raise Lost("a sound table was refused")
    if len(found.cases) + len(found.broken) < len(rows):
        raise Lost(f"{len(rows)} rows, {len(found.cases)} cases and {len(found.broken)} named")


def _csv_broken(random: Random, folder: Path) -> None:
    rows = "".join(f'r{n},"{plain_text(random, 4)}",a\n' for n in range(random.randint(0, 8)))
    path = folder / "broken.csv"
    path.write_bytes(damaged(random, f"id,text,label\n{rows}".encode(random.choice(("utf-8", "utf-16", "cp1252"))), 4))
    _imported(path, "csv")


def _jsonl(random: Random, folder: Path) -> None:
    sound = {"id": "r1", "text": "the roof", "label": "a", "fields": {"summary": "s", "status": {"name": "open"}}}
    lines = [dumped(damaged_tree(random, {**sound, "id": f"r{n}"})) for n in range(random.randint(1, 5))]
    if random.random() < 0.1:
        lines.append(dumped({"id": "deep", "text": nested(random.choice((50, 300)))}))
    path = folder / "rows.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    _imported(path, "jsonl")


def _promptfoo(random: Random, folder: Path) -> None:
    data = {
        "prompts": ["Say {{topic}}"],
        "providers": ["openai:gpt-4o"],
        "tests": [{"vars": {"topic": "bees"}, "assert": [{"type": "contains", "value": "bees"}]}],
        "defaultTest": {"assert": [{"type": "javascript", "value": "output.length < 10"}]},
    }
    path = folder / "promptfooconfig.yaml"
    written = dumped(damaged_tree(random, data, 3))
    path.write_text(damaged_text(random, written) if random.random() < 0.3 else written, errors="replace")
    _imported(path, "promptfoo")


def _mail(random: Random, number: int) -> str:
    headers = [
        f"From: Anna <anna{number}@example.org>", "To: team@example.org", "Date: Tue, 3 Mar 2026 10:00:00 +0000",
        f"Subject: {plain_text(random, 3)}", f"Message-ID: <m{number}@example.org>", "X-Label: a",
    ]  # fmt: skip
    body = f"{plain_text(random)}\n>From the start\n{plain_text(random)}\n"
    if random.random() < 0.3:
        headers.append('Content-Type: multipart/mixed; boundary="b"\nMIME-Version: 1.0')
        inner = text(random, 3).replace("\x00", "")
        plain = f"--b\nContent-Type: text/plain; charset=utf-8\n\n{body}\n"
        body = f"{plain}--b\nContent-Type: text/html\n\n<p>{inner}</p>\n--b--\n"
    elif random.random() < 0.2:
        headers.append(f"Content-Type: text/plain; charset={random.choice(('utf-8', 'iso-8859-1', 'x-none', 'utf-7'))}")
        headers.append(f"Content-Transfer-Encoding: {random.choice(('base64', 'quoted-printable', '8bit', 'x-none'))}")
    return "\n".join(headers) + "\n\n" + body


def _mailbox_sound(random: Random, folder: Path) -> None:
    """Each mail of a mailbox is a case or is named."""
    count = random.randint(1, 5)
    path = folder / "box.mbox"
    mails = [f"From anna@example.org Tue Mar  3 10:00:0{n} 2026\n{_mail(random, n)}\n" for n in range(count)]
    path.write_bytes("".join(mails).encode("utf-8", "replace"))
    found = _imported(path, "mailbox", label="X-Label")
    if found is None or len(found.cases) + len(found.broken) != count:
        many = "a refused file" if found is None else f"{len(found.cases)} cases and {len(found.broken)} named"
        raise Lost(f"{count} mails became {many}")


def _mailbox_broken(random: Random, folder: Path) -> None:
    path = folder / "broken.mbox"
    mails = [f"From anna@example.org Tue Mar  3 10:00:0{n} 2026\n{_mail(random, n)}\n" for n in range(3)]
    path.write_bytes(damaged(random, "".join(mails).encode("utf-8", "replace"), 5))
    _imported(path, "mailbox")


def _eml(random: Random, folder: Path) -> None:
    raw = damaged(random, _mail(random, 1).encode("utf-8", "replace"), 4)
    _document(raw, "mail.eml")


def _html(random: Random, folder: Path) -> None:
    inner = "".join(
        random.choice(
            ("<p>", "</p>", "<table><tr><td>", "<!--", "-->", "<script>", "</script>", "<br", "&#x110000;", "&amp")
        )
        + text(random, 1)
        for _ in range(random.randint(1, 12))
    )
    _document(f"<html><body>{inner}".encode("utf-8", "surrogatepass"), "page.html")


def _rtf(random: Random, folder: Path) -> None:
    written = "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}\\f0 The roof \\'e9 \\u8364? was {\\b damaged}.\\par}"
    _document(damaged_text(random, written, 5).encode(), "letter.rtf")


def _document(raw: bytes, name: str) -> None:
    left: list[Any] = []
    try:
        read_bytes(Document(Path(name), raw, left))
    except DocumentBroken as broken:
        if len(str(broken)) > 4_000:
            raise Lost(f"what is wrong takes {len(str(broken))} characters") from broken


def _office(random: Random, folder: Path) -> None:
    """Zipped office files with damage inside and outside."""
    name, raw = random.choice(_office_files())
    _document(damaged(random, raw, 2), name)


_WORD: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OPEN: Final = "urn:oasis:names:tc:opendocument:xmlns"


@cache
def _office_files() -> list[tuple[str, bytes]]:
    """The smallest files of two kinds of office."""
    word = f'<w:document xmlns:w="{_WORD}"><w:body><w:p><w:r><w:t>The roof</w:t></w:r></w:p></w:body></w:document>'
    inner = "<office:body><office:text><text:p>The roof</text:p></office:text></office:body>"
    names = f'xmlns:office="{_OPEN}:office:1.0" xmlns:text="{_OPEN}:text:1.0"'
    parts = {
        "x.docx": {"word/document.xml": word},
        "x.odt": {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"<office:document-content {names}>{inner}</office:document-content>",
        },
    }
    found = []
    for name, files in parts.items():
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        found.append((name, out.getvalue()))
    return found


_TEMPLATES: Final = (
    "{{ input.text }}", "{# role: system #}\nYou are {{ input.a }}\n{# role: user #}\n{{ input.text }}",
    "{% for x in input.list %}{{ x }}{% endfor %}", "{{ input.text|upper|replace('a', 'b') }}",
    "{% for x in range(100000000) %}x{% endfor %}", "{{ 'a' * 10**9 }}", "{{ input.text * 100000 }}",
    "{% set x = input %}{{ x.__class__.__mro__ }}", "{{ ''.join(input.list) }}", "{{ input.list|sum }}",
    "{{ '%s' % input.text }}", "{{ '%1000000000d' % 1 }}", "{{ '{:>999999999}'.format(1) }}", "{{ 9**9**9 }}",
    "{{ input|tojson }}", "{# messages: input.chat #}", "{# image: input.text #}", "{% raw %}{{ x }}",
    "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}", "{{ [1]*10**8 }}", "{{ range(10**9)|list }}",
    "{{ input.text|center(10**9) }}", "{{ input.text|indent(10**8) }}", "{{ 'a'|wordwrap(1)|length }}",
)  # fmt: skip


def _prompt(random: Random, folder: Path) -> None:
    """A stranger's template over a stranger's input, within its budget."""
    source = random.choice(_TEMPLATES)
    if random.random() < 0.5:
        source = damaged_text(random, source, 2)
    data: dict[str, Any] = {
        "text": text(random, 4),
        "a": "x",
        "list": ["1", "2", 3],
        "chat": [{"role": "user", "content": "x"}],
    }
    given = damaged_tree(random, data) if random.random() < 0.5 else data
    workload = Workload("w", "p", source, "h", (CheckSpec("label"),))
    try:
        render_prompt(workload, {"input": given, "prepared": {}, "resources": {}})
    except MiloError as error:
        if len(error.message) > 4_000:
            raise Lost(f"an error of {len(error.message)} characters") from error


def _sheet(random: Random, folder: Path) -> None:
    """A review sheet as a spreadsheet gave it back."""
    rows = "".join(f"i{n},Anna,{random.randint(1, 5)},{random.choice('12345 x')}\n" for n in range(4))
    path = folder / "sheet.csv"
    path.write_bytes(damaged(random, f"item,reviewer,usefulness,coverage\n{rows}".encode(), 3))
    try:
        read_scores(path, ("usefulness", "coverage"))
    except MiloError as error:
        if len(error.message) > 4_000:
            raise Lost(f"an error of {len(error.message)} characters") from error


KINDS = (
    Kind("tables", _csv_sound, 5),
    Kind("tables-broken", _csv_broken, 6),
    Kind("json-lines", _jsonl, 6),
    Kind("promptfoo", _promptfoo, 3),
    Kind("mailboxes", _mailbox_sound, 3, prepare=_keep_reader),
    Kind("mailboxes-broken", _mailbox_broken, 4, prepare=_keep_reader),
    Kind("mails", _eml, 6),
    Kind("html", _html, 4),
    Kind("rtf", _rtf, 3),
    Kind("office", _office, 2),
    Kind("prompts", _prompt, 3),
    Kind("sheets", _sheet, 3),
)
