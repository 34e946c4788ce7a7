"""An HTTP request to one of the API's doors in, a checked question out; what is wrong with it becomes one error."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from milo_bench.core.cases.tags import says_sensitive, slip_of, unknown_sensitivity
from milo_bench.core.suggest import hint_for
from milo_bench.core.text import one_line
from milo_bench.gateway.usual_fields import (
    MOST_CHOICES,
    MOST_MESSAGES,
    MOST_STOPS,
    MOST_TOKENS,
    UsualCase,
    UsualChat,
    is_usual,
)
from milo_bench.gateway.wire.connection import HttpRequest
from milo_bench.gateway.wire.replies import ApiError, header_text
from milo_bench.guards.case_text import case_text
from milo_bench.store.state.asked import Door as Door

DOORS: Final[Mapping[str, Door]] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completions",
    "/v1/embeddings": "embeddings",
    "/v1/responses": "responses",
}
# Other APIs that clients speak by default: they would leave the guards behind, so they are refused by name.
OTHER_APIS: Final = {
    "/v1/conversations": "the Conversations API",
    "/v1/messages": "the Messages API",
    "/v1/realtime": "the Realtime API",
    "/v1/assistants": "the Assistants API",
}
MODEL_PREFIX: Final = "milo/"
MOST_DEPTH: Final = 64
MOST_TAGS: Final = 100
MOST_TAG_CHARS: Final = 200
MOST_USE_CHARS: Final = 200
_NUMBERS: Final = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "top_logprobs")
# What a field of a chat completion is called in the Responses API.
_NAMES_IN_RESPONSES: Final[Mapping[str, str]] = {
    "max_tokens": "max_output_tokens", "messages": "input", "response_format": "text.format",
}  # fmt: skip
_MILO_FIELDS: Final = ("workload", "use", "input", "tags", "sensitive", "callback")
# Those that no API has at the top of its body: there they would be passed on, and nobody would heed them.
_ONLY_IN_MILO: Final = frozenset({"workload", "use", "tags", "sensitive", "callback"})
_HEADER_PREFIX: Final = "x-milo-"
_MILO_HEADERS: Final = ("X-Milo-Workload", "X-Milo-Use", "X-Milo-Sensitive")
_KNOWN_HEADERS: Final = frozenset(name.lower() for name in _MILO_HEADERS)
NO_ROLES: Final[Mapping[str, tuple[str, ...]]] = {}
NO_TAGS: Final[frozenset[str]] = frozenset()
_JSON: Final = "application/json"
_decode = msgspec.json.Decoder().decode


class Question(msgspec.Struct):
    """What a client asks. ``fields`` is its JSON without ``milo``; ``input`` the case, None for free messages.

    A request of the Responses API is asked as a chat completion: ``door`` and ``fields`` are of that, ``response`` is
    its own JSON, by which its answer is worded.
    """

    door: Door
    workload: str
    use: str
    fields: dict[str, Any]
    input: dict[str, Any] | None
    tags: frozenset[str]
    sensitive: bool
    stream: bool
    callback: str = ""
    role: str = ""
    response: dict[str, Any] | None = None
    _text: str | None = None

    @property
    def client_door(self) -> Door:
        """The door that the client came through."""
        return self.door if self.response is None else "responses"

    @property
    def text(self) -> str:
        """Every text of the case, or of the client's own messages."""
        if self._text is None:
            self._text = case_text(self.input) if self.input is not None else _messages_text(self.door, self.fields)
        return self._text


