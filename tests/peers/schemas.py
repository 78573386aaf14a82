"""Checks documents against the schemas that their publishers ship.

usage: schemas.py FOLDER    (files named `<format>-<name>.<extension>`)

CycloneDX schemas come with cyclonedx-python-lib, SARIF's with @microsoft/jest-sarif; SPDX documents are read and
judged by spdx-tools, the reference validator; `yagura/scan/1` has its schema in docs/schema. No registry carries
GitLab's schemas, so their rules for what is printed here are restated below. JUnit has no schema of its own:
junitparser, a consumer, reads it, and its totals must add up. CSV is read by Python's parser.
"""
import csv
import glob
import io
import json
import os
import subprocess
import sys

import cyclonedx.schema
import jsonschema
from referencing import Registry, Resource

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RESOURCES = os.path.join(os.path.dirname(cyclonedx.schema.__file__), "_res")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def cyclonedx_errors(document):
    version = document["specVersion"]
    schema = load(os.path.join(RESOURCES, f"bom-{version}.SNAPSHOT.schema.json"))
    base = "http://cyclonedx.org/schema/"
    registry = Registry()
    for path in glob.glob(os.path.join(RESOURCES, "*.schema.json")):
        contents = load(path)
        # The bodies refer to each other by names with and without SNAPSHOT.
        for name in {os.path.basename(path), os.path.basename(path).replace(".SNAPSHOT", "")}:
            registry = registry.with_resource(base + name, Resource.from_contents(contents))
    schema["$id"] = base + f"bom-{version}.SNAPSHOT.schema.json"
    validator = jsonschema.Draft7Validator(schema, registry=registry, format_checker=jsonschema.FormatChecker())
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def sarif_errors(document):
    root = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, check=True).stdout.strip()
    found = glob.glob(os.path.join(root, "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0*.json"))
    validator = jsonschema.Draft7Validator(load(found[0]), format_checker=jsonschema.FormatChecker())
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def spdx_errors(path):
    from spdx_tools.spdx.parser.error import SPDXParsingError
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    try:
        document = parse_file(path)
    except SPDXParsingError as error:
        return list(error.get_messages())
    return [message.validation_message for message in validate_full_spdx_document(document)]


def text(**rules):
    return {"type": "string", **rules}


def record(required, **properties):
    return {"type": "object", "required": required.split(), "properties": properties}


def listed(items, **rules):
    return {"type": "array", "items": items, **rules}


def gitlab_schema(kind):
    """What security-report-schemas 15.0 demands of the members that are printed."""
    filled = text(minLength=1)
    link = text(pattern="^https?://.+")
    time = text(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$")
    tool = record("id name version vendor", id=filled, name=filled, version=filled, url=link,
                  vendor=record("name", name=filled))
    dependency = record("package version", package=record("name", name=text()), version=text())
    if kind == "container_scanning":
        location = record("dependency operating_system image", dependency=dependency, operating_system=filled,
                          image=filled)
    else:
        location = record("file dependency", file=filled, dependency=dependency)
    vulnerability = record(
        "id identifiers location",
        id=filled,
        name=text(maxLength=255),
        description=text(maxLength=1048576),
        severity={"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
        solution=text(maxLength=7000),
        identifiers=listed(record("type name value", type=filled, name=filled, value=filled, url=link), minItems=1),
        links=listed(record("url", url=link)),
        location=location,
    )
    schema = record(
        "scan version vulnerabilities" + (" dependency_files" if kind == "dependency_scanning" else ""),
        version=text(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$"),
        scan=record(
            "analyzer end_time scanner start_time status type",
            analyzer=tool, scanner=tool, start_time=time, end_time=time,
            status={"enum": ["success", "failure"]},
            type={"const": kind},
            messages=listed(record("level value", level={"enum": ["info", "warn", "fatal"]}, value=filled)),
        ),
        vulnerabilities=listed(vulnerability),
        dependency_files=listed(record("path package_manager dependencies", path=filled, package_manager=filled,
                                       dependencies=listed(dependency))),
    )
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema}


def gitlab_errors(document):
    kind = document["scan"]["type"]
    if kind not in ("container_scanning", "dependency_scanning"):
        return [f"unknown type {kind}"]
    validator = jsonschema.Draft7Validator(gitlab_schema(kind))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def own_errors(document):
    schema = load(os.path.join(ROOT, "docs", "schema", "scan-1.schema.json"))
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def junit_errors(path):
    from junitparser import JUnitXml

    report = JUnitXml.fromfile(path)
    errors = []
    totals = {"tests": 0, "failures": 0, "errors": 0}
    for suite in report:
        counted = {"tests": 0, "failures": 0, "errors": 0}
        for case in suite:
            counted["tests"] += 1
            results = [type(result).__name__ for result in case.result]
            counted["failures"] += results.count("Failure")
            counted["errors"] += results.count("Error")
        for name, count in counted.items():
            if getattr(suite, name) != count:
                errors.append(f"suite {suite.name}: {name} says {getattr(suite, name)}, counted {count}")
            totals[name] += count
    for name, count in totals.items():
        if getattr(report, name) != count:
            errors.append(f"{name} says {getattr(report, name)}, counted {count}")
    return errors


def csv_errors(path):
    with open(path, "rb") as file:
        content = file.read()
    errors = [] if content.startswith(b"\xef\xbb\xbf") else ["no byte order mark: spreadsheets would guess"]
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    errors += [f"row {at} has {len(row)} fields" for at, row in enumerate(rows) if len(row) != len(rows[0])]
    for at, row in enumerate(rows):
        errors += [f"row {at}: `{field}` would run as a formula" for field in row if field[:1] in set("=+-@\t\r")]
    return errors


def errors_of(path):
    """The errors of a document, or None for a format without rules."""
    name = os.path.basename(path)
    if name.startswith("junit-"):
        return junit_errors(path)
    if name.startswith("csv-"):
        return csv_errors(path)
    if not name.endswith(".json"):
        return None
    document = load(path)
    if "specVersion" in document:
        return cyclonedx_errors(document)
    if "spdxVersion" in document:
        return spdx_errors(path)
    if "sarif" in document.get("$schema", ""):
        return sarif_errors(document)
    if document.get("schema") == "yagura/scan/1":
        return own_errors(document)
    if "scan" in document:
        return gitlab_errors(document)
    return [f"`{name}` is in no format that is known here"]


def main(folder):
    failed = False
    for path in sorted(glob.glob(os.path.join(folder, "*"))):
        errors = errors_of(path)
        if errors is None:
            continue
        print(f"{os.path.basename(path)}: {'valid' if not errors else 'INVALID'}")
        for error in errors[:20]:
            failed = True
            print(f"  {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
