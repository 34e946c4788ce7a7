"""``curl.py BASE_URL``: the command curl; claims on standard output."""

from __future__ import annotations

import json
import subprocess
import sys

from claims import check

BASE = sys.argv[1]


def curl(body: str, *more: str, path: str = "/chat/completions") -> str:
    command = ["curl", "-sS", "-i", "-N", f"{BASE}{path}", "-H", "Content-Type: application/json", *more, "-d", "@-"]
    return subprocess.run(command, input=body, capture_output=True, text=True, check=False).stdout


def body(workload: str = "notes", *, stream: bool = False, text: str = "hello") -> str:
    return json.dumps({"model": f"milo/{workload}", "stream": stream, "messages": [{"role": "user", "content": text}]})


def whole() -> bool:
    said = curl(body())
    return "HTTP/1.1 200" in said and "X-Milo-Rule: notes" in said and "thank you" in said


def stream() -> bool:
    said = curl(body(stream=True))
    return said.rstrip().endswith("data: [DONE]") and said.count("data: {") > 5


def large() -> bool:
    """Two megabytes: curl asks first with Expect: 100-continue."""
    return "HTTP/1.1 200" in curl(body(text="a" * 2_000_000), "-H", "Expect: 100-continue")


def http2_offer() -> bool:
    return "thank you" in curl(body(), "--http2")


def compressed_answer() -> bool:
    return "thank you" in curl(body(), "--compressed")


def refused() -> bool:
    said = curl(body("closed"))
    return "HTTP/1.1 422" in said and '"hint"' in said


def messages_api() -> bool:
    said = curl(body(), "-H", "anthropic-version: 2023-06-01", path="/messages")
    return "HTTP/1.1 404" in said and "/v1/chat/completions" in said


check({"whole": whole, "stream": stream, "2 MB with Expect": large, "offer of HTTP/2": http2_offer,
       "compressed": compressed_answer, "refused": refused, "Messages API refused": messages_api})  # fmt: skip
