"""The trivial suite as a task of Inspect, with a small model provider of its own.

``python -m benchmarks.inspect_peer eval|retry LOG_FOLDER CONNECTIONS`` with ``PEER_PORT`` and
``PEER_CASES`` in the environment; everything else at Inspect's defaults. Inspect's own OpenAI
provider needs the openai package; this one is lighter, so the figures are a lower bound.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
from inspect_ai import Task, eval, eval_retry, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, modelapi
from inspect_ai.scorer import match
from inspect_ai.solver import generate
from inspect_ai.tool import ToolChoice, ToolInfo

from benchmarks.bare_clients import quantile


@modelapi("reference")
class ReferenceApi(ModelAPI):
    """One POST a sample, read to its end."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        self._session: aiohttp.ClientSession | None = None

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        body = {"model": "reference", "messages": [{"role": "user", "content": input[-1].text}]}
        port = os.environ["PEER_PORT"]
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        async with self._session.post(url, json=body) as reply:
            data = await reply.json()
        return ModelOutput.from_content(self.model_name, data["choices"][0]["message"]["content"])

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


@task
def trivial() -> Task:
    cases = range(int(os.environ["PEER_CASES"]))
    samples = [Sample(input=f"case {number}: answer ok", target="ok", id=f"word-{number:05d}") for number in cases]
    return Task(dataset=MemoryDataset(samples), solver=generate(), scorer=match())


def main() -> None:
    what, folder, connections = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if what == "retry":
        (log,) = Path(folder).glob("*.eval")
        done = eval_retry(str(log), max_connections=connections, log_dir=folder, display="none")
    else:
        done = eval(
            f"{__file__}@trivial",
            model="reference/reference",
            max_connections=connections,
            log_dir=folder,
            display="none",
        )
    if any(log.status != "success" for log in done):
        sys.exit(f"inspect ended with {[log.status for log in done]}")
    samples = [sample for log in done for sample in log.samples or ()]
    times_s = [sample.output.time for sample in samples if sample.output.time is not None]
    print(json.dumps({"n": len(samples), "p95_s": quantile(times_s, 0.95) if times_s else None}))


if __name__ == "__main__":
    main()
