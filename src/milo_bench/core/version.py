"""The version of Milo Bench, as records and ``--version`` name it.

It is a module of its own because ``milo_bench/__init__.py`` hands on names of every room: a room that
imported its version from there would import all that is above it.
"""

__version__ = "0.2.0.dev0"
