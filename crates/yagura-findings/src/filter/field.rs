//! Attributes: what each [`Field`] is of a finding or a coverage entry, as filters compare it and lists sort it.

use jiff::Timestamp;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use yagura_model::{
    Cause, CodeCause, CodeRepository, Coverage, Field, Finding, Function, Image, Instance, MachineImage,
    NetworkCause, PackageCause, Resource, ResourceDetails, Vulnerability, VulnerablePackage,
};

/// What a filter looks at: a finding or a coverage entry, with its resource.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The resource as last seen.
    pub resource: &'a Resource,
    /// The finding; `None` for coverage.
    pub finding: Option<&'a Finding>,
    /// Facts about the finding's vulnerability.
    pub vulnerability: Option<&'a Vulnerability>,
    /// The coverage entry; `None` for findings.
    pub coverage: Option<&'a Coverage>,
}

impl<'a> Subject<'a> {
    /// A finding.
    pub fn finding(
        finding: &'a Finding,
        resource: &'a Resource,
        vulnerability: Option<&'a Vulnerability>,
    ) -> Self {
        Self { resource, finding: Some(finding), vulnerability, coverage: None }
    }

    /// A coverage entry.
    pub fn coverage(coverage: &'a Coverage, resource: &'a Resource) -> Self {
        Self { resource, finding: None, vulnerability: None, coverage: Some(coverage) }
    }

    /// A resource alone.
    pub fn resource(resource: &'a Resource) -> Self {
        Self { resource, finding: None, vulnerability: None, coverage: None }
    }
}

/// The kind of value that an attribute has; a property of the attribute alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Texts, none, one or several.
    Texts,
    /// A number, or none.
    Number,
    /// A time, or none.
    Time,
    /// Tags.
    Tags,
    /// A range of ports, or none.
    Ports,
    /// Affected packages.
    Packages,
}

