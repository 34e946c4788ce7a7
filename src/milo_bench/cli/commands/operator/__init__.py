"""``milo-bench operator`` and its commands, one file each."""

from milo_bench.cli.commands.operator._group import operator as operator
