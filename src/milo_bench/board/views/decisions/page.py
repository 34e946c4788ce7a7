"""A package's own page, as it was written: in a sandbox, without scripts, in an origin of its own."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from milo_bench.board.packages.finding import is_own_file
from milo_bench.board.parts import BoardParts
from milo_bench.board.server.guard import PACKAGE_CSP
from milo_bench.board.server.requests import NotThere, PageRequest

_PAGES: Final = frozenset({"index"})
_MOST_BYTES: Final = 20_000_000


def show_package_page(board: BoardParts, asked: PageRequest) -> Response | NotThere:
    """``/decisions/{id}/page``, and ``/decisions/{id}/appendix/{name}``."""
    package = board.packages.find(asked.names["id"])
    if package is None or not package.path.is_dir():
        return NotThere("There is no decision with this address.", "start from the list of decisions.")
    name = asked.names.get("name", "")
    # The name is compared with those of the folder and never joined to a path.
    folder = package.path / "appendix" if name else package.path
    wanted = f"{name.removesuffix('.html')}.html" if name else "index.html"
    file = next((one for one in folder.glob("*.html") if one.name == wanted), None) if folder.is_dir() else None
    if file is None or folder.is_symlink() or not is_own_file(file) or file.stat().st_size > _MOST_BYTES:
        return NotThere("This package has no such page.", "open the package from its folder.")
    return Response(file.read_bytes(), media_type="text/html", headers={"Content-Security-Policy": PACKAGE_CSP})
