"""``llm_cli.py BASE_URL``: the command ``llm``; claims on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from claims import check

BASE = sys.argv[1]
FOLDER = Path(tempfile.mkdtemp())
(FOLDER / "extra-openai-models.yaml").write_text(
    "".join(
        f"- model_id: {name}\n  model_name: milo/{name}\n  api_base: {BASE}\n  supports_schema: true\n"
        "  supports_tools: true\n"
        for name in ("notes", "closed")
    )
)
PROGRAM = str(Path(sys.executable).with_name("llm"))


def llm(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "LLM_USER_PATH": str(FOLDER), "OPENAI_API_KEY": "none"}
    return subprocess.run([PROGRAM, *arguments], env=env, capture_output=True, text=True, check=False)


def streamed() -> bool:
    return "thank you" in llm("-m", "notes", "hello").stdout


def whole() -> bool:
    return "thank you" in llm("-m", "notes", "--no-stream", "hello").stdout


def structured() -> bool:
    schema = json.dumps({"type": "object", "properties": {"order": {"type": "string"}}})
    return bool(json.loads(llm("-m", "notes", "--schema", schema, "hello").stdout) == {"order": "MX-1"})


def tools() -> bool:
    code = "def look_up(order: str) -> str:\n    'Look up an order.'\n    return 'It is in Lyon.'\n"
    return "Lyon" in llm("-m", "notes", "--functions", code, "Where is MX-1? Use the tool.").stdout


def refused() -> bool:
    done = llm("-m", "closed", "hello")
    return done.returncode != 0 and "hint:" in done.stderr


check({"stream": streamed, "whole": whole, "schema": structured, "tools": tools, "refused": refused})
