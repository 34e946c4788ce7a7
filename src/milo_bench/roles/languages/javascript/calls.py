"""A JavaScript or TypeScript tree and its tests in, calls of its plain functions with what they returned out."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import tree_sitter

from milo_bench.roles.languages.calls import RecordedCall, read_calls
from milo_bench.roles.languages.javascript.run import run_recording
from milo_bench.roles.languages.javascript.syntax import root_of, text_of
from milo_bench.roles.testing import INSIDE, Isolation, TestSetup
from milo_bench.roles.trees import write_inside

_RECORDER: Final = " ".join(
    line.strip()
    for line in (INSIDE / "record_calls.mjs").read_text(encoding="utf-8").splitlines()
    if not line.strip().startswith("//")
)
_CALLS: Final = "/tmp/milo-calls"  # noqa: S108  the sandbox's own
_TURNS: Final = 3
_FUNCTIONS: Final = frozenset({"arrow_function", "function_expression", "function"})
_DECLARATIONS: Final = frozenset({"lexical_declaration", "variable_declaration"})
_OWN_MODULE: Final = re.compile(r"""\bfrom\s*['"]\.|\brequire\(\s*['"]\.|\bimport\(\s*['"]\.|^\s*import\s*['"]\.""")
_SELF: Final = re.compile(r"\b(this|arguments|new\.target|async|await|yield)\b")


def record_javascript_calls(
    tree: Path, files: tuple[str, ...], sources: tuple[str, ...], setup: TestSetup, isolation: Isolation
) -> list[RecordedCall]:
    """Calls that the tests in ``files`` make of plain functions in ``sources``. None without the sandbox.

    The files of ``sources`` are changed in ``tree``. What is not the same in each of three runs is left out.
    """
    if isolation.unsafe_here:
        return []
    changed = False
    for path in sources:
        text = (tree / path).read_bytes().decode("utf-8", "replace")
        instrumented = with_recorder(text, path)
        if instrumented != text:
            write_inside(tree, path, instrumented.encode("utf-8", "replace"))
            changed = True
    if not changed:
        return []
    nonce = secrets.token_hex(16)
    outcome = run_recording(tree, files, setup, isolation, nonce, calls=_CALLS, repeats=_TURNS)
    turns: dict[int, set[RecordedCall]] = {}
    for turn, call in read_calls(outcome, nonce):
        turns.setdefault(turn, set()).add(call)
    if outcome.ending != "exited" or len(turns) < _TURNS:
        return []
    return sorted(set.intersection(*turns.values()), key=lambda one: (one.path, one.line, one.call))


def with_recorder(text: str, path: str) -> str:
    """The source with its top-level plain functions wrapped, as it is where it has none. No line moves."""
    raw = text.encode("utf-8", "replace")
    root = root_of(text, path)
    if root is None or root.has_error:
        return text
    before, inserts = [], list[tuple[int, str]]()
    for name, node, wraps in _plain_functions(root):
        said = f"__miloRecord({json.dumps(path)}, {json.dumps(name)}, {node.start_point[0] + 1}, "
        if wraps:
            inserts += [(node.start_byte, f"globalThis.{said}"), (node.end_byte, ")")]
        else:
            before.append(f"{name} = globalThis.{said}{name});")
    if not before and not inserts:
        return text
    recorder = _RECORDER.replace("OUT", json.dumps(_CALLS))
    # In front of all else, since functions that are declared are known from the start; a directive stays the first.
    inserts.append((_after_directives(root), " ".join(["", recorder, *before, ""])))
    for place, added in sorted(inserts, reverse=True):
        raw = raw[:place] + added.encode() + raw[place:]
    return raw.decode("utf-8", "replace")


def _plain_functions(root: tree_sitter.Node) -> Iterator[tuple[str, tree_sitter.Node, bool]]:
    """Name and node of each function at the top; True for one that is a value, which is wrapped where it is."""
    for statement in root.named_children:
        node = statement
        if node.type == "export_statement":
            node = statement.child_by_field_name("declaration") or statement
        if node.type == "function_declaration" and not _SELF.search(text_of(node)):
            yield text_of(node.child_by_field_name("name")), node, False
        elif node.type in _DECLARATIONS:
            for one in node.named_children:
                name, value = one.child_by_field_name("name"), one.child_by_field_name("value")
                if value is None or name is None or value.type not in _FUNCTIONS or name.type != "identifier":
                    continue
                if not _SELF.search(text_of(value)):
                    yield text_of(name), value, True


def _after_directives(root: tree_sitter.Node) -> int:
    place = 0
    for node in root.children:
        directive = node.type == "expression_statement" and [one.type for one in node.named_children] == ["string"]
        if node.type not in ("hash_bang_line", "comment") and not directive:
            break
        place = node.end_byte if node.type != "comment" else place
    if place and root.children[0].type == "hash_bang_line" and place == root.children[0].end_byte:
        return place + 1  # it ends with its line
    return place


def function_with_needs(text: str, path: str, name: str, most: int) -> str:
    """A function with the functions, constants and imports of its module that it uses, "" where it is not plain.

    It is not plain either where it uses another module of the repository, which the question does not show.
    """
    root = root_of(text, path)
    if root is None or root.has_error:
        return ""
    defined = {one: node for node in root.named_children for one in _defined(node)}
    wanted, kept = [name], dict[int, tree_sitter.Node]()
    while wanted:
        node = defined.get(wanted.pop())
        if node is None or node.start_byte in kept:
            continue
        kept[node.start_byte] = node
        wanted += [one for one in _identifiers(node) if one in defined]
    if name not in defined or len(kept) > most:
        return ""
    parts = [text_of(kept[place]) for place in sorted(kept)]
    unseen = any(_OWN_MODULE.search(part) and not part.startswith("import type ") for part in parts)
    return "" if unseen else "\n\n".join(parts)


def _defined(statement: tree_sitter.Node) -> list[str]:
    node = statement
    if node.type == "export_statement":
        node = statement.child_by_field_name("declaration") or statement
    if node.type in _DECLARATIONS:
        names = [one.child_by_field_name("name") for one in node.named_children]
        return [found for one in names if one is not None for found in _identifiers(one)]
    if node.type == "import_statement":
        return [found for one in node.named_children if one.type == "import_clause" for found in _identifiers(one)]
    name = node.child_by_field_name("name")
    return [text_of(name)] if name is not None else []


def _identifiers(node: tree_sitter.Node) -> list[str]:
    found, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        waiting += one.children
        if one.type in ("identifier", "type_identifier", "shorthand_property_identifier_pattern"):
            found.append(text_of(one))
    return found
