"""Calls every operation of both interfaces with a real client and holds the answers against the official model.

usage: api.py ENDPOINT boto3|cli

Credentials come from the environment, as for any AWS client. `boto3` checks the raw JSON of every answer: members,
types, enumerations, required members, timestamps as numbers. `cli` runs the AWS CLI and checks its exit codes.
Prints one line per call and ends with a summary; exits with 1 when anything differs.

YAGURA_ACCOUNT is the account of the credentials. YAGURA_MEMBER names a member of its organization where AWS
Organizations has made it the administrator already; otherwise it makes an organization of its own, as Terraform does.
"""

import concurrent.futures
import json
import os
import subprocess
import sys
import time
import uuid

import boto3
import botocore.exceptions
import botocore.session
from botocore.config import Config

ENDPOINT, CLIENT = sys.argv[1], sys.argv[2]
REGION = os.environ.get("AWS_DEFAULT_REGION", "eu-central-1")
SERVICES = ["inspector2", "inspector-scan"]

# Answers whose words are wider than the model (quirks of the service itself).
OPEN_WORDS = {"GroupKey", "PackageManager", "UsageType", "VulnerabilitySource"}
# Required in the model, missing in healthy answers.
MISSING_OK = {("State", "errorCode"), ("State", "errorMessage")}
# Names that only other clients know.
session = boto3.session.Session(region_name=REGION)
config = Config(retries={"max_attempts": 1}, parameter_validation=False)
clients = {name: session.client(name, endpoint_url=ENDPOINT, config=config) for name in SERVICES}
raw_body = {}
for client in clients.values():
    client.meta.events.register("before-parse", lambda response_dict, **_: raw_body.update(response_dict))

problems, called = [], {}


def problem(operation, text):
    problems.append(f"{operation}: {text}")


def strict(operation, shape, value, path):
    """The raw JSON against the shape, in every detail."""
    kind = shape.type_name
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return
        if not isinstance(value, dict):
            return problem(operation, f"{path} is not an object")
        for name in value:
            if name not in shape.members:
                problem(operation, f"{path}.{name} is unknown to {shape.name}")
        for name in shape.required_members:
            if name not in value and (shape.name, name) not in MISSING_OK:
                problem(operation, f"{path}.{name} is required by {shape.name}")
        if shape.is_tagged_union and len(value) != 1:
            problem(operation, f"{path} is a union with {len(value)} members")
        for name, item in value.items():
            if name in shape.members:
                if item is None:
                    problem(operation, f"{path}.{name} is null")
                else:
                    strict(operation, shape.members[name], item, f"{path}.{name}")
    elif kind == "list":
        if not isinstance(value, list):
            return problem(operation, f"{path} is not a list")
        for index, item in enumerate(value):
            strict(operation, shape.member, item, f"{path}[{index}]")
    elif kind == "map":
        for name, item in value.items():
            strict(operation, shape.value, item, f"{path}[{name}]")
    elif kind == "string":
        if not isinstance(value, str):
            problem(operation, f"{path} is not a string")
        elif shape.enum and value not in shape.enum and shape.name not in OPEN_WORDS:
            problem(operation, f"{path}: `{value}` is no {shape.name}")
        elif path.endswith("nextToken") and value == "":
            problem(operation, f"{path} is an empty token")
    elif kind == "timestamp":
        iso = shape.serialization.get("timestampFormat") == "iso8601"
        if not isinstance(value, str if iso else (int, float)):
            problem(operation, f"{path} is {value!r}, not a {'text' if iso else 'number'}")
    elif kind in ("integer", "long"):
        if not isinstance(value, int) or isinstance(value, bool):
            problem(operation, f"{path} is not an integer")
    elif kind in ("double", "float"):
        if not isinstance(value, (int, float)):
            problem(operation, f"{path} is not a number")
    elif kind == "boolean" and not isinstance(value, bool):
        problem(operation, f"{path} is not a boolean")


