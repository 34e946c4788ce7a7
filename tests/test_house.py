"""What keeps the house in order: folders that can be looked over, names that mean one thing, files of one subject."""

from __future__ import annotations

import ast
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = Path("src/milo_bench")
MOST_MODULES = 20
MOST_LINES = 500
# One prefix, so many siblings: then the prefix wants to be a folder.
SIBLINGS = 3
_ALIASES = ("Literal[", "Callable[", "Annotated[", "Mapping[", "Sequence[", "NDArray[", "dict[", "list[", "tuple[")


@cache
def python_files() -> tuple[Path, ...]:
    """Every Python file that is tracked or about to be, relative to the repository."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"]
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted({path for path in map(Path, filter(None, listed.split("\0"))) if (ROOT / path).is_file()}))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def folders() -> dict[Path, list[str]]:
    """Folder to the names of its modules; hooks and package files are no modules of it."""
    found: dict[Path, list[str]] = defaultdict(list)
    for path in python_files():
        if path.stem not in ("__init__", "__main__", "conftest"):
            found[path.parent].append(path.stem)
    return found


@cache
def registries() -> frozenset[Path]:
    """Folders in which each file adds one thing, as the calls ``Registry(noun, package)`` name them."""
    found = set()
    for path in python_files():
        if path.is_relative_to(ROOMS):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "Registry" and len(node.args) > 1:
                    assert isinstance(node.args[1], ast.Constant), f"{path}: give the registry's package as it is"
                    found.add(Path("src", *str(node.args[1].value).split(".")))
    return frozenset(found)


def public_types(module: ast.Module) -> Iterator[str]:
    """Names of the classes and type aliases of a module that other modules may import."""
    for node in module.body:
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


def test_classes_and_both_forms_of_alias_are_seen() -> None:
    source = "class Rule: ...\nKind: TypeAlias = Literal['a']\nRoute = Literal['b']\nNAMES = tuple[str]\n_Own = int\n"
    assert list(public_types(ast.parse(source))) == ["Rule", "Kind", "Route"]


def test_registries_are_found() -> None:
    assert {ROOMS / "grade/checks", ROOMS / "operator/worlds/tasks"} <= registries()
    assert all((ROOT / folder / "__init__.py").exists() for folder in registries())


def test_no_folder_is_too_wide_to_look_over_unless_it_is_a_registry() -> None:
    wide = {
        str(folder): len(names)
        for folder, names in folders().items()
        if len(names) > MOST_MODULES and folder not in registries()
    }
    assert not wide, f"more than {MOST_MODULES} modules, so look for the packages in them: {wide}"


def test_siblings_with_one_prefix_are_a_package() -> None:
    found = {}
    for folder, names in folders().items():
        if folder in registries():
            continue
        stems = sorted((name.removeprefix("test_").split("_")[0], name) for name in names)
        for prefix, group in groupby(stems, key=lambda pair: pair[0]):
            alike = [name for _, name in group]
            if len(alike) >= SIBLINGS:
                found[f"{folder}/{prefix}"] = alike
    assert not found, f"each of these wants to be a folder: {found}"


def test_no_public_type_name_means_two_things_in_two_rooms() -> None:
    places: dict[str, dict[str, Path]] = defaultdict(dict)
    for path in python_files():
        if path.is_relative_to(ROOMS):
            for name in public_types(parsed(path)):
                places[name][path.relative_to(ROOMS).parts[0]] = path
    twice = {name: sorted(map(str, rooms.values())) for name, rooms in places.items() if len(rooms) > 1}
    assert not twice, f"put the noun into the name, as in RoutingRule and ProbeOutcome: {twice}"


def test_no_file_is_longer_than_one_subject() -> None:
    lengths = {str(path): (ROOT / path).read_text(encoding="utf-8").count("\n") for path in python_files()}
    long = {path: lines for path, lines in lengths.items() if lines > MOST_LINES}
    assert not long, f"more than {MOST_LINES} lines, so look for the second subject in them: {long}"


def test_rooms_on_one_line_do_not_import_each_other_and_each_room_has_its_line() -> None:
    """import-linter judges it in ``make lint``; here, that its contract names every room and is meant exhaustively."""
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(one for one in contracts["contracts"] if one["type"] == "layers")
    named = {room.strip() for line in layers["layers"] for room in line.split("|")}
    assert layers["exhaustive"] is True
    # A colon would let the rooms of a line import each other.
    assert not any(":" in line for line in layers["layers"])
    assert named == {path.name for path in (ROOT / ROOMS).iterdir() if (path / "__init__.py").exists()}
