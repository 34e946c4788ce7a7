"""A fixture in, what a draft is held against out: required text, templates, the day, open documents."""

from __future__ import annotations

from typing import Any

import msgspec

from milo_bench.core.cases.record import ReplyTemplate
from milo_bench.core.errors import DataError
from milo_bench.core.records import Fixture, Workload
from milo_bench.grade.case_input import case_of


def texts_of(value: Any) -> tuple[str, ...]:
    """The strings of a list, or one string alone; nothing else."""
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()


def templates_of(fixture: Fixture, workload: Workload) -> tuple[ReplyTemplate, ...]:
    """Templates of ``input.templates``, else of the workload's resources. DataError where they are broken."""
    data = fixture.input.get("templates", workload.resources.get("templates", ()))
    try:
        return msgspec.convert(data, tuple[ReplyTemplate, ...])
    except msgspec.ValidationError as error:
        message = f"The templates of fixture '{fixture.id}' are not reply templates: {error}"
        raise DataError(message, hint="run 'milo-bench suite check' on the suite.") from None


def exempt_text(fixture: Fixture, workload: Workload) -> tuple[str, ...]:
    """Policy language that the writer was given: it is no claim of the writer's and no promise."""
    required = texts_of(fixture.expect.get("required_text"))
    return required + tuple(text for template in templates_of(fixture, workload) for text in template.required_text)


def open_documents(fixture: Fixture) -> tuple[str, ...]:
    """``expect.open_documents``, else the open requests of the case."""
    named = fixture.expect.get("open_documents")
    if named is not None:
        return texts_of(named)
    case = case_of(fixture)
    return tuple(one.document for one in case.requests if one.state == "open") if case else ()
