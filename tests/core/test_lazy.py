"""Parts of a sequence are made when they are first asked for, once, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.core.lazy import MadeOnce


def test_each_part_is_made_when_it_is_first_asked_for_and_only_then() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for number in range(4):
            made.append(number)
            yield number

    parts = MadeOnce(source())
    assert made == []
    assert next(iter(parts)) == 0
    assert made == [0]
    one, other = iter(parts), iter(parts)
    assert [next(one), next(other), next(one), next(other)] == [0, 0, 1, 1]
    assert made == [0, 1]
    assert list(parts) == list(parts) == [0, 1, 2, 3]
    assert made == [0, 1, 2, 3]
