//! Writes the reports and SBOM exports that the API was asked for.

use super::Service;
use super::cloud::{Cloud, told};
use super::driver::{Loop, Step};
use anyhow::Context;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use std::path::{Path, PathBuf};
use std::time::Duration;
use yagura_api::documents::{FINDINGS_REPORT, Report, SBOM_EXPORT};
use yagura_cloud::CloudError;
use yagura_cloud::aws::AwsError;
use yagura_cloud::deliver::objects::{Bucket, Directory, Objects};
use yagura_formats::delivery::Subject;
use yagura_formats::delivery::findings_report::{ReportFormat, ReportWriter, report_key};
use yagura_formats::delivery::sbom_export::{Exported, SbomFormat, sbom, sbom_key};
use yagura_formats::inspector2::criteria::criteria;
use yagura_model::{Criteria, Criterion, Field, Home, ResourceId, Test};
use yagura_store::{Document, PageRequest, Sort};

/// Longer than an export takes; a killed one begins again.
const LEASE: Duration = Duration::from_secs(1800);
///
const ABANDONED_AFTER: SignedDuration = SignedDuration::from_hours(12);
/// Entries of one look into the store.
const PAGE: usize = 500;

/// The loop.
pub struct Export;

#[async_trait]
impl Loop for Export {
    fn name(&self) -> &'static str {
        "export"
    }

    fn every(&self, _: &Service) -> Duration {
        Duration::from_secs(2)
    }

    async fn step(&self, service: &Service) -> anyhow::Result<Step> {
        let mut step = Step::default();
        for kind in [FINDINGS_REPORT, SBOM_EXPORT] {
            for document in service.store.documents(None, kind).await? {
                let Ok(report) = serde_json::from_value::<Report>(document.body.clone()) else { continue };
                if report.status != "IN_PROGRESS" {
                    continue;
                }
                let lease = format!("export/{}", document.id);
                let now = Timestamp::now();
                if service.store.lease(&lease, &service.worker, LEASE, now).await?.is_none() {
                    continue;
                }
                let outcome = finish(service, document, report, now).await;
                service.store.release(&lease, &service.worker).await?;
                outcome?;
                step.handled += 1;
            }
        }
        Ok(step)
    }
}

/// Why an export failed, in the API's words.
struct Failed {
    code: &'static str,
    message: String,
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Self { code: "INTERNAL_ERROR", message: format!("{error:#}") }
    }
}

impl From<CloudError> for Failed {
    fn from(error: CloudError) -> Self {
        let code = match &error {
            CloudError::Aws(aws) if aws.is_denied() => "INVALID_PERMISSIONS",
            CloudError::Aws(AwsError::NotFound { action, .. }) if action.starts_with("kms:") => {
                "MALFORMED_KMS_KEY"
            }
            CloudError::Aws(aws) if aws.is_not_found() => "BUCKET_NOT_FOUND",
            CloudError::Invalid { detail, .. } if detail.contains("the key") => "MALFORMED_KMS_KEY",
            CloudError::Invalid { detail, .. } if detail.contains("bucket is") => {
                "INCOMPATIBLE_BUCKET_REGION"
            }
            _ => "INTERNAL_ERROR",
        };
        Self { code, message: told(&error) }
    }
}

