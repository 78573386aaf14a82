#!/usr/bin/env python3
"""A second opinion: judges an inventory by OSV records alone, sharing nothing with the Rust code.

    match.py OSV_FOLDER INVENTORY.json [--ids]

OSV_FOLDER holds <Ecosystem>/all.zip as the OSV bucket publishes them; INVENTORY.json is what
`yagura inventory --format json` prints, or any object with a list `packages` of
{ecosystem, name, version, source: {name, version}, module, arch, owner}.
Prints `ecosystem<TAB>name<TAB>version<TAB>vulnerability` for every hit, sorted; with --ids the record's id
follows. Versions that cannot be ordered match only where they are listed. Needs `packaging` for PyPI.

Left out on purpose, and explained in docs/comparison/verdicts.md where it differs: trackers other than OSV,
kernel flavours, and the choice between several sources.
"""

import functools
import json
import os
import re
import sys
import zipfile


class Unordered(Exception):
    """A version that its scheme cannot place."""


def sign(a, b):
    return (a > b) - (a < b)


# dpkg: https://www.debian.org/doc/debian-policy/ch-controlfields.html#version

def dpkg_weight(char):
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 256


def dpkg_part(a, b):
    while a or b:
        left, right = re.match(r"\D*", a).group(), re.match(r"\D*", b).group()
        for index in range(max(len(left), len(right))):
            x = dpkg_weight(left[index]) if index < len(left) else 0
            y = dpkg_weight(right[index]) if index < len(right) else 0
            if x != y:
                return sign(x, y)
        a, b = a[len(left):], b[len(right):]
        left, right = re.match(r"\d*", a).group(), re.match(r"\d*", b).group()
        if int(left or 0) != int(right or 0):
            return sign(int(left or 0), int(right or 0))
        a, b = a[len(left):], b[len(right):]
    return 0


def dpkg(a, b):
    def split(text):
        epoch, colon, rest = text.partition(":")
        if not colon:
            epoch, rest = "0", text
        if not epoch.isdigit():
            raise Unordered(text)
        upstream, dash, revision = rest.rpartition("-")
        return (int(epoch), upstream, revision) if dash else (int(epoch), rest, "0")

    (e1, u1, r1), (e2, u2, r2) = split(a), split(b)
    return sign(e1, e2) or dpkg_part(u1, u2) or dpkg_part(r1, r2)


# rpm: https://rpm-software-management.github.io/rpm/manual/dependencies.html#versioning

def rpm_part(a, b):
    while a or b:
        a, b = re.sub(r"^[^A-Za-z0-9~^]+", "", a), re.sub(r"^[^A-Za-z0-9~^]+", "", b)
        if a[:1] == "~" or b[:1] == "~":
            if a[:1] != "~":
                return 1
            if b[:1] != "~":
                return -1
            a, b = a[1:], b[1:]
            continue
        if a[:1] == "^" or b[:1] == "^":
            if not a:
                return -1
            if not b:
                return 1
            if a[:1] != "^":
                return 1
            if b[:1] != "^":
                return -1
            a, b = a[1:], b[1:]
            continue
        if not (a and b):
            break
        pattern = r"\d+" if a[0].isdigit() else r"[A-Za-z]+"
        left, right = re.match(pattern, a).group(), re.match(pattern, b)
        if not right:
            return 1 if a[0].isdigit() else -1
        right = right.group()
        order = sign(int(left), int(right)) if left.isdigit() else sign(left, right)
        if order:
            return order
        a, b = a[len(left):], b[len(right):]
    return sign(bool(a), bool(b))


def rpm(a, b):
    def split(text):
        epoch, colon, rest = text.partition(":")
        if not colon:
            epoch, rest = "0", text
        version, _, release = rest.partition("-")
        return int(epoch or 0), version, release

    (e1, v1, r1), (e2, v2, r2) = split(a), split(b)
    return sign(e1, e2) or rpm_part(v1, v2) or (rpm_part(r1, r2) if r1 and r2 else 0)


# apk: https://wiki.alpinelinux.org/wiki/Package_policies

APK = re.compile(r"^(\d+(?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(?:~([0-9a-f]+))?(?:-r(\d+))?$")
APK_SUFFIX = ["alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"]


