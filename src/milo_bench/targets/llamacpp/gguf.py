"""A GGUF file in, what it says about its model out; tensors are not read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milo_bench.core.errors import PrerequisiteError


@dataclass(frozen=True)
class GgufFacts:
    """Metadata of one model file. ``context_length`` in tokens, as trained; 0 where unknown."""

    architecture: str
    name: str
    quantisation: str
    context_length: int
    parameters: int
    has_chat_template: bool


def read_gguf(path: Path) -> GgufFacts:
    """Raises PrerequisiteError where ``path`` cannot be read as GGUF."""
    import gguf  # late: it brings numpy, which a target over HTTP has no need of

    try:
        reader = gguf.GGUFReader(path)
    except FileNotFoundError:
        message = f"There is no model file at {path}."
        raise PrerequisiteError(message, hint="correct 'weights' in bench.yaml.") from None
    except (OSError, ValueError, IndexError, KeyError, OverflowError) as error:
        message = f"Cannot read {path} as GGUF: {error}."
        raise PrerequisiteError(message, hint="download or convert it again.") from None

    def value(key: str) -> Any:
        field = reader.get_field(key)
        return None if field is None else field.contents()

    architecture = str(value("general.architecture") or "")
    file_type = value("general.file_type")
    try:
        quantisation = gguf.LlamaFileType(file_type).name.removeprefix("MOSTLY_").removeprefix("ALL_")
    except ValueError:
        quantisation = ""
    return GgufFacts(
        architecture=architecture,
        name=str(value("general.name") or ""),
        quantisation=quantisation,
        context_length=int(value(f"{architecture}.context_length") or 0),
        parameters=sum(int(tensor.n_elements) for tensor in reader.tensors),
        has_chat_template=bool(value("tokenizer.chat_template")),
    )
