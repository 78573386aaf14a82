"""Holds what the service says of an account against the account's expectation file.

usage: account.py ENDPOINT EXPECTED [--without KIND,…] [--seconds N]

Waits until the service has looked at everything, then compares findings, coverage and exclusions of every resource that
the file names. KIND is what the service cannot do yet: `agentless`, `network`, `code`, `repositories`. What is left out
for it is counted and said, never passed over in silence.

The service is asked with boto3 and the credentials of YAGURA_CREDENTIALS (a shared-credentials file), AWS itself with
those of the environment and AWS_ENDPOINT_URL. Exits with 1 when anything differs.
"""

import collections
import json
import os
import sys
import time
import urllib.request

import boto3

ENDPOINT, EXPECTED = sys.argv[1], sys.argv[2]
OPTIONS = dict(zip(sys.argv[3::2], sys.argv[4::2]))
WITHOUT = set(filter(None, OPTIONS.get("--without", "").split(",")))
PATIENCE = float(OPTIONS.get("--seconds", "300"))
IMAGE, REPOSITORY = "AWS_ECR_CONTAINER_IMAGE", "CODE_REPOSITORY"

with open(EXPECTED, encoding="utf-8") as file:
    expected = json.load(file)
region = expected["region"]
left_out, problems, held = collections.Counter(), [], collections.Counter()


def service():
    """The client of the service, with its own key."""
    with open(os.environ["YAGURA_CREDENTIALS"], encoding="utf-8") as lines:
        words = dict(tuple(part.strip() for part in line.split("=", 1)) for line in lines if "=" in line)
    return boto3.client("inspector2", endpoint_url=ENDPOINT, region_name=region, **words)


def listed(client, operation, member, **parameters):
    pages = client.get_paginator(operation).paginate(**parameters)
    return [entry for page in pages for entry in page[member]]


def aws(name, account):
    """A client of the account itself."""
    client = boto3.client(name, region_name=region, aws_access_key_id=account, aws_secret_access_key="testbed")
    return client


def image_id(resource):
    """The id of an image: of one platform, or of the index itself."""
    name, _, platform = resource["name"].partition(" ")
    repository, tag = name.split(":")
    client = aws("ecr", resource["accountId"])
    detail = client.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])["imageDetails"][0]
    digest = detail["imageDigest"]
    if platform not in ("", "index"):
        image = client.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])["images"][0]
        manifests = json.loads(image["imageManifest"])["manifests"]
        digest = next(one["digest"] for one in manifests if one["platform"]["architecture"] == platform)
    return f"arn:aws:ecr:{region}:{resource['accountId']}:repository/{repository}/{digest}"


def metric(name):
    """The value of a metric without labels."""
    with urllib.request.urlopen(f"{ENDPOINT}/metrics", timeout=30) as page:
        for line in page.read().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
    return None


def alternatives(entry):
    """One entry of coverage may name several that are right."""
    return entry.get("anyOf", [entry])


def fits(entry, one):
    """Whether a coverage entry is what one alternative says."""
    status = one["scanStatus"]
    mode = entry.get("scanMode")
    return (
        status["statusCode"] == entry["statusCode"]
        and status["reason"] in entry["reasonAnyOf"]
        and (mode is None or one.get("scanMode") == mode)
    )


def kind_of(resource, entry):
    """What must be possible for an entry of coverage to be true."""
    if resource["resourceType"] == REPOSITORY:
        return "repositories"
    first = alternatives(entry)[0]
    if first["scanType"] in ("NETWORK", "CODE"):
        return first["scanType"].lower()
    return "agentless" if first.get("scanMode") == "EC2_AGENTLESS" else None


def without(kind, count=1):
    """True, and counted, where something is left out."""
    if kind in WITHOUT:
        left_out[kind] += count
        return True
    return False


def agentless(resource):
    return any(kind_of(resource, entry) == "agentless" for entry in resource["coverage"])


def packages_of(finding):
    return finding.get("packageVulnerabilityDetails", {}).get("vulnerablePackages", [])


def names(rule, package):
    return "*" in rule["packagesAnyOf"] or package["name"] in rule["packagesAnyOf"]


def full_version(package):
    """Epoch, version and release as the expectation writes them; a missing epoch is 0."""
    version = package.get("version", "")
    if package.get("release"):
        version = f"{version}-{package['release']}"
    return f"{package['epoch']}:{version}" if package.get("epoch") else version


def same_version(one, other):
    return one.removeprefix("0:") == other.removeprefix("0:")


def check_must(resource, rule, findings):
    found = [one for one in findings if one["packageVulnerabilityDetails"]["vulnerabilityId"] == rule["vulnerabilityId"]]
    about = f"{resource['name']}: {rule['vulnerabilityId']} on {' or '.join(rule['packagesAnyOf'])}"
    if not found:
        return problems.append(f"{about} is missing ({rule['rule']})")
    if len(found) > 1:
        problems.append(f"{about} is {len(found)} findings (R-111)")
    packages = [package for package in packages_of(found[0]) if names(rule, package)]
    if not packages:
        return problems.append(f"{about}: the finding names {[one['name'] for one in packages_of(found[0])]}")
    if rule.get("installed") and not any(same_version(full_version(one), rule["installed"]) for one in packages):
        problems.append(f"{about}: {[full_version(one) for one in packages]} instead of {rule['installed']}")
    fixes = [one.get("fixedInVersion", "") for one in packages]
    if rule.get("fixedIn") and not any(same_version(part.strip(), rule["fixedIn"]) for fix in fixes for part in fix.split(",")):
        problems.append(f"{about}: fixed in {fixes} instead of {rule['fixedIn']}")
    held["findings that must be"] += 1