def call_boto3(service, operation, parameters):
    client = clients[service]
    method = getattr(client, botocore.xform_name(operation))
    try:
        answer = method(**parameters)
    except botocore.exceptions.ClientError as error:
        metadata = error.response["ResponseMetadata"]
        if not metadata["HTTPHeaders"].get("x-amzn-requestid"):
            problem(operation, "an error without x-amzn-RequestId")
        if metadata["HTTPHeaders"].get("x-amzn-errortype") != error.response["Error"]["Code"]:
            problem(operation, "x-amzn-ErrorType differs from __type")
        return error.response["Error"]["Code"], error.response
    model = client.meta.service_model.operation_model(operation)
    body = raw_body.get("body") or b"{}"
    if model.output_shape is not None:
        strict(operation, model.output_shape, json.loads(body), "$")
    if answer["ResponseMetadata"]["HTTPStatusCode"] != model.http.get("responseCode", 200):
        problem(operation, f"status {answer['ResponseMetadata']['HTTPStatusCode']}")
    return None, answer


def call_cli(service, operation, parameters):
    arguments = [sys.executable, "-m", "awscli", service, botocore.xform_name(operation, "-"), "--endpoint-url", ENDPOINT, "--region", REGION]
    arguments += ["--output", "json", "--cli-input-json", json.dumps(parameters)]
    # Both versions of the AWS CLI page by default; only the second has an option for it.
    environment = {**os.environ, "AWS_PAGER": ""}
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False, env=environment)
    if done.returncode == 0:
        return None, json.loads(done.stdout or "{}")
    text = done.stderr
    if "An error occurred (" not in text:
        problem(operation, f"the client fails: {text.strip()[-300:]}")
        return "ClientFailure", {}
    return text.split("An error occurred (")[1].split(")")[0], {}


def expect(operation, parameters=None, error=None, service="inspector2"):
    """Calls, and compares the outcome with what is expected: `None` for success, else the error's code."""
    run = call_boto3 if CLIENT == "boto3" else call_cli
    code, answer = run(service, operation, parameters or {})
    wanted = error if isinstance(error, tuple) else (error,)
    if code not in wanted:
        problem(operation, f"answers {code or 'success'} instead of {' or '.join(str(word) for word in wanted)}")
    called.setdefault((service, operation), []).append(code)
    print(f"{service} {operation} {code or 'ok'}", flush=True)
    return answer


def wait(operation, parameters, done, text):
    for _ in range(60):
        answer = expect(operation, parameters)
        try:
            if done(answer):
                return answer
        except (KeyError, IndexError):
            break
        time.sleep(0.25)
    problem(operation, f"waited in vain: {text}")
    return {}


