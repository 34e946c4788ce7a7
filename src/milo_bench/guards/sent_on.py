"""An answer in, whether the whole of it sends the case to a person, and for what reason, out.

A suite asks for ``HUMAN_REVIEW`` or ``ESCALATE: reason``. Models set that in emphasis, quotes, a code block or JSON,
and give a reason where none was asked for: the case goes to a person all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

MARKS: Final = ("HUMAN_REVIEW", "ESCALATE:")

_FENCE: Final = re.compile(r"```[\w-]*[ \t]*\n(.*?)\n?```", re.DOTALL)
_AROUND: Final = " \t\r\n*_`\"'“”„«»‘’"
_END: Final = " \t\r\n*_`\"'“”„«»‘’.!"
# "HUMAN_REVIEW is not needed", "Human review: no".
_DENIED: Final = re.compile(
    r"[\s:=(\-–—*_`\"']*(?:no|none|false|0|n/?a|unnecessary|needless|nein|non|nee|nie)[\s*_`\"'.!)]*(?:$|[,;.]\s)"
    r"|[\s:=(\-–—*_`\"']*(?:(?:is|are|was|seems|appears)\s+)?(?:not|isn't|no longer|never|no|un)\s*"
    r"(?:needed|required|necessary|applicable|called for|warranted|requested|need\b|reason for|review)"
    r"|\s+(?:is|was|isn't|wasn't|are|has|had|will|would|can|may)\b(?!\s+(?:needed|required|necessary))",
    re.IGNORECASE,
)
_PARTED: Final = re.compile(
    r"[*_`\"'”’]*(?:\s*[:=–—(,;/|→]|\s+-+>?\s|-\s|\.\s|\s*\n|\s+(?:because|due|since|as|for|needed|required|requested|"
    r"is\s+(?:needed|required|necessary))\b)",
    re.IGNORECASE,
)
_SAYS_WHY: Final = re.compile(
    r"(?:reasons?|why|because|grund|begründung|motif|raison|motivo|razón|reden|powód|motivazione)\b", re.IGNORECASE
)
_REASON_KEYS: Final = frozenset({"reason", "reasons", "why", "explanation", "note", "comment", "detail", "details"})
_ID_KEYS: Final = frozenset({"case_id", "case", "id", "events", "citations", "event_ids"})


def escalation_reason(text: str, marks: tuple[str, ...] = MARKS) -> str | None:
    """The reason that an answer gives for sending the case to a person, "" for none; None where it does not send it.

    The whole answer must be the mark with at most a reason of one line, or a line with the mark and a line with
    the reason. An answer that sends the case on and then summarises it does not count.
    """
    found = _read(text, marks)
    return None if found is None else found[1]


def sends_on(text: str, marks: tuple[str, ...] = MARKS) -> bool:
    """Whether the answer, or the first line of it, sends the case to a person."""
    return any(_read(part, marks) is not None for part in (text, text.strip().partition("\n")[0]))


def plain_escalation(text: str) -> str | None:
    """``ESCALATE: reason``: an answer that sends the case on without what is around it; None for any other."""
    found = _read(text, MARKS)
    return None if found is None else f"{found[0]}: {found[1]}".removesuffix(": ")


def _read(text: str, marks: tuple[str, ...]) -> tuple[str, str] | None:
    """The mark and the reason."""
    plain = _unwrapped(text)
    if plain.startswith("{"):
        return _from_json(plain, marks)
    for mark in (mark.rstrip(" :") for mark in marks):
        rest = _after(mark, plain)
        if rest is None or _DENIED.match(rest):
            continue
        if not rest.strip(_END):
            return mark, ""
        # ``ESCALATE the case is high risk`` has always counted.
        if not _PARTED.match(rest) and mark != "ESCALATE":
            continue
        reason = _one_reason(rest)
        if reason is not None:
            return mark, reason
    return None


def _unwrapped(text: str) -> str:
    text = text.strip()
    fenced = _FENCE.fullmatch(text)
    return (fenced[1] if fenced else text).lstrip(_AROUND + "#>").rstrip()


def _after(mark: str, text: str) -> str | None:
    """What follows the mark; ``Human review`` is the mark ``HUMAN_REVIEW`` in other letters."""
    if text.startswith(mark):
        rest = text[len(mark) :]
    elif "_" in mark and (loose := re.match(mark.replace("_", r"[\s_-]"), text, re.IGNORECASE)):
        rest = text[loose.end() :]
    else:
        return None
    return None if rest[:1].isalnum() or (rest[:1] == "_" and rest[1:2].isalnum()) else rest


def _one_reason(rest: str) -> str | None:
    lines = [line.strip(_END + ":-–—=(,;)/|→>") for line in rest.splitlines() if line.strip(_END)]
    if not lines:
        return ""
    own_line = not rest.partition("\n")[0].strip(_END)
    says_why = _SAYS_WHY.match(lines[0])
    if len(lines) > 1 or (own_line and not says_why):
        return None
    return lines[0][says_why.end() :].lstrip(" :-–—*_`") if says_why and says_why[0].lower() != "because" else lines[0]


def _from_json(text: str, marks: tuple[str, ...]) -> tuple[str, str] | None:
    """``{"route": "HUMAN_REVIEW", "reason": "…"}`` or ``{"human_review": true}``; anything more is an answer."""
    try:
        record = msgspec.json.decode(text.rstrip("`").encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    if not isinstance(record, Mapping):
        return None
    found: list[tuple[str, str]] = []
    reasons: list[str] = []
    for key, value in record.items():
        name = str(key).strip().casefold()
        sent = _from_pair(str(key), value, marks)
        if sent is not None:
            found.append(sent)
        elif name in _REASON_KEYS and isinstance(value, str):
            reasons.append(value.strip())
        elif name not in _ID_KEYS and value not in (None, "", [], {}):
            return None
    return (found[0][0], found[0][1] or " ".join(reasons)) if len(found) == 1 else None


def _from_pair(key: str, value: Any, marks: tuple[str, ...]) -> tuple[str, str] | None:
    for mark in (mark.rstrip(" :") for mark in marks):
        if key.strip().replace(" ", "_").replace("-", "_").casefold() in (mark.casefold(), f"needs_{mark.casefold()}"):
            if value is True:
                return mark, ""
            if isinstance(value, str) and value.strip() and not _DENIED.match(f": {value}"):
                return mark, "" if value.strip().casefold() in ("yes", "true") else value.strip()
    return _read(value, marks) if isinstance(value, str) and "{" not in value[:1] else None
