"""A question and where it is routed in, what its model is sent out: the measured prompt, or the client's own fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from milo_bench.core.chat import ChatRequest
from milo_bench.core.errors import MiloError
from milo_bench.core.once import once
from milo_bench.core.records import Fixture
from milo_bench.core.text import one_line
from milo_bench.decide.routing.rules import Routed, actions_of
from milo_bench.gateway.answering.written import has_media, marked, people_named, unmarked
from milo_bench.gateway.request import Door, Question
from milo_bench.gateway.table import RoutingTable
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.run.parts.chunks import Chunked
from milo_bench.run.prepare import prepare

FREE: Final = "free"  # what the audit calls a client's own messages
_SERVED_WITHOUT: Final = "start the gateway with --suite NAME-OR-FOLDER, the suite that has this prompt."
_OWN_TEXT: Final[Mapping[Door, str]] = {
    "chat": "messages", "responses": "input", "completions": "prompt", "embeddings": "input",
}  # fmt: skip
CANNOT_REDACT: Final = "the case has parts that cannot be redacted"


class PreparedQuestion(msgspec.Struct):
    """What is sent: the measured prompt of the rule, or the client's own fields.

    ``asked`` is the question as the model sees it, and as its answer is judged; ``redacted`` counts the places that
    were replaced in it. ``bypass`` is why no model is asked.
    """

    request: ChatRequest | None
    shown: Mapping[str, Any]
    asked: Question
    bypass: str = ""
    prompt: str = ""
    redacted: int = 0
    chunked: Chunked | None = None


def prepare_question(table: RoutingTable, asked: Question, routed: Routed, id: str) -> PreparedQuestion:
    """Redact the case where the rule says so, and put it into the rule's prompt.

    Raises ApiError where the case cannot be put into it, or the rule rests on a prompt and the client sent its own.
    """
    action, count = routed.action, 0
    if actions_of(table.file)[routed.place].redact:  # in shadow too, where no action is taken
        try:
            asked, count = _redacted(asked)
        except (MiloError, ValueError):
            return PreparedQuestion(None, {}, asked, bypass=CANNOT_REDACT)
    workload = table.prompt_of(routed.place, asked.workload)
    if asked.input is None:
        if action is not None and (action.prompt or action.finding) and asked.door != "embeddings":
            message = f"Rule '{routed.rule}' rests on a measured prompt, so it takes no messages of your own."
            hint = _SERVED_WITHOUT if workload is None else _how_to_send(asked)
            raise ApiError(422, message, code="prompt_is_measured", hint=hint, milo={"rule": routed.rule})
        return PreparedQuestion(None, {}, asked, prompt=FREE, redacted=count)
    if workload is None or asked.door != "chat":
        measured = workload is not None and asked.door != "embeddings"
        raise _no_prompt(asked, measured=measured, rests=action is not None and bool(action.prompt or action.finding))
    own = action is not None and (routed.target == action.target or routed.cause == "canary")
    decoding = action.decoding if action is not None and own else "free"
    fixture = Fixture(id, asked.workload, asked.input, tags=tuple(sorted(asked.tags)))
    try:
        made = prepare(fixture, workload, decoding=decoding)
    except MiloError as error:
        message = f"The case does not fit the prompt of '{asked.workload}': {one_line(error.message, 300)}"
        hint = "send every input that the workload's fixtures have."
        raise ApiError(422, message, code="bad_input", hint=hint) from None
    return PreparedQuestion(made.request, made.prepared, asked, made.bypass, workload.prompt_name, count, made.chunked)


def in_shadow(table: RoutingTable, asked: Question, would: Routed, target: str, *, hosted: bool) -> Routed:
    """``would``, sent to the target of ``--shadow`` instead: messages as they came, a case in its workload's prompt.

    Where the table would ask no model, the case takes the prompt of the first rule for its workload that has one.
    """
    place = would.place
    if asked.input is not None and table.prompt_of(place, asked.workload) is None:
        rules = (n for n, rule in enumerate(table.file.rules) if asked.workload in rule.when.workload)
        place = next((n for n in rules if table.prompt_of(n, asked.workload) is not None), place)
    return replace(would, place=place, action=None, route="hosted" if hosted else "local", target=target, verifier="")


def _how_to_send(asked: Question) -> str:
    where = "" if asked.door == "chat" else " to /v1/chat/completions"
    return f"send the case{where}: milo: {{workload: {asked.workload or '…'}, input: {{…}}}}."


def _no_prompt(asked: Question, *, measured: bool, rests: bool) -> ApiError:
    """Why the case has no place to go: this door takes none, or no suite of the gateway has a prompt for it."""
    if asked.door == "chat":
        said = f"for '{asked.workload}'" if asked.workload else "for a request that names no workload"
        message = f"The gateway has no measured prompt {said}, so 'milo.input' has no place to go."
    else:
        message = f"/v1/{asked.door} takes no 'milo.input'."
    if measured:
        hint = _how_to_send(asked)
    elif rests and asked.door != "embeddings":
        hint = _SERVED_WITHOUT
    else:
        hint = f"send your own text as '{_OWN_TEXT[asked.client_door]}', without 'milo.input'."
    return ApiError(422, message, code="no_prompt", hint=hint)


def _redacted(asked: Question) -> tuple[Question, int]:
    """The question with placeholders, and how many. Raises DataError for pictures, ValueError for other media."""
    suites_redact, make_redactor = _redactors()
    redactor = make_redactor()
    if has_media(asked):
        raise ValueError("a part is not text")
    if asked.input is not None:
        # The request's own id may look like a number of a person's: it is no part of the case, and is not counted.
        fixture = suites_redact.redact_fixture(Fixture("case", asked.workload, asked.input), redactor)
        return msgspec.structs.replace(asked, input=fixture.input, _text=None), sum(redactor.counts().values())
    fields = asked.fields
    redacted = suites_redact.redact_values(marked(fields), redactor, named=people_named(fields))
    fields = unmarked(redacted, fields)
    messages = fields.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict) and isinstance(message.get("name"), str):  # a name may have no brackets
            message["name"] = suites_redact.plain_words(message["name"])
    return msgspec.structs.replace(asked, fields=fields, _text=None), sum(redactor.counts().values())


@once
def _redactors() -> tuple[Any, Callable[[], Any]]:
    """What redacts, and what makes a redactor. Late: a gateway without such a rule does not carry the rules."""
    from milo_bench.guards.personal.data import Redactor
    from milo_bench.guards.secrets.replace import SecretsRedactor
    from milo_bench.suites import redact

    return redact, lambda: SecretsRedactor(Redactor())
