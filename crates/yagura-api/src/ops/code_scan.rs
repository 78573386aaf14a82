//! What is scanned in code projects, and scans on request.

use crate::call::{Call, Relation};
use crate::documents::{CODE_SCAN, CodeScan, SCAN_CONFIGURATION, ScanConfiguration};
use crate::failure::Failure;
use crate::http::request_id;
use crate::ops::filters::{check_tags, owner};
use serde_json::Value;
use std::collections::BTreeSet;
use yagura_formats::inspector2::shapes::{
    AssociationResultStatusCode, BatchAssociateCodeSecurityScanConfigurationRequest,
    BatchAssociateCodeSecurityScanConfigurationResponse,
    BatchDisassociateCodeSecurityScanConfigurationRequest,
    BatchDisassociateCodeSecurityScanConfigurationResponse, CodeScanStatus, CodeSecurityResource,
    CodeSecurityScanConfiguration, CodeSecurityScanConfigurationAssociationSummary,
    CodeSecurityScanConfigurationSummary, ConfigurationLevel, CreateCodeSecurityScanConfigurationRequest,
    CreateCodeSecurityScanConfigurationResponse, DeleteCodeSecurityScanConfigurationRequest,
    DeleteCodeSecurityScanConfigurationResponse, FailedAssociationResult,
    GetCodeSecurityScanConfigurationRequest, GetCodeSecurityScanConfigurationResponse,
    GetCodeSecurityScanRequest, GetCodeSecurityScanResponse,
    ListCodeSecurityScanConfigurationAssociationsRequest,
    ListCodeSecurityScanConfigurationAssociationsResponse, ListCodeSecurityScanConfigurationsRequest,
    ListCodeSecurityScanConfigurationsResponse, ProjectSelectionScope, ScopeSettings,
    StartCodeSecurityScanRequest, StartCodeSecurityScanResponse, SuccessfulAssociationResult,
    UpdateCodeSecurityScanConfigurationRequest, UpdateCodeSecurityScanConfigurationResponse,
};
use yagura_formats::inspector2::words::arn;
use yagura_model::{Home, ResourceId, ResourceKind};

/// Most general configurations per account.
const MOST: usize = 500;

/// Most configurations of one project, the default one included.
const PER_PROJECT: usize = 4;

/// Makes a configuration; of the organization, when its administrator asks.
pub(crate) async fn create(
    call: &Call<'_>,
    request: CreateCodeSecurityScanConfigurationRequest,
) -> Result<CreateCodeSecurityScanConfigurationResponse, Failure> {
    let for_all = request.level == ConfigurationLevel::Organization;
    let known = call.organization().await?;
    let administers = known
        .as_ref()
        .is_some_and(|known| known.organization.administrator.as_ref() == Some(&call.home.account));
    let tags = request.tags.unwrap_or_default();
    if for_all && !administers {
        return Err(Failure::Denied(
            "only the delegated administrator configures the organization".to_owned(),
        ));
    }
    if for_all && !tags.is_empty() {
        return Err(Failure::Invalid("an organization's scan configuration cannot be tagged".to_owned()));
    }
    check_tags(&tags)?;
    let all_projects = scope_is_all(request.scope_settings.as_ref());
    let stored = call.documents::<ScanConfiguration>(&call.home, SCAN_CONFIGURATION).await?;
    let conflict = |id: &str, message: String| Failure::Conflict {
        message,
        id: id.to_owned(),
        kind: "CODE_SECURITY_SCAN_CONFIGURATION".to_owned(),
    };
    if stored.iter().any(|(_, configuration)| configuration.name == request.name) {
        return Err(conflict(
            &request.name,
            format!("a configuration named `{}` exists already", request.name),
        ));
    }
    let level = request.level.as_str();
    let default =
        |configuration: &ScanConfiguration| configuration.all_projects && configuration.level == level;
    if let Some((id, _)) = stored.iter().find(|(_, stored)| all_projects && default(stored)) {
        return Err(conflict(id, "there is a default configuration already".to_owned()));
    }
    if !all_projects && stored.iter().filter(|(_, stored)| !stored.all_projects).count() >= MOST {
        let message = format!("there are {MOST} scan configurations already");
        return Err(Failure::Quota { message, resource: request.name });
    }
    let configuration = ScanConfiguration {
        name: request.name.clone(),
        level: level.to_owned(),
        owner: if for_all { owner(call, known.as_ref()) } else { call.home.account.to_string() },
        configuration: call.input.get("configuration").cloned().unwrap_or(Value::Null),
        all_projects,
        projects: Vec::new(),
        tags,
        created_at: call.now,
        updated_at: call.now,
    };
    let id = request_id();
    call.create(&call.home, SCAN_CONFIGURATION, &id, &configuration).await?;
    let scan_configuration_arn = configuration_arn(&call.home, &configuration.owner, &id);
    Ok(CreateCodeSecurityScanConfigurationResponse { scan_configuration_arn })
}

