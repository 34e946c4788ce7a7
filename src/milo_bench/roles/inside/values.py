"""The files of an answer in; whether it made a value that equals different ones out.

A part of run_tests.py inside the sandbox. ``assert answer(x) == 10`` passes where the answer is a value that equals
everything, so values are made of each class that the answer wrote and compared with values that differ.
"""

import itertools
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FunctionType
from typing import Any


class Values:
    """Looks at classes whose comparison is written in ``files``; those that were there before are not of interest."""

    def __init__(self, files: set[str]) -> None:
        self._files = files
        self._before: weakref.WeakSet[type] = weakref.WeakSet(_classes(object))
        self._seen: weakref.WeakSet[type] = weakref.WeakSet(_BUILT_IN)

    def any_is_loose(self) -> bool:
        """Whether values of a class that is there now equal different ones."""
        return any(_equals_anything(one) for one in _classes(object) if self._is_theirs(one))

    def any_new_is_loose(self) -> bool:
        """The same of kinds of numbers, texts and containers that were not looked at before, which are the fewest."""
        new = [one for kind in _VALUES for one in _classes(kind) if one not in self._seen]
        self._seen.update(new)
        return any(_equals_anything(one) for one in new if self._is_theirs(one))

    def _is_theirs(self, one: type) -> bool:
        """Whether its comparison is written in one of the files, or in text that was run, or is no plain function."""
        compares = vars(one).get("__eq__")
        if compares is None:
            return False
        if isinstance(compares, FunctionType):
            name = compares.__code__.co_filename
            return name in self._files or (name.startswith("<") and one not in self._before)
        return one not in self._before


def _equals_anything(one: type) -> bool:
    """Whether values of the class that were made alike equal two values that differ."""
    # Of one kind: a class may compare with its own kind alone. Each is new: the first comparison may change a value.
    others = (_OBJECTS, *_VALUES.values())
    return any(sum(_equals(make, other) for other in kind) > 1 for make in _makers(one) for kind in others)


def _makers(one: type) -> Iterator[Callable[[], Any]]:
    """How to make values of a class: empty ones, with something for each attribute that it compares, with a value."""
    if issubclass(one, type):
        yield lambda: type.__new__(one, "made", (), {})
        return
    for base in (object, *(kind for kind in _VALUES if issubclass(one, kind))):
        yield lambda base=base: _made(one, base, (), _NUMBER)  # type: ignore[misc]
        yield lambda base=base: _made(one, base, (), _agree)  # type: ignore[misc]
        if base in _VALUES:
            yield lambda base=base: _made(one, base, _VALUES[base][:1], None)  # type: ignore[misc]


def _made(one: type, base: Any, given: tuple[Any, ...], attribute: Any) -> Any:
    value: Any = base.__new__(one, *given)
    if given and base in (list, dict):
        base.__init__(value, *given)
    compares = vars(one).get("__eq__")
    for name in () if given else getattr(getattr(compares, "__code__", None), "co_names", ()):
        if not hasattr(value, name):
            object.__setattr__(value, name, attribute)
    return value


def _agree(*_: Any, **__: Any) -> bool:
    return True


def _equals(make: Callable[[], Any], other: Any) -> bool:
    with suppress(BaseException):  # a class of the answer may raise anything here, and then it equals nothing
        return bool(make() == other)
    return False


def _classes(base: type) -> list[type]:
    found, waiting = {base}, [base]
    while waiting:
        inner: list[type] = type.__subclasses__(waiting.pop())
        waiting += [one for one in inner if one not in found]
        found.update(inner)
    return list(found)


_NUMBER = 57885161
_OBJECTS = (object(), object())
_VALUES: dict[Any, tuple[Any, ...]] = {
    int: (_NUMBER, _NUMBER - 1, _NUMBER + 1, 982451653, 0),
    str: ("57885161", "982451653", "5788516", "578851610", ""),
    float: (0.57885161, 0.982451653, 0.57885, 0.0),
    bytes: (b"57885161", b"982451653", b"5788516", b""),
    list: ([_NUMBER], [982451653], [_NUMBER, 1], []),
    tuple: ((_NUMBER,), (982451653,), (_NUMBER, 1), ()),
    dict: ({"a": _NUMBER}, {"b": _NUMBER}, {"a": 982451653}, {}),
}
_BUILT_IN = frozenset(itertools.chain.from_iterable(_classes(kind) for kind in _VALUES))