def story(account):
    """One pass over all operations, in the order in which a client would call them."""
    own = {"accountIds": [account]}
    types = ["EC2", "ECR", "LAMBDA", "LAMBDA_CODE", "CODE_REPOSITORY"]
    state = expect("BatchGetAccountStatus").get("accounts", [{}])[0].get("state", {})
    if state.get("status") == "DISABLED":
        expect("SearchVulnerabilities", {"filterCriteria": {"vulnerabilityIds": ["CVE-2021-44228"]}}, "AccessDeniedException")
        expect("Enable", {"resourceTypes": ["LAMBDA_CODE"]}, "ValidationException")

    # Terraform's enabler.
    token = uuid.uuid4().hex
    first = expect("Enable", {**own, "resourceTypes": types, "clientToken": token})
    if CLIENT == "boto3":
        again = expect("Enable", {**own, "resourceTypes": types, "clientToken": token})
        if first.get("accounts") != again.get("accounts"):
            problem("Enable", "the same token gives another answer")

    def settled(status):
        return lambda answer: all(entry["state"]["status"] == status for entry in answer["accounts"])

    wait("BatchGetAccountStatus", own, settled("ENABLED"), "ENABLED")
    expect("BatchGetAccountStatus", {"accountIds": [account, "999999999999"]})
    expect("ListAccountPermissions", {"service": "ECR", "maxResults": 2})
    expect("BatchGetFreeTrialInfo", own)
    expect("ListUsageTotals", {"maxResults": 10})

    # Configuration, as Terraform reads it back.
    ecr = {"rescanDuration": "DAYS_30", "pullDateRescanDuration": "DAYS_60", "pullDateRescanMode": "LAST_PULL_DATE"}
    ec2 = {"scanMode": "EC2_SSM_AGENT_BASED", "activateVMScanner": False}
    expect("UpdateConfiguration", {"ecrConfiguration": ecr, "ec2Configuration": ec2})
    state = expect("GetConfiguration")
    stored = state["ecrConfiguration"]["rescanDurationState"]
    if {name: stored.get(name) for name in ecr} != ecr:
        problem("GetConfiguration", f"{stored} is not what was set")
    if state["ec2Configuration"]["scanModeState"]["scanMode"] != "EC2_SSM_AGENT_BASED":
        problem("GetConfiguration", "the scan mode is not what was set")
    expect("UpdateConfiguration", {}, "ValidationException")
    ami = {"scanModeConfiguration": {"scanMode": "SCAN_ALL"}, "createdWithin": "DAYS_30"}
    expect("UpdateConfiguration", {"amiConfiguration": ami})
    expect("GetConfiguration")
    reset = {"rescanDuration": "LIFETIME", "pullDateRescanDuration": "DAYS_90", "pullDateRescanMode": "LAST_IN_USE_AT"}
    expect("UpdateConfiguration", {"ecrConfiguration": reset, "ec2Configuration": {"scanMode": "EC2_HYBRID"}})

    findings(account)
    filters(account)
    coverage(account)
    reports(account)
    code(account)
    organization(account)
    later()
    scan()

    expect("Disable", {**own, "resourceTypes": ["LAMBDA"]})
    wait("BatchGetAccountStatus", own, lambda a: a["accounts"][0]["resourceState"]["lambdaCode"]["status"] == "DISABLED", "LAMBDA_CODE off")
    expect("Disable", {**own, "resourceTypes": types})
    wait("BatchGetAccountStatus", own, settled("DISABLED"), "DISABLED")


def findings(account):
    text = [{"comparison": "EQUALS", "value": "x"}, {"comparison": "NOT_EQUALS", "value": "y"}]
    model = clients["inspector2"].meta.service_model.shape_for("FilterCriteria")
    samples = {"StringFilterList": text, "DateFilterList": [{"startInclusive": 1700000000, "endInclusive": 1800000000}]}
    samples["NumberFilterList"] = [{"lowerInclusive": 0.0, "upperInclusive": 10.0}]
    samples["MapFilterList"] = [{"comparison": "EQUALS", "key": "team", "value": "web"}]
    samples["PortRangeFilterList"] = [{"beginInclusive": 1, "endInclusive": 65535}]
    samples["PackageFilterList"] = [{"name": {"comparison": "PREFIX", "value": "lib"}, "epoch": {"lowerInclusive": 0}}]
    page = {"maxResults": 10}
    expect("ListFindings", page)
    for name, shape in model.members.items():
        expect("ListFindings", {**page, "filterCriteria": {name: samples[shape.name]}})
        if CLIENT != "boto3":
            break
    for field in clients["inspector2"].meta.service_model.shape_for("SortField").enum:
        for order in ("ASC", "DESC"):
            expect("ListFindings", {**page, "sortCriteria": {"field": field, "sortOrder": order}})
        if CLIENT != "boto3":
            break
    expect("ListFindings", {"maxResults": 101}, "ValidationException")
    expect("ListFindings", {"nextToken": "made-up"}, "ValidationException")
    expect("ListFindings", {"sortCriteria": {"field": "NO_SUCH", "sortOrder": "ASC"}}, "ValidationException")
    for kind in clients["inspector2"].meta.service_model.shape_for("AggregationType").enum:
        expect("ListFindingAggregations", {"aggregationType": kind, "maxResults": 5})
        if CLIENT != "boto3":
            break
    request = {"ec2InstanceAggregation": {"sortBy": "NETWORK_FINDINGS", "sortOrder": "DESC"}}
    expect("ListFindingAggregations", {"aggregationType": "AWS_EC2_INSTANCE", "aggregationRequest": request})
    expect("ListFindingAggregations", {"aggregationType": "PACKAGE", "aggregationRequest": request}, "ValidationException")
    arn = f"arn:aws:inspector2:{REGION}:{account}:finding/{'0' * 32}"
    expect("BatchGetFindingDetails", {"findingArns": [arn]})
    expect("BatchGetCodeSnippet", {"findingArns": [arn]})
    expect("SearchVulnerabilities", {"filterCriteria": {"vulnerabilityIds": ["CVE-2021-44228"]}})


