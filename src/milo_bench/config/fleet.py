"""The ``fleet`` part of bench.yaml: the Ray cluster, which nodes hold which target, where segments of a log lie."""

from __future__ import annotations

from pydantic import Field, field_validator

from milo_bench.config.checked import Checked, Mistake
from milo_bench.core.text import one_line


class FleetConfig(Checked):
    """Settings of ``--on ray``. Times are in seconds.

    Without ``address`` (and without ``RAY_ADDRESS``) the run starts a cluster of this machine alone, on loopback, and
    ends it afterwards. A target without ``placement`` runs on every node if its server is the node's own, else on one.
    """

    address: str | None = Field(
        default=None,
        description="HOST:PORT of a Ray cluster that this machine belongs to, or `auto` for the one that runs here.",
    )
    placement: dict[str, dict[str, str]] = Field(
        default={},
        description="Labels by target, as `qwen3: {gpu: h100}`. The target runs on each node that has all of them.",
    )
    segments: str | None = Field(
        default=None, description="Folder on each node in which a worker keeps its rows until they are in the log."
    )
    lost_after_s: float = Field(
        default=60.0, gt=0, le=86_400, description="How long a target may be without a node before the run ends."
    )

    @field_validator("address")
    @classmethod
    def _is_a_host(cls, value: str | None) -> str | None:
        if value is not None and "://" in value:
            said = f"'{one_line(value)}' is an address with a scheme, and a run must be a part of the cluster"
            raise Mistake(said, "start a node here with 'ray start --address HOST:PORT', and write HOST:PORT or auto.")
        return value

    @field_validator("placement", mode="before")
    @classmethod
    def _labels_are_texts(cls, value: object) -> object:
        """A label like 80 or true is a text to Ray."""
        if not isinstance(value, dict):
            return value
        return {name: _texts(labels) if isinstance(labels, dict) else labels for name, labels in value.items()}


def _texts(labels: dict[object, object]) -> dict[object, object]:
    return {
        key: str(one).lower() if isinstance(one, bool) else str(one) if isinstance(one, (int, float)) else one
        for key, one in labels.items()
    }
