"""Checks documents against the schemas that their publishers ship.

usage: schemas.py FOLDER    (files named `<format>.json`)

CycloneDX schemas come with cyclonedx-python-lib, SARIF's with @microsoft/jest-sarif; SPDX documents are read and
judged by spdx-tools, the reference validator.
"""
import glob
import json
import os
import subprocess
import sys

import cyclonedx.schema
import jsonschema
from referencing import Registry, Resource

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


def main(folder):
    failed = False
    for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
        document = load(path)
        if "specVersion" in document:
            errors = cyclonedx_errors(document)
        elif "spdxVersion" in document:
            errors = spdx_errors(path)
        elif "sarif" in document.get("$schema", ""):
            errors = sarif_errors(document)
        else:
            continue
        print(f"{os.path.basename(path)}: {'valid' if not errors else 'INVALID'}")
        for error in errors[:20]:
            failed = True
            print(f"  {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
