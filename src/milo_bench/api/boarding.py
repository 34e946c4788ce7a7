"""The board and its people, wired for the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from milo_bench.board.serving import BoardListening, BoardOptions
    from milo_bench.decide.review import Review
    from milo_bench.store.state.people import KnownPerson, Right
    from milo_bench.store.state.review import ReviewBatch


def serve_board(options: BoardOptions, env: Mapping[str, str], on_start: Callable[[BoardListening], None]) -> None:
    """Serve the board until Ctrl-C. Raises UsageError, or PrerequisiteError where something is missing."""
    from milo_bench.board.serving import serve_board as serve

    serve(options, env, on_start, promote=_promote, roll_back=_roll_back)


def _promote(registry: Path) -> str:
    """Apply the last look at the roles of a registry. Raises UsageError where there is nothing to apply."""
    from milo_bench.api.roles.promoting import apply_last_look

    changes = apply_last_look(registry)
    return f"{len(changes)} changes applied."


def _roll_back(registry: Path) -> str:
    """Take back the last promotion that was applied. Raises UsageError where there is none."""
    from milo_bench.api.roles.promoting import rollback_roles

    return f"{len(rollback_roles(registry).changes)} changes taken back."


def people_add(state: str, name: str, rights: Sequence[Right]) -> tuple[str, KnownPerson]:
    """A new person of the board, and the token that signs them in; it is shown once."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.people import add_person

    return add_person(open_state(state), name, rights)


def people_list(state: str) -> tuple[KnownPerson, ...]:
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.people import list_people

    return list_people(open_state(state, make=False))


def people_revoke(state: str, name: str) -> KnownPerson:
    """End a person's token at once."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.people import revoke_person

    return revoke_person(open_state(state, make=False), name)


def review_batches(state: str) -> tuple[ReviewBatch, ...]:
    """The batches of the board's review, the newest first."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.review import list_batches

    return list_batches(open_state(state, make=False))


def export_review(state: str, batch: str, *, out: Path | None = None, sheet: Path | None = None) -> Review:
    """The review of a batch, written to ``out`` for ``decide``; ``sheet`` gets the scores for ``review import``.

    Raises UsageError for a batch that is not there, DataError where nothing was scored yet.
    """
    import msgspec

    from milo_bench.board.review.export import review_of, write_batch_sheet
    from milo_bench.core.files import write_file
    from milo_bench.store.state.database import open_state

    engine = open_state(state, make=False)
    found = review_of(engine, batch)
    if sheet is not None:
        write_batch_sheet(engine, batch, sheet)
    if out is not None:
        write_file(out, msgspec.json.format(msgspec.json.encode(found), indent=1))
    return found