/// Makes the export and writes how it went, unless it was cancelled meanwhile.
async fn finish(service: &Service, document: Document, report: Report, now: Timestamp) -> anyhow::Result<()> {
    let made = if now.duration_since(report.created_at) > ABANDONED_AFTER {
        Err(Failed { code: "INTERNAL_ERROR", message: "abandoned after 12 hours".to_owned() })
    } else {
        make(service, &document, &report, now).await
    };
    let ended = match made {
        Ok(()) => Report { status: "SUCCEEDED".to_owned(), updated_at: now, ..report },
        Err(failed) => {
            tracing::warn!(report = document.id, code = failed.code, "{}", failed.message);
            Report {
                status: "FAILED".to_owned(),
                error_code: Some(failed.code.to_owned()),
                error_message: Some(failed.message),
                updated_at: now,
                ..report
            }
        }
    };
    let body = serde_json::to_value(&ended).context("a report's state is not JSON")?;
    match service.store.put_document(&Document { body, ..document }).await {
        // Cancelled, or another process was faster.
        Ok(_) | Err(yagura_store::StoreError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn make(service: &Service, document: &Document, report: &Report, now: Timestamp) -> Result<(), Failed> {
    let text = |name: &str| report.destination.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let bucket = text("bucketName").unwrap_or_default();
    let prefix = text("keyPrefix").unwrap_or_default();
    let place =
        place(service, &document.home, &bucket, text("expectedBucketOwner"), text("kmsKeyArn")).await?;
    place.check().await?;
    let folder = PathBuf::from(&service.config.data_dir).join("exports");
    std::fs::create_dir_all(&folder).context("cannot make the folder for exports")?;
    let scratch = tempfile::tempdir_in(&folder).context("cannot make a folder for the export")?;
    let homes = visible(service, &document.home).await?;
    let export =
        Asked { service, document, report, prefix: &prefix, homes: &homes, scratch: scratch.path(), now };
    if document.kind == SBOM_EXPORT {
        export.sboms(place.as_ref()).await
    } else {
        export.findings(place.as_ref()).await
    }
}

/// Where an export goes.
async fn place(
    service: &Service,
    home: &Home,
    bucket: &str,
    owner: Option<String>,
    key: Option<String>,
) -> Result<Box<dyn Objects>, Failed> {
    if !service.config.reports_dir.is_empty() {
        // A bucket's name has no separators, so it stays in the folder.
        return Ok(Box::new(Directory(PathBuf::from(&service.config.reports_dir).join(bucket))));
    }
    let Some(cloud): Option<&Cloud> = service.cloud.as_ref() else {
        return Err(Failed {
            code: "INVALID_PERMISSIONS",
            message: "there are no AWS credentials; set reports-dir to write into a folder".to_owned(),
        });
    };
    let aws =
        cloud.place(home).await.map_or_else(|| cloud.aws.in_region(home.region.as_str()), |place| place.aws);
    Ok(Box::new(Bucket::new(aws, bucket, owner, key)))
}

/// The home itself, and those of its members.
async fn visible(service: &Service, home: &Home) -> Result<Vec<Home>, Failed> {
    let accounts = service.store.accounts().await.map_err(anyhow::Error::from)?;
    let ours = |account: &yagura_model::Account| {
        account.home.region == home.region
            && (account.home.account == home.account || account.administrator.as_ref() == Some(&home.account))
    };
    Ok(accounts.into_iter().filter(ours).map(|account| account.home).collect())
}

/// One export.
struct Asked<'a> {
    service: &'a Service,
    document: &'a Document,
    report: &'a Report,
    prefix: &'a str,
    homes: &'a [Home],
    scratch: &'a Path,
    now: Timestamp,
}

impl Asked<'_> {
    async fn findings(&self, place: &dyn Objects) -> Result<(), Failed> {
        let format = if self.report.format == "JSON" { ReportFormat::Json } else { ReportFormat::Csv };
        let mut wanted = criteria(&self.report.criteria);
        //
        if wanted.0.iter().all(|criterion| criterion.field != Field::FindingStatus) {
            let tests = vec![Test::Equals("ACTIVE".to_owned())];
            wanted.0.push(Criterion { field: Field::FindingStatus, tests });
        }
        let file = self.scratch.join("report");
        let out = std::fs::File::create(&file).context("cannot write the export")?;
        let broken = |error: std::io::Error| {
            Failed::from(anyhow::Error::from(error).context("cannot write the export"))
        };
        let mut out = ReportWriter::new(std::io::BufWriter::new(out), format, self.now).map_err(broken)?;
        let mut page = PageRequest { limit: PAGE, after: None };
        loop {
            let store = &self.service.store;
            let rows = store
                .findings(self.homes, &wanted, Sort::default(), &page)
                .await
                .map_err(anyhow::Error::from)?;
            for row in &rows.items {
                let subject = Subject {
                    finding: &row.finding,
                    resource: &row.resource,
                    vulnerability: row.vulnerability.as_ref(),
                };
                out.add(&subject).map_err(broken)?;
            }
            match rows.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        let (count, mut out) = out.finish().map_err(broken)?;
        std::io::Write::flush(&mut out).map_err(broken)?;
        if count == 0 {
            //
            return Err(Failed { code: "NO_FINDINGS_FOUND", message: "no finding matches".to_owned() });
        }
        let key = report_key(self.prefix, &self.document.id, format);
        place.put(&key, &file, format.media_type()).await?;
        Ok(())
    }

    async fn sboms(&self, place: &dyn Objects) -> Result<(), Failed> {
        let format = if self.report.format == "SPDX_2_3" { SbomFormat::Spdx } else { SbomFormat::CycloneDx };
        let mut wanted = criteria(&self.report.criteria);
        // actively monitored resources.
        wanted
            .0
            .push(Criterion { field: Field::ScanStatusCode, tests: vec![Test::Equals("ACTIVE".to_owned())] });
        let file = self.scratch.join("sbom");
        let mut page = PageRequest { limit: PAGE, after: None };
        loop {
            let store = &self.service.store;
            let rows = store.coverage(self.homes, &wanted, &page).await.map_err(anyhow::Error::from)?;
            for row in &rows.items {
                let id = &row.resource.id;
                let Some(inventory) = store.inventory(id).await.map_err(anyhow::Error::from)? else {
                    continue;
                };
                let findings = self.findings_of(id).await?;
                let exported = Exported {
                    resource: &row.resource,
                    inventory: &inventory,
                    findings: &findings,
                    at: self.now,
                    purl: yagura_ecosystems::purl::purl,
                };
                std::fs::write(&file, sbom(&exported, format).to_string())
                    .context("cannot write the export")?;
                let key = sbom_key(self.prefix, format, &self.document.id, id);
                place.put(&key, &file, "application/json").await?;
            }
            match rows.next {
                Some(next) => page.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn findings_of(&self, id: &ResourceId) -> Result<Vec<yagura_model::Finding>, Failed> {
        let only = |field, text: &str| Criterion { field, tests: vec![Test::Equals(text.to_owned())] };
        let wanted = Criteria(vec![only(Field::ResourceId, &id.name), only(Field::FindingStatus, "ACTIVE")]);
        let homes = std::slice::from_ref(&id.home);
        let mut found = Vec::new();
        let mut page = PageRequest { limit: PAGE, after: None };
        loop {
            let store = &self.service.store;
            let rows =
                store.findings(homes, &wanted, Sort::default(), &page).await.map_err(anyhow::Error::from)?;
            found.extend(rows.items.into_iter().map(|row| row.finding));
            match rows.next {
                Some(next) => page.after = Some(next),
                None => return Ok(found),
            }
        }
    }
}
