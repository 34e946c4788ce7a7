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

    No message has text of a request. Nothing is sent anywhere else, and no redirect is followed.
    """

    webhook: str = Field(default="", description="Address that gets a POST with JSON about each incident.")
    mail_to: list[Email] = Field(default=[], description="Addresses that get a message about each incident.")
    mail_from: Email | None = Field(default=None, description="Sender of those messages. `mail_to` needs one.")
    mail_server: str = Field(
        default="localhost:25",
        pattern=r"^([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$",
        description="Mail server as HOST:PORT. It must take the messages without a login.",
    )
    queue_overdue_s: float = Field(
        default=14_400.0,
        gt=0,
        le=31_536_000,
        description="Age in seconds at which the oldest open work of the queue becomes an incident.",
    )
    permit_days: int = Field(
        default=14, ge=0, le=365, description="How many days before its end an operator permit becomes an incident."
    )

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
    """A tool that clients offer, by its name, for keys that are bound to an operator permit."""

    kind: str = Field(min_length=1, max_length=200, description="Kind of operator work that the tool belongs to.")
    changes: bool = Field(default=True, description="Whether the tool changes anything.")


class GatewayConfig(Checked):
    """Settings of ``milo-bench serve``. Sizes are in bytes and times in seconds."""

    suites: list[str] = Field(
        default=[],
        description="Suites (names or folders) of the table's workloads, beside the suite of its decision.",
    )
    hosts: list[str] = Field(
        default=[], description="Names under which clients call the gateway, beside the loopback and the bound address."
    )
    callbacks: list[str] = Field(
        default=[], description="Beginnings of the addresses that a request may name as its callback."
    )
    max_body_bytes: int = Field(default=8 << 20, ge=1_024, le=1 << 30, description="Largest body of one request.")
    max_bodies_bytes: int = Field(
        default=512 << 20, ge=1_024, le=1 << 40, description="Most bytes of the bodies of all requests under way."
    )
    max_header_bytes: int = Field(
        default=32 << 10, ge=1_024, le=1 << 20, description="Most bytes of the headers of one request."
    )
    header_timeout_s: float = Field(
        default=10.0, gt=0, le=600, description="How long the headers of a request may take to arrive."
    )
    body_timeout_s: float = Field(
        default=60.0, gt=0, le=3_600, description="How long the body of a request may take to arrive."
    )
    max_connections: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Most connections of clients that are open."
    )
    max_waiting: int = Field(
        default=256, ge=0, le=1_000_000, description="Most requests that wait for a place at one target."
    )
    max_wait_s: float = Field(default=30.0, gt=0, le=3_600, description="Longest wait of a request for a place.")
    ready_interval_s: float = Field(
        default=30.0, gt=0, le=3_600, description="A target is ready if it generated a token within this time."
    )
    fingerprint_interval_s: float = Field(
        default=3_600.0,
        ge=0,
        le=31_536_000,
        description="How often each target gets 16 short fixed prompts that show a swapped model. 0 turns them off.",
    )
    incidents: IncidentsConfig = Field(
        default=IncidentsConfig.usual(), description="What becomes an incident, and who gets a message about it."
    )
    tools: dict[Annotated[str, Field(min_length=1, max_length=200)], GatewayTool] = Field(
        default={}, description="Tools that clients offer, by name, for keys that are bound to an operator permit."
    )
    sample: Share = Field(
        default=0.0, description='Share of requests that the gateway keeps, redacted, as fixtures: 0.02 or "2%".'
    )
    sample_most: int = Field(
        default=2_000, ge=1, le=1_000_000, description="Most requests that it keeps of each workload."
    )

    @field_validator("callbacks")
    @classmethod
    def _are_addresses(cls, values: list[str]) -> list[str]:
        for value in values:
            if not value.startswith(("http://", "https://")) or value.count("/") < 3:
                said = f"'{one_line(value)}' is not the beginning of an http(s) address with a path"
                raise Mistake(said, "write e.g. https://cases.internal/milo/")
        return values
