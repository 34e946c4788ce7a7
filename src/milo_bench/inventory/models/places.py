"""Home folder and environment in, the folders in which runtimes keep weights and the files in them out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from milo_bench.inventory.reading import explain_error

Store: TypeAlias = Literal["ollama", "files"]

_SUFFIXES = (".gguf", ".safetensors")
_MAX_DEPTH = 10
_MAX_SEEN = 200_000
_MAX_MANIFEST = 1 << 20
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_MODEL_LAYER = "application/vnd.ollama.image.model"


@dataclass(frozen=True)
class WeightsPlace:
    """A folder that may hold weights, and how it is laid out."""

    path: Path
    store: Store


@dataclass(frozen=True)
class FoundWeights:
    """A file of weights; ``name`` where the store names the model, ``told_sha256`` where its file name does."""

    path: Path
    name: str = ""
    told_sha256: str = ""


@dataclass
class WeightsSearch:
    """Finds weights; what could not be looked at is in ``unknown``."""

    limit: int = 2000
    unknown: dict[str, str] = field(default_factory=dict)
    seen: int = 0

    def find(self, places: Sequence[WeightsPlace], files: Sequence[Path]) -> list[FoundWeights]:
        """Each file once, in the order of ``files`` and then of ``places``."""
        found: dict[str, FoundWeights] = {}
        for item in (*map(FoundWeights, files), *(item for place in places for item in self._in(place))):
            key = os.path.realpath(item.path)
            # Ollama gives one blob several names; the first one is as good as the next.
            if key not in found:
                if len(found) >= self.limit:
                    self.unknown["more files"] = f"only the first {self.limit} were read"
                    break
                found[key] = item
        return list(found.values())

    def _in(self, place: WeightsPlace) -> Iterator[FoundWeights]:
        if place.store == "ollama":
            yield from self._ollama(place.path)
        else:
            for path in self._walk(place.path, _MAX_DEPTH):
                if path.name.lower().endswith(_SUFFIXES):
                    yield FoundWeights(path, told_sha256=_hub_digest(path))

    def _walk(self, folder: Path, depth: int) -> Iterator[Path]:
        """Files below ``folder``, sorted; links to folders are not followed."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                self.unknown[str(folder)] = explain_error(error, folder)
            return
        for entry in entries:
            self.seen += 1
            if self.seen > _MAX_SEEN:
                self.unknown["more folders"] = f"the search stopped after {_MAX_SEEN} entries"
                return
            if entry.is_dir(follow_symlinks=False):
                if depth > 0:
                    yield from self._walk(Path(entry.path), depth - 1)
                else:
                    self.unknown[entry.path] = f"deeper than {_MAX_DEPTH} folders"
            elif entry.is_file():
                yield Path(entry.path)

    def _ollama(self, folder: Path) -> Iterator[FoundWeights]:
        """Model layers of all manifests. A manifest names its blob by digest; anything else is not followed."""
        manifests = folder / "manifests"
        for path in self._walk(manifests, 5):
            layers = self._layers(path)
            for number, digest in enumerate(layers):
                parts = path.relative_to(manifests).parts
                name = f"{'/'.join(part for part in parts[1:-1] if part != 'library')}:{parts[-1]}"
                blob = folder / "blobs" / f"sha256-{digest}"
                if blob.is_file():
                    yield FoundWeights(blob, name if number == 0 else f"{name} (part {number + 1})", digest)
                else:
                    self.unknown[name] = f"its manifest names the blob {digest[:12]}…, which is missing"

    def _layers(self, path: Path) -> list[str]:
        try:
            if path.stat().st_size > _MAX_MANIFEST:
                return []
            data: Any = msgspec.json.decode(path.read_bytes())
        except OSError as error:
            self.unknown[str(path)] = explain_error(error, path)
            return []
        except (msgspec.DecodeError, ValueError, RecursionError):
            self.unknown[str(path)] = "is not a manifest"
            return []
        layers = data.get("layers") if isinstance(data, dict) else None
        found = []
        for layer in layers if isinstance(layers, list) else []:
            if isinstance(layer, dict) and layer.get("mediaType") == _MODEL_LAYER:
                match = _DIGEST.fullmatch(str(layer.get("digest")))
                if match:
                    found.append(match[1])
        return found


def _hub_digest(path: Path) -> str:
    """The hub's cache links a snapshot's file to blobs/SHA256."""
    if not path.is_symlink():
        return ""
    target = path.readlink()
    return target.name if target.parent.name == "blobs" and re.fullmatch(r"[0-9a-f]{64}", target.name) else ""


def usual_places(home: Path, env: Mapping[str, str], own_cache: Path) -> tuple[WeightsPlace, ...]:
    """Where runtimes keep weights unless told otherwise, and where the environment tells them to."""

    def named(variable: str, *default: str) -> Path:
        value = env.get(variable, "")
        return Path(value).expanduser() if value else home.joinpath(*default)

    cache = named("XDG_CACHE_HOME", ".cache")
    hub_home = Path(env["HF_HOME"]).expanduser() if env.get("HF_HOME") else cache / "huggingface"
    hub = Path(env["HF_HUB_CACHE"]).expanduser() if env.get("HF_HUB_CACHE") else hub_home / "hub"
    llama = Path(env["LLAMA_CACHE"]).expanduser() if env.get("LLAMA_CACHE") else cache / "llama.cpp"
    places = [
        WeightsPlace(named("OLLAMA_MODELS", ".ollama", "models"), "ollama"),
        WeightsPlace(home / ".ollama" / "models", "ollama"),
        # The service that Ollama's installer sets up runs as a user of its own.
        WeightsPlace(Path("/usr/share/ollama/.ollama/models"), "ollama"),
        WeightsPlace(Path("/var/lib/ollama/models"), "ollama"),
        WeightsPlace(home / ".lmstudio" / "models", "files"),
        WeightsPlace(cache / "lm-studio" / "models", "files"),
        WeightsPlace(hub, "files"),
        WeightsPlace(llama, "files"),
        WeightsPlace(home / "Library" / "Caches" / "llama.cpp", "files"),
        WeightsPlace(own_cache, "files"),
    ]
    return tuple(dict.fromkeys(places))
