"""How good the rules are that a decision rests on, as the page of scorecards lists them."""

from __future__ import annotations

import msgspec

from milo_bench.decide.records import Figure, Source
from milo_bench.report.pages.views import rules_seen
from tests.report.sample_decision import sample_decision


def _figure(id: str, what: str) -> Figure:
    title = f"{what} of the rules for {id.split('/')[1]}"
    return Figure(id=f"{id}/{what}", title=title, value=0.9, unit="share", source=Source("detector", what, "x 1"))


def test_each_rule_has_one_row_also_where_its_share_of_new_wordings_is_a_figure_too() -> None:
    shown = ("recall", "precision", "strangers")
    made = [_figure("detector/promises_caught/de", what) for what in shown]
    made += [_figure("detector/secrets/en", what) for what in shown[:2]]
    of = msgspec.structs.replace(sample_decision(), figures={one.id: one for one in made})
    promises, secrets = rules_seen(of)
    assert (promises.title, promises.recall) == ("promises_caught", "detector/promises_caught/de/recall")
    assert promises.new_words in of.figures
    assert secrets.precision in of.figures
    assert secrets.new_words not in of.figures, "no writer's texts were measured on: the page shows a dot"
