"""What a sentence says of a status: as it is, as it was, as it became, or not at all."""

from __future__ import annotations

import pytest

from milo_bench.core.errors import ConfigError
from milo_bench.guards.status import find_status_claims, read_vocabulary

VOCABULARY = read_vocabulary(
    {
        "under_review": ["being reviewed", "in review"],
        "approved": ["granted"],
        "closed": [],
        "denied": ["rejected"],
        "pending_documents": ["awaiting documents", "pending documents"],
        "open": None,
    }
)


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("The claim is currently under review [E-0412].", "under_review:current"),
        ("Current status: approved [E-0412].", "approved:current"),
        ("Status: Closed", "closed:current"),
        ("The case was approved on 14 March 2025 [E-0001].", "approved:change"),
        ("The case was previously approved.", "approved:past"),
        ("The claim was initially denied, but is now approved.", "denied:past approved:current"),
        ("The status was changed from under review to approved on 3 May.", "under_review:past approved:change"),
        ("The status changed from pending documents to under review.", "pending_documents:past under_review:change"),
        ("It was under review until 3 May.", "under_review:past"),
        ("It is under review until the form arrives.", "under_review:current"),
        ("We have approved your claim [E-0410].", "approved:change"),
        ("The office denied the application on 9 May.", "denied:change"),
        ("Your landlord approved the repair.", ""),
        ("Decision: approved.", "approved:current"),
        ("As of 3 May the case sits under review.", "under_review:current"),
        ("The matter is considered closed.", "closed:current"),
        ("The claim is no longer under review.", "under_review:past"),
        ("The claim has not been approved.", "approved:denied"),
        ("An open document request remains.", ""),
        ("The case was opened on 3 May.", ""),
        ("Once approved, payment will follow.", ""),
        ("The claim will be closed in June.", "closed:open"),
        ("The case remains open.", "open:current"),
        ("The claim has been closed.", "closed:change"),
        ("The case is marked as 'Pending Documents' [E-0001].", "pending_documents:current"),
        ("The status was corrected to under-review on 3 May 2025 [E-0100].", "under_review:change"),
        ("The claim, currently under review, was filed in May.", "under_review:current"),
        ("Approved.", "approved:current"),
        ("As of 3 May 2025, the case is closed.", "closed:current"),
        ("On 2 May the status was set to approved, but this was entered in error.", "approved:past"),
        ("The case was denied in error and later approved.", "denied:past"),
        ("The decision letter confirms that the claim is denied.", "denied:current"),
        ("The original status was approved.", "approved:past"),
        (
            "The claim was approved; however, it was reopened and is now under review.",
            "approved:change under_review:current",
        ),
        ("The case is not closed.", "closed:denied"),
        ("The case's current status is **under_review**.", "under_review:current"),
        ("The case is awaiting documents.", "pending_documents:current"),
        ("The case is still open and under review.", "open:current under_review:current"),
        ("A caseworker noted that the claim had been approved.", "approved:past"),
        ("It was granted on 4 May.", "approved:change"),
        ("The approved amount is 500.", ""),
        ("The claim was approved before it was closed.", "approved:past closed:change"),
        ("The claim moved to closed.", "closed:change"),
        ("The current approved status was recorded by the caseworker.", "approved:current"),
        ("The claim has now been approved.", "approved:change"),
        ("The claimant asked whether the claim is approved.", "approved:open"),
    ],
)
def test_stance_of_a_status_follows_from_the_words_around_it(text: str, claims: str) -> None:
    found = find_status_claims(text, VOCABULARY)
    assert " ".join(f"{claim.status}:{claim.stance}" for claim in found) == claims
    assert all(text[claim.start : claim.end] == claim.text for claim in found)


def test_a_claim_knows_its_sentence_in_a_longer_text() -> None:
    text = "Filed in May [E-0001]. The claim is closed [E-0002]."
    (claim,) = find_status_claims(text, VOCABULARY)
    assert text[claim.sentence_start : claim.sentence_end] == "The claim is closed [E-0002]."


def test_an_empty_vocabulary_finds_nothing() -> None:
    assert find_status_claims("The claim is closed.", read_vocabulary(None)) == ()


def test_a_vocabulary_of_another_shape_is_refused_with_an_example() -> None:
    with pytest.raises(ConfigError) as caught:
        read_vocabulary({"closed": 3})
    assert "closed" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("The claim is not under review any more and is approved.", "under_review:denied approved:current"),
        ("The claim is currently not under review but approved.", "under_review:denied approved:current"),
        ("The claim is not closed; instead it is under review.", "closed:denied under_review:current"),
        ("Nobody disputes that the claim is approved.", "approved:current"),
        ("There is no doubt that the claim is closed.", "closed:current"),
        ("It is not in dispute that the case is under review.", "under_review:current"),
        ("It cannot be denied that the claim is closed.", "closed:current"),
        ("The claim is neither approved nor closed.", ""),
        ("The claim is closed, not approved.", "closed:current"),
        ("It was not denied and it was not closed.", "denied:denied closed:denied"),
        ("Current status:\n\n**Approved** [E-0412]", "approved:current"),
        ("| Status | Approved |", "approved:current"),
        ("## Status\n- under review", "under_review:current"),
    ],
)
def test_a_denial_reaches_as_far_as_its_own_clause_and_a_heading_reaches_its_line(text: str, claims: str) -> None:
    found = [f"{claim.status}:{claim.stance}" for claim in find_status_claims(text, VOCABULARY)]
    wanted = claims.split()
    assert [claim for claim in found if claim in wanted] == wanted, found
    assert not [claim for claim in found if claim.endswith(":current") and claim not in wanted]


