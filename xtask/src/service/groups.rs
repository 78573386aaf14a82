//! Which operations belong together, and what the models say differently from the service.

/// One served interface.
pub struct Face {
    /// Folder of botocore's data.
    pub service: &'static str,
    /// API version, which is a folder too.
    pub version: &'static str,
    /// Folder of the generated files, from the root of the repository.
    pub folder: &'static str,
    /// Shapes that have a file of their own, in order: a shape lives in the first group that reaches it.
    pub shapes: &'static [(&'static str, &'static [&'static str])],
    /// Operations by group; all of them.
    pub operations: &'static [(&'static str, &'static [&'static str])],
    /// The core.
    pub tier_1: &'static [&'static str],
    /// Answered, without the feature behind it.
    pub tier_3: &'static [&'static str],
    /// Members that are required in the model and missing in real answers.
    optional: &'static [(&'static str, &'static str)],
}

impl Face {
    /// The group of an operation.
    pub fn group_of(&self, operation: &str) -> Option<&'static str> {
        self.operations.iter().find(|(_, names)| names.contains(&operation)).map(|(group, _)| *group)
    }

    /// 1: the core, 2: what real clients need, 3: answered, without the feature behind it.
    pub fn tier(&self, operation: &str) -> u8 {
        match operation {
            _ if self.tier_1.contains(&operation) => 1,
            _ if self.tier_3.contains(&operation) => 3,
            _ => 2,
        }
    }

    /// Whether a required member may be left out of an answer.
    pub fn is_optional(&self, shape: &str, member: &str) -> bool {
        self.optional.contains(&(shape, member))
    }
}

/// The interfaces that are served.
pub const FACES: &[Face] = &[INSPECTOR2, INSPECTOR_SCAN];

