"""The control groups of this process in, the tightest limit of a file in them out."""

from __future__ import annotations

from milo_bench.inventory.reading import Reader


def group_files(reader: Reader, name: str, controller: str = "", v1_name: str = "") -> list[str]:
    """Texts of ``name`` in our cgroup (v2) and all above it; of ``v1_name`` in the v1 hierarchy else."""
    own = ""
    for line in reader.read("/proc/self/cgroup").text.splitlines():
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers and ".." not in path.split("/"):
            own = path.strip("/")
    parts = own.split("/") if own else []
    places = ["/".join(["/sys/fs/cgroup", *parts[:count], name]) for count in range(len(parts), -1, -1)]
    if controller and v1_name:
        places.append(f"/sys/fs/cgroup/{controller}/{v1_name}")
    return [text for text in (reader.read(place).stripped for place in places) if text]
