//! Findings reports: CSV and JSON. Source: Amazon Inspector User Guide, *Exporting findings reports*, and the columns of
//! public reports.
//!
//! Written finding by finding, so that a report of any size needs the memory of one.

use super::{Subject, key};
use crate::csv::line;
use crate::inspector2::shapes;
use core::net::Ipv4Addr;
use jiff::Timestamp;
use std::io;
use yagura_model::{Cause, PackageCause, Rating, ResourceDetails, cvss};

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// 55 columns, a line for each finding.
    Csv,
    /// `{"findings": […]}` with the members of the API.
    Json,
}

impl ReportFormat {
    /// Ending of the object's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The IANA media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// The key of a report in its bucket: `<prefix>/<report id>.csv`.
pub fn report_key(prefix: &str, report: &str, format: ReportFormat) -> String {
    key(prefix, &format!("{report}.{}", format.extension()))
}

/// The columns, in order.
pub const COLUMNS: [&str; 55] = [
    "AWS Account Id",
    "Severity",
    "Fix Available",
    "Finding Type",
    "Title",
    "Description",
    "Finding ARN",
    "First Seen",
    "Last Seen",
    "Last Updated",
    "Resource ID",
    "Container Image Tags",
    "Region",
    "Platform",
    "Resource Tags",
    "Affected Packages",
    "Package Installed Version",
    "Fixed in Version",
    "Package Remediation",
    "File Path",
    "Network Paths",
    "Age (Days)",
    "Remediation",
    "Inspector Score",
    "Inspector Score Vector",
    "Status",
    "Vulnerability Id",
    "Vendor",
    "Vendor Severity",
    "Vendor Advisory",
    "Vendor Advisory Published",
    "NVD CVSS3 Score",
    "NVD CVSS3 Vector",
    "NVD CVSS2 Score",
    "NVD CVSS2 Vector",
    "Vendor CVSS3 Score",
    "Vendor CVSS3 Vector",
    "Vendor CVSS2 Score",
    "Vendor CVSS2 Vector",
    "Resource Type",
    "Ami",
    "Resource Public Ipv4",
    "Resource Private Ipv4",
    "Resource Ipv6",
    "Resource Vpc",
    "Port Range",
    "Epss Score",
    "Exploit Available",
    "Last Exploited At",
    "Lambda Layers",
    "Lambda Package Type",
    "Lambda Last Updated At",
    "Reference Urls",
    "Detector Name",
    "Package Manager",
];

/// Writes a report.
pub struct ReportWriter<W> {
    out: W,
    format: ReportFormat,
    now: Timestamp,
    written: u64,
}

impl<W: io::Write> ReportWriter<W> {
    /// Begins a report. Ages are counted to `now`.
    ///
    /// # Errors
    /// Only those of `out`, as for all of these.
    pub fn new(mut out: W, format: ReportFormat, now: Timestamp) -> io::Result<Self> {
        match format {
            ReportFormat::Csv => line(&mut out, COLUMNS.iter().map(|&column| column.to_owned()))?,
            ReportFormat::Json => out.write_all(b"{\"findings\":[")?,
        }
        Ok(Self { out, format, now, written: 0 })
    }

    /// Adds one finding.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn add(&mut self, subject: &Subject<'_>) -> io::Result<()> {
        match self.format {
            ReportFormat::Csv => line(&mut self.out, cells(subject, self.now).into_iter())?,
            ReportFormat::Json => {
                self.out.write_all(if self.written == 0 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(&mut self.out, &subject.shown())?;
            }
        }
        self.written += 1;
        Ok(())
    }

    /// Ends the report; returns how many findings it holds and where it went.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn finish(mut self) -> io::Result<(u64, W)> {
        if self.format == ReportFormat::Json {
            self.out.write_all(b"\n]}\n")?;
        }
        self.out.flush()?;
        Ok((self.written, self.out))
    }
}

