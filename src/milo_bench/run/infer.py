"""Standard input and a prompt template in, one target's answer out; the rails decide first."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from milo_bench.config.settings import RunConfig, TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.errors import DataError, GateFailed, PrerequisiteError, TargetError, UsageError
from milo_bench.core.records import Timeouts, Workload
from milo_bench.core.records.contract import answer_schema
from milo_bench.run.event_loop import run_to_end
from milo_bench.run.parts.chunks import Chunked, ask_in_parts, chunked
from milo_bench.suites import find_prompt, render_prompt
from milo_bench.targets.opening import open_target

TIMELINE_SCHEMA = "milo-bench.timeline/1"


def infer(
    text: str,
    *,
    template: str,
    target: TargetConfig,
    env: Mapping[str, str],
    suite: str | None = None,
    variant: str = "",
    constrained: bool = False,
    allow_hosted: bool = False,
    limits: RunConfig | None = None,
) -> Exchange:
    """Ask ``target`` once with the prompt ``template`` filled from ``text``.

    A timeline as ``case-timeline`` prints it becomes ``prepared``; any other JSON object becomes
    ``input``; anything else is ``input.document``, or the one input that ``variant`` splits. ``variant`` is one of
    the template's workload: with ``chunks`` a long text is sent in parts and merged.

    Raises GateFailed for a timeline that goes to human review, UsageError for a hosted target without
    ``allow_hosted``, TargetError where no answer came.
    """
    if target.hosted and not allow_hosted:
        message = f"'{target.name}' is a hosted target, so this text would leave your network."
        raise UsageError(message, hint="add --allow-hosted to allow that.")
    workload = find_prompt(template, suite=suite, variant=variant)
    variables = _variables(text, workload)
    schema = answer_schema(workload) if constrained else None
    if constrained and schema is None:
        message = f"The template '{template}' has no answer schema and no list of labels to constrain decoding to."
        raise UsageError(message, hint="remove --constrained.")
    values = {"prepared": {}, "resources": workload.resources, **variables}
    work: ChatRequest | Chunked = chunked(workload, values, json_schema=schema) or ChatRequest(
        messages=_messages(workload, variables),
        max_tokens=workload.max_tokens,
        temperature=workload.temperature,
        stop=workload.stop,
        json_schema=schema,
    )
    exchange = run_to_end(_ask(work, target, env, limits or RunConfig()))
    if exchange.failure is not None:
        message = f"'{target.name}' did not answer: {exchange.failure.message}"
        raise TargetError(message, hint=f"check it with 'milo-bench targets' (failure: {exchange.failure.kind}).")
    return exchange


async def _ask(
    work: ChatRequest | Chunked, config: TargetConfig, env: Mapping[str, str], limits: RunConfig
) -> Exchange:
    target = open_target(config, env)
    timeouts = Timeouts(limits.connect_timeout_s, limits.first_token_timeout_s, limits.total_timeout_s)
    try:
        await target.start()
        zero_s = time.monotonic()

        async def ask(request: ChatRequest, first: bool) -> Exchange:
            intended_s = 0.0 if first else time.monotonic() - zero_s
            return await target.ask(request, timeouts=timeouts, zero_s=zero_s, intended_s=intended_s)

        return await (ask_in_parts(work, ask) if isinstance(work, Chunked) else ask(work, True))
    finally:
        await target.stop()


def _messages(workload: Workload, variables: Mapping[str, Any]) -> tuple[Message, ...]:
    try:
        return render_prompt(workload, variables)
    except DataError as error:
        given = ", ".join(f'"{name}": …' for name in variables["input"])
        whole = f"a JSON object with every input of the template: {{{given}, …}}" if given else "the whole timeline"
        hint = f"pipe {whole}."
        raise UsageError(f"Standard input does not match the template: {error.message}", hint=hint) from None


def _variables(text: str, workload: Workload) -> dict[str, Any]:
    if not text.strip():
        message = "Standard input is empty."
        raise UsageError(message, hint="pipe a document or a timeline into this command.")
    document: Any = None
    if text.lstrip().startswith("{"):
        try:
            document = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            message = f"Invalid JSON on standard input: {error}."
            raise DataError(message, hint="pipe the complete document.") from None
    if isinstance(document, dict) and document.get("schema") == TIMELINE_SCHEMA:
        if document.get("route") == "human_review":
            reasons = "; ".join(str(reason) for reason in document.get("reasons", ()))
            message = f"Case {document.get('case_id', '')} goes to human review: {reasons or 'no reason given'}."
            raise GateFailed(message, hint="correct the record first. Nothing was sent to a model.")
        return {"input": {}, "prepared": document}
    if workload.prepare and not isinstance(document, dict):
        message = f"The template '{workload.prompt_name}' needs a timeline, but standard input is plain text."
        raise PrerequisiteError(message, hint="pipe it from 'case-timeline build --case ID'.")
    name = workload.chunks.input if workload.chunks is not None else "document"
    return {"input": document if isinstance(document, dict) else {name: text}}
