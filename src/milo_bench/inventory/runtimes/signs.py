"""A command line, a container image or a unit's text in, the model runtime that it is or starts out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from milo_bench.inventory.records import RuntimeName

# The programs by which a runtime is found on PATH, and the packages by which it is found in Python.
PROGRAMS: tuple[tuple[RuntimeName, str], ...] = (
    ("ollama", "ollama"),
    ("llama.cpp", "llama-server"),
    ("llama.cpp", "llama-cli"),
    ("vllm", "vllm"),
    ("lm-studio", "lms"),
    ("sglang", "sglang"),
    ("mlx", "mlx_lm.server"),
)
PACKAGES: tuple[tuple[RuntimeName, str], ...] = (
    ("vllm", "vllm"),
    ("sglang", "sglang"),
    ("mlx", "mlx"),
    ("mlx", "mlx-lm"),
    ("xllamacpp", "xllamacpp"),
    ("llama.cpp", "llama-cpp-python"),
)
# A program's own name, exactly; a module started with -m, exactly or below.
_BY_PROGRAM: dict[str, RuntimeName] = {
    "ollama": "ollama",
    "llama-server": "llama.cpp",
    "llama-cli": "llama.cpp",
    "vllm": "vllm",
    "sglang": "sglang",
    "lms": "lm-studio",
    "llmster": "lm-studio",
    "lm-studio": "lm-studio",
    "LM Studio": "lm-studio",
    "mlx_lm.server": "mlx",
    "mlx_lm": "mlx",
}
_BY_MODULE: dict[str, RuntimeName] = {
    "vllm": "vllm",
    "sglang": "sglang",
    "mlx_lm": "mlx",
    "xllamacpp": "xllamacpp",
    "milo_bench.targets.llamacpp.server": "xllamacpp",
    "llama_cpp.server": "llama.cpp",
}
_IMAGES: tuple[tuple[str, RuntimeName], ...] = (
    (r"(?:^|/)ollama(?:/ollama)?(?=[:@]|$)", "ollama"),
    (r"(?:^|/)vllm(?:-openai)?(?=[:@-]|$)", "vllm"),
    (r"llama\.cpp|llama-cpp|llama-server", "llama.cpp"),
    (r"(?:^|/)sglang(?=[:@-]|$)", "sglang"),
    (r"lmstudio|lm-studio", "lm-studio"),
)
_SHELLS = {
    "sh",
    "bash",
    "dash",
    "zsh",
    "env",
    "nohup",
    "exec",
    "setsid",
    "nice",
    "taskset",
    "numactl",
    "stdbuf",
    "sudo",
}
_SERVES: dict[str, frozenset[str]] = {
    # Of these programs only some subcommands serve; `ollama pull` is no server.
    "ollama": frozenset({"serve", "runner"}),
    "vllm": frozenset({"serve"}),
    "sglang": frozenset({"serve"}),
    "lms": frozenset({"server", "daemon"}),
}


def runtime_of(argv: Sequence[str]) -> RuntimeName | None:
    """The runtime that a process with this command line serves models with, or None."""
    if not argv:
        return None
    name = _base(argv[0])
    if name in _SHELLS and len(argv) > 1:
        return runtime_of_line(" ".join(argv[1:]))
    if _is_python(name):
        return _of_python(argv)
    return _of_program(name, argv[1:])


def _of_program(name: str, rest: Sequence[str]) -> RuntimeName | None:
    if name == "llama-cli":
        return None  # answers at a terminal and listens nowhere
    found = _BY_PROGRAM.get(name.removesuffix(".exe"))
    wanted = _SERVES.get(name)
    if found is not None and wanted is not None:
        first = next((word for word in rest if not word.startswith("-")), "")
        return found if first in wanted else None
    return found


def _of_python(argv: Sequence[str]) -> RuntimeName | None:
    for position, word in enumerate(argv[1:], start=1):
        if word == "-m" and position + 1 < len(argv):
            module = argv[position + 1]
            return next((name for known, name in _BY_MODULE.items() if f"{module}.".startswith(f"{known}.")), None)
        if word.startswith("-"):
            continue
        return _of_program(_base(word), argv[position + 1 :])
    return None


def _base(word: str) -> str:
    return PurePath(word.replace("\\", "/")).name


def _is_python(name: str) -> bool:
    return bool(re.fullmatch(r"(?:python|pypy|uv)[\d.]*(?:w)?(?:\.exe)?", name, flags=re.IGNORECASE))


def runtime_of_line(line: str) -> RuntimeName | None:
    """The first runtime that a line of a unit file or crontab starts, wherever in the line it stands."""
    words = (
        line.replace(";", " ; ").replace("&&", " ; ").replace("|", " ; ").replace('"', " ").replace("'", " ").split()
    )
    for position, word in enumerate(words):
        rest = words[position + 1 :]
        found = _of_python(words[position:]) if _is_python(_base(word)) else _of_program(_base(word), rest)
        if found is not None and (position == 0 or "/" in word or _starts_here(words[:position])):
            return found
    return None


def _starts_here(before: Sequence[str]) -> bool:
    """Whether a word after these is a command: after a separator, a wrapper or an assignment, not an argument."""
    for word in reversed(before):
        if word == ";" or _base(word) in _SHELLS or re.fullmatch(r"@\w+|[*/\d,-]+", word):
            return True
        if not (word.startswith("-") or "=" in word or _base(word) in ("run", "docker", "podman", "nvidia-smi")):
            return False
    return True


def runtime_of_image(image: str) -> RuntimeName | None:
    """The runtime in a container image of that name, or None."""
    return next((name for pattern, name in _IMAGES if re.search(pattern, image)), None)


def runtime_started_by(line: str) -> RuntimeName | None:
    """As ``runtime_of_line``, and the image of a container that the line runs."""
    found = runtime_of_line(line)
    words = line.split()
    if found is None and any(_base(word) in ("docker", "podman") for word in words):
        found = next((name for name in map(runtime_of_image, words) if name is not None), None)
    return found
