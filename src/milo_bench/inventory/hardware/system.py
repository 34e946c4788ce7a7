"""os-release, the kernel and the time daemon in; operating system, kernel and clock out."""

from __future__ import annotations

import platform

from milo_bench.inventory.reading import Commands, Reader, parse_pairs, run_command
from milo_bench.inventory.records import System


def read_system(reader: Reader, commands: Commands = run_command, *, system: str = "") -> System:
    """``commands`` is asked for timedatectl, chronyc and sw_vers."""
    system = system or platform.system()
    unknown: dict[str, str] = {}
    name, version = system, ""
    if system == "Darwin":
        facts = parse_pairs(commands(["sw_vers"], 3.0).output, ":")
        name, version = facts.get("ProductName", "macOS"), facts.get("ProductVersion", "")
        version = f"{version} ({facts['BuildVersion']})" if facts.get("BuildVersion") else version
    elif system == "Linux":
        facts = parse_pairs(reader.read("/etc/os-release").text, "=") or parse_pairs(
            reader.read("/usr/lib/os-release").text, "="
        )
        name = facts.get("NAME", "Linux").strip("\"'")
        # Debian keeps its point release elsewhere: os-release says 12 where it is 12.11.
        point = reader.read("/etc/debian_version").stripped if "debian" in facts.get("ID", "") else ""
        version = point or facts.get("VERSION_ID", "").strip("\"'")
    else:
        version = platform.version()
    if not version:
        unknown["version"] = "the system does not name it"
    source = reader.read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    synchronised, why = _synchronised(reader, commands, system)
    if why:
        unknown["clock_synchronised"] = why
    libc = " ".join(part for part in platform.libc_ver() if part)
    return System(
        name=name,
        version=version,
        kernel=platform.release(),
        kernel_version=platform.version(),
        libc=libc,
        python=f"{platform.python_implementation()} {platform.python_version()}",
        clock_source=source.stripped,
        clock_synchronised=synchronised,
        unknown=unknown,
    )


def _synchronised(reader: Reader, commands: Commands, system: str) -> tuple[bool | None, str]:
    if system != "Linux":
        return None, f"not read on {system or 'this system'}"
    if reader.path("/run/systemd/timesync/synchronized").exists():
        return True, ""
    ran = commands(["timedatectl", "show", "--property=NTPSynchronized", "--value"], 2.0)
    if not ran.why and ran.output.strip() in ("yes", "no"):
        return ran.output.strip() == "yes", ""
    tracking = commands(["chronyc", "-n", "tracking"], 2.0)
    leap = parse_pairs(tracking.output, ":").get("Leap status")
    if leap is not None:
        return leap != "Not synchronised", ""
    return None, "; ".join(dict.fromkeys(why for why in (ran.why, tracking.why) if why)) or "unknown"
