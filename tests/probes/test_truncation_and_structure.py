"""Cut prompts, schemas kept or ignored, and streams: caught where a server misbehaves so, passed where not."""

from __future__ import annotations

from typing import Any

import pytest

from milo_bench.probes.builtin.structured_output import _FEATURES
from milo_bench.targets.fake.script import Script
from milo_bench.targets.fake.server import start_fake
from tests.probes.conftest import RunProbe
from tests.probes.servers import Asked, pages, say, serving

FITTING = {
    "nested enum": '{"claim": {"urgency": "high"}}',
    "null union": '{"approved": null, "level": null}',
    "required": '{"first": true, "second": true, "third": false, "fourth": true}',
    "additionalProperties": '{"urgency": "low"}',
    "date": '{"received_date": "2024-03-03"}',
}


def answers(texts: dict[str, str]) -> dict[str, Any]:
    rules = [
        {"when": {"contains": _FEATURES[name][0]}, "reply": {"constrained_text": text}} for name, text in texts.items()
    ]
    return {"rules": rules}


async def test_a_prompt_cut_in_silence_is_a_failure(run_probe: RunProbe) -> None:
    async with start_fake({"context_window": 800, "overflow": "truncate", "reply": {"echo": True}}) as fake:
        result = await run_probe("truncation", fake.base_url, config={"context_window": 1600})
    assert result.outcome == "fail" and result.severity == "critical"
    assert "was cut to 800" in result.finding
    assert result.evidence["prompts"][-1]["counted_tokens"] == 800


async def test_an_honest_context_error_passes(run_probe: RunProbe) -> None:
    async with start_fake({"context_window": 800, "reply": {"text": "no codes"}}) as fake:
        result = await run_probe("truncation", fake.base_url, config={"context_window": 800})
    assert result.outcome == "pass", result.finding
    assert [row["http_status"] for row in result.evidence["prompts"]] == [None, None, 400, 400]


async def test_a_window_smaller_than_declared_is_a_failure(run_probe: RunProbe) -> None:
    async with start_fake({"context_window": 800}) as fake:
        result = await run_probe("truncation", fake.base_url, config={"context_window": 1600})
    assert result.outcome == "fail"
    assert "refused, although 1600 are declared" in result.finding


async def test_without_counts_and_without_echo_truncation_is_undecided(run_probe: RunProbe) -> None:
    async with start_fake({"context_window": 800, "overflow": "truncate", "reply": {"usage": "none"}}) as fake:
        result = await run_probe("truncation", fake.base_url, config={"context_window": 1600})
    assert result.outcome == "undecided"


async def test_without_a_declared_window_truncation_is_undecided(run_probe: RunProbe) -> None:
    async with start_fake({}) as fake:
        result = await run_probe("truncation", fake.base_url)
    assert result.outcome == "undecided" and "context_window" in result.finding


async def test_a_declared_window_that_no_prompt_can_pass_is_undecided_and_no_prompt_of_that_size_is_made(
    run_probe: RunProbe,
) -> None:
    async with start_fake({}) as fake:
        result = await run_probe("truncation", fake.base_url, config={"context_window": 2_000_000_000})
        assert max(len(request.body["messages"][-1]["content"]) for request in fake.requests) < 20_000
    assert result.outcome == "undecided"
    assert "The declared window of 2,000,000,000 tokens is too large to send a longer prompt" in result.finding


async def test_a_server_that_counts_what_it_then_cuts_is_found_by_markers(run_probe: RunProbe) -> None:
    async def handler(asked: Asked) -> None:
        if not pages(asked):
            words = asked.prompt.split()
            say(asked, " ".join(words[-700:]), prompt_tokens=len(words))

    async with serving(handler) as port:
        result = await run_probe("truncation", f"http://127.0.0.1:{port}/v1", config={"context_window": 800})
    assert result.outcome == "fail"
    assert "never reached the model" in result.finding


async def test_constant_token_counts_are_a_failure(run_probe: RunProbe) -> None:
    async with start_fake({"reply": {"usage": {"prompt_tokens": 7}}}) as fake:
        result = await run_probe("truncation", fake.base_url, config={"context_window": 1600})
    assert result.outcome == "fail" and "do not grow" in result.finding


async def test_a_schema_kept_in_every_feature_passes(run_probe: RunProbe) -> None:
    async with start_fake(answers(FITTING)) as fake:
        result = await run_probe("structured_output", fake.base_url)
    assert result.outcome == "pass", result.finding


async def test_a_schema_that_is_ignored_is_a_failure(run_probe: RunProbe) -> None:
    script = {"reply": {"text": "Rain falls."}, "rules": [{"fault": "ignore_response_format"}]}
    async with start_fake(script) as fake:
        result = await run_probe("structured_output", fake.base_url)
    assert result.outcome == "fail" and "is ignored" in result.finding


