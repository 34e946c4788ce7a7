"""Nodes with labels in, a Ray cluster of so many nodes on this machine's loopback out; ended whatever happens."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from milo_bench.fleet.cluster import LOOPBACK, OBJECT_STORE_BYTES, load_ray

_STARTS = 4


class LocalCluster:
    """A cluster of ``ray.cluster_utils``: each node has its own processes, and only loopback is listened on."""

    def __init__(self, labels: Sequence[dict[str, str]]) -> None:
        self.ray = load_ray(loopback=True)
        from ray.cluster_utils import Cluster

        # Short: sockets lie in it, and their paths have at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="milo-ray-"))
        os.environ["RAY_TMPDIR"] = str(self.folder)  # where Ray notes which cluster runs here
        (self.folder / "ray").mkdir()
        self._cluster: Any = Cluster(shutdown_at_exit=True)
        self.nodes: list[Any] = [self.add_node(one) for one in labels]

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def add_node(self, labels: dict[str, str]) -> Any:
        """Ray gives a node 30 s to start, which a busy machine may not make: it is tried again."""
        for left in reversed(range(_STARTS)):
            try:
                return self._cluster.add_node(
                    node_ip_address=LOOPBACK,
                    include_dashboard=False,
                    object_store_memory=OBJECT_STORE_BYTES,
                    num_cpus=1,
                    labels=labels,
                    temp_dir=str(self.folder / "ray"),
                )
            except Exception as error:  # Ray's own, without a type: the node's processes are ended by Ray
                if not left or "timed out during startup" not in str(error):
                    raise
        raise AssertionError("unreachable")

    def remove_node(self, node: Any) -> None:
        """As a machine that loses its power."""
        self._cluster.remove_node(node, allow_graceful=False)

    def worker_pids(self) -> list[int]:
        """Process ids of the workers of Milo Bench on all nodes."""
        return [one.pid for one in self._workers() if one.cmdline()[0].startswith("ray::Worker")]

    def cpu_s(self) -> float:
        """Processor time that the workers of all nodes have used so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._workers())

    def _workers(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with suppress(psutil.Error, IndexError):
                parents = (" ".join(parent.cmdline()) for parent in process.parents())
                if process.cmdline()[0].startswith("ray::") and any(str(self.folder) in one for one in parents):
                    yield process

    def shutdown(self) -> None:
        with suppress(Exception):
            self.ray.shutdown()
        with suppress(Exception):
            self._cluster.shutdown()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def local_cluster(*labels: dict[str, str]) -> Iterator[LocalCluster]:
    """A node for each of ``labels``, the first of them the head."""
    cluster = LocalCluster(labels)
    try:
        yield cluster
    finally:
        cluster.shutdown()
