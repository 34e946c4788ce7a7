"""Jinja for prompts that anyone may have written: what a template may do, and how much of it before it is stopped.

Jinja's own sandbox keeps a template away from Python; it does not keep it from looping or from doubling a text forty
times. Here each loop step, call, filter, comparison and new text or list spends from one budget for each message. What
would make something large in a single step is measured before it is done. So no template runs for long, on any machine,
and the same template always ends at the same place.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import wraps
from types import BuiltinMethodType, MethodType
from typing import Any, Final, Self

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MESSAGE_LIMIT_CHARS: Final = 8_000_000
# What one message may cost: values touched, and characters at 64 for one. About a second of a slow processor.
BUDGET: Final = 1_000_000
CHARACTERS_FOR_ONE: Final = 64
NUMBER_LIMIT: Final = 10**12  # of what a prompt calculates with
ARGUMENT_LIMIT: Final = 1_000_000  # of a number that says how often, how long or how wide
# Each makes text of any width from a few characters of source, or bytes, which nothing here measures.
_WIDE_METHODS: Final = frozenset(
    (
        *("format", "format_map", "center", "ljust", "rjust", "zfill", "expandtabs", "translate"),
        *("encode", "to_bytes"),
    )
)
_GLOBALS: Final = ("range", "dict", "namespace")
_FILTERS: Final = (
    *("abs", "attr", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "filesizeformat", "first"),
    *("float", "forceescape", "groupby", "int", "items", "join", "last", "length", "list", "lower", "map", "max"),
    *("min", "reject", "rejectattr", "replace", "reverse", "round", "select", "selectattr", "sort", "string"),
    *("striptags", "sum", "title", "trim", "truncate", "unique", "upper", "urlencode", "wordcount"),
)
MOST_PIECES: Final = 1_000  # of a message that is put together without Jinja
_STEPS, _COST, _JOINED = "_steps", "_cost", "_joined"


class RenderBudget:
    """What is left of the budget of one message. Whatever is rendered inside ``with`` spends from it."""

    __slots__ = ("_left", "_token")

    def __init__(self) -> None:
        self._left = BUDGET

    def __enter__(self) -> Self:
        self._token = _NOW.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _NOW.reset(self._token)

    def spend(self, amount: int) -> None:
        """Raises SecurityError where the budget does not hold ``amount`` more."""
        self._left -= amount
        if self._left < 0:
            raise SecurityError("the prompt takes too many steps. A message may touch about a million values")

    def value(self, value: Any) -> None:
        """Spend for every value that ``value`` consists of, however often it holds the same one."""
        if isinstance(value, str):  # as most are
            self._left -= 1 + len(value) // CHARACTERS_FOR_ONE
            if self._left < 0:
                self.spend(0)
        elif isinstance(value, Mapping):
            self.spend(1)
            for key, item in value.items():
                self.value(key)
                self.value(item)
        elif isinstance(value, list | tuple | set | frozenset):
            self.spend(1)
            for item in value:
                self.value(item)
        else:
            self.spend(1)

    def text(self, characters: int) -> None:
        """Spend for a text of so many characters, before it is made."""
        if characters > MESSAGE_LIMIT_CHARS:
            raise SecurityError(f"a text would exceed {MESSAGE_LIMIT_CHARS:,} characters")
        self.spend(1 + characters // CHARACTERS_FOR_ONE)


_NOW: ContextVar[RenderBudget] = ContextVar("prompt_spending")


def _now() -> RenderBudget:
    return _NOW.get()


class _CostedParser(Parser):
    """Jinja's parser, with what a loop goes over, what is compared and what is built handed to the budget first."""

    def parse(self) -> nodes.Template:
        tree = super().parse()
        _hand_over(tree)
        return tree


def _hand_over(node: nodes.Node) -> None:
    for name, value in list(node.iter_fields()):
        if isinstance(value, nodes.Node):
            _hand_over(value)
            setattr(node, name, _costed(value))
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, nodes.Node):
                    _hand_over(item)
            setattr(node, name, [_costed(item) if isinstance(item, nodes.Node) else item for item in value])
    if isinstance(node, nodes.For):
        node.iter = _filtered(node.iter, _STEPS)
    elif isinstance(node, nodes.Compare):
        node.expr = _filtered(node.expr, _COST)
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
        node.node = _filtered(node.node, _COST)


