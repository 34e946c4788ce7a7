"""A client's own fields in, the texts in them out: to be read for keywords, or redacted, and the protocol's words kept.

What is not known to be the protocol's is text, so a field that no one has heard of yet is read and redacted as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from milo_bench.gateway.request import MOST_DEPTH, Door, Question, depth_of

_Path = tuple[str, ...]


def _paths(*written: str) -> frozenset[_Path]:
    return frozenset(tuple(one.split(".")) for text in written for one in text.split())


# Names that the protocol matches, its enumerated values and its numbers. The items of a list have the path of the list.
_PROTOCOL: Final = _paths(
    "model stream n best_of logprobs top_logprobs seed temperature top_p top_k min_p dimensions echo",
    "max_tokens max_completion_tokens min_tokens presence_penalty frequency_penalty repetition_penalty",
    "stop_token_ids reasoning_effort reasoning.effort verbosity service_tier encoding_format modalities",
    "prompt_cache_retention audio.voice audio.format store parallel_tool_calls",
    "tool_choice tool_choice.type tool_choice.name tool_choice.function.name tool_choice.custom.name",
    "tool_choice.allowed_tools.mode tool_choice.allowed_tools.tools.type",
    "tool_choice.allowed_tools.tools.function.name function_call function_call.name",
    "tools.type tools.function.name tools.function.strict tools.custom.name tools.custom.format.type functions.name",
    "response_format.type response_format.json_schema.name response_format.json_schema.strict",
    "messages.role messages.tool_call_id messages.tool_calls.id messages.tool_calls.type messages.tool_calls.index",
    "messages.tool_calls.function.name messages.tool_calls.custom.name messages.function_call.name messages.audio.id",
)
# Labels and ids of the client's own: they are redacted, but one without a space in it is not read for keywords.
_LABELS: Final = _paths(
    "user safety_identifier prompt_cache_key stop messages.name messages.content.type prediction.type",
    "prediction.content.type",
)
_SCHEMAS: Final = _paths(
    "tools.function.parameters functions.parameters response_format.json_schema.schema response_format.schema",
    "guided_json json_schema structured_outputs.json",
)
_ARGUMENTS: Final = _paths("messages.tool_calls.function.arguments messages.function_call.arguments")
_CONTENTS: Final = _paths("messages.content prediction.content")
_TEXTS: Final = _CONTENTS | _paths("prompt suffix input")
_CHOICES: Final = _paths("guided_choice structured_outputs.choice")  # as an enumeration of a schema
_LOGIT_BIAS: Final[_Path] = ("logit_bias",)
# In a JSON schema: its own words; lists of the names of properties; maps by such names; values; what names say again.
_SCHEMA_WORDS: Final = frozenset({"type", "format", "$ref", "$schema", "$id", "$anchor", "contentEncoding"})
_SCHEMA_NAMES: Final = frozenset({"required", "dependentRequired", "propertyOrdering"})
_SCHEMA_MAPS: Final = frozenset({"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"})
_SCHEMA_VALUES: Final = frozenset({"enum", "const", "default", "examples", "example"})
_SCHEMA_TITLES: Final = frozenset({"title"})
# The kinds of part that are text. Whatever else a part is, a picture or a file, is not known to be redacted.
_TEXT_PARTS: Final = frozenset(
    {"text", "input_text", "output_text", "refusal", "thinking", "reasoning", "reasoning_text", "summary_text"}
)
_MEDIA: Final = _paths("images image_data multi_modal_data messages.images")
_MEDIA_KINDS: Final = frozenset({"image_url", "input_image", "input_audio", "file", "video_url"})
_DATA_URL: Final = re.compile(r"\s*data:[^,\s]{0,200};base64,", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z0-9_.:/+=#$|-]{1,4000}")
_TOKEN_NUMBER: Final = re.compile(r"\d{1,7}")
_NAMED_BY_PROTOCOL: Final = frozenset({"tool", "function"})  # roles of which the name is that of a function
# By door, the fields that are read as the question's text; and those that hold none, which most requests send.
_IN_TEXT: Final[Mapping[Door, frozenset[str]]] = {
    "chat": frozenset({"messages"}), "completions": frozenset({"prompt", "suffix"}), "embeddings": frozenset({"input"}),
    "responses": frozenset(),
}  # fmt: skip
_WORDLESS: Final = frozenset(
    {"model", "stream", "n", "seed", "temperature", "top_p", "max_tokens", "max_completion_tokens",
     "presence_penalty", "frequency_penalty", "top_logprobs"}
)  # fmt: skip
_USUAL: Final = {door: names | _WORDLESS for door, names in _IN_TEXT.items()}
_PLAIN_MESSAGE: Final = frozenset({"role", "content"})
_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


class _Kept:
    """A word or a number of the protocol: it is no text, and leaves as it came."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _Label(str):
    """A text that is redacted, but that is only a label where keywords are read."""

    __slots__ = ()


