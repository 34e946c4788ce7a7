"""Servers that answer are told with their windows, who can reach them, and whether they ask for a key."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from milo_bench.api.inventorying import fetch_without_key
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.core.hiding import HIDDEN
from milo_bench.inventory.reading import Reader
from milo_bench.inventory.records import Processes
from milo_bench.inventory.runtimes.endpoints import (
    EndpointAnswer,
    ListedServer,
    check_key_needed,
    look_at,
    read_endpoint,
)
from milo_bench.inventory.runtimes.listeners import (
    is_loopback,
    listening_sockets,
    parse_proc_net,
    read_listeners,
    server_sockets,
)
from milo_bench.inventory.runtimes.processes import read_processes

SECRET = "do-not-show-4711"

# Behaves as llama-server with --api-key does: models are listed to everybody, /props is not.
SERVER = """
import http.server, json, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/v1/models":
            return self.say(200, {"data": [{"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}}]})
        if self.path == "/props" and "--api-key" not in sys.argv:
            return self.say(200, {"build_info": "b4567-a1b2c3d", "total_slots": 4,
                                  "default_generation_settings": {"n_ctx": 4096}})
        return self.say(401 if self.path == "/props" else 404, {"error": {"code": 401}})

    def say(self, status, data):
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer((sys.argv[1], 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


class Server:
    def __init__(self, folder: Path, *arguments: str) -> None:
        script = folder / "llama-server"
        script.write_text(SERVER)
        env = {**os.environ, "LLAMA_ARG_THREADS": "2", "LLAMA_API_KEY": SECRET}
        command = [sys.executable, str(script), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.root = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, "0.0.0.0", "--api-key", SECRET)
    yield server
    server.stop()


@pytest.fixture
def open_(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, "127.0.0.1")
    yield server
    server.stop()


def seen(server: Server) -> Processes:
    return read_processes([psutil.Process(server.process.pid)])


def test_a_server_process_is_told_with_its_start_command_and_no_secret(closed: Server) -> None:
    (process,) = seen(closed).servers
    assert process.runtime == "llama.cpp"
    assert process.argv[-3:] == ("0.0.0.0", "--api-key", HIDDEN)
    assert process.environment["LLAMA_ARG_THREADS"] == "2"
    assert process.environment["LLAMA_API_KEY"] == HIDDEN
    assert SECRET not in str(process)


async def test_a_listing_open_to_all_is_no_proof_that_no_key_is_needed(closed: Server) -> None:
    answer = await check_key_needed(closed.root, fetch_without_key)
    assert (answer.needed, answer.reason) == ("required", "GET /props without a key: 401")
    sockets, why = listening_sockets(Reader())
    processes = seen(closed)
    own = server_sockets(sockets, processes)
    (listener,) = read_listeners(own, why, processes, (), {closed.port: answer}).ports
    assert (listener.port, listener.beyond_loopback, listener.key) == (closed.port, True, "required")


async def test_an_open_llama_server_tells_version_slots_and_window(open_: Server) -> None:
    found = await look_at(open_.root, fetch_without_key)
    assert found is not None
    endpoint = await read_endpoint(found, fetch_without_key)
    assert (endpoint.kind, endpoint.version, endpoint.slots) == ("llama-server", "b4567-a1b2c3d", 4)
    (model,) = endpoint.models
    assert (model.name, model.context_window, model.trained_context) == ("m", 4096, 131072)
    assert (await check_key_needed(open_.root, fetch_without_key)).needed == "not required"
    sockets, why = listening_sockets(Reader())
    (listener,) = read_listeners(server_sockets(sockets, seen(open_)), why, seen(open_), (), {}).ports
    assert not listener.beyond_loopback and listener.key == "unknown"


async def test_a_dead_address_is_unknown_and_not_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        root = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert await look_at(root, fetch_without_key) is None
        assert (await check_key_needed(root, fetch_without_key)).needed == "unknown"
        endpoint = await read_endpoint(ListedServer("vLLM", "openai", root, f"{root}/v1"), fetch_without_key)
    assert endpoint.models == ()
    assert endpoint.unknown["models"] == "GET /v1/models: no answer"


def served(answers: dict[str, object]) -> object:
    async def fetch(root: str, method: str, path: str, body: bytes) -> EndpointAnswer:
        await asyncio.sleep(0)
        return EndpointAnswer(200, answers[path]) if path in answers else EndpointAnswer(404)

    return fetch


async def test_ollama_tells_digest_and_the_window_of_what_is_loaded() -> None:
    digest = "ab" * 32
    fetch = served(
        {
            "/api/version": {"version": "0.5.1"},
            "/api/tags": {"models": [{"name": "q:14b", "digest": digest, "details": {"quantization_level": "Q4_K_M"}}]},
            "/api/ps": {"models": [{"name": "q:14b", "context_length": 8192}]},
            "/api/show": {"model_info": {"general.architecture": "qwen2", "qwen2.context_length": 32768}},
        }
    )
    endpoint = await read_endpoint(ListedServer("Ollama", "ollama", "http://x", "http://x"), fetch)  # type: ignore[arg-type]
    (model,) = endpoint.models
    assert (model.context_window, model.trained_context, model.loaded) == (8192, 32768, True)
    assert (model.digest, model.quantisation, endpoint.version) == (f"sha256:{digest}", "Q4_K_M", "0.5.1")


async def test_an_unloaded_ollama_model_has_the_window_of_its_parameters_or_none() -> None:
    answers: dict[str, object] = {
        "/api/tags": {"models": [{"name": "a"}]},
        "/api/ps": {"models": []},
        "/api/show": {"parameters": "stop  x\nnum_ctx    16384\n"},
    }
    found = ListedServer("Ollama", "ollama", "http://x", "http://x")
    (model,) = (await read_endpoint(found, served(answers))).models  # type: ignore[arg-type]
    assert (model.context_window, model.loaded) == (16384, False)
    del answers["/api/show"]
    (model,) = (await read_endpoint(found, served(answers))).models  # type: ignore[arg-type]
    assert model.context_window is None and "OLLAMA_CONTEXT_LENGTH" in model.unknown


async def test_vllm_and_lm_studio_are_known_by_what_they_say() -> None:
    vllm = served(
        {
            "/v1/models": {"data": [{"id": "m", "owned_by": "vllm", "max_model_len": 16384}]},
            "/version": {"version": "0.6.1"},
        }
    )
    endpoint = await read_endpoint(ListedServer("x", "openai", "http://x", "http://x/v1"), vllm)  # type: ignore[arg-type]
    assert (endpoint.kind, endpoint.version, endpoint.models[0].context_window) == ("vLLM", "0.6.1", 16384)
    row = {"id": "m", "state": "loaded", "loaded_context_length": 4096, "max_context_length": 131072, "arch": "llama"}
    studio = served({"/v1/models": {"data": [{"id": "m"}]}, "/api/v0/models": {"data": [row]}})
    endpoint = await read_endpoint(ListedServer("x", "openai", "http://x", "http://x/v1"), studio)  # type: ignore[arg-type]
    assert (endpoint.kind, endpoint.models[0].context_window, endpoint.models[0].loaded) == ("LM Studio", 4096, True)
    assert endpoint.unknown["version"] == "the server does not report it"


@pytest.mark.parametrize(
    "data", [[], "x", {"data": 5}, {"data": [1, {"id": "\x1b[2J" * 200}]}, {"data": [{"meta": []}]}]
)
async def test_an_answer_that_is_not_as_expected_breaks_nothing(data: object) -> None:
    fetch = served(dict.fromkeys(("/v1/models", "/props", "/version", "/api/v0/models", "/api/tags", "/api/ps"), data))
    for api in ("openai", "ollama"):
        endpoint = await read_endpoint(ListedServer("x", api, "http://x", "http://x"), fetch)  # type: ignore[arg-type]
        assert all(model.name.isprintable() and len(model.name) <= 300 for model in endpoint.models)


def test_the_kernels_own_table_gives_the_same_sockets_as_psutil() -> None:
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("the kernel has no /proc/net/tcp here")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        found = {(item.address, item.port) for item in parse_proc_net(table.read_text(), wide=False)}
    assert ("127.0.0.1", port) in found


def test_loopback_is_told_from_every_interface() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.4", "::ffff:10.0.0.1", "nonsense")))


def test_the_command_finds_a_server_on_a_port_of_its_own_and_says_that_others_reach_it(
    closed: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert run_command(milo_bench, "milo-bench", ["inventory", "--json"]) == 0
    out = capsys.readouterr().out
    document = json.loads(out)
    (server,) = [item for item in document["endpoints"]["servers"] if item["base_url"] == f"{closed.root}/v1"]
    assert (server["kind"], server["models"][0]["trained_context"]) == ("llama-server", 131072)
    (listener,) = [item for item in document["listeners"]["ports"] if item["port"] == closed.port]
    assert (listener["beyond_loopback"], listener["key"]) == (True, "required")
    assert closed.process.pid in [item["pid"] for item in document["processes"]["servers"]]
    assert SECRET not in out
