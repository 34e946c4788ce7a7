"""A recorded target in; shell lines that start it, stop it and find out whether it is ready, and a unit for it, out.

Names from logs are quoted as one shell word each; whatever is not known is a variable that the shell
asks for, never a guess.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from milo_bench.core.records import ProbeResult, TargetRecord
from milo_bench.core.text import one_line
from milo_bench.report.runbook.found import found_server, weights_of
from milo_bench.report.runbook.shell import comment_text, json_word, shell_word

_MOST_SEEN = 3
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./:=@+,-]+")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.:/ -]+")
_PATH = re.compile(r"https?://[^\s'\"/]+(/[A-Za-z0-9._/-]{1,100})")
_KEY = re.compile(r"Bearer \$([A-Z_][A-Z0-9_]{0,60})\b")


@dataclass(frozen=True)
class ServerCommands:
    """How to start and stop the server of a target, as lines of a shell, and a unit that systemd starts it by.

    ``unit`` is empty where a unit was found already, and where a word of the command is not known.
    """

    start: tuple[str, ...]
    stop: tuple[str, ...]
    unit: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Served:
    """A server's own words. "" among them is the path of the weights, where it is not known."""

    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


def server_commands(
    target: TargetRecord, cap: str, inventories: Mapping[str, Mapping[str, Any]] | None = None
) -> ServerCommands:
    """For ``target`` on its own address, with at most ``cap`` requests at once ("" where that is not known).

    A unit or process that an inventory found is used as it was found; else the command follows from the runtime.
    """
    inventories = inventories or {}
    found = found_server(target, _place(target)[1], inventories)
    if found is not None and found.unit:
        control = "systemctl --user" if found.manager == "systemd --user" else "sudo systemctl"
        unit = shell_word(found.unit)
        return ServerCommands((f"{control} start {unit}",), (f"{control} stop {unit}",))
    if found is not None:
        return _commands(target, _Served(found.argv), ())
    if _runtime(target) == "lm-studio":
        limit = () if target.context_window is None else ("--context-length", str(target.context_window))
        load = " ".join(map(shell_word, ("lms", "load", target.model, *limit)))
        return ServerCommands((f"lms server start --port {_place(target)[1]}", load), ("lms server stop",))
    served = _served(target, cap or "1", weights_of(target, inventories))
    if served is None:
        where = comment_text(f"{':'.join(map(str, _place(target)))}")
        return ServerCommands(
            (
                f"# {comment_text(target.name)} was measured at {where}, and the log does not name its runtime.",
                "# Run 'milo-bench inventory --json > inventory.json' there, and decide with --inventory.",
            ),
            (),
        )
    after = (f"ollama pull {shell_word(target.model)}",) if _runtime(target) == "ollama" else ()
    return _commands(target, served, after)


def _served(target: TargetRecord, slots: str, weights: str) -> _Served | None:
    host, port = _place(target)
    window = target.context_window
    place: tuple[str, ...] = ("--host", host, "--port", str(port))
    match _runtime(target):
        case "ollama":
            settings = (("OLLAMA_HOST", f"{host}:{port}"), ("OLLAMA_NUM_PARALLEL", slots), ("OLLAMA_KEEP_ALIVE", "-1"))
            return _Served(("ollama", "serve"), settings)
        case "llama.cpp":
            # llama-server divides its context among the slots; a request was measured with all of the window.
            size = () if window is None else ("--ctx-size", str(int(slots) * window))
            words = ("llama-server", "--model", weights, *place, "--parallel", slots, *size, *_flags(target.settings))
            return _Served(words)
        case "vllm":
            limit = () if window is None else ("--max-model-len", str(window))
            return _Served(("vllm", "serve", target.model, *place, "--max-num-seqs", slots, *limit))
        case "sglang":
            limit = () if window is None else ("--context-length", str(window))
            words = ("python", "-m", "sglang.launch_server", "--model-path", target.model)
            return _Served((*words, *place, "--max-running-requests", slots, *limit))
    return None


def _commands(target: TargetRecord, served: _Served, after: tuple[str, ...]) -> ServerCommands:
    """The server in the background, its process number in a file by which it is stopped."""
    name = f"model-{_identifier(target.name)}"
    unknown = "" in served.words
    words = " ".join('"$WEIGHTS"' if not word else shell_word(word) for word in served.words)
    exports = " ".join(f"{key}={shell_word(value)}" for key, value in served.environment)
    start = (
        *((f': "${{WEIGHTS:?set it to the path of {_plain(target.model)}}}"',) if unknown else ()),
        *((f"export {exports}",) if exports else ()),
        f"nohup {words} > {name}.log 2>&1 & echo $! > {name}.pid",
        *(("sleep 2", after[0]) if after else ()),
    )
    return ServerCommands(start, (f'kill "$(cat {name}.pid)"',), () if unknown else _unit(name, target, served))


def _unit(name: str, target: TargetRecord, served: _Served) -> tuple[str, ...]:
    program = served.words if served.words[0].startswith("/") else ("/usr/bin/env", *served.words)
    unit = (
        "[Unit]",
        f"Description=Model server of {_plain(target.name)}",
        "After=network-online.target",
        "[Service]",
        *(f"Environment={_unit_word(f'{key}={value}')}" for key, value in served.environment),
        f"ExecStart={' '.join(_unit_word(word) for word in program)}",
        "Restart=on-failure",
        "RestartSec=5",
        "[Install]",
        "WantedBy=multi-user.target",
    )
    return (
        "printf '%s\\n' \\",
        *(f"    {shell_word(line)} \\" for line in unit),
        f"    | sudo tee /etc/systemd/system/{name}.service > /dev/null",
        f"sudo systemctl daemon-reload && sudo systemctl enable --now {name}",
    )


def _unit_word(word: str) -> str:
    """One word of a systemd unit: its own escapes, no specifier and no variable of it (systemd.service(5))."""
    line = one_line(word, None).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    line = line.replace("<", "\\x3c").replace("](", "\\x5d(").replace("'", "\\x27").replace(";", "\\x3b")
    return line if _PLAIN_WORD.fullmatch(line) else f'"{line}"'


def _plain(text: str) -> str:
    """A name within a message of the shell or a unit's description: letters, digits and a few marks."""
    return _NOT_PLAIN.sub("_", one_line(text, None))[:80]


def _flags(settings: Mapping[str, Any]) -> tuple[str, ...]:
    named = (("threads", "--threads"), ("gpu_layers", "--n-gpu-layers"))
    known = [(flag, settings.get(name)) for name, flag in named]
    return tuple(word for flag, value in known if type(value) is int and value >= 0 for word in (flag, str(value)))


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