def _costed(node: nodes.Node) -> nodes.Node:
    if isinstance(node, nodes.Concat):
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), _JOINED)
    if isinstance(node, nodes.Operand):
        node.expr = _filtered(node.expr, _COST)
    elif isinstance(node, nodes.TemplateData):  # the template's own text, which a loop may show often
        return _filtered(nodes.Const(node.data, lineno=node.lineno), _COST)
    elif isinstance(node, nodes.List | nodes.Dict) or (isinstance(node, nodes.Tuple) and node.ctx == "load"):
        return _filtered(node, _COST)
    return node


def is_plain(node: nodes.Node) -> bool:
    """Whether ``node`` of a template is its own text, which says the same whatever the variables are."""
    return isinstance(node, nodes.Output | nodes.Const) or (isinstance(node, nodes.Filter) and node.name == _COST)


def own_text_and_inputs(tree: nodes.Template) -> tuple[str | tuple[str], ...]:
    """What a template shows, where that is its own text and inputs by their names (each in a tuple); else nothing.

    Many prompts are no more than that, and then a message is made without Jinja.
    """
    found: list[str | tuple[str]] = []
    for node in tree.body:
        for shown in node.nodes if isinstance(node, nodes.Output) else (node,):
            if isinstance(shown, nodes.Filter) and shown.name == _COST and isinstance(shown.node, nodes.Const):
                found.append(str(shown.node.value))
            elif isinstance(shown, nodes.Getattr) and isinstance(shown.node, nodes.Name) and shown.node.name == "input":
                found.append((shown.attr,))
            else:
                return ()
    return tuple(found) if len(found) <= MOST_PIECES else ()


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _steps(values: Iterable[Any]) -> Iterator[Any]:
    spending = _now()
    for value in values:
        spending.spend(1)
        yield value


def _cost(value: Any) -> Any:
    _now().value(value)
    return value


def _joined(values: list[Any]) -> str:
    """What ``~`` makes of its operands."""
    texts = [_text(value) for value in values]
    _now().text(sum(map(len, texts)))
    return "".join(texts)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        _now().value(value)
    return str(value)


def _to_json(value: Any, indent: int | None = None) -> str:
    # What goes into a prompt is read by a model, not by a browser: no HTML escapes in JSON.
    return json.dumps(value, ensure_ascii=False, indent=None if indent is None else max(0, min(indent, 16)))


def _indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    """Jinja's filter, its length known before it is made."""
    by = width if isinstance(width, str) else " " * max(0, min(int(width), 1000))
    lines = _text(text).splitlines()
    _now().text(len(text) + len(by) * (len(lines) + 1))
    return "\n".join(by + line if (line or blank) and (n or first) else line for n, line in enumerate(lines))


