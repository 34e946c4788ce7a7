"""Commits of a repository in, coder cases proven on the nodes of a cluster out, as one machine would prove them.

The repository goes to the nodes as one pack, so that they need no folder in common. A node installs environments into
its own cache, and runs tests in its own sandbox. A node that dies has its commits proven elsewhere.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from milo_bench.core.errors import DataError, MiloError, PrerequisiteError
from milo_bench.core.version import __version__
from milo_bench.fleet.cluster import Cluster
from milo_bench.fleet.scratch import folder_of_this_process
from milo_bench.roles.coder import CoderCase
from milo_bench.roles.declared import Declared
from milo_bench.roles.git import GitCommit, GitRepository, unpack_history
from milo_bench.roles.languages.calls import RecordedCall
from milo_bench.roles.mining.coder import CoderMiner, coder_miner
from milo_bench.roles.mining.records import Mined, MiningOptions, NoCase
from milo_bench.sandbox import require_sandbox

_PIECE_BYTES: Final = 16 << 20  # of the pack, in one object of the cluster

EnvironmentsFolder = Callable[[Mapping[str, str]], Path]


class RayMiners:
    """A ``CoderProver`` of the processors of a cluster. ``environments`` says where a node keeps environments."""

    def __init__(
        self, cluster: Cluster, environments: EnvironmentsFolder, repository: GitRepository, options: MiningOptions
    ) -> None:
        self.declared: dict[str, Declared] = {}
        self._cluster = cluster
        self._proven = cluster.spread_task(_proven)
        self._recorded = cluster.spread_task(_recorded)
        head, pack = repository.packed_history()
        # Paths of this machine mean nothing on a node.
        sent = dataclasses.replace(options, repository=Path(repository.name), out=Path())
        self._pieces = [cluster.ray.put(pack[at : at + _PIECE_BYTES]) for at in range(0, len(pack), _PIECE_BYTES)]
        self._work = cluster.ray.put(pickle.dumps((__version__, repository.name, head, sent, environments)))

    def prove(self, commit: GitCommit) -> Sequence[Mined]:
        mined, declared = self._result(self._cluster.send(self._proven, self._work, self._pieces, pickle.dumps(commit)))
        self.declared.update(declared)
        found: Sequence[Mined] = mined
        return found

    def calls(self, case: CoderCase, declared: Declared) -> tuple[Sequence[RecordedCall], Mapping[str, str]]:
        calls, texts = self._result(
            self._cluster.send(self._recorded, self._work, self._pieces, pickle.dumps((case, declared)))
        )
        return calls, texts

    def _result(self, reference: Any) -> Any:
        try:
            what, content = pickle.loads(self._cluster.result(reference))  # noqa: S301  written by our own task
        except self._cluster.ray.exceptions.RayError as error:
            message = f"The fleet could not prove a case ({type(error).__name__})."
            raise PrerequisiteError(message, hint="see 'ray status', or leave out --on ray.") from None
        if what == "result":
            return content
        if what == "no case":
            raise NoCase(*content)
        kinds: dict[str, type[MiloError]] = {"missing": PrerequisiteError, "data": DataError}
        raise kinds[what](content[0], hint=content[1])


def _proven(work: bytes, pieces: list[Any], commit: bytes) -> bytes:
    """The case of one commit with the environments that the node knows, on a node."""

    def prove(miner: CoderMiner) -> object:
        mined = miner.prove(pickle.loads(commit))  # noqa: S301  written by the run itself
        return mined, miner.declared

    return _answered(work, pieces, prove)


def _recorded(work: bytes, pieces: list[Any], asked: bytes) -> bytes:
    """Calls of the changed functions of one case, on a node."""
    return _answered(work, pieces, lambda miner: miner.calls(*pickle.loads(asked)))  # noqa: S301  as above


def _answered(work: bytes, pieces: list[Any], do: Callable[[CoderMiner], object]) -> bytes:
    answer: object
    try:
        answer = ("result", do(_miner(bytes(work), tuple(pieces))))
    except NoCase as no:
        answer = ("no case", (no.reason, no.detail))
    except PrerequisiteError as error:
        answer = ("missing", (error.message, error.hint))
    except MiloError as error:
        answer = ("data", (error.message, error.hint))
    except (OSError, ValueError, RecursionError) as error:  # one odd commit of thousands ends nothing
        answer = ("no case", ("it cannot be read", f"{type(error).__name__}: {error}"[:300]))
    return pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)


@lru_cache(maxsize=1)
def _miner(work: bytes, pieces: tuple[Any, ...]) -> CoderMiner:
    """The miner of this process: it fetches and unpacks the repository once."""
    import ray

    version, name, head, options, environments = pickle.loads(work)  # noqa: S301  written by the run itself
    if version != __version__:
        message = f"A node has version {__version__} of Milo Bench, and the run has {version}."
        raise PrerequisiteError(message, hint="install one version on all nodes.")
    if not options.unsafe_here:
        require_sandbox()
    folder = folder_of_this_process("milo-mining-")
    folder.chmod(0o755)
    repository = unpack_history(folder, name, head, b"".join(ray.get(list(pieces))))
    scratch = folder / "scratch"
    scratch.mkdir(mode=0o755)
    env = dict(os.environ)
    return coder_miner(options, repository, scratch, environments(env), env)
