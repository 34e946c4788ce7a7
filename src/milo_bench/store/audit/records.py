"""The lines of an audit: one a request, one at the start of each file; never a key, and no text."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

AUDIT_SCHEMA: Final = 1

AuditOutcome: TypeAlias = Literal[
    "answered",  # the model's answer left as it came
    "edited",  # sentences were cut from it before it left
    "queued",  # a person answers
    "refused",  # the routing table says no
    "rejected",  # the request itself is wrong: nothing was sent to a model
    "failed",  # a model was asked and no answer could be given
    "cancelled",  # the client went away first
]


# A request of a rule with a canary: answered by a challenger, or by the incumbent while a challenger could have been.
TrialSide: TypeAlias = Literal["", "canary", "control"]


class AuditedCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call to a model. ``status`` is 0 where no reply came; ``failure`` says why there is no answer."""

    target: str
    status: int = 0
    failure: str = ""
    took_s: float = 0.0
    failed_checks: tuple[str, ...] = ()


class AuditedRequest(msgspec.Struct, frozen=True, omit_defaults=True, tag="request", tag_field="type"):
    """One request and what became of it. ``at`` is UTC; ``table`` the first 16 digits of routing.yaml's SHA-256."""

    n: int
    at: str
    request: str
    outcome: AuditOutcome
    status: int
    door: str = ""
    key: str = ""  # the key's id, never the key
    workload: str = ""
    use: str = ""
    role: str = ""  # the role that the client named as its model
    rule: str = ""
    route: str = ""
    cause: str = ""
    target: str = ""
    first_route: str = ""  # where step 1 sent it, if step 2 or 3 sent it on
    prompt: str = ""  # the measured prompt that was rendered; "free" for the client's own messages
    guarded: bool = False
    sensitive: bool = False
    words: int = 0
    streamed: bool = False
    removed: int = 0  # sentences that were cut
    redacted: int = 0  # places that were replaced in what the model was sent
    calls: tuple[AuditedCall, ...] = ()
    reason: str = ""
    table: str = ""
    shadow: bool = False
    trial: TrialSide = ""
    copied_to: tuple[str, ...] = ()  # challengers that got a copy; each has a line of its own
    trial_rule: str = ""  # the rule whose target is challenged: ``rule`` is where the request ended
    trial_checks: tuple[str, ...] = ()  # what answers are judged by there
    queue: str = ""  # id in the queue
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_s: float = 0.0
    took_s: float = 0.0


class AuditedShadow(msgspec.Struct, frozen=True, omit_defaults=True, tag="shadow", tag_field="type"):
    """What a challenger answered to a copy of ``request``: judged by the checks of its ``rule``, sent to no client."""

    n: int
    at: str
    request: str
    challenger: str
    call: AuditedCall
    incumbent: str = ""  # the rule's own target, which the request itself went to
    workload: str = ""
    role: str = ""
    rule: str = ""
    table: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


class AuditedFingerprint(msgspec.Struct, frozen=True, omit_defaults=True, tag="fingerprint", tag_field="type"):
    """Whether a target answered the fixed prompts as when it was measured. ``closed``: its routes are closed now.

    ``differing`` of ``prompts`` get another answer, with ``p`` of the two-sample test; ``why`` it could not be told.
    """

    n: int
    at: str
    target: str
    outcome: Literal["same", "another", "unknown"]
    prompts: int = 0
    differing: int = 0
    p: float | None = None
    why: str = ""
    model: str = ""
    model_digest: str = ""
    closed: bool = False


class AuditFileStart(msgspec.Struct, frozen=True, tag="file", tag_field="type"):
    """First line of each file."""

    n: int
    at: str
    file: int
    audit_schema: int = AUDIT_SCHEMA


AuditLine: TypeAlias = AuditedRequest | AuditedShadow | AuditedFingerprint | AuditFileStart
