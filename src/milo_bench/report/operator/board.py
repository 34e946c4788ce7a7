"""Operator runs and permits in, a folder of static pages out: the board and one page an episode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from milo_bench.config.policy.operator import LEVELS, OperatorPolicy
from milo_bench.core.files import write_folder
from milo_bench.core.records import AttemptKey, Episode
from milo_bench.core.text import one_line
from milo_bench.core.units import interval_text, seconds, share
from milo_bench.decide.wording import join_words
from milo_bench.operator.permit.records import LEVEL_NAMES, OperatorPermit
from milo_bench.operator.totals import PARTS
from milo_bench.operator.trials import OperatorRun, episode_kind
from milo_bench.operator.worlds.grade import TASK_POINTS
from milo_bench.operator.worlds.session import BENCH_VERSION, VERSIONS, Session
from milo_bench.operator.worlds.tasks import find_task, is_built_in
from milo_bench.report.operator.rows import BEHAVIOURS, Chip, board_rows
from milo_bench.report.operator.transcript import plain, transcript
from milo_bench.report.pages.permits import ENDINGS
from milo_bench.report.terminal.operators.permit import amounts_text, identity, next_text, usd

EPISODES: Final = "episodes"
_PAGE_NAMES: Final = "ep-[0-9][0-9][0-9][0-9][0-9].html"


@dataclass(frozen=True)
class Board:
    """What the pages are made of; ``permits`` hold the totals of every target."""

    runs: tuple[OperatorRun, ...]
    permits: tuple[OperatorPermit, ...]
    policy: OperatorPolicy


@dataclass(frozen=True)
class _Page:
    """One episode with the file that it is written to; the name is a counter, never text of a log."""

    name: str
    run: OperatorRun
    episode: Episode


def write_board(board: Board, out: Path) -> tuple[Path, ...]:
    """Write index.html and episodes/ into ``out``; the files written, index.html first.

    Episode pages of an earlier board in the same folder are removed. Raises PrerequisiteError where
    the folder cannot be written.
    """
    pages = _pages(board.runs)
    names = {(page.run.header.run_id, page.episode.key): page.name for page in pages}
    environment = _environment()
    files = {"index.html": _board_page(environment, board, names)}
    for at, page in enumerate(pages):
        around = (pages[at - 1].name if at else "", pages[at + 1].name if at + 1 < len(pages) else "")
        files[f"{EPISODES}/{page.name}"] = _episode_page(environment, page, around, _twin(page, names))
    return tuple(write_folder(out, files, stale=f"{EPISODES}/{_PAGE_NAMES}"))


def _pages(runs: Sequence[OperatorRun]) -> list[_Page]:
    pages: list[_Page] = []
    for run in runs:
        for episode in run.episodes:
            pages.append(_Page(f"ep-{len(pages) + 1:05d}.html", run, episode))
    return pages


def _environment() -> Environment:
    loader = PackageLoader("milo_bench", "report/templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source, _, _ = PackageLoader("milo_bench", "report/static").get_source(environment, "operator.css")
    environment.globals.update(
        css=Markup(source),  # noqa: S704 - our own file, no text of a log
        levels=LEVELS,
        level_names=LEVEL_NAMES,
        kind_words=ENDINGS,
        behaviours=BEHAVIOURS,
        listed=join_words,
        parts=PARTS,
        task_points=TASK_POINTS,
        bench_version=BENCH_VERSION,
    )
    environment.filters.update(share=share, seconds=seconds, amounts=amounts_text, usd=usd, line=one_line, plain=plain)
    return environment


def _board_page(environment: Environment, board: Board, names: dict[tuple[str, AttemptKey], str]) -> str:
    def chip_page(run_id: str, keys: Sequence[AttemptKey]) -> str:
        return next((names[run_id, key] for key in keys if (run_id, key) in names), "")

    return environment.get_template("operator_board.jinja").render(
        permits=board.permits,
        policy=board.policy,
        rows=board_rows(board.runs, board.permits, chip_page),
        runs=board.runs,
        identity=identity,
        next_text=next_text,
        interval_text=interval_text,
        episodes=len(names),
        hashed=[run.name for run in board.runs if run.header.store_text == "hashes"],
        redacted=[run.name for run in board.runs if run.header.store_text == "redacted"],
    )


def _episode_page(environment: Environment, page: _Page, around: tuple[str, str], twin: str) -> str:
    episode, header = page.episode, page.run.header
    task = find_task(episode.task)
    show_text = header.store_text != "hashes"
    kind = episode_kind(episode)
    return environment.get_template("operator_episode.jinja").render(
        episode=episode,
        task=task,
        target=next((t for t in header.targets if t.name == episode.key.target), None),
        kind=kind,
        chip=Chip(kind, episode.points, page.name, ""),
        brief=_brief(episode),
        steps=transcript(episode, show_text=show_text),
        show_text=show_text,
        store_text=header.store_text,
        log_name=page.run.name,
        header=header,
        around=around,
        twin=twin,
        protocol_errors=_protocol_errors(episode),
    )


def _twin(page: _Page, names: dict[tuple[str, AttemptKey], str]) -> str:
    """The page of the same repeat's other form, "" where there is none."""
    episode = page.episode
    other = "clean" if episode.form == "trap" else "trap"
    key = msgspec.structs.replace(episode.key, fixture=f"{episode.task}.{other}")
    return names.get((page.run.header.run_id, key), "")


def _brief(episode: Episode) -> str:
    """What the operator was asked, made again from the seed; nothing where the worlds have changed since."""
    version = episode.log[0].get("bench_version") if episode.log else BENCH_VERSION
    if version not in VERSIONS or not is_built_in(episode.task):
        return ""  # the code that wrote the brief is not here
    task = find_task(episode.task)
    secret = str(episode.log[0].get("secret", "")) if episode.log else ""
    brief = Session(task, episode.seed, episode.form, secret=secret, version=int(version)).brief
    *orders, facts = brief.split("\n\n")
    # The order is wrapped for a terminal; a page wraps it anew. Its names and figures stay one a line.
    return "\n\n".join([*(" ".join(order.split()) for order in orders), facts])


def _protocol_errors(episode: Episode) -> int:
    return max(episode.rejected, sum(bool(turn.protocol_error) for turn in episode.turns))
