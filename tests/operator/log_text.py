"""The event log of an episode as text, one JSON object a line, and back: what a copy by hand would go through."""

from __future__ import annotations

import msgspec

from milo_bench.operator.worlds.records import LogLine

_LINES: msgspec.json.Decoder[LogLine] = msgspec.json.Decoder(LogLine)  # type: ignore[arg-type]


def log_to_text(lines: tuple[LogLine, ...]) -> str:
    encoder = msgspec.json.Encoder(order="deterministic")
    return "".join(encoder.encode(line).decode("utf-8") + "\n" for line in lines)


def log_from_text(text: str) -> tuple[LogLine, ...]:
    return tuple(_LINES.decode(line.encode("utf-8", "surrogatepass")) for line in text.splitlines() if line.strip())
