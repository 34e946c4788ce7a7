"""Importers by the name of their format; importing this package registers them all."""

from milo_bench.suites.importers import folder, promptfoo, tables
from milo_bench.suites.importers.base import IMPORTERS, Imported, ImportRequest

__all__ = ["IMPORTERS", "ImportRequest", "Imported", "folder", "promptfoo", "tables"]
