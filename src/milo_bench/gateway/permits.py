"""A table's permits for operators, targets as they are served and answers in, why one is void or does not allow out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from milo_bench.config.gateway import GatewayTool
from milo_bench.config.routing.file import RoutingFile
from milo_bench.config.routing.operators import OperatorGrant
from milo_bench.core.errors import ConfigError
from milo_bench.core.text import one_line
from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.judging import JudgedReply, ReplyChoice
from milo_bench.gateway.request import Question
from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.store.state.keys import GatewayKey


def void_permits(file: RoutingFile, upstreams: Mapping[str, Upstream], today: date) -> dict[str, tuple[str, ...]]:
    """By target, the reasons why its permit is void ``today``. A target that does not answer is not judged."""
    if not file.operators:
        return {}
    # Late: it brings the economics of operators along, a third of the memory of a gateway that has none.
    from milo_bench.operator.permit.grants import operator_allows

    found = {}
    for name, grant in file.operators.items():
        upstream = upstreams.get(name)
        kind = next(iter(grant.kinds))
        if upstream is None or upstream.health.token_s is None:
            continue
        reasons = operator_allows(file, upstream.record, kind, today).void
        if reasons:
            found[name] = reasons
    return found


def check_permits(file: RoutingFile, upstreams: Mapping[str, Upstream], today: date) -> None:
    """Raises ConfigError where a permit of the table is void: it would permit nothing."""
    for name, reasons in void_permits(file, upstreams, today).items():
        message = f"The permit of '{name}' is void: {reasons[0]}."
        raise ConfigError(message, hint="renew it with 'milo-bench operator permit', or remove it from the table.")


# A claim that work is finished: the word itself, as operators are told to say it, or at the start of a line.
_SAID_LOUD: Final = re.compile(r"(?<!\w)DONE(?!\w)")
_AT_START: Final = re.compile(r"^\W*(?:done|completed|finished)(?!\w)", re.IGNORECASE | re.MULTILINE)
# What can be looked up: an id with a digit in it, as results of tools have.
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][\w./:-]{2,}[A-Za-z0-9]")


@dataclass(frozen=True)
class BoundPermit:
    """The operator permit that a key is bound to, and the target that it is for."""

    target: str
    grant: OperatorGrant


def permit_of_key(key: GatewayKey, file: RoutingFile, upstreams: Mapping[str, Upstream]) -> BoundPermit | None:
    """The permit that the key is bound to, None for none. Raises ApiError 403 where it is missing or void."""
    if not key.permit:
        return None
    found = next((BoundPermit(name, one) for name, one in file.operators.items() if one.permit == key.permit), None)
    if found is None or (found.target in upstreams and upstreams[found.target].health.permit_reason):
        why = "is not in the routing table" if found is None else "is void"
        hint = "ask the gateway's operator for a key with a valid permit."
        raise ApiError(403, f"The operator permit of this key {why}.", code="permit", hint=hint)
    return found


def within_permit(
    permit: BoundPermit, tools: Mapping[str, GatewayTool], asked: Question, final: Routed, judged: JudgedReply
) -> Routed:
    """``final``, or a person where the permit does not allow the model's answer; ``judged`` is told why."""
    if not final.automated:
        return final
    messages = asked.fields.get("messages") or ()
    problem = why_not_permitted(permit, tools, final.target, messages, judged.choices)
    if not problem:
        return final
    judged.problem = problem
    return replace(final, route="human_review", target="", verifier="", cause="permit")


def why_not_permitted(
    permit: BoundPermit, tools: Mapping[str, GatewayTool], served: str, messages: Sequence[Any],
    choices: Iterable[ReplyChoice],
) -> str:  # fmt: skip
    """Why an answer needs a person under a permit, "" where it may leave.

    ``served`` is the target that answered. A call needs a tool of a kind with a level that allows it: ``read_only``
    for one that changes nothing, ``operator`` for one that does. Under ``with_verifier``, a change and a claim of
    DONE that cites no result of a tool go to a person.
    """
    grant = permit.grant
    if served != permit.target:
        return f"the permit is for {one_line(permit.target)}, and {one_line(served)} answered"
    kinds = {tools[name].kind for name in _called(messages) if name in tools}
    for choice in choices:
        for call in choice.calls:
            tool = tools.get(call.name)
            if tool is None:
                return f"the tool '{one_line(call.name)}' is not under gateway.tools, so no permit covers it"
            level = grant.kinds[tool.kind].level if tool.kind in grant.kinds else "none"
            if level == "operator" or (level in ("read_only", "with_verifier") and not tool.changes):
                continue
            does = "a change" if tool.changes else "a call"
            return f"the tool '{one_line(call.name)}' is {does} of the kind '{tool.kind}', whose level is {level}"
        said = "\n".join((choice.text, *(call.arguments for call in choice.calls)))
        verified = [kind for kind in kinds or grant.kinds if kind in grant.kinds]
        checked = any(grant.kinds[kind].level == "with_verifier" for kind in verified)
        if checked and _claims_done(said) and not _cites(said, messages):
            return "it says DONE and cites no result of a tool"
    return ""


def _claims_done(text: str) -> bool:
    return _SAID_LOUD.search(text) is not None or _AT_START.search(text) is not None


def _cites(text: str, messages: Sequence[Any]) -> bool:
    """Whether ``text`` names something that a tool's result has: an id with a digit in it."""
    known = {word for result in _results(messages) for word in _REFERENCE.findall(result) if _has_digit(word)}
    return any(word in known for word in _REFERENCE.findall(text) if _has_digit(word))


def _has_digit(word: str) -> bool:
    return any(mark.isdigit() for mark in word)


def _results(messages: Sequence[Any]) -> Iterator[str]:
    for message in messages:
        if isinstance(message, dict) and message.get("role") in ("tool", "function"):
            yield str(message.get("tool_call_id", ""))
            content = message.get("content")
            yield content if isinstance(content, str) else str(content)


def _called(messages: Sequence[Any]) -> Iterator[str]:
    for message in messages:
        calls = message.get("tool_calls") if isinstance(message, dict) else None
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict):
                yield str(function.get("name", ""))
