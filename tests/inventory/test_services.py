"""What starts a model server is found in unit files, agents, crontabs and containers; states are asked, not guessed."""

import json
import plistlib
from collections.abc import Sequence
from pathlib import Path

from milo_bench.inventory.reading import Ran, Reader
from milo_bench.inventory.runtimes.services import read_services

SECRET = "do-not-show-4711"


class Answers:
    """Commands with known output; everything else is not there."""

    def __init__(self, said: dict[str, Ran] | None = None) -> None:
        self.said = said or {}
        self.asked: list[list[str]] = []

    def __call__(self, argv: Sequence[str], timeout_s: float) -> Ran:
        self.asked.append(list(argv))
        return self.said.get(argv[0], Ran(why=f"{argv[0]} is not installed"))


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_systemd_unit_is_found_with_command_environment_and_state(tmp_path: Path) -> None:
    units = tmp_path / "etc/systemd/system"
    put(
        units / "ollama.service",
        '[Service]\nExecStart=/usr/local/bin/ollama \\\n  serve\nEnvironment="OLLAMA_NUM_PARALLEL=4" OLLAMA_API_KEY='
        + SECRET,
    )
    put(
        units / "ollama.service.d/override.conf",
        "[Service]\nEnvironment=OLLAMA_HOST=0.0.0.0\nEnvironmentFile=-/etc/o.env\n",
    )
    put(units / "ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -D\n")
    state = "Id=ollama.service\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"
    commands = Answers({"systemctl": Ran(state)})
    (unit,) = read_services(Reader(tmp_path), tmp_path / "home", commands, system="Linux").units
    assert (unit.manager, unit.name, unit.state, unit.enabled) == (
        "systemd",
        "ollama.service",
        "active running",
        "enabled",
    )
    assert unit.command == "/usr/local/bin/ollama serve"
    assert unit.environment["OLLAMA_HOST"] == "0.0.0.0"
    assert unit.environment["(from /etc/o.env)"] == "not read"
    assert SECRET not in str(unit)
    assert commands.asked[0][-1] == "ollama.service"


def test_a_drop_in_can_change_the_command_and_a_nearer_folder_wins(tmp_path: Path) -> None:
    put(tmp_path / "usr/lib/systemd/system/models.service", "[Service]\nExecStart=/bin/true\n")
    put(
        tmp_path / "etc/systemd/system/models.service.d/a.conf",
        "[Service]\nExecStart=\nExecStart=/opt/llama-server -m x\n",
    )
    put(tmp_path / "usr/lib/systemd/system/other.service", "[Service]\nExecStart=/usr/bin/ollama serve\n")
    put(tmp_path / "etc/systemd/system/other.service", "[Service]\nExecStart=/bin/true\n")
    services = read_services(Reader(tmp_path), tmp_path / "home", Answers(), system="Linux")
    assert [unit.name for unit in services.units] == ["models.service"]
    assert services.unknown["state of systemd units"] == "systemctl is not installed"


def test_a_users_unit_is_asked_of_the_users_manager(tmp_path: Path) -> None:
    put(
        tmp_path / "home/.config/systemd/user/vllm.service",
        "[Service]\nExecStart=%h/venv/bin/vllm serve m --api-key " + SECRET,
    )
    commands = Answers({"systemctl": Ran("Id=vllm.service\nActiveState=failed\nSubState=failed\n")})
    (unit,) = read_services(Reader(tmp_path / "root"), tmp_path / "home", commands, system="Linux").units
    assert (unit.manager, unit.state) == ("systemd --user", "failed failed")
    assert commands.asked[0][:2] == ["systemctl", "--user"]
    assert SECRET not in str(unit)


def test_containers_are_known_by_image_and_secrets_of_their_command_hidden(tmp_path: Path) -> None:
    rows = [
        {"Image": "vllm/vllm-openai:v0.6.1", "Names": "v", "State": "running", "Ports": "0.0.0.0:8000->8000/tcp",
         "Command": f'"vllm serve m --api-key {SECRET}"'},
        {"Image": "postgres:16", "Names": "db", "State": "running", "Command": "postgres"},
    ]  # fmt: skip
    commands = Answers({"docker": Ran("\n".join([*map(json.dumps, rows), "no json"]))})
    (unit,) = read_services(Reader(tmp_path), tmp_path, commands, system="Linux").units
    assert (unit.manager, unit.name) == ("docker", "v")
    assert unit.state == "running, ports 0.0.0.0:8000->8000/tcp"
    assert unit.command.startswith("vllm/vllm-openai:v0.6.1 ") and SECRET not in unit.command


def test_crontabs_of_the_user_and_the_system_are_read(tmp_path: Path) -> None:
    put(tmp_path / "etc/crontab", "SHELL=/bin/sh\n# ollama serve\n17 * * * * root run-parts /etc/cron.hourly\n")
    put(tmp_path / "etc/cron.d/models", "@reboot llm /opt/llama-server -m /srv/m.gguf\n")
    commands = Answers({"crontab": Ran(f"@reboot HF_TOKEN={SECRET} /usr/local/bin/ollama serve\n")})
    units = read_services(Reader(tmp_path), tmp_path, commands, system="Linux").units
    assert [(unit.file, unit.name, unit.enabled) for unit in units] == [
        ("crontab -l", "line 1", "@reboot"),
        ("/etc/cron.d/models", "line 1", "@reboot"),
    ]
    assert SECRET not in str(units)


def test_launch_agents_are_read_and_broken_ones_said(tmp_path: Path) -> None:
    agents = tmp_path / "home" / "Library" / "LaunchAgents"
    agents.mkdir(parents=True)
    data = {
        "Label": "com.ollama.serve",
        "ProgramArguments": ["/usr/local/bin/ollama", "serve"],
        "RunAtLoad": True,
        "EnvironmentVariables": {"OLLAMA_HOST": "0.0.0.0", "HF_TOKEN": SECRET},
    }
    (agents / "a.plist").write_bytes(plistlib.dumps(data))
    (agents / "b.plist").write_bytes(b"<plist><dict><key>")
    commands = Answers({"launchctl": Ran("PID\tStatus\tLabel\n41\t0\tcom.ollama.serve\n")})
    services = read_services(Reader(tmp_path / "root"), tmp_path / "home", commands, system="Darwin")
    (unit,) = services.units
    assert (unit.name, unit.state, unit.enabled) == ("com.ollama.serve", "running", "at load")
    assert SECRET not in str(unit)
    assert "is not a property list" in services.unknown[str(agents / "b.plist")]


def test_managers_that_do_not_answer_are_said(tmp_path: Path) -> None:
    services = read_services(Reader(tmp_path), tmp_path, Answers(), system="Linux")
    assert services.units == ()
    assert services.unknown == {
        "docker": "docker is not installed",
        "crontab of this user": "crontab is not installed",
    }
