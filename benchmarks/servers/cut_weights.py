"""A GGUF file of a llama model in, one with its first blocks alone out: the same tokenizer, a fraction of the time.

What such a model says is nonsense; how its server behaves is not.
"""

from __future__ import annotations

from pathlib import Path

import gguf


def cut_weights(source: Path, target: Path, *, blocks: int = 2, template: str | None = None) -> Path:
    """Write ``target`` with the first ``blocks`` transformer blocks of ``source``; ``template`` replaces its chat
    template ("" leaves it out). Equal arguments give equal bytes.
    """
    reader = gguf.GGUFReader(source)
    architecture = str(reader.get_field("general.architecture").contents())  # type: ignore[union-attr]
    writer = gguf.GGUFWriter(target, architecture)
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        value, kind = field.contents(), field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        if field.name == f"{architecture}.block_count":
            value = blocks
        if field.name == "tokenizer.chat_template" and template is not None:
            if not template:
                continue
            value = template
        writer.add_key_value(field.name, value, kind, sub_type=inner)
    for tensor in reader.tensors:
        is_block, number = tensor.name.startswith("blk."), tensor.name.split(".")[1]
        if not is_block or int(number) < blocks:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target
