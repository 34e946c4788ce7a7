"""A model's reply and the contract of its rule in, what the routing function needs to know of it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from milo_bench.core.errors import MiloError
from milo_bench.core.once import once
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, ToolCall, Workload
from milo_bench.core.records.contract import LABEL
from milo_bench.core.records.frozen import MOST_TOKENS
from milo_bench.decide.routing.rules import AnswerFacts
from milo_bench.gateway.other_texts import other_texts
from milo_bench.gateway.request import Door, Question
from milo_bench.gateway.table import RuleContract
from milo_bench.grade.answer import read_json_answer
from milo_bench.grade.base import GradeCase
from milo_bench.grade.engine import grade_attempt
from milo_bench.grade.uncited import CitationForm, cut_uncited
from milo_bench.targets.http.answer import decode_json

# Checks of what may not be said anywhere: reasoning, refusals and the arguments of tool calls are scanned by them too.
EVERYWHERE: Final = frozenset(
    {"banned_commitments", "coverage_inference", "not_contains", "not_mentions", "unsupported_facts"}
)
# Fields that say the whole answer a second time, in tokens or sound: what was cut is in them too.
_SAY_AGAIN: Final = ("logprobs", "audio", "annotations")
_PLAIN_MESSAGE: Final = frozenset({"role", "content"})
_ANSWERED: Final = AnswerFacts()
_NO_TIMES: Final = Timings(0.0, 0.0, 0.0)


class ReplyChoice(msgspec.Struct, frozen=True):
    """One of the answers in a reply."""

    text: str
    reasoning: str
    refusal: str
    calls: tuple[ToolCall, ...]
    finish_reason: str


class JudgedReply(msgspec.Struct):
    """``facts`` decide the route. ``problem`` says why there is no answer; ``reasons`` why a check failed."""

    facts: AnswerFacts
    document: dict[str, Any] = {}
    choices: tuple[ReplyChoice, ...] = ()
    problem: str = ""
    reasons: dict[str, str] = {}
    removed: tuple[str, ...] = ()
    late: bool = False  # it was not judged in time, which is no fault of the model
    bypassed: bool = False  # no model was asked: ``problem`` is why the step before it sent the case to a person


def no_answer(problem: str) -> JudgedReply:
    return JudgedReply(AnswerFacts(answered=False), problem=problem)


def rejects_review(text: str) -> bool:
    """Whether an answer is a review with the verdict reject."""
    answer = read_json_answer(text)
    return answer.usable and isinstance(answer.value, dict) and answer.value.get("verdict") == "reject"


def first_text(judged: JudgedReply | None) -> str:
    """The text of the first answer, "" where there is none."""
    return judged.choices[0].text if judged is not None and judged.choices else ""


class _Object(msgspec.Struct):
    """A JSON object, whatever is in it beside what would need another look."""

    tool_calls: None = None
    function_call: None = None


class _PlainChoice(msgspec.Struct):
    message: _Object


_Tokens: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)] | None


class _PlainUsage(msgspec.Struct):
    prompt_tokens: _Tokens = None
    completion_tokens: _Tokens = None


class PlainReply(msgspec.Struct):
    """All that is needed of a chat completion that no check reads."""

    choices: Annotated[list[_PlainChoice], msgspec.Meta(min_length=1)]
    model: str | None = None
    usage: _PlainUsage | None = None


_PLAIN: Final = msgspec.json.Decoder(PlainReply)


def read_plain(door: Door, body: bytes) -> PlainReply | None:
    """A sound chat completion without calls of tools; None for whatever ``read_reply`` must look at."""
    if door != "chat":
        return None
    try:
        if not body.isascii():
            body.decode()
        return _PLAIN.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


class EmbeddingsReply(msgspec.Struct):
    """What must be known of embeddings."""

    data: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1)]
    usage: _PlainUsage | None = None


_EMBEDDINGS: Final = msgspec.json.Decoder(EmbeddingsReply)


def read_embeddings(body: bytes) -> EmbeddingsReply | None:
    """Embeddings as a server gives them; None for what is none."""
    try:
        body.decode()
        return _EMBEDDINGS.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def read_reply(door: Door, body: bytes) -> tuple[dict[str, Any], tuple[ReplyChoice, ...]] | str:
    """The document and its answers, or what is wrong with it."""
    try:
        if not body.isascii():
            body.decode()  # its bytes may leave as they are, so none may be mended
        data = decode_json(body, strict=True)
    except ValueError:
        return "the answer is not JSON"
    if not isinstance(data, dict):
        return "the answer is not a JSON object"
    listed = data.get("choices")
    if not isinstance(listed, list) or not listed:
        return "the answer has no choices"
    choices = []
    for choice in listed:
        read = read_choice(door, choice) if isinstance(choice, dict) else None
        if read is None:
            return "a choice of the answer has no message"
        choices.append(read)
    return data, tuple(choices)


def read_choice(door: Door, choice: Mapping[str, Any]) -> ReplyChoice | None:
    """One answer of a reply, None where it is not one."""
    reason = choice.get("finish_reason")
    finish = reason if isinstance(reason, str) else ""
    if door == "completions":
        text = choice.get("text")
        return ReplyChoice(text, "", "", (), finish) if isinstance(text, str) else None
    message = choice.get("message")
    if not isinstance(message, dict):
        return None
    content = message.get("content")
    if isinstance(content, str) and message.keys() <= _PLAIN_MESSAGE:
        return ReplyChoice(content, "", "", (), finish)
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
    refusal = message.get("refusal") or ""
    if not message.get("tool_calls") and not message.get("function_call"):
        return ReplyChoice(str(content or ""), str(reasoning), str(refusal), (), finish)
    calls = []
    listed = [*(message.get("tool_calls") or ())]
    if message.get("function_call"):  # as OpenAI's API named it before it had tools
        listed.append({"function": message["function_call"]})
    for call in listed:
        function = _called(call) if isinstance(call, dict) else None
        if not isinstance(function, dict):
            return None
        arguments = function.get("arguments", "")
        said = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
        calls.append(ToolCall(str(call.get("id", "")), str(function.get("name", "")), said))
    return ReplyChoice(str(content or ""), str(reasoning), str(refusal), tuple(calls), finish)


def _called(call: Mapping[str, Any]) -> Any:
    """What a tool call calls, a function or a custom tool, whose input is free text."""
    custom = call.get("custom")
    if call.get("type") == "custom" and isinstance(custom, dict):
        return {"name": custom.get("name", ""), "arguments": custom.get("input", "")}
    return call.get("function")


def judge_reply(
    asked: Question, contract: RuleContract, prepared: Mapping[str, Any], body: bytes, *, id: str
) -> JudgedReply:
    """Read a reply and judge every answer in it. A check that cannot judge, or that breaks, has not passed."""
    read = read_reply(asked.door, body)
    if isinstance(read, str):
        return no_answer(read)
    document, choices = read
    judged = JudgedReply(_ANSWERED, document, choices)
    if contract.cuts is not None:
        choices = _cut_uncited(asked, judged, contract.cuts)
        if judged.removed and any(not any(mark.isalnum() for mark in choice.text) for choice in choices):
            judged.facts, judged.problem = AnswerFacts(answered=False), "no sentence with a citation is left"
            return judged
    if contract.workload is None:
        return judged
    tags = tuple(sorted(asked.tags)) if asked.tags else ()
    fixture = Fixture(id, asked.workload, asked.input or {"document": asked.text}, tags=tags)
    judging = contract.workload if LABEL in contract.watched else _without_label(contract.workload)
    everywhere = _only_everywhere(judging)
    failed: set[str] = set()
    if everywhere.checks:
        failed = _scanned(everywhere, fixture, other_texts(document), prepared, judged.reasons)
    label = ""
    for choice in choices:
        failed |= _verdicts(judging, fixture, choice.text, choice.calls, prepared, judged.reasons)
        if everywhere.checks:
            elsewhere = (choice.reasoning, choice.refusal, *(one for call in choice.calls for one in _said_in(call)))
            failed |= _scanned(everywhere, fixture, elsewhere, prepared, judged.reasons)
        if contract.wants_label and not label:
            label = _label(contract.workload, fixture, choice)
    judged.facts = AnswerFacts(label=label, failed=frozenset(failed))
    return judged


def _said_in(call: ToolCall) -> tuple[str, ...]:
    """The arguments of a call as they are, and each text in them alone: within JSON's quotation marks a promise reads
    as something that another person said."""
    try:
        value = msgspec.json.decode(call.arguments)
    except (msgspec.DecodeError, RecursionError):
        value = None
    return (f"{call.name} {call.arguments}", *_texts_in(value))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from _texts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts_in(one)


def _scanned(
    workload: Workload, fixture: Fixture, texts: tuple[str, ...], prepared: Mapping[str, Any], reasons: dict[str, str]
) -> set[str]:
    """``workload`` has the checks of what may be said nowhere: of texts beside the answer's own."""
    failed: set[str] = set()
    for text in texts:
        if text.strip():
            failed |= _verdicts(workload, fixture, text, (), prepared, reasons)
    return failed