def apk_key(text):
    found = APK.match(text)
    if not found:
        raise Unordered(text)
    first, *rest = found.group(1).split(".")
    numbers = [(1, int(first), "")]
    # Later numbers with a leading zero compare as text.
    numbers += [(0, 0, part) if part[0] == "0" and len(part) > 1 else (1, int(part), "") for part in rest]
    suffixes = []
    for name, number in re.findall(r"_([a-z]+)(\d*)", found.group(3)):
        if name not in APK_SUFFIX:
            raise Unordered(text)
        suffixes.append((APK_SUFFIX.index(name), int(number or -1)))
    return numbers, found.group(2), suffixes + [(4, 0)], found.group(4) or "", int(found.group(5) or -1)


# SemVer and its looser relatives.

def semver_key(text):
    found = re.match(r"^[vV=]*(\d+(?:\.\d+)*)(?:[-.]?([0-9A-Za-z.-]+))?(?:\+.*)?$", text.strip().replace("+incompatible", ""))
    if not found:
        raise Unordered(text)
    numbers = [int(part) for part in found.group(1).split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    pre = found.group(2)
    if pre is None:
        return numbers, 1, []
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")]
    return numbers, 0, parts


def gem(a, b):
    def segments(text):
        parts = re.findall(r"\d+|[A-Za-z]+", text.replace("-", ".pre."))
        if not parts or not parts[0].isdigit():
            raise Unordered(text)
        parts = [int(part) if part.isdigit() else part for part in parts]
        # Zeros before the first letter and at the end do not count.
        letter = next((index for index, part in enumerate(parts) if isinstance(part, str)), len(parts))
        head, tail = parts[:letter], parts[letter:]
        for half in (head, tail):
            while half and half[-1] == 0:
                half.pop()
        return head + tail

    left, right = segments(a), segments(b)
    for index in range(max(len(left), len(right))):
        x = left[index] if index < len(left) else 0
        y = right[index] if index < len(right) else 0
        if isinstance(x, str) != isinstance(y, str):
            return -1 if isinstance(x, str) else 1
        if x != y:
            return sign(x, y)
    return 0


MAVEN = {"alpha": -5, "a": -5, "beta": -4, "b": -4, "milestone": -3, "m": -3, "rc": -2, "cr": -2,
         "snapshot": -1, "": 0, "ga": 0, "final": 0, "release": 0, "sp": 1}


def maven_key(text):
    tokens = re.findall(r"\d+|[a-z]+", text.lower())
    if not tokens:
        raise Unordered(text)
    key = []
    for token in tokens:
        if token.isdigit():
            key.append((3, int(token), ""))
        elif token in MAVEN:
            key.append((0 if MAVEN[token] < 0 else 1, MAVEN[token], ""))
        else:
            key.append((2, 0, token))
    while key and key[-1] in ((3, 0, ""), (1, 0, "")):
        key.pop()
    return key + [(1, 0, "")]


def pep440_key(text):
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        raise Unordered(text) from None


def by_key(key):
    def compare(a, b):
        try:
            return sign(key(a), key(b))
        except TypeError:
            raise Unordered(a) from None

    return compare


SCHEMES = {"Debian": dpkg, "Ubuntu": dpkg, "Alpine": by_key(apk_key), "Wolfi": by_key(apk_key),
           "Chainguard": by_key(apk_key), "AlmaLinux": rpm, "Rocky Linux": rpm, "Red Hat": rpm,
           "PyPI": by_key(pep440_key), "RubyGems": gem, "Maven": by_key(maven_key)}
BINARY_NAMES = {"AlmaLinux", "Rocky Linux", "Red Hat"}
SYSTEM = {"Debian", "Ubuntu", "Alpine", "Wolfi", "Chainguard"} | BINARY_NAMES


def base(ecosystem):
    return ecosystem.split(":")[0]


def release(ecosystem):
    text = ecosystem.partition(":")[2]
    return re.sub(r":LTS$", "", text)


def normalize(ecosystem, name):
    kind = base(ecosystem)
    if kind == "PyPI":
        return re.sub(r"[-_.]+", "-", name).lower()
    return name.lower() if kind in {"NuGet", "Packagist"} else name


def in_range(compare, version, events):
    """OSV's evaluation: the state after the last event at or below the version."""
    def order(x, y):
        if x[1] == y[1]:
            return 0
        if "0" in (x[1], y[1]):
            return -1 if x[1] == "0" else 1
        return compare(x[1], y[1])

    flat = [(kind, text) for event in events for kind, text in event.items() if kind != "limit"]
    limits = [text for event in events for kind, text in event.items() if kind == "limit" and text != "*"]
    if limits and not any(compare(version, limit) < 0 for limit in limits):
        return False
    affected = False
    for kind, text in sorted(flat, key=functools.cmp_to_key(order)):
        if kind == "introduced" and (text == "0" or compare(version, text) >= 0):
            affected = True
        elif kind == "fixed" and compare(version, text) >= 0:
            affected = False
        elif kind == "last_affected" and compare(version, text) > 0:
            affected = False
    return affected


def candidates(package):
    """Where a package's advisories are: release spellings, and the name with the version to compare."""
    kind, rel = base(package["ecosystem"]), release(package["ecosystem"])
    releases = {rel, "Pro:" + rel} if kind == "Ubuntu" else {rel}
    source = package.get("source")
    if source and kind in SYSTEM and kind not in BINARY_NAMES:
        return kind, releases, source["name"], source["version"]
    return kind, releases, package["name"], package["version"]


def judge(package, records):
    """Vulnerability ids that hold for a package, with the ids of the records."""
    kind, releases, name, version = candidates(package)
    compare = SCHEMES.get(kind, by_key(semver_key))
    hits, fixed = {}, set()
    for record in records.get((kind, normalize(kind, name)), ()):
        for affected in record["affected"]:
            about = affected.get("package") or {}
            if base(about.get("ecosystem", "")) != kind or release(about["ecosystem"]) not in releases:
                continue
            if normalize(kind, about["name"]) != normalize(kind, name):
                continue
            if kind in BINARY_NAMES:
                modular = ".module" in json.dumps(affected)
                if modular != bool(package.get("module") or ".module" in version):
                    continue
                stream = re.search(r"(\S+:\S+) (?:security|bug|enhancement)", record.get("summary", ""))
                if modular and package.get("module") and stream:
                    if not package["module"].startswith(stream.group(1) + ":"):
                        continue
            ranges = [one for one in affected.get("ranges", ()) if one["type"] != "GIT"]
            versions = affected.get("versions", ())
            hit = version in versions or not (versions or affected.get("ranges"))
            open_end = True
            for one in ranges:
                try:
                    hit = hit or in_range(compare, version, one["events"])
                except Unordered:
                    continue
                open_end = open_end and not any("fixed" in event for event in one["events"])
            ids = [one for key in ("aliases", "upstream") for one in record.get(key, ())] + [record["id"]]
            cves = sorted({one for one in ids if one.startswith("CVE-")}) or [record["id"]]
            for cve in cves:
                if hit:
                    hits.setdefault(cve, []).append((record["id"], open_end))
                elif kind in SYSTEM and not open_end:
                    fixed.add(cve)
    # A distribution's fix that is installed outweighs its "no fix yet" elsewhere.
    return {cve: [record for record, _ in found] for cve, found in hits.items()
            if not (cve in fixed and all(open_end for _, open_end in found))}


def main():
    folder, inventory = sys.argv[1], sys.argv[2]
    with open(inventory, encoding="utf-8") as handle:
        document = json.load(handle)
    packages = [package for package in document.get("inventory", document)["packages"] if not package.get("owner")]
    wanted = {(kind, normalize(kind, name)) for kind, _, name, _ in map(candidates, packages)}
    records = {}
    for kind in sorted({kind for kind, _ in wanted}):
        path = os.path.join(folder, kind, "all.zip")
        if not os.path.exists(path):
            print(f"no advisories for {kind}", file=sys.stderr)
            continue
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.namelist()):
                record = json.loads(archive.read(member))
                if record.get("withdrawn"):
                    continue
                about = {(base(one["package"]["ecosystem"]), normalize(kind, one["package"]["name"]))
                         for one in record.get("affected", ()) if one.get("package")}
                for key in about & wanted:
                    records.setdefault(key, []).append(record)
    lines = set()
    for package in packages:
        for cve, found in judge(package, records).items():
            line = [package["ecosystem"], package["name"], package["version"], cve]
            lines.add("\t".join(line + ([",".join(sorted(found))] if "--ids" in sys.argv else [])))
    print("\n".join(sorted(lines)))


if __name__ == "__main__":
    main()
