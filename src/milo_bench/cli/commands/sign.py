"""``milo-bench sign``: a package and a key in, a signature in the package out."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FILE
from milo_bench.core.errors import UsageError

SECTION = "Decide"


@click.command()
@click.argument("package", type=click.Path(path_type=Path), required=False)
@click.option("--key", type=FILE, help="Private ed25519 key to sign with, in PEM form.")
@click.option("--runs", type=click.Path(path_type=Path), help="Folder with the run logs, matched by their hash.")
@click.option("--new-key", type=FILE, help="Make a key in this file, and its public key in FILE.pub.")
@click.option("--config", type=FILE, help="bench.yaml to use.")
@click.option("--no-receipt", is_flag=True, help="Do not enter the signature into a transparency log.")
def sign(
    package: Path | None,
    key: Path | None,
    runs: Path | None,
    new_key: Path | None,
    config: Path | None,
    no_receipt: bool,
) -> None:
    """Sign a package and the last seals of its run logs.

    The package is verified first, and one that fails is not signed. signature.json is an in-toto
    statement in a DSSE envelope, signed with ed25519. Erasing a person's text leaves it valid. If
    signing.transparency_log is set, the log's receipt is kept beside it.

    A key with a passphrase needs it in MILO_BENCH_KEY_PASSPHRASE.
    """
    if new_key is not None:
        public = api.new_signing_key(new_key)
        click.echo(f"key: {new_key} (keep it secret), public key: {public}")
    key = key or new_key
    if package is None:
        if new_key is None:
            raise UsageError("No package to sign.", hint="milo-bench sign PACKAGE --key KEY")
        say_next(f"milo-bench sign PACKAGE --key {shlex.quote(str(new_key))}")
        return
    if key is None:
        raise UsageError("No key to sign with.", hint="add --key KEY, or make one: milo-bench sign --new-key FILE")
    if not package.is_dir():
        raise UsageError(f"There is no package at {package}.", hint="give the folder written by 'milo-bench report'.")
    log = "" if no_receipt else api.load_settings(config, os.environ).signing.transparency_log
    written = api.sign_package(package, key, runs=runs, transparency_log=log)
    click.echo(f"signed: {written}" + (f", with a receipt of {log}" if log else ""))
    say_next(f"milo-bench verify {shlex.quote(str(package))} --key {shlex.quote(str(key))}.pub")
