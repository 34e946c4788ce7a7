"""Statements of the state database mean the same wherever its rows are: in a file, or where SQLAlchemy finds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench.store.state.database import open_state
from milo_bench.store.state.engine import Engine, StateConflictError, StateError, insert_into, kind_of
from milo_bench.store.state.file import FileEngine
from milo_bench.store.state.server import ServerEngine

Opened = Callable[[Path], Engine]


def by_file(folder: Path) -> Engine:
    return open_state(str(folder / "state.db"))


def by_address(folder: Path) -> Engine:
    return open_state(f"sqlite:///{folder / 'state.db'}?timeout=5")


OPENED = pytest.mark.parametrize("opened", [by_file, by_address])


def test_a_path_is_read_without_sqlalchemy_and_an_address_with_options_by_it(tmp_path: Path) -> None:
    assert isinstance(by_file(tmp_path), FileEngine)
    assert isinstance(by_address(tmp_path), ServerEngine)
    assert isinstance(open_state(f"sqlite:///{tmp_path / 'state.db'}"), FileEngine)
    assert isinstance(open_state(str(tmp_path / "odd?name.db")), FileEngine)
    assert (tmp_path / "odd?name.db").exists()
    assert by_file(tmp_path).path == by_address(tmp_path).path == tmp_path / "state.db"


@OPENED
def test_a_transaction_counts_whole_or_not_at_all(opened: Opened, tmp_path: Path) -> None:
    engine, other = opened(tmp_path), by_file(tmp_path)
    add = insert_into("board_secrets", ("name", "value"))
    with pytest.raises(StateConflictError), engine.writing() as connection:
        assert connection.change(add, name="a", value="1") == 1
        connection.change(add, name="a", value="2")
    with pytest.raises(ZeroDivisionError), engine.writing() as connection:
        connection.change(add, name="b", value="1")
        raise ZeroDivisionError
    with engine.writing() as connection:
        connection.change(add, name="c", value="it's :name and %s")
        with other.reading() as reading:
            assert reading.rows("SELECT * FROM board_secrets") == []
    with other.reading() as reading:
        assert reading.rows("SELECT * FROM board_secrets") == [{"name": "c", "value": "it's :name and %s"}]
    engine.dispose()
    other.dispose()


@OPENED
def test_several_values_are_asked_for_at_once(opened: Opened, tmp_path: Path) -> None:
    engine = opened(tmp_path)
    with engine.writing() as connection:
        for name in ("a", "b", "c"):
            connection.change(insert_into("board_secrets", ("name", "value")), name=name, value=name)
    with engine.reading() as connection:
        query = "SELECT name FROM board_secrets WHERE name IN :some AND value IN :other ORDER BY name"
        found = connection.rows(query, some=("a", "b", "x"), other=("b", "c"))
    assert found == [{"name": "b"}]
    engine.dispose()


@OPENED
def test_a_refusal_is_named_without_what_was_to_be_written(opened: Opened, tmp_path: Path) -> None:
    engine = opened(tmp_path)
    with pytest.raises(StateError) as refused, engine.reading() as connection:
        connection.rows("SELECT secret FROM nowhere WHERE key = :key", key="hunter2")
    assert kind_of(refused.value) == str(refused.value) == "OperationalError"
    assert "no such table" in refused.value.said
    assert "hunter2" not in f"{refused.value.said}{refused.value!r}{refused.value.__cause__!r}"
    with engine.reading() as connection:
        assert connection.rows("SELECT 1 AS one") == [{"one": 1}], "the next one is answered"
    engine.dispose()
