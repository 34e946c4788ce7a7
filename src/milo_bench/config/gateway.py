"""The ``gateway`` part of bench.yaml: its bounds, the names that it answers to, where answers may be sent."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from milo_bench.config.checked import Checked, Mistake
from milo_bench.core.text import one_line


class GatewayConfig(Checked):
    """Settings of ``milo-bench serve``; sizes in bytes, times in seconds.

    ``hosts`` are names under which clients call it, beside the loopback and the bound address. ``callbacks`` are
    the beginnings of addresses that a request may name to be told of a person's answer. ``suites`` are suites
    (names or folders) with the contracts of the table's workloads, beside the one that it was decided on.
    """

    suites: list[str] = []
    hosts: list[str] = []
    callbacks: list[str] = []
    max_body_bytes: Annotated[int, Field(ge=1_024, le=1 << 30)] = 8 << 20
    max_header_bytes: Annotated[int, Field(ge=1_024, le=1 << 20)] = 32 << 10
    header_timeout_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    body_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 60.0
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    max_waiting: Annotated[int, Field(ge=0, le=1_000_000)] = 256
    max_wait_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    ready_interval_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0

    @field_validator("callbacks")
    @classmethod
    def _are_addresses(cls, values: list[str]) -> list[str]:
        for value in values:
            if not value.startswith(("http://", "https://")) or value.count("/") < 3:
                said = f"'{one_line(value)}' is not the beginning of an http(s) address with a path"
                raise Mistake(said, "write e.g. https://cases.internal/milo/")
        return values
