"""Routing policies with what they automate, let pass and send out in, those that no other one beats out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class Point(Struct, frozen=True):
    """Shares of all cases: answered without a person, wrong among these, with a call to a hosted target.

    ``at_home`` are those answered without a person and without any hosted call.
    """

    automated: float
    error_passing: float
    hosted: float
    at_home: float = 0.0

    def beats(self, other: Point) -> bool:
        """As good in all three and better in one."""
        as_good = (
            self.automated >= other.automated
            and self.error_passing <= other.error_passing
            and self.hosted <= other.hosted
        )
        return as_good and self.shares != other.shares

    @property
    def shares(self) -> tuple[float, float, float]:
        return (self.automated, self.error_passing, self.hosted)


def frontier(points: Sequence[Point]) -> tuple[bool, ...]:
    """For each point, whether none beats it. Equal points are all kept."""
    return tuple(not any(other.beats(point) for other in points) for point in points)


class Standing(Struct, frozen=True):
    """A policy on the part for choosing. ``gates`` are outcomes of the gates that routing can change."""

    point: Point
    gates: tuple[str, ...]
    least_automated: float
    changes: int
    moves_away: bool  # to another target
    allowed: bool  # a remedy of this work, replayed and not hoped for; no other work, nor people for everything

    @property
    def eligible(self) -> bool:
        """No gate fails, and enough is automated to call it a route."""
        enough = self.point.automated > 0 and self.point.automated >= self.least_automated
        return self.allowed and enough and "fail" not in self.gates


def choose(standings: Sequence[Standing]) -> int | None:
    """The place of the policy to take, None where none is eligible.

    Fewest gates undecided, then staying on the target, then most answered at home (a case that a
    hosted model answers or checks is paid for and leaves the house), most automated, least error, fewest
    changes; the first of equals.
    """
    places = [place for place, standing in enumerate(standings) if standing.eligible]
    return min(places, key=lambda place: _order(standings[place]), default=None)


def _order(standing: Standing) -> tuple[float, ...]:
    point = standing.point
    return (
        standing.gates.count("undecided"),
        standing.moves_away,
        -point.at_home,
        -point.automated,
        point.error_passing,
        standing.changes,
    )
