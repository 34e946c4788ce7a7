"""What changes while a gateway runs: the queue of people's work, keys and their use; SQLite, or PostgreSQL by URL.

Its packages come with ``milo-bench[gateway]`` and ``milo-bench[board]``: measuring and deciding need no database.
Importing anything of it without them raises PrerequisiteError.
"""

from importlib.util import find_spec

from milo_bench.core.errors import PrerequisiteError

if find_spec("sqlalchemy") is None or find_spec("alembic") is None:
    raise PrerequisiteError(
        "The state database of the gateway and the board needs SQLAlchemy and Alembic, which are not installed.",
        hint="pip install 'milo-bench[gateway]', for the board 'milo-bench[board]'.",
    )

from milo_bench.store.state.engine import Engine, StateError, kind_of

__all__ = ["Engine", "StateError", "kind_of"]
