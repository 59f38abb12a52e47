"""podman in the place of docker, with images and containers in a folder of its own, on a machine without systemd."""

import os
import subprocess
from pathlib import Path

from tests.deploy.debian import run

#: As Debian's package podman-docker has it; `compose` is podman's, too.
DOCKER = '#!/bin/sh\nif [ "$1" = compose ]; then shift; exec podman-compose "$@"; fi\nexec podman "$@"\n'


class Containers:
    """Commands of docker, which podman carries out."""

    def __init__(self, folder: Path) -> None:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "docker").write_text(DOCKER)
        (folder / "bin" / "docker").chmod(0o755)
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
        )
        # runc also runs where cgroups are of both versions; more open files than this process may have are refused.
        (folder / "containers.conf").write_text(
            '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n'
            '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        )
        self._environment = {
            **os.environ,
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "BUILDAH_FORMAT": "docker",  # the other one has no health checks
            "DISABLE_HC_SYSTEMD": "true",
        }

    def run(self, script: str, folder: Path) -> str:
        """Return what a shell script prints."""
        return run("sh", "-ec", script, cwd=folder, env=self._environment)

    def import_image(self, root: Path, name: str, without: tuple[str, ...]) -> None:
        """Make an image of a system in a folder. without: folders in it that it hasn't got."""
        excluded = [f"--exclude=./{path}" for path in without]
        with subprocess.Popen(
            ["tar", "--create", f"--directory={root}", *excluded, "."], stdout=subprocess.PIPE
        ) as tar:
            run("podman", "import", "-", name, stdin=tar.stdout, env=self._environment)
        assert tar.returncode == 0
