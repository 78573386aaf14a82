#!/usr/bin/env python3
"""CPU time and peak memory of single commands: start-up, a ready SBOM, a build of the advisory database.

usage: bench/commands.py INPUTS DB [--runs N] [--yagura PATH] [--advisories DIR]

INPUTS is the folder that bench/make-inputs.sh fills, DB what `yagura db build` wrote. The SBOM is made from
INPUTS/debian-root and holds its first 564 Debian packages. Figures are medians of the kernel's own accounting of the
finished process (user + system), after one run that warms the page cache.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from measure import measure

PACKAGES = 564


def succeeded(command):
    """CPU seconds and peak MiB of a run that must succeed."""
    cpu, memory, code = measure(command)
    if code != 0:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return cpu, memory


def line(name, command, runs):
    succeeded(command)
    values = [succeeded(command) for _ in range(runs)]
    cpu = statistics.median(cpu for cpu, _ in values)
    memory = statistics.median(memory for _, memory in values)
    print(f"| {name} | {cpu * 1000:.1f} | {min(cpu for cpu, _ in values) * 1000:.1f} | {memory:.0f} |", flush=True)


def small_sbom(yagura, root, folder):
    """An SBOM of so many Debian packages and their operating system."""
    whole = folder / "whole.json"
    command = [yagura, "inventory", f"root:{root}", "-f", "cyclonedx", "--offline", "-o", str(whole)]
    subprocess.run(command, check=False, stderr=subprocess.DEVNULL)  # ends with 3 where files could not be read
    document = json.loads(whole.read_text())
    components = document["components"]
    system = [one for one in components if one["type"] == "operating-system"]
    debian = [one for one in components if one.get("purl", "").startswith("pkg:deb/")]
    document["components"] = system + debian[:PACKAGES]
    document["dependencies"] = []
    small = folder / "small.json"
    small.write_text(json.dumps(document))
    return small


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", type=Path)
    parser.add_argument("db", type=Path)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--yagura", default="target/release/yagura")
    parser.add_argument("--advisories", type=Path)
    options = parser.parse_args()
    yagura = options.yagura
    print("| command | CPU ms, median | least | peak MiB |")
    print("|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        line("version", [yagura, "version"], options.runs)
        sbom = small_sbom(yagura, options.inputs / "debian-root", folder)
        judge = [yagura, "sbom", str(sbom), "--db", str(options.db), "--offline"]
        line(f"sbom of {PACKAGES} packages, table", judge, options.runs)
        line(f"sbom of {PACKAGES} packages, json", [*judge, "-f", "json"], options.runs)
        if options.advisories:
            build = [yagura, "db", "build", "--from", str(options.advisories), "--out", str(folder / "built.db")]
            line("db build", build, 1)


if __name__ == "__main__":
    main()
