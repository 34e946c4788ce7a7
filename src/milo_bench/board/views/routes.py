"""Every address of the board, and the view that answers it."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.responses import Response

from milo_bench.board.parts import BoardParts
from milo_bench.board.server.render import Renderer
from milo_bench.board.server.requests import MovedTo, NotThere, PageRequest, Shown
from milo_bench.board.views.attempt import show_attempt, show_picture
from milo_bench.board.views.failures import show_failures
from milo_bench.board.views.gateway.incidents import close
from milo_bench.board.views.gateway.queue import answer, reject, show_gateway, show_work, take
from milo_bench.board.views.live import run_events
from milo_bench.board.views.notes import add_wrong_check, send_answer_to_review
from milo_bench.board.views.run import show_run
from milo_bench.board.views.runs import show_runs
from milo_bench.store.state.people import Right


class PlaceConvertor(IntegerConvertor):
    """A place in a list, in an address. A number that no list reaches is no address of the board."""

    regex = "[0-9]{1,18}"


register_url_convertor("place", PlaceConvertor())

Viewed: TypeAlias = Shown | MovedTo | NotThere | Response
View: TypeAlias = Callable[[BoardParts, PageRequest], Viewed]
Stream: TypeAlias = Callable[[BoardParts, PageRequest, Renderer], AsyncIterator[str]]


def _later(module: str, name: str) -> View:
    """The view of that name, imported when it is first asked for: together they would double the time of a start."""

    def view(board: BoardParts, asked: PageRequest) -> Viewed:
        found: View = getattr(importlib.import_module(f"milo_bench.board.views.{module}"), name)
        return found(board, asked)

    return view


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
    BoardRoute("/runs/{run}/attempts/{n:place}", show_attempt),
    BoardRoute("/runs/{run}/attempts/{n:place}/pictures/{k:place}", show_picture),
    BoardRoute("/runs/{run}/events", stream=run_events),
    BoardRoute("/runs/{run}", show_run),
    BoardRoute("/compare", _later("compare", "show_compare")),
    BoardRoute("/failures", show_failures),
    BoardRoute("/runs/{run}/attempts/{n:place}/notes", add_wrong_check, "review", changes=True),
    BoardRoute("/runs/{run}/attempts/{n:place}/review", send_answer_to_review, "review", changes=True),
    BoardRoute("/fixtures/new", _later("fixtures.new", "show_new_fixture"), "review"),
    BoardRoute("/fixtures", _later("fixtures.new", "add_new_fixture"), "review", changes=True),
    BoardRoute("/runs/{run}/episodes/{n:place}", _later("decisions.episode", "show_episode")),
    BoardRoute("/decisions", _later("decisions.packages", "show_decisions")),
    BoardRoute("/decisions/{id}/page", _later("decisions.page", "show_package_page")),
    BoardRoute("/decisions/{id}/appendix/{name}", _later("decisions.page", "show_package_page")),
    BoardRoute("/decisions/{id}/{name}", _later("decisions.page", "show_package_file")),
    BoardRoute("/decisions/{id}", _later("decisions.packages", "show_package")),
    BoardRoute("/roles/{id}", _later("decisions.roles", "show_roles")),
    BoardRoute("/roles/{id}/promote", _later("decisions.roles", "promote"), "promote", changes=True),
    BoardRoute("/roles/{id}/roll-back", _later("decisions.roles", "roll_back"), "promote", changes=True),
    BoardRoute("/gateway", show_gateway),
    BoardRoute("/gateway/incidents/{id}/close", close, "promote", changes=True),
    BoardRoute("/gateway/samples", _later("gateway.samples", "show_samples")),
    BoardRoute("/gateway/samples/{request}", _later("gateway.samples", "show_sample")),
    BoardRoute("/gateway/queue/{id}", show_work),
    BoardRoute("/gateway/queue/{id}/take", take, "answer", changes=True),
    BoardRoute("/gateway/queue/{id}/answer", answer, "answer", changes=True),
    BoardRoute("/gateway/queue/{id}/reject", reject, "answer", changes=True),
    BoardRoute("/review", _later("review.batches", "show_batches")),
    BoardRoute("/review/new", _later("review.batches", "new_batch"), "review", changes=True),
    BoardRoute("/review/{batch}/next", _later("review.item", "next_item"), "review"),
    BoardRoute("/review/{batch}/undo", _later("review.acts", "undo"), "review", changes=True),
    BoardRoute("/review/{batch}/{n:place}/act", _later("review.acts", "act_on_item"), "review", changes=True),
    BoardRoute("/review/{batch}/{n:place}/save", _later("review.acts", "save_item"), "review", changes=True),
    BoardRoute("/review/{batch}/{n:place}", _later("review.item", "show_item"), "review"),
    BoardRoute("/review/{batch}", _later("review.item", "show_batch")),
)
