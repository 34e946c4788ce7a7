"""A role named as the model goes to its incumbent, and its escalation chain is walked as written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest
import yaml

from milo_bench.config.routing.file import RoutingFile
from milo_bench.core.errors import ConfigError
from milo_bench.decide.routing.rules import AnswerFacts, RequestFacts, Routed
from milo_bench.decide.routing.walk import EscalationChain, walk
from tests.gateway.running import running_gateway

HELLO: list[Any] = [{"role": "user", "content": "is this change fine?"}]
TARGETS = {"small": {"model": "fake-1"}, "large": {"model": "fake-1"}, "cloud": {"model": "fake-1", "hosted": True}}
ROUTING = {
    "targets": TARGETS,
    "rules": [
        {"id": "risk", "when": {"workload": "review", "keywords": "any"}, "route": "human_review"},
        {"id": "review", "when": {"workload": "review"}, "route": "local", "target": "small"},
    ],
    "default": {"route": "refuse"},
}
REGISTRY = {
    "schema_version": 1,
    "roles": {
        "reviewer": {"workloads": {"review": 1}, "incumbent": "small", "escalation": ["large", "cloud"]},
        "coder": {"workloads": {"coder": 1}, "incumbent": "large"},
    },
}
REJECTS = {"reply": {"text": '{"verdict": "reject", "comments": []}'}}
ACCEPTS = {"reply": {"text": '{"verdict": "accept", "comments": []}'}}
BROKEN = {"rules": [{"when": {"contains": "change fine?"}, "fault": {"kind": "status", "status": 500}}]}


def registry(folder: Path, **roles: Any) -> Path:
    path = folder / "registry.yaml"
    path.write_text(yaml.safe_dump({**REGISTRY, "roles": {**REGISTRY["roles"], **roles}}))  # type: ignore[dict-item]
    return path


@pytest.mark.parametrize(
    ("small", "large", "cloud", "asked", "answered"),
    [
        (ACCEPTS, REJECTS, REJECTS, ["small"], "small"),
        (REJECTS, ACCEPTS, REJECTS, ["small", "large"], "large"),
        (REJECTS, REJECTS, ACCEPTS, ["small", "large", "cloud"], "cloud"),
        (REJECTS, REJECTS, REJECTS, ["small", "large", "cloud"], "cloud"),  # nobody overturns it: it stands
        (REJECTS, BROKEN, ACCEPTS, ["small", "large", "cloud"], "cloud"),
    ],
)
async def test_a_role_goes_to_its_incumbent_and_on_along_its_chain(
    tmp_path: Path, small: Any, large: Any, cloud: Any, asked: list[str], answered: str
) -> None:
    scripts = {"small": small, "large": large, "cloud": cloud}
    for name, script in scripts.items():  # each says which one it is
        if "reply" in script:
            scripts[name] = {"reply": {"text": script["reply"]["text"].replace("[]", f'["{name}"]')}}
    served = running_gateway(tmp_path, ROUTING, scripts, registry=registry(tmp_path))
    async with served as gateway, gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="milo/reviewer", messages=HELLO)
        assert f'"{answered}"' in (raw.parse().choices[0].message.content or "")
        assert raw.headers["X-Milo-Target"] == answered
        assert raw.headers.get("X-Milo-Cause", "") == ("" if answered == "small" else "escalated")
        [record] = gateway.audit()
        assert [call.target for call in record.calls] == asked
        assert (record.role, record.workload, record.rule) == ("reviewer", "review", "review")
        stream = await client.chat.completions.create(model="milo/reviewer", messages=HELLO, stream=True)
        said = "".join([one.choices[0].delta.content or "" async for one in stream if one.choices])
        assert f'"{answered}"' in said
        names = [model.id async for model in client.models.list()]
        assert "milo/reviewer" in names
        assert "milo/coder" not in names  # no rule of the table is its own


async def test_a_chain_that_ends_without_an_answer_ends_with_a_person(tmp_path: Path) -> None:
    scripts = {"small": BROKEN, "large": BROKEN, "cloud": BROKEN}
    served = running_gateway(tmp_path, ROUTING, scripts, registry=registry(tmp_path))
    async with served as gateway, gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="milo/reviewer", messages=HELLO)
        assert raw.http_response.status_code == 202
        assert len(gateway.audit()[0].calls) == 3


async def test_rules_above_the_roles_own_come_first_and_a_workload_alone_walks_no_chain(tmp_path: Path) -> None:
    scripts = {"small": REJECTS, "large": ACCEPTS, "cloud": ACCEPTS}
    served = running_gateway(tmp_path, ROUTING, scripts, registry=registry(tmp_path))
    async with served as gateway, gateway.client() as client:
        risky: list[Any] = [{"role": "user", "content": "my lawyer will sue"}]
        raw = await client.chat.completions.with_raw_response.create(model="milo/reviewer", messages=risky)
        assert (raw.http_response.status_code, raw.headers["X-Milo-Rule"]) == (202, "risk")
        plain = await client.chat.completions.with_raw_response.create(model="milo/review", messages=HELLO)
        assert plain.headers["X-Milo-Target"] == "small"
        sensitive = await client.chat.completions.with_raw_response.create(
            model="milo/reviewer", messages=HELLO, extra_headers={"X-Milo-Sensitive": "true"}
        )
        assert sensitive.headers["X-Milo-Target"] == "large"
        with pytest.raises(openai.BadRequestError, match="covers review"):
            await client.chat.completions.create(
                model="milo/reviewer", messages=HELLO, extra_headers={"X-Milo-Workload": "coder"}
            )
        with pytest.raises(openai.NotFoundError, match="reviewr"):
            await client.chat.completions.create(model="milo/reviewr", messages=HELLO)


@pytest.mark.parametrize(
    ("role", "said"),
    [
        (
            {"workloads": {"review": 1}, "incumbent": "large", "rule": "review"},
            "the incumbent of 'reviewer' is 'large'",
        ),
        ({"workloads": {"review": 1}, "incumbent": "small", "escalation": ["larg"]}, "not a target of the routing"),
        ({"workloads": {"review": 1}, "incumbent": "small", "rule": "reviews"}, "not in the routing table"),
    ],
)
async def test_a_registry_that_disagrees_with_the_table_stops_the_start(tmp_path: Path, role: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        async with running_gateway(
            tmp_path, ROUTING, {"small": {}, "large": {}, "cloud": {}}, registry=registry(tmp_path, reviewer=role)
        ):
            pass


def ends(file: RoutingFile, facts: RequestFacts, *answers: AnswerFacts) -> tuple[list[str], Routed]:
    steps = walk(file, facts, EscalationChain("review", ("large", "cloud")))
    asked: list[str] = []
    left = iter(answers)
    try:
        routed = next(steps)
        while True:
            asked.append(routed.target)
            routed = steps.send(next(left))
    except StopIteration as end:
        return asked, end.value


def test_a_chain_passes_over_what_may_not_be_asked_and_is_never_longer_than_written() -> None:
    file = RoutingFile.model_validate(ROUTING)
    no, bad, good = AnswerFacts(rejects=True), AnswerFacts(answered=False), AnswerFacts()
    facts = RequestFacts("review", health={"large": "down"})
    assert ends(file, facts, no, good)[0] == ["small", "cloud"]
    asked, final = ends(file, RequestFacts("review", sensitive=True, health={"large": "down"}), no)
    assert (asked, final.route, final.target) == (["small"], "local", "small")
    asked, final = ends(file, RequestFacts("review", rolled_back=frozenset({"cloud"})), bad, bad)
    assert (asked, final.route, final.cause) == (["small", "large"], "human_review", "no_answer")
    asked, final = ends(file, RequestFacts("review"), bad, no, no)
    assert (asked, final.target, final.cause) == (["small", "large", "cloud"], "cloud", "escalated")