def read_question(
    http: HttpRequest, door: Door, workloads: Collection[str], roles: Mapping[str, tuple[str, ...]] = NO_ROLES
) -> Question:
    """``roles`` maps each role that a client may name to its workloads. Raises ApiError for whatever is wrong."""
    headers = http.headers
    if not http.is_plain:
        if headers.get("content-type") != _JSON:
            _check_type(headers.get("content-type", ""))
        _check_headers(headers)
    fields = _read_json(http.body)
    milo = fields.pop("milo", None)
    if not _ONLY_IN_MILO.isdisjoint(fields):
        name = next(name for name in fields if name in _ONLY_IN_MILO)
        raise _wrong(name, "is not a field of this API", f'write "milo": {{"{name}": …}}.')
    if door == "chat" and not roles and (usual := _read_usual(http, fields, milo, workloads)) is not None:
        return usual
    case, tags = (None, NO_TAGS) if milo is None else _read_milo(milo)
    milo = milo or {}
    sensitive = bool(milo and milo.get("sensitive")) or bool(tags and says_sensitive(tags))
    if not sensitive and "x-milo-sensitive" in headers:
        sensitive = _flag(headers["x-milo-sensitive"])
    stream = fields.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise _wrong("stream", "must be true or false", "send a JSON boolean, not a string.")
    response: dict[str, Any] | None = None
    if door == "responses":
        response, door = fields, "chat"
        fields = _as_chat(fields, has_case=case is not None)
    asked = Question(
        door=door,
        workload=_workload(fields, milo, headers, workloads, roles),
        use=_use(milo, headers) if "use" in milo or "x-milo-use" in headers else "",
        fields=fields,
        input=case,
        tags=tags,
        sensitive=sensitive,
        stream=bool(stream) and door != "embeddings",
        callback=_text(milo, "callback") if "callback" in milo else "",
        role=_role(fields, roles) if roles else "",
        response=response,
    )
    _check_fields(asked)
    return asked


def _read_usual(http: HttpRequest, fields: dict[str, Any], milo: Any, workloads: Collection[str]) -> Question | None:
    """What most clients of the chat door send, messages or a case; None for whatever needs another look."""
    model, stream = fields.get("model"), fields.get("stream", False)
    if not http.is_plain or not isinstance(model, str) or (stream is not False and stream is not True):
        return None
    workload, case = model[len(MODEL_PREFIX) :], None
    if milo is not None:
        case = milo.get("input") if isinstance(milo, dict) and len(milo) == 1 else None
        if not case or not isinstance(case, dict):
            return None
    if workload not in workloads or not model.startswith(MODEL_PREFIX):
        return None
    if not is_usual(fields, UsualChat if case is None else UsualCase):
        return None
    return Question("chat", workload, "", fields, case, NO_TAGS, False, stream)


def is_plain_head(headers: Mapping[str, str]) -> bool:
    """Whether a head says what most do: a body of JSON, and nothing of this gateway's own."""
    return headers.get("content-type") == _JSON and not any(name.startswith(_HEADER_PREFIX) for name in headers)


def _check_type(said: str) -> None:
    kind = said.partition(";")[0].strip().lower()
    if kind != _JSON:
        message = f"The content type is '{one_line(kind)[:60]}'." if kind else "The content type is missing."
        raise ApiError(415, message, code="content_type", hint="send Content-Type: application/json.")


def _read_milo(milo: Any) -> tuple[dict[str, Any] | None, frozenset[str]]:
    """The case in the field ``milo``, and its tags; everything in it is checked. Raises ApiError."""
    if not isinstance(milo, dict):
        raise _wrong("milo", "must be an object", 'write {"workload": …, "input": {…}}.')
    if unknown := [name for name in milo if name not in _MILO_FIELDS]:
        raise _wrong(
            f"milo.{one_line(unknown[0])[:60]}", "is unknown", hint_for(unknown[0], _MILO_FIELDS, noun="fields")
        )
    case = milo.get("input")
    if case is not None and (not isinstance(case, dict) or not case):
        raise _wrong("milo.input", "must be an object with the inputs of the case", "see docs/how-to/gateway.md.")
    if not isinstance(milo.get("sensitive", False), bool):
        raise _wrong("milo.sensitive", "must be true or false", "leave it out if it is not known.")
    return case, _read_tags(milo["tags"]) if "tags" in milo else NO_TAGS