const INSPECTOR2: Face = Face {
    service: "inspector2",
    version: "2020-06-08",
    folder: "crates/yagura-formats/src/inspector2/shapes",
    shapes: &[
        ("criteria", &["FilterCriteria", "CoverageFilterCriteria", "ResourceFilterCriteria"]),
        ("finding", &["Finding"]),
        ("aggregation_request", &["AggregationRequest"]),
        ("aggregation_response", &["AggregationResponse"]),
        ("coverage", &["CoveredResource"]),
        ("vulnerability", &["Vulnerability", "FindingDetail"]),
    ],
    operations: &[
        (
            "account",
            &[
                "Enable",
                "Disable",
                "BatchGetAccountStatus",
                "ListAccountPermissions",
                "BatchGetFreeTrialInfo",
                "ListUsageTotals",
            ],
        ),
        ("configuration", &["GetConfiguration", "UpdateConfiguration"]),
        (
            "findings",
            &[
                "ListFindings",
                "ListFindingAggregations",
                "BatchGetFindingDetails",
                "BatchGetCodeSnippet",
                "SearchVulnerabilities",
            ],
        ),
        ("filters", &["CreateFilter", "UpdateFilter", "ListFilters", "DeleteFilter"]),
        ("coverage", &["ListCoverage", "ListCoverageStatistics", "GetClustersForImage"]),
        (
            "reports",
            &[
                "CreateFindingsReport",
                "GetFindingsReportStatus",
                "CancelFindingsReport",
                "CreateSbomExport",
                "GetSbomExport",
                "CancelSbomExport",
            ],
        ),
        (
            "code_integration",
            &[
                "CreateCodeSecurityIntegration",
                "GetCodeSecurityIntegration",
                "ListCodeSecurityIntegrations",
                "UpdateCodeSecurityIntegration",
                "DeleteCodeSecurityIntegration",
            ],
        ),
        (
            "code_scan",
            &[
                "CreateCodeSecurityScanConfiguration",
                "GetCodeSecurityScanConfiguration",
                "ListCodeSecurityScanConfigurations",
                "UpdateCodeSecurityScanConfiguration",
                "DeleteCodeSecurityScanConfiguration",
                "BatchAssociateCodeSecurityScanConfiguration",
                "BatchDisassociateCodeSecurityScanConfiguration",
                "ListCodeSecurityScanConfigurationAssociations",
                "StartCodeSecurityScan",
                "GetCodeSecurityScan",
            ],
        ),
        (
            "organization",
            &[
                "EnableDelegatedAdminAccount",
                "DisableDelegatedAdminAccount",
                "GetDelegatedAdminAccount",
                "ListDelegatedAdminAccounts",
                "DescribeOrganizationConfiguration",
                "UpdateOrganizationConfiguration",
                "AssociateMember",
                "DisassociateMember",
                "GetMember",
                "ListMembers",
            ],
        ),
        (
            "deep_inspection",
            &[
                "GetEc2DeepInspectionConfiguration",
                "UpdateEc2DeepInspectionConfiguration",
                "UpdateOrgEc2DeepInspectionConfiguration",
                "BatchGetMemberEc2DeepInspectionStatus",
                "BatchUpdateMemberEc2DeepInspectionStatus",
            ],
        ),
        ("encryption", &["GetEncryptionKey", "UpdateEncryptionKey", "ResetEncryptionKey"]),
        ("tags", &["ListTagsForResource", "TagResource", "UntagResource"]),
        (
            "cis_scan",
            &[
                "CreateCisScanConfiguration",
                "UpdateCisScanConfiguration",
                "DeleteCisScanConfiguration",
                "ListCisScanConfigurations",
            ],
        ),
        (
            "cis_result",
            &[
                "ListCisScans",
                "ListCisScanResultsAggregatedByChecks",
                "ListCisScanResultsAggregatedByTargetResource",
                "GetCisScanResultDetails",
                "GetCisScanReport",
            ],
        ),
        (
            "cis_session",
            &["StartCisSession", "SendCisSessionTelemetry", "SendCisSessionHealth", "StopCisSession"],
        ),
        ("on_demand", &["StartOnDemandScan", "GetOnDemandScanStatus", "ListOnDemandScans"]),
        (
            "connectors",
            &[
                "CreateConnector",
                "UpdateConnector",
                "DeleteConnector",
                "ListConnectors",
                "ListConnectorScanConfigurations",
                "UpdateConnectorScanConfiguration",
            ],
        ),
    ],
    tier_1: &[
        "Enable",
        "Disable",
        "BatchGetAccountStatus",
        "GetConfiguration",
        "UpdateConfiguration",
        "ListUsageTotals",
        "ListFindings",
        "ListFindingAggregations",
        "BatchGetFindingDetails",
        "BatchGetCodeSnippet",
        "SearchVulnerabilities",
        "CreateFilter",
        "UpdateFilter",
        "ListFilters",
        "DeleteFilter",
        "ListCoverage",
        "ListCoverageStatistics",
        "CreateFindingsReport",
        "GetFindingsReportStatus",
        "CancelFindingsReport",
        "CreateSbomExport",
        "GetSbomExport",
        "CancelSbomExport",
        "CreateCodeSecurityIntegration",
        "GetCodeSecurityIntegration",
        "ListCodeSecurityIntegrations",
        "UpdateCodeSecurityIntegration",
        "DeleteCodeSecurityIntegration",
        "CreateCodeSecurityScanConfiguration",
        "GetCodeSecurityScanConfiguration",
        "ListCodeSecurityScanConfigurations",
        "UpdateCodeSecurityScanConfiguration",
        "DeleteCodeSecurityScanConfiguration",
        "BatchAssociateCodeSecurityScanConfiguration",
        "BatchDisassociateCodeSecurityScanConfiguration",
        "ListCodeSecurityScanConfigurationAssociations",
        "StartCodeSecurityScan",
        "GetCodeSecurityScan",
    ],
    tier_3: &[
        "CreateCisScanConfiguration",
        "UpdateCisScanConfiguration",
        "DeleteCisScanConfiguration",
        "ListCisScanConfigurations",
        "ListCisScans",
        "ListCisScanResultsAggregatedByChecks",
        "ListCisScanResultsAggregatedByTargetResource",
        "GetCisScanResultDetails",
        "GetCisScanReport",
        "StartCisSession",
        "SendCisSessionTelemetry",
        "SendCisSessionHealth",
        "StopCisSession",
        "StartOnDemandScan",
        "GetOnDemandScanStatus",
        "ListOnDemandScans",
        "CreateConnector",
        "UpdateConnector",
        "DeleteConnector",
        "ListConnectors",
        "ListConnectorScanConfigurations",
        "UpdateConnectorScanConfiguration",
    ],
    // Healthy states carry no error.
    optional: &[("State", "errorCode"), ("State", "errorMessage")],
};

const INSPECTOR_SCAN: Face = Face {
    service: "inspector-scan",
    version: "2023-08-08",
    folder: "crates/yagura-formats/src/inspector_scan/shapes",
    shapes: &[],
    operations: &[("sbom", &["ScanSbom"])],
    tier_1: &["ScanSbom"],
    tier_3: &[],
    optional: &[],
};