fn scope_is_all(scope: Option<&ScopeSettings>) -> bool {
    scope.is_some_and(|scope| scope.project_selection_scope == Some(ProjectSelectionScope::All))
}

/// One configuration.
pub(crate) async fn get(
    call: &Call<'_>,
    request: GetCodeSecurityScanConfigurationRequest,
) -> Result<GetCodeSecurityScanConfigurationResponse, Failure> {
    let (_, _, stored) = find(call, &request.scan_configuration_arn).await?;
    Ok(GetCodeSecurityScanConfigurationResponse {
        configuration: Some(crate::call::read(&stored.configuration, SCAN_CONFIGURATION)?),
        created_at: Some(stored.created_at.into()),
        last_updated_at: Some(stored.updated_at.into()),
        level: Some(stored.level.into()),
        name: Some(stored.name),
        scan_configuration_arn: Some(request.scan_configuration_arn),
        scope_settings: scope(stored.all_projects),
        tags: Some(stored.tags),
    })
}

fn scope(all_projects: bool) -> Option<ScopeSettings> {
    all_projects.then_some(ScopeSettings { project_selection_scope: Some(ProjectSelectionScope::All) })
}

/// Configurations of the caller, and those that its organization applies to it.
pub(crate) async fn list(
    call: &Call<'_>,
    request: ListCodeSecurityScanConfigurationsRequest,
) -> Result<ListCodeSecurityScanConfigurationsResponse, Failure> {
    let pager = call.page(100, request.max_results, request.next_token.as_deref())?;
    let mut shown = Vec::new();
    for (home, id, stored) in visible(call).await? {
        let configuration: CodeSecurityScanConfiguration =
            crate::call::read(&stored.configuration, SCAN_CONFIGURATION)?;
        let periodic = configuration.periodic_scan_configuration.unwrap_or_default();
        let events = configuration.continuous_integration_scan_configuration;
        shown.push(CodeSecurityScanConfigurationSummary {
            continuous_integration_scan_supported_events: events.map(|events| events.supported_events),
            frequency_expression: periodic.frequency_expression,
            name: stored.name,
            owner_account_id: home.account.to_string(),
            periodic_scan_frequency: periodic.frequency,
            rule_set_categories: configuration.rule_set_categories,
            scan_configuration_arn: configuration_arn(&home, &stored.owner, &id),
            scope_settings: scope(stored.all_projects),
        });
    }
    let (configurations, next_token) = pager.part(shown)?;
    Ok(ListCodeSecurityScanConfigurationsResponse { configurations: Some(configurations), next_token })
}

/// Replaces what is scanned, and when.
pub(crate) async fn update(
    call: &Call<'_>,
    request: UpdateCodeSecurityScanConfigurationRequest,
) -> Result<UpdateCodeSecurityScanConfigurationResponse, Failure> {
    let document = call.input.get("configuration").cloned().unwrap_or(Value::Null);
    let now = call.now;
    edit(call, &request.scan_configuration_arn, |configuration| {
        configuration.configuration = document.clone();
        configuration.updated_at = now;
    })
    .await?;
    Ok(UpdateCodeSecurityScanConfigurationResponse {
        scan_configuration_arn: Some(request.scan_configuration_arn),
    })
}

/// Removes a configuration.
pub(crate) async fn delete(
    call: &Call<'_>,
    request: DeleteCodeSecurityScanConfigurationRequest,
) -> Result<DeleteCodeSecurityScanConfigurationResponse, Failure> {
    let (home, id, _) = find(call, &request.scan_configuration_arn).await?;
    own(call, &home)?;
    call.store().delete_document(&home, SCAN_CONFIGURATION, &id).await?;
    Ok(DeleteCodeSecurityScanConfigurationResponse {
        scan_configuration_arn: Some(request.scan_configuration_arn),
    })
}

/// Attaches configurations to projects; each pair succeeds or fails for itself.
pub(crate) async fn associate(
    call: &Call<'_>,
    request: BatchAssociateCodeSecurityScanConfigurationRequest,
) -> Result<BatchAssociateCodeSecurityScanConfigurationResponse, Failure> {
    let (mut failed, mut successful) = (Vec::new(), Vec::new());
    for pair in request.associate_configuration_requests {
        let outcome = attach(call, &pair.scan_configuration_arn, &pair.resource, true).await?;
        sort(outcome, pair.resource, pair.scan_configuration_arn, &mut failed, &mut successful);
    }
    Ok(BatchAssociateCodeSecurityScanConfigurationResponse {
        failed_associations: Some(failed),
        successful_associations: Some(successful),
    })
}

