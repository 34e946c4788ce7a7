"""Claims and a template in, a page out: the only Jinja environment that writes a package."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import version
from types import CodeType
from typing import Any, Final

import jinja2
from jinja2.bccache import Bucket

from milo_bench.core.weights.cache import keep_bytes, kept_bytes
from milo_bench.decide.records import GateResult
from milo_bench.decide.wording import sentence_case
from milo_bench.report.pages import permits as permit_views
from milo_bench.report.pages import views as package_views
from milo_bench.report.pages.claims import Claims
from milo_bench.report.pages.interval_bar import interval_bar

FOLDERS = ("report/templates", "report/static")
# Jinja compiles to the code of one Python; the mark in it tells no two versions of Jinja itself apart.
_FOLDER: Final = f"pages-jinja-{version('jinja2')}-{sys.implementation.cache_tag}"


class CompiledTemplates(jinja2.BytecodeCache):
    """Templates compiled once: a package needs most of them for two folders, ``verify`` all of them again.

    The next process finds them in the cache folder, as Python finds its own modules. What it finds is code, so it is
    taken only from a folder where this user alone may write, and of the same template, Jinja and Python.
    """

    def __init__(self, form: str) -> None:
        self._form = form
        self._here: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Jinja compiles the template where this leaves no code in ``bucket``."""
        bucket.code = self._here.get((bucket.key, bucket.checksum))
        if bucket.code is not None:
            return
        compiled = kept_bytes(_FOLDER, self._name(bucket))
        if compiled is not None:
            try:
                bucket.bytecode_from_string(compiled)
            except Exception:  # cut short or written over: whatever that raises, it is compiled anew
                bucket.reset()
        self._note(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """What Jinja compiled is kept."""
        self._note(bucket)
        keep_bytes(_FOLDER, self._name(bucket), bucket.bytecode_to_string())

    def _note(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._here[bucket.key, bucket.checksum] = bucket.code

    def _name(self, bucket: Bucket) -> str:
        return f"{self._form}-{bucket.key}"  # of an older template it is written over


# By form: what a template compiles to depends on whether it escapes. What it may show is asked when it is rendered.
_COMPILED: Final = {True: CompiledTemplates("html"), False: CompiledTemplates("markdown")}


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