@pytest.mark.parametrize(
    ("text", "stances"),
    [
        ("The claim is no longer closed but approved.", [("closed", "past"), ("approved", "current")]),
        ("Status: approved (was: under review)", [("approved", "current"), ("under_review", "past")]),
        ("The claim was reopened after being closed.", [("reopened", "change"), ("closed", "past")]),
    ],
)
def test_a_status_that_is_over_is_past_beside_the_one_that_is(text: str, stances: list[tuple[str, str]]) -> None:
    vocabulary = read_vocabulary(["closed", "approved", "under_review", "reopened"])
    assert [(claim.status, claim.stance) for claim in find_status_claims(text, vocabulary)] == stances


DECIDED = read_vocabulary(["open", "paid", "refused"])


@pytest.mark.parametrize(
    ("text", "stances"),
    [
        ("The case is neither open nor refused but paid.", ["denied", "denied", "current"]),
        ("The case has been neither paid nor refused.", ["denied", "denied"]),
        ("The case is by no means open: it is paid.", ["denied", "current"]),
        ("The case is anything but open.", ["denied"]),
        ("The case is nowhere near paid.", ["denied"]),
        ("It is untrue that the case is paid.", ["denied"]),
        ("It would be false that the case is paid.", ["denied"]),
        ("The case is not only open but refused.", ["current", "current"]),
        ("The case is paid no more.", ["past"]),
        ("Its status is not open but rather paid.", ["denied", "current"]),
        ("The case is not open; paid is its present status.", ["denied", "current"]),
        ("The case is refused? No, it is paid.", ["open", "current"]),
        ("Status: ~~open~~ paid", ["current"]),
        ("| Case | Status |\n|---|---|\n| 17 | paid |\n", ["current"]),
        ("| Day | State |\n|---|:-:|\n| 1 May | open |\n| 4 May | paid |\n", ["change", "change"]),
        ("| Case | Note |\n|---|---|\n| 17 | paid |\n", []),
    ],
)
def test_other_ways_to_deny_a_status_and_to_lay_it_out(text: str, stances: list[str]) -> None:
    assert [claim.stance for claim in find_status_claims(text, DECIDED)] == stances


@pytest.mark.parametrize(
    ("text", "current"),
    [
        ("| File | Status |\n|---|---|\n| 12-9 | Closed |\n| 12-10 | Approved |", ["closed", "approved"]),
        ("| File | Closed by |\n|---|---|\n| 12-9 | Approved |", []),
        ("Garage claim: approved", ["approved"]),
        ("Front door: closed", []),
        ("Your solicitor says that the claim is approved.", []),
        ("Our register says that the claim is approved.", ["approved"]),
        ("Miss Ito wrote that the claim is closed.", []),
        ("Is your claim closed?", []),
        ("Your claim is approved or refused by Friday.", []),
        ("Small claims are refused if a form is missing.", []),
        ("Until your claim is approved, keep the receipts.", []),
        ("An appeal that is refused goes to the court.", []),
        ("You asked us to have the claim closed.", []),
        ("The invitation was refused by the claimant.", []),
        ("The claim is once again under review.", ["under_review"]),
        ("We've approved your claim.", ["approved"]),
        ("The board met and refused your appeal.", ["refused"]),
        ("The request has been escalated to the second line.", ["escalated"]),
    ],
)
def test_english_offices_say_in_many_ways_what_is_so(text: str, current: list[str]) -> None:
    vocabulary = read_vocabulary(["approved", "closed", "refused", "under_review", "escalated"])
    claims = find_status_claims(text, vocabulary)
    assert [claim.status for claim in claims if claim.stance in ("current", "change")] == current


ARROWS = read_vocabulary({"under_review": ["under review"], "approved": [], "closed": []})


@pytest.mark.parametrize("arrow", ["→", "->", "=>", "-->", "➜", ">", ">>", "⟶", "&rarr;"])
def test_of_two_statuses_an_arrow_leads_to_the_one_that_came_later(arrow: str) -> None:
    def said(text: str) -> list[tuple[str, str]]:
        return [(claim.status, claim.stance) for claim in find_status_claims(text, ARROWS)]

    assert said(f"Under review {arrow} approved") == [("under_review", "past"), ("approved", "change")]
    assert said(f"Status: under review {arrow} approved [E-0401].") == [
        ("under_review", "past"),
        ("approved", "current"),
    ]
    assert said(f"Claim 8812: under review {arrow} approved {arrow} closed") == [
        ("under_review", "past"),
        ("approved", "past"),
        ("closed", "change"),
    ]
    assert said(f"It will go from under review {arrow} approved.")[-1] != ("approved", "current")
    assert said(f"Status: under review (3 May) {arrow} approved (9 May)")[-1] == ("approved", "current")
    assert said(f"Workflow: under review {arrow} approved") == []


def test_an_arrow_back_leads_to_the_first_of_two_statuses() -> None:
    found = find_status_claims("Approved ← under review", ARROWS)
    assert [(claim.status, claim.stance) for claim in found] == [("approved", "change"), ("under_review", "past")]
