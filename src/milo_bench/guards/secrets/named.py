"""Text in, secrets that the words around them tell out: passwords, PINs, codes, and keys by the name of a setting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from milo_bench.guards.secrets.values import is_placeholder, looks_like_password, looks_random

NamedKind = Literal["api_key", "token", "password"]

_VALUE: Final = r"(?P<quote>[\"'`„“»]?)(?P<value>[^\s\"'`<>„“”«»]{4,250})"
_IS: Final = r"is|was|ist|lautet|lautete|heißt|est|es|è|é|wordt|are"
# Words between the name and the mark: "das Kennwort für das WLAN: …".
_FILLER: Final = r"(?:[ \t]+(?!(?:is|ist|must|muss|doit|debe)\b)[^\W\d_]{1,14}){0,5}?"
# Names are looked for in lower case: a search that ignores case is five times as slow.
_PASSWORD_NAME: Final = re.compile(
    r"(?:password|passwort|passwd|passphrase|passcode|pass_?key|(?<=[_-])pass|(?<=[\"'])pass(?=[\"'])"
    r"|(?<=\n)pass(?=[ \t]{0,3}[:=])"
    r"|pwd|(?<!\w)pw|kennwort"
    r"|losung|mot de passe|contraseña|contrasena|wachtwoord|senha|(?<!\w)clave|zugangscode|wlan-?schlüssel"
    r"|wpa2?[- ]?key|netzwerkschlüssel)(?![\w-])"
)
_PASSWORD_TOLD: Final = re.compile(
    rf"{_FILLER}(?P<mark>[\"']?[ \t]{{0,4}}(?:\([^()\n]{{1,20}}\)[ \t]?)?"
    rf"(?:=>|:=|[:=>]|[\"'][ \t]+value[ \t]*=|(?<=[ \t])(?:{_IS})[:]?(?=[ \t])))[ \t]{{0,4}}{_VALUE}",
    re.IGNORECASE,
)
_PASSWORD_BARE: Final = re.compile(rf"(?P<mark>[ \t]+){_VALUE}")
_KEY_NAME: Final = re.compile(r"(?:key|secret|token|(?<=[_-])pat)(?![\w-])")
_BEFORE_KEY: Final = re.compile(
    r"(?:(?:api|access|account|secret|shared|encryption|signing|private|master|service|auth|session|app|licen[sc]e|webhook"
    r"|client|jwt|django|\w_)[ _.-]?(?:access[ _.-]?)?)$"
)
_KEY_TAIL: Final = re.compile(
    r"(?P<mark>[\"']?[ \t]{0,4}(?:=>|:=|[:=>]|[\"'][ \t]+value[ \t]*=|(?<=[ \t])(?:is|ist|lautet)(?=[ \t])|(?=[\"'`]))"
    rf"[ \t]{{0,4}}|[ \t]+){_VALUE}",
    re.IGNORECASE,
)
_PIN: Final = re.compile(
    r"\bPIN\b(?:[- ]?(?:[Cc]ode|[Nn]ummer|[Nn]umber))?(?:[ \t]+[^\W\d_]{1,14}){0,4}?[ \t]*[:=]?[ \t]*"
    r"(?P<value>\d{4,8})(?![\d.,-])"
)
_CODE_WORDS: Final = (
    r"(?:verification|security|one[- ]time|login|access|confirmation|authentication|2fa|mfa|otp)[ -]?"
    r"(?:code|password|pin)"
    r"|einmal-?(?:code|passwort|kennwort)|(?:bestätigungs|sicherheits|verifizierungs|zugangs|freischalt|anmelde)-?code"
    r"|(?<!\w)otp|(?<!\w)(?:m|sms|push)?tan(?!\w)|code (?:de|d') ?(?:vérification|sécurité|confirmation|accès)"
    r"|código de (?:verificación|seguridad|acceso|confirmación)|codice di (?:verifica|sicurezza)"
)
_CODE_NAME: Final = re.compile(_CODE_WORDS)
_DIGITS: Final = r"(?P<value>\d{4,8}|\d{3}[ -]\d{3})"
_CODE_TAIL: Final = re.compile(rf"(?:[ \t]+[^\W\d_]{{1,14}}){{0,3}}?[ \t]*[:=]?[ \t]*{_DIGITS}(?![\d.,]\d|\d)")
_CODE_HEAD: Final = re.compile(rf"(?<![\d.,-]){_DIGITS}(?:[ \t]+[^\W\d_]{{1,14}}){{1,3}}?[ \t]+$")
_LEAST_QUOTED: Final = 6  # characters of a plain word in quotation marks that is taken for a password
_BEFORE: Final = 80  # characters in front of a name that are looked at
_HEADER: Final = re.compile(
    r"(?:\b(?:Bearer|Basic|SSWS)|(?i:authorization[\"']?[ \t]*[:=][ \t]*[\"']?(?:bearer|basic|token|apikey)))[ \t]+"
    r"(?P<value>[A-Za-z0-9+/_.~=-]{16,4000})"
)
_IN_ADDRESS: Final = re.compile(r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@]{0,100}:(?P<value>[^\s/@]{3,200})@", re.IGNORECASE)
# A name of a service, or a token alone, before the host: https://TOKEN@github.com, https://KEY@o1.ingest.sentry.io.
_ALONE_IN_ADDRESS: Final = re.compile(r"\bhttps?://(?P<value>[A-Za-z0-9_-]{20,250})@[A-Za-z0-9]", re.IGNORECASE)
_USER_IN_ADDRESS: Final = re.compile(
    r"\b(?:smtps?|imaps?|pop3s?|ftps?|sftp)://[^\s:/@]{1,60}@[^\s:/@]{1,60}:(?P<value>[^\s/@]{4,200})@", re.IGNORECASE
)
_ORACLE: Final = re.compile(r"\bjdbc:oracle:\w{1,10}:[^\s/@:]{1,60}/(?P<value>[^\s@]{4,200})@", re.IGNORECASE)
# .pgpass: host:port:database:user:password, alone on its line.
_PGPASS: Final = re.compile(
    r"^[ \t>]*(?:\*|[\w.-]{1,100}):(?:\*|\d{2,5}):(?:\*|[\w.-]{1,64}):[\w.@-]{1,64}:(?P<value>[^\s:]{4,200})[ \t]*$",
    re.MULTILINE,
)
_NETRC: Final = re.compile(
    r"\b(?:machine\s+(?:\S{1,200}[.:]\S{1,200}|localhost)|default)\s+login\s+\S{1,100}\s+password\s+(?P<value>\S{1,200})"
)
# Hashes of passwords in files of users: they can be tried.
_HASHED: Final = re.compile(
    r"(?P<value>\$(?:apr1|1|5|6|y|7|argon2id?|2[abxy]?)\$[A-Za-z0-9./$,=+]{20,200})(?![A-Za-z0-9./$])"
)
_SSHA: Final = re.compile(r"\{SSHA\}(?P<value>[A-Za-z0-9+/=]{28,80})")
_ENCODED: Final = re.compile(
    r"[\"'](?:auth|identitytoken|registrytoken)[\"']\s{0,4}:\s{0,4}[\"'](?P<value>[A-Za-z0-9+/=]{12,2000})[\"']"
)
_COOKIE: Final = re.compile(
    r"\b(?:Set-)?Cookie:[ \t]*(?:[^\n]{0,300}?;[ \t]*)?[\w.-]{0,40}(?:sess|auth|token|sid)[\w.-]{0,40}="
    r"(?P<value>[^\s;]{16,1000})",
    re.IGNORECASE,
)
_WIFI: Final = re.compile(r"\bWIFI:(?=[^\n]{0,200}\bT:)[^\n]{0,200}?\bP:(?P<value>(?:\\.|[^;\n]){4,100});")
_PAIR: Final = re.compile(
    r"\b(?:zugangsdaten|login(?:daten)?|credentials?|zugang|logins?|accès|identifiants)[ \t]{0,3}[:=]"
    r"[ \t]{0,3}\S{2,60}[ \t]*[/|,][ \t]*(?P<value>\S{6,100})",
    re.IGNORECASE,
)
_SIGNATURE: Final = re.compile(
    r"[?&;](?:sig|signature|X-Amz-Signature|access_token|api_?key|token)=(?P<value>[^\s&\"'<>#]{16,500})"
)
_COMMAND: Final = re.compile(
    r"\bcurl\b[^\n]{0,200}?[ \t](?:-u|--user)[ =]?[\"']?[^\s:\"']{1,100}:[\"']?(?P<curl>[^\s\"']{4,200})"
    r"|\bsshpass[ \t]+-p[ \t]?[\"']?(?P<ssh>[^\s\"']{4,200})"
    r"|\b(?:mysql|mysqldump|mariadb|mysqladmin)\b[^\n]{0,200}?[ \t]-p(?P<mysql>[^\s\"']{4,200})"
    r"|[ \t]--?(?:password|passwd|passphrase)[ =][\"']?(?P<option>[^\s\"']{4,200})"
    r"|[ \t]/user:\S{1,100}[ \t]+(?P<net>[^\s/\"']{4,200})"
    r"|\bnet use\b[^\n]{0,120}?\\\\\S{1,120}[ \t]+(?P<netuse>[^\s/\"'*]{4,200})(?=[ \t]+/user:)"
    r"|\b(?:sqlcmd|bcp|osql)\b[^\n]{0,200}?[ \t]-P[ \t]?(?P<sql>[^\s\"']{4,200})"
    r"|\b(?:plink|pscp|psftp|putty)\b[^\n]{0,200}?[ \t]-pw[ \t](?P<putty>[^\s\"']{4,200})"
)


# What a text must contain, in its own case, before the pattern is tried: most texts have none of it.
_FILES: Final[tuple[tuple[tuple[str, ...], re.Pattern[str], NamedKind, bool], ...]] = (
    (("://", "@"), _ALONE_IN_ADDRESS, "token", True),
    (("p", "://", "@"), _USER_IN_ADDRESS, "password", False),
    (("jdbc:oracle:",), _ORACLE, "password", False),
    ((":",), _PGPASS, "password", False),
    (("login", "password"), _NETRC, "password", False),
    (("$",), _HASHED, "password", False),
    (("{SSHA}",), _SSHA, "password", False),
    (("auth",), _ENCODED, "password", False),
    (("registrytoken",), _ENCODED, "password", False),
    (("ookie:",), _COOKIE, "token", True),
    (("WIFI:",), _WIFI, "password", False),
    ((), _PAIR, "password", False),
)


def named_secrets(text: str) -> Iterator[tuple[NamedKind, int, int]]:
    """Kind, start and end of each."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = text  # a letter whose small form is two: places would move
    for name in _PASSWORD_NAME.finditer(lower):
        for pattern in (_PASSWORD_TOLD, _PASSWORD_BARE):
            if (tail := pattern.match(text, name.end())) and (found := _password(tail, name[0])):
                yield found
                break
    for name in _KEY_NAME.finditer(lower):
        if tail := _KEY_TAIL.match(text, name.end()):
            yield from _key(tail, name[0], lower[max(0, name.start() - _BEFORE) : name.start()])
    for match in _PIN.finditer(text):
        yield "password", match.start("value"), match.end("value")
    for name in _CODE_NAME.finditer(lower):
        start = max(0, name.start() - _BEFORE)
        if tail := _CODE_TAIL.match(text, name.end()):
            yield "password", tail.start("value"), tail.end("value")
        elif head := _CODE_HEAD.search(text[start : name.start()]):
            yield "password", start + head.start("value"), start + head.end("value")
    for pattern in (_HEADER, _SIGNATURE):
        for match in pattern.finditer(text):
            if looks_random(match["value"]) and not is_placeholder(match["value"]):
                yield "token", match.start("value"), match.end("value")
    for match in _IN_ADDRESS.finditer(text) if "://" in text else ():
        if not is_placeholder(match["value"]):
            yield "password", match.start("value"), match.end("value")
    yield from _in_files(text)
    for match in _COMMAND.finditer(text):
        group = str(match.lastgroup)
        if not is_placeholder(match[group]):
            yield "password", match.start(group), match.end(group)


