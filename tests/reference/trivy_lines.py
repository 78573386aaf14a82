#!/usr/bin/env python3
"""Prints what trivy's database would hold, had it been made from the same folder of feeds.

    trivy_lines.py ADVISORIES | bolt CACHE/db/trivy.db

Each line is {"p": [bucket, package], "k": vulnerability, "v": advisory}, for the Go program in `bolt`. Beside
trivy.db stands metadata.json: {"Version": 2, "NextUpdate": "…", "UpdatedAt": "…", "DownloadedAt": "…"}.
The layout is schema 2 of <https://github.com/aquasecurity/trivy-db>. It has one fix per package and vulnerability of
a distribution; where several advisories name one, the greatest is taken.
"""

import collections
import functools
import gzip
import json
import os
import re
import sys
import xml.etree.ElementTree
import zipfile

import match

LANGUAGES = {
    "Go": "go::The Go Vulnerability Database",
    "Hex": "erlang::GitHub Security Advisory Erlang",
    "Maven": "maven::GitHub Security Advisory Maven",
    "NuGet": "nuget::GitHub Security Advisory NuGet",
    "Packagist": "composer::PHP Security Advisories Database",
    "Pub": "pub::GitHub Security Advisory Pub",
    "PyPI": "pip::Python Packaging Advisory Database",
    "RubyGems": "rubygems::Ruby Advisory Database",
    "SwiftURL": "swift::GitHub Security Advisory Swift",
    "crates.io": "cargo::RustSec Advisory Database",
    "npm": "npm::GitHub Security Advisory npm",
}
DEBIAN = {"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13"}
SEEN = set()


def put(bucket, package, identifier, advisory):
    if bucket not in SEEN:
        SEEN.add(bucket)
        line(["data-source"], bucket, {"ID": bucket.split("::")[0].split()[0], "Name": bucket})
    if identifier not in SEEN:
        SEEN.add(identifier)
        line(["vulnerability"], identifier, {"Title": identifier, "Severity": "HIGH"})
    line([bucket, package], identifier, advisory)


def line(path, key, value):
    print(json.dumps({"p": path, "k": key, "v": value}))


def records(folder, ecosystem):
    path = os.path.join(folder, "osv", ecosystem, "all.zip")
    if not os.path.exists(path):
        return
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            record = json.loads(archive.read(member))
            if not record.get("withdrawn"):
                yield record


def ids(record, related=False):
    fields = ("aliases", "upstream", "related") if related else ("aliases", "upstream")
    all_ids = [record["id"]] + [one for field in fields for one in record.get(field) or ()]
    return sorted({one for one in all_ids if one.startswith("CVE-")}) or [record["id"]]


def constraints(affected):
    """Ranges and listed versions in trivy's words."""
    found = []
    for one in affected.get("ranges") or ():
        if one["type"] == "GIT":
            continue
        lower = None
        for event in one["events"]:
            (kind, text), *_ = event.items()
            text = text.lstrip("<>= ")
            if kind == "introduced":
                if lower is not None:
                    found.append(f">={lower}")
                lower = text
            else:
                start = "" if lower in (None, "0") else f">={lower}, "
                found.append(start + ("<" if kind == "fixed" else "<=") + text)
                lower = None
        if lower is not None:
            found.append(f">={lower}")
    return found + [f"={version}" for version in affected.get("versions") or ()]


def languages(folder):
    for ecosystem, bucket in LANGUAGES.items():
        collected = collections.defaultdict(list)
        for record in records(folder, ecosystem):
            for affected in record.get("affected") or ():
                about = affected.get("package") or {}
                if about.get("ecosystem", "").split(":")[0] != ecosystem:
                    continue
                name = match.normalize(ecosystem, about["name"])
                if ecosystem == "SwiftURL":
                    name = re.sub(r"^https?://|\.git$", "", name)
                for identifier in ids(record):
                    collected[name, identifier] += constraints(affected)
        for (name, identifier), versions in collected.items():
            if versions:
                put(bucket, name, identifier, {"VulnerableVersions": versions})


def greatest(compare, versions):
    def order(a, b):
        try:
            return compare(a, b)
        except match.Unordered:
            return 0

    return max(sorted(versions), key=functools.cmp_to_key(order))


