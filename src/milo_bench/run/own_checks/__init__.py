"""A suite's own Python and recorded answers in, executions out: each check run once on each answer, in the sandbox."""

from milo_bench.run.own_checks.execute import OwnCall, execute_calls

__all__ = ["OwnCall", "execute_calls"]