def _in_files(text: str) -> Iterator[tuple[NamedKind, int, int]]:
    """Secrets in the lines of files that programs keep them in, and in addresses and codes of a form of their own."""
    for words, pattern, kind, varied in _FILES:
        if not all(word in text for word in words):
            continue
        for match in pattern.finditer(text):
            value = match["value"]
            if is_placeholder(value) and pattern not in (_HASHED, _SSHA):
                continue
            if (varied and not looks_random(value)) or (
                pattern is _PAIR and not looks_like_password(value, told=False)
            ):
                continue
            if pattern is _PGPASS and (value.isdecimal() or value.isalpha()):
                continue
            yield kind, match.start("value"), match.end("value")


def _password(match: re.Match[str], name: str) -> tuple[NamedKind, int, int] | None:
    value = match["value"] if match["quote"] else match["value"].rstrip(".?),;|")
    mark = match["mark"].strip(" \t")
    said = mark.isalpha()  # by a verb, and not by a sign
    if name == "pass" and not any(one.isdigit() for one in value):
        return None  # a verdict more often than a password
    if match["quote"] and mark and not said and not is_placeholder(value) and len(value) >= _LEAST_QUOTED:
        return "password", match.start("value"), match.start("value") + len(value)
    if not looks_like_password(value, told=bool(match["quote"] or mark) and not said, said=said):
        return None
    return "password", match.start("value"), match.start("value") + len(value)


def _key(match: re.Match[str], name: str, before: str) -> Iterator[tuple[NamedKind, int, int]]:
    if name == "key" and not _BEFORE_KEY.search(before):
        return  # of a keyboard, a table or a lock
    value = match["value"] if match["quote"] else match["value"].rstrip(".?),;|")
    if is_placeholder(value) or not looks_random(value):
        return
    if not match["mark"].strip() and not match["quote"] and (len(value) < 16 or "=" in value.rstrip("=")):
        return
    kind: NamedKind = "api_key" if name == "key" else "token"
    yield kind, match.start("value"), match.start("value") + len(value)