/// The values of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Values<'a> {
    /// Texts, none, one or several.
    Texts(Vec<Cow<'a, str>>),
    /// A number, or none.
    Number(Option<f64>),
    /// A time, or none.
    Time(Option<Timestamp>),
    /// Tags.
    Tags(&'a BTreeMap<String, String>),
    /// First and last port, or none.
    Ports(Option<(u16, u16)>),
    /// Affected packages.
    Packages(&'a [VulnerablePackage]),
}

/// The kind of an attribute.
pub fn kind(field: Field) -> FieldKind {
    use Field as F;
    match field {
        F::FirstObservedAt
        | F::LastObservedAt
        | F::UpdatedAt
        | F::ImagePushedAt
        | F::ImagePulledAt
        | F::ImageLastInUseAt
        | F::FunctionLastModifiedAt
        | F::LastScannedAt => FieldKind::Time,
        F::InspectorScore | F::EpssScore | F::ImageInUseCount => FieldKind::Number,
        F::ResourceTags => FieldKind::Tags,
        F::PortRange => FieldKind::Ports,
        F::VulnerablePackages => FieldKind::Packages,
        _ => FieldKind::Texts,
    }
}

/// True when an exploit is publicly known: CISA lists the vulnerability as exploited.
pub fn exploit_known(vulnerability: &Vulnerability) -> bool {
    vulnerability.kev.is_some()
}

/// The values of an attribute. Their kind is [`kind`] of the attribute.
pub fn values<'a>(field: Field, subject: &Subject<'a>) -> Values<'a> {
    use Field as F;
    let resource = subject.resource;
    let home = &resource.id.home;
    let finding = subject.finding;
    let coverage = subject.coverage;
    let text = |value: Option<&'a str>| Values::Texts(value.map(Cow::Borrowed).into_iter().collect());
    let texts = |values: &'a [String]| {
        Values::Texts(values.iter().map(|value| Cow::Borrowed(value.as_str())).collect())
    };
    let owned = |value: Option<Cow<'a, str>>| Values::Texts(value.into_iter().collect());
    let package = || package(finding?);
    let network = || network(finding?);
    let code = || code(finding?);
    match field {
        F::FindingArn => owned(finding.map(|finding| Cow::Owned(finding.arn()))),
        F::Account => text(Some(home.account.as_str())),
        F::FindingType => text(finding.map(|finding| finding.cause.finding_type())),
        F::Severity => text(finding.map(|finding| finding.severity.as_str())),
        F::FindingStatus => text(finding.map(|finding| finding.status.as_str())),
        F::Title => text(finding.map(|finding| finding.title.as_str())),
        F::FirstObservedAt => Values::Time(finding.map(|finding| finding.first_observed_at)),
        F::LastObservedAt => Values::Time(finding.map(|finding| finding.last_observed_at)),
        F::UpdatedAt => Values::Time(finding.map(|finding| finding.updated_at)),
        F::InspectorScore => Values::Number(package().and_then(|cause| Some(cause.score.as_ref()?.value))),
        F::EpssScore => Values::Number(subject.vulnerability.and_then(|facts| Some(facts.epss?.score))),
        F::FixAvailable => text(finding.and_then(|finding| finding.cause.fix_available())),
        F::ExploitAvailable => text(
            package().map(|_| if subject.vulnerability.is_some_and(exploit_known) { "YES" } else { "NO" }),
        ),
        F::ResourceType => text(Some(resource.id.kind.resource_type())),
        F::ResourceId => text(Some(&*resource.id.name)),
        F::ResourceTags => Values::Tags(&resource.tags),
        F::InstanceImage => text(instance(resource).and_then(|one| one.machine_image.as_deref())),
        F::InstanceVpc => text(instance(resource).and_then(|one| one.vpc.as_deref())),
        F::InstanceSubnet => text(instance(resource).and_then(|one| one.subnet.as_deref())),
        F::ImageArchitecture => text(image(resource).and_then(|one| one.architecture.as_deref())),
        F::ImageHash => text(image(resource).map(|one| one.digest.as_str())),
        F::ImagePushedAt => Values::Time(image(resource).and_then(|one| one.pushed_at)),
        F::ImagePulledAt => Values::Time(image(resource).and_then(|one| one.pulled_at)),
        F::ImageRegistry => text(image(resource).map(|one| one.registry.as_str())),
        F::ImageRepository => text(match &resource.details {
            ResourceDetails::Image(image) => Some(image.repository.as_str()),
            ResourceDetails::ImageRepository(repository) => Some(repository.name.as_str()),
            _ => None,
        }),
        F::ImageTags => texts(image(resource).map_or(&[], |one| one.tags.as_slice())),
        F::ImageInUseCount => Values::Number(image(resource).and_then(in_use)),
        F::ImageLastInUseAt => Values::Time(image(resource).and_then(|one| one.last_in_use_at)),
        F::FunctionName => text(function(resource).map(|one| one.name.as_str())),
        F::FunctionLayers => texts(function(resource).map_or(&[], |one| one.layers.as_slice())),
        F::FunctionRuntime => text(function(resource).and_then(|one| one.runtime.as_deref())),
        F::FunctionLastModifiedAt => Values::Time(function(resource).and_then(|one| one.last_modified)),
        F::FunctionRole => text(function(resource).and_then(|one| one.role.as_deref())),
        F::PortRange => Values::Ports(network().map(|cause| cause.ports)),
        F::NetworkProtocol => text(network().map(|cause| cause.protocol.as_str())),
        F::ComponentId => steps(network(), |(id, _)| id),
        F::ComponentType => steps(network(), |(_, kind)| kind),
        F::VulnerabilityId => text(package().map(|cause| cause.vulnerability.as_str())),
        F::VulnerabilitySource => text(package().map(|cause| cause.source.as_str())),
        F::VendorSeverity => text(package().and_then(|cause| cause.vendor_severity.as_deref())),
        F::RelatedVulnerabilities => {
            texts(subject.vulnerability.map_or(&[], |facts| facts.aliases.as_slice()))
        }
        F::VulnerablePackages => Values::Packages(package().map_or(&[], |cause| cause.packages.as_slice())),
        F::DetectorName => text(code().map(|cause| cause.detector_name.as_str())),
        F::DetectorTags => texts(code().map_or(&[], |cause| cause.tags.as_slice())),
        F::CodePath => text(code().map(|cause| cause.path.as_str())),
        F::ProjectName => text(project(resource).map(|one| one.project.as_str())),
        F::ProjectProvider => text(project(resource).map(|one| one.provider.as_str())),
        F::ProjectVisibility => text(project(resource).and_then(|one| one.visibility.as_deref())),
        F::ProjectCommit => text(project(resource).and_then(|one| one.commit.as_deref())),
        F::MachineImageId => text(machine_image(resource).map(|_| &*resource.id.name)),
        F::MachineImageName => text(machine_image(resource).and_then(|one| one.name.as_deref())),
        F::MachineImageOwner => {
            text(machine_image(resource).and_then(|one| Some(one.owner.as_ref()?.as_str())))
        }
        F::MachineImagePlatform => text(machine_image(resource).and_then(|one| one.platform.as_deref())),
        F::Provider => text(Some(match instance(resource) {
            Some(instance) if instance.beyond_aws => "NOT_APPLICABLE",
            _ => "AWS",
        })),
        F::ProviderAccount => text(Some(home.account.as_str())),
        F::ProviderRegion => text(Some(home.region.as_str())),
        F::ProviderOrganization => text(None),
        F::ScanStatusCode => {
            text(coverage.map(|coverage| if coverage.active { "ACTIVE" } else { "INACTIVE" }))
        }
        F::ScanStatusReason => text(coverage.map(|coverage| coverage.reason.as_str())),
        F::ScanType => text(coverage.map(|coverage| coverage.scan.as_str())),
        F::ScanMode => text(coverage.and_then(|coverage| Some(coverage.mode?.as_str()))),
        F::LastScannedAt => Values::Time(coverage.and_then(|coverage| coverage.last_scanned_at)),
    }
}

