"""Firmware tables and signs of a container or hypervisor in, the class of this machine out."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping

from milo_bench.inventory.reading import Commands, Reader, run_command
from milo_bench.inventory.records import Machine

# SMBIOS specification (DMTF DSP0134), table "System Enclosure or Chassis Types"; those seen on computers.
_CHASSIS: Mapping[str, str] = {
    "3": "desktop",
    "4": "desktop",
    "5": "desktop",
    "6": "desktop",
    "7": "desktop",
    "8": "laptop",
    "9": "laptop",
    "10": "laptop",
    "11": "handheld",
    "13": "all in one",
    "14": "laptop",
    "15": "desktop",
    "16": "desktop",
    "17": "server",
    "23": "server",
    "25": "server",
    "28": "server",
    "29": "server",
    "30": "tablet",
    "31": "laptop",
    "32": "laptop",
    "33": "embedded",
    "34": "embedded",
    "35": "mini PC",
    "36": "stick PC",
}
_HYPERVISORS: tuple[tuple[str, str], ...] = (
    ("kvm", "kvm"),
    ("qemu", "qemu"),
    ("vmware", "vmware"),
    ("virtualbox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("xen", "xen"),
    ("amazon ec2", "kvm"),
    ("google compute engine", "kvm"),
    ("microsoft corporation virtual", "hyper-v"),
    ("parallels", "parallels"),
)


def read_machine(reader: Reader, commands: Commands = run_command, *, system: str = "") -> Machine:
    """Linux from /sys and /proc, macOS from sysctl; ``system`` is what ``platform.system`` says."""
    system = system or platform.system()
    if system == "Darwin":
        return _apple(commands)
    if system != "Linux":
        return Machine(unknown={"machine": f"not read on {system or 'this system'}"})
    unknown: dict[str, str] = {}
    facts = {}
    for field, name in (("vendor", "sys_vendor"), ("product", "product_name"), ("chassis", "chassis_type")):
        got = reader.read(f"/sys/class/dmi/id/{name}")
        facts[field] = got.stripped
        if got.why:
            unknown[field] = got.why
    if not facts["product"]:
        # Boards without SMBIOS, e.g. ARM, carry a device tree.
        model = reader.read("/sys/firmware/devicetree/base/model").stripped
        if model:
            facts["product"] = model
            unknown.clear()
    hypervisor = _hypervisor(reader, f"{facts['vendor']} {facts['product']}".lower())
    container = _container(reader)
    chassis = _CHASSIS.get(facts["chassis"], "")
    machine_class = "virtual machine" if hypervisor else chassis
    if container:
        machine_class = f"container on a {machine_class}" if machine_class else "container"
    if not machine_class:
        unknown["class"] = unknown.pop("chassis", "") or f"the firmware gives chassis type '{facts['chassis']}'"
    else:
        unknown.pop("chassis", None)
    return Machine(machine_class, facts["vendor"], facts["product"], hypervisor, container, unknown)


def _hypervisor(reader: Reader, product: str) -> str:
    for word, name in _HYPERVISORS:
        if word in product:
            return name
    named = reader.read("/sys/hypervisor/type").stripped
    if named:
        return named
    info = reader.read("/proc/cpuinfo").text
    if re.search(r"^flags\s*:.*\bhypervisor\b", info, flags=re.MULTILINE):
        return "an unnamed hypervisor"
    return ""


def _container(reader: Reader) -> str:
    if reader.path("/.dockerenv").exists():
        return "docker"
    if reader.path("/run/.containerenv").exists():
        return "podman"
    named = reader.read("/run/systemd/container").stripped
    if named:
        return named
    cgroup = reader.read("/proc/1/cgroup").text
    for word in ("kubepods", "docker", "containerd", "lxc", "libpod"):
        if word in cgroup:
            return word
    release = reader.read("/proc/sys/kernel/osrelease").text.lower()
    return "wsl" if "microsoft" in release else ""


def _apple(commands: Commands) -> Machine:
    ran = commands(["sysctl", "-n", "hw.model"], 3.0)
    product = ran.output.strip()
    unknown = {} if product else {"product": ran.why or "sysctl gives no hw.model"}
    machine_class = "laptop" if product.startswith("MacBook") else "desktop" if product else ""
    virtual = commands(["sysctl", "-n", "kern.hv_vmm_present"], 3.0).output.strip() == "1"
    if virtual:
        machine_class = "virtual machine"
    elif product.startswith("Mac") and product[3:4].isdigit():
        # Since 2022 the identifier is MacN,M for portables and desktops alike.
        machine_class = ""
        unknown["class"] = f"the identifier {product} is used for laptops and desktops"
    return Machine(machine_class, "Apple", product, "a hypervisor" if virtual else "", "", unknown)
