"""Judged attempts of one target and workload in, the aggregate and the instance records of Every Eval Ever out.

The schema is that of evaluated results shared between tools (version 0.3.0, every_eval_ever/schemas of
evaleval/every_eval_ever). What it has no place for, and an import needs for the same log again, is one text under
``metadata.milo_bench``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from milo_bench.core.files import writing
from milo_bench.core.hashing import sha256_bytes, sha256_text
from milo_bench.core.records import Measure, RunHeader, TargetRecord
from milo_bench.report.files.inspect_log import InspectSample, own_fields

SCHEMA: Final = "0.3.0"


@dataclass(frozen=True)
class EveryEvalPaths:
    """The two files of one record."""

    aggregate: Path
    samples: Path


def write_every_eval(
    folder: Path,
    header: RunHeader,
    target: TargetRecord,
    workload: str,
    samples: Sequence[InspectSample],
    measure: Measure | None,
) -> EveryEvalPaths:
    """Write the records of one (target, workload) below ``folder``; ``measure`` is its pass rate.

    Raises PrerequisiteError where they cannot be written.
    """
    name = _identity(f"{header.run_id}/{target.name}/{workload}")
    developer, _, model = (target.model or target.name).rpartition("/")
    place = Path("data") / _plain(header.suite.name) / _plain(developer or "unknown") / _plain(model)
    evaluation = f"{header.suite.name}/{_model_id(target)}/{_epoch(header)}"
    lines = [_instance(sample, header, target, workload, evaluation) for sample in samples]
    data = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode("utf-8", "replace")
    paths = EveryEvalPaths(folder / place / f"{name}.json", folder / place / f"{name}_samples.jsonl")
    aggregate = _aggregate(header, target, workload, evaluation, measure, len(samples))
    aggregate["detailed_evaluation_results"] = {
        "format": "jsonl",
        "file_path": (place / f"{name}_samples.jsonl").as_posix(),
        "hash_algorithm": "sha256",
        "checksum": sha256_bytes(data),
        "total_rows": len(lines),
    }
    with writing(paths.samples) as file:
        file.write(data)
    with writing(paths.aggregate) as file:
        file.write(json.dumps(aggregate, ensure_ascii=False, indent=2).encode("utf-8", "replace"))
    return paths


def _identity(text: str) -> str:
    """A UUID of version 4's form that follows from ``text``, so that the same log gives the same files."""
    digest = sha256_text(text)
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _plain(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text).strip(".") or "unknown"


def _model_id(target: TargetRecord) -> str:
    return target.model if "/" in target.model else f"unknown/{target.model or target.name}"


def _epoch(header: RunHeader) -> str:
    return str(int(datetime.fromisoformat(header.created_at).timestamp()))


def _result_id(header: RunHeader, workload: str) -> str:
    return f"{header.suite.name}.{workload}.pass_rate"


def _aggregate(
    header: RunHeader, target: TargetRecord, workload: str, evaluation: str, measure: Measure | None, count: int
) -> dict[str, Any]:
    score: dict[str, Any] = {"score": measure.value if measure is not None and measure.value is not None else 0.0}
    interval = None if measure is None else measure.interval
    if interval is not None and interval.low is not None and interval.high is not None:
        score["uncertainty"] = {
            "confidence_interval": {
                "lower": interval.low,
                "upper": interval.high,
                "confidence_level": interval.confidence,
                "method": interval.method,
            },
            "num_samples": count,
        }
    details = {"suite_hash": header.suite.hash, "run_id": header.run_id}
    model: dict[str, Any] = {
        "name": target.model or target.name,
        "id": _model_id(target),
        "additional_details": {
            "deployment_type": "externally_managed" if target.hosted else "unknown",
            "model_availability": "open_weights" if target.model_digest else "unknown",
            "target": target.name,
            "quantisation": target.quantisation,
        },
    }
    if target.runtime:
        model["inference_engine"] = {"name": target.runtime, "version": target.runtime_version or "unknown"}
    return {
        "schema_version": SCHEMA,
        "evaluation_id": evaluation,
        "evaluation_timestamp": header.created_at,
        "retrieved_timestamp": _epoch(header),
        "source_metadata": {
            "source_name": "milo-bench run log",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": "milo-bench", "version": header.tool_version},
        "model_info": model,
        "evaluation_results": [
            {
                "evaluation_result_id": _result_id(header, workload),
                "evaluation_name": f"{header.suite.name}.{workload}",
                "source_data": {
                    "dataset_name": header.suite.name,
                    "source_type": "other",
                    "additional_details": details,
                },
                "metric_config": {
                    "evaluation_description": "attempts that pass every check, failed attempts included",
                    "metric_id": "pass_rate",
                    "metric_kind": "pass_rate",
                    "metric_unit": "proportion",
                    "lower_is_better": False,
                    "score_type": "continuous",
                    "min_score": 0.0,
                    "max_score": 1.0,
                },
                "score_details": score,
            }
        ],
    }


def _instance(
    sample: InspectSample, header: RunHeader, target: TargetRecord, workload: str, evaluation: str
) -> dict[str, Any]:
    attempt, graded, fixture = sample.attempt, sample.graded, sample.fixture
    prompt = "\n\n".join(message.content for message in sample.prompt)
    reference = [json.dumps(fixture.expect, ensure_ascii=False)] if fixture.expect else []
    raw = json.dumps(fixture.input, ensure_ascii=False)
    own = own_fields(attempt, fixture) | ({"unjudged": True} if graded.unjudged else {})
    written: dict[str, Any] = {
        "schema_version": SCHEMA,
        "evaluation_id": evaluation,
        "model_id": _model_id(target),
        "evaluation_name": f"{header.suite.name}.{workload}",
        "evaluation_result_id": _result_id(header, workload),
        "sample_id": fixture.id,
        "sample_hash": sha256_text(raw + "".join(reference)),
        "interaction_type": "single_turn",
        "input": {"raw": raw, "formatted": prompt or None, "reference": reference},
        "output": {"raw": [attempt.output]},
        "messages": None,
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": attempt.output[:200],
                "extraction_method": ", ".join(dict.fromkeys(verdict.check for verdict in graded.verdicts)) or "none",
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": 1.0 if graded.passed else 0.0, "is_correct": graded.passed is True},
        "error": None if attempt.failure is None else attempt.failure.message or attempt.failure.kind,
        "metadata": {"milo_bench": json.dumps(own, ensure_ascii=False), "tags": ", ".join(fixture.tags)},
    }
    if attempt.reasoning:
        written["output"]["reasoning_trace"] = [attempt.reasoning]
    usage, latency_s = attempt.usage, _latency_s(sample)
    if usage.prompt_tokens is not None and usage.completion_tokens is not None:
        written["token_usage"] = {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            "input_tokens_cache_read": usage.cached_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
        }
    if latency_s is not None:
        written["performance"] = {"latency_ms": latency_s * 1e3}
    return written


def _latency_s(sample: InspectSample) -> float | None:
    attempt = sample.attempt
    if attempt.source is not None:
        return attempt.source.times_s.get("latency_s")
    if attempt.failure is not None or attempt.bypass:
        return None
    return attempt.timings.latency_s