def _verdicts(
    workload: Workload, fixture: Fixture, text: str, calls: tuple[ToolCall, ...], prepared: Mapping[str, Any],
    reasons: dict[str, str],
) -> set[str]:  # fmt: skip
    if not workload.checks:
        return set()
    attempt = Attempt(
        AttemptKey(fixture.id, "gateway"), "", _NO_TIMES, output=text, tool_calls=calls, prepared=dict(prepared)
    )
    try:
        graded = grade_attempt(workload, fixture, attempt, served=True)
    except MiloError as error:
        names = {spec.name for spec in workload.checks}
        for name in names:
            reasons.setdefault(name, f"the check could not judge: {error.message}")
        return names
    failed = set()
    for verdict in graded.verdicts:
        if verdict.outcome in ("pass", "skip"):
            continue
        failed.add(verdict.check)
        reasons.setdefault(verdict.check, verdict.reason or verdict.category or verdict.outcome)
    return failed


def _label(workload: Workload, fixture: Fixture, choice: ReplyChoice) -> str:
    params = next(spec.params for spec in workload.checks if spec.name == LABEL)
    attempt = Attempt(AttemptKey(fixture.id, "gateway"), "", _NO_TIMES, output=choice.text)
    return _label_reader()(GradeCase(workload, fixture, attempt), params)


