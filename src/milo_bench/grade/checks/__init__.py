"""One file for each check; importing this package registers them all."""

from milo_bench.grade.base import CHECKS

CHECKS.load(__name__)
