"""What ``init`` writes can be run as it is."""

import shlex
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
        line = said.err.partition("next: milo-bench ")[2].splitlines()[0]
        assert line == "run --suite case_ops_v1 --models fake_1 --limit 24 --config found.yaml"
        run = milo(*shlex.split(line.replace("case_ops_v1", "tiny")), "--json", folder=desk)
        assert (run.code, run.json()["failures"]) == (0, 0)
    finally:
        server.terminate()
        server.wait()
