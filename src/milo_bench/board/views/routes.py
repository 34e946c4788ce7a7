"""Every address of the board, and the view that answers it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.responses import Response

from milo_bench.board.parts import BoardParts
from milo_bench.board.server.render import Renderer
from milo_bench.board.server.requests import MovedTo, NotThere, PageRequest, Shown
from milo_bench.board.views.attempt import show_attempt
from milo_bench.board.views.compare import show_compare
from milo_bench.board.views.decisions.episode import show_episode
from milo_bench.board.views.decisions.packages import show_decisions, show_package
from milo_bench.board.views.decisions.page import show_package_page
from milo_bench.board.views.decisions.roles import show_roles
from milo_bench.board.views.failures import show_failures
from milo_bench.board.views.fixtures.new import add_new_fixture, show_new_fixture
from milo_bench.board.views.gateway.queue import answer, reject, show_gateway, show_work, take
from milo_bench.board.views.live import run_events
from milo_bench.board.views.notes import add_wrong_check
from milo_bench.board.views.review.acts import act_on_item, save_item, undo
from milo_bench.board.views.review.batches import new_batch, show_batches
from milo_bench.board.views.review.item import next_item, show_batch, show_item
from milo_bench.board.views.run import show_run
from milo_bench.board.views.runs import show_runs
from milo_bench.store.state.people import Right

Viewed: TypeAlias = Shown | MovedTo | NotThere | Response
View: TypeAlias = Callable[[BoardParts, PageRequest], Viewed]
Stream: TypeAlias = Callable[[BoardParts, PageRequest, Renderer], AsyncIterator[str]]


def _no_view(board: BoardParts, asked: PageRequest) -> Viewed:
    return NotThere("There is no such page.")


@dataclass(frozen=True)
class BoardRoute:
    """One address. A page has a ``.json`` twin; what ``changes`` something takes a form, a ``stream`` sends events."""

    path: str
    view: View = _no_view
    right: Right = "look"
    changes: bool = False
    stream: Stream | None = None


ROUTES: Final[tuple[BoardRoute, ...]] = (
    BoardRoute("/runs", show_runs),
    BoardRoute("/runs/{run}/attempts/{n:int}", show_attempt),
    BoardRoute("/runs/{run}/events", stream=run_events),
    BoardRoute("/runs/{run}", show_run),
    BoardRoute("/compare", show_compare),
    BoardRoute("/failures", show_failures),
    BoardRoute("/runs/{run}/attempts/{n:int}/notes", add_wrong_check, "review", changes=True),
    BoardRoute("/fixtures/new", show_new_fixture, "review"),
    BoardRoute("/fixtures", add_new_fixture, "review", changes=True),
    BoardRoute("/runs/{run}/episodes/{n:int}", show_episode),
    BoardRoute("/decisions", show_decisions),
    BoardRoute("/decisions/{id}/page", show_package_page),
    BoardRoute("/decisions/{id}/appendix/{name}", show_package_page),
    BoardRoute("/decisions/{id}", show_package),
    BoardRoute("/roles/{id}", show_roles),
    BoardRoute("/gateway", show_gateway),
    BoardRoute("/gateway/queue/{id}", show_work),
    BoardRoute("/gateway/queue/{id}/take", take, "answer", changes=True),
    BoardRoute("/gateway/queue/{id}/answer", answer, "answer", changes=True),
    BoardRoute("/gateway/queue/{id}/reject", reject, "answer", changes=True),
    BoardRoute("/review", show_batches),
    BoardRoute("/review/new", new_batch, "review", changes=True),
    BoardRoute("/review/{batch}/next", next_item, "review"),
    BoardRoute("/review/{batch}/undo", undo, "review", changes=True),
    BoardRoute("/review/{batch}/{n:int}/act", act_on_item, "review", changes=True),
    BoardRoute("/review/{batch}/{n:int}/save", save_item, "review", changes=True),
    BoardRoute("/review/{batch}/{n:int}", show_item, "review"),
    BoardRoute("/review/{batch}", show_batch),
)
