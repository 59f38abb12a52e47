"""Measure `feedsvc serve` against nginx, which serves the same file.

    python tests/benchmarks/serving.py [--records 5000] [--runs 5] [--corpus DIR] [--seconds 3]

wrk asks with 16 connections for the feed of everything, of 50 entries, in Atom: as it is, in gzip (nginx sends a file
compressed before), and for one that hasn't changed. nginx and feedsvc, of two processes each, are asked in turn; they and
wrk share two cores. Bodies and statuses are compared before.

Then, in the running service: a cold render is the first request for a topic's feed of 50 entries, in any format, that
nobody asked for before; and a change is published once the feed that is asked for every 5 ms shows it.
"""

import gzip
import os
import pwd
import re
import subprocess
import time
from pathlib import Path
from statistics import median

from measure import Site, free_port, give_up, options, print_heading, print_table, program, ratio, spread, workplace
from service import Service, running, serving

FEED = "/feed.atom"
#: What is reached for: feedsvc's requests per second in nginx's.
REACH = {"200": ">= 0.35", "200, gzip": ">= 0.35", "304": ">= 0.25"}
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


def compare(theirs: Service, ours: Service) -> dict[str, list[dict[str, str]]]:
    """The headers of each kind of request, to nginx and to feedsvc. Unless they answer alike, the program ends."""
    asked: dict[str, list[dict[str, str]]] = {}
    kinds = (("200", "", ""), ("200, gzip", "Accept-Encoding", "gzip"), ("304", "If-None-Match", ""))
    for name, header, value in kinds:
        bodies = []
        for service in (theirs, ours):
            headers = {header: value or service.get(FEED)[1]} if header else {}
            status, _, body = service.get(FEED, headers)
            if status != int(name[:3]):
                give_up(f"{name}: status {status} at port {service.connection.port}")
            bodies.append(gzip.decompress(body) if value else body)
            asked.setdefault(name, []).append(headers)
        if bodies[0] != bodies[1]:
            give_up(f"{name}: nginx and feedsvc send other bodies")
    return asked


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
        theirs: dict[str, list[float]] = {}
        ours: dict[str, list[float]] = {}
        with running([nginx, "-c", config], folder, port) as static, serving(site) as service:
            first, second = service.renders(site)
            asked = compare(static, service)
            size = len(service.get(FEED)[2])
            for _ in range(arguments.runs):
                for name, (their_headers, our_headers) in asked.items():
                    theirs.setdefault(name, []).append(wrk(wrk_program, port, arguments.seconds, their_headers))
                    ours.setdefault(name, []).append(wrk(wrk_program, site.port, arguments.seconds, our_headers))
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
            f"{median(theirs[name]):,.0f}",
            f"{median(ours[name]):,.0f}",
            ratio(ours[name], theirs[name]),
            REACH[name],
        ]
        for name in theirs
    ]
    print_table((f"requests per second, {size / 1000:.0f} kB", "nginx", "feedsvc", "ratio", "reach"), rows)
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
