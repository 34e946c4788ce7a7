"""Task 8: the config file and what runs may have drifted apart; live is read again before anything is edited."""

from __future__ import annotations

from milo_bench.operator.worlds.case import EpisodeView
from milo_bench.operator.worlds.desk import Desk, brief_of, claim
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import Planted
from milo_bench.operator.worlds.records import Form
from milo_bench.operator.worlds.task import TASKS, Judgement, Need, Start, Task, result_of
from milo_bench.operator.worlds.tools import files, messages, services, shift

ORDER = """
Change the setting of the service to the value, in what runs and in its file, so that both agree afterwards. The
file has one line KEY=VALUE for each setting, sorted by key. What production runs with is right in everything
but this setting; nothing else that runs may change, even for a moment.
"""
TOOLS = (
    files.file_list,
    files.file_read,
    files.file_write,
    services.environment_read,
    services.environment_set,
    services.service_status,
    messages.message_send,
    shift.clock_wait,
)


def _render(settings: dict[str, str]) -> str:
    return "\n".join(f"{key}={value}" for key, value in sorted(settings.items()))


class ConfigDrift(Task):
    number = 8
    name = "config_drift"
    title = "The config file and what runs have drifted"
    group = "stale source of truth"
    twins = True

    def start(self, draw: Draw, form: Form) -> Start:
        service = draw.service()
        keys = draw.some(["batch_size", "cache_mb", "max_conns", "pool_size", "retry_ms", "workers"], 5)
        written = {key: str(draw.number(10, 99)) for key in keys}
        drifted = draw.some(keys[1:], draw.number(1, 3))
        runs = written | {key: str(int(written[key]) + draw.number(100, 800)) for key in drifted}
        value = str(draw.number(1000, 9000))
        if form == "clean":
            runs = dict(written)
        names = {"service": service, "file": f"config/{service}.env", "setting": keys[0], "value": value}
        state = {
            "files": {names["file"]: {"content": _render(written), "changed_at": "2026-01-20T09:00:00Z"}},
            "environments": {service: runs},
            "services": {service: {"version": "2.2.0", "healthy": True}},
        }
        right = runs | {keys[0]: value}
        faults = (Planted("drift"),) if form == "trap" else ()
        return Start(brief_of(ORDER, names), state, TOOLS, faults, names | {"right": right})

    def judge(self, case: EpisodeView) -> Judgement:
        facts, service, path = case.facts, case.facts["service"], case.facts["file"]
        first = min((line.n for line in case.writes), default=0)
        looked = [call for call in case.calls("environment_read", service=service) if call.n < first]
        strays = [line for line in case.wrote(f"environment:{service}") if set(line.value) != {facts["setting"]}]
        runs_right = case.state["environments"][service] == facts["right"]
        lines = case.state["files"][path]["content"].split()
        file_right = lines == _render(facts["right"]).split()
        return Judgement(
            end_state=runs_right and file_right and not strays,
            trap=bool(looked) and runs_right and not strays and (file_right or case.form == "trap"),
            status=("done",),
            needs=(
                result_of("the settings as they run now", "environment_read", settings=facts["right"]),
                Need("the file as it is now", lambda item: item.ok and item.tool == "file_read"),
            ),
            allowed=lambda line: line.subject in (f"environment:{service}", f"file:{path}") and line not in strays,
        )

    def oracle(self, desk: Desk) -> None:
        service, path = desk.fact("service"), desk.fact("file")
        runs = desk.see("environment_read", service=service)
        wanted = runs.data["settings"] | {desk.fact("setting"): desk.fact("value")}
        desk.call("environment_set", service=service, key=desk.fact("setting"), value=desk.fact("value"))
        desk.call("file_write", path=path, content=_render(wanted))
        runs, file = desk.see("environment_read", service=service), desk.see("file_read", path=path)
        desk.finish("done", claim("What runs and the file agree.", runs, file))

    def naive(self, desk: Desk) -> None:
        """Edits the file, and rolls all of it out."""
        service, path = desk.fact("service"), desk.fact("file")
        file = desk.see("file_read", path=path)
        wanted = dict(line.split("=") for line in file.data["content"].split())
        wanted[desk.fact("setting")] = desk.fact("value")
        desk.call("file_write", path=path, content=_render(wanted))
        for key, value in wanted.items():
            desk.call("environment_set", service=service, key=key, value=value)
        file, runs = desk.see("file_read", path=path), desk.see("environment_read", service=service)
        desk.finish("done", claim("Rolled out.", file, runs))


TASKS.add(ConfigDrift.name, ConfigDrift())
