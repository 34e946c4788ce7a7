"""A fixture of a run log in, the pictures of its input out as a report shows them, bounded in size and number."""

from __future__ import annotations

import base64
from typing import Final

from msgspec import Struct

from milo_bench.core.errors import MiloError
from milo_bench.core.hashing import sha256_bytes
from milo_bench.core.records import Fixture, RunHeader, Workload
from milo_bench.core.units import byte_count
from milo_bench.decide.records import ShownPicture
from milo_bench.suites.pictures import read_shown_picture
from milo_bench.suites.prompts import picture_names

MOST_OF_ONE: Final = 1_048_576  # bytes of one picture that a report shows
MOST_OF_ALL: Final = 6_291_456  # of all pictures of a report
_MOST_PICTURES: Final = 6  # of one example


class PictureRoom(Struct):
    """How many bytes of pictures a report still has room for; a picture that is shown twice counts twice."""

    left: int = MOST_OF_ALL

    def shown(self, header: RunHeader, workload: Workload | None, fixture: Fixture) -> tuple[ShownPicture, ...]:
        """The pictures of ``fixture`` from its suite's folder; none of a log that does not keep texts in full."""
        if workload is None or header.store_text != "full" or fixture.erased:
            return ()
        names = picture_names(workload, fixture.input)
        return tuple(self._one(header.suite_folder, name) for name in names[:_MOST_PICTURES])

    def _one(self, folder: str, name: str) -> ShownPicture:
        try:
            kind, data = read_shown_picture(name, folder)
        except MiloError:
            return ShownPicture(name, why_not="the suite's folder does not have a picture of this digest")
        digest = sha256_bytes(data)
        if len(data) > min(MOST_OF_ONE, self.left):
            return ShownPicture(name, digest, kind, why_not=f"it has {byte_count(len(data))}, too many for this report")
        self.left -= len(data)
        return ShownPicture(name, digest, kind, base64.b64encode(data).decode("ascii"))
