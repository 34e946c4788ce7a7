"""A package's own pages and files, as they were written: in a sandbox, without scripts, in an origin of its own."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from milo_bench.board.packages.finding import is_own_file
from milo_bench.board.parts import BoardParts
from milo_bench.board.server.guard import PACKAGE_CSP
from milo_bench.board.server.requests import NotThere, PageRequest

_MOST_BYTES: Final = 20_000_000
_TEXTS: Final = frozenset({".csv", ".json", ".md", ".txt", ".yaml"})


def show_package_page(board: BoardParts, asked: PageRequest) -> Response | NotThere:
    """``/decisions/{id}/page``, and ``/decisions/{id}/appendix/{name}``."""
    name = asked.names.get("name", "")
    return _of_package(board, asked, "appendix" if name else "", f"{name.removesuffix('.html')}.html" if name else "")


def show_package_file(board: BoardParts, asked: PageRequest) -> Response | NotThere:
    """``/decisions/{id}/{name}``: what the package's pages link to, as plain text."""
    return _of_package(board, asked, "", asked.request.url.path.rpartition("/")[2])


def _of_package(board: BoardParts, asked: PageRequest, inside: str, name: str) -> Response | NotThere:
    package = board.packages.find(asked.names["id"])
    if package is None or not package.path.is_dir():
        return NotThere("There is no decision with this address.", "start from the list of decisions.")
    # The name is compared with those of the folder and never joined to a path.
    folder, wanted = package.path / inside, name or "index.html"
    file = next((one for one in folder.iterdir() if one.name == wanted), None) if folder.is_dir() else None
    is_page = wanted == "index.html" or (inside == "appendix" and wanted.endswith(".html"))
    if file is None or folder.is_symlink() or not is_own_file(file) or not (is_page or file.suffix in _TEXTS):
        return NotThere("This package has no such page or file.", "report writes them: milo-bench report PACKAGE")
    if file.stat().st_size > _MOST_BYTES:
        return NotThere("This file is too large for the board.", "open the package from its folder.")
    media_type = "text/html" if is_page else "text/plain"
    return Response(file.read_bytes(), media_type=media_type, headers={"Content-Security-Policy": PACKAGE_CSP})
