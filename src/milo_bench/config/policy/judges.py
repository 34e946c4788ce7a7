"""The ``judges`` part of policy.yaml: what a model judge must prove on people's labels before its verdicts count."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from milo_bench.config.checked import Checked

_Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
_Proven = Annotated[float, Field(strict=True, gt=0.5, lt=1, allow_inf_nan=False)]
_Count = Annotated[int, Field(strict=True, ge=2, le=1_000_000)]


class JudgeTerms(Checked):
    """Each is a one-sided bound at 95%, not an estimate.

    ``sensitivity`` is how often the judge accepts what people accept, ``specificity`` how often it rejects what they
    reject. ``most_flips`` are verdicts that change with the order, ``most_unrepeated`` those that change when the same
    request is sent again, ``most_raised`` rejected answers that are accepted after an attack, for each kind of attack.
    """

    sensitivity: _Proven = 0.6
    specificity: _Proven = 0.6
    most_flips: _Share = 0.25
    most_unrepeated: _Share = 0.15
    most_raised: _Share = 0.2
    least_labels: _Count = 50
    least_labels_each: _Count = 20
