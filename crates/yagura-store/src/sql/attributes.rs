//! What filters look at, as rows. Each attribute belongs to one of the things a finding is made of, and its values
//! are those of [`yagura_findings::filter::values`], so that SQL compares what memory compares.

use super::key;
use crate::StoreError;
use crate::database::{Tx, Value, args, nanoseconds};
use yagura_findings::filter::{Subject, Values, exploit_known, package_text, values};
use yagura_model::{Cause, Field, Finding, PackageField, Resource, Vulnerability, VulnerablePackage, words};

/// What an attribute is an attribute of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Of {
    /// A column of the finding itself.
    Finding,
    /// What the finding is about.
    Cause,
    /// One affected package of it.
    Package,
    /// Facts about its vulnerability.
    Vulnerability,
    /// Its resource.
    Resource,
    /// A column of coverage.
    Coverage,
}

/// A value of an attribute, as a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    field: i64,
    text: Option<(String, Option<String>)>,
    number: Option<f64>,
    moment: Option<i64>,
}

/// Between a tag's key and its value.
pub const TAG: char = '\u{1f}';

/// Where an attribute is stored, and its number there. Numbers are stored: none is given twice.
pub fn place(field: Field) -> (Of, i64) {
    use Field as F;
    use Of::{Cause, Coverage, Finding, Package, Resource, Vulnerability};
    match field {
        F::FindingArn => (Finding, 1),
        F::FindingType => (Finding, 2),
        F::Severity => (Finding, 3),
        F::FindingStatus => (Finding, 4),
        F::FirstObservedAt => (Finding, 5),
        F::LastObservedAt => (Finding, 6),
        F::UpdatedAt => (Finding, 7),
        F::InspectorScore => (Finding, 8),
        F::Title => (Cause, 20),
        F::FixAvailable => (Cause, 21),
        F::PortRange => (Cause, 22),
        F::NetworkProtocol => (Cause, 23),
        F::ComponentId => (Cause, 24),
        F::ComponentType => (Cause, 25),
        F::VulnerabilityId => (Cause, 26),
        F::VulnerabilitySource => (Cause, 27),
        F::VendorSeverity => (Cause, 28),
        F::DetectorName => (Cause, 29),
        F::DetectorTags => (Cause, 30),
        F::CodePath => (Cause, 31),
        F::VulnerablePackages => (Package, 40),
        F::EpssScore => (Vulnerability, 50),
        F::ExploitAvailable => (Vulnerability, 51),
        F::RelatedVulnerabilities => (Vulnerability, 52),
        F::Account => (Resource, 60),
        F::ResourceType => (Resource, 61),
        F::ResourceId => (Resource, 62),
        F::ResourceTags => (Resource, 63),
        F::InstanceImage => (Resource, 64),
        F::InstanceVpc => (Resource, 65),
        F::InstanceSubnet => (Resource, 66),
        F::ImageArchitecture => (Resource, 67),
        F::ImageHash => (Resource, 68),
        F::ImagePushedAt => (Resource, 69),
        F::ImagePulledAt => (Resource, 70),
        F::ImageRegistry => (Resource, 71),
        F::ImageRepository => (Resource, 72),
        F::ImageTags => (Resource, 73),
        F::ImageInUseCount => (Resource, 74),
        F::ImageLastInUseAt => (Resource, 75),
        F::FunctionName => (Resource, 76),
        F::FunctionLayers => (Resource, 77),
        F::FunctionRuntime => (Resource, 78),
        F::FunctionLastModifiedAt => (Resource, 79),
        F::FunctionRole => (Resource, 80),
        F::ProjectName => (Resource, 81),
        F::ProjectProvider => (Resource, 82),
        F::ProjectVisibility => (Resource, 83),
        F::ProjectCommit => (Resource, 84),
        F::MachineImageId => (Resource, 85),
        F::MachineImageName => (Resource, 86),
        F::MachineImageOwner => (Resource, 87),
        F::MachineImagePlatform => (Resource, 88),
        F::Provider => (Resource, 89),
        F::ProviderAccount => (Resource, 90),
        F::ProviderRegion => (Resource, 91),
        F::ProviderOrganization => (Resource, 92),
        F::ScanStatusCode => (Coverage, 110),
        F::ScanStatusReason => (Coverage, 111),
        F::ScanType => (Coverage, 112),
        F::ScanMode => (Coverage, 113),
        F::LastScannedAt => (Coverage, 114),
    }
}

/// The number of an attribute of a package.
pub fn package_place(field: PackageField) -> i64 {
    match field {
        PackageField::Name => 1,
        PackageField::Version => 2,
        PackageField::Release => 3,
        PackageField::Architecture => 4,
        PackageField::Layer => 5,
        PackageField::FunctionLayer => 6,
        PackageField::Path => 7,
    }
}

/// The number of a package's epoch, which every package has.
pub const EPOCH: i64 = 0;

/// Attributes of a resource.
pub fn of_resource(resource: &Resource) -> Vec<Attribute> {
    all(Of::Resource, &Subject::resource(resource))
}

