"""Fuzzes the reading of record files, the grammar of addresses and the headers of requests, guided by coverage.

    python -m tests.fuzz [records | addresses | requests] [--seconds 600]

Each target runs for so many seconds. Inputs that reach new code are written to .fuzz/, as seeds of the next run; so is
an input that breaks an invariant, and the exit status is then 1.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from tests.fuzz.seeds import DICTIONARY, SEEDS

OUT = Path(__file__).parent.parent.parent / ".fuzz"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", choices=SEEDS, help="default: all")
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    return max(fuzz(target, options.seconds) for target in ([options.target] if options.target else SEEDS))


def fuzz(target: str, seconds: int) -> int:
    """Fuzz a target for some time. Return 1 if that found a fault, else 0."""
    corpus = OUT / target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[target]):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = OUT / f"{target}.dict"
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in DICTIONARY[target])
    words.write_text("".join(f'"{word}"\n' for word in escaped))
    limits = ["-max_len=4096", "-rss_limit_mb=1024", "-timeout=60", f"-max_total_time={seconds}"]
    outputs = ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={OUT}/{target}-", f"-dict={words}"]
    command = [sys.executable, "-m", "tests.fuzz.target", target, str(corpus), *limits, *outputs]
    done = subprocess.run(command, cwd=OUT.parent)
    print(f"{target}: {'a fault, see above' if done.returncode else 'no fault'}", flush=True)
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
