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
from functools import lru_cache
from typing import Any, get_args

from jinja2 import Template, TemplateError, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import new_context

from milo_bench.core.chat import Message, Picture, Role
from milo_bench.core.errors import ConfigError, DataError
from milo_bench.core.records import Workload
from milo_bench.core.suggest import hint_for
from milo_bench.suites.conversation import read_conversation
from milo_bench.suites.pictures import named_pictures
from milo_bench.suites.prompt_sandbox import (
    MESSAGE_LIMIT_CHARS,
    SOURCE_LIMIT_CHARS,
    PromptEnvironment,
    RenderBudget,
    is_plain,
    own_text_and_inputs,
)

VARIABLES = ("input", "prepared", "resources")
ROLES: tuple[Role, ...] = get_args(Role)
_ROLE_LINE = re.compile(
    r"^[ \t]*\{#-?[ \t]*(?P<kind>role|messages)[ \t]*:[ \t]*(?P<role>[^#]*?)[ \t]*-?#\}[ \t]*$", re.MULTILINE
)
_IMAGE_LINE = re.compile(r"^[ \t]*\{#-?[ \t]*image[ \t]*:[ \t]*(?P<name>[^#]*?)[ \t]*-?#\}[ \t]*$", re.MULTILINE)
_CONVERSATION = re.compile(r"input\.(\w+)")
_COMMENTS = re.compile(r"\{#.*?#\}", re.DOTALL)


_ENVIRONMENT = PromptEnvironment()
_SHORT_CHARS = 100_000  # of a message that is within every bound of the sandbox
# What a template can raise when it is rendered, and when what Jinja accepts is compiled by Python.
_RENDERING = (
    *(TemplateError, ArithmeticError, AttributeError, TypeError, ValueError, LookupError, RecursionError, MemoryError),
)
_COMPILING = (*_RENDERING, SyntaxError)


class PromptPart:
    """One message of a prompt: its role, its source, the line in the file where it starts.

    ``conversation`` names the input whose messages stand there instead.
    """

    def __init__(self, role: Role, source: str, line: int, template: Template, conversation: str = "") -> None:
        self.conversation = conversation
        self.images: tuple[str, ...] = ()
        self.fixed: Message | None = None  # the message itself, where no variable is in it
        self.pieces: tuple[str | tuple[str], ...] = ()  # as ``own_text_and_inputs`` gives them
        self.role = role
        self.source = source
        self.line = line
        self.template = template


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
        tree = _ENVIRONMENT.parse(part.source)
        free = meta.find_undeclared_variables(tree) - set(_ENVIRONMENT.globals)
        for node in tree.find_all(nodes.Name):
            if node.name in free:
                found.setdefault(node.name, part.line + node.lineno - 1)
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
    return PromptPart("user", "", line, _ENVIRONMENT.from_string(""), named[1])


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
    try:
        tree = _ENVIRONMENT.parse(text)
        for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
            for node in tree.find_all(kind):
                message = f"prompt '{name}' line {line + node.lineno - 1}: a prompt cannot load other files."
                raise ConfigError(message, hint="write the text into this file, or add the data to 'resources:'.")
        with RenderBudget():
            part = PromptPart(role, text, line, _ENVIRONMENT.from_string(text))
        part.images = tuple(_image_name(mark["name"], name, line) for mark in _IMAGE_LINE.finditer(text))
        part.pieces = own_text_and_inputs(tree)
        if not part.images and all(map(is_plain, tree.find_all(nodes.Node))):
            shown = _render(part.template, {}).strip("\n")
            part.fixed = Message(role, shown) if shown.strip() else None
        return part
    except TemplateSyntaxError as error:
        message = f"prompt '{name}' line {line + error.lineno - 1}: {(error.message or 'not valid Jinja').rstrip('.')}."
        raise ConfigError(message, hint="close each block within its message.") from None
    except _COMPILING as error:  # blocks nested without end, a number of 5,000 digits
        message = f"prompt '{name}' line {line}: cannot be compiled ({type(error).__name__})."
        raise ConfigError(message, hint="nest fewer blocks and brackets.") from None


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
        try:
            content = _filled(part.pieces, values) if part.pieces else None
            if content is None:
                content = _render(part.template, values)
        except UndefinedError as error:
            message = f"prompt '{name}' line {_line(error, part)}: {_undefined(error)}."
            raise DataError(message, hint=_what_there_is(values)) from None
        except _RENDERING as error:
            said = str(error).rstrip(".") or type(error).__name__
            message = f"prompt '{name}' line {_line(error, part)}: {said}."
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


def _filled(pieces: tuple[str | tuple[str], ...], values: Mapping[str, Any]) -> str | None:
    """The message of ``pieces``, as ``_render`` makes it; None where something in it is no text, or long."""
    given = values.get("input")
    texts = [piece if isinstance(piece, str) else _named(given, piece[0]) for piece in pieces]
    if None in texts:
        return None
    content = "".join(texts)  # type: ignore[arg-type]
    return content if len(content) <= _SHORT_CHARS else None


def _named(given: Any, name: str) -> str | None:
    value = given.get(name) if type(given) is dict else None
    return value if type(value) is str else None


def _render(template: Template, values: Mapping[str, Any]) -> str:
    pieces, size = [], 0
    with RenderBudget() as spending:
        for piece in _generate(template, values):
            spending.spend(1)
            size += len(piece)
            if size > MESSAGE_LIMIT_CHARS:
                raise SecurityError(f"a message exceeds {MESSAGE_LIMIT_CHARS:,} characters")
            pieces.append(piece)
    return "".join(pieces)


def _generate(template: Template, values: Mapping[str, Any]) -> Iterator[str]:
    """As ``Template.generate``, which copies the globals key by key for each message: a sixth of what one costs."""
    found = {**_globals_of(template), **values}
    context = new_context(template.environment, template.name, template.blocks, found, shared=True)
    try:
        yield from template.root_render_func(context)
    except Exception:  # whatever a template raises is raised again, with the line in the template
        template.environment.handle_exception()


@lru_cache(maxsize=1_024)
def _globals_of(template: Template) -> dict[str, Any]:
    return dict(template.globals)


def _line(error: BaseException, part: PromptPart) -> int:
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in ("<template>", "<unknown>"):
            line = trace.tb_lineno
        trace = trace.tb_next
    return part.line + line - 1


def _undefined(error: UndefinedError) -> str:
    said = (error.message or "a variable is not defined").rstrip(".")
    found = re.fullmatch(r"'dict object' has no attribute '(.*)'", said)
    return f"'{found[1]}' is missing" if found else said


def _what_there_is(values: Mapping[str, Any]) -> str:
    listed = []
    for name in VARIABLES:
        value = values.get(name)
        if isinstance(value, Mapping) and value:
            listed.append(f"{name}: {', '.join(str(key) for key in value)}")
    return f"Available: {'; '.join(listed)}." if listed else f"use {', '.join(VARIABLES)}."