def _read_tags(tags: Any) -> frozenset[str]:
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise _wrong("milo.tags", "must be a list of strings", "leave it out if there are none.")
    if len(tags) > MOST_TAGS or any(len(tag) > MOST_TAG_CHARS for tag in tags):
        what = f"has more than {MOST_TAGS} tags, or one longer than {MOST_TAG_CHARS} characters"
        raise _wrong("milo.tags", what, "send the tags that rules ask for.")
    if seeming := [tag for tag in tags if unknown_sensitivity(tag)]:
        what = f"has '{one_line(seeming[0])}', which keeps the case from no hosted model"
        raise _wrong("milo.tags", what, "send 'sensitive' if that is meant, or use another word.")
    return frozenset(tags)


def _as_chat(response: dict[str, Any], *, has_case: bool) -> dict[str, Any]:
    """The chat completion that a request of the Responses API asks for. Raises ApiError for what none can give."""
    from milo_bench.targets.responses.reading import NotUnderstood, chat_request

    try:
        chat = chat_request({"input": [], **response} if has_case else response)
    except NotUnderstood as error:
        hint = "leave it out. See docs/how-to/gateway.md for what is supported."
        raise ApiError(400, f"{one_line(str(error), 300)}.", code="unsupported", hint=hint) from None
    if response.get("stream"):
        chat |= {"stream": True, "stream_options": {"include_usage": True}}
    return chat


def check_use(asked: Question, uses: Collection[str]) -> None:
    """Raises ApiError for a use that no rule of its workload names, where rules tell uses apart.

    It would pass every rule by and end at the default, as if its workload had never been decided.
    """
    if asked.use and uses and asked.use not in uses:
        of = f" of '{_short(asked.workload)}'" if asked.workload else ""
        message = f"Unknown use '{_short(asked.use)}'{of}."
        raise ApiError(404, message, code="unknown_use", hint=hint_for(asked.use, uses, noun="uses"))


def check_tags(asked: Question, known: Collection[str]) -> None:
    """Raises ApiError for a tag that seems to be one that rules ask for, written otherwise: no rule would see it."""
    for tag in sorted(asked.tags) if known else ():
        if meant := slip_of(tag, known):
            hint = f"Did you mean '{one_line(meant)}'? Otherwise use a word that is less like it."
            message = f"'milo.tags' has '{_short(tag)}', which no rule knows."
            raise ApiError(400, message, code="misspelt_tag", hint=hint)


def _check_headers(headers: Mapping[str, str]) -> None:
    for name in headers:
        if name.startswith(_HEADER_PREFIX) and name not in _KNOWN_HEADERS:
            hint = hint_for(name, _MILO_HEADERS, noun="headers")
            raise ApiError(400, f"Unknown header '{_short(name)}'.", code="unknown_header", hint=hint)


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        data = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        hint = "send one JSON object in UTF-8."
        raise ApiError(400, "The body is not valid JSON.", code="invalid_json", hint=hint) from None
    if not isinstance(data, dict):
        raise ApiError(400, "The body is not a JSON object.", code="invalid_json", hint="send {…}.")
    if body.count(b"{") + body.count(b"[") > MOST_DEPTH and depth_of(data) > MOST_DEPTH:
        message = f"The body is nested deeper than {MOST_DEPTH}."
        raise ApiError(400, message, code="too_deep", hint="send flatter data.")
    count = body.count
    milo = count(b'"milo"')
    if milo > 1 or count(b'"model"') > 1 or count(b'"stream"') > 1:
        _refuse_repeated_keys(body)
    elif milo and (count(b'"workload"') > 1 or count(b'"use"') > 1 or count(b'"sensitive"') > 1):
        _refuse_repeated_keys(body)  # what decides within it may be there twice
    return data


