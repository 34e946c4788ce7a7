"""What stands before a deploy: the working tree, tests, scans, approvals."""

from __future__ import annotations

from milo_bench.operator.worlds.tools.arguments import EvidenceIds, ShortText
from milo_bench.operator.worlds.tools.deploys import Artifact
from milo_bench.operator.worlds.world import Seen, ToolArguments, ToolFailure, World, tool

GROUP = "gates"


class Repository(ToolArguments, frozen=True):
    repository: ShortText


class Commit(ToolArguments, frozen=True):
    commit: ShortText


class ApprovalRequest(ToolArguments, frozen=True):
    artifact: ShortText
    approver: ShortText
    evidence: EvidenceIds = []


@tool(GROUP, Repository, "Show a repository: head commit and files with uncommitted changes.")
def repo_status(world: World, arguments: Repository) -> Seen:
    found = world.entry("repositories", arguments.repository, noun="repository")
    return Seen({"repository": arguments.repository, **found}, (f"repository:{arguments.repository}",))


@tool(GROUP, Repository, "Show the last recorded test run of a repository, and the commit that it ran on.")
def test_results(world: World, arguments: Repository) -> Seen:
    found = world.entry("test_results", arguments.repository, noun="test run for repository")
    return Seen({"repository": arguments.repository, **found}, (f"tests:{arguments.repository}",))


@tool(GROUP, Commit, "Run the tests on a commit.", cost_s=240)
def test_run(world: World, arguments: Commit) -> Seen:
    # What the tests of a commit give is a fact of the world; running them is how to find out.
    found = world.entry("test_truth", arguments.commit, noun="commit")
    return Seen({"commit": arguments.commit, **found}, (f"commit:{arguments.commit}",))


@tool(GROUP, Artifact, "Show the last recorded security scan of an artifact.")
def scan_results(world: World, arguments: Artifact) -> Seen:
    found = world.entry("scan_results", arguments.artifact, noun="scan of artifact")
    return Seen({"artifact": arguments.artifact, **found}, (f"scan:{arguments.artifact}",))


@tool(GROUP, Artifact, "Run the security scan of an artifact.", cost_s=180)
def scan_run(world: World, arguments: Artifact) -> Seen:
    found = world.entry("scan_truth", arguments.artifact, noun="artifact")
    world.section("scan_results")[arguments.artifact] = dict(found)
    world.moved(f"scan:{arguments.artifact}")
    return Seen({"artifact": arguments.artifact, **found}, (f"scan:{arguments.artifact}",))


@tool(GROUP, Artifact, "Show the approvals that an artifact's service has, each with the digest that was approved.")
def approval_get(world: World, arguments: Artifact) -> Seen:
    found = world.entry("artifacts", arguments.artifact, noun="artifact")
    given = world.section("approvals").get(found["service"], [])
    data = {"artifact": arguments.artifact, "digest": found["digest"], "approvals": given}
    return Seen(data, (f"approvals:{found['service']}",))


@tool(
    GROUP, ApprovalRequest, "Ask someone to approve an artifact; the answer comes later, as an approval.", writes=True
)
def approval_request(world: World, arguments: ApprovalRequest) -> Seen:
    found = world.entry("artifacts", arguments.artifact, noun="artifact")
    asked = world.section("approval_requests")
    if arguments.artifact in asked:
        raise ToolFailure("already_asked", f"The approval of '{arguments.artifact}' was asked for before.")
    asked[arguments.artifact] = {
        "approver": arguments.approver,
        "digest": found["digest"],
        "evidence": list(arguments.evidence),
    }
    world.wrote(f"approval_request:{arguments.artifact}", asked[arguments.artifact])
    return Seen({"artifact": arguments.artifact, "approver": arguments.approver, "requested": True})