/// Several values of one cell.
fn joined<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> String {
    let mut out = String::new();
    for value in values {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(value.as_ref());
    }
    out
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn score(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn cells(subject: &Subject<'_>, now: Timestamp) -> [String; 55] {
    let shown = subject.shown();
    let finding = subject.finding;
    let facts = subject.vulnerability;
    let place = Place::of(subject, &shown);
    let cause = match &finding.cause {
        Cause::Package(cause) => Some(cause),
        _ => None,
    };
    let details = shown.package_vulnerability_details.as_ref();
    let packages = details.and_then(|details| details.vulnerable_packages.as_deref()).unwrap_or_default();
    let network = shown.network_reachability_details.as_ref();
    let code = shown.code_vulnerability_details.as_ref();
    let age = now.duration_since(finding.first_observed_at).as_hours() / 24;
    let rated = Rated::of(cause, facts.map_or(&[], |facts| facts.ratings.as_slice()));
    let paths = network.and_then(|network| network.network_path.steps.as_deref()).unwrap_or_default();
    let advice = shown.remediation.recommendation.as_ref().and_then(|advice| advice.text.clone());
    let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
    [
        shown.aws_account_id.clone(),
        finding.severity.as_str().to_owned(),
        word(finding.cause.fix_available()),
        finding.cause.finding_type().to_owned(),
        finding.title.clone(),
        shown.description.clone(),
        shown.finding_arn.clone(),
        time(finding.first_observed_at),
        time(finding.last_observed_at),
        time(finding.updated_at),
        finding.resource.name.to_string(),
        place.image_tags,
        finding.resource.home.region.to_string(),
        place.platform,
        joined(subject.resource.tags.iter().map(|(key, value)| format!("{key}:{value}"))),
        joined(packages.iter().map(|package| &package.name)),
        joined(cause.iter().flat_map(|cause| &cause.packages).map(|package| &package.version)),
        joined(packages.iter().filter_map(|package| package.fixed_in_version.as_ref())),
        joined(packages.iter().filter_map(|package| package.remediation.as_ref())),
        match code {
            Some(code) => code.file_path.file_path.clone(),
            None => joined(packages.iter().filter_map(|package| package.file_path.as_ref())),
        },
        joined(paths.iter().map(|step| &step.component_id)),
        age.to_string(),
        advice.unwrap_or_default(),
        score(shown.inspector_score),
        cause.and_then(|cause| cause.score.as_ref()).map(|score| score.vector.clone()).unwrap_or_default(),
        finding.status.as_str().to_owned(),
        cause.map(|cause| cause.vulnerability.to_string()).unwrap_or_default(),
        details.map(|details| details.source.clone()).unwrap_or_default(),
        word(cause.and_then(|cause| cause.vendor_severity.as_deref())),
        word(details.and_then(|details| details.source_url.as_deref())),
        facts.and_then(|facts| facts.published).filter(|_| cause.is_some()).map(time).unwrap_or_default(),
        score(rated.nvd3.and_then(|rating| rating.score)),
        vector(rated.nvd3),
        score(rated.nvd2.and_then(|rating| rating.score)),
        vector(rated.nvd2),
        score(rated.vendor3.and_then(|rating| rating.score)),
        vector(rated.vendor3),
        score(rated.vendor2.and_then(|rating| rating.score)),
        vector(rated.vendor2),
        finding.resource.kind.resource_type().to_owned(),
        place.machine_image,
        place.public_ipv4,
        place.private_ipv4,
        place.ipv6,
        place.vpc,
        network
            .map(|network| format!("{}-{}", network.open_port_range.begin, network.open_port_range.end))
            .unwrap_or_default(),
        score(facts.and_then(|facts| facts.epss).map(|epss| epss.score)),
        word(shown.exploit_available.as_ref().map(|word| word.as_str())),
        shown
            .exploitability_details
            .as_ref()
            .and_then(|details| details.last_known_exploit_at)
            .map(|at| time(at.0))
            .unwrap_or_default(),
        place.layers,
        place.package_type,
        place.last_modified,
        joined(facts.iter().flat_map(|facts| &facts.references)),
        code.map(|code| code.detector_name.clone()).unwrap_or_default(),
        joined(packages.iter().filter_map(|package| Some(package.package_manager.as_ref()?.as_str()))),
    ]
}

fn vector(rating: Option<&Rating>) -> String {
    rating.and_then(|rating| rating.vector.clone()).unwrap_or_default()
}

/// The ratings that have columns of their own.
#[derive(Default)]
struct Rated<'a> {
    nvd3: Option<&'a Rating>,
    nvd2: Option<&'a Rating>,
    vendor3: Option<&'a Rating>,
    vendor2: Option<&'a Rating>,
}

impl<'a> Rated<'a> {
    fn of(cause: Option<&PackageCause>, ratings: &'a [Rating]) -> Self {
        let Some(cause) = cause else { return Self::default() };
        let find = |source: &str, three: bool| {
            ratings.iter().find(|rating| {
                rating.source.as_str() == source
                    && rating.vector.as_deref().is_some_and(|vector| match cvss::version(vector) {
                        "3.0" | "3.1" => three,
                        "2.0" => !three,
                        _ => false,
                    })
            })
        };
        let vendor = |three| find(cause.source.as_str(), three).filter(|_| cause.source.as_str() != "nvd");
        Self {
            nvd3: find("nvd", true),
            nvd2: find("nvd", false),
            vendor3: vendor(true),
            vendor2: vendor(false),
        }
    }
}

/// The columns that depend on the kind of resource.
#[derive(Default)]
struct Place {
    image_tags: String,
    platform: String,
    machine_image: String,
    public_ipv4: String,
    private_ipv4: String,
    ipv6: String,
    vpc: String,
    layers: String,
    package_type: String,
    last_modified: String,
}

impl Place {
    fn of(subject: &Subject<'_>, shown: &shapes::Finding) -> Self {
        let details = shown.resources.first().and_then(|resource| resource.details.as_ref());
        match &subject.resource.details {
            ResourceDetails::Instance(instance) => {
                let private =
                    |address: &&String| address.parse::<Ipv4Addr>().is_ok_and(|address| address.is_private());
                let platform = details
                    .and_then(|details| details.aws_ec2_instance.as_ref())
                    .and_then(|instance| instance.platform.clone());
                Self {
                    platform: platform.unwrap_or_default(),
                    machine_image: instance.machine_image.clone().unwrap_or_default(),
                    public_ipv4: joined(instance.ipv4.iter().filter(|address| !private(address))),
                    private_ipv4: joined(instance.ipv4.iter().filter(private)),
                    ipv6: joined(&instance.ipv6),
                    vpc: instance.vpc.clone().unwrap_or_default(),
                    ..Self::default()
                }
            }
            ResourceDetails::Image(image) => Self {
                image_tags: joined(&image.tags),
                platform: details
                    .and_then(|details| details.aws_ecr_container_image.as_ref())
                    .and_then(|image| image.platform.clone())
                    .unwrap_or_default(),
                ..Self::default()
            },
            ResourceDetails::Function(function) => Self {
                layers: joined(&function.layers),
                package_type: if function.image { "IMAGE" } else { "ZIP" }.to_owned(),
                last_modified: function.last_modified.map(time).unwrap_or_default(),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::testing::{
        function, image, instance, network_finding, package_finding, vulnerability,
    };

    fn report(format: ReportFormat) -> String {
        let facts = vulnerability();
        let now = "2026-11-09T12:00:00Z".parse().unwrap();
        let mut writer = ReportWriter::new(Vec::new(), format, now).unwrap();
        for resource in [image(), instance(), function()] {
            let finding = package_finding(&resource);
            let subject = Subject { finding: &finding, resource: &resource, vulnerability: Some(&facts) };
            writer.add(&subject).unwrap();
        }
        let resource = instance();
        let finding = network_finding(&resource);
        writer.add(&Subject { finding: &finding, resource: &resource, vulnerability: None }).unwrap();
        let (written, out) = writer.finish().unwrap();
        assert_eq!(written, 4);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_has_fifty_five_columns() {
        insta::assert_snapshot!(report(ReportFormat::Csv).replace("\r\n", "\n"));
        let names: std::collections::BTreeSet<&str> = COLUMNS.into_iter().collect();
        assert_eq!(names.len(), 55);
    }

    #[test]
    fn json_holds_the_findings_of_the_api() {
        let report: serde_json::Value = serde_json::from_str(&report(ReportFormat::Json)).unwrap();
        assert_eq!(report["findings"].as_array().unwrap().len(), 4);
        assert_eq!(report["findings"][3]["type"], "NETWORK_REACHABILITY");
        let empty = ReportWriter::new(Vec::new(), ReportFormat::Json, Timestamp::UNIX_EPOCH).unwrap();
        let (written, out) = empty.finish().unwrap();
        assert_eq!(
            (written, serde_json::from_slice::<serde_json::Value>(&out).unwrap()),
            (0, serde_json::json!({"findings": []}))
        );
    }

    #[test]
    fn keys_are_prefix_and_id() {
        assert_eq!(report_key("", "r-1", ReportFormat::Csv), "r-1.csv");
        assert_eq!(report_key("a/b", "r-1", ReportFormat::Json), "a/b/r-1.json");
        assert_eq!(report_key("a/", "r-1", ReportFormat::Json), "a/r-1.json");
    }
}