/// The order of two subjects by an attribute, ascending: severities from the least severe, states in the order of
/// a life, texts by their bytes; several texts by the least of them. What has no value comes first.
pub fn order(field: Field, a: &Subject<'_>, b: &Subject<'_>) -> Ordering {
    match field {
        Field::Severity => {
            a.finding.map(|finding| finding.severity).cmp(&b.finding.map(|finding| finding.severity))
        }
        Field::FindingStatus => {
            a.finding.map(|finding| finding.status).cmp(&b.finding.map(|finding| finding.status))
        }
        _ => match (values(field, a), values(field, b)) {
            (Values::Texts(a), Values::Texts(b)) => a.iter().min().cmp(&b.iter().min()),
            (Values::Number(a), Values::Number(b)) => match (a, b) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            },
            (Values::Time(a), Values::Time(b)) => a.cmp(&b),
            (Values::Ports(a), Values::Ports(b)) => a.cmp(&b),
            (Values::Packages(a), Values::Packages(b)) => a.iter().min().cmp(&b.iter().min()),
            _ => Ordering::Equal,
        },
    }
}

/// How many tasks and pods run an image; `None` while nobody has looked.
fn in_use(image: &Image) -> Option<f64> {
    let known = image.uses_seen_at.is_some() || !image.uses.is_empty();
    known.then(|| image.uses.iter().map(|one| f64::from(one.running)).sum())
}

fn steps<'a>(cause: Option<&'a NetworkCause>, of: fn(&'a (String, String)) -> &'a String) -> Values<'a> {
    let steps = cause.map_or(&[][..], |cause| cause.steps.as_slice());
    Values::Texts(steps.iter().map(|step| Cow::Borrowed(of(step).as_str())).collect())
}

fn package(finding: &Finding) -> Option<&PackageCause> {
    match &finding.cause {
        Cause::Package(cause) => Some(cause),
        _ => None,
    }
}

fn network(finding: &Finding) -> Option<&NetworkCause> {
    match &finding.cause {
        Cause::Network(cause) => Some(cause),
        _ => None,
    }
}

fn code(finding: &Finding) -> Option<&CodeCause> {
    match &finding.cause {
        Cause::Code(cause) => Some(cause),
        _ => None,
    }
}

fn instance(resource: &Resource) -> Option<&Instance> {
    match &resource.details {
        ResourceDetails::Instance(details) => Some(details),
        _ => None,
    }
}

fn image(resource: &Resource) -> Option<&Image> {
    match &resource.details {
        ResourceDetails::Image(details) => Some(details),
        _ => None,
    }
}

fn function(resource: &Resource) -> Option<&Function> {
    match &resource.details {
        ResourceDetails::Function(details) => Some(details),
        _ => None,
    }
}

fn project(resource: &Resource) -> Option<&CodeRepository> {
    match &resource.details {
        ResourceDetails::CodeRepository(details) => Some(details),
        _ => None,
    }
}

fn machine_image(resource: &Resource) -> Option<&MachineImage> {
    match &resource.details {
        ResourceDetails::MachineImage(details) => Some(details),
        _ => None,
    }
}
