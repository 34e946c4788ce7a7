"""What routing.yaml says of challengers: which target gets which share of a rule's or a role's live work, and how."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, model_validator

from milo_bench.config.checked import Checked, Mistake
from milo_bench.config.routing.rule import GivenName, RuleName
from milo_bench.config.shares import Share

# canary: the challenger answers in the incumbent's place; shadow: it gets a copy, and its answer is only judged.
TrialMode: TypeAlias = Literal["canary", "shadow"]
TRIAL_ERROR: Final = 0.05  # the share of trials that may be decided wrongly, where registry.yaml says no other


class Challenger(Checked):
    """A target that gets a ``share`` of the live work that a rule, or a role named by clients, gives its incumbent.

    ``canary``: the challenger answers in the incumbent's place, under the rule's own prompt, guardrails and fallback.
    ``shadow``: the incumbent answers, and the challenger gets a copy. Its answer is judged by the same checks and is
    never sent. Sensitive work never reaches a hosted challenger.
    """

    target: GivenName
    rule: RuleName | None = None  # of this table, or "default"
    role: GivenName | None = None  # of registry.yaml
    mode: TrialMode
    share: Annotated[Share, Field(gt=0)]

    @model_validator(mode="after")
    def _has_one_incumbent(self) -> Challenger:
        if (self.rule is None) == (self.role is None):
            raise Mistake("a challenger needs a rule or a role, and only one of them", "add 'rule: ID'.")
        return self

    @property
    def place(self) -> str:
        """Whose work it gets, for people."""
        return f"role {self.role}" if self.rule is None else f"rule {self.rule}"
