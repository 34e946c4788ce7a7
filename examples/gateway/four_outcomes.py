"""The sample's gateway, asked with the openai SDK: a claim that is answered, one that is cut, queued and refused.

    python examples/gateway/four_outcomes.py http://127.0.0.1:8700/v1

See docs/how-to/gateway-sample.md. It needs the packages milo-bench and openai.
"""

from __future__ import annotations

import contextlib
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import openai

from milo_bench.suites.load import load_suite

CLAIMS = load_suite("claims_v1").fixtures


def inputs(workload: str) -> Iterator[dict[str, Any]]:
    return (fixture.input for fixture in CLAIMS if fixture.workload == workload)


class Sample:
    """A client of the gateway; each method asks for one outcome and says what came."""

    def __init__(self, address: str) -> None:
        self._client = openai.OpenAI(base_url=address, api_key="none", max_retries=0)

    def answered(self) -> str:
        """A packet for triage: a local model may answer it."""
        raw = self._ask("packet_summary", next(inputs("packet_summary")), use="triage")
        text = raw.parse().choices[0].message.content or ""
        return f"{_who(raw)}, {len(text.split())} words"

    def cut(self) -> str:
        """Previews of handoff notes, until one has a sentence that names no line of the packet."""
        for packet in inputs("handoff"):
            raw = self._ask("handoff", packet, use="preview")
            if "X-Milo-Removed" in raw.headers:
                removed = raw.parse().model_extra["milo"]["removed"]
                return f"{_who(raw)}, without {removed}"
        raise LookupError("no preview had a sentence to cut")

    def queued(self) -> str:
        """Notes, until a keyword or the model's own label sends one to a person."""
        for note in inputs("escalation"):
            raw = self._ask("escalation", note)
            if raw.http_response.status_code == 202:
                work = raw.parse().model_extra["milo"]
                return f"rule {raw.headers['X-Milo-Rule']}, place {work['place']}, fetched at {work['fetch']}"
        raise LookupError("no note was queued")

    def refused(self) -> str:
        """A packet under legal hold: the policy refuses it."""
        try:
            self._ask("packet_summary", next(inputs("packet_summary")), use="triage", tags=["legal_hold"])
        except openai.UnprocessableEntityError as error:
            return error.message
        raise LookupError("the packet was not refused")

    def _ask(self, workload: str, case: dict[str, Any], **milo: Any) -> Any:
        return self._client.chat.completions.with_raw_response.create(
            model=f"milo/{workload}", messages=[], extra_body={"milo": {"input": case, **milo}}
        )


def _who(raw: Any) -> str:
    return f"rule {raw.headers['X-Milo-Rule']}, by {raw.headers['X-Milo-Target']}"


def wait_until_ready(address: str, seconds: float = 60.0) -> None:
    """The gateway asks each model for a token before it is ready, so its first seconds are no time to ask."""
    root = address.removesuffix("/v1")
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{root}/health/ready", timeout=5).close()  # noqa: S310  an error unless it is 200
            return
        time.sleep(0.2)
    sys.exit(f"The gateway at {root} is not ready after {seconds:.0f} s. hint: is it running? It says why it is not.")


def main(address: str) -> None:
    wait_until_ready(address)
    sample = Sample(address)
    outcomes: dict[str, Callable[[], str]] = {
        "answered": sample.answered, "cut": sample.cut, "queued": sample.queued, "refused": sample.refused,
    }  # fmt: skip
    for name, ask in outcomes.items():
        print(f"{name:<9} {ask()}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
