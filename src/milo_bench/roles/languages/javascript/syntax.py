"""JavaScript or TypeScript text in, its tree out: calls, definitions and assignments, by tree-sitter's grammars."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import tree_sitter
import tree_sitter_javascript
import tree_sitter_typescript

_MOST_BYTES: Final = 2 << 20
_DEFINITIONS: Final = frozenset(
    {
        *("function_declaration", "generator_function_declaration", "method_definition", "class_declaration"),
        *("arrow_function", "function_expression", "interface_declaration", "type_alias_declaration"),
    }
)


@cache
def _parser(kind: str) -> tree_sitter.Parser:
    languages = {
        "ts": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
        "js": tree_sitter_javascript.language,
    }
    return tree_sitter.Parser(tree_sitter.Language(languages[kind]()))


def root_of(text: str, path: str) -> tree_sitter.Node | None:
    """The top of the text's tree; None for a text that is too long."""
    raw = text.encode("utf-8", "replace")
    if len(raw) > _MOST_BYTES:
        return None
    kind = "tsx" if path.endswith("tsx") else "ts" if path.endswith("ts") else "js"
    return _parser(kind).parse(raw).root_node


def nodes(text: str, path: str) -> Iterator[tree_sitter.Node]:
    """Every node of the text's tree, from the top down; none for a text that is too long."""
    root = root_of(text, path)
    open_nodes = [root] if root is not None else []
    while open_nodes:
        node = open_nodes.pop()
        yield node
        open_nodes.extend(reversed(node.children))


def text_of(node: tree_sitter.Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def definitions(text: str, path: str) -> list[tuple[int, int]]:
    """First and last line, from 1, of every function, method and class."""
    found = [node for node in nodes(text, path) if node.type in _DEFINITIONS]
    return [(node.start_point[0] + 1, node.end_point[0] + 1) for node in found]


def test_source(text: str, path: str, title: str) -> str:
    """The call that makes the test whose full title ends with ``title``, "" where it is not found.

    A title is written as a string; one that is put together when the tests run is not found.
    """
    best: tuple[int, str] = (0, "")
    for node in nodes(text, path):
        arguments = node.child_by_field_name("arguments") if node.type == "call_expression" else None
        first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
        if first is None or first.type not in ("string", "template_string"):
            continue
        name = text_of(first)[1:-1]
        inner = name == title or title.endswith((f" > {name}", f" {name}"))
        if name and inner and len(name) >= best[0]:
            best = (len(name), text_of(node))
    return best[1]