/// Attributes of what a finding is about.
pub fn of_cause(finding: &Finding, resource: &Resource) -> Vec<Attribute> {
    all(Of::Cause, &Subject::finding(finding, resource, None))
}

/// Attributes of a vulnerability. It has the exploit's word whether or not facts are known.
pub fn of_vulnerability(facts: Option<&Vulnerability>) -> Vec<Attribute> {
    let exploit = if facts.is_some_and(exploit_known) { "YES" } else { "NO" };
    let mut list = vec![text(place(Field::ExploitAvailable).1, exploit)];
    for alias in facts.map_or(&[][..], |facts| &facts.aliases) {
        list.push(text(place(Field::RelatedVulnerabilities).1, alias));
    }
    if let Some(epss) = facts.and_then(|facts| facts.epss) {
        list.push(number(place(Field::EpssScore).1, epss.score));
    }
    list
}

/// Attributes of the packages of a cause, package by package.
pub fn of_packages(cause: &Cause) -> Vec<Vec<Attribute>> {
    let Cause::Package(cause) = cause else { return Vec::new() };
    cause.packages.iter().map(of_package).collect()
}

fn of_package(package: &VulnerablePackage) -> Vec<Attribute> {
    const FIELDS: [PackageField; 7] = [
        PackageField::Name,
        PackageField::Version,
        PackageField::Release,
        PackageField::Architecture,
        PackageField::Layer,
        PackageField::FunctionLayer,
        PackageField::Path,
    ];
    let epoch = words::version_parts(&package.version).0;
    #[expect(clippy::cast_precision_loss, reason = "filters compare epochs so")]
    let epoch = number(EPOCH, epoch as f64);
    let texts =
        FIELDS.iter().filter_map(|&field| Some(text(package_place(field), &package_text(field, package)?)));
    std::iter::once(epoch).chain(texts).collect()
}

fn all(of: Of, subject: &Subject<'_>) -> Vec<Attribute> {
    let mut list = Vec::new();
    for &field in Field::ALL {
        let (place, code) = place(field);
        if place != of {
            continue;
        }
        match values(field, subject) {
            Values::Texts(texts) => list.extend(texts.iter().map(|value| text(code, value))),
            Values::Number(value) => list.extend(value.map(|value| number(code, value))),
            Values::Time(value) => list.extend(value.map(|value| moment(code, nanoseconds(value)))),
            Values::Tags(tags) => {
                list.extend(tags.iter().map(|(key, value)| text(code, &format!("{key}{TAG}{value}"))));
            }
            Values::Ports(ports) => {
                list.extend(ports.map(|(first, last)| Attribute {
                    number: Some(first.into()),
                    ..moment(code, last.into())
                }))
            }
            // These are rows of their own.
            Values::Packages(_) => {}
        }
    }
    list
}

fn text(field: i64, value: &str) -> Attribute {
    Attribute { field, text: Some(key::split(value)), number: None, moment: None }
}

fn number(field: i64, value: f64) -> Attribute {
    Attribute { field, text: None, number: Some(value), moment: None }
}

fn moment(field: i64, value: i64) -> Attribute {
    Attribute { field, text: None, number: None, moment: Some(value) }
}

impl Attribute {
    fn values(self) -> [Value; 5] {
        let (head, rest) = self.text.map_or((None, None), |(head, rest)| (Some(head), rest));
        [self.field.into(), head.into(), rest.into(), self.number.into(), self.moment.into()]
    }
}

/// The table of an attribute, and the column that says whose it is.
pub fn table(of: Of) -> (&'static str, &'static str) {
    match of {
        Of::Cause => ("cause_attribute", "cause_no"),
        Of::Vulnerability => ("vulnerability_attribute", "vulnerability_no"),
        Of::Package => ("cause_package", "cause_no"),
        Of::Resource | Of::Finding | Of::Coverage => ("resource_attribute", "resource_no"),
    }
}

/// Inserts attributes of many things.
pub async fn insert(tx: &mut Tx, of: Of, owners: Vec<(i64, Vec<Attribute>)>) -> Result<(), StoreError> {
    let (table, owner) = table(of);
    let rows = owners
        .into_iter()
        .flat_map(|(no, list)| {
            list.into_iter().map(move |one| std::iter::once(Value::from(no)).chain(one.values()).collect())
        })
        .collect();
    tx.insert(&format!("INSERT INTO {table} ({owner}, field, text, rest, number, moment)"), rows, "").await?;
    Ok(())
}

/// Inserts attributes of the packages of many causes.
pub async fn insert_packages(tx: &mut Tx, causes: Vec<(i64, Vec<Vec<Attribute>>)>) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for (no, packages) in causes {
        for (position, list) in packages.into_iter().enumerate() {
            for one in list {
                let mut row = args![no, position];
                row.extend(one.values());
                rows.push(row);
            }
        }
    }
    tx.insert("INSERT INTO cause_package (cause_no, position, field, text, rest, number, moment)", rows, "")
        .await?;
    Ok(())
}
