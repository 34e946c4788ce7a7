"""Artifacts, deploys and rollbacks."""

from __future__ import annotations

from milo_bench.operator.worlds.tools.arguments import ShortText
from milo_bench.operator.worlds.tools.services import Service
from milo_bench.operator.worlds.world import Seen, ToolArguments, ToolFailure, World, tool

GROUP = "deploy and rollback"


class Deploy(ToolArguments, frozen=True):
    service: ShortText
    artifact: ShortText


class Artifact(ToolArguments, frozen=True):
    artifact: ShortText


def _serve(world: World, service: str, artifact: str) -> None:
    found = world.entry("artifacts", artifact, noun="artifact")
    if found["service"] != service:
        raise ToolFailure("wrong_service", f"The artifact '{artifact}' is built for '{found['service']}'.")
    running = world.entry("services", service, noun="service")
    running |= {"version": found["version"], "digest": found["digest"]}
    route = world.section("routes").get(service)
    if route is not None:
        # A route with stuck deploys goes on serving the old digest until they are used up.
        if route.get("stuck", 0) > 0:
            route["stuck"] -= 1
        else:
            route["digest"] = found["digest"]
    world.section("deploys").setdefault(service, []).append({"artifact": artifact, "at": world.stamp(world.now_s)})
    world.wrote(f"service:{service}", {"artifact": artifact})


@tool(GROUP, Artifact, "Show an artifact: service, version, commit and digest.")
def artifact_get(world: World, arguments: Artifact) -> Seen:
    found = world.entry("artifacts", arguments.artifact, noun="artifact")
    return Seen({"artifact": arguments.artifact, **found}, (f"artifact:{arguments.artifact}",))


@tool(GROUP, Service, "List the deploys of a service, oldest first.")
def deploy_history(world: World, arguments: Service) -> Seen:
    world.entry("services", arguments.service, noun="service")
    done = world.section("deploys").get(arguments.service, [])
    return Seen({"service": arguments.service, "deploys": done}, (f"service:{arguments.service}",))


@tool(GROUP, Deploy, "Deploy an artifact to a service.", writes=True, cost_s=90)
def deploy_start(world: World, arguments: Deploy) -> Seen:
    _serve(world, arguments.service, arguments.artifact)
    return Seen({"service": arguments.service, "artifact": arguments.artifact, "result": "success"})


@tool(GROUP, Deploy, "Roll a service back to an artifact that it ran before.", writes=True, cost_s=60)
def deploy_rollback(world: World, arguments: Deploy) -> Seen:
    world.entry("services", arguments.service, noun="service")
    done = [item["artifact"] for item in world.section("deploys").get(arguments.service, [])]
    if arguments.artifact not in done:
        raise ToolFailure("never_ran", f"'{arguments.service}' never ran '{arguments.artifact}'.")
    _serve(world, arguments.service, arguments.artifact)
    return Seen({"service": arguments.service, "artifact": arguments.artifact, "result": "success"})
