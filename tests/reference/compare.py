#!/usr/bin/env python3
"""Compares what Yagura finds with the reference matcher, input by input.

    compare.py YAGURA DATABASE OSV_FOLDER INPUT...

YAGURA is the program, DATABASE its advisory file built from the folder that holds OSV_FOLDER, and each INPUT
a folder; `root:FOLDER` is judged as the root of a host. Prints a line of counts per input, then every
difference: `-` only the reference says so, `+` only Yagura does, followed by Yagura's source and advisory.
Ends with 1 when anything differs that OSV alone should decide.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

MATCH = pathlib.Path(__file__).with_name("match.py")


def run(command, accepted=(0,)):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if done.returncode not in accepted:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


def compare(yagura, database, osv, target):
    """True when an OSV finding is missing or too many."""
    host = target.startswith("root:")
    folder = target.removeprefix("root:")
    inventory = run([yagura, "inventory", "root:" + folder, "-f", "json"])
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(inventory)
        file.flush()
        text = run([sys.executable, str(MATCH), osv, file.name]).decode()
    reference = {tuple(line.split("\t")) for line in text.splitlines() if line}
    scan = ["host", "--root", folder] if host else ["fs", folder]
    report = json.loads(run([yagura, *scan, "-f", "json", "--db", database]))
    found = {}
    for one in report["findings"]:
        # Ends of life are Yagura's own and in no advisory.
        if one["type"] == "PACKAGE_VULNERABILITY" and one["source"] != "yagura":
            key = (one["ecosystem"], one["package"], one["installed"], one["vulnerabilityId"])
            found[key] = f"{one['source']} {one['advisory']}"
    missing, extra = sorted(reference - found.keys()), sorted(found.keys() - reference)
    print(f"{target}: {len(report['packages'])} packages, yagura {len(found)}, reference {len(reference)}, "
          f"missing {len(missing)}, extra {len(extra)}")
    for key in missing:
        print("-", *key, sep="\t")
    for key in extra:
        print("+", *key, found[key], sep="\t")
    return bool(missing) or any(found[key].startswith("osv/") for key in extra)


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    yagura, database, osv, *targets = sys.argv[1:]
    differs = [compare(yagura, database, osv, target) for target in targets]
    sys.exit(any(differs))


if __name__ == "__main__":
    main()
