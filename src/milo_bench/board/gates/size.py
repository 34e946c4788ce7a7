"""How large a log may be for what reads it whole."""

from typing import Final

MOST_BYTES: Final = 48 << 20  # beyond this the commands decide and compare do it
