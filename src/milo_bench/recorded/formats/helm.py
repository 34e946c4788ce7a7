"""Scenario states of HELM in; one answer for each instance and trial out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from milo_bench.core.errors import DataError
from milo_bench.core.records import Usage
from milo_bench.recorded.answer import FORMATS, Account, GoldKind, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.values import count, failure_kind, find, listed, mapping, number, plain_verdict, text_of, times

_HINT: Final = "give the scenario_state.json of a run. The files beside it are read too."
_BESIDE: Final = frozenset(
    {"run_spec.json", "per_instance_stats.json", "scenario.json", "stats.json", "instances.json"}
)


def read_helm(files: Sequence[RecordFile], request: ReadRequest, account: Account) -> Iterator[RecordedAnswer]:
    """The requests of HELM runs, with the per-instance statistics beside them as its verdicts."""
    for file in files:
        if file.name in _BESIDE:
            continue
        data = file.json()
        states = find(data, "request_states")
        if not isinstance(states, list):
            raise DataError(f"{file.path} is not a scenario state of HELM.", hint=_HINT)
        spec = mapping(find(data, "adapter_spec"))
        name = text_of(find(file.sibling("run_spec.json"), "name")) or file.path.resolve().parent.name
        stats = _stats(file.sibling("per_instance_stats.json"))
        for place, state in enumerate(states, start=1):
            if isinstance(state, Mapping):
                yield _answer(state, place, file, spec, name, stats, request, account)


def _stats(written: Any) -> dict[tuple[str, int, str], dict[str, Any]]:
    """What HELM measured, by instance, trial and perturbation; counts of tokens and of references are no verdicts."""
    found: dict[tuple[str, int, str], dict[str, Any]] = {}
    for one in listed(written):
        if not isinstance(one, Mapping):
            continue
        key = (text_of(one.get("instance_id")), count(one.get("train_trial_index")) or 0, _perturbation(one))
        for stat in listed(one.get("stats")):
            title, mean = text_of(find(stat, "name.name")), number(find(stat, "mean"))
            if title and mean is not None:
                found.setdefault(key, {})[title] = mean
    return found


def _perturbation(data: Mapping[str, Any]) -> str:
    return text_of(find(data, "perturbation.name"))


def _answer(
    state: Mapping[str, Any],
    place: int,
    file: RecordFile,
    spec: Mapping[str, Any],
    name: str,
    stats: Mapping[tuple[str, int, str], dict[str, Any]],
    request: ReadRequest,
    account: Account,
) -> RecordedAnswer:
    where = f"{file.path} request {place}"
    instance = mapping(state.get("instance"))
    result = mapping(state.get("result"))
    trial = count(state.get("train_trial_index")) or 0
    perturbed = _perturbation(instance)
    id_ = text_of(instance.get("id")) or f"request-{place}"
    if state.get("reference_index") is not None:
        account.leave("requests that score one reference each", where, "use a generated or joint method.")
    figures = stats.get((id_, trial, perturbed), {})
    said = text_of(result.get("error"))
    failed = result.get("success") is False or not result
    lettered = mapping(state.get("output_mapping"))
    options = tuple(text_of(one) for one in lettered.values())
    correct = [
        text_of(find(one, "output.text"))
        for one in listed(instance.get("references"))
        if "correct" in listed(find(one, "tags"))
    ]
    gold: Any = None
    kind: GoldKind = ""
    if options:
        letters = [letter for letter, text in lettered.items() if text_of(text) in correct]
        gold, kind = (letters[0] if letters else None), "choice"
    elif correct:
        gold, kind = correct, "text"
    scenario = name.partition(":")[0].partition(",")[0]
    return RecordedAnswer(
        file=file.number,
        line=place,
        target=request.target or text_of(find(state, "request.model", "request.model_deployment") or spec.get("model")),
        output=text_of(find(result, "completions.0.text")),
        tool="helm",
        id="-".join(part for part in (scenario, id_, perturbed) if part),
        input={"prompt": text_of(find(state, "request.prompt")) or text_of(find(instance, "input.text"))},
        workload=scenario,
        repeat=trial,
        finish_reason=text_of(find(result, "completions.0.finish_reason.reason")),
        usage=Usage(
            prompt_tokens=count(figures.get("num_prompt_tokens")),
            completion_tokens=count(figures.get("num_completion_tokens") or figures.get("num_output_tokens")),
        ),
        failure=failure_kind(said) if failed else None,
        failure_message=said if failed else "",
        gold=gold,
        gold_kind=kind,
        choices=options,
        tags=tuple(part for part in (text_of(instance.get("split")), perturbed) if part),
        cached=bool(result.get("cached")),
        times_s=times(latency_s=number(result.get("request_time"))),
        verdicts={
            title: plain_verdict(value)
            for title, value in figures.items()
            if not title.startswith(("num_", "inference_", "training_", "max_", "batch_", "prompt_"))
        },
    )


FORMATS.add("helm", RecordedFormat(read_helm, "scenario_state.json of HELM runs"))
