"""A suite's own Python and recorded answers in, executions out: each check run once on each answer, in the sandbox."""

from milo_bench.run.own_checks.execute import OwnCall, execute_calls
from milo_bench.run.own_checks.live import LiveChecks

__all__ = ["LiveChecks", "OwnCall", "execute_calls"]
