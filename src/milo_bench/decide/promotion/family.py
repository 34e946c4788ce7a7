"""Earlier looks at a role in, the share of the allowed error that each of its challengers gets out; pure.

What counts as one family is every challenger that one incumbent ever has. Each is compared by bounds that hold at any
time, so if the errors of all of them sum to at most the policy's, the chance that a challenger that is worse ever takes
this incumbent's place is at most that, however many come one after the other (the union bound). A promotion ends the
family and the next incumbent begins one, so of all promotions that share is wrong at most, give or take one.

The challengers of the first look share 1/2 of the error, those that come next 1/6, then 1/12, and so on: the sum of
1 / (k (k + 1)) is 1, and it falls slowly, so that late challengers need only somewhat more cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from milo_bench.decide.promotion.records import PromotionRecord

# Target, its model, and whether only fresh cases counted: such a look is another chance to be promoted.
_Challenger = tuple[str, str, bool]


def error_shares(
    history: Sequence[PromotionRecord],
    role: str,
    incumbent: str,
    challengers: Sequence[str],
    models: Mapping[str, str],
    *,
    fresh: bool = False,
) -> dict[str, float]:
    """The share of ``policy.error`` of each of ``challengers``, which are compared with ``incumbent`` now.

    ``history`` is what was looked at before, ``models`` gives what is behind each target where it is known. Another
    model behind a target is another challenger, and another one behind ``incumbent`` begins anew.
    """
    shares: dict[_Challenger, float] = {}
    names: dict[tuple[str, bool], _Challenger] = {}
    now = (tuple(challengers), models, fresh)
    number = 0
    for targets, behind, only_fresh in (*_looks(history, role, incumbent, models.get(incumbent, "")), now):
        new = []
        for target in targets:
            model, place = behind.get(target, ""), (target, only_fresh)
            one = (target, model, only_fresh)
            known = names.get(place)
            if not model and known is not None:  # it was not run again
                continue
            if model and known == (target, "", only_fresh):  # first listed, now run
                shares[one] = shares.pop(known)
            names[place] = one
            if one not in shares:
                new.append(one)
        if new:
            number += 1
            shares |= dict.fromkeys(new, 1 / (number * (number + 1) * len(new)))
    return {target: shares[names[target, fresh]] for target in challengers}


def _looks(
    history: Sequence[PromotionRecord], role: str, incumbent: str, model: str
) -> Iterator[tuple[tuple[str, ...], Mapping[str, str], bool]]:
    """Challengers of each look with the same incumbent, what was behind them, and whether it was of fresh cases."""
    for record in history:
        for decided in record.roles if record.kind == "decision" else ():
            same = not model or record.models.get(incumbent, model) == model
            if decided.role == role and decided.before == incumbent and same:
                yield tuple(one.target for one in decided.decisions), record.models, record.fresh