def filters(account):
    severity = {"severity": [{"comparison": "EQUALS", "value": "LOW"}]}
    name = f"conformance-{uuid.uuid4().hex[:8]}"
    wanted = {"name": name, "action": "NONE", "filterCriteria": severity, "tags": {"team": "web"}, "description": "d"}
    arn = expect("CreateFilter", wanted).get("arn")
    expect("CreateFilter", wanted, "BadRequestException")
    listed = expect("ListFilters", {"arns": [arn]})
    if len(listed.get("filters", [])) != 1 or listed["filters"][0]["criteria"] != severity:
        problem("ListFilters", "the filter does not read back as written")
    expect("ListTagsForResource", {"resourceArn": arn})
    expect("TagResource", {"resourceArn": arn, "tags": {"cost": "one"}})
    expect("UntagResource", {"resourceArn": arn, "tagKeys": ["team"]})
    tags = expect("ListTagsForResource", {"resourceArn": arn}).get("tags")
    if tags != {"cost": "one"}:
        problem("UntagResource", f"the tags are {tags}")
    expect("UpdateFilter", {"filterArn": arn, "action": "SUPPRESS", "reason": "test"})
    if expect("ListFilters", {"arns": [arn], "action": "SUPPRESS"}).get("filters", [{}])[0].get("reason") != "test":
        problem("UpdateFilter", "the reason does not read back")
    expect("DeleteFilter", {"arn": arn})
    expect("DeleteFilter", {"arn": arn}, "ResourceNotFoundException")
    if expect("ListFilters", {"arns": [arn]}).get("filters") != []:
        problem("DeleteFilter", "the filter is still there")


def coverage(account):
    expect("ListCoverage", {"maxResults": 5})
    expect("ListCoverage", {"filterCriteria": {"scanStatusCode": [{"comparison": "EQUALS", "value": "ACTIVE"}]}})
    for key in clients["inspector2"].meta.service_model.shape_for("GroupKey").enum:
        expect("ListCoverageStatistics", {"groupBy": key})
        if CLIENT != "boto3":
            break
    expect("ListCoverageStatistics")
    image = f"arn:aws:ecr:{REGION}:{account}:repository/web/sha256:{'0' * 64}"
    expect("GetClustersForImage", {"filter": {"resourceId": image}})


def reports(account):
    key = f"arn:aws:kms:{REGION}:{account}:key/{uuid.uuid4()}"
    bucket = {"bucketName": "reports", "kmsKeyArn": key, "keyPrefix": "x"}
    report = expect("CreateFindingsReport", {"reportFormat": "CSV", "s3Destination": bucket}).get("reportId")
    again = {"reportFormat": "JSON", "s3Destination": bucket}
    expect("CreateFindingsReport", again, (None, "ValidationException"))
    expect("GetFindingsReportStatus")
    expect("GetFindingsReportStatus", {"reportId": report})
    expect("CancelFindingsReport", {"reportId": report}, (None, "ValidationException"))
    expect("CancelFindingsReport", {"reportId": str(uuid.uuid4())}, "ResourceNotFoundException")
    export = expect("CreateSbomExport", {"reportFormat": "CYCLONEDX_1_4", "s3Destination": bucket}).get("reportId")
    expect("GetSbomExport", {"reportId": export})
    expect("CancelSbomExport", {"reportId": export}, (None, "ValidationException"))


