"""A type's name says what it is wherever it is read: no two rooms give one name to two types."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).parents[1] / "src" / "milo_bench"
_ALIASES = ("Literal[", "Callable[", "Annotated[", "Mapping[", "Sequence[", "dict[", "list[", "tuple[")


def public_types(source: str) -> Iterator[str]:
    """Names of the classes and type aliases of a module that other modules may import."""
    for node in ast.parse(source).body:
        match node:
            case ast.ClassDef(name=name):
                pass
            case ast.AnnAssign(target=ast.Name(id=name)) if ast.unparse(node.annotation).endswith("TypeAlias"):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]) if ast.unparse(node.value).startswith(_ALIASES):
                if name.isupper():
                    continue
            case _:
                continue
        if not name.startswith("_") and len(name) > 1:
            yield name


def test_no_public_type_name_is_used_in_two_rooms() -> None:
    rooms: dict[str, set[str]] = defaultdict(set)
    for path in sorted(SRC.rglob("*.py")):
        for name in public_types(path.read_text(encoding="utf-8")):
            rooms[name].add(path.relative_to(SRC).parts[0])
    twice = {name: sorted(where) for name, where in rooms.items() if len(where) > 1}
    assert not twice, "say which: RoutingRule, ProbeOutcome"


def test_classes_and_both_forms_of_alias_are_seen() -> None:
    source = "class Rule: ...\nKind: TypeAlias = Literal['a']\nRoute = Literal['b']\nNAMES = tuple[str]\n_Own = int\n"
    assert list(public_types(source)) == ["Rule", "Kind", "Route"]
