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
from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.request import Question
from milo_bench.gateway.table import RoutingTable
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.run.parts.chunks import Chunked
from milo_bench.run.prepare import prepare

# What a client writes itself. Settings of the call (temperature, stop, tools' schemas …) hold no case.
_WRITTEN: Final[tuple[str, ...]] = ("messages", "prompt", "input", "user", "metadata", "prediction")
FREE: Final = "free"  # what the audit calls a client's own messages
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
    if action is not None and action.redact:
        try:
            asked, count = _redacted(asked)
        except (MiloError, ValueError):
            return PreparedQuestion(None, {}, asked, bypass=CANNOT_REDACT)
    if asked.input is None:
        if action is not None and (action.prompt or action.finding) and asked.door != "embeddings":
            message = f"Rule '{routed.rule}' rests on a measured prompt, so it takes no messages of your own."
            hint = f"send the case: milo: {{workload: {asked.workload or '…'}, input: {{…}}}}."
            raise ApiError(422, message, code="prompt_is_measured", hint=hint, milo={"rule": routed.rule})
        return PreparedQuestion(None, {}, asked, prompt=FREE, redacted=count)
    workload = table.prompt_of(routed.place, asked.workload)
    if workload is None or asked.door != "chat":
        message = "There is no measured prompt for this request, so 'milo.input' has no place to go."
        raise ApiError(422, message, code="no_prompt", hint="send messages, or use /v1/chat/completions.")
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


def _redacted(asked: Question) -> tuple[Question, int]:
    """The question with placeholders, and how many. Raises DataError for pictures, ValueError for other media."""
    make_redactor, redact_fixture = _redactors()
    redactor = make_redactor()
    written = asked.input if asked.input is not None else {n: asked.fields[n] for n in _WRITTEN if n in asked.fields}
    if _has_media(written):
        raise ValueError("a part is not text")
    # The request's own id may look like a number of a person's: it is no part of the case, and is not counted.
    fixture = redact_fixture(Fixture("case", asked.workload, written), redactor)
    count = sum(redactor.counts().values())
    if asked.input is not None:
        return msgspec.structs.replace(asked, input=fixture.input, _text=None), count
    return msgspec.structs.replace(asked, fields={**asked.fields, **fixture.input}, _text=None), count


@once
def _redactors() -> tuple[Callable[[], Any], Callable[..., Any]]:
    """What makes a redactor, and what redacts by it. Late: a gateway without such a rule does not carry the rules."""
    from milo_bench.guards.personal.data import Redactor
    from milo_bench.guards.secrets.replace import SecretsRedactor
    from milo_bench.suites.redact import redact_fixture

    return lambda: SecretsRedactor(Redactor()), redact_fixture


def _has_media(value: Any) -> bool:
    """Whether a message has a part is not text: what a picture or a recording says cannot be redacted."""
    if isinstance(value, dict):
        kind = value.get("type")
        media = isinstance(kind, str) and kind in ("image_url", "input_image", "input_audio", "file", "video_url")
        return media or any(_has_media(part) for part in value.values())
    return isinstance(value, list) and any(_has_media(part) for part in value)