@pytest.mark.parametrize(
    ("feature", "text"),
    [
        ("nested enum", '{"claim": {"urgency": "urgent"}}'),
        ("null union", '{"approved": "unknown", "level": null}'),
        ("required", '{"first": true}'),
        ("additionalProperties", '{"urgency": "low", "score": 3}'),
        ("date", '{"received_date": "3 March"}'),
    ],
)
async def test_a_schema_kept_only_half_is_a_failure_that_names_the_feature(
    run_probe: RunProbe, feature: str, text: str
) -> None:
    async with start_fake(answers({**FITTING, feature: text})) as fake:
        result = await run_probe("structured_output", fake.base_url)
    assert result.outcome == "fail"
    assert "only partly applied (4 of 5 features)" in result.finding and feature in result.finding


async def test_a_refused_schema_is_an_honest_and_minor_failure(run_probe: RunProbe) -> None:
    fault = {"kind": "status", "status": 400, "message": "response_format is not supported"}
    rules = [{"when": {"contains": question}, "fault": fault} for question, _ in _FEATURES.values()]
    async with start_fake({"rules": rules}) as fake:
        result = await run_probe("structured_output", fake.base_url)
    assert result.outcome == "fail" and result.severity == "minor"


async def test_no_answer_leaves_structured_output_undecided(run_probe: RunProbe) -> None:
    rules = [
        {"when": {"contains": question}, "fault": {"kind": "status", "status": 500}}
        for question, _ in _FEATURES.values()
    ]
    async with start_fake({"rules": rules}) as fake:
        result = await run_probe("structured_output", fake.base_url)
    assert result.outcome == "undecided"


async def test_a_correct_stream_passes(run_probe: RunProbe) -> None:
    async with start_fake(Script.model_validate({"reply": {"text": "one two three four"}})) as fake:
        result = await run_probe("streaming", fake.base_url)
    assert result.outcome == "pass", result.finding
    assert result.evidence["role_only_first_chunk"] is True


@pytest.mark.parametrize(
    ("script", "said", "severity"),
    [
        ({"reply": {"text": "a b c", "usage": "none"}}, "usage", "minor"),
        ({"rules": [{"when": {"requests": [2]}, "fault": "missing_done"}]}, "[DONE]", "minor"),
        ({"rules": [{"when": {"requests": [2]}, "fault": "missing_finish"}]}, "0 finish reasons", "major"),
        ({"rules": [{"when": {"requests": [2]}, "fault": "wrong_content_type"}]}, "text/html", "major"),
        ({"rules": [{"when": {"requests": [2]}, "fault": "malformed_json"}]}, "not JSON objects", "major"),
        ({"rules": [{"when": {"requests": [2]}, "fault": "error_in_stream"}]}, "error object", "major"),
        ({"rules": [{"when": {"requests": [2]}, "fault": "reset_mid_stream"}]}, "broke", "major"),
        ({"reply": {"text": "a b c d", "tokens_per_chunk": 9}}, "nothing is streamed", "major"),
    ],
)
async def test_a_stream_that_breaks_the_api_is_a_failure(
    run_probe: RunProbe, script: dict[str, Any], said: str, severity: str
) -> None:
    script.setdefault("reply", {"text": "one two three four"})
    async with start_fake(script) as fake:
        result = await run_probe("streaming", fake.base_url)
    assert result.outcome == "fail" and said in result.finding
    assert result.severity == severity


async def test_ollama_is_probed_as_other_clients_call_it_too(run_probe: RunProbe) -> None:
    # Refuses with `truncate: false`, which only the bench sends; cuts silently otherwise, as Ollama does.
    script = {"context_window": 800, "overflow": "truncate", "reply": {"text": "no codes"}}
    async with start_fake(script) as fake:
        settings = {"api": "ollama", "base_url": fake.address, "context_window": 800}
        result = await run_probe("truncation", fake.address, config=settings)
    assert result.outcome == "fail" and "as most clients do, without truncate and shift" in result.finding
    assert [row["http_status"] for row in result.evidence["prompts"]][-2:] == [400, 400]
    cut = result.evidence["prompts_as_other_clients_send_them"]
    assert [row["counted_tokens"] for row in cut] == [800, 800]


async def test_a_target_that_is_called_as_clients_call_it_is_probed_once(run_probe: RunProbe) -> None:
    script = {"context_window": 800, "overflow": "truncate", "reply": {"text": "no codes"}}
    async with start_fake(script) as fake:
        settings = {
            "api": "ollama",
            "base_url": fake.address,
            "context_window": 800,
            "settings": {"as_client": True},
        }
        result = await run_probe("truncation", fake.address, config=settings)
    assert result.outcome == "fail" and "prompts_as_other_clients_send_them" not in result.evidence
