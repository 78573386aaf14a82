#!/usr/bin/env python3
"""Compares what Yagura and trivy find in one CycloneDX document.

    trivy_compare.py YAGURA DATABASE TRIVY CACHE SBOM

CACHE holds `db/trivy.db` (see trivy_lines.py) and `db/metadata.json`. Prints the counts, then every difference: `T`
only trivy says so, `Y` only Yagura, followed by its source and advisory. Findings are compared by package, version
and vulnerability; ids that Yagura knows as aliases count as the same.
"""

import json
import subprocess
import sys


def output(command):
    return json.loads(subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).stdout)


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    yagura, database, trivy, cache, sbom = sys.argv[1:]
    report = output([yagura, "sbom", sbom, "-f", "json", "-q", "--db", database])
    ours, known = {}, {}
    for one in report["findings"]:
        if one["source"] == "yagura":
            continue
        place = one["package"].lower(), one["installed"].removeprefix("0:")
        ours[*place, one["vulnerabilityId"]] = f"{one['source']} {one['advisory']}"
        for alias in one["aliases"] + [one["advisory"]]:
            known.setdefault((*place, alias), one["vulnerabilityId"])
    options = ["--cache-dir", cache, "--skip-db-update", "--skip-java-db-update", "--offline-scan", "-f", "json", "-q"]
    theirs = set()
    for result in output([trivy, "sbom", sbom, *options]).get("Results") or ():
        for one in result.get("Vulnerabilities") or ():
            place = one["PkgName"].lower(), one["InstalledVersion"].removeprefix("0:")
            identifier = one["VulnerabilityID"]
            theirs.add((*place, known.get((*place, identifier), identifier)))
    only_theirs, only_ours = sorted(theirs - ours.keys()), sorted(ours.keys() - theirs)
    print(f"{sbom}: {len(report['packages'])} packages, yagura {len(ours)}, trivy {len(theirs)}, "
          f"only trivy {len(only_theirs)}, only yagura {len(only_ours)}")
    for key in only_theirs:
        print("T", *key, sep="\t")
    for key in only_ours:
        print("Y", *key, ours[key], sep="\t")


if __name__ == "__main__":
    main()
