"""What routing.yaml says of operator work: for each target and kind of work a level, and where the rest goes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, model_validator

from milo_bench.config.checked import Checked, Mistake
from milo_bench.config.policy.operator import LEVELS
from milo_bench.config.routing.rule import GivenName

GrantedLevel: TypeAlias = Literal["none", "drafting", "read_only", "with_verifier", "operator"]
LADDER: Final[tuple[str, ...]] = ("none", *LEVELS)


class KindGrant(Checked):
    """One kind of work. What the level does not allow goes to ``route``; only ``operator`` needs none."""

    level: GrantedLevel
    route: Literal["human_review", "hosted"] | None = None
    target: GivenName | None = None

    @model_validator(mode="after")
    def _goes_somewhere(self) -> KindGrant:
        if self.level != "operator" and self.route is None:
            hint = "add 'route: human_review' or 'route: hosted' for the rest."
            raise Mistake(f"level {self.level} does not cover all work", hint)
        if (self.route == "hosted") != (self.target is not None):
            raise Mistake(
                "target and 'route: hosted' belong together", "add the one that is missing, or remove the other."
            )
        return self


class OperatorGrant(Checked):
    """A permission as `milo-bench operator permit` gives it. ``permit`` is its id, worked out from all the rest:
    where the model, the seeds, a date or a level is changed, it is the id of something else, and void.
    """

    permit: Annotated[str, Field(min_length=1, max_length=80)]
    model: str
    model_digest: str = ""
    quantisation: str = ""
    runtime: str = ""
    runtime_version: str = ""
    configuration: str = ""
    hosted: bool = False
    bench_version: int
    seeds: tuple[int, ...]
    issued: date
    expires: date
    kinds: Annotated[dict[GivenName, KindGrant], Field(min_length=1)]
    void_when: tuple[str, ...] = ()
