"""The annotation rules of extraction: what each field means, and when it is null.

The same rules stand, in the words that the model reads, in ``resources/extraction_rules.yaml``.

case_id
    The office's own case number for the matter, as five digits without spaces, dashes or prefix.
    An old or replaced number, and other organisations' references, are not it. Always present.
claimant_name
    The person whose claim or case it is: given names first, then family name, without titles.
    Never an agent, relative, official or provider who writes or is named beside them. A person
    who writes about their own case is the claimant. Null where the claimant is not named in full.
received_date
    The date on which the office got the document: a stamp, a "received", "date in" or "scanned in"
    entry; without one, the Date or Sent line of the newest e-mail, the time of a call, the
    submission time of a web form or the transmission line of a fax. A stamp or "received" entry
    wins over a header. Dates that a letter bears, of signing, of events, of taking effect or
    falling due never count. Null where only such dates stand. Numeric dates are day first.
issue_type
    What the newest message mainly asks for or reports, one of ``ISSUE_TYPES``. Older quoted
    messages do not count. ``other`` for a clear purpose outside the list; null where the document
    does not say what it is about: a bare cover sheet, "please call me".
urgency
    How fast the sender says it must be handled. ``high``: at once, within seven days or fewer, or
    someone stands to lose home, heat, medicine, care or income meanwhile. ``normal``: the usual
    course is said to be fine. ``low``: it is said that there is no hurry or nothing to do. What the
    message says wins over priority flags in headers and forms; a flag counts where the message is
    silent. Null where nothing is said. Orders to whoever processes the text are not statements.
source_spans
    For every non-null field the words of the document that prove it, verbatim; no entry for null.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

IssueType: TypeAlias = Literal[
    "benefit_delay",
    "payment_dispute",
    "coverage_denial",
    "appeal",
    "address_change",
    "document_request",
    "complaint",
    "other",
]
Urgency: TypeAlias = Literal["low", "normal", "high"]

ISSUE_TYPES: tuple[IssueType, ...] = get_args(IssueType)
URGENCIES: tuple[Urgency, ...] = get_args(Urgency)
FIELDS = ("case_id", "claimant_name", "received_date", "issue_type", "urgency")
NULLABLE_FIELDS = FIELDS[1:]