def code(account):
    details = {"gitlabSelfManaged": {"instanceUrl": "https://git.example.org", "accessToken": "not-a-token"}}
    name = f"git-{uuid.uuid4().hex[:8]}"
    wanted = {"name": name, "type": "GITLAB_SELF_MANAGED", "details": details, "tags": {"a": "b"}}
    arn = expect("CreateCodeSecurityIntegration", wanted).get("integrationArn")
    expect("CreateCodeSecurityIntegration", wanted, "ConflictException")
    expect("CreateCodeSecurityIntegration", {"name": name + "x", "type": "GITLAB_SELF_MANAGED"}, "ValidationException")
    expect("GetCodeSecurityIntegration", {"integrationArn": arn})
    expect("ListCodeSecurityIntegrations", {"maxResults": 10})
    update = {"integrationArn": arn, "details": {"gitlabSelfManaged": {"authCode": "code"}}}
    expect("UpdateCodeSecurityIntegration", update)
    expect("ListTagsForResource", {"resourceArn": arn})
    rules = {"ruleSetCategories": ["SAST", "SCA"], "periodicScanConfiguration": {"frequency": "WEEKLY"}}
    wanted = {"name": f"c-{uuid.uuid4().hex[:8]}", "level": "ACCOUNT", "configuration": rules}
    scan = expect("CreateCodeSecurityScanConfiguration", wanted).get("scanConfigurationArn")
    expect("GetCodeSecurityScanConfiguration", {"scanConfigurationArn": scan})
    expect("ListCodeSecurityScanConfigurations", {"maxResults": 10})
    expect("UpdateCodeSecurityScanConfiguration", {"scanConfigurationArn": scan, "configuration": {"ruleSetCategories": ["IAC"]}})
    project = {"projectId": f"project-{uuid.uuid4()}"}
    pair = [{"resource": project, "scanConfigurationArn": scan}]
    expect("BatchAssociateCodeSecurityScanConfiguration", {"associateConfigurationRequests": pair})
    expect("ListCodeSecurityScanConfigurationAssociations", {"scanConfigurationArn": scan, "maxResults": 5})
    expect("BatchDisassociateCodeSecurityScanConfiguration", {"disassociateConfigurationRequests": pair})
    expect("StartCodeSecurityScan", {"resource": project}, "ResourceNotFoundException")
    expect("GetCodeSecurityScan", {"resource": project, "scanId": str(uuid.uuid4())}, "ResourceNotFoundException")
    expect("DeleteCodeSecurityScanConfiguration", {"scanConfigurationArn": scan})
    expect("GetCodeSecurityScanConfiguration", {"scanConfigurationArn": scan}, "ResourceNotFoundException")
    expect("DeleteCodeSecurityIntegration", {"integrationArn": arn})
    kms = f"arn:aws:kms:{REGION}:{account}:key/{uuid.uuid4()}"
    place = {"scanType": "CODE", "resourceType": "AWS_LAMBDA_FUNCTION"}
    expect("GetEncryptionKey", place, "ResourceNotFoundException")
    expect("UpdateEncryptionKey", {**place, "kmsKeyId": kms})
    if expect("GetEncryptionKey", place).get("kmsKeyId") != kms:
        problem("GetEncryptionKey", "the key does not read back")
    expect("ResetEncryptionKey", place)


def smallest(shape):
    """An input that a client lets through: required members only, the service finds them wrong."""
    if shape.type_name == "structure":
        names = list(shape.required_members) or (list(shape.members)[:1] if shape.is_tagged_union else [])
        return {name: smallest(shape.members[name]) for name in names}
    if shape.type_name == "list":
        return [smallest(shape.member)] * shape.metadata.get("min", 0)
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "x" * max(1, shape.metadata.get("min", 1))
    return False if shape.type_name == "boolean" else max(1, shape.metadata.get("min", 1))


def delegated(account, member):
    """What remains of the sequence for the administrator whom AWS Organizations named: his members are there already."""
    expect("GetDelegatedAdminAccount")
    expect("ListDelegatedAdminAccounts")
    for operation in ("EnableDelegatedAdminAccount", "DisableDelegatedAdminAccount"):
        expect(operation, {"delegatedAdminAccountId": account}, "AccessDeniedException")
    flags = {"ec2": True, "ecr": True, "lambda": True, "lambdaCode": False, "codeRepository": False}
    expect("UpdateOrganizationConfiguration", {"autoEnable": flags})
    described = expect("DescribeOrganizationConfiguration").get("autoEnable", {})
    if {name: described.get(name) for name in flags} != flags:
        problem("DescribeOrganizationConfiguration", f"{described} is not what was set")
    expect("ListMembers", {"onlyAssociated": True, "maxResults": 10})
    deep_inspection(member)
    expect("DisassociateMember", {"accountId": member})
    expect("AssociateMember", {"accountId": member})
    wait("GetMember", {"accountId": member}, lambda a: a["member"]["relationshipStatus"] == "ENABLED", "ENABLED")
    expect("DisassociateMember", {"accountId": member})


