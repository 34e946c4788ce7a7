"""A signature covers a decision and its logs' last seals; what is changed afterwards is found."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from benchmarks.soundness.edits import CREATED_AT, POLICY, Edit, edit_log, write_log
from milo_bench import api
from milo_bench.core.errors import DataError, GateFailed, PrerequisiteError, UsageError
from milo_bench.decide.records import Decision
from milo_bench.report.signature import (
    PASSPHRASE,
    SIGNATURE,
    decision_digest,
    make_statement,
    new_key,
    read_private_key,
    read_public_key,
    sign_statement,
    signature_differences,
)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with run.jsonl, package/ and its signature by key."""
    folder = tmp_path_factory.mktemp("signed")
    write_log(folder / "run.jsonl")
    (folder / "policy.yaml").write_text(POLICY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        options = api.DecideOptions(("run.jsonl",), policy="policy.yaml")
        api.write_decision("decision.json", api.decide_logs(options, created_at=CREATED_AT))
        api.report_decision("decision.json", "package")
        api.new_signing_key("key")
        api.sign_package("package", "key")
    return folder


@pytest.fixture
def copied(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(signed, tmp_path / "x"))


@pytest.fixture
def decision(signed: Path) -> Decision:
    return api.read_decision(signed / "decision.json")


def test_a_signed_package_verifies_with_the_public_key_and_names_the_seals(signed: Path) -> None:
    found = api.verify_package(signed / "package", held=api.HeldFiles(key=signed / "key.pub"))
    assert (found.exit_code, found.notes, found.unknown_files) == (0, (), ())
    envelope = json.loads((signed / "package" / SIGNATURE).read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert [one["name"] for one in statement["subject"]] == ["decision.json", "run.jsonl"]
    assert list(statement["subject"][1]["digest"]) == ["miloSeal"]


def test_the_signature_is_one_that_any_dsse_verifier_accepts(signed: Path) -> None:
    envelope = json.loads((signed / "package" / SIGNATURE).read_bytes())
    body = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    encoded = b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(body)).encode(), body])
    key = read_public_key(signed / "key.pub")
    key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), encoded)


def test_a_package_without_key_or_signature_is_not_called_signed(signed: Path, copied: Path) -> None:
    (note,) = api.verify_decision(signed / "package" / "decision.json").notes
    assert "was not checked" in note
    (copied / "package" / SIGNATURE).unlink()
    held = api.HeldFiles(key=copied / "key.pub")
    (one,) = api.verify_decision(copied / "package" / "decision.json", held=held).differences
    assert (one.kind, one.package) == ("signature", "no signature")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda made: msgspec.structs.replace(made, title="Other"), "decision.json"),
        (lambda made: msgspec.structs.replace(made, created_at="2027-01-01T00:00:00Z"), "predicate"),
        (
            lambda made: msgspec.structs.replace(
                made, logs=(msgspec.structs.replace(made.logs[0], seal="0" * 64, sha256="1" * 64),)
            ),
            "run.jsonl",
        ),
    ],
)
def test_what_was_changed_after_signing_is_named(
    decision: Decision, tmp_path: Path, change: Callable[[Decision], Decision], said: str
) -> None:
    key = new_key(tmp_path / "key")
    envelope = sign_statement(make_statement(decision), read_private_key(tmp_path / "key"))
    public = read_public_key(key)
    assert list(signature_differences(envelope, public, decision)) == []
    assert said in [one.source for one in signature_differences(envelope, public, change(decision))]


def test_another_key_or_a_changed_payload_is_not_accepted(decision: Decision, tmp_path: Path) -> None:
    new_key(tmp_path / "key")
    other = read_public_key(new_key(tmp_path / "other"))
    envelope = sign_statement(make_statement(decision), read_private_key(tmp_path / "key"))
    (one,) = signature_differences(envelope, other, decision)
    assert one.package.startswith("signed by ")
    body = envelope.body().replace(b"2026-01-02", b"2026-01-03")
    forged = msgspec.structs.replace(envelope, payload=base64.b64encode(body).decode())
    (one,) = signature_differences(forged, read_public_key(tmp_path / "key.pub"), decision)
    assert one.package.startswith("signed by ")


def test_erasing_texts_of_examples_does_not_break_a_signature(decision: Decision) -> None:
    assert decision.examples
    erased = tuple(
        msgspec.structs.replace(one, input="", output="", got="", expected="", reason="", spans=())
        for one in decision.examples
    )
    assert decision_digest(msgspec.structs.replace(decision, examples=erased)) == decision_digest(decision)


def test_a_package_that_does_not_hold_is_not_signed(copied: Path) -> None:
    edit = Edit("faster")
    assert edit.log is None
    edit_log(copied / "run.jsonl", lambda records: records[:-2], sealed_anew=True)
    (copied / "package" / SIGNATURE).unlink()
    with pytest.raises(GateFailed, match="was not signed"):
        api.sign_package(copied / "package", copied / "key")
    (copied / "run.jsonl").unlink()
    with pytest.raises(PrerequisiteError, match=r"run\.jsonl is missing"):
        api.sign_package(copied / "package", copied / "key")
    assert not (copied / "package" / SIGNATURE).exists()


def test_a_key_is_kept_from_others_and_never_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(UsageError):
        new_key(tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == before
    monkeypatch.setenv(PASSPHRASE, "long enough")
    new_key(tmp_path / "locked")
    assert b"ENCRYPTED" in (tmp_path / "locked").read_bytes()
    read_private_key(tmp_path / "locked")
    monkeypatch.delenv(PASSPHRASE)
    with pytest.raises(UsageError, match="is encrypted"):
        read_private_key(tmp_path / "locked")


def test_files_that_are_no_keys_or_signatures_are_named_and_not_quoted(tmp_path: Path, decision: Decision) -> None:
    (tmp_path / "secret").write_text("not for you")
    for read in (read_private_key, read_public_key):
        with pytest.raises(UsageError) as caught:
            read(tmp_path / "secret")
        assert "not for you" not in caught.value.message + caught.value.hint
        with pytest.raises(PrerequisiteError):
            read(tmp_path / "nothing")
    key = new_key(tmp_path / "key")
    (tmp_path / SIGNATURE).write_text("{}")
    api.write_decision(tmp_path / "decision.json", decision)
    with pytest.raises(DataError, match="not a DSSE envelope"):
        api.verify_decision(tmp_path / "decision.json", held=api.HeldFiles(key=key))
