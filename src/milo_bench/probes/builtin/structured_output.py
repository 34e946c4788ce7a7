"""Schemas in, whether answers keep to them out: honoured, honoured half, ignored, or refused honestly.

Each question asks for prose that fits no schema, so that only decoding under the schema can give
a fitting answer; a model that likes to write JSON proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import ProbeResult
from milo_bench.probes.base import PROBES, Probe, ProbeCase
from milo_bench.probes.context import ProbeContext


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


_LEVEL = {"type": "string", "enum": ["low", "normal", "high"]}
_FEATURES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "nested enum": (
        "Write one sentence about rain. No JSON.",
        _object({"claim": _object({"urgency": _LEVEL})}),
    ),
    "null union": (
        "Write one sentence about snow. No JSON.",
        _object(
            {"approved": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "level": {"type": ["integer", "null"]}}
        ),
    ),
    "required": (
        'Answer only with {"first": true}.',
        _object({name: {"type": "boolean"} for name in ("first", "second", "third", "fourth")}),
    ),
    "additionalProperties": (
        'Answer only with {"urgency": "low", "comment": "none", "score": 3}.',
        _object({"urgency": _LEVEL}),
    ),
    "date": (
        "Write one sentence about the third of March. No JSON.",
        _object({"received_date": {"type": "string", "format": "date"}}),
    ),
}


class StructuredOutput(Probe):
    name = "structured_output"
    title = "A response_format with a JSON schema is applied"
    severity = "major"
    order = 120

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        cases, evidence = [], {}
        for name, (question, schema) in _FEATURES.items():
            request = ChatRequest((), max_tokens=160, json_schema=schema)
            exchange = await ctx.ask(question, request=request)
            case = _case(name, exchange, schema)
            cases.append(case)
            evidence[name] = {"finish_reason": exchange.finish_reason, "answer_characters": len(exchange.text)}
        refused = [case for case in cases if case.said.startswith("refused")]
        if len(refused) == len(cases):
            finding = f"The server refuses a JSON schema with an error: {refused[0].said}"
            return self.fails(ctx, finding, {"cases": {case.name: case.said for case in cases}}, "minor")
        failed = [case for case in cases if case.outcome == "fail"]
        if failed:
            ignored = len(failed) == len(cases)
            extent = (
                "ignored" if ignored else f"only partly applied ({len(cases) - len(failed)} of {len(cases)} features)"
            )
            finding = f"The JSON schema is {extent}: {'; '.join(f'{case.name}: {case.said}' for case in failed)}."
            kept = {case.name: {"outcome": case.outcome, "said": case.said} for case in cases}
            return self.fails(ctx, finding, {"features": evidence, "cases": kept})
        good = f"Answers follow the schema in all {len(cases)} features: {', '.join(_FEATURES)}."
        return self.judge(ctx, cases, good=good, evidence={"features": evidence})


def _case(name: str, exchange: Exchange, schema: dict[str, Any]) -> ProbeCase:
    failure = exchange.failure
    if failure is not None:
        refused = failure.http_status is not None and 400 <= failure.http_status < 500
        if refused:
            return ProbeCase(name, "fail", f"refused with HTTP {failure.http_status}")
        return ProbeCase(name, "undecided", f"no answer: {failure.kind}")
    try:
        value = json.loads(exchange.text)
    except ValueError:
        if exchange.finish_reason == "length" and exchange.text.lstrip().startswith("{"):
            return ProbeCase(name, "undecided", "the JSON did not end within 160 tokens")
        return ProbeCase(name, "fail", "the answer is not JSON")
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    problem = next(iter(validator.iter_errors(value)), None)
    if problem is None:
        return ProbeCase(name, "pass", "kept")
    where = "/".join(str(part) for part in problem.instance_path) or "the top"
    return ProbeCase(name, "fail", f"the JSON breaks the schema at {where}")


PROBES.add(StructuredOutput.name, StructuredOutput())
