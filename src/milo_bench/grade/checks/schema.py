"""Passes if the JSON answer follows the workload's schema. Lists every violation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any, Final

import jsonschema_rs
import msgspec

from milo_bench.config.json_schema import SchemaSteps, usable_schema
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Verdict, Workload
from milo_bench.core.text import shorten
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.json_places import find_value
from milo_bench.grade.per_workload import PerWorkload

_LISTED: Final = 20  # errors written out; the rest is counted
_encode = msgspec.json.Encoder().encode


class SchemaParams(Params, frozen=True):
    """``formats``: whether ``format: date`` and its like are held; off, because dates are normalised later."""

    formats: bool = False


class Schema:
    name = "schema"
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, SchemaParams)
        if workload.json_schema is None:
            message = f"The check '{self.name}' needs a schema, but workload '{workload.name}' has none."
            raise ConfigError(message, hint="add the schema file under 'schema:' of the workload in suite.yaml.")
        try:
            usable_schema(workload.json_schema)
            jsonschema_rs.validator_for(workload.json_schema, offline=True)
        except (jsonschema_rs.ValidationError, ValueError) as error:
            message = f"The schema of workload '{workload.name}' is not a JSON Schema: {str(error)[:300]}"
            raise ConfigError(message, hint="correct the file named under 'schema:' in suite.yaml.") from None

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        answer = case.json
        if not answer.usable:
            return [Verdict(self.name, self.version, "fail", "malformed_json", f"no JSON to check: {answer.problem}")]
        formats = read_params(self.name, params, SchemaParams).formats if params else False
        validator, steps = _validators(case.workload)(formats)
        if steps.too_many(len(case.output), answer.value):
            why = "the schema would take too many steps on an answer of this depth and size"
            return [Verdict(self.name, self.version, "unjudged", reason=why)]
        if validator.is_valid(answer.value):
            return [Verdict(self.name, self.version, "pass", reason="the answer follows the schema")]
        if steps.too_many_to_list(len(case.output)):
            reason = f"the answer of {len(case.output):,} characters does not follow the schema"
            return [Verdict(self.name, self.version, "fail", "schema_violation", reason)]
        errors = list(validator.iter_errors(answer.value))
        lines = [f"{_path(error.instance_path)}: {shorten(error.message, 200)}" for error in errors[:_LISTED]]
        if len(errors) > _LISTED:
            lines.append(f"and {len(errors) - _LISTED} more")
        spans = [
            span
            for error in errors[:_LISTED]
            if error.instance_path
            and (span := find_value(case.output, str(error.instance_path[0]), label=_path(error.instance_path)))
        ]
        reason = "; ".join(lines)
        return [Verdict(self.name, self.version, "fail", "schema_violation", reason, spans=tuple(spans))]


@PerWorkload
def _validators(workload: Workload) -> Callable[[bool], Any]:
    """The validator of the workload's schema, by whether formats are held."""
    return partial(_validator, _encode(workload.json_schema))


@lru_cache(maxsize=64)
def _validator(schema: bytes, formats: bool) -> tuple[Any, SchemaSteps]:
    written = msgspec.json.decode(schema)
    return jsonschema_rs.validator_for(written, validate_formats=formats, offline=True), usable_schema(written)


def _path(parts: Iterable[str | int]) -> str:
    """``$.source_spans.received_date``, ``$[2]``."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


CHECKS.add(Schema.name, Schema())
