#!/usr/bin/env python3
"""Time and memory of an inventory, beside trivy and syft, in one run.

usage: bench/compare-peers.py INPUTS [--runs N] [--yagura PATH]

INPUTS is the folder that bench/make-inputs.sh fills. Each command is run in turn, A B C A B C, so that a
machine that slows down slows all of them. Figures are the kernel's own accounting of the finished process
(user + system CPU seconds, peak resident MiB); the table gives medians, and the ratio of yagura to each peer.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

INPUTS = {
    "debian-root": "rootfs",
    "node": "fs",
    "pyenv": "fs",
    "pyspark": "fs",
    "lockfiles": "fs",
}


def measure(command):
    """CPU seconds, peak MiB and exit code of one run."""
    null = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawnp(
        command[0], command, os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)],
    )
    os.close(null)
    _, status, usage = os.wait4(pid, 0)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def commands(yagura, path, kind):
    """The same question to each program: what is installed here?"""
    target = f"root:{path}" if kind == "rootfs" else f"dir:{path}"
    found = {"yagura": [yagura, "inventory", target, "-f", "json", "--offline"]}
    if shutil.which("trivy"):
        # trivy prints packages without judging them only as an SBOM.
        found["trivy"] = ["trivy", kind, "--quiet", "--offline-scan", "--format", "cyclonedx", str(path)]
    if shutil.which("syft"):
        found["syft"] = ["syft", "scan", f"dir:{path}", "--quiet", "--output", "json"]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--yagura", default="target/release/yagura")
    options = parser.parse_args()
    os.environ.update(SYFT_CHECK_FOR_APP_UPDATE="false", TRIVY_DISABLE_TELEMETRY="true")

    print("| input | program | CPU s | peak MiB | yagura / program, CPU | yagura / program, memory |")
    print("|---|---|---:|---:|---:|---:|")
    for name, kind in INPUTS.items():
        path = options.inputs / name
        if not path.is_dir():
            print(f"missing input `{path}`: run bench/make-inputs.sh", file=sys.stderr)
            continue
        runs = {program: [] for program in commands(options.yagura, path, kind)}
        for turn in range(options.runs + 1):
            for program, command in commands(options.yagura, path, kind).items():
                cpu, memory, code = measure(command)
                if code not in (0, 3):
                    print(f"{program} ended with {code} on {name}", file=sys.stderr)
                if turn > 0:  # the first turn warms the page cache
                    runs[program].append((cpu, memory))
        medians = {
            program: (statistics.median(cpu for cpu, _ in values), statistics.median(mem for _, mem in values))
            for program, values in runs.items()
        }
        own_cpu, own_memory = medians["yagura"]
        for program, (cpu, memory) in medians.items():
            print(f"| {name} | {program} | {cpu:.2f} | {memory:.0f} | {own_cpu / cpu:.2f} | {own_memory / memory:.2f} |")


if __name__ == "__main__":
    main()
