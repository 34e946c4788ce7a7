"""A gateway at rest holds no library that no request needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from milo_bench.store.state.database import open_state

# What each is for: statistics of runs, changes of tables, sheets, databases on a server, prompts that are more than
# text and inputs, files of languages, hints at what a word might mean.
UNUSED = {"numpy", "alembic", "openpyxl", "sqlalchemy", "jinja2", "html", "tomllib", "difflib", "statistics"}
_LOADED = """
import sys
from pathlib import Path
import milo_bench.cli.main, milo_bench.cli.commands.serve, milo_bench.api.gateway.serving, milo_bench.gateway.run
from milo_bench.config.settings import load_settings
from milo_bench.gateway.options import ServeOptions, load_serving
from milo_bench.store.state.database import open_state
from milo_bench.store.state.keys import list_keys
folder = Path(sys.argv[1])
options = ServeOptions(folder / "routing.yaml", folder / "audit", str(folder / "state.db"), suites=("demo_v1",))
load_serving(options, load_settings(folder / "bench.yaml", {}, apis=("openai",)))
assert not list_keys(open_state(options.state, apart=True))
print(*sorted(sys.modules))
"""


def test_a_gateway_with_a_schema_guard_and_a_state_file_has_loaded_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "bench.yaml").write_text(
        "targets:\n  local: {api: openai, base_url: 'http://127.0.0.1:9/v1', model: m}\n"
    )
    (tmp_path / "routing.yaml").write_text(
        "targets: {local: {model: m}}\n"
        "rules:\n"
        "  - {id: orders, when: {workload: orders}, route: local, target: local, guardrails: [schema]}\n"
        "default: {route: refuse}\n"
    )
    open_state(str(tmp_path / "state.db")).dispose()
    command = [sys.executable, "-c", _LOADED, str(tmp_path)]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert "jsonschema_rs" in loaded, "the guard is there"
    assert sorted(UNUSED & loaded) == []
    # Only the Responses API needs these, and servers that say what they are (llama.cpp, vLLM).
    rooms = ("milo_bench.targets.responses.", "milo_bench.targets.identity.")
    assert [name for name in sorted(loaded) if name.startswith(rooms)] == []
    assert sorted(name for name in loaded if name.startswith("milo_bench.guards.")) == [
        f"milo_bench.guards.{name}" for name in ("case_facts", "case_text", "templates")
    ]
