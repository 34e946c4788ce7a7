"""bench.yaml and environment in, an inventory of this machine out; two inventories in, their difference out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from milo_bench.config.settings import Settings
from milo_bench.core.clock import Clock, SystemClock
from milo_bench.core.errors import MiloError
from milo_bench.core.records import Timeouts
from milo_bench.core.weights.cache import cache_directory
from milo_bench.core.weights.digests import DigestBook
from milo_bench.inventory.diff import InventoryDifference, compare_inventories, read_inventory
from milo_bench.inventory.models.places import usual_places
from milo_bench.inventory.records import Inventory
from milo_bench.inventory.runtimes.endpoints import EndpointAnswer, ListedServer
from milo_bench.inventory.survey import Survey, take_inventory
from milo_bench.run.event_loop import run_to_end
from milo_bench.targets.discover import discover_local
from milo_bench.targets.http.address import parse_address
from milo_bench.targets.http.answer import decode_json
from milo_bench.targets.http.plain import open_plain
from milo_bench.targets.llamacpp.weights import find_packaged

DIGEST_SECONDS = 10.0
DIGEST_LARGEST_BYTES = 2 << 30

_LIMITS = Timeouts(connect_s=0.5, first_token_s=3.0, total_s=3.0)


def inventory_now(
    settings: Settings, env: Mapping[str, str], *, all_digests: bool = False, clock: Clock | None = None
) -> Inventory:
    """Read this machine; seconds, most of them for digests that are not known yet.

    Files larger than 2 GiB are hashed only with ``all_digests``, which also lifts the limit of ten
    seconds and hashes files whose store tells their digest.
    """
    own_cache = cache_directory(env)
    book = DigestBook(
        own_cache / "digests.json",
        budget_s=None if all_digests else DIGEST_SECONDS,
        largest_bytes=None if all_digests else DIGEST_LARGEST_BYTES,
    )
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()

    async def discover() -> Sequence[ListedServer]:
        servers = await discover_local(env)
        return [ListedServer(server.kind, server.api, _root(server.base_url), server.base_url) for server in servers]

    survey = Survey(
        env=env,
        home=home,
        places=usual_places(home, env, own_cache),
        model_files=[*find_packaged(), *named_weights(settings)],
        book=book,
        discover=discover,
        fetch=fetch_without_key,
        now=(clock or SystemClock()).now(),
        verify_told=all_digests,
    )
    return run_to_end(take_inventory(survey))


def inventory_difference(before: Path, after: Path) -> InventoryDifference:
    """What changed between two files of ``inventory --json``. Raises DataError."""
    return compare_inventories(read_inventory(before), read_inventory(after))


def named_weights(settings: Settings) -> list[Path]:
    """Files that bench.yaml names as weights; a relative path counts from where the command runs."""
    named = [target.weights for target in settings.targets.values() if target.weights]
    return [Path(name).expanduser() for name in named if not name.startswith("builtin:")]


def _root(base_url: str) -> str:
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}"


async def fetch_without_key(root: str, method: str, path: str, body: bytes) -> EndpointAnswer:
    """One request without a key; no answer, or one that is no JSON, is an answer too."""
    try:
        address = parse_address(root)
    except MiloError:
        return EndpointAnswer()
    if address.tls:
        return EndpointAnswer()
    wire = open_plain(address)
    try:
        headers = {"Content-Type": "application/json"} if body else None
        reply = await wire.fetch(method, path, body, timeouts=_LIMITS, headers=headers)
        if reply.broken is not None:
            return EndpointAnswer()
        try:
            return EndpointAnswer(reply.status, decode_json(reply.body()))
        except ValueError:
            return EndpointAnswer(reply.status)
    finally:
        await wire.close()
