"""A server that lets a client ask for it is kept from answering out of its cache of prompts."""

from __future__ import annotations

import msgspec
import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.targets.apis.openai import OpenAiTarget
from milo_bench.targets.opening import open_target

REQUEST = ChatRequest(messages=(Message("user", "hello"),))


def target(*, cold: bool, **settings: object) -> OpenAiTarget:
    config = TargetConfig(
        name="a", api="openai", model="m", base_url="http://127.0.0.1:1/v1", settings={"extra_body": settings}
    )
    found = open_target(config, {}, cold=cold)
    assert isinstance(found, OpenAiTarget)
    return found


def served_by(found: OpenAiTarget, runtime: str) -> dict[str, object]:
    found._record = msgspec.structs.replace(found._record, runtime=runtime, cache=found._cache_of(runtime))
    return found.payload(REQUEST)


@pytest.mark.parametrize(("runtime", "key"), [("llama.cpp", "cache_prompt"), ("vLLM", "cache_salt")])
def test_a_cold_target_asks_for_no_cache_and_any_other_does_not(runtime: str, key: str) -> None:
    assert key in served_by(target(cold=True), runtime)
    assert key not in served_by(target(cold=False), runtime)
    assert key not in served_by(target(cold=True), "SGLang")


def test_each_request_to_vllm_has_a_salt_of_its_own() -> None:
    found = target(cold=True)
    assert served_by(found, "vLLM")["cache_salt"] != found.payload(REQUEST)["cache_salt"]


def test_what_bench_yaml_says_of_the_cache_is_sent_as_it_is() -> None:
    found = target(cold=True, cache_prompt=True)
    assert served_by(found, "llama.cpp")["cache_prompt"] is True
    assert found.record.cache == ""