def fixes(affected):
    return [event["fixed"] for one in affected.get("ranges") or () for event in one["events"] if "fixed" in event]


def debian(folder):
    done = set()
    for path in ("tracker/data/json", "changelog-fixes.json"):
        with open(os.path.join(folder, "debian", path), encoding="utf-8") as handle:
            for source, entries in json.load(handle).items():
                for identifier, entry in entries.items():
                    for suite, state in entry.get("releases", {}).items():
                        fix = state.get("fixed_version")
                        if suite not in DEBIAN or (source, identifier, suite) in done or fix == "0":
                            continue
                        done.add((source, identifier, suite))
                        put(f"debian {DEBIAN[suite]}", source, identifier, {"FixedVersion": fix} if fix else {"Status": 2})
    for record in records(folder, "Debian"):
        if ids(record) == [record["id"]]:
            for affected in record.get("affected") or ():
                release = affected["package"]["ecosystem"].split(":")[1]
                for fix in fixes(affected)[:1]:
                    put(f"debian {release}", affected["package"]["name"], record["id"], {"FixedVersion": fix})


def ubuntu(folder):
    for record in records(folder, "Ubuntu"):
        for affected in record["affected"]:
            ecosystem = affected["package"]["ecosystem"]
            if ":Pro:" in ecosystem:
                continue
            fix = fixes(affected)
            for identifier in ids(record):
                advisory = {"FixedVersion": fix[0]} if fix else {"Status": 2}
                put(f"ubuntu {ecosystem.split(':')[1]}", affected["package"]["name"], identifier, advisory)


def alpine(folder):
    for release in sorted(os.listdir(os.path.join(folder, "alpine"))):
        collected = collections.defaultdict(set)
        for repository in ("main", "community"):
            with open(os.path.join(folder, "alpine", release, f"{repository}.json"), encoding="utf-8") as handle:
                for package in json.load(handle)["packages"]:
                    for version, texts in (package["pkg"]["secfixes"] or {}).items():
                        for text in texts or ():
                            for identifier in re.findall(r"CVE[-_]\d+[-_]\d+", text):
                                collected[package["pkg"]["name"], identifier.replace("_", "-")].add(version)
        for (name, identifier), versions in collected.items():
            versions.discard("0")
            if versions:
                fix = greatest(match.by_key(match.apk_key), versions)
                put(f"alpine {release.lstrip('v')}", name, identifier, {"FixedVersion": fix})


def amazon(folder):
    for release in ("2", "2023"):
        path = os.path.join(folder, "amazon", release, "core/repodata/updateinfo.xml.gz")
        with gzip.open(path) as handle:
            root = xml.etree.ElementTree.parse(handle)
        for update in root.iter("update"):
            references = [one.get("id") or "" for one in update.iter("reference")]
            identifiers = {one for one in references if one.startswith("CVE-")} or {update.findtext("id")}
            for package in update.iter("package"):
                epoch = "" if package.get("epoch") in (None, "", "0") else package.get("epoch") + ":"
                fix = f"{epoch}{package.get('version')}-{package.get('release')}"
                for identifier in identifiers:
                    put(f"amazon linux {release}", package.get("name"), identifier, {"FixedVersion": fix})


def alma(folder):
    collected = collections.defaultdict(set)
    for record in records(folder, "AlmaLinux"):
        stream = re.search(r"(\S+:\S+) (?:security|bug|enhancement)", record.get("summary", ""))
        for affected in record["affected"]:
            name, release = affected["package"]["name"], affected["package"]["ecosystem"].split(":")[1]
            for fix in fixes(affected):
                if ".module" in fix and not stream:
                    continue
                key = f"{stream.group(1)}::{name}" if ".module" in fix else name
                for identifier in ids(record, related=True):
                    if identifier.startswith("CVE-") or record["id"].startswith("ALSA-"):
                        collected[f"alma {release}", key, identifier].add(fix)
    for (bucket, name, identifier), found in collected.items():
        put(bucket, name, identifier, {"FixedVersion": greatest(match.rpm, found)})


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for part in (languages, debian, ubuntu, alpine, amazon, alma):
        part(sys.argv[1])


if __name__ == "__main__":
    main()
