//! Connections to code hosts. The talk with the host is a loop's; requests and answers are here.

use crate::call::Call;
use crate::documents::{INTEGRATION, Integration, SCAN_CONFIGURATION, ScanConfiguration};
use crate::failure::Failure;
use crate::http::request_id;
use crate::ops::filters::check_tags;
use std::collections::BTreeMap;
use yagura_formats::inspector2::shapes::{
    CodeSecurityIntegrationSummary, CreateCodeSecurityIntegrationRequest,
    CreateCodeSecurityIntegrationResponse, CreateIntegrationDetail, DeleteCodeSecurityIntegrationRequest,
    DeleteCodeSecurityIntegrationResponse, GetCodeSecurityIntegrationRequest,
    GetCodeSecurityIntegrationResponse, IntegrationType, ListCodeSecurityIntegrationsRequest,
    ListCodeSecurityIntegrationsResponse, UpdateCodeSecurityIntegrationRequest,
    UpdateCodeSecurityIntegrationResponse, UpdateIntegrationDetails,
};
use yagura_formats::inspector2::words::arn;
use yagura_model::{ResourceDetails, ResourceKind};

/// Most integrations per account.
const MOST: usize = 100;

/// Registers a host; the user has to authorise.
pub(crate) async fn create(
    call: &Call<'_>,
    request: CreateCodeSecurityIntegrationRequest,
) -> Result<CreateCodeSecurityIntegrationResponse, Failure> {
    let stored = call.documents::<Integration>(&call.home, INTEGRATION).await?;
    if stored.iter().any(|(_, integration)| integration.name == request.name) {
        let message = format!("an integration named `{}` exists already", request.name);
        return Err(Failure::Conflict {
            message,
            id: request.name,
            kind: "CODE_SECURITY_INTEGRATION".to_owned(),
        });
    }
    if stored.len() >= MOST {
        let message = format!("there are {MOST} integrations already");
        return Err(Failure::Quota { message, resource: request.name });
    }
    let tags = request.tags.unwrap_or_default();
    check_tags(&tags)?;
    let mut secrets = BTreeMap::new();
    let (instance_url, authorization_url) = match (&request.r#type, request.details) {
        (IntegrationType::GitlabSelfManaged, Some(CreateIntegrationDetail::GitlabSelfManaged(detail))) => {
            secrets.insert("accessToken".to_owned(), detail.access_token);
            let url = detail.instance_url.trim_end_matches('/').to_owned();
            let authorize = format!("{url}/oauth/authorize");
            (Some(url), authorize)
        }
        (IntegrationType::Github, None) => {
            (None, "https://github.com/apps/yagura/installations/new".to_owned())
        }
        (IntegrationType::GitlabSelfManaged, _) => {
            return Err(Failure::Invalid("GITLAB_SELF_MANAGED needs `details.gitlabSelfManaged`".to_owned()));
        }
        _ => return Err(Failure::Invalid("GITHUB takes no `details`".to_owned())),
    };
    let integration = Integration {
        name: request.name,
        provider: request.r#type.as_str().to_owned(),
        status: "PENDING".to_owned(),
        status_reason: "waiting for the user to authorise".to_owned(),
        instance_url,
        secrets,
        authorization_url: Some(authorization_url.clone()),
        tags,
        created_at: call.now,
        updated_at: call.now,
    };
    let id = request_id();
    call.create(&call.home, INTEGRATION, &id, &integration).await?;
    Ok(CreateCodeSecurityIntegrationResponse {
        authorization_url: Some(authorization_url),
        integration_arn: integration_arn(call, &id),
        status: integration.status.into(),
    })
}

/// One integration.
pub(crate) async fn get(
    call: &Call<'_>,
    request: GetCodeSecurityIntegrationRequest,
) -> Result<GetCodeSecurityIntegrationResponse, Failure> {
    let id = id_of(call, &request.integration_arn)?;
    let stored: Option<Integration> = call.document(&call.home, INTEGRATION, &id).await?;
    let integration = stored.ok_or_else(|| unknown(&request.integration_arn))?;
    Ok(GetCodeSecurityIntegrationResponse {
        authorization_url: integration.authorization_url.filter(|_| integration.status == "PENDING"),
        created_on: integration.created_at.into(),
        integration_arn: request.integration_arn,
        last_update_on: integration.updated_at.into(),
        name: integration.name,
        status: integration.status.into(),
        status_reason: integration.status_reason,
        tags: Some(integration.tags),
        r#type: integration.provider.into(),
    })
}

