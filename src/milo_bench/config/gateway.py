"""The ``gateway`` part of bench.yaml: its bounds, the names that it answers to, where answers may be sent."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from milo_bench.config.checked import Checked, Mistake
from milo_bench.config.shares import Share
from milo_bench.core.text import one_line

Email = Annotated[str, Field(pattern=r"^[^\s@<>,;:\"]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,252}$")]


class IncidentsConfig(Checked):
    """Who is told of an incident of the gateway, and when a queue or a permit becomes one.

    ``webhook`` gets a POST with JSON; ``mail_to`` a message from ``mail_from`` through ``mail_server`` (HOST:PORT,
    without a login). Neither gets text of a request. Nothing is sent anywhere else, and no redirect is followed.
    ``queue_overdue_s`` is the age of the oldest open work; ``permit_days`` how long before its end a permit is named.
    """

    webhook: str = ""
    mail_to: list[Email] = []
    mail_from: Email | None = None
    mail_server: Annotated[str, Field(pattern=r"^([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$")] = (
        "localhost:25"
    )
    queue_overdue_s: Annotated[float, Field(gt=0, le=31_536_000)] = 14_400.0
    permit_days: Annotated[int, Field(ge=0, le=365)] = 14

    @field_validator("webhook")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and (not value.startswith(("http://", "https://")) or any(mark <= " " for mark in value)):
            raise Mistake(f"'{one_line(value)}' is not an http(s) address", "write e.g. https://ops.internal/milo")
        if "@" in value.partition("://")[2].partition("/")[0]:
            raise Mistake(
                "the address of a webhook has a user name or password", "put a proxy with the login before it."
            )
        return value

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> IncidentsConfig:
        if self.mail_to and self.mail_from is None:
            raise Mistake("mail_to needs a sender", "add 'mail_from: milo@example.org'.")
        return self


class GatewayTool(Checked):
    """A tool that clients offer: the ``kind`` of operator work it belongs to, and whether it ``changes`` anything."""

    kind: Annotated[str, Field(min_length=1, max_length=200)]
    changes: bool = True


class GatewayConfig(Checked):
    """Settings of ``milo-bench serve``; sizes in bytes, times in seconds.

    ``max_body_bytes`` bounds one request's body, ``max_bodies_bytes`` those of all requests under way together.

    ``hosts`` are names under which clients call it, beside the loopback and the bound address. ``callbacks`` are
    the beginnings of addresses that a request may name to be told of a person's answer. ``suites`` are suites
    (names or folders) with the contracts of the table's workloads, beside the one that it was decided on. ``sample`` is
    the share of requests that is kept, redacted, as fixtures ("2%"), ``sample_most`` how many of each workload.
    ``fingerprint_interval_s`` is how often each target is asked 16 short fixed prompts, by which a swapped model shows
    (0: never); it is asked at the start and after a lost connection too.
    ``tools`` says of each tool which kind of operator work it is, for keys that are bound to an operator permit.
    """

    suites: list[str] = []
    hosts: list[str] = []
    callbacks: list[str] = []
    max_body_bytes: Annotated[int, Field(ge=1_024, le=1 << 30)] = 8 << 20
    max_bodies_bytes: Annotated[int, Field(ge=1_024, le=1 << 40)] = 512 << 20
    max_header_bytes: Annotated[int, Field(ge=1_024, le=1 << 20)] = 32 << 10
    header_timeout_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    body_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 60.0
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    max_waiting: Annotated[int, Field(ge=0, le=1_000_000)] = 256
    max_wait_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    ready_interval_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    fingerprint_interval_s: Annotated[float, Field(ge=0, le=31_536_000)] = 3_600.0
    incidents: IncidentsConfig = IncidentsConfig.usual()
    tools: dict[Annotated[str, Field(min_length=1, max_length=200)], GatewayTool] = {}
    sample: Share = 0.0
    sample_most: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000

    @field_validator("callbacks")
    @classmethod
    def _are_addresses(cls, values: list[str]) -> list[str]:
        for value in values:
            if not value.startswith(("http://", "https://")) or value.count("/") < 3:
                said = f"'{one_line(value)}' is not the beginning of an http(s) address with a path"
                raise Mistake(said, "write e.g. https://cases.internal/milo/")
        return values
