"""A tree, installed packages and test files in, what node's, vitest's, jest's, mocha's or tape's runner said out."""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from milo_bench.core.hashing import sha256_text
from milo_bench.roles.languages.javascript.packages import find_node, node_mounts
from milo_bench.roles.testing import INSIDE, PROGRAMS, ROOT, Isolation, TestRun, TestSetup, read_lines, run_unsafe
from milo_bench.sandbox import Mount, SandboxCommand, SandboxOutcome, run_sandboxed

_RUNNER: Final = (INSIDE / "run_tests.mjs").read_bytes()
_REPORTER: Final = (INSIDE / "reporter.mjs").read_bytes()
_MODULES: Final = "/node_modules"
_MODULE: Final = re.compile(r"^\s*(import\s[^(]|import\{|export\s)", re.MULTILINE)
# One test that must fail, appended to each file: what the file's process did to assertions shows in it.
_CANARIES: Final = {
    "node": (
        "\n;const {{ test: miloTest }} = {load}node:test{end}, miloAssert = {load}node:assert{end};\n"
        "miloTest({name}, () => {{ (miloAssert.default ?? miloAssert).strictEqual(1, 2); }});\n"
    ),
    "vitest": "\nimport {{ test as miloTest, expect as miloExpect }} from 'vitest';\n"
    "miloTest({name}, () => {{ miloExpect(1).toBe(2); }});\n",
    "jest": "\n;globalThis.test({name}, () => {{ globalThis.expect(1).toBe(2); }});\n",
    "mocha": "\n;globalThis.it({name}, () => {{ throw new Error('on purpose'); }});\n",
    "tape": "\n;{tape}({name}, (t) => {{ t.equal(1, 2, {name})\nt.end() }});\n",
}
DIGEST: Final = sha256_text((_RUNNER + _REPORTER).decode() + json.dumps(_CANARIES, sort_keys=True))


def run_javascript(
    tree: Path, files: tuple[str, ...], setup: TestSetup, isolation: Isolation, repeats: int, *, canaries: bool
) -> list[TestRun]:
    """Run ``files`` with the repository's own runner. With ``canaries`` each file of ``tree`` gets one more test."""
    nonce, canary = secrets.token_hex(16), f"canary {secrets.token_hex(8)}" if canaries else ""
    if canary:
        for path in files:
            _add_canary(tree / path, setup.declared.runner, canary)
    link_packages(tree, setup.declared.linked)
    asked = _asked(tree, files, setup, isolation, nonce, repeats) | {"canary": canary}
    line = json.dumps(asked).encode()
    if isolation.unsafe_here:
        outcome = _run_here(tree, line, setup, isolation)
    else:
        outcome = run_sandboxed(_command(tree, setup, isolation), stdin=[line])
    return read_lines(outcome, nonce, repeats, canaries=0)


def run_recording(
    tree: Path, files: tuple[str, ...], setup: TestSetup, isolation: Isolation, nonce: str, *, calls: str, repeats: int
) -> SandboxOutcome:
    """Run ``files`` in the sandbox; each line that the tree's code writes to ``calls`` is told as a call."""
    link_packages(tree, setup.declared.linked)
    asked = _asked(tree, files, setup, isolation, nonce, repeats) | {"canary": "", "calls": calls}
    return run_sandboxed(_command(tree, setup, isolation), stdin=[json.dumps(asked).encode()])


def _asked(
    tree: Path, files: tuple[str, ...], setup: TestSetup, isolation: Isolation, nonce: str, repeats: int
) -> dict[str, Any]:
    root = tree if isolation.unsafe_here else Path(ROOT)
    folder = setup.declared.folders[0]
    inside = [path.removeprefix(f"{folder}/") for path in files]
    return {
        "nonce": nonce,
        "files": [f"./{path}" if path.startswith("-") else path for path in inside],
        "root": str(root / folder),
        "prefix": f"{folder}/" if folder else "",
        "modules": str(root / "node_modules") if isolation.unsafe_here else _MODULES,
        "runner": setup.declared.runner,
        "options": list(setup.declared.options),
        "repeats": repeats,
        "reporter": str(INSIDE / "reporter.mjs") if isolation.unsafe_here else f"{PROGRAMS}/reporter.mjs",
    }


def link_packages(tree: Path, linked: Mapping[str, str]) -> None:
    """Put links to the workspaces ``linked`` into the tree's node_modules, as npm does; what is there stays."""
    modules = tree / "node_modules"
    for name, folder in linked.items():
        place = modules / name
        if modules.is_symlink() or place.parent.is_symlink() or place.is_symlink() or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(tree / folder, place.parent))


def _add_canary(place: Path, runner: str, name: str) -> None:
    text = place.read_text(encoding="utf-8", errors="surrogateescape")
    module = place.suffix in (".mjs", ".mts", ".ts", ".tsx", ".cts") or bool(_MODULE.search(text))
    load, end = ("await import('", "')") if module else ("require('", "')")
    tape = "(await import('tape')).default" if module else "require('tape')"
    added = _CANARIES[runner].format(name=json.dumps(name), load=load, end=end, tape=tape)
    place.write_text(text + added, encoding="utf-8", errors="surrogateescape")


def _command(tree: Path, setup: TestSetup, isolation: Isolation) -> SandboxCommand:
    node = find_node()
    modules = setup.environment.folder / "node_modules"
    # Below the root, where node looks after the tree's own folder, which stays free for what runners cache.
    packages = (Mount(modules, _MODULES),) if modules.is_dir() else ()
    return SandboxCommand(
        words=(str(node), f"{PROGRAMS}/run_tests.mjs"),
        read_only=(*(Mount(one) for one in node_mounts(node)), *packages),
        overlays=(Mount(tree, ROOT),),
        files={f"{PROGRAMS}/run_tests.mjs": _RUNNER, f"{PROGRAMS}/reporter.mjs": _REPORTER},
        environment={"PATH": f"{node.parent}:/usr/local/bin:/usr/bin:/bin", "NODE_DISABLE_COMPILE_CACHE": "1"},
        folder=ROOT,
        limits=isolation.limits,
    )


def _run_here(tree: Path, line: bytes, setup: TestSetup, isolation: Isolation) -> SandboxOutcome:
    """The same without a sandbox: only a time limit is left. The user asked for it by name."""
    node = find_node()
    modules, place = setup.environment.folder / "node_modules", tree / "node_modules"
    if modules.is_dir() and not place.exists():
        place.symlink_to(modules)
    elif modules.is_dir() and setup.declared.linked:
        names = [one.relative_to(modules) for one in (*modules.glob("[!@]*"), *modules.glob("@*/*"))]
        for inside in names:
            if not (place / inside).exists():
                (place / inside).parent.mkdir(exist_ok=True)
                (place / inside).symlink_to(modules / inside)
    with tempfile.TemporaryDirectory(prefix="milo-unsafe-") as name:
        variables = {
            "HOME": name,
            "TMPDIR": name,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PATH": f"{node.parent}:{os.defpath}",
        }
        words = [str(node), str(INSIDE / "run_tests.mjs")]
        return run_unsafe(words, line, variables, isolation.limits)