/// Detaches them.
pub(crate) async fn disassociate(
    call: &Call<'_>,
    request: BatchDisassociateCodeSecurityScanConfigurationRequest,
) -> Result<BatchDisassociateCodeSecurityScanConfigurationResponse, Failure> {
    let (mut failed, mut successful) = (Vec::new(), Vec::new());
    for pair in request.disassociate_configuration_requests {
        let outcome = attach(call, &pair.scan_configuration_arn, &pair.resource, false).await?;
        sort(outcome, pair.resource, pair.scan_configuration_arn, &mut failed, &mut successful);
    }
    Ok(BatchDisassociateCodeSecurityScanConfigurationResponse {
        failed_associations: Some(failed),
        successful_associations: Some(successful),
    })
}

type Obstacle = Option<(AssociationResultStatusCode, &'static str)>;

fn sort(
    outcome: Obstacle,
    resource: CodeSecurityResource,
    arn: String,
    failed: &mut Vec<FailedAssociationResult>,
    successful: &mut Vec<SuccessfulAssociationResult>,
) {
    match outcome {
        None => successful.push(SuccessfulAssociationResult {
            resource: Some(resource),
            scan_configuration_arn: Some(arn),
        }),
        Some((code, message)) => failed.push(FailedAssociationResult {
            resource: Some(resource),
            scan_configuration_arn: Some(arn),
            status_code: Some(code),
            status_message: Some(message.to_owned()),
        }),
    }
}

async fn attach(
    call: &Call<'_>,
    arn: &str,
    resource: &CodeSecurityResource,
    on: bool,
) -> Result<Obstacle, Failure> {
    let CodeSecurityResource::ProjectId(project) = resource;
    let Some((home, id, _)) = visible(call).await?.into_iter().find(|known| is(known, arn)) else {
        let code = AssociationResultStatusCode::ScanConfigurationNotFound;
        return Ok(Some((code, "there is no such scan configuration")));
    };
    if home != call.home {
        return Ok(Some((
            AssociationResultStatusCode::AccessDenied,
            "the configuration is the organization's",
        )));
    }
    if project_of(call, project).await?.is_none() {
        return Ok(Some((AssociationResultStatusCode::ResourceNotFound, "there is no such project")));
    }
    let attached = visible(call)
        .await?
        .iter()
        .filter(|(_, other, stored)| {
            *other != id && (stored.all_projects || stored.projects.contains(project))
        })
        .count();
    if on && attached >= PER_PROJECT {
        return Ok(Some((
            AssociationResultStatusCode::QuotaExceeded,
            "the project has four configurations already",
        )));
    }
    edit(call, arn, |configuration| {
        let mut projects: BTreeSet<String> = configuration.projects.drain(..).collect();
        if on {
            projects.insert(project.clone());
        } else {
            projects.remove(project);
        }
        configuration.projects = projects.into_iter().collect();
    })
    .await?;
    Ok(None)
}

/// Projects that a configuration is attached to.
pub(crate) async fn associations(
    call: &Call<'_>,
    request: ListCodeSecurityScanConfigurationAssociationsRequest,
) -> Result<ListCodeSecurityScanConfigurationAssociationsResponse, Failure> {
    let pager = call.page(100, request.max_results, request.next_token.as_deref())?;
    let (_, _, stored) = find(call, &request.scan_configuration_arn).await?;
    let shown = stored.projects.into_iter().map(|project| CodeSecurityScanConfigurationAssociationSummary {
        resource: Some(CodeSecurityResource::ProjectId(project)),
    });
    let (associations, next_token) = pager.part(shown.collect())?;
    Ok(ListCodeSecurityScanConfigurationAssociationsResponse { associations: Some(associations), next_token })
}

/// Asks for a scan of a project; a loop runs it.
pub(crate) async fn start(
    call: &Call<'_>,
    request: StartCodeSecurityScanRequest,
) -> Result<StartCodeSecurityScanResponse, Failure> {
    let CodeSecurityResource::ProjectId(project) = request.resource;
    let Some(home) = project_of(call, &project).await? else {
        return Err(Failure::NotFound(format!("there is no project `{project}`")));
    };
    let scans = call.documents::<CodeScan>(&home, CODE_SCAN).await?;
    if let Some((id, _)) =
        scans.iter().find(|(_, scan)| scan.project == project && scan.status == "IN_PROGRESS")
    {
        let message = format!("the scan `{id}` of the project is in progress");
        return Err(Failure::Conflict { message, id: id.clone(), kind: "CODE_SECURITY_SCAN".to_owned() });
    }
    let scan = CodeScan {
        project,
        status: "IN_PROGRESS".to_owned(),
        status_reason: None,
        commit: None,
        created_at: call.now,
        updated_at: call.now,
    };
    let id = request_id();
    call.create(&home, CODE_SCAN, &id, &scan).await?;
    Ok(StartCodeSecurityScanResponse { scan_id: Some(id), status: Some(CodeScanStatus::InProgress) })
}

/// How a scan is doing.
pub(crate) async fn scan(
    call: &Call<'_>,
    request: GetCodeSecurityScanRequest,
) -> Result<GetCodeSecurityScanResponse, Failure> {
    let CodeSecurityResource::ProjectId(project) = request.resource;
    for home in call.homes().await? {
        let stored: Option<CodeScan> = call.document(&home, CODE_SCAN, &request.scan_id).await?;
        if let Some(scan) = stored.filter(|scan| scan.project == project) {
            return Ok(GetCodeSecurityScanResponse {
                account_id: Some(home.account.to_string()),
                created_at: Some(scan.created_at.into()),
                last_commit_id: scan.commit,
                resource: Some(CodeSecurityResource::ProjectId(project)),
                scan_id: Some(request.scan_id),
                status: Some(scan.status.into()),
                status_reason: scan.status_reason,
                updated_at: Some(scan.updated_at.into()),
            });
        }
    }
    Err(Failure::NotFound(format!("there is no scan `{}` of the project", request.scan_id)))
}

/// The home of a project that the caller may see.
async fn project_of(call: &Call<'_>, project: &str) -> Result<Option<Home>, Failure> {
    for home in call.homes().await? {
        let mut after: Option<ResourceId> = None;
        loop {
            let kind = Some(ResourceKind::CodeRepository);
            let batch = call.store().resources(Some(&home), kind, after.as_ref(), 500).await?;
            if batch.iter().any(|resource| resource.id.name.rsplit('/').next() == Some(project)) {
                return Ok(Some(home));
            }
            if batch.len() < 500 {
                break;
            }
            after = batch.last().map(|resource| resource.id.clone());
        }
    }
    Ok(None)
}

fn configuration_arn(home: &Home, owner: &str, id: &str) -> String {
    arn(home, &format!("owner/{owner}/codesecurity-configuration/{id}"))
}

fn is((home, id, stored): &(Home, String, ScanConfiguration), arn: &str) -> bool {
    configuration_arn(home, &stored.owner, id) == arn
}

/// The caller's configurations, and its administrator's for the organization.
async fn visible(call: &Call<'_>) -> Result<Vec<(Home, String, ScanConfiguration)>, Failure> {
    let own = call.documents::<ScanConfiguration>(&call.home, SCAN_CONFIGURATION).await?;
    let mut all: Vec<_> = own.into_iter().map(|(id, stored)| (call.home.clone(), id, stored)).collect();
    if let Relation::Member(administrator) = call.relation().await? {
        let home = call.home_of(administrator.as_str());
        let theirs = call.documents::<ScanConfiguration>(&home, SCAN_CONFIGURATION).await?;
        let theirs = theirs.into_iter().filter(|(_, stored)| stored.level == "ORGANIZATION");
        all.extend(theirs.map(|(id, stored)| (home.clone(), id, stored)));
    }
    Ok(all)
}

async fn find(call: &Call<'_>, arn: &str) -> Result<(Home, String, ScanConfiguration), Failure> {
    visible(call).await?.into_iter().find(|known| is(known, arn)).ok_or_else(|| unknown(arn))
}

fn own(call: &Call<'_>, home: &Home) -> Result<(), Failure> {
    if *home == call.home {
        Ok(())
    } else {
        Err(Failure::Denied("the configuration is the organization's".to_owned()))
    }
}

async fn edit(
    call: &Call<'_>,
    arn: &str,
    change: impl Fn(&mut ScanConfiguration) + Send + Sync,
) -> Result<(), Failure> {
    let (home, id, _) = find(call, arn).await?;
    own(call, &home)?;
    call.change(&home, SCAN_CONFIGURATION, &id, |stored: Option<ScanConfiguration>| {
        let mut configuration = stored.ok_or_else(|| unknown(arn))?;
        change(&mut configuration);
        Ok((configuration, ()))
    })
    .await
}

fn unknown(arn: &str) -> Failure {
    Failure::NotFound(format!("there is no scan configuration `{arn}`"))
}
