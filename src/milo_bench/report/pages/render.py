"""Claims and a template in, a page out: the only Jinja environment that writes a package."""

from __future__ import annotations

from collections.abc import Mapping
from types import CodeType
from typing import Any, Final

import jinja2
from jinja2.bccache import Bucket

from milo_bench.decide.records import GateResult
from milo_bench.decide.wording import sentence_case
from milo_bench.report.pages import permits as permit_views
from milo_bench.report.pages import views as package_views
from milo_bench.report.pages.claims import Claims
from milo_bench.report.pages.interval_bar import interval_bar

FOLDERS = ("report/templates", "report/static")


class _CompiledTemplates(jinja2.BytecodeCache):
    """Templates compiled once a process: a package needs most of them for two folders, ``verify`` all of them again."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code


# By form: what a template compiles to depends on whether it escapes. What it may show is asked when it is rendered.
_COMPILED: Final = {True: _CompiledTemplates(), False: _CompiledTemplates()}


def page_environment(claims: Claims, *, html: bool) -> jinja2.Environment:
    """An environment in which only what ``claims`` lets through can be shown."""

    # With a context, constants of a template are checked too: Jinja folds them past a plain finalize.
    @jinja2.pass_context
    def finalize(_: jinja2.runtime.Context, value: object) -> str:
        return claims.finalize(value)

    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("milo_bench", folder) for folder in FOLDERS]),
        autoescape=html,  # noqa: S701  # Markdown is escaped by finalize
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_COMPILED[html],
    )

    def bar(gate: GateResult) -> str:
        bound = claims.get(gate.bound) if gate.bound else None
        return interval_bar(claims.get(gate.figure), bound, gate.direction, gate.outcome)

    environment.globals.update(
        d=claims.decision,
        v=package_views,
        o=permit_views,
        root=claims.root,
        fig=claims.figure,
        rng=claims.range,
        rec=claims.record,
        stated=claims.stated,
        recorded=claims.recorded,
        say=claims.text,
        quote=claims.quote,
        day=claims.day,
        anchor=claims.anchor,
        drawing=claims.drawing,
        has=lambda id: id in claims.decision.figures,
        sentence_case=sentence_case,
        title_of=lambda id: claims.quote(claims.get(id).title),
        bar=bar,
    )
    return environment


def render(environment: jinja2.Environment, template: str, values: Mapping[str, Any]) -> str:
    """The page, ending with one line feed."""
    return environment.get_template(template).render(values).rstrip() + "\n"
