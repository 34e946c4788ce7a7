"""Gold rows of the list documents in, other words that mean the same values out, as the set's authors take them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_STATES = (
    "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,"
    "DC District of Columbia,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,"
    "KY Kentucky,LA Louisiana,ME Maine,MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,"
    "MO Missouri,MT Montana,NE Nebraska,NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,"
    "NC North Carolina,ND North Dakota,OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,"
    "SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,UT Utah,VT Vermont,VA Virginia,WA Washington,"
    "WV West Virginia,WI Wisconsin,WY Wyoming,AB Alberta,BC British Columbia,MB Manitoba,NB New Brunswick,"
    "NL Newfoundland and Labrador,NS Nova Scotia,ON Ontario,PE Prince Edward Island,QC Quebec,SK Saskatchewan"
)
_LINES = {
    "Commercial General Liability": "CGL",
    "General Liability": "CGL",
    "Workers Compensation": "WC",
    "Workers' Compensation": "WC",
    "Workers Compensation and Employers Liability": "WC",
    "Businessowners": "BOP",
    "Businessowners Policy": "BOP",
    "Business Owners Policy": "BOP",
}


def aliases_of(gold: Iterable[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """By field, other words for a value: names of states, lines of business, units, fuels, spans of dates."""
    states = {name: code for code, _, name in (one.partition(" ") for one in _STATES.split(","))}
    found: dict[str, dict[str, str]] = {"lob": dict(_LINES)}
    for row in gold:
        for field, value in row.items():
            if not isinstance(value, str) or not value:
                continue
            words = found.setdefault(field, {})
            if field in ("jurisdiction", "state", "state_licensed", "policy_state"):
                words |= {**states, **{f"{name} ({code})": code for name, code in states.items()}}
                words |= {f"{code} - {name}": code for name, code in states.items()}
            elif field == "vehicle":
                words |= {f"Unit {value}": value, f"Vehicle {value}": value}
            elif field == "policy_period" and " - " in value:
                words |= {value.replace(" - ", to): value for to in (" to ", "-", " – ")}
            elif field == "fuel_type":
                words |= {"Diesel (DI)": "DI", "Diesel": "DI", "Gasoline (GA)": "GA", "Gasoline": "GA"}
    return {field: words for field, words in found.items() if words}