def _before(name: str, of: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Spend for one call: what it reads, and what it would write where that can be much more."""
    spending = _now()
    spending.value(of)
    for value in (*arguments, *named.values()):
        spending.value(value)
        if isinstance(value, int | float) and not abs(value) <= ARGUMENT_LIMIT:
            raise SecurityError(f"a prompt cannot use a number above {ARGUMENT_LIMIT:,} as an argument")
    if name == "replace":
        old = str(arguments[0] if arguments else named.get("old", ""))
        new = str(arguments[1] if len(arguments) > 1 else named.get("new", ""))
        text = _text(of)
        spending.text(len(text) + text.count(old) * len(new))
    elif name == "sum" and not isinstance([*arguments[1:], named.get("start", 0)][0], int | float):
        raise SecurityError("'sum' adds numbers alone")


def _counted(values: Any, between: Any) -> Any:
    """What is joined, its length spent for before it is made; what could be gone through once is a list."""
    if not isinstance(values, Iterable):
        return values
    several = list(_steps(values))
    _now().text(sum(len(value) if isinstance(value, str) else 24 for value in several))
    _now().text(len(_text(between)) * len(several))
    return several


def _strip_tags(text: Any) -> str:
    """Jinja's filter, which takes the square of the length, in one pass for comments and one for tags."""
    found = _text(text.__html__() if hasattr(text, "__html__") else text)
    for opening, closing in (("<!--", "-->"), ("<", ">")):
        kept, at = [], 0
        while (start := found.find(opening, at)) >= 0 and (end := found.find(closing, start)) >= 0:
            kept.append(found[at:start])
            at = end + len(closing)
        found = "".join((*kept, found[at:]))
    return html.unescape(" ".join(found.split()))


def _priced(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter or test that spends for what it reads and what it makes."""
    passed = int(hasattr(function, "jinja_pass_arg"))  # the context or environment that Jinja passes first

    @wraps(function)
    def priced(*arguments: Any, **named: Any) -> Any:
        of, *rest = arguments[passed:] or ("",)
        if name in ("list", "sort", "unique", "sum", "max", "min") and isinstance(of, Iterator):
            of = list(_steps(of))
        if name == "join":
            of = _counted(of, rest[0] if rest else named.get("d", ""))
        _before(name, of, tuple(rest), named)
        made = function(*arguments[:passed], of, *rest, **named)
        return _steps(made) if isinstance(made, Iterator) else _cost(made)

    return priced


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Sandboxed Jinja whose templates spend from a ``RenderBudget``; it must be rendered inside one."""

    intercepted_binops = frozenset(["+", "-", "*", "/", "//", "**", "%"])

    def __init__(self) -> None:
        # Without the optimizer nothing is computed while a template is compiled.
        super().__init__(
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False, optimized=False
        )
        own = {"tojson": _to_json, "indent": _indent, "striptags": _strip_tags}
        kept = {name: self.filters[name] for name in _FILTERS}
        self.filters = {name: _priced(name, function) for name, function in {**kept, **own}.items()}
        self.filters |= {_STEPS: _steps, _COST: _cost, _JOINED: _joined}
        tests: dict[str, Any] = dict(self.tests)
        self.tests = {name: _priced(name, test) for name, test in tests.items()}
        self.globals = {name: self.globals[name] for name in _GLOBALS}
        self.finalize = _shown

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return _CostedParser(self, source, name, filename).parse()

    def getattr(self, obj: Any, attribute: str) -> Any:
        # A fixture's key wins over a dict's method: `input.items` is what the fixture calls items.
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def wrap_str_format(self, value: Any) -> None:
        """Jinja would let a text format itself, to any width: then ``is_safe_attribute`` decides."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str | int) and attr in _WIDE_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  # as in jinja2
        of = getattr(__obj, "__self__", None) if isinstance(__obj, BuiltinMethodType | MethodType) else None
        name = getattr(__obj, "__name__", "")
        _before(name, of, args, kwargs)
        if name == "join" and isinstance(of, str) and args:
            args = (_counted(args[0], of), *args[1:])
        made = super().call(__context, __obj, *args, **kwargs)
        return made if isinstance(made, Iterator | range) else _cost(made)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        sized = [side for side in (left, right) if isinstance(side, str | list | tuple)]
        other = any(not isinstance(side, str | list | tuple | int | float) for side in (left, right))
        if operator == "**" or (operator == "%" and (sized or other)) or (operator == "*" and other):
            raise SecurityError(f"a prompt cannot use '{operator}' here")
        for side in (left, right):
            if not sized and isinstance(side, int) and abs(side) > NUMBER_LIMIT:
                raise SecurityError(f"a prompt cannot calculate with numbers above {NUMBER_LIMIT:,}")
        if operator == "*" and len(sized) == 1:
            times = right if sized[0] is left else left
            if not isinstance(times, int) or abs(times) * max(1, len(sized[0])) > BUDGET:
                raise SecurityError("a prompt cannot repeat a text or list so often")
        _now().spend(1)
        return _cost(super().call_binop(context, operator, left, right))


def _shown(value: Any) -> Any:
    """What ``{{ … }}`` shows, which may be shown into a variable."""
    _now().value(value)
    return value
