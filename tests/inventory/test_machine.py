"""Hardware is read from the kernel's own files; what is missing is said."""

from pathlib import Path

from milo_bench.inventory.hardware.cpu import read_cpu
from milo_bench.inventory.hardware.disks import read_disks
from milo_bench.inventory.hardware.gpu import read_gpus
from milo_bench.inventory.hardware.machine import read_machine
from milo_bench.inventory.hardware.memory import parse_pressure, read_memory
from milo_bench.inventory.hardware.system import read_system
from milo_bench.inventory.reading import Ran, Reader, run_command


def tree(root: Path, files: dict[str, str]) -> Reader:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Reader(root)


X86 = """processor\t: {n}
vendor_id\t: GenuineIntel
model name\t: Intel(R)  Xeon(R) Gold 6330 CPU @ 2.00GHz
microcode\t: 0xd0003a5
physical id\t: {socket}
core id\t\t: {core}
flags\t\t: fpu pni avx avx2 fma avx512f amx_tile nonsense
"""


def test_cores_sockets_and_instruction_sets_of_an_x86_server(tmp_path: Path) -> None:
    blocks = [X86.format(n=n, socket=n // 4, core=n % 4 // 2) for n in range(8)]
    reader = tree(tmp_path, {"proc/cpuinfo": "\n".join(blocks) + "\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"})
    cpu = read_cpu(reader, system="Linux")
    assert (cpu.sockets, cpu.physical_cores, cpu.logical_cores, cpu.quota_cores) == (2, 4, 8, 1.5)
    assert cpu.model == "Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz"
    assert cpu.instruction_sets == ("sse3", "avx", "avx2", "fma", "avx512f", "amx_tile")
    assert "frequency" in cpu.unknown


def test_an_arm_board_is_named_by_implementer_and_device_tree(tmp_path: Path) -> None:
    info = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"
    reader = tree(tmp_path, {"proc/cpuinfo": info, "sys/firmware/devicetree/base/model": "Raspberry Pi 5\0"})
    cpu = read_cpu(reader, system="Linux")
    assert (cpu.vendor, cpu.model) == ("ARM", "implementer 0x41 part 0xd0c")
    assert cpu.instruction_sets == ("asimd", "asimddp", "i8mm")
    assert "physical_cores" in cpu.unknown
    assert read_machine(reader, system="Linux").product == "Raspberry Pi 5"


def test_an_empty_system_is_unknown_everywhere_and_crashes_nowhere(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    assert read_cpu(reader, system="Linux").unknown["model"].endswith("is missing")
    memory = read_memory(reader, system="Linux")
    assert memory.total_bytes is None
    assert {"memory", "swap", "pressure of memory", "pressure of cpu", "pressure of io"} <= set(memory.unknown)
    machine = read_machine(reader, system="Linux")
    assert {"vendor", "product", "class"} <= set(machine.unknown)


def test_other_systems_are_said_not_to_be_read(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    assert read_cpu(reader, system="Plan9").unknown == {"cpu": "not read on Plan9"}
    assert read_memory(reader, system="Plan9").unknown
    assert read_machine(reader, system="Plan9").unknown


def test_a_laptop_is_known_by_its_chassis_and_a_guest_by_its_firmware(tmp_path: Path) -> None:
    dmi = "sys/class/dmi/id"
    laptop = tree(
        tmp_path / "a", {f"{dmi}/chassis_type": "10\n", f"{dmi}/sys_vendor": "LENOVO\n", f"{dmi}/product_name": "T14\n"}
    )
    assert read_machine(laptop, system="Linux").machine_class == "laptop"
    guest = tree(
        tmp_path / "b", {f"{dmi}/chassis_type": "1\n", f"{dmi}/sys_vendor": "QEMU\n", f"{dmi}/product_name": "KVM\n"}
    )
    machine = read_machine(guest, system="Linux")
    assert (machine.machine_class, machine.virtualisation) == ("virtual machine", "kvm")
    inside = tree(tmp_path / "c", {f"{dmi}/chassis_type": "23\n", ".dockerenv": ""})
    assert read_machine(inside, system="Linux").machine_class == "container on a server"


def test_memory_swap_pressure_and_the_control_groups_limit(tmp_path: Path) -> None:
    reader = tree(
        tmp_path,
        {
            "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 400 kB\nSwapTotal: 100 kB\nSwapFree: 75 kB\n",
            "proc/pressure/memory": "some avg10=12.50 avg60=3.00 avg300=0.00\nfull avg10=1.00 avg60=0.50 avg300=0\n",
            "proc/pressure/io": "nonsense here\n",
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/memory.max": "500000\n",
            "sys/fs/cgroup/a/b/memory.max": "max\n",
        },
    )
    memory = read_memory(reader, system="Linux")
    assert (memory.total_bytes, memory.available_bytes, memory.limit_bytes) == (1_024_000, 409_600, 500_000)
    assert (memory.swap_total_bytes, memory.swap_used_bytes) == (102_400, 25_600)
    (pressure,) = memory.pressure
    assert (pressure.resource, pressure.some_10s, pressure.full_60s) == ("memory", 0.125, 0.005)
    assert set(memory.unknown) == {"pressure of cpu", "pressure of io"}


def test_pressure_that_is_not_as_the_kernel_writes_it_is_none() -> None:
    for text in ("", "some", "some avg10=x avg60=1", "full avg10=1 avg60=1"):
        assert parse_pressure("memory", text) is None


def test_an_amd_gpu_is_read_from_sysfs_with_its_gfx_target(tmp_path: Path) -> None:
    card = "sys/class/drm/card0/device"
    node = "sys/class/kfd/kfd/topology/nodes"
    reader = tree(
        tmp_path,
        {
            f"{card}/vendor": "0x1002\n",
            f"{card}/device": "0x744c\n",
            f"{card}/uevent": "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n",
            f"{card}/mem_info_vram_total": "25753026560\n",
            f"{card}/mem_info_vram_used": "1000\n",
            f"{card}/hwmon/hwmon3/power1_cap": "327000000\n",
            "sys/module/amdgpu/version": "6.8.5\n",
            f"{node}/0/properties": "gfx_target_version 0\n",
            f"{node}/1/properties": "location_id 768\ngfx_target_version 110000\n",
            "sys/class/drm/card0-DP-1/status": "connected",
        },
    )
    (gpu,) = read_gpus(reader, system="Linux", nvml=False).devices
    assert (gpu.vendor, gpu.name, gpu.driver) == ("AMD", "PCI device 1002:744c", "amdgpu 6.8.5")
    assert (gpu.memory_total_bytes, gpu.power_limit_w, gpu.compute) == (25753026560, 327.0, "gfx1100")


def test_a_machine_without_nvidias_library_says_so_or_lists_devices() -> None:
    gpus = read_gpus(Reader())
    assert gpus.unknown.get("NVIDIA", "").startswith("NVML") or any(gpu.vendor == "NVIDIA" for gpu in gpus.devices)


def test_a_mac_is_read_by_its_own_programs() -> None:
    said = {
        "hw.model": "MacBookPro18,3\n",
        "hw.memsize": "17179869184\n",
        "vm.swapusage": "total = 2048.00M  used = 512.50M  free = 1535.50M  (encrypted)\n",
        "kern.memorystatus_level": "50\n",
    }

    def commands(argv: object, timeout_s: float) -> Ran:
        words = list(argv)  # type: ignore[call-overload]
        if words[0] == "system_profiler":
            return Ran('{"SPDisplaysDataType": [{"sppci_model": "Apple M1 Pro", "sppci_cores": "16", "_name": "x"}]}')
        if words == ["sysctl", "machdep.cpu", "hw"]:
            return Ran("machdep.cpu.brand_string: Apple M1 Pro\nhw.physicalcpu: 8\nhw.optional.arm.FEAT_I8MM: 1\n")
        return Ran(said.get(words[-1], ""), why="" if words[-1] in said else "unknown oid")

    reader = Reader(Path("/nowhere"))
    assert read_machine(reader, commands, system="Darwin").machine_class == "laptop"
    cpu = read_cpu(reader, commands, system="Darwin")
    assert (cpu.model, cpu.physical_cores, cpu.instruction_sets) == ("Apple M1 Pro", 8, ("i8mm",))
    memory = read_memory(reader, commands, system="Darwin")
    assert (memory.total_bytes, memory.available_bytes, memory.swap_used_bytes) == (1 << 34, 1 << 33, 537395200)
    (gpu,) = read_gpus(reader, commands, system="Darwin", nvml=False).devices
    assert (gpu.name, gpu.cores) == ("Apple M1 Pro", 16)


def test_a_folder_lies_on_a_volume_with_free_space(tmp_path: Path) -> None:
    (volume,) = read_disks([tmp_path, tmp_path / "not there"], Reader()).volumes
    assert volume.folders == (str(tmp_path),)
    assert volume.free_bytes is not None and volume.total_bytes is not None
    assert 0 <= volume.free_bytes <= volume.total_bytes


def test_the_system_names_itself_and_says_what_it_cannot_about_its_clock() -> None:
    system = read_system(Reader())
    assert system.name and system.kernel and system.python.startswith("CPython 3.")
    assert (system.clock_synchronised is None) == ("clock_synchronised" in system.unknown)


def test_a_command_that_is_missing_fails_or_hangs_is_said() -> None:
    assert run_command(["no-such-program-here"], 1.0).why == "no-such-program-here is not installed"
    assert run_command(["sleep", "30"], 0.2).why == "sleep did not answer within 200 ms"
    assert run_command(["ls", "/no/such/folder"], 5.0).why.startswith("ls said: ")
