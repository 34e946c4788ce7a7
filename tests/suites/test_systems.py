"""Work from the systems that hold it: mailboxes and databases, sampled by label, redacted before it is written."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

import pytest

from benchmarks.office.documents import zipped
from milo_bench import api
from milo_bench.core.errors import DataError, UsageError
from milo_bench.suites import load_suite
from milo_bench.suites.documents.read_text import read_positions, where_in
from milo_bench.suites.importing.importer import IMPORTERS, ImportRequest
from milo_bench.suites.importing.suite_folder import guess_format


def mail(number: int, text: str, **headers: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Jo Roe <jo@x.example>"
    message["Subject"] = f"Claim {number}"
    message["Message-ID"] = f"<m{number}@x.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def mbox(*mails: bytes) -> bytes:
    return b"".join(b"From jo@x.example Mon Jan  6 10:00:00 2025\n" + one + b"\n" for one in mails)


def test_an_mbox_keeps_each_mail_whole_and_takes_its_label_from_a_header(tmp_path: Path) -> None:
    source = tmp_path / "inbox"
    source.write_bytes(
        mbox(mail(1, "First.\n\n>From here on it leaks.", X_Label="water"), mail(2, "Second.", X_Label="motor"))
    )
    assert guess_format(source) == "mailbox"
    result = IMPORTERS.get("mailbox").read(ImportRequest(source, label="X-Label"))
    assert [(case.id, case.expect) for case in result.cases] == [
        ("m1-x.example", {"label": "water"}),
        ("m2-x.example", {"label": "motor"}),
    ]
    assert "From here on it leaks." in result.cases[0].input["document"]
    assert "Second." not in result.cases[0].input["document"]


def test_a_sentence_that_begins_with_from_ends_no_mail_and_a_missing_blank_line_joins_none(tmp_path: Path) -> None:
    source = tmp_path / "inbox.mbox"
    whole = mbox(mail(1, "First."), mail(2, "Second.\n\nFrom ten on, at 10:30, we waited."))
    source.write_bytes(whole.replace(b"First.\n\nFrom jo", b"First.\nFrom jo"))
    result = IMPORTERS.get("mailbox").read(ImportRequest(source))
    assert [case.id for case in result.cases] == ["m1-x.example", "m2-x.example"] and not result.broken
    assert "we waited" in result.cases[1].input["document"]


def test_a_maildir_s_folders_are_labels_and_links_out_of_it_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(mail(9, "secret"))
    root = tmp_path / "Maildir"
    for number, folder in enumerate((".Motor", ".Water")):
        for part in ("cur", "new", "tmp"):
            (root / folder / part).mkdir(parents=True)
        (root / folder / "new" / "1.host").write_bytes(mail(number, f"Text {number}"))
    (root / ".Motor" / "cur" / "2.host:2,S").symlink_to(tmp_path / "secret")
    assert guess_format(root) == "mailbox"
    result = IMPORTERS.get("mailbox").read(ImportRequest(root))
    assert [case.expect for case in result.cases] == [{"label": "Motor"}, {"label": "Water"}]
    assert any("leads out" in problem.what for problem in result.broken)


def test_mailboxes_in_folders_of_a_folder_are_read_and_named_by_their_path(tmp_path: Path) -> None:
    def mail(number: int, *, mbox: bool = False) -> str:
        first = "From a@x.example Mon Mar  2 10:00:00 2026\n" if mbox else ""
        return f"{first}From: a@x.example\nMessage-ID: <{number}@x>\nSubject: s\n\nCase {number}\n\n"

    profile, store = tmp_path / "profile", tmp_path / "store"
    (profile / "Inbox.sbd" / "Claims.sbd").mkdir(parents=True)
    (profile / "Inbox").write_text(mail(1, mbox=True))
    (profile / "Inbox.sbd" / "Claims").write_text(mail(2, mbox=True))
    (profile / "Inbox.sbd" / "Claims.sbd" / "Old").write_text(mail(3, mbox=True))
    for number, name in enumerate((".", "team/motor", "team/water"), start=4):
        for part in ("cur", "new", "tmp"):
            (store / name / part).mkdir(parents=True)
        (store / name / "cur" / "1").write_text(mail(number))
    (store / "tmp" / "half").write_text("From: a")
    read = {folder: IMPORTERS.get("mailbox").read(ImportRequest(folder)) for folder in (profile, store)}
    assert [case.expect["label"] for case in read[profile].cases] == ["Inbox", "Inbox/Claims", "Inbox/Claims/Old"]
    assert [case.expect["label"] for case in read[store].cases] == ["store", "team/motor", "team/water"]
    assert not any(one.broken or one.not_carried for one in read.values())


def test_mails_are_joined_with_a_label_file_by_their_message_id(tmp_path: Path) -> None:
    source = tmp_path / "all.mbox"
    source.write_bytes(mbox(mail(1, "One."), mail(2, "Two."), mail(3, "Three.")))
    (tmp_path / "labels.csv").write_text("id,queue\n<m2@x.example>,motor\nm1@x.example,water\nm7@x.example,none\n")
    result = IMPORTERS.get("mailbox").read(ImportRequest(source, labels=tmp_path / "labels.csv"))
    assert [case.expect["label"] for case in result.cases] == ["motor", "water"]
    assert "there is no mail 'm7@x.example'" in result.broken[0].what
    assert len(result.not_carried) == 1


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE tickets (id INTEGER, text TEXT, label TEXT, amount NUMERIC, opened DATE)")
        rows = [(n, f"Ticket {n}", "rare" if n % 10 == 0 else "usual", 12.5, "2025-01-02") for n in range(1, 101)]
        database.executemany("INSERT INTO tickets VALUES (?, ?, ?, ?, ?)", rows)
    database.close()
    return path


def test_a_query_becomes_a_suite_that_keeps_no_address(tickets: Path, tmp_path: Path) -> None:
    request = ImportRequest(Path(), address=f"sqlite:///{tickets}", query="SELECT id, text, label FROM tickets")
    options = api.ImportOptions(sample=20, seed=3)
    report = api.import_suite(request, out=tmp_path / "own", options=options)
    assert (report.format, report.fixtures) == ("database", 20)
    fixtures = load_suite(str(tmp_path / "own")).fixtures
    assert Counter(fixture.expect["label"] for fixture in fixtures) == {"usual": 18, "rare": 2}
    assert all("tickets.db" not in json.dumps(fixture.provenance) for fixture in fixtures)
    again = api.import_suite(request, out=tmp_path / "again", options=options)
    assert again.fixtures == 20
    assert load_suite(str(tmp_path / "again")).fixtures == fixtures


@pytest.mark.parametrize(
    ("query", "error", "said"),
    [
        ("DELETE FROM tickets", UsageError, "not a single SELECT"),
        ("SELECT 1; DROP TABLE tickets", UsageError, "not a single SELECT"),
        ("WITH gone AS (SELECT 1) DELETE FROM tickets", DataError, "readonly"),
        ("SELECT absent_column FROM tickets", DataError, "no such column"),
        ("", UsageError, "needs a query"),
    ],
)
def test_a_query_that_would_change_or_cannot_be_read_is_refused(
    tickets: Path, query: str, error: type[Exception], said: str
) -> None:
    request = ImportRequest(Path(), address=f"sqlite:///{tickets}", query=query)
    with pytest.raises(error, match=said):
        IMPORTERS.get("database").read(request)
    with sqlite3.connect(tickets) as database:
        assert database.execute("SELECT count(*) FROM tickets").fetchone() == (100,)
    database.close()


@pytest.mark.parametrize("address", ["sqlite:////no/such.db", "nonsense://u:hunter22@h/d", "env:NO_SUCH_NAME"])
def test_an_address_that_cannot_be_used_never_shows_its_password(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        IMPORTERS.get("database").read(ImportRequest(Path(), address=address, query="SELECT 1"))
    assert "hunter22" not in str(caught.value.message)


def test_secrets_are_named_by_kind_and_place_and_redacted_before_the_first_write(tmp_path: Path) -> None:
    key = "AKIA" + "Q7R2" * 4
    row = {"id": "a", "text": f"Hi,\nmy password: Tr0ub4dor! and key {key}.\nJo Roe, jo@x.example", "label": "x"}
    source = tmp_path / "t.jsonl"
    source.write_text(json.dumps(row) + "\n" + json.dumps({**row, "id": "b", "text": "plain"}) + "\n")
    report = api.import_suite(ImportRequest(source), out=tmp_path / "plain")
    assert [(problem.where, problem.what) for problem in report.secrets] == [
        ("fixture 'a'", "password in input.text, line 2"),
        ("fixture 'a'", "api_key in input.text, line 2"),
    ]
    assert "Tr0ub4dor" not in (tmp_path / "plain/import_report.json").read_text()
    report = api.import_suite(ImportRequest(source), out=tmp_path / "clean", options=api.ImportOptions(redact=True))
    written = "".join(path.read_text() for path in (tmp_path / "clean").rglob("*") if path.is_file())
    assert not any(secret in written for secret in ("Tr0ub4dor", key, "jo@x.example"))
    assert report.redacted["password"] == 1 and report.redacted["api_key"] == 1
    assert "[PASSWORD_1] and key [API_KEY_1]." in written


def test_pages_are_where_they_were_after_the_redaction_and_a_span_is_shown_at_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    pages = ["From jo.roe@customers.example", "Amount due: 45.00"]
    (folder / "a.zip").write_bytes(
        zipped({f"{number}.txt": page.encode() for number, page in enumerate(pages, start=1)})
    )
    (folder / "labels.csv").write_text("file,amount\na.zip,99.00\n")
    api.import_suite(ImportRequest(folder), out=tmp_path / "own", options=api.ImportOptions(redact=True))
    (fixture,) = load_suite(str(tmp_path / "own")).fixtures
    text = fixture.input["document"]
    assert "jo.roe@" not in text
    at = text.index("Amount due")
    assert where_in(text, read_positions(fixture.provenance), at) == "attachment 2.txt, paragraph 1"


def test_tickets_are_read_with_their_nested_fields(tmp_path: Path) -> None:
    said = {"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "It drips."}]}]}
    rows = [
        {
            "key": f"T-{number}",
            "fields": {
                "summary": "Roof leaks",
                "description": said if number else "plain words",
                "priority": {"name": "High", "id": "2"},
                "comment": {"comments": [{"author": {"displayName": "Jo"}, "body": "Called."}, {"body": said}]},
            },
        }
        for number in range(2)
    ]
    source = tmp_path / "tickets.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = IMPORTERS.get("jsonl").read(ImportRequest(source, label="fields.priority"))
    assert [case.id for case in result.cases] == ["T-0", "T-1"]
    assert result.cases[1].input == {"fields.summary": "Roof leaks", "fields.description": "It drips."}
    assert result.cases[0].expect == {"label": "High"}
    inputs = ("fields.comment.comments",)
    result = IMPORTERS.get("jsonl").read(ImportRequest(source, label="fields.priority", inputs=inputs))
    assert result.cases[0].input == {"fields.comment.comments": "Called.\nIt drips."}
