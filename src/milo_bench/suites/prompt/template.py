"""One message of a prompt as its source in, its text for a case's variables out, by Jinja in the prompts' sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import Template, TemplateError, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import new_context

from milo_bench.suites.prompt.errors import PromptError
from milo_bench.suites.prompt.sandbox import (
    MESSAGE_LIMIT_CHARS,
    PromptEnvironment,
    RenderBudget,
    is_plain,
    own_text_and_inputs,
)

_ENVIRONMENT: Final = PromptEnvironment()
# What a template can raise when it is rendered, and when what Jinja accepts is compiled by Python.
_RENDERING: Final = (
    *(TemplateError, ArithmeticError, AttributeError, TypeError, ValueError, LookupError, RecursionError, MemoryError),
)
_COMPILING: Final = (*_RENDERING, SyntaxError)


class PromptTemplate:
    """A message that was compiled. Raises PromptError where it cannot be."""

    def __init__(self, source: str) -> None:
        try:
            self._tree = _ENVIRONMENT.parse(source)
            for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
                for node in self._tree.find_all(kind):
                    hint = "write the text into this file, or add the data to 'resources:'."
                    raise PromptError("a prompt cannot load other files", hint, line=node.lineno)
            with RenderBudget():
                self._template = _ENVIRONMENT.from_string(source)
        except TemplateSyntaxError as error:
            said = (error.message or "not valid Jinja").rstrip(".")
            raise PromptError(said, "close each block within its message.", line=error.lineno) from None
        except _COMPILING as error:  # blocks nested without end, a number of 5,000 digits
            said = f"cannot be compiled ({type(error).__name__})"
            raise PromptError(said, "nest fewer blocks and brackets.") from None

    def variables(self) -> Iterator[tuple[str, int]]:
        """Names that it reads and does not set itself, each with its line."""
        free = meta.find_undeclared_variables(self._tree) - set(_ENVIRONMENT.globals)
        for node in self._tree.find_all(nodes.Name):
            if node.name in free:
                yield node.name, node.lineno

    def fixed(self) -> str | None:
        """Its text, where it says the same whatever the variables are."""
        return self.render({}) if all(map(is_plain, self._tree.find_all(nodes.Node))) else None

    def pieces(self) -> tuple[str | tuple[str], ...]:
        """As ``own_text_and_inputs`` gives them."""
        return own_text_and_inputs(self._tree)

    def render(self, values: Mapping[str, Any]) -> str:
        """Its text for ``values``. Raises PromptError where they have not what it needs, or it takes too much."""
        try:
            return _render(self._template, values)
        except UndefinedError as error:
            raise PromptError(_undefined(error), line=_line(error), missing=True) from None
        except _RENDERING as error:
            raise PromptError(str(error).rstrip(".") or type(error).__name__, line=_line(error)) from None


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


def _line(error: BaseException) -> int:
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in ("<template>", "<unknown>"):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _undefined(error: UndefinedError) -> str:
    said = (error.message or "a variable is not defined").rstrip(".")
    found = re.fullmatch(r"'dict object' has no attribute '(.*)'", said)
    return f"'{found[1]}' is missing" if found else said
