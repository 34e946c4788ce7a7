"""A served model's name and the arguments of the process behind its port in, the identity of its snapshot out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from milo_bench.core.hashing import sha256_bytes, sha256_data
from milo_bench.core.hiding import shown_value
from milo_bench.core.records import Identity
from milo_bench.core.text import one_line
from milo_bench.core.weights.digests import DigestBook
from milo_bench.targets.identity.processes import ServingProcess

_ELSEWHERE: Final = "the server's process is not on this machine, or belongs to another user"
_LEFT_OUT: Final = frozenset(
    {"host", "port", "api-key", "model", "served-model-name", "download-dir", "uds", "uvicorn-log-level", "hf-token"}
)
_WEIGHTS: Final = ("*.safetensors", "*.bin", "*.gguf", "*.pt")
_DESCRIBING: Final = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")
_MOST_FILES: Final = 2000
_MOST_TEXT: Final = 4 << 20
_LICENCE = re.compile(r"^licen[sc]e:\s*['\"]?([\w.+ -]{1,60})", re.MULTILINE)


@dataclass(frozen=True)
class Snapshot:
    """The identity of a folder of weights. ``digest`` is over every file of weights and settings in it."""

    identity: Identity
    digest: str = ""


def identify_snapshot(
    root: str, processes: Sequence[ServingProcess], book: DigestBook | None, *, programs: Sequence[str]
) -> Snapshot:
    """``root`` is what the server says it loaded: a folder, or a name on a hub. ``programs`` are words by which the
    server's own process is known. Nothing is downloaded: the folder is looked for where the process would."""
    server = next(
        (process for process in processes if any(name in word for word in process.argv[:4] for name in programs)), None
    )
    if server is None or book is None:
        parts = ("weights", "adapters", "chat template", "cache", "flags", "licence")
        return Snapshot(Identity(unknown=dict.fromkeys(parts, _ELSEWHERE)))
    flags = _flags(server.argv)
    unknown = {"adapters": "the server does not list those that it has loaded"}
    model = root or flags.get("model", "") or _first_operand(server.argv)
    folder = _folder(model, flags.get("revision", "main"), server)
    cache = flags.get("kv-cache-dtype", "auto")
    digest = licence = template = source = ""
    if folder is None:
        unknown |= dict.fromkeys(("weights", "chat template", "licence"), "its folder of weights was not found here")
    else:
        digest, why = _digest(folder, book)
        if why:
            unknown["weights"] = why
        template = flags.get("chat-template", "") or _template(folder)
        licence = _licence(folder)
        source = "model card beside the weights" if licence else ""
        if not licence:
            unknown["licence"] = "the model card does not name one, or is missing"
    return Snapshot(
        Identity(
            weights_from="files of the snapshot that the server's arguments name" if digest else "",
            chat_template=template,
            cache=f"k={cache}, v={cache}",
            flags={name: shown_value(name, value) for name, value in sorted(flags.items()) if name not in _LEFT_OUT},
            licence=licence,
            licence_from=source,
            unknown=unknown,
        ),
        digest,
    )


def _flags(argv: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    flag = ""
    for word in argv:
        if word.startswith("--"):
            flag, has_value, value = word[2:].partition("=")
            flag = flag.replace("_", "-")
            found[flag] = value if has_value else "on"
        elif flag and found[flag] == "on":
            found[flag] = word
        else:
            flag = ""
    return found


def _first_operand(argv: Sequence[str]) -> str:
    words = list(argv)
    return next((words[n + 1] for n, word in enumerate(words[:-1]) if word == "serve"), "")


def _folder(model: str, revision: str, server: ServingProcess) -> Path | None:
    if not model or "\0" in model:
        return None
    if (named := server.place_of(model)).is_dir():
        return named
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", model) or ".." in model or not re.fullmatch(r"[\w.-]+", revision):
        return None
    own = Path(server.variables.get("HOME", "~")).expanduser() / ".cache" / "huggingface"
    home = server.variables.get("HF_HOME") or str(own)
    hub = server.place_of(server.variables.get("HF_HUB_CACHE") or f"{home}/hub")
    stored = hub / f"models--{model.replace('/', '--')}"
    try:
        commit = (stored / "refs" / revision).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        commit = revision
    found = stored / "snapshots" / commit
    return found if re.fullmatch(r"[\w.-]+", commit) and found.is_dir() else None


def _digest(folder: Path, book: DigestBook) -> tuple[str, str]:
    files = sorted({file for pattern in _WEIGHTS for file in folder.glob(pattern)})[:_MOST_FILES]
    if not files:
        return "", "there are no weights in its folder"
    digests = {}
    for file in [*files, *(folder / name for name in _DESCRIBING if (folder / name).is_file())]:
        digest, why = book.digest(file.resolve())
        if not digest:
            return "", why
        digests[file.name] = digest
    book.save()
    return f"sha256:{sha256_data(digests)}", ""


def _template(folder: Path) -> str:
    for name in ("chat_template.jinja", "tokenizer_config.json"):
        if data := _read(folder / name):
            return f"sha256:{sha256_bytes(data)}"
    return ""


def _licence(folder: Path) -> str:
    head, _, _ = _read(folder / "README.md").decode("utf-8", "replace").removeprefix("---").partition("\n---")
    found = _LICENCE.search(head)
    return one_line(found[1].strip(), 60) if found else ""


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes() if file.is_file() and file.stat().st_size <= _MOST_TEXT else b""
    except OSError:
        return b""