def deep_inspection(member):
    expect("GetEc2DeepInspectionConfiguration")
    expect("UpdateEc2DeepInspectionConfiguration", {"activateDeepInspection": True, "packagePaths": ["/opt/app"]})
    expect("UpdateOrgEc2DeepInspectionConfiguration", {"orgPackagePaths": ["/srv"]})
    expect("BatchGetMemberEc2DeepInspectionStatus", {"accountIds": [member, "999999999999"]})
    expect("BatchUpdateMemberEc2DeepInspectionStatus", {"accountIds": [{"accountId": member, "activateDeepInspection": False}]})


def organization(account):
    """As Terraform's resources call it."""
    member = os.environ.get("YAGURA_MEMBER")
    if member:
        return delegated(account, member)
    member = "444455556666"
    expect("GetDelegatedAdminAccount", {}, "ResourceNotFoundException")
    expect("DescribeOrganizationConfiguration", {}, "AccessDeniedException")
    expect("GetMember", {"accountId": member}, "AccessDeniedException")
    expect("EnableDelegatedAdminAccount", {"delegatedAdminAccountId": account})
    answer = expect("EnableDelegatedAdminAccount", {"delegatedAdminAccountId": account}, "ConflictException")
    if CLIENT == "boto3" and "already enabled" not in answer["Error"]["Message"]:
        problem("EnableDelegatedAdminAccount", "the message does not say `already enabled`")
    expect("GetDelegatedAdminAccount")
    expect("ListDelegatedAdminAccounts")
    flags = {"ec2": True, "ecr": True, "lambda": True, "lambdaCode": True, "codeRepository": False}
    expect("UpdateOrganizationConfiguration", {"autoEnable": flags})
    for _ in range(2):
        described = expect("DescribeOrganizationConfiguration").get("autoEnable", {})
        if {name: described.get(name) for name in flags} != flags:
            problem("DescribeOrganizationConfiguration", f"{described} is not what was set")
    expect("UpdateOrganizationConfiguration", {"autoEnable": {"ec2": False, "ecr": False, "lambdaCode": True}}, "ValidationException")
    expect("AssociateMember", {"accountId": member})
    wait("GetMember", {"accountId": member}, lambda a: a["member"]["relationshipStatus"] == "ENABLED", "ENABLED")
    expect("ListMembers", {"onlyAssociated": True, "maxResults": 10})
    expect("BatchGetAccountStatus", {"accountIds": [member]})
    deep_inspection(member)
    failed = expect("Disable", {"accountIds": [account]}).get("failedAccounts", [{}])
    if not failed or failed[0].get("errorCode") != "DISASSOCIATE_ALL_MEMBERS":
        problem("Disable", "an administrator with members is disabled")
    expect("DisassociateMember", {"accountId": member})
    expect("DisassociateMember", {"accountId": member}, "ValidationException")
    expect("UpdateOrganizationConfiguration", {"autoEnable": {"ec2": False, "ecr": False}})
    expect("DisableDelegatedAdminAccount", {"delegatedAdminAccountId": account})
    expect("DisableDelegatedAdminAccount", {"delegatedAdminAccountId": account}, "ResourceNotFoundException")


