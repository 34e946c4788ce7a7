"""A GGUF file of a llama model in, the folder that transformers and vLLM load out: weights, config, tokenizer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np

_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_CONTROL = 3  # gguf's token type of <|im_end|> and its kind


def write_safetensors_folder(source: Path, folder: Path) -> Path:
    """Write ``folder`` with model.safetensors (float32), config.json, the tokenizer and the licence of ``source``."""
    folder.mkdir(parents=True, exist_ok=True)
    reader = gguf.GGUFReader(source)
    said = {field.name: field.contents() for field in reader.fields.values()}
    if said["general.architecture"] != "llama":
        raise ValueError(f"{source.name} is a model of the kind {said['general.architecture']}, and not llama")
    named = {tensor.name for tensor in reader.tensors}
    _dump(folder / "config.json", _config(said, tied="output.weight" not in named))
    _dump(folder / "tokenizer.json", _tokenizer(said))
    _dump(folder / "tokenizer_config.json", _tokenizer_config(said))
    _dump(folder / "generation_config.json", _token_ids(said))
    licence = said.get("general.license", "")
    if licence:
        (folder / "README.md").write_text(f"---\nlicense: {licence}\n---\n", "utf-8")
    _write_safetensors(folder / "model.safetensors", dict(_weights(reader, said)))
    return folder


def _dump(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), "utf-8")


def _token_ids(said: dict[str, Any]) -> dict[str, Any]:
    names = {"bos_token_id": "bos", "eos_token_id": "eos", "pad_token_id": "padding"}
    return {name: said[f"tokenizer.ggml.{short}_token_id"] for name, short in names.items()}


def _config(said: dict[str, Any], *, tied: bool) -> dict[str, Any]:
    rope = float(said["llama.rope.freq_base"])
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": said["llama.embedding_length"],
        "intermediate_size": said["llama.feed_forward_length"],
        "max_position_embeddings": said["llama.context_length"],
        "num_attention_heads": said["llama.attention.head_count"],
        "num_hidden_layers": said["llama.block_count"],
        "num_key_value_heads": said["llama.attention.head_count_kv"],
        "rms_norm_eps": said["llama.attention.layer_norm_rms_epsilon"],
        "rope_theta": rope,
        "rope_parameters": {"rope_type": "default", "rope_theta": rope},
        "tie_word_embeddings": tied,
        "torch_dtype": "float32",
        "vocab_size": said["llama.vocab_size"],
        **_token_ids(said),
    }


def _tokenizer(said: dict[str, Any]) -> dict[str, Any]:
    tokens, kinds = said["tokenizer.ggml.tokens"], said["tokenizer.ggml.token_type"]
    plain = {"lstrip": False, "rstrip": False, "single_word": False, "normalized": False, "special": True}
    bytes_as_letters = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": token, **plain}
            for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
            if kind == _CONTROL
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": _SPLIT}, "behavior": "Isolated", "invert": False},
                bytes_as_letters,
            ],
        },
        "post_processor": None,
        "decoder": bytes_as_letters,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": said["tokenizer.ggml.merges"],
        },
    }


def _tokenizer_config(said: dict[str, Any]) -> dict[str, Any]:
    tokens = said["tokenizer.ggml.tokens"]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "chat_template": said["tokenizer.chat_template"],
        "model_max_length": said["llama.context_length"],
        "clean_up_tokenization_spaces": False,
        **{name.removesuffix("_id"): tokens[number] for name, number in _token_ids(said).items()},
    }


def _weights(reader: gguf.GGUFReader, said: dict[str, Any]) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    heads = {
        "attn_q": said["llama.attention.head_count"],
        "attn_k": said["llama.attention.head_count_kv"],
    }
    for tensor in reader.tensors:
        rows = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        where, *rest = tensor.name.removesuffix(".weight").split(".")
        if where == "blk":
            number, part = rest
            if part in heads:
                rows = _halves(rows, heads[part])
            yield f"model.layers.{number}.{_BLOCK[part]}.weight", rows
        elif where in _OUTSIDE:
            yield f"{_OUTSIDE[where]}.weight", rows


def _halves(rows: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows of each head as transformers turns them: llama.cpp pairs neighbours, transformers pairs the halves."""
    turned = rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:])
    return turned.swapaxes(1, 2).reshape(rows.shape)


def _write_safetensors(path: Path, tensors: dict[str, np.ndarray[Any, Any]]) -> None:
    """The format of https://github.com/huggingface/safetensors: size of the header, header in JSON, bytes."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, rows in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(rows.shape), "data_offsets": [at, at + rows.nbytes]}
        at += rows.nbytes
    written = json.dumps(header).encode()
    written += b" " * (-len(written) % 8)
    with path.open("wb") as file:
        file.write(len(written).to_bytes(8, "little") + written)
        for rows in tensors.values():
            file.write(np.ascontiguousarray(rows).tobytes())
