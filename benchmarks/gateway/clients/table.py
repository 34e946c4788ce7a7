"""A Python with the clients in, each client's claims against one running gateway out."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.gateway.faults.process import gateway_process
from benchmarks.gateway.faults.scripted import GOOD, Call, ScriptedUpstream

# Script, distribution, the module that it needs, and whether it is a program of the system instead.
CLIENTS: Final = (
    ("openai_sdk", "openai", "openai"),
    ("llm_cli", "llm", "llm"),
    ("litellm_sdk", "litellm", "litellm"),
    ("langchain_chat", "langchain-openai", "langchain_openai"),
    ("agents_pydantic", "pydantic-ai-slim", "pydantic_ai"),
    ("agents_openai", "openai-agents", "agents"),
    ("curl", "curl", ""),
)
_TABLE: Final[dict[str, Any]] = {
    "targets": {"local": {"model": "m"}, "cut": {"model": "m"}},
    "rules": [
        {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"},
        {"id": "drafts", "when": {"workload": "drafting"}, "route": "local", "target": "local",
         "guardrails": ["banned_commitments"]},
        {"id": "cut", "when": {"workload": "cut"}, "route": "local", "target": "cut"},
        {"id": "people", "when": {"workload": "people"}, "route": "human_review"},
        {"id": "closed", "when": {"workload": "closed"}, "route": "refuse", "why": "the workload is closed"},
    ],
    "default": {"route": "refuse"},
}  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """One client: its version, and its claims that held and did not. ``missing`` says why it was not tried."""

    name: str
    version: str = ""
    held: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    missing: str = ""

    @property
    def ok(self) -> bool:
        return not self.failed and bool(self.held or self.missing)

    def lines(self) -> Iterator[str]:
        said = self.missing or f"{len(self.held)} of {len(self.held) + len(self.failed)}: {', '.join(self.held)}"
        yield f"  {self.name:<17} {self.version:<9} {said}"
        for one in self.failed:
            yield f"  {'':<17} {'':<9} FAILED {one}"


async def talk(call: Call) -> None:
    """A model that calls a tool if it has one, keeps to a schema if it is given one, and else says a sentence."""
    fields = call.fields
    asked = fields.get("messages", [])
    if fields.get("tools") and not any(message.get("role") == "tool" for message in asked):
        name = fields["tools"][0]["function"]["name"]
        function = {"name": name, "arguments": '{"order": "MX-1"}'}
        tool = {"id": "call_1", "type": "function", "function": function}
        if not call.stream:
            message = {"role": "assistant", "content": None, "tool_calls": [tool]}
            choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
            call.reply({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice],
                        "usage": {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14}})  # fmt: skip
            return
        call.start_stream()
        call.event(
            {"role": "assistant", "tool_calls": [{"index": 0, **tool, "function": {**function, "arguments": ""}}]}
        )
        for at in range(0, len(function["arguments"]), 4):
            call.event({"tool_calls": [{"index": 0, "function": {"arguments": function["arguments"][at : at + 4]}}]})
        call.event({}, finish_reason="tool_calls")
        call.end_stream()
        return
    text = GOOD
    if fields.get("tools"):
        text = "It is in Lyon."
    elif (fields.get("response_format") or {}).get("type") == "json_schema":
        text = '{"order": "MX-1"}'
    call.answer(text)


async def break_off(call: Call) -> None:
    call.start_stream()
    call.event({"role": "assistant", "content": "Dear "})
    await asyncio.sleep(0.05)
    call.server.transport.close()


async def tried_clients(folder: Path, python: str) -> list[Tried]:
    """Every client that ``python`` has, and curl."""
    upstream = ScriptedUpstream()
    await upstream.start()
    upstream.broken = {"local": talk}
    targets = {name: {"api": "openai", "model": "m", "base_url": upstream.url(name)} for name in ("local", "cut")}
    try:
        async with gateway_process(folder, _TABLE, {"targets": targets}) as gateway:
            upstream.broken["cut"] = break_off
            base = f"http://127.0.0.1:{gateway.port}/v1"
            return [await asyncio.to_thread(_tried, python, base, *client) for client in CLIENTS]
    finally:
        upstream.close()


def _tried(python: str, base: str, script: str, name: str, module: str) -> Tried:
    if module:
        version = _version(python, name, module)
        if not version:
            return Tried(name, missing="not installed, not tried. hint: make clients")
    else:
        python = sys.executable
        done = subprocess.run([name, "--version"], capture_output=True, text=True, check=False)
        version = done.stdout.split(" ")[1]
    path = Path(__file__).with_name(f"{script}.py")
    env = {
        **os.environ,
        "OPENAI_API_KEY": "none",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run([python, path, base], capture_output=True, text=True, check=False, env=env, timeout=240)
    lines = done.stdout.splitlines()
    failed = [line.removeprefix("failed ") for line in lines if line.startswith("failed ")]
    if done.returncode:
        failed.append(f"it ended with {done.returncode}: {' '.join(done.stderr.split()[-30:])}")
    return Tried(name, version, tuple(line[3:] for line in lines if line.startswith("ok ")), tuple(failed))


def _version(python: str, name: str, module: str) -> str:
    code = (
        "import importlib.util, importlib.metadata, json, sys\n"
        "found = importlib.util.find_spec(sys.argv[2])\n"
        "print(json.dumps(importlib.metadata.version(sys.argv[1]) if found else ''))"
    )
    done = subprocess.run([python, "-c", code, name, module], capture_output=True, text=True, check=False)
    return str(json.loads(done.stdout)) if done.returncode == 0 else ""