def later():
    """Tier 3: empty lists and documented errors."""
    scan_arn = f"arn:aws:inspector2:{REGION}:123456789012:owner/123456789012/cis-scan/{uuid.uuid4()}"
    configuration = f"arn:aws:inspector2:{REGION}:123456789012:owner/123456789012/cis-configuration/{uuid.uuid4()}"
    targets = {"accountIds": ["SELF"], "targetResourceTags": {"team": ["web"]}}
    wanted = {"scanName": "n", "securityLevel": "LEVEL_1", "schedule": {"oneTime": {}}, "targets": targets}
    invalid, missing = "ValidationException", "ResourceNotFoundException"
    expect("ListCisScanConfigurations")
    expect("ListCisScans")
    expect("CreateCisScanConfiguration", wanted, invalid)
    expect("UpdateCisScanConfiguration", {"scanConfigurationArn": configuration}, missing)
    expect("DeleteCisScanConfiguration", {"scanConfigurationArn": configuration}, missing)
    expect("ListCisScanResultsAggregatedByChecks", {"scanArn": scan_arn}, invalid)
    expect("ListCisScanResultsAggregatedByTargetResource", {"scanArn": scan_arn}, invalid)
    expect("GetCisScanResultDetails", {"scanArn": scan_arn, "accountId": "123456789012", "targetResourceId": "i-0123456789abcdef0"}, invalid)
    expect("GetCisScanReport", {"scanArn": scan_arn}, missing)
    job = {"scanJobId": str(uuid.uuid4())}
    token = {"sessionToken": str(uuid.uuid4())}
    expect("StartCisSession", {**job, "message": token}, invalid)
    expect("SendCisSessionHealth", {**job, **token}, invalid)
    rule = {"ruleId": "1.1", "status": "PASSED", "cisRuleDetails": "AAAA" if CLIENT == "cli" else b"x"}
    expect("SendCisSessionTelemetry", {**job, **token, "messages": [rule]}, invalid)
    expect("StopCisSession", {**job, **token, "message": {"status": "SUCCESS", "progress": {}}}, invalid)
    image = {"resourceId": "ami-0123456789abcdef0", "resourceType": "AMI"}
    model = clients["inspector2"].meta.service_model
    kind = model.operation_model("ListOnDemandScans").input_shape.members["resourceType"].enum[0]
    image["resourceType"] = kind
    expect("StartOnDemandScan", image, invalid)
    # The model's own pattern of resource ids has no machine images.
    expect("GetOnDemandScanStatus", {**image, "scanId": "abc"}, (missing, invalid))
    expect("ListOnDemandScans", image, (None, invalid))
    connector = f"arn:aws:inspector2:{REGION}:123456789012:connector/{uuid.uuid4()}"
    expect("ListConnectors")
    expect("ListConnectorScanConfigurations")
    expect("DeleteConnector", {"connectorArn": connector}, missing)
    expect("UpdateConnector", {"connectorArn": connector, "description": "d"}, missing)
    # The AWS CLI sends nothing that lacks a required member.
    for operation in ("CreateConnector", "UpdateConnectorScanConfiguration"):
        parameters = smallest(model.operation_model(operation).input_shape) if CLIENT == "cli" else {}
        expect(operation, parameters, (missing, invalid))


def scan():
    lodash = {"bom-ref": "x", "type": "library", "name": "lodash", "version": "4.17.20", "purl": "pkg:npm/lodash@4.17.20"}
    sbom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [lodash, {"type": "library", "name": "plain"}]}
    for layout in ("CYCLONE_DX_1_5", "INSPECTOR", "INSPECTOR_ALT"):
        answer = expect("ScanSbom", {"sbom": sbom, "outputFormat": layout}, service="inspector-scan").get("sbom", {})
        if layout == "CYCLONE_DX_1_5" and len(answer.get("metadata", {}).get("properties", [])) != 5:
            problem("ScanSbom", "there are not five counters")
    expect("ScanSbom", {"sbom": {"bomFormat": "SPDX"}}, "ValidationException", service="inspector-scan")


def paginators():
    """Every paginator of the SDK runs to its end."""
    model = botocore.session.get_session().get_paginator_model("inspector2")._paginator_config
    needs = {
        "GetClustersForImage": {"filter": {"resourceId": f"arn:aws:ecr:{REGION}:123456789012:repository/web/sha256:{'0' * 64}"}},
        "ListFindingAggregations": {"aggregationType": "ACCOUNT"},
        "SearchVulnerabilities": {"filterCriteria": {"vulnerabilityIds": ["CVE-2021-44228"]}},
        "ListOnDemandScans": None,
        "GetCisScanResultDetails": None,
        "ListCisScanResultsAggregatedByChecks": None,
        "ListCisScanResultsAggregatedByTargetResource": None,
    }
    allowed = {"AccessDeniedException"}
    for operation in sorted(model):
        parameters = needs.get(operation, {})
        if parameters is None:
            continue
        paginator = clients["inspector2"].get_paginator(botocore.xform_name(operation))
        try:
            pages = sum(1 for _ in paginator.paginate(**parameters, PaginationConfig={"MaxItems": 1000}))
            print(f"paginator {operation} {pages} pages", flush=True)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in allowed:
                problem(operation, f"its paginator fails: {error}")


