"""What ``init`` writes can be run as it is."""

import subprocess
from pathlib import Path

from tests.cli.commands import BIN, environment, milo


def test_init_names_a_found_server_so_that_a_run_with_it_works(desk: Path) -> None:
    server = subprocess.Popen(
        [str(BIN / "milo-bench"), "fake-server"], cwd=desk, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    try:
        shell = f'OPENAI_BASE_URL={address}/v1 "$@"'
        said = milo("init", "--out", "found.yaml", folder=desk, shell=shell)
        assert said.code == 0
        again = milo("init", "--out", "found.yaml", folder=desk, shell=shell)
        assert (again.code, again.error) == (2, "found.yaml already exists.")
        run = milo("run", "--config", "found.yaml", "--suite", "tiny", "--models", "fake_1", "--json", folder=desk)
        assert (run.code, run.json()["failures"]) == (0, 0)
    finally:
        server.terminate()
        server.wait()
