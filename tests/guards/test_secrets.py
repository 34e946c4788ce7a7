"""Secrets are found by their form or by the word before them; sentences about passwords are none."""

from __future__ import annotations

import pytest

from milo_bench.guards.personal.data import Redactor
from milo_bench.guards.secrets import SecretsRedactor, find_secrets

HEX = "0123456789abcdef"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE" + "Ab3x" * 20 + "\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("the key AKIA" + "Q7R2" * 4 + ".", "api_key", "AKIA" + "Q7R2" * 4),
        ("sk-proj-" + "aB3-" * 10, "api_key", "sk-proj-" + "aB3-" * 9 + "aB3-"),
        ("use sk_live_" + HEX, "api_key", "sk_live_" + HEX),
        ("AIza" + "Sy3_x" * 7, "api_key", "AIza" + "Sy3_x" * 7),
        ("ghp_" + "aB3d" * 9 + " works", "token", "ghp_" + "aB3d" * 9),
        ("xoxb-" + "123456789012-abcdef", "token", "xoxb-123456789012-abcdef"),
        ("Authorization: Bearer " + "aB3.d_e-" * 4, "token", "aB3.d_e-" * 4),
        ("eyJhbGciOiJI.eyJzdWIiOiIx." + "Ab3_" * 8, "token", "eyJhbGciOiJI.eyJzdWIiOiIx." + "Ab3_" * 8),
        ("postgresql://app:s3cr3t!@db.example/x", "password", "s3cr3t!"),
        ("Password: hunter22", "password", "hunter22"),
        ("mein Passwort lautet Sommer-2025!", "password", "Sommer-2025!"),
        ("Kennwort (neu): Blau7Haus", "password", "Blau7Haus"),
        ("the password is Tr0ub4dor&3.", "password", "Tr0ub4dor&3"),
        ('"password": "correcthorse"', "password", "correcthorse"),
        ("PIN: 4711", "password", "4711"),
        ('api_key = "' + HEX + '"', "api_key", HEX),
        ("client secret: q8Jx-77aa-Zzk2", "token", "q8Jx-77aa-Zzk2"),
        ("mine:\n" + KEY + "\nbye", "private_key", KEY),
        ('"k": "' + KEY.replace("\n", "\\n") + '"', "private_key", KEY.replace("\n", "\\n")),
        ("> " + KEY.replace("\n", "\n> "), "private_key", KEY.replace("\n", "\n> ")),
        ("sk_org_live_" + HEX, "api_key", "sk_org_live_" + HEX),
        ("HRKU-AA" + "x7Q_" * 12, "api_key", "HRKU-AA" + "x7Q_" * 12),
        ("xoxe.xoxp-1-" + "aB3d" * 20, "token", "xoxe.xoxp-1-" + "aB3d" * 20),
        ("dckr_pat_" + "aB3-" * 7, "token", "dckr_pat_" + "aB3-" * 7),
        ("https://" + HEX * 2 + "@github.example/a.git", "token", HEX * 2),
        ("machine api.example.org\n  login bob\n  password x9Kmq2Lz\n", "password", "x9Kmq2Lz"),
        ("db.example.org:5432:mydb:bob:x9Kmq2Lz", "password", "x9Kmq2Lz"),
        ("*:5432:*:bob:x9Kmq2Lz\n", "password", "x9Kmq2Lz"),
        ("bob:$6$aB3dEf7h$" + "aB3d" * 20 + ":19000:0", "password", "$6$aB3dEf7h$" + "aB3d" * 20),
        ('{"auth": "Ym9iOng5S21xMkx6"}', "password", "Ym9iOng5S21xMkx6"),
        ("Cookie: lang=de; session_id=" + HEX, "token", HEX),
        ("WIFI:T:WPA;S:Net;P:x9Kmq2Lz;;", "password", "x9Kmq2Lz"),
        ("smtp://u@x.example:x9Kmq2Lz@mail.example:587", "password", "x9Kmq2Lz"),
        ("jdbc:oracle:thin:scott/x9Kmq2Lz@//h:1521/s", "password", "x9Kmq2Lz"),
        ("Zugangsdaten: bob / Sommer2026!", "password", "Sommer2026!"),
        ("sqlcmd -S h -U sa -P x9Kmq2Lz", "password", "x9Kmq2Lz"),
    ],
)
def test_a_secret_is_found_whole_with_its_kind(text: str, kind: str, value: str) -> None:
    (found,) = find_secrets(text)
    assert (found.kind, text[found.start : found.end]) == (kind, value)


@pytest.mark.parametrize(
    "text",
    [
        "The password is required.",
        "I forgot my password. Please reset it.",
        "Password: ********",
        "password: [PASSWORD_1]",
        "Your password is expired",
        "password = os.environ['PW']",
        "token: ${TOKEN}",
        "Das Passwort ist falsch.",
        "Policy number: 00123-AB, claim 2025-12-28",
        "api_key: string",
        "https://example.org/path:80@x",
        "the secret of good tea is patience",
        "PIN: please call",
        "a sk-8 adapter and a key-ring",
        "Bearer of this letter",
        "IBAN DE89 3704 0044 0532 0130 00",
        "machine learning login page password field",
        "10:30:00:bob:hello and db:5432 is the port",
        "2026-03-04:12:30:45:note",
        "Cookie: none, and a session of one hour",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b, sha256-" + HEX * 4,
        "-----BEGIN CERTIFICATE-----\nMIIE" + "Ab3x" * 20 + "\n-----END CERTIFICATE-----",
        "ticket 1234:5678:abc:def:ghi",
    ],
)
def test_a_sentence_about_secrets_is_none(text: str) -> None:
    assert find_secrets(text) == ()


def test_one_secret_has_one_placeholder_and_positions_move_through_both_redactions() -> None:
    redactor = SecretsRedactor(Redactor())
    redactor.begin()
    text = "Password: hunter22, mail jo@x.example, again password: hunter22, total 45.00"
    redactor.learn(text)
    moved = redactor.redact(text)
    assert moved.text == "Password: [PASSWORD_1], mail [EMAIL_1], again password: [PASSWORD_1], total 45.00"
    at = text.index("45.00")
    start, end = moved.move(at, at + 5)
    assert moved.text[start:end] == "45.00"
    assert redactor.counts() == {"email": 1, "password": 2}


def test_a_long_text_of_near_matches_takes_no_longer_than_its_length() -> None:
    assert find_secrets("password: " * 20_000 + "-----BEGIN PRIVATE KEY-----" * 2_000)
