"""Dockerfile and compose.yaml: every path, option and command in them exists, and what the image starts runs."""

import json
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.processes import environment

from headroom.cli import COMMANDS
from headroom.demo.proxy_process import address_of
from headroom.proxy.config import ProxyConfig

ROOT = Path(__file__).parents[2]
PORT = "8787"


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile in order, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def stage() -> list[tuple[str, str]]:
    """Return the instructions of the last stage: those of the image."""
    found = instructions()
    last = max(at for at, (word, _) in enumerate(found) if word == "FROM")
    return found[last:]


def the(word: str) -> str:
    (value,) = (rest for name, rest in stage() if name == word)
    return value


def variables() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(the("ENV")))


def compose() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return made


def option_names() -> set[str]:
    """Return every variable that sets an option."""
    names = set()
    for name, field in ProxyConfig.model_fields.items():
        choices = getattr(field.validation_alias, "choices", [f"HEADROOM_{name.upper()}"])
        names.update(one for one in choices if isinstance(one, str) and one.isupper())
    return names


def test_what_the_image_is_built_from_is_let_through_and_exists() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert {"pyproject.toml", "README.md", "LICENSE", "headroom"} <= kept
    assert all((ROOT / name).exists() for name in kept - {"integrations"})
    copied = [rest for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    assert copied == [". ."]


def test_only_extras_that_exist_are_installed_and_the_sources_stay_behind() -> None:
    (command,) = (rest for word, rest in instructions() if word == "RUN" and "pip install" in rest)
    extras = set(re.search(r"\.\[(.*)\]", command)[1].split(","))
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert extras
    assert all(f"\n{extra} = [" in declared for extra in extras)
    copies = [rest for word, rest in stage() if word == "COPY"]
    assert copies == ["--from=build /opt/headroom /opt/headroom"]


def test_the_image_runs_as_a_user_without_rights_who_owns_the_workspace() -> None:
    user = the("USER")
    (made,) = (rest for word, rest in stage() if word == "RUN")
    assert user.isdecimal()
    assert int(user) > 0
    assert f"--uid {user} " in made
    home = re.search(r"--home-dir (\S+)", made)[1]
    assert variables()["HEADROOM_WORKSPACE_DIR"].startswith(home + "/")


def test_every_variable_of_image_and_services_sets_an_option() -> None:
    given = {name for name in variables() if name.startswith("HEADROOM_")}
    for service in compose()["services"].values():
        given.update(service.get("environment", {}))
    assert "HEADROOM_STORE" in given
    assert given <= option_names()


def test_what_the_image_starts_runs_and_its_health_check_knows(tmp_path: Path) -> None:
    """The port alone is another one: the image's may be in use here."""
    program, *arguments = json.loads(the("ENTRYPOINT")) + json.loads(the("CMD"))
    assert (program, arguments[0] in {one.name for one in COMMANDS}) == ("headroom", True)
    said = {name: value for name, value in variables().items() if name.startswith("HEADROOM_")}
    assert the("EXPOSE") == said["HEADROOM_PORT"] == PORT
    said |= {"HEADROOM_PORT": str(free_port()), "HEADROOM_WORKSPACE_DIR": str(tmp_path / "workspace")}
    check = json.loads(the("HEALTHCHECK").partition("CMD ")[2])
    check[0] = sys.executable
    assert check[1] == "-c"
    assert subprocess.run(check, env=environment(**said), capture_output=True, check=False).returncode == 1
    command = [sys.executable, "-m", "headroom.cli", *arguments]
    refused = subprocess.run(command, env=environment(**said), capture_output=True, check=False, text=True)
    assert (refused.returncode, "HEADROOM_TOKEN" in refused.stderr) == (1, True)
    env = environment(**said, HEADROOM_TOKEN="sesame")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert address_of(process).startswith("http://0.0.0.0:")
            assert subprocess.run(check, env=env, check=False).returncode == 0
        finally:
            process.terminate()
        assert process.wait() == 0


def test_services_wait_for_services_that_exist_and_say_when_they_are_ready() -> None:
    services = compose()["services"]
    for service in services.values():
        for name, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in services[name] or "build" in services[name]
    proxies = [service for service in services.values() if "build" in service]
    assert len(proxies) == 2
    assert all((ROOT / service["build"] / "Dockerfile").exists() for service in proxies)


def test_files_and_volumes_that_are_mounted_exist() -> None:
    made = compose()
    mounts = [mount for service in made["services"].values() for mount in service.get("volumes", ())]
    assert mounts
    for mount in mounts:
        source = mount.split(":")[0]
        assert (ROOT / source).is_file() if source.startswith(".") else source in made["volumes"]


def test_only_the_balancer_is_reached_from_outside_and_streams_outlast_the_drain() -> None:
    services = compose()["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"balancer"}
    assert services["balancer"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    for service in services.values():
        if "build" in service:
            drain = sum(float(service["environment"][f"HEADROOM_{name}_SECONDS"]) for name in ("NOTICE", "DRAIN"))
            assert float(service["stop_grace_period"].rstrip("s")) > drain


@pytest.mark.parametrize("name", ["proxy-1", "proxy-2"])
def test_the_balancer_knows_each_proxy_by_its_name_and_port(name: str) -> None:
    assert name in compose()["services"]
    lines = (ROOT / "deploy" / "haproxy.cfg").read_text(encoding="utf-8").split("\n")
    assert f"    server {name} {name}:{PORT}" in lines


def test_the_balancer_waits_longer_than_a_proxy() -> None:
    text = (ROOT / "deploy" / "haproxy.cfg").read_text(encoding="utf-8")
    waits = dict(re.findall(r"timeout (client|server) +(\d+)s", text))
    assert all(int(seconds) > ProxyConfig().read_timeout for seconds in waits.values())
    assert len(waits) == 2


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def test_the_instructions_are_those_of_a_dockerfile() -> None:
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in instructions()} == known
