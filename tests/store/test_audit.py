"""The audit: what is changed, moved, removed or cut is named, and no acknowledged line is lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench.core.errors import DataError, PrerequisiteError
from milo_bench.store.audit.chain import read_key
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.audit.verify import AuditCheck, verify_audit
from milo_bench.store.audit.writer import AuditWriter, audit_files, head_path, key_path


def line(n: int) -> AuditedRequest:
    return AuditedRequest(n, "2026-01-01T00:00:00Z", f"r_{n}", "answered", 200, workload="notes", route="local")


def written(folder: Path, lines: int, **more: int) -> Path:
    audit = folder / "audit"
    writer = AuditWriter(audit, read_key(key_path(audit), make=True), **more)
    for _ in range(lines):
        writer.write(line)
    writer.close()
    return audit


def check(audit: Path, *, head: bool = True) -> AuditCheck:
    return verify_audit(audit, read_key(key_path(audit)), head=head_path(audit) if head else None)


def test_a_whole_audit_is_whole_over_all_its_files(tmp_path: Path) -> None:
    audit = written(tmp_path, 40, most_file_bytes=2_000)
    assert len(audit_files(audit)) > 2
    found = check(audit)
    assert (found.ok, found.requests, found.tail_checked) == (True, 40, True)


def test_writing_goes_on_where_it_ended(tmp_path: Path) -> None:
    written(tmp_path, 3)
    assert check(written(tmp_path, 4)).requests == 7


Damage = Callable[[list[bytes]], list[bytes]]


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda rows: [*rows[:4], rows[4].replace(b"local", b"lokal"), *rows[5:]], "line 5 was changed"),
        (lambda rows: rows[:-1], "The last line is missing"),
        (lambda rows: rows[:-3], "The last 3 lines are missing"),
        (lambda rows: rows[:4] + rows[5:], "line 5 is missing"),
        (lambda rows: rows[:2] + rows[6:], "lines 3 to 6 are missing"),
        (lambda rows: [*rows[:4], rows[5], rows[4], *rows[6:]], "missing"),
        (lambda rows: [*rows[:4], rows[3], *rows[4:]], "moved or repeated"),
        (lambda rows: [*rows[:4], b'{"type":"request"}\n', *rows[5:]], "line 5 is not a line of an audit"),
    ],
)
def test_damage_is_found_and_named(tmp_path: Path, damage: Damage, named: str) -> None:
    audit = written(tmp_path, 9)
    [file] = audit_files(audit)
    file.write_bytes(b"".join(damage(file.read_bytes().splitlines(keepends=True))))
    assert named in " ".join(check(audit).problems)


def test_every_changed_byte_is_found(tmp_path: Path) -> None:
    audit = written(tmp_path, 2)
    [file] = audit_files(audit)
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert not check(audit).ok or check(audit).unfinished, place


def test_a_clock_that_went_back_is_named_and_breaks_no_chain(tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    writer = AuditWriter(audit, read_key(key_path(audit), make=True))
    for at in ("2126-01-01T10:00:00.000+00:00", "2126-01-01T08:59:00.500+00:00", "2126-01-01T09:00:00.000+00:00"):
        writer.write(lambda n, at=at: AuditedRequest(n, at, f"r_{n}", "answered", 200))  # type: ignore[misc]
    writer.close()
    found = check(audit)
    assert (found.ok, found.problems) == (True, ())
    assert found.clock_steps == (
        "At audit-000001.jsonl line 3 the clock had gone back by 61 min, from 2126-01-01 10:00:00.000+00:00 to "
        "2126-01-01 08:59:00.500+00:00.",
    )
    again = AuditWriter(audit, read_key(key_path(audit)))
    assert again.last_at == "2126-01-01T09:00:00.000+00:00"
    again.close()


def test_a_cut_tail_is_found_only_with_the_head(tmp_path: Path) -> None:
    audit = written(tmp_path, 9)
    [file] = audit_files(audit)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    assert check(audit, head=False).ok
    assert not check(audit).ok
    with pytest.raises(DataError, match="its head knows 10 lines"):
        AuditWriter(audit, read_key(key_path(audit)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    audit = written(tmp_path, 40, most_file_bytes=2_000)
    audit_files(audit)[1].unlink()
    assert "audit-000002.jsonl is missing" in check(audit).problems[0]


def test_every_missing_file_is_named_and_none_that_is_there(tmp_path: Path) -> None:
    audit = written(tmp_path, 80, most_file_bytes=1_000)
    files = audit_files(audit)
    for gone in (files[0], files[3], files[4]):
        gone.unlink()
    said = [one for one in check(audit).problems if "jsonl" in one and "missing, and" in one]
    assert said == [
        "audit-000001.jsonl is missing, and audit-000002.jsonl follows.",
        "audit-000004.jsonl to audit-000005.jsonl are missing, and audit-000006.jsonl follows.",
    ]


def test_two_files_that_changed_places_and_a_line_that_went_to_another_file_are_found(tmp_path: Path) -> None:
    audit = written(tmp_path, 40, most_file_bytes=2_000)
    one, two = audit_files(audit)[:2]
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert "missing" in check(audit).problems[0]
    rows, others = first.splitlines(keepends=True), second.splitlines(keepends=True)
    rows[-1], others[1] = others[1], rows[-1]
    one.write_bytes(b"".join(rows))
    two.write_bytes(b"".join(others))
    assert not check(audit).ok


@pytest.mark.parametrize("lines", [1, 5, 300])
def test_the_head_of_another_audit_with_the_same_key_is_found_however_short_that_is(tmp_path: Path, lines: int) -> None:
    audit = written(tmp_path, 300)
    (tmp_path / "other").mkdir()
    key = key_path(tmp_path / "other" / "audit")
    key.write_bytes(key_path(audit).read_bytes())
    other = written(tmp_path / "other", lines)
    found = verify_audit(audit, read_key(key_path(audit)), head=head_path(other))
    assert found.problems == (f"Line {lines + 1} is not the one that the head knows: it is the head of another audit.",)


def test_an_older_head_of_the_same_audit_is_sound(tmp_path: Path) -> None:
    audit = written(tmp_path, 10)
    kept = tmp_path / "kept.head"
    kept.write_bytes(head_path(audit).read_bytes())
    written(tmp_path, 200)
    assert verify_audit(audit, read_key(key_path(audit)), head=kept).ok


@pytest.mark.parametrize("begun", [b"", b'{"type":"file","n":'])
def test_a_gateway_killed_as_it_begins_a_file_starts_again_and_has_lost_nothing(tmp_path: Path, begun: bytes) -> None:
    audit = written(tmp_path, 40, most_file_bytes=2_000)
    files = audit_files(audit)
    (audit / f"audit-{len(files) + 1:06d}.jsonl").write_bytes(begun)
    assert (check(audit).ok, check(audit).unfinished) == (True, True)
    written(tmp_path, 40, most_file_bytes=2_000)
    assert (check(audit).ok, check(audit).unfinished, check(audit).requests) == (True, False, 80)


def test_what_is_no_file_of_the_audit_is_named_or_let_be(tmp_path: Path) -> None:
    audit = written(tmp_path, 40, most_file_bytes=2_000)
    (audit / "audit-1 (copy).jsonl").write_bytes(b"")
    (audit / "audit-000001.jsonl.gz").write_bytes(b"\x1f\x8b\x08")
    assert check(audit).ok
    (audit / "audit-2.jsonl").write_bytes(b"")
    assert "audit-2.jsonl is not a file of this audit." in check(audit).problems
    (audit / "audit-2.jsonl").unlink()
    last = audit_files(audit)[-1]
    last.unlink()
    last.mkdir()
    assert any(f"{last.name} cannot be read" in one for one in check(audit).problems)


def test_a_false_head_and_another_key_are_refused(tmp_path: Path) -> None:
    audit = written(tmp_path, 3)
    head = head_path(audit)
    head.write_bytes(head.read_bytes().replace(b"4", b"3", 1))
    with pytest.raises(DataError, match="was changed or belongs to another key"):
        check(audit)
    assert not verify_audit(audit, b"k" * 32, head=None).ok


def test_an_unfinished_last_line_was_never_acknowledged_and_is_cut(tmp_path: Path) -> None:
    audit = written(tmp_path, 3)
    [file] = audit_files(audit)
    with file.open("ab") as end:
        end.write(b'{"type":"request","n":5')
    assert (check(audit).ok, check(audit).unfinished) == (True, True)
    assert check(written(tmp_path, 1)).requests == 4


def test_nothing_is_written_to_a_file_that_was_removed_and_a_removed_head_comes_back(tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    writer = AuditWriter(audit, read_key(key_path(audit), make=True))
    writer.write(line)
    head_path(audit).unlink()
    writer.look()
    assert check(audit).tail_checked
    audit_files(audit)[0].unlink()
    writer.look()
    assert not writer.healthy
    with pytest.raises(OSError, match="was removed"):
        writer.write(line)
    writer.close()


def test_a_head_that_a_full_disk_left_empty_stops_no_start(tmp_path: Path) -> None:
    audit = written(tmp_path, 2)
    head_path(audit).write_bytes(b"")
    written(tmp_path, 1)
    assert check(audit).ok


def test_one_process_writes_an_audit(tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    key = read_key(key_path(audit), make=True)
    writer = AuditWriter(audit, key)
    with pytest.raises(PrerequisiteError, match="Another gateway"):
        AuditWriter(audit, key)
    writer.close()


def test_a_write_that_fails_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = tmp_path / "audit"
    writer = AuditWriter(audit, read_key(key_path(audit), make=True))
    writer.write(line)
    real, calls = os.write, 0

    def full(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            return real(descriptor, data[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        writer.write(line)
    assert not writer.healthy
    monkeypatch.setattr(os, "write", real)
    writer.write(line)
    writer.close()
    assert check(audit).requests == 2


def test_an_audit_that_is_refused_stays_as_it_is(tmp_path: Path) -> None:
    audit = written(tmp_path, 5)
    [path] = audit_files(audit)
    cut = path.read_bytes()[:-200]
    path.write_bytes(cut)  # the head knows lines that are no longer there, and the last one is torn
    with pytest.raises(DataError, match="its head knows"):
        AuditWriter(audit, read_key(key_path(audit)))
    assert path.read_bytes() == cut


def test_a_last_line_that_is_no_json_is_refused_in_words(tmp_path: Path) -> None:
    audit = written(tmp_path, 2)
    [path] = audit_files(audit)
    path.write_bytes(path.read_bytes().replace(b'"n":3', b'"n"\xff3'))
    with pytest.raises(DataError, match="does not end with a line of an audit"):
        AuditWriter(audit, read_key(key_path(audit)))


def test_lines_that_end_together_are_written_together_and_each_is_told(tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    writer = AuditWriter(audit, read_key(key_path(audit), make=True))
    told: list[tuple[int, OSError | None]] = []
    for n in range(3):
        made = writer.add(line, lambda error, n=n: told.append((n, error)))  # type: ignore[misc]
        assert made.n == n + 2
    assert (told, writer.lines) == ([], 1)  # nothing counts before it is written
    writer.flush()
    writer.flush()
    assert (told, writer.lines) == ([(0, None), (1, None), (2, None)], 4)
    writer.add(line)
    assert writer.write(line).n == 6  # with what was lined up before it
    writer.close()
    assert (check(audit).ok, check(audit).lines) == (True, 6)


def test_a_full_disk_refuses_all_that_was_lined_up_and_the_chain_goes_on_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = tmp_path / "audit"
    writer = AuditWriter(audit, read_key(key_path(audit), make=True))
    writer.write(line)
    told: list[OSError | None] = []
    with monkeypatch.context() as full:
        full.setattr("milo_bench.store.audit.writer.write_all", _no_room)
        writer.add(line, told.append)
        writer.add(line, told.append)
        with pytest.raises(OSError, match="No space"):
            writer.write(line)
    assert [error is not None and error.errno for error in told] == [errno.ENOSPC] * 2
    assert not writer.healthy
    assert writer.write(line).n == 3
    writer.close()
    assert (check(audit).ok, check(audit).lines, writer.healthy) == (True, 3, True)


def test_lines_that_are_lined_up_as_a_file_is_full_stay_in_their_order(tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    writer = AuditWriter(audit, read_key(key_path(audit), make=True), most_file_bytes=1_500)
    told: list[OSError | None] = []
    for _ in range(40):
        writer.add(line, told.append)
    writer.flush()
    writer.close()
    assert told == [None] * 40
    assert (check(audit).ok, len(audit_files(audit)) > 3) == (True, True)


def _no_room(descriptor: int, data: bytes) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_nothing_is_written_to_a_file_that_was_moved_away_until_it_is_back(tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    writer = AuditWriter(audit, read_key(key_path(audit), make=True))
    writer.write(line)
    file = audit_files(audit)[0]
    file.rename(tmp_path / "audit-000001.jsonl.1")  # as a program that rotates logs does
    file.write_text("", encoding="utf-8")
    writer.look()
    assert not writer.healthy
    with pytest.raises(OSError, match="removed or moved"):
        writer.write(line)
    (tmp_path / "audit-000001.jsonl.1").rename(file)
    writer.look()
    writer.write(line)
    assert (writer.healthy, check(audit).ok, check(audit).requests) == (True, True, 2)
    writer.close()


def test_a_head_that_another_file_replaced_is_written_anew(tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    writer = AuditWriter(audit, read_key(key_path(audit), make=True))
    writer.write(line)
    (tmp_path / "older").write_text("x" * 1_000, encoding="utf-8")
    (tmp_path / "older").rename(head_path(audit))
    with pytest.raises(DataError):
        check(audit)
    writer.look()
    assert check(audit).ok
    writer.close()
