"""The pages: each view takes the board and a request, and gives what its page shows. One module for each page."""

from __future__ import annotations

from milo_bench.board.views.routes import ROUTES as ROUTES
from milo_bench.board.views.routes import Viewed as Viewed