/// All of them.
pub(crate) async fn list(
    call: &Call<'_>,
    request: ListCodeSecurityIntegrationsRequest,
) -> Result<ListCodeSecurityIntegrationsResponse, Failure> {
    let pager = call.page(100, request.max_results, request.next_token.as_deref())?;
    let stored = call.documents::<Integration>(&call.home, INTEGRATION).await?;
    let shown = stored.into_iter().map(|(id, integration)| CodeSecurityIntegrationSummary {
        created_on: integration.created_at.into(),
        integration_arn: integration_arn(call, &id),
        last_update_on: integration.updated_at.into(),
        name: integration.name,
        status: integration.status.into(),
        status_reason: integration.status_reason,
        r#type: integration.provider.into(),
    });
    let (integrations, next_token) = pager.part(shown.collect())?;
    Ok(ListCodeSecurityIntegrationsResponse { integrations: Some(integrations), next_token })
}

/// Completes or renews the authorisation.
pub(crate) async fn update(
    call: &Call<'_>,
    request: UpdateCodeSecurityIntegrationRequest,
) -> Result<UpdateCodeSecurityIntegrationResponse, Failure> {
    let id = id_of(call, &request.integration_arn)?;
    let (provider, secrets) = match request.details {
        UpdateIntegrationDetails::Github(detail) => {
            let secrets = [("code", detail.code), ("installationId", detail.installation_id)];
            ("GITHUB", Vec::from(secrets))
        }
        UpdateIntegrationDetails::GitlabSelfManaged(detail) => {
            ("GITLAB_SELF_MANAGED", vec![("authCode", detail.auth_code)])
        }
    };
    let now = call.now;
    call.change(&call.home, INTEGRATION, &id, |stored: Option<Integration>| {
        let mut integration = stored.ok_or_else(|| unknown(&request.integration_arn))?;
        if integration.provider != provider {
            return Err(Failure::Invalid(format!("`details` are not those of {}", integration.provider)));
        }
        integration.secrets.extend(secrets.iter().map(|(name, secret)| ((*name).to_owned(), secret.clone())));
        integration.status = "ACTIVE".to_owned();
        integration.status_reason = "authorised".to_owned();
        integration.updated_at = now;
        Ok((integration, ()))
    })
    .await?;
    Ok(UpdateCodeSecurityIntegrationResponse {
        integration_arn: request.integration_arn,
        status: "ACTIVE".into(),
    })
}

/// Removes an integration with its projects and associations.
pub(crate) async fn delete(
    call: &Call<'_>,
    request: DeleteCodeSecurityIntegrationRequest,
) -> Result<DeleteCodeSecurityIntegrationResponse, Failure> {
    let id = id_of(call, &request.integration_arn)?;
    if !call.store().delete_document(&call.home, INTEGRATION, &id).await? {
        return Err(unknown(&request.integration_arn));
    }
    let mut after = None;
    let mut projects = Vec::new();
    loop {
        let kind = Some(ResourceKind::CodeRepository);
        let batch = call.store().resources(Some(&call.home), kind, after.as_ref(), 500).await?;
        after = batch.last().map(|resource| resource.id.clone());
        let ended = batch.len() < 500;
        let ours = |details: &ResourceDetails| match details {
            ResourceDetails::CodeRepository(repository) => repository.integration == request.integration_arn,
            _ => false,
        };
        projects
            .extend(batch.into_iter().filter(|resource| ours(&resource.details)).map(|resource| resource.id));
        if ended {
            break;
        }
    }
    call.store().remove_resources(&projects, call.now).await?;
    let gone: Vec<String> =
        projects.iter().filter_map(|id| id.name.rsplit('/').next().map(str::to_owned)).collect();
    for (configuration, _) in call.documents::<ScanConfiguration>(&call.home, SCAN_CONFIGURATION).await? {
        call.change(&call.home, SCAN_CONFIGURATION, &configuration, |stored: Option<ScanConfiguration>| {
            let missing = || Failure::NotFound("the scan configuration is gone".to_owned());
            let mut configuration = stored.ok_or_else(missing)?;
            configuration.projects.retain(|project| !gone.contains(project));
            Ok((configuration, ()))
        })
        .await?;
    }
    Ok(DeleteCodeSecurityIntegrationResponse { integration_arn: Some(request.integration_arn) })
}

fn integration_arn(call: &Call<'_>, id: &str) -> String {
    arn(&call.home, &format!("codesecurity-integration/{id}"))
}

fn id_of(call: &Call<'_>, arn: &str) -> Result<String, Failure> {
    let id = arn.strip_prefix(&integration_arn(call, "")).filter(|id| !id.is_empty() && !id.contains('/'));
    id.map(str::to_owned).ok_or_else(|| unknown(arn))
}

fn unknown(arn: &str) -> Failure {
    Failure::NotFound(format!("there is no integration `{arn}`"))
}
