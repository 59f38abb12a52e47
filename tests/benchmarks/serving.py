"""Measure `feedsvc serve`, and a blueprint in an application of one's own, against nginx, which serves the same file.

    python tests/benchmarks/serving.py [--records 5000] [--runs 5] [--corpus DIR] [--seconds 3]

wrk asks with 16 connections for the feed of everything, of 50 entries, in Atom: as it is, in gzip (nginx sends a file
compressed before), and for one that hasn't changed. nginx, feedsvc and granian with a Flask application, of two processes
each, are asked in turn; they and wrk share two cores. Bodies and statuses are compared before.

Then, in the running service: a cold render is the first request for a topic's feed of 50 entries, in any format, that
nobody asked for before; and a change is published once the feed that is asked for every 5 ms shows it.
"""

import gzip
import os
import pwd
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from measure import (
    GRANIAN,
    Site,
    free_port,
    give_up,
    options,
    print_heading,
    print_table,
    program,
    ratio,
    spread,
    workplace,
)
from service import Service, running, serving

FEED = "/feed.atom"
#: What is reached for: feedsvc's requests per second in nginx's.
REACH = {"200": ">= 0.64", "200, gzip": ">= 0.5", "304": ">= 0.75"}
NAMES = ("nginx", "feedsvc serve", "in a blueprint")
#: An application with nothing but a blueprint, for another server.
APPLICATION = """
import flask

import feedsvc

app = flask.Flask("news")
app.register_blueprint(feedsvc.blueprint(feedsvc.open("config.toml")))
"""
NGINX = """
daemon off;
user {user};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 2;
events {{ worker_connections 512; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    types {{ application/atom+xml atom; }}
    server {{
        listen 127.0.0.1:{port};
        root {root};
        gzip_static on;
        gzip_vary on;
        add_header Cache-Control "public, max-age=900";
    }}
}}
"""


def wrk(program: Path, port: int, seconds: int, headers: dict[str, str]) -> float:
    """Requests per second of 16 connections."""
    more = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command: list[str | Path] = [program, "-t2", "-c16", f"-d{seconds}s", *more, f"http://127.0.0.1:{port}{FEED}"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not found or "Non-2xx" in said or "Socket errors" in said:
        give_up(f"wrk could not measure port {port}:\n{said}")
    return float(found[1])


def compare(services: Sequence[Service]) -> dict[str, list[dict[str, str]]]:
    """The headers of each kind of request, to each server. Unless they answer alike, the program ends."""
    asked: dict[str, list[dict[str, str]]] = {}
    kinds = (("200", "", ""), ("200, gzip", "Accept-Encoding", "gzip"), ("304", "If-None-Match", ""))
    for name, header, value in kinds:
        bodies = set()
        for service in services:
            headers = {header: value or service.get(FEED)[1]} if header else {}
            status, _, body = service.get(FEED, headers)
            if status != int(name[:3]):
                give_up(f"{name}: status {status} at port {service.connection.port}")
            bodies.add(gzip.decompress(body) if value else body)
            asked.setdefault(name, []).append(headers)
        if len(bodies) > 1:
            give_up(f"{name}: {' and '.join(NAMES)} send other bodies")
    return asked


@contextmanager
def blueprint(site: Site) -> Iterator[Service]:
    """A Flask application with a site's blueprint, in the server that `feedsvc serve` has."""
    (site.folder / "app.py").write_text(APPLICATION)
    port = free_port()
    command = [
        GRANIAN,
        "--interface",
        "wsgi",
        "--http",
        "1",
        "--workers",
        "2",
        "--port",
        str(port),
        "--no-ws",
        "app:app",
    ]
    with running(command, site.folder, port) as service:
        yield service


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="of each run of wrk; default 3")
    arguments = parser.parse_args()
    nginx, wrk_program = program("nginx", "apt install nginx-light"), program("wrk", "apt install wrk")
    with workplace(arguments.corpus or arguments.records) as (folder, records):
        site, port = Site(folder / "feedsvc", records, "build.precompress = true"), free_port()
        site.run("build")
        config = folder / "nginx.conf"
        user = pwd.getpwuid(os.getuid()).pw_name
        config.write_text(NGINX.format(folder=folder, user=user, port=port, root=site.out))
        with (
            running([nginx, "-c", config], folder, port) as static,
            serving(site) as service,
            blueprint(site) as inside,
        ):
            first, second = service.renders(site)
            servers = (static, service, inside)
            asked = compare(servers)
            size = len(service.get(FEED)[2])
            found: dict[str, list[list[float]]] = {name: [[] for _ in servers] for name in asked}
            for _ in range(arguments.runs):
                for name, headers in asked.items():
                    for server, sent, rates in zip(servers, headers, found[name], strict=True):
                        rates.append(wrk(wrk_program, server.connection.port, arguments.seconds, sent))
            changes = []
            for _ in range(arguments.runs):
                time.sleep(1)
                changes.append(service.change(site))
            memory = service.worker_memory()
    version = subprocess.run([nginx, "-v"], stderr=subprocess.PIPE, text=True).stderr.strip().rpartition(" ")[2]
    print_heading(version)
    rows = [
        [
            name,
            *(f"{median(rates):,.0f}" for rates in of_servers),
            *(ratio(rates, of_servers[0]) for rates in of_servers[1:]),
            REACH[name],
        ]
        for name, of_servers in found.items()
    ]
    ratios = [f"{name}: ratio" for name in NAMES[1:]]
    print_table((f"requests per second, {size / 1000:.0f} kB", *NAMES, *ratios, "reach of serve"), rows)
    print_table(
        ("in the running service", "median", "reach"),
        [
            [f"cold render ({len(first)} feeds' first requests)", f"{median(first) * 1000:.1f} ms", "<= 15 ms"],
            ["the same feeds' second requests", f"{median(second) * 1000:.1f} ms", ""],
            ["a changed record is served after", spread(changes), ""],
            ["most memory of a worker (VmHWM)", f"{memory:.0f} MB", "< 150 MB"],
        ],
    )


if __name__ == "__main__":
    main()
