"""What `feedsvc serve` says before it serves: of its options, of an empty folder, of a configuration that is faulty."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import result


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that is in use, so that nothing serves."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--port", "99999", "a port from 1 to 65535"),
        ("--port", "0", "a port from 1 to 65535"),
        ("--port", "x", "a port from 1 to 65535"),
        ("--workers", "1.5", "a number from 1 to 256"),
        ("--workers", "0", "a number from 1 to 256"),
        ("--workers", "1000", "a number from 1 to 256"),
        ("--host", "", "a host name or IP address"),
        ("--host", "a b", "a host name or IP address"),
        ("--host", "a?b", "a host name or IP address"),
        ("--host", "http://example.org/", "a host name or IP address"),
        ("--host", "[::1]", "a host name or IP address"),
        ("--host", "127.0.0.1:80", "a host name or IP address"),
    ],
)
def test_an_option_out_of_range_is_one_line_that_names_it(folder: Path, option: str, value: str, expected: str) -> None:
    status, out, error = result("serve", option, value, cwd=folder)
    assert (status, out, error.count("\n")) == (2, "", 1)
    shown = value if value.isdecimal() else repr(value)
    assert error.startswith(f"feedsvc: {option}: {shown} can't be used; ")
    assert error.endswith(f"{expected}\n")


def test_options_come_before_the_configuration_and_make_the_address(folder: Path, taken: int) -> None:
    (folder / "config.toml").write_text("[serve]\nhost = '::1'\nport = 1\n")
    _, _, error = result("serve", "--host", "127.0.0.1", "--port", str(taken), cwd=folder)
    assert error == (
        f"feedsvc: can't listen on 127.0.0.1, port {taken}: Address already in use; choose another with --port or "
        "serve.port\n"
    )
    _, _, error = result("serve", "--host", "no.such.host.invalid", cwd=folder)
    assert error.endswith("; choose another with --host or serve.host\n")


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "é..b", "-x", "%lo"])
def test_a_host_that_is_none_is_one_line_that_names_the_key(folder: Path, host: str) -> None:
    (folder / "config.toml").write_text(f"site.base_url = 'https://feeds.example'\nserve.host = '{host}'")
    status, out, error = result("serve", cwd=folder)
    assert (status, out, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"feedsvc: can't listen on {host}, port 8000: ")
    assert error.endswith("; choose another with --host or serve.host\n")


def test_serve_in_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    status, out, error = result("serve", cwd=tmp_path)
    assert (status, out, error.count("\n")) == (2, "", 1)
    for line in ("`feedsvc init FOLDER`", "`feedsvc serve FOLDER`", "`feedsvc init --sample`"):
        assert line in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("records.preset = 'hugoo'", "did you mean hugo?"),
        ("records.path = 'nowhere'", "expected a folder of records"),
        ("index.url = 'mysql://'", "expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
        ("feeds.formats = ['html']", "feeds.formats"),
    ],
)
def test_a_faulty_configuration_is_told_before_the_port_is_tried(
    folder: Path, taken: int, config: str, reason: str
) -> None:
    (folder / "config.toml").write_text(f"{config}\nserve.port = {taken}\n")
    status, out, error = result("serve", cwd=folder)
    assert (status, out, error.count("\n")) == (2, "", 1)
    assert reason in error
    assert not (folder / ".feedsvc").exists()