def _refuse_repeated_keys(body: bytes) -> None:
    """A key twice in one object is read in two ways; what decides the route is read in one."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ApiError(400, "A key is repeated in one object.", code="duplicate_key", hint="send each key once.")
        return found

    json.loads(body, object_pairs_hook=unique)


def depth_of(data: Any) -> int:
    """How deep objects and lists are in each other."""
    deepest, waiting = 0, [(data, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, dict | list):
            deepest = max(deepest, depth)
            waiting.extend((part, depth + 1) for part in (item.values() if isinstance(item, dict) else item))
    return deepest


def _role(fields: Mapping[str, Any], roles: Mapping[str, tuple[str, ...]]) -> str:
    model = str(fields.get("model", ""))
    name = model.removeprefix(MODEL_PREFIX)
    return name if model.startswith(MODEL_PREFIX) and name in roles else ""


def _workload(
    fields: Mapping[str, Any],
    milo: Mapping[str, Any],
    headers: Mapping[str, str],
    workloads: Collection[str],
    roles: Mapping[str, tuple[str, ...]],
) -> str:
    """The workload that the header, the milo field or the model's name says; they may not disagree.

    A role named as the model covers one workload, or the request says which.
    """
    model = fields.get("model", "")
    if not isinstance(model, str):
        raise _wrong("model", "must be a string", "write milo/WORKLOAD.")
    if not roles and "workload" not in milo and "x-milo-workload" not in headers and model.startswith(MODEL_PREFIX):
        by_model = model[len(MODEL_PREFIX) :]
        if by_model in workloads:  # as most requests say it
            return by_model
    by_model = model.removeprefix(MODEL_PREFIX) if model.startswith(MODEL_PREFIX) else ""
    if role := _role(fields, roles):
        named = {name for name in (_said(headers, "x-milo-workload"), _text(milo, "workload")) if name}
        by_model = "" if named else roles[role][0]
        if (len(roles[role]) > 1 and not named) or not named <= set(roles[role]):
            message = f"The role '{_short(role)}' covers {', '.join(roles[role])}."
            raise ApiError(400, message, code="role_workload", hint="name one of them as milo.workload.")
    said = {name for name in (_said(headers, "x-milo-workload"), _text(milo, "workload"), by_model) if name}
    if len(said) > 1:
        message = "The request names two workloads: " + " and ".join(f"'{_short(name)}'" for name in sorted(said)) + "."
        raise ApiError(400, message, code="two_workloads", hint="name one: in X-Milo-Workload, milo or model.")
    if said:
        [name] = said
        if name not in workloads:
            message = f"Unknown workload '{_short(name)}'."
            hint = hint_for(name, [*workloads, *roles], noun="workloads")
            raise ApiError(404, message, code="unknown_workload", hint=hint)
        return name
    if model in ("", "milo"):
        return ""
    known = [f"{MODEL_PREFIX}{name}" for name in (*workloads, *roles)]
    message = f"Unknown model '{_short(model)}'."
    raise ApiError(
        404, message, code="model_not_found", hint=hint_for(model, ["milo", *known], noun="models"), param="model"
    )


def _use(milo: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    said = {name for name in (_said(headers, "x-milo-use"), _text(milo, "use")) if name}
    if len(said) > 1:
        raise ApiError(400, "The request names two uses.", code="two_uses", hint="name one.")
    use = said.pop() if said else ""
    if one_line(use, None) != use or len(use) > MOST_USE_CHARS:
        raise _wrong("milo.use", "must be a short name", "write a use as routing.yaml names it.")
    return use


def _said(headers: Mapping[str, str], name: str) -> str:
    return header_text(headers[name]) if name in headers else ""


def _text(milo: Mapping[str, Any], name: str) -> str:
    value = milo.get(name, "")
    if not isinstance(value, str) or len(value) > 2_000:
        raise _wrong(f"milo.{name}", "must be a short string", "leave it out if there is none.")
    return value


def _flag(value: str) -> bool:
    # Whatever else a header says of sensitivity, the careful reading is yes.
    return value.strip().lower() not in ("", "false", "0", "no")


@dataclass(frozen=True)
class _FieldRule:
    """What a field of the API must be, where it is there and not null."""

    fits: Callable[[Any], bool]
    what: str
    hint: str = "leave it out for the default."


def _is_whole(most: int, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _is_stop(value: Any) -> bool:
    return isinstance(value, str) or (_is_prompt(value) and len(value) <= MOST_STOPS)


_TOKENS_RULE: Final = _FieldRule(partial(_is_whole, MOST_TOKENS), f"must be a whole number from 1 to {MOST_TOKENS:,}")
_OBJECTS_RULE: Final = _FieldRule(_is_objects, "must be a list of objects", "leave it out if there are none.")
_RULES: Final[Mapping[str, _FieldRule]] = {
    **dict.fromkeys(("max_tokens", "max_completion_tokens"), _TOKENS_RULE),
    **dict.fromkeys(_NUMBERS, _FieldRule(_is_number, "must be a number")),
    **dict.fromkeys(("stream_options", "response_format", "metadata"), _FieldRule(_is_object, "must be an object")),
    **dict.fromkeys(("tools", "functions"), _OBJECTS_RULE),
    "stop": _FieldRule(
        _is_stop, f"must be a string or a list of at most {MOST_STOPS}", "leave it out if there are none."
    ),
    "n": _FieldRule(
        partial(_is_whole, MOST_CHOICES), f"must be a whole number from 1 to {MOST_CHOICES}",
        "leave it out for one answer.",
    ),
}  # fmt: skip


def _check_fields(asked: Question) -> None:
    kind = UsualChat if asked.input is None else UsualCase
    if asked.door != "chat" or not is_usual(asked.fields, kind):
        _check_each_field(asked)


def _check_each_field(asked: Question) -> None:
    fields = asked.fields

    def wrong(name: str, what: str, hint: str) -> ApiError:
        return _wrong(name if asked.response is None else _NAMES_IN_RESPONSES.get(name, name), what, hint)

    for name, value in fields.items():
        rule = _RULES.get(name)
        if rule is not None and value is not None and not rule.fits(value):
            raise wrong(name, rule.what, rule.hint)
    if asked.door == "chat":
        messages = fields.get("messages", [] if asked.input is not None else None)
        if not isinstance(messages, list) or (not messages and asked.input is None):
            raise wrong(
                "messages",
                "must be a list of messages",
                "send at least one, or milo.input if the rule has a measured prompt.",
            )
        if len(messages) > MOST_MESSAGES:
            raise wrong("messages", f"has {len(messages):,} entries, at most {MOST_MESSAGES:,}", "send fewer messages.")
        for message in messages:
            if not isinstance(message, dict) or not isinstance(message.get("role"), str):
                raise wrong("messages", "must contain objects with a role", 'write {"role": "user", "content": "…"}.')
            content = message.get("content")
            if isinstance(content, str):
                continue
            parts = content if isinstance(content, list) else ()
            if not isinstance(content, str | list | None) or not all(isinstance(part, dict) for part in parts):
                raise wrong("messages", "has a content that is not text", "write a string, or a list of parts.")
    elif asked.door == "completions" and asked.input is None and not _is_prompt(fields.get("prompt")):
        raise wrong("prompt", "must be a string or a list of strings", "send the text to complete.")
    elif asked.door == "embeddings" and not _is_prompt(fields.get("input")):
        raise wrong("input", "must be a string or a list of strings", "token numbers are not supported.")
    if asked.input is not None:
        for name in ("tools", "functions", "response_format"):
            if fields.get(name):
                raise wrong(name, "cannot be set beside milo.input", "the workload's measured contract sets it.")
        if fields.get("n") not in (None, 1):
            raise wrong("n", "must be 1 beside milo.input", "the workload was measured with one answer.")


def _is_prompt(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(part, str) for part in value)
    return isinstance(value, str)


def _messages_text(door: Door, fields: Mapping[str, Any]) -> str:
    if door == "completions":
        return case_text((fields.get("prompt"), fields.get("suffix")))
    if door == "embeddings":
        return case_text(fields.get("input"))
    parts = []
    messages = fields.get("messages", ())
    if len(messages) == 1 and isinstance(only := messages[0].get("content"), str):
        return only
    for message in messages:
        content = message.get("content")
        parts.append(content if isinstance(content, str) else case_text(content))
    return "\n".join(parts)


def _short(name: str) -> str:
    return one_line(name)[:80]


def _wrong(name: str, what: str, hint: str) -> ApiError:
    return ApiError(400, f"'{name}' {what}.", code="invalid_value", hint=hint, param=name)
