"""A folder and a database whose every text attacks the page that shows it; each address of the board, filled in."""

from __future__ import annotations

import itertools
import json
import shutil
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

from milo_bench.board.views import ROUTES
from milo_bench.board.views.routes import BoardRoute
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.state.database import open_state
from milo_bench.store.state.incidents import Incident, new_incident_id, open_incident
from milo_bench.store.state.queue import QueuedWork, add_work, new_id
from milo_bench.store.state.samples import SampledWork, add_samples
from tests.board.conftest import DATA, BoardClient, put_package
from tests.sealing import seal_anew

ROLES = Path(__file__).parents[2] / "examples" / "roles" / "registry.yaml"
SECRET = "what-only-the-board-may-read"  # in files outside of the folder
# An element, an attribute of one, a script, and an end of a comment or of a text area.
XSS = "<xss-probe>\"'><xss-probe a='\" xss-attr=1 onerror=xss()>javascript:xss()</textarea></script><!--"
NAMES = ("extraction-062", "smollm2_q4_0", "SmolLM2-135M-Instruct", "case_ops_v1", "trap:competing_dates")


def hostile_folder(folder: Path) -> None:
    """Logs of every kind, a package and a registry: names, ids, titles, tags, inputs and answers are attacks."""
    for name in ("run.jsonl", "operator.jsonl", "load.jsonl"):
        _attack(DATA / name, folder / f"<xss-probe>{name}")
    bad = folder / f"bad{XSS[:20].replace('/', '')}.jsonl"
    bad.write_bytes(b'{"type":"run","run_id":"' + b'<xss-probe>"}\n<xss-probe>\n')
    package = folder / "<xss-probe>package"
    put_package(package)
    decision = json.loads((package / "decision.json").read_text())
    decision["title"] = XSS
    (package / "decision.json").write_text(json.dumps(decision))
    bare = folder / "bare"
    shutil.copytree(package, bare)
    (bare / "decision.json").unlink()
    (bare / "summary.md").write_text(f"# {XSS}\n\n- {XSS}\n\n| {XSS} |\n|---|\n| {XSS} |\n\n{XSS}\n")
    shutil.copy(ROLES, folder / "registry.yaml")


def _attack(source: Path, log: Path) -> None:
    """The same log with attacks for its names, ids and texts."""
    text = json.dumps(XSS)[1:-1]
    lines = []
    for line in source.read_text().splitlines():
        record = json.loads(line)
        if record["type"] == "attempt":
            record["output"] = f"{XSS} {record.get('output', '')}"
        if record["type"] == "run":
            for workload in record["workloads"]:
                workload["title"] = f"{XSS}{workload['name']}"
        if record["type"] == "fixture":
            record["tags"] = [*record.get("tags", ()), XSS]
        shown = json.dumps(record)
        for n, name in enumerate(NAMES):
            shown = shown.replace(name, f"{text}{n}")
        lines.append(json.dumps(json.loads(shown), separators=(",", ":")))
    log.write_text("\n".join(lines) + "\n")
    seal_anew(log)
    read_run_log(log)


def hostile_queue(state: Path | str) -> None:
    """Work that waits for a person, sent by a client that attacks."""
    engine = open_state(str(state))
    body = {"messages": [{"role": XSS, "content": XSS}]}
    for request in (json.dumps({"door": "chat", **body, "input": {XSS: XSS, "lines": [{XSS: XSS}]}}), f"{XSS} no JSON"):
        add_work(
            engine,
            QueuedWork(new_id(), "waiting", "", time.time(), XSS, XSS, XSS, XSS, XSS, new_id(), request, XSS, XSS),
        )


def hostile_samples(state: Path | str) -> None:
    """Live work that the gateway kept: texts, names and tags are attacks."""
    sample = SampledWork(
        "r_0123456789abcdef", time.time(), XSS, XSS, (XSS,), {XSS: XSS, "lines": [{XSS: XSS}]}, XSS, XSS, XSS, XSS, XSS,
        XSS, XSS, XSS, (XSS,), 1.0, 1,
    )  # fmt: skip
    add_samples(open_state(str(state)), (sample,), most=10)


def hostile_incident(state: Path | str) -> None:
    """An incident about names that attack."""
    open_incident(
        open_state(str(state)),
        Incident(new_incident_id(), "drift", XSS, XSS, XSS, time.time(), XSS[:80], XSS[:80], True),
    )


def every_address(client: BoardClient) -> list[tuple[BoardRoute, str]]:
    """Each route with each of the things that its address can name."""
    filled = _names(client)
    found = []
    for route in ROUTES:
        names = [part.strip("{}").partition(":")[0] for part in route.path.split("/") if part.startswith("{")]
        section = route.path.split("/")[1]
        # A new part of an address has to be named here, and is then attacked like the others.
        for values in itertools.product(*(filled[section, name] for name in names)):
            path = route.path
            for name, value in zip(names, values, strict=True):
                for form in (f"{{{name}}}", f"{{{name}:place}}"):
                    path = path.replace(form, quote(str(value), safe=""))
            found.append((route, path))
    return found


def _names(client: BoardClient) -> dict[tuple[str, str], list[str]]:
    batches = [one["id"] for one in client.data("/review")["batches"]]
    decisions, gateway = client.data("/decisions"), client.data("/gateway")
    return {
        ("runs", "run"): [run["id"] for run in client.data("/runs")["runs"]],
        ("runs", "n"): ["0", "3"],
        ("runs", "k"): ["1"],
        ("decisions", "id"): [one["id"] for one in decisions["packages"]],
        ("decisions", "name"): ["index", "findings"],
        ("roles", "id"): [one["id"] for one in decisions["registries"]],
        ("gateway", "id"): [one["id"] for one in (*gateway["work"], *gateway["incidents"])],
        ("gateway", "request"): [one["request"] for one in client.data("/gateway/samples")["samples"]],
        ("review", "batch"): batches,
        ("review", "n"): ["1"],
    }


class Page(HTMLParser):
    """What a browser would make of a page: whatever an attack reached."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.reached: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "xss-probe" or "xss-attr" in given:
            self.reached.append(f"<{tag} {given}>")
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.reached.append("a script inside")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.reached.append(f"{tag} {name}")
            if name in ("href", "src", "action", "formaction", "data-events") and not _is_own(value or ""):
                self.reached.append(f"{tag} {name}={value}")

    def handle_comment(self, data: str) -> None:
        self.reached.append(f"a comment: {data[:40]}")


def _is_own(address: str) -> bool:
    return (address.startswith(("/", "?", "#")) and not address.startswith("//")) or address in ("data:,", "")


def events(text: str) -> Iterator[str]:
    """The HTML in a stream of events."""
    for block in text.split("\n\n"):
        data = [line[6:] for line in block.splitlines() if line.startswith("data: ")]
        if data and data[0].startswith('"'):
            yield json.loads(data[0])
