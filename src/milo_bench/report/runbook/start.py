"""A recorded target in; shell lines that start it, and that find out whether it is ready, out.

Names from logs are quoted as one shell word each; whatever is not known stands as a variable to
be filled in, never as a guess.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from milo_bench.core.records import ProbeResult, TargetRecord
from milo_bench.report.runbook.shell import comment_text, json_word, shell_word

_MOST_SEEN = 3
_PATH = re.compile(r"https?://[^\s'\"/]+(/[A-Za-z0-9._/-]{1,100})")
_KEY = re.compile(r"Bearer \$([A-Z_][A-Z0-9_]{0,60})\b")


def start_lines(target: TargetRecord, cap: str) -> tuple[str, ...]:
    """How to start ``target`` on its own address with at most ``cap`` requests at once ("" where none is known)."""
    host, port = _place(target)
    model = shell_word(target.model)
    window = "" if target.context_window is None else str(target.context_window)
    slots = cap or "1"
    kind = _runtime(target)
    if kind == "ollama":
        return (
            f"export OLLAMA_HOST={shell_word(f'{host}:{port}')} OLLAMA_NUM_PARALLEL={slots} OLLAMA_KEEP_ALIVE=-1",
            "ollama serve &",
            f"ollama show {model}    # compare its quantisation with the measured one",
        )
    if kind == "llama.cpp":
        # llama-server divides its context among the slots; a request was measured with all of WINDOW.
        lines = [
            f"SLOTS={slots} WINDOW={window or '…'}    # WINDOW tokens per request",
            f'llama-server --model "$WEIGHTS" --host {shell_word(host)} --port {port} '
            '--parallel "$SLOTS" --ctx-size "$((SLOTS * WINDOW))"' + _flags(target.settings) + " &",
        ]
        return (f"WEIGHTS=…    # the file of {comment_text(target.model)}", *lines)
    if kind == "vllm":
        limit = f" --max-model-len {window}" if window else ""
        return (f"vllm serve {model} --host {shell_word(host)} --port {port} --max-num-seqs {slots}{limit} &",)
    if kind == "sglang":
        limit = f" --context-length {window}" if window else ""
        return (
            f"python -m sglang.launch_server --model-path {model} --host {shell_word(host)} --port {port} "
            f"--max-running-requests {slots}{limit} &",
        )
    if kind == "lm-studio":
        limit = f" --context-length {window}" if window else ""
        return (f"lms server start --port {port}", f"lms load {model}{limit}")
    return (f"# start {comment_text(target.name)} as measured, at {comment_text(f'{host}:{port}')}",)


def _flags(settings: Mapping[str, Any]) -> str:
    named = (("threads", "--threads"), ("gpu_layers", "--n-gpu-layers"))
    known = [(flag, settings.get(name)) for name, flag in named]
    return "".join(f" {flag} {value}" for flag, value in known if type(value) is int and value >= 0)


def seen_running(inventories: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Command lines of model servers as an inventory saw them, secrets hidden there already."""
    return tuple(list(dict.fromkeys(_seen(inventories)))[:_MOST_SEEN])


def _seen(inventories: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for _, inventory in sorted(inventories.items()):
        for one in _rows(inventory, "processes", "servers"):
            argv = one.get("argv")
            if isinstance(argv, list | tuple) and argv and all(isinstance(word, str) for word in argv):
                yield f"# found running: {comment_text(shlex.join(argv))}"
        for one in _rows(inventory, "services", "units"):
            if isinstance(one.get("name"), str):
                manager, command = str(one.get("manager", "")), str(one.get("command", ""))
                yield f"# {comment_text(manager)} {comment_text(one['name'])}: {comment_text(command)}"


def _rows(inventory: Mapping[str, Any], section: str, name: str) -> Sequence[Mapping[str, Any]]:
    inner = inventory.get(section)
    rows = inner.get(name) if isinstance(inner, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list | tuple) else []


def readiness_lines(target: TargetRecord, limit: str, probe: ProbeResult | None) -> tuple[str, ...]:
    """A function that succeeds only when ``target`` generated a token within ``limit`` seconds.

    From the readiness probe, where it was run, only the path and the name of the key's variable are
    taken: a line from a log is never a command.
    """
    name = ready_name(target)
    path, key = _path_and_key(probe)
    host, port = _place(target)
    base = f"{_scheme(target)}://{host}:{port}"
    body: dict[str, Any]
    if target.api == "ollama" and not path.endswith("/completions"):
        body = {"model": target.model, "prompt": "ping", "stream": False, "options": {"num_predict": 1}}
        path, sign = "/api/generate", '"done":true'
    else:
        body = {"model": target.model, "messages": [{"role": "user", "content": "ping"}], "max_tokens": 1}
        path, sign = path or "/v1/chat/completions", "completion_tokens"
    header = f' -H "Authorization: Bearer ${key}"' if key else ""
    curl = (
        f"curl -sf -m \"$READY_LIMIT_S\" {shell_word(base + path)} -H 'Content-Type: application/json'{header} "
        f"-d {json_word(body)} | grep -q {shell_word(sign)}"
    )
    return (f"READY_LIMIT_S={limit}", f"{name}() {{ {curl}; }}")


def _path_and_key(probe: ProbeResult | None) -> tuple[str, str]:
    known = probe.evidence.get("check_to_install") if probe is not None else None
    if not isinstance(known, str):
        return "", ""
    path, key = _PATH.search(known), _KEY.search(known)
    return (path[1] if path else ""), (key[1] if key else "")


def ready_name(target: TargetRecord) -> str:
    """The name of the function that ``readiness_lines`` defines."""
    return f"ready_{_identifier(target.name)}"


def _runtime(target: TargetRecord) -> str:
    said = (target.runtime or target.api).lower()
    if "llama" in said and "ollama" not in said:
        return "llama.cpp"
    for name in ("ollama", "vllm", "sglang"):
        if name in said:
            return name
    return "lm-studio" if "lm" in said and "studio" in said else said


def _scheme(target: TargetRecord) -> str:
    return "https" if target.endpoint.startswith("https://") else "http"


def _place(target: TargetRecord) -> tuple[str, int]:
    """Host and port of the endpoint; the runtime's usual ones where the log has none."""
    usual = {"ollama": 11434, "llama.cpp": 8080, "vllm": 8000, "sglang": 30000, "lm-studio": 1234}
    try:
        parts = urlsplit(target.endpoint)
        host, port = parts.hostname or "127.0.0.1", parts.port
    except ValueError:
        host, port = "127.0.0.1", None
    if port is None:
        port = usual.get(_runtime(target), 443 if _scheme(target) == "https" else 80)
    return (f"[{host}]" if ":" in host else host), port


def _identifier(text: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in text)[:60]