class _ByName(dict[str, Any]):
    """A map of which the keys are names of a schema."""


def marked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` with all that is no text set apart. Arguments of earlier calls are read as the JSON that they are."""
    return {name: _marked(value, (name,)) for name, value in fields.items()}


def unmarked(fields: Mapping[str, Any], original: Mapping[str, Any]) -> dict[str, Any]:
    """Marked and redacted ``fields`` as they are sent. Raises ValueError where two keys became one."""
    found: dict[str, Any] = _unmarked(fields, original)
    return found


def other_text(asked: Question) -> str:
    """What a client's own fields say beside ``Question.text``, a line each; "" for a case, whose texts are all there.

    In definitions of tools and in schemas the descriptions are read, and values that are more than one word. Names of
    functions and properties, titles and labels are not.
    """
    if asked.input is not None:
        return ""
    fields, in_text = asked.fields, _IN_TEXT[asked.door]
    messages = fields["messages"] if asked.door == "chat" else ()
    if fields.keys() <= _USUAL[asked.door] and all(map(_is_plain, messages)):
        return ""
    found: list[str] = []
    for message in messages:
        _read(_marked({key: part for key, part in message.items() if key != "content"}, ("messages",)), found)
    for name, value in fields.items():
        if name not in in_text:
            _read({name: _marked(value, (name,))}, found)
    return "\n".join(found)


def has_media(asked: Question) -> bool:
    """Whether a part of the case or the messages is not text: what a picture or a recording says is not redacted."""
    if asked.input is not None:
        return _case_has_media(asked.input)
    return any(_has_media(value, (name,)) for name, value in asked.fields.items())


def people_named(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in which a key says that its value is a person's name; in definitions of tools it is a function's."""
    not_of_people = {path[0] for path in _SCHEMAS | _PROTOCOL} | {"messages"}
    found = {name: value for name, value in fields.items() if name not in not_of_people}
    messages = fields.get("messages")
    speakers = [
        message.get("name")
        for message in (messages if isinstance(messages, list) else ())
        if isinstance(message, dict) and not _names_function(message)
    ]
    spoken = [said for name in speakers if isinstance(name, str) for said in (name, re.sub(r"[_-]+", " ", name))]
    return {**found, "messages": [{"name": said} for said in dict.fromkeys(spoken)]}


def _is_plain(message: Mapping[str, Any]) -> bool:
    return message.keys() <= _PLAIN_MESSAGE and message["role"] in _ROLES


def _names_function(message: Mapping[str, Any]) -> bool:
    return message.get("role") in _NAMED_BY_PROTOCOL


def _marked(value: Any, path: _Path) -> Any:
    if isinstance(value, str):
        if path in _ARGUMENTS:
            return _arguments(value)
        if path in _PROTOCOL:
            return _word(value)
        return _label(value) if path in _LABELS or path in _CHOICES else value
    if isinstance(value, dict):
        if path in _SCHEMAS:
            return _marked_schema(value)
        if path == _LOGIT_BIAS and all(map(_TOKEN_NUMBER.fullmatch, value)):
            return {key: _Kept(one) if _is_number(one) else one for key, one in value.items()}
        found = {key: _marked(one, (*path, key)) for key, one in value.items()}
        if path == ("messages",) and _names_function(value) and isinstance(value.get("name"), str):
            found["name"] = _word(value["name"])
        return found
    if isinstance(value, list):
        return [_marked(one, path) for one in value]
    return _Kept(value) if path in _PROTOCOL else value


def _marked_schema(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked_schema(one) for one in value]
    if not isinstance(value, dict):
        return _Kept(value) if _is_number(value) else value
    found: dict[str, Any] = {}
    for key, one in value.items():
        if key in _SCHEMA_MAPS and isinstance(one, dict):
            found[key] = _ByName((name, _marked_schema(part)) for name, part in one.items())
        elif key in _SCHEMA_NAMES:
            found[key] = _each(one, lambda text: _Kept(text) if text.isidentifier() else _Label(text))
        elif key in _SCHEMA_WORDS:
            found[key] = _each(one, _word)
        elif key in _SCHEMA_VALUES:
            found[key] = _each(one, _label)
        elif key in _SCHEMA_TITLES and isinstance(one, str):
            found[key] = _Label(one)
        else:
            found[key] = _marked_schema(one)
    return found


def _each(value: Any, mark: Callable[[str], Any]) -> Any:
    """``value`` with each text in it marked."""
    if isinstance(value, str):
        return mark(value)
    if isinstance(value, dict):
        return _ByName((key, _each(one, mark)) for key, one in value.items())
    return [_each(one, mark) for one in value] if isinstance(value, list) else value


def _word(value: str) -> Any:
    """A word of the protocol; what no protocol has as a name is text after all."""
    return _Kept(value) if _NAME.fullmatch(value) else value


def _label(value: str) -> str:
    return value if len(value.split()) > 1 else _Label(value)


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float)


def _arguments(text: str) -> Any:
    """The JSON of a call's arguments, in which no text hides behind its escapes; the text itself where it is none."""
    try:
        value = json.loads(text, object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) and depth_of(value) <= MOST_DEPTH else text


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


def _unmarked(value: Any, original: Any) -> Any:
    if isinstance(value, _Kept):
        return value.value
    if isinstance(original, str):
        if isinstance(value, dict | list):
            return original if value == json.loads(original) else json.dumps(value, ensure_ascii=False)
        return original if value == original else value
    if isinstance(value, dict):
        return {
            key: _unmarked(one, before)
            for (key, one), before in zip(value.items(), original.values(), strict=True)
        }  # fmt: skip
    if isinstance(value, list):
        return [_unmarked(one, before) for one, before in zip(value, original, strict=True)]
    return value


def _read(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        if not isinstance(value, _Label):
            found.append(value)
    elif isinstance(value, dict):
        for key, one in value.items():
            if not isinstance(value, _ByName) and len(key.split()) > 1:
                found.append(key)
            _read(one, found)
    elif isinstance(value, list):
        for one in value:
            _read(one, found)


def _has_media(value: Any, path: _Path) -> bool:
    if value and path in _MEDIA:
        return True
    if isinstance(value, dict):
        if path in _CONTENTS and not _is_text_part(value):
            return True
        return any(_has_media(one, (*path, key)) for key, one in value.items())
    if isinstance(value, list):
        return any(_has_media(one, path) for one in value)
    is_own_text = path in _TEXTS or path[-1] == "text"
    return isinstance(value, str) and not is_own_text and _DATA_URL.match(value) is not None


def _is_text_part(part: Mapping[str, Any]) -> bool:
    kind = part.get("type", "text")
    is_text = isinstance(kind, str) and kind in _TEXT_PARTS and ("type" in part or isinstance(part.get("text"), str))
    return is_text and _MEDIA_KINDS.isdisjoint(part)


def _case_has_media(value: Any) -> bool:
    if isinstance(value, dict):
        kind = value.get("type")
        return (isinstance(kind, str) and kind in _MEDIA_KINDS) or any(map(_case_has_media, value.values()))
    return isinstance(value, list) and any(map(_case_has_media, value))