def parallel():
    """The same question many times within a second is no replay."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: clients["inspector2"].list_filters()["ResponseMetadata"]["HTTPStatusCode"], range(40)))
    if answers != [200] * 40:
        problem("ListFilters", "equal questions within a second are refused")


def refusals():
    """What is not signed, changed, old or sent twice is refused."""
    import datetime
    import http.client
    import urllib.parse

    import botocore.auth
    from botocore.awsrequest import AWSRequest

    credentials = session.get_credentials().get_frozen_credentials()
    target = urllib.parse.urlsplit(ENDPOINT)

    def send(headers, body, path="/filters/list"):
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
        connection.request("POST", path, body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, answer.getheader("x-amzn-errortype"), text

    def signed(body="{}", service="inspector2", path="/filters/list"):
        request = AWSRequest("POST", ENDPOINT + path, data=body, headers={"Content-Type": "application/json"})
        botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(request)
        return dict(request.headers)

    def check(name, answer, code):
        print(f"refusal {name} {answer[0]} {answer[1]}", flush=True)
        if answer[1] != code or answer[0] not in (400, 403):
            problem("signature", f"{name}: {answer[0]} {answer[1]} instead of {code}")

    check("unsigned", send({"Content-Type": "application/json"}, "{}"), "MissingAuthenticationTokenException")
    time.sleep(1.1)  # the questions before were the same, in a second of their own
    headers = signed()
    if send(headers, "{}")[0] != 200:
        problem("signature", "a signed request is refused")
    check("replay", send(headers, "{}"), "InvalidSignatureException")
    check("body", send(signed(), '{"maxResults": 1}'), "InvalidSignatureException")
    check("path", send(signed(), "{}", "/findings/list"), "InvalidSignatureException")
    changed = signed()
    changed["X-Amz-Target"] = "other"
    check("header", send(changed, "{}"), "InvalidSignatureException")
    check("service", send(signed(service="s3"), "{}"), "IncompleteSignatureException")
    stranger = signed()
    stranger["Authorization"] = stranger["Authorization"].replace(credentials.access_key, "AKIAUNKNOWNUNKNOWN00")
    check("key", send(stranger, "{}"), "UnrecognizedClientException")
    real = botocore.auth.get_current_datetime if hasattr(botocore.auth, "get_current_datetime") else None
    if real is not None:
        for minutes in (-20, 20):
            botocore.auth.get_current_datetime = lambda m=minutes: real() + datetime.timedelta(minutes=m)
            check(f"clock {minutes:+}", send(signed(), "{}"), "InvalidSignatureException")
        botocore.auth.get_current_datetime = real
    token = signed()
    token["X-Amz-Security-Token"] = "token"
    check("session token", send(token, "{}"), "UnrecognizedClientException")
    time.sleep(1.1)  # the same request in the same second would be the same signature
    packed = signed()
    packed["Accept-Encoding"] = "gzip"
    if send(packed, "{}")[0] != 200:
        problem("signature", "an unsigned header that is not AWS's is refused")


def main():
    account = os.environ.get("YAGURA_ACCOUNT", "123456789012")
    story(account)
    if CLIENT == "boto3":
        paginators()
        parallel()
        refusals()
    for service in SERVICES:
        for operation in clients[service].meta.service_model.operation_names:
            if (service, operation) not in called:
                problem(operation, "was never called")
    print(f"{len(called)} operations, {sum(map(len, called.values()))} calls, {len(problems)} problems")
    for text in problems:
        print(f"PROBLEM {text}")
    sys.exit(1 if problems else 0)


main()
