"""Live work that the gateway kept a redacted sample of: the list, and one request with its answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from milo_bench.board.parts import BoardParts
from milo_bench.board.server.requests import NotThere, PageRequest, Shown
from milo_bench.board.views.inputs import input_parts
from milo_bench.board.views.notes import notes_data
from milo_bench.board.views.paging import key_page
from milo_bench.core import units
from milo_bench.core.text import visible
from milo_bench.store.state.samples import SampledWork, SampleLine, find_sample, list_samples


def show_samples(board: BoardParts, asked: PageRequest) -> Shown:
    """``/gateway/samples``: the newest first, of one workload or of all, those with a failed check or all."""
    every = list_samples(board.engine)
    workload, failed = asked.query.get("workload", "")[:200], asked.query.get("checks", "") == "failed"
    within = [one for one in every if workload in ("", one.workload) and (not failed or one.failed_checks)]
    page, links = key_page(within, lambda one: one.request, asked.query)
    data = {
        "samples": [_line(one) for one in page],
        "total": len(every),
        "within": len(within),
        "workloads": sorted({one.workload for one in every}),
        "filter": {"workload": workload, "checks": "failed" if failed else ""},
        "links": links,
    }
    return Shown("samples.html.jinja", "Samples of live work", data, "gateway")


def show_sample(board: BoardParts, asked: PageRequest) -> Shown | NotThere:
    """``/gateway/samples/{request}``: its redacted case, and what was answered."""
    found = find_sample(board.engine, asked.names["request"][:40])
    if found is None:
        return NotThere("There is no such sample.", "it may have been erased, or given way to newer ones.")
    data = {
        "sample": {
            **_line(found),
            "use": found.use,
            "tags": list(found.tags),
            "model": found.model,
            "prompt": found.prompt,
            "rule": found.rule,
            "took": units.seconds(found.took_s),
            "redacted": found.redacted,
            "output": visible(found.output),
        },
        "input": input_parts(found.input, (), frozenset(), whole=True),
        "notes": notes_data(board, f"/gateway/samples/{found.request}"),
        "may_review": asked.person.may("review"),
    }
    return Shown("sample.html.jinja", f"Sample {found.request}", data, "gateway")


def _line(one: SampleLine | SampledWork) -> dict[str, Any]:
    return {
        "request": one.request,
        "at": datetime.fromtimestamp(one.at, UTC).isoformat(timespec="seconds"),
        "workload": one.workload,
        "target": one.target,
        "outcome": one.outcome,
        "failed_checks": list(one.failed_checks),
    }