@once
def _label_reader() -> Callable[..., str]:
    """Late: a gateway whose rules ask for no label does not carry what reads one."""
    from milo_bench.grade.checks.label import label_said

    return label_said


_WITHOUT_LABEL: dict[int, tuple[Workload, Workload]] = {}
_EVERYWHERE: dict[int, tuple[Workload, Workload]] = {}


def _without_label(workload: Workload) -> Workload:
    return _only(_WITHOUT_LABEL, workload, _is_no_label)


def _only_everywhere(workload: Workload) -> Workload:
    return _only(_EVERYWHERE, workload, _is_of_everywhere)


def _is_no_label(spec: CheckSpec) -> bool:
    return spec.name != LABEL


def _is_of_everywhere(spec: CheckSpec) -> bool:
    return spec.name in EVERYWHERE and not spec.params.get("field")


def _only(
    known: dict[int, tuple[Workload, Workload]], workload: Workload, wanted: Callable[[CheckSpec], bool]
) -> Workload:
    """``workload`` with some of its checks, the same object each time: what is derived from it is kept by identity."""
    found = known.get(id(workload))
    if found is None or found[0] is not workload:
        if len(known) > 500:
            known.clear()
        checks = tuple(spec for spec in workload.checks if wanted(spec))
        found = known[id(workload)] = (workload, msgspec.structs.replace(workload, checks=checks))
    return found[1]


def _cut_uncited(asked: Question, judged: JudgedReply, form: CitationForm) -> tuple[ReplyChoice, ...]:
    """Sentences that make a claim and cite nothing are cut from each answer; the document is changed with them."""
    kept: list[ReplyChoice] = []
    removed: list[str] = []
    for choice, item in zip(judged.choices, judged.document["choices"], strict=True):
        left, cut = cut_uncited(choice.text, form)
        removed += cut
        kept.append(msgspec.structs.replace(choice, text=left))
        if cut:
            for said_again in _SAY_AGAIN:
                item.pop(said_again, None)
                if isinstance(item.get("message"), dict):
                    item["message"].pop(said_again, None)
            if asked.door == "completions":
                item["text"] = left
            else:
                item["message"]["content"] = left
    judged.removed = tuple(removed)
    judged.choices = tuple(kept)
    return judged.choices
