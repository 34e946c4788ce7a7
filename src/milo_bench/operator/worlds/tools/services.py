"""Running services: what they are now, what a dashboard said of them, what they run with, their alerts."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from milo_bench.operator.worlds.tools.arguments import Nothing, ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, World, tool

GROUP = "services"


class Service(ToolArguments, frozen=True):
    service: ShortText


class Setting(ToolArguments, frozen=True):
    service: ShortText
    key: ShortText
    value: ShortText


class Replicas(ToolArguments, frozen=True):
    service: ShortText
    replicas: Annotated[int, Meta(ge=1, le=100)]


@tool(GROUP, Service, "Ask a service itself: version, digest and health as they are now.")
def service_status(world: World, arguments: Service) -> Seen:
    found = world.entry("services", arguments.service, noun="service")
    return Seen({"service": arguments.service, **found}, (f"service:{arguments.service}",))


@tool(GROUP, Service, "Request the public route of a service: the digest that users get.")
def route_probe(world: World, arguments: Service) -> Seen:
    found = world.entry("routes", arguments.service, noun="route")
    return Seen({"service": arguments.service, **found}, (f"service:{arguments.service}",))


@tool(GROUP, Service, "Read the saved dashboard of a service; its figures have the age that it states.")
def dashboard_read(world: World, arguments: Service) -> Seen:
    found = dict(world.entry("dashboards", arguments.service, noun="dashboard"))
    as_of_s = float(found.pop("as_of_s"))
    data = {"service": arguments.service, "as_of": world.stamp(as_of_s), **found}
    return Seen(data, (f"dashboard:{arguments.service}",), as_of_s=as_of_s)


@tool(GROUP, Service, "Measure a service now: processor, memory, errors, queue.", cost_s=20)
def metrics_query(world: World, arguments: Service) -> Seen:
    found = world.entry("metrics", arguments.service, noun="service with metrics")
    return Seen({"service": arguments.service, **found}, (f"metrics:{arguments.service}",))


@tool(GROUP, Service, "Read the settings that a service is running with.")
def environment_read(world: World, arguments: Service) -> Seen:
    found = world.entry("environments", arguments.service, noun="environment")
    return Seen({"service": arguments.service, "settings": found}, (f"environment:{arguments.service}",))


@tool(GROUP, Setting, "Set one setting of a running service.", writes=True)
def environment_set(world: World, arguments: Setting) -> Seen:
    settings = world.entry("environments", arguments.service, noun="environment")
    settings[arguments.key] = arguments.value
    world.wrote(f"environment:{arguments.service}", {arguments.key: arguments.value})
    return Seen({"service": arguments.service, "key": arguments.key, "value": arguments.value})


@tool(GROUP, Replicas, "Set the number of replicas of a service.", writes=True, cost_s=30)
def service_scale(world: World, arguments: Replicas) -> Seen:
    found = world.entry("services", arguments.service, noun="service")
    found["replicas"] = arguments.replicas
    world.wrote(f"service:{arguments.service}", {"replicas": arguments.replicas})
    return Seen({"service": arguments.service, "replicas": arguments.replicas})


@tool(GROUP, Service, "Restart a service.", writes=True, cost_s=60)
def service_restart(world: World, arguments: Service) -> Seen:
    found = world.entry("services", arguments.service, noun="service")
    found["restarts"] = found.get("restarts", 0) + 1
    world.wrote(f"service:{arguments.service}", {"restarts": found["restarts"]})
    return Seen({"service": arguments.service, "restarted": True})


@tool(GROUP, Service, "Send equal traffic to each installed version of a service; the error rate of each.", cost_s=120)
def version_probe(world: World, arguments: Service) -> Seen:
    found = world.entry("version_errors", arguments.service, noun="service with versions")
    return Seen({"service": arguments.service, "error_percent": found}, (f"versions:{arguments.service}",))


@tool(GROUP, Nothing, "List the alerts that are firing now.")
def alert_list(world: World, arguments: Nothing) -> Seen:
    alerts = world.section("alerts")
    return Seen({"firing": [{"alert": name, **alert} for name, alert in sorted(alerts.items())]}, ("alerts",))
