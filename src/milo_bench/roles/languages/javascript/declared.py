"""A repository's package.json and lock file in, what its tests need and what runs them out; nothing is run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from milo_bench.roles.declared import Declared, ReadFile
from milo_bench.roles.languages.javascript.projects import NAME, Projects, object_of, read_projects, table_of

_DEPENDENCIES: Final = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_LOCKS: Final = ("npm-shrinkwrap.json", "package-lock.json")
# Public registries, by whose addresses lock files name packages; npm puts the user's own registry in their place.
_REGISTRIES: Final = re.compile(r"^https://registry\.(npmjs\.org|yarnpkg\.com)/")
_VERSION: Final = re.compile(r"^(npm:(@[\w.~-]+/)?[\w.~-]+@)?[\w.*^~<>=| +-]*$")
# What brings its own packages for tests, in the order in which a script names one.
_RUNNERS: Final = ("vitest", "jest", "mocha", "tape")
# Tools that no test imports.
_NO_TEST: Final = re.compile(
    r"^(eslint.*|@eslint/.*|@typescript-eslint/.*|prettier.*|husky|lint-staged|semantic-release.*|@semantic-release/.*|"
    r"@commitlint/.*|xo|standard|playwright|@playwright/.*|puppeteer.*|cypress|electron|typedoc.*|np|release-it|"
    r"@changesets/.*|karma.*|size-limit|@size-limit/.*)$"
)
# Options of node that a test needs to be loaded, with their value.
_LOADING: Final = ("--import", "--require", "-r", "--loader", "--experimental-loader", "--conditions", "-C")
_FLAGS: Final = re.compile(r"^--(experimental-[a-z-]+|enable-source-maps|expose-gc|harmony[a-z-]*|no-warnings)$")


def read_package(read: ReadFile, tests: Collection[str] = (), paths: Collection[str] = ()) -> Declared:
    """What the package.json of the ``tests``' project declares, with those of the workspaces that it imports.

    ``paths`` are all files of the tree. What the top declares counts as well, as npm installs it beside the rest.
    A broken file declares nothing.
    """
    projects = read_projects(read, tests, paths)
    top = projects.packages[""]
    mine = projects.of(tests) or ("",)
    folder = mine[0] if len(mine) == 1 and _says_how_to_test(projects.packages[mine[0]]) else ""
    own = projects.packages[folder]
    name = str(own.get("name") or "project")
    needs, skipped = _needs_of_all(projects, mine)
    runner, options = _runner(own, needs)
    manifest: dict[str, Any] = {"name": "mined", "version": "0.0.0", "private": True, "dependencies": needs}
    overrides = top.get("overrides")
    if isinstance(overrides, dict) and all(isinstance(one, str) and _VERSION.match(one) for one in overrides.values()):
        manifest["overrides"] = overrides
    files = {"package.json": json.dumps(manifest, sort_keys=True)} if needs else {}
    return Declared(
        name=name,
        version=str(own.get("version") or "0.0.0"),
        requirements=tuple(f"{one}@{version}" for one, version in sorted(needs.items())),
        skipped=tuple(dict.fromkeys(skipped)),
        language="javascript",
        runner=runner,
        options=options,
        files=files | (_pins(read, needs, mine) if needs else {}),
        folders=(folder,),
        linked=dict(projects.linked),
    )


def _says_how_to_test(package: Mapping[str, Any]) -> bool:
    return isinstance(table_of(package.get("scripts")).get("test"), str)


def _needs_of_all(projects: Projects, mine: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """What the projects ``mine`` need, and the workspaces that they import; their own version comes first."""
    used, skipped = list(mine), list[str]()
    for folder in used:  # which grows
        sections = _DEPENDENCIES if folder in mine else _DEPENDENCIES[:1]
        names = [name for section in sections for name in table_of(projects.packages[folder].get(section))]
        places = [projects.linked[name] for name in names if name in projects.linked]
        used += dict.fromkeys(one for one in places if one not in used)
    needs: dict[str, str] = {}
    for folder in dict.fromkeys(["", *reversed(used[len(mine) :]), *mine]):
        package = projects.packages[folder]
        wanted = _DEPENDENCIES if folder in mine or not folder else ("optionalDependencies", "dependencies")
        found, out = _needs(package, {*projects.linked, str(package.get("name"))}, wanted)
        needs |= found
        skipped += out
    return needs, skipped


def _needs(
    package: Mapping[str, Any], in_the_tree: Collection[str], sections: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    needs: dict[str, str] = {}
    skipped = []
    for section in reversed(sections):
        for name, version in table_of(package.get(section)).items():
            if name in in_the_tree:
                continue
            if not NAME.match(name) or not isinstance(version, str) or not _VERSION.match(version):
                skipped.append(f"{name}@{version}"[:100])
            elif not _NO_TEST.match(name):
                needs[name] = version
    return needs, skipped


def _pins(read: ReadFile, needs: Mapping[str, str], folders: Sequence[str]) -> dict[str, str]:
    """Exact versions of a lock file, as ``pins.json``: name to version, of every package from a public registry.

    The lock itself is not used: it names addresses, and scripts of the repository's own. Where a project of
    ``folders`` has a version of its own, beside that of the top, it counts.
    """
    for path in [*(f"{folder}/{name}" for folder in folders if folder for name in _LOCKS), *_LOCKS]:
        lock = object_of(read(path))
        pins = {}
        places = table_of(lock.get("packages"))
        for place in sorted(places, key=lambda one: not one.startswith("node_modules/")):
            entry = places[place]
            above, _, name = place.rpartition("node_modules/")
            if above.rstrip("/") in ("", *folders) and name in needs and _from_registry(entry):
                pins[name] = str(entry["version"])
        for name, entry in table_of(lock.get("dependencies")).items():  # the format before npm 7
            if name in needs and _from_registry(entry):
                pins.setdefault(name, str(entry["version"]))
        if pins:
            return {"pins.json": json.dumps(pins, sort_keys=True)}
    return {}


def _from_registry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not re.match(r"^\d+\.\d+\.\d+[\w.+-]*$", str(entry.get("version", ""))):
        return False
    return not entry.get("resolved") or _REGISTRIES.match(str(entry["resolved"])) is not None


def _runner(package: Mapping[str, Any], needs: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """What runs the tests, and the options of node that it is started with."""
    scripts = {name: text for name, text in table_of(package.get("scripts")).items() if isinstance(text, str)}
    text = " ".join(_followed("test", scripts))
    options = tuple(_options(text))
    named = [one for one in _RUNNERS if one in needs and re.search(rf"\b{one}\b", text)]
    if named:
        return named[0], options
    if re.search(r"\bnode\b[^&|;]*--test\b", text):
        return "node", options
    return next((one for one in _RUNNERS if one in needs), "node"), options


def _followed(name: str, scripts: Mapping[str, str], depth: int = 0) -> Iterator[str]:
    """A script, and the scripts that it runs."""
    text = scripts.get(name, "")
    yield text
    for inner in re.findall(r"\b(?:npm|pnpm|yarn)(?: run(?:-script)?)? ([\w:.-]+)", text) if depth < 3 else ():
        if inner != name:
            yield from _followed(inner, scripts, depth + 1)


def _options(text: str) -> Iterator[str]:
    try:
        words = shlex.split(text.replace("NODE_OPTIONS=", " "))
    except ValueError:
        words = text.split()
    words = [part for word in words for part in (word.split() if word.startswith("--") else [word])]
    for number, word in enumerate(words):
        option, _, value = word.partition("=")
        if option in _LOADING:
            value = value or (words[number + 1] if number + 1 < len(words) else "")
            if value and not value.startswith(("-", "/")) and ".." not in value.split("/") and ":" not in value:
                yield f"{'--require' if option == '-r' else option}={value}"
        elif _FLAGS.match(word):
            yield word
