"""A rubric file in, the checked rubric out: what a model judge is asked of an answer, or of two."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, field_validator, model_validator

from milo_bench.config.checked import CheckedFile, FileKind, Mistake, load_checked, read_checked
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import JudgeForm, JudgeMethod
from milo_bench.core.suggest import hint_for

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
VERIFIER_RUBRIC: Final = "verify"


class Rubric(CheckedFile):
    """What a judge is asked.

    ``name`` is what gates and checks call it. ``shows`` are the keys of a fixture's input that the judge reads, all
    unless given; with ``shows_expected`` it reads the expectation too. A ``likeness`` asks no question: an answer is
    accepted where its embedding and that of the expected text under ``compare_with`` are alike ``at_least`` so far
    (cosine).
    """

    file_name: ClassVar[str] = "rubric.yaml"

    rubric: Literal[1]
    name: str
    form: JudgeForm = "single"
    method: JudgeMethod = "rubric"
    question: str = ""
    accept: str = ""
    reject: str = ""
    shows: tuple[str, ...] = ()
    shows_expected: bool = False
    compare_with: str = ""
    at_least: Annotated[float, Field(ge=-1, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=16, le=8_192)] = 200

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise Mistake(f"'{name[:60]}' is not a name", "use lower-case letters, digits and _, up to 40.")
        return name

    @model_validator(mode="after")
    def _whole(self) -> Rubric:
        if self.method == "rubric":
            if not self.question.strip():
                raise Mistake("a rubric needs a question", "write question: Would a colleague send this answer?")
            if self.compare_with or self.at_least is not None:
                raise Mistake("compare_with and at_least belong to method: likeness", "remove them, or set the method.")
            return self
        if not self.compare_with or self.at_least is None:
            raise Mistake("a likeness needs compare_with and at_least", "name a key of the expectation, and a cosine.")
        if self.form == "pairwise" or self.question:
            raise Mistake("a likeness compares one answer with one text", "remove form and question.")
        return self


RUBRIC_FILE: Final = FileKind(
    model=Rubric,
    start="start with rubric: 1, name: and question:.",
    manual="docs/how-to/judge.md",
    where_from="check the path, or name a built-in rubric: acceptable, better.",
)


def builtin_rubrics() -> tuple[str, ...]:
    """Names of the built-in rubrics."""
    folder = files("milo_bench") / "config" / "rubrics"
    return tuple(sorted(Path(one.name).stem for one in folder.iterdir() if one.name.endswith(".yaml")))


def load_rubric(named: str) -> Rubric:
    """The rubric of that file, or the built-in one of that name. Raises ConfigError with every mistake."""
    if named in builtin_rubrics():
        text = (files("milo_bench") / "config" / "rubrics" / f"{named}.yaml").read_text(encoding="utf-8")
        return read_checked(text, RUBRIC_FILE, name=f"{named}.yaml")
    if not Path(named).suffix and not Path(named).exists():
        message = f"There is no rubric '{named[:60]}'."
        raise ConfigError(message, hint=hint_for(named, builtin_rubrics(), noun="built-in rubrics"))
    return load_checked(Path(named), RUBRIC_FILE)
