"""``milo-bench audit watch``: an audit and alarms in, each alarm with its count out; exit code 1 where one rings."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.options import FILE, FOLDER, JSON_FLAG
from milo_bench.cli.printing import count_noun, print_json
from milo_bench.core.errors import GateFailed
from milo_bench.report import terminal


@click.command("watch")
@click.argument("folder", type=FOLDER)
@click.option("--alarms", type=FILE, default=Path("alarms.yaml"), show_default=True, help="Limits to compare with.")
@JSON_FLAG
def audit_watch(folder: Path, alarms: Path, as_json: bool) -> None:
    """Count alarms over the latest requests. Exits 1 if one rings.

    milo-bench report writes alarms.yaml, with limits from the measured counts and their false-alarm rate.
    No alarm needs a right answer.
    """
    found = api.watch_audit(folder, alarms)
    ringing = [one for one in found if one.state == "alarm"]
    if as_json:
        print_json({"ok": not ringing, "alarms": msgspec.to_builtins(found)})
        if ringing:
            raise click.exceptions.Exit(GateFailed.exit_code)
        return
    terminal.print_alarms(found)
    if ringing:
        names = ", ".join(dict.fromkeys(one.workload for one in ringing))
        message = f"{count_noun(len(ringing), 'alarm')} for {names}."
        raise GateFailed(message, hint="turn these flags off in flags.yaml, and follow the incidents in runbook.md.")
