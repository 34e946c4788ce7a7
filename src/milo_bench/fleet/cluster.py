"""What bench.yaml says of the cluster in, this process as a part of it out; its nodes with their labels."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from milo_bench.config.fleet import FleetConfig
from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.text import one_line
from milo_bench.fleet.placement import FleetNode
from milo_bench.fleet.scratch import folder_of_this_process

LOOPBACK: Final = "127.0.0.1"
OBJECT_STORE_BYTES: Final = 100_000_000  # rows go in messages, not through it
_REACH_S: Final = 5.0
_LOOK_S: Final = 1.0  # between looks for the head while a task is waited for
_HEAD_LOOKS: Final = 3  # in a row that find none, before it is gone
_TRIES: Final = 3  # of a task whose worker dies
INSTALL: Final = "pip install 'milo-bench[ray]', or in a checkout: make ray"

# To be set before Ray is imported. Nothing is reported to Ray's makers. On Linux the last one has one effect: an
# address of loopback stays what it is, and is not replaced by one that other machines reach.
_ENVIRONMENT: Final[Mapping[str, str]] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_STAY_ON_LOOPBACK: Final = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


_LOST_HEADS: Final[list[str]] = []


def is_left_in_ray() -> bool:
    """Whether this process left a cluster whose head is gone: threads of Ray wait, and crash where Python ends."""
    return bool(_LOST_HEADS)


def load_ray(*, loopback: bool = False) -> ModuleType:
    """Ray, silent. Raises PrerequisiteError where it is not installed."""
    os.environ.update(_ENVIRONMENT)
    if loopback:
        os.environ.update(_STAY_ON_LOOPBACK)
    try:
        import ray
    except ImportError:
        raise PrerequisiteError("--on ray needs Ray, which is not installed.", hint=INSTALL) from None
    logging.getLogger("ray").setLevel(logging.ERROR)
    # Ray prints that a worker died to standard output, which carries our data. The run itself tells of it.
    ray._private.worker._worker_logs_enabled = False
    module: ModuleType = ray
    return module


class HeadLost(PrerequisiteError):
    """The head of the cluster is gone, and what its nodes had under way with it."""

    def __init__(self) -> None:
        super().__init__("The head of the Ray cluster is gone.", hint="start one, and give the same command again.")


class Cluster:
    """A Ray cluster that this process belongs to."""

    def __init__(self, ray: ModuleType) -> None:
        self.ray = ray
        self._head = str(ray.get_runtime_context().gcs_address)

    def has_head(self) -> bool:
        """Whether the head takes connections. Without one, Ray waits in its calls, and ends this process after 60 s."""
        host, _, port = self._head.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S).close()
        except (OSError, ValueError):
            return False
        return True

    def result(self, reference: Any) -> Any:
        """What a task returns, as soon as it has. Raises HeadLost where the head is gone, for Ray would wait for it."""
        lost = 0
        with self._head_needed():
            while not self.ray.wait([reference], timeout=_LOOK_S)[0]:
                lost = 0 if self.has_head() else lost + 1
                if lost == _HEAD_LOOKS:
                    raise HeadLost
            return self.ray.get(reference)

    def send(self, task: Any, *arguments: object) -> Any:
        """Give a task to the cluster; what ``result`` waits for. Raises HeadLost where the head is gone."""
        with self._head_needed():
            return task.remote(*arguments)

    @contextmanager
    def _head_needed(self) -> Iterator[None]:
        """Ray raises whatever its layers raise where the head is gone, and waits for it where nobody catches that."""
        try:
            yield
        except Exception as error:
            if isinstance(error, HeadLost) or self.has_head():
                raise
            raise HeadLost from None

    @property
    def processors(self) -> int:
        """Of all nodes."""
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))

    def spread_task(self, function: Callable[..., bytes]) -> Any:
        """``function`` as a task of one processor on any node, which is done again elsewhere where a node dies."""
        options = {"num_cpus": 1, "max_retries": _TRIES, "scheduling_strategy": "SPREAD"}
        return self.ray.remote(function).options(**options)

    def nodes(self) -> list[FleetNode]:
        """Those that are alive, in the order of their names."""
        here = self.ray.get_runtime_context().get_node_id()
        found = [
            FleetNode(
                str(one["NodeID"]),
                f"{one['NodeManagerHostname']}-{str(one['NodeID'])[:6]}",
                {str(key): str(value) for key, value in one.get("Labels", {}).items()},
                one["NodeID"] == here,
            )
            for one in self.ray.nodes()
            if one["Alive"]
        ]
        return sorted(found, key=lambda node: (not node.here, node.name))

    def actor(self, kind: type, node: FleetNode, *arguments: object, at_once: int = 1) -> Any:
        """An actor of ``kind`` on ``node`` and no other; it is not restarted, and takes no share of the processors."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        options: dict[str, Any] = {
            "num_cpus": 0,
            "max_restarts": 0,
            "max_concurrency": at_once,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(node_id=node.id, soft=False),
        }
        return self.ray.remote(kind).options(**options).remote(*arguments)


def _require_reachable(address: str) -> None:
    """Ray itself waits for minutes for a head that is not there."""
    host, _, port = address.rpartition(":")
    if not address or address == "auto":
        return
    try:
        if not port.isdigit():
            raise OSError("it is not HOST:PORT")
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S).close()
    except (OSError, OverflowError) as error:
        message = f"Cannot reach the Ray cluster at {one_line(address)}: {error}."
        raise PrerequisiteError(message, hint="start its head, or correct fleet.address in bench.yaml.") from None


def _start_here(ray: ModuleType, folder: Path, quiet: Mapping[str, Any]) -> None:
    """A cluster of this machine alone, on loopback. Ray gives a busy machine 30 s to start it, so it is tried twice."""
    for is_last in (False, True):
        try:
            ray.init(
                address="local",
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                _node_ip_address=LOOPBACK,
                _temp_dir=str(folder),
                **quiet,
            )
        except Exception:  # Ray raises whatever its layers raise
            with suppress(Exception):
                ray.shutdown()
            if is_last:
                raise
        else:
            return


@contextmanager
def joined_cluster(config: FleetConfig) -> Iterator[Cluster]:
    """This process as a part of the cluster that ``config`` names, or of one that is started here and ended again.

    Raises PrerequisiteError where Ray is not installed or the cluster cannot be reached.
    """
    address = config.address or os.environ.get("RAY_ADDRESS") or ""
    _require_reachable(address)
    ray = load_ray(loopback=not address or address.startswith((LOOPBACK, "localhost")))
    if ray.is_initialized():  # by the program that called us: its cluster, and not ours to end
        yield Cluster(ray)
        return
    own: Path | None = None
    cluster: Cluster | None = None
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": False}
    try:
        try:
            if address:
                ray.init(address=address, **quiet)
            else:
                own = folder_of_this_process("milo-ray-")
                _start_here(ray, own, quiet)
        except Exception as error:  # Ray raises whatever its layers raise
            what = f"the Ray cluster at {address}" if address else "a Ray cluster on this machine"
            message = f"Cannot {'join' if address else 'start'} {what}: {type(error).__name__}."
            hint = f"check it with: ray status --address {address}" if address else "check memory and disk, then retry."
            raise PrerequisiteError(message, hint=hint) from None
        cluster = Cluster(ray)
        yield cluster
    finally:
        if cluster is None or cluster.has_head():
            with suppress(Exception):
                ray.shutdown()
        else:
            atexit.unregister(ray.shutdown)  # it would wait for the head
            _LOST_HEADS.append(address)
        if own is not None:
            shutil.rmtree(own, ignore_errors=True)