def check_must_not(resource, rule, findings):
    for finding in findings:
        details = finding["packageVulnerabilityDetails"]
        if rule["vulnerabilityId"] not in ("*", details["vulnerabilityId"]):
            continue
        for package in packages_of(finding):
            part = rule.get("onlyIfFixedInContains")
            if part is not None and part not in package.get("fixedInVersion", ""):
                continue
            if rule.get("onlyIfNoLayerArn") and package.get("sourceLambdaLayerArn"):
                continue
            if names(rule, package):
                problems.append(f"{resource['name']}: {details['vulnerabilityId']} on {package['name']} must not be: {rule.get('why')}")
    held["findings that must not be"] += 1


def check_coverage(resource, coverage):
    """Compares coverage; true when the resource is scanned for packages."""
    for entry in resource["coverage"]:
        if without(kind_of(resource, entry)):
            continue
        options = alternatives(entry)
        if "onlyIf" in options[0]:
            left_out["conditions of the account"] += 1
            continue
        known = [one for one in coverage if one["scanType"] == options[0]["scanType"]]
        shown = [{**one["scanStatus"], "mode": one.get("scanMode")} for one in known]
        if len(known) != 1:
            problems.append(f"{resource['name']}: {options[0]['scanType']} coverage is {shown}")
        elif not any(fits(option, known[0]) for option in options):
            problems.append(f"{resource['name']}: {options[0]['scanType']} coverage is {shown} instead of {options}")
        else:
            held["coverage entries"] += 1
    return any(one["scanType"] == "PACKAGE" and one["scanStatus"]["statusCode"] == "ACTIVE" for one in coverage)


def check(resource, findings, coverage):
    lists = resource.get("packages") or {}
    must, must_not = lists.get("must", []), lists.get("mustNot", [])
    active = check_coverage(resource, coverage)
    if resource["resourceType"] == REPOSITORY and without("repositories", len(must) + len(must_not)):
        return
    packages = [one for one in findings if one["type"] == "PACKAGE_VULNERABILITY"]
    for rule in must:
        if not (agentless(resource) and without("agentless")):
            check_must(resource, rule, packages)
    for rule in resource.get("mustIfActive", []) if active else []:
        check_must(resource, rule, packages)
    for rule in must_not:
        check_must_not(resource, rule, packages)
    network, code = resource.get("network") or {}, resource.get("code") or {}
    without("network", len(network.get("must", [])))
    without("code", len(code.get("must", [])))
    if "inUse" in resource:
        counts = [one.get("resourceMetadata", {}).get("ecrImage", {}).get("inUseCount", 0) for one in coverage]
        if max(counts, default=0) < resource["inUse"]["inUseCountAtLeast"]:
            problems.append(f"{resource['name']}: it is in use, and the count is {counts}")
    seen = collections.Counter(one["packageVulnerabilityDetails"]["vulnerabilityId"] for one in packages)
    problems.extend(f"{resource['name']}: {id} is {count} findings (R-111)" for id, count in seen.items() if count > 1)


def waiting(coverage):
    """Entries that a first look is still owed to."""
    return [
        one["resourceId"]
        for one in coverage
        if one["scanStatus"]["reason"] == "PENDING_INITIAL_SCAN"
        and not ("agentless" in WITHOUT and one.get("scanMode") == "EC2_AGENTLESS")
    ]


def settled(client, ids):
    """Coverage, once everything is listed, looked at and judged."""
    until = time.monotonic() + PATIENCE
    while True:
        coverage = listed(client, "list_coverage", "coveredResources")
        there = {one["resourceId"] for one in coverage}
        missing = [id for id in ids if id not in there]
        owed = waiting(coverage)
        marked = metric("yagura_marked_slices")
        if not missing and not owed and marked == 0:
            return coverage
        if time.monotonic() > until:
            problems.append(f"after {PATIENCE:.0f} s: not listed {missing}, not looked at {owed}, {marked} slices to judge")
            return coverage
        time.sleep(1)


def main():
    client = service()
    resources = expected["resources"]
    for resource in resources:
        if resource["resourceType"] == IMAGE:
            resource["id"] = image_id(resource)
    ids = [one["id"] for one in resources if one["coverage"] and one["id"]]
    began = time.monotonic()
    coverage = settled(client, ids)
    took = time.monotonic() - began
    findings = listed(client, "list_findings", "findings")
    by_id = {one["id"]: one["name"] for one in resources if one["id"]}
    for resource in resources:
        own = [one for one in findings if any(of["id"] == resource["id"] for of in one["resources"])]
        check(resource, own, [one for one in coverage if one["resourceId"] == resource["id"]])
    accounts = {one["accountId"] for one in resources if one["accountId"]}
    for finding in findings:
        for of in finding["resources"]:
            if of["id"] not in by_id:
                problems.append(f"a finding on {of['id']}, which is no resource of the account")
    for entry in coverage:
        if entry["accountId"] not in accounts:
            problems.append(f"{entry['resourceId']} in {entry['accountId']}, which holds nothing to scan")
    print(f"{len(coverage)} coverage entries and {len(findings)} findings after {took:.0f} s")
    for what, count in sorted(held.items()):
        print(f"{count} {what}: as expected")
    for kind, count in sorted(left_out.items()):
        print(f"left out for {kind}: {count}")
    for text in problems:
        print(f"PROBLEM {text}")
    print(f"{len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
