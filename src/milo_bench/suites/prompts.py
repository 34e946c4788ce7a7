"""A prompt's source and its variables in, chat messages out; sandboxed, and text never becomes a role.

A prompt file is Jinja, cut into messages by lines like ``{# role: system #}`` before anything is
rendered: whatever a fixture holds, it stays inside the message where the author put it. A file
without such a line is one user message. ``input`` is the fixture's input, ``prepared`` what the
deterministic step made, ``resources`` the workload's resources.

A line ``{# messages: input.NAME #}`` puts the messages of a fixture's conversation there, with their own roles:
the author of the prompt opts in to that, no text can. A line ``{# image: input.NAME #}`` in a message sends the
picture, or the list of pictures, that the input names along with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args

from milo_bench.core.chat import Message, Picture, Role
from milo_bench.core.errors import ConfigError, DataError
from milo_bench.core.once import once
from milo_bench.core.records import Workload
from milo_bench.core.suggest import hint_for
from milo_bench.suites.conversation import read_conversation
from milo_bench.suites.pictures import named_pictures
from milo_bench.suites.prompt.errors import PromptError

if TYPE_CHECKING:
    from milo_bench.suites.prompt.template import PromptTemplate

VARIABLES = ("input", "prepared", "resources")
ROLES: tuple[Role, ...] = get_args(Role)
_ROLE_LINE = re.compile(
    r"^[ \t]*\{#-?[ \t]*(?P<kind>role|messages)[ \t]*:[ \t]*(?P<role>[^#]*?)[ \t]*-?#\}[ \t]*$", re.MULTILINE
)
_IMAGE_LINE = re.compile(r"^[ \t]*\{#-?[ \t]*image[ \t]*:[ \t]*(?P<name>[^#]*?)[ \t]*-?#\}[ \t]*$", re.MULTILINE)
_CONVERSATION = re.compile(r"input\.(\w+)")
_COMMENTS = re.compile(r"\{#.*?#\}", re.DOTALL)
_INPUT = re.compile(r"(?<!\{)\{\{[ \t]*input[ \t]*\.[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*\}\}")
_NEWLINES = re.compile(r"\r\n|\r")
_SHORT_CHARS = 100_000  # of a message that is within every bound of the sandbox
_MOST_PIECES = 1_000  # of a message that is put together without Jinja
SOURCE_LIMIT_CHARS: Final = 1_000_000
_Pieces: TypeAlias = tuple[str | tuple[str], ...]


@once
def _jinja() -> type[PromptTemplate]:
    """Late: a gateway whose prompts are text and inputs alone does not carry Jinja, which takes 3 MB."""
    from milo_bench.suites.prompt.template import PromptTemplate

    return PromptTemplate


class PromptPart:
    """One message of a prompt: its role, its source, the line in the file where it starts.

    ``conversation`` names the input whose messages stand there instead.
    """

    def __init__(self, role: Role, source: str, line: int, conversation: str = "") -> None:
        self.conversation = conversation
        self.images: tuple[str, ...] = ()
        self.fixed: Message | None = None  # the message itself, where no variable is in it
        self.pieces: _Pieces = ()  # its own text and inputs by their names (each in a tuple), where it is that
        self.role = role
        self.source = source
        self.line = line

    @cached_property
    def template(self) -> PromptTemplate:
        """The message for Jinja. Raises ConfigError where it cannot be compiled."""
        return _jinja()(self.source)


@lru_cache(maxsize=256)
def split_prompt(source: str, name: str) -> tuple[PromptPart, ...]:
    """Cut a prompt into compiled messages. Raises ConfigError naming prompt and line."""
    if len(source) > SOURCE_LIMIT_CHARS:
        message = f"prompt '{name}' has more than {SOURCE_LIMIT_CHARS:,} characters."
        raise ConfigError(message, hint="move long text to 'resources:'.")
    marks = list(_ROLE_LINE.finditer(source))
    if not marks:
        return (_part("user", source, 0, name),)
    preamble = source[: marks[0].start()]
    if _COMMENTS.sub("", preamble).strip():
        message = f"prompt '{name}' line 1: text before the first role."
        raise ConfigError(message, hint="put a line like {# role: system #} above it.")
    parts = []
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        line = source.count("\n", 0, mark.start()) + 1
        if mark["kind"] == "messages":
            parts.append(_conversation(mark["role"], source, mark.end(), following, line, name))
            continue
        role = mark["role"].lower()
        if role not in ROLES or role == "tool":
            message = f"prompt '{name}' line {line}: unknown role '{mark['role']}'."
            raise ConfigError(message, hint=hint_for(role, [r for r in ROLES if r != "tool"], noun="roles"))
        body = source[mark.end() : following.start() if following else len(source)]
        parts.append(_part(_as_role(role), body, line, name))
    return tuple(parts)


@lru_cache(maxsize=256)
def _runs_of(source: str, name: str) -> tuple[PromptPart | tuple[Message, ...], ...]:
    """As ``split_prompt``, with neighbouring messages without a variable as one."""
    runs: list[PromptPart | tuple[Message, ...]] = []
    for part in split_prompt(source, name):
        before = runs[-1] if runs else None
        if part.fixed is None:
            runs.append(part)
        elif isinstance(before, tuple):
            runs[-1] = (*before, part.fixed)
        else:
            runs.append((part.fixed,))
    return tuple(runs)


def variables_of(source: str, name: str) -> tuple[tuple[str, int], ...]:
    """Names that a prompt reads and does not set itself, each with the line where it first stands."""
    found: dict[str, int] = {}
    for part in split_prompt(source, name):
        for variable, line in part.template.variables():
            found.setdefault(variable, part.line + line - 1)
    return tuple(found.items())


def picture_names(workload: Workload, input: Mapping[str, Any]) -> tuple[str, ...]:
    """The pictures of an input that the prompt of ``workload`` sends, in the order in which it sends them."""
    found: list[str] = []
    try:
        parts = split_prompt(workload.prompt_source, workload.prompt_name)
        for named in (image for part in parts for image in part.images):
            found.extend(named_pictures(input.get(named)))
    except (ConfigError, ValueError):
        return tuple(found)  # a prompt or an input that no request can be made of
    return tuple(dict.fromkeys(found))


def _conversation(
    written: str, source: str, end: int, following: re.Match[str] | None, line: int, name: str
) -> PromptPart:
    named = _CONVERSATION.fullmatch(written)
    if named is None:
        message = f"prompt '{name}' line {line}: 'messages:' needs an input, not '{written}'."
        raise ConfigError(message, hint="write {# messages: input.messages #}.")
    if _COMMENTS.sub("", source[end : following.start() if following else len(source)]).strip():
        message = f"prompt '{name}' line {line + 1}: text below a line with 'messages:'."
        raise ConfigError(message, hint="put a line like {# role: user #} above it.")
    return PromptPart("user", "", line, named[1])


def _as_role(role: str) -> Role:
    return next(known for known in ROLES if known == role)


def _part(role: Role, body: str, lines_above: int, name: str) -> PromptPart:
    skipped = len(body) - len(body.lstrip())
    # The body of a part begins at the end of its role line, so its first newline is counted by that line.
    line = lines_above + body.count("\n", 0, skipped) + (0 if lines_above else 1)
    text = body.strip()
    if not text:
        message = f"prompt '{name}' line {line}: the {role} message is empty."
        raise ConfigError(message, hint="write the message below its role line, or remove the role line.")
    part = PromptPart(role, text, line)
    pieces = plain_pieces(text)
    if pieces is None:
        try:
            fixed, part.pieces = part.template.fixed(), part.template.pieces()
        except PromptError as error:
            message = f"prompt '{name}' line {line + error.line - 1}: {error.said}."
            raise ConfigError(message, hint=error.hint or "correct the prompt file.") from None
        part.images = tuple(_image_name(mark["name"], name, line) for mark in _IMAGE_LINE.finditer(text))
    else:
        part.pieces = pieces
        fixed = str(pieces[0]) if len(pieces) == 1 and isinstance(pieces[0], str) else None
    if not part.images and fixed is not None and fixed.strip():
        part.fixed = Message(role, fixed.strip("\n"))
    return part


def plain_pieces(text: str) -> _Pieces | None:
    """The pieces of a message that is seen at once to be its own text and inputs; None where Jinja must read it.

    Many prompts are no more than that. They are checked and rendered without Jinja, as Jinja would do it.
    """
    pieces = _INPUT.split(text)  # its own text and names, in turns
    own = pieces[::2]
    if len(pieces) > _MOST_PIECES or any(opening in piece for piece in own for opening in ("{{", "{%", "{#")):
        return None
    found: list[str | tuple[str]] = []
    for number, piece in enumerate(pieces):
        if number % 2:
            found.append((piece,))
        elif piece:
            found.append(_NEWLINES.sub("\n", piece))
    return tuple(found)


def _image_name(written: str, name: str, line: int) -> str:
    named = _CONVERSATION.fullmatch(written)
    if named is None:
        message = f"prompt '{name}' line {line}: 'image:' needs an input, not '{written}'."
        raise ConfigError(message, hint="write {# image: input.image #}.")
    return named[1]


def render_prompt(workload: Workload, variables: Mapping[str, Any]) -> tuple[Message, ...]:
    """The chat messages of ``workload`` for ``variables`` (plain data: ``input``, ``prepared``).

    ``resources`` comes from the workload unless given. A message that renders to nothing is left
    out. Raises ConfigError for a broken prompt, DataError for a variable that is not there.
    """
    values = {"prepared": {}, "resources": workload.resources, **variables}
    name = workload.prompt_name
    messages: list[Message] = []
    for part in _runs_of(workload.prompt_source, name):
        if isinstance(part, tuple):
            messages += part
            continue
        if part.conversation:
            messages.extend(_conversation_messages(part, values, name))
            continue
        content = _filled(part.pieces, values) if part.pieces else None
        if content is None:
            try:
                content = part.template.render(values)
            except PromptError as error:
                message = f"prompt '{name}' line {part.line + error.line - 1}: {error.said}."
                if error.missing:
                    raise DataError(message, hint=_what_there_is(values)) from None
                raise ConfigError(message, hint="correct the prompt file.") from None
        pictures = tuple(_pictures(part, values, name))
        if content.strip() or pictures:
            messages.append(Message(part.role, content.strip("\n"), pictures=pictures))
    if not messages:
        message = f"prompt '{name}' renders to nothing."
        raise ConfigError(message, hint="check its conditions against the fixture.")
    return tuple(messages)


def _pictures(part: PromptPart, values: Mapping[str, Any], name: str) -> Iterator[Picture]:
    given = values.get("input")
    for key in part.images:
        try:
            for file in named_pictures(given.get(key) if isinstance(given, Mapping) else None):
                yield Picture(file)
        except ValueError as error:
            message = f"prompt '{name}' line {part.line}: input.{key}: {error}."
            raise DataError(message, hint="write the path of a picture in the suite's folder.") from None


def _conversation_messages(part: PromptPart, values: Mapping[str, Any], name: str) -> tuple[Message, ...]:
    given = values.get("input")
    written = given.get(part.conversation) if isinstance(given, Mapping) else None
    try:
        return read_conversation(written)
    except ValueError as error:
        message = f"prompt '{name}' line {part.line}: input.{part.conversation}: {error}."
        raise DataError(message, hint="write a list of {role, content}, the roles as in a chat API.") from None


def _filled(pieces: _Pieces, values: Mapping[str, Any]) -> str | None:
    """The message of ``pieces``, as Jinja makes it; None where something in it is no text or number, or long."""
    given = values.get("input")
    texts = [piece if isinstance(piece, str) else _named(given, piece[0]) for piece in pieces]
    if None in texts:
        return None
    content = "".join(texts)  # type: ignore[arg-type]
    return content if len(content) <= _SHORT_CHARS else None


def _named(given: Any, name: str) -> str | None:
    value = given.get(name) if type(given) is dict else None
    if type(value) is str:
        return value
    return str(value) if type(value) in (int, float, bool) else None


def _what_there_is(values: Mapping[str, Any]) -> str:
    listed = []
    for name in VARIABLES:
        value = values.get(name)
        if isinstance(value, Mapping) and value:
            listed.append(f"{name}: {', '.join(str(key) for key in value)}")
    return f"Available: {'; '.join(listed)}." if listed else f"use {', '.join(VARIABLES)}."
