"""A repository's files in, what it declares that its tests need out; read as data, nothing is run."""

from milo_bench.roles.declared.python import read_declared
from milo_bench.roles.declared.records import Declared, ReadFile, TestCommand

__all__ = ["Declared", "ReadFile", "TestCommand", "read_declared"]
