//! Lists and groups: what SQL selects, sorts and counts is what memory does.

use crate::backend::{Backend, on_both};
use crate::fleet::{all, at};
use crate::random::{Holder, criteria, decision, facts, fleet, homes};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;
use yagura_findings::Slice;
use yagura_findings::filter::{Subject, exploit_known, matches, order};
use yagura_model::{
    Cause, Criteria, Criterion, Field, Finding, FindingStatus, Resource, ResourceDetails, ResourceKind,
    ScanKind, Test, Vulnerability,
};
use yagura_store::{
    Aggregate, AggregateKey, AggregateOrder, AggregateRequest, Aggregation, Collected, PageRequest, Sort,
    Store, StoreError,
};

on_both!(
    filters_select_what_they_select_in_memory,
    lists_are_sorted_as_in_memory_and_paged_without_loss,
    r175_r176_groups_are_counted,
    groups_are_counted_alike_with_and_without_counters,
    facts_that_arrive_later_count,
    page_tokens_belong_to_their_list,
);

fn runner() -> TestRunner {
    TestRunner::new(Config { rng_seed: RngSeed::Fixed(471), ..Config::default() })
}

fn draw<T: Strategy>(runner: &mut TestRunner, strategy: &T) -> T::Value {
    strategy.new_tree(runner).unwrap().current()
}

/// Fills a store with a random fleet and answers it.
async fn filled(backend: &Backend, runner: &mut TestRunner) -> Vec<Holder> {
    let store = &backend.store;
    let fleet = draw(runner, &fleet());
    let resources: Vec<Resource> = fleet.iter().map(|(resource, _)| resource.clone()).collect();
    store.put_resources(&resources, at(0, 0)).await.unwrap();
    for (resource, _) in &fleet {
        let nothing = Collected::Packages { inventory: Default::default(), kernel: None };
        store.put_collected(&resource.id, ScanKind::Package, &nothing, at(0, 0)).await.unwrap();
        for scan in [ScanKind::Network, ScanKind::Code] {
            store.put_collected(&resource.id, scan, &Collected::Causes(Vec::new()), at(0, 0)).await.unwrap();
        }
    }
    let findings: BTreeMap<_, _> =
        fleet.iter().map(|(resource, findings)| (&resource.id, findings)).collect();
    loop {
        let leases = store.claim_marked("w", Duration::from_secs(60), 50, at(0, 0)).await.unwrap();
        if leases.is_empty() {
            return fleet;
        }
        for lease in leases {
            let Slice::Row(resource, scan) = &lease.work else { panic!("no column was marked") };
            let findings = findings[resource];
            store.rematch(&lease, &|view| decision(findings, *scan, view), None, at(0, 0)).await.unwrap();
        }
    }
}

fn known(finding: &Finding) -> Option<Vulnerability> {
    static FACTS: LazyLock<Vec<Vulnerability>> = LazyLock::new(facts);
    let Cause::Package(cause) = &finding.cause else { return None };
    FACTS.iter().find(|facts| facts.id == cause.vulnerability).cloned()
}

/// Findings of a fleet that match, in no order.
fn matching<'a>(fleet: &'a [Holder], criteria: &Criteria) -> Vec<(&'a Finding, &'a Resource)> {
    let all =
        fleet.iter().flat_map(|(resource, findings)| findings.iter().map(move |finding| (finding, resource)));
    all.filter(|(finding, resource)| {
        let facts = known(finding);
        matches(criteria, &Subject::finding(finding, resource, facts.as_ref()))
    })
    .collect()
}

async fn filters_select_what_they_select_in_memory(backend: &Backend) {
    let mut runner = runner();
    let fleet = filled(backend, &mut runner).await;
    let (mut some, mut none) = (0, 0);
    for _ in 0..250 {
        let criteria = draw(&mut runner, &criteria());
        let mut expected: Vec<_> =
            matching(&fleet, &criteria).iter().map(|(finding, _)| finding.id.to_string()).collect();
        expected.sort();
        let answer = backend.store.findings(&homes(), &criteria, Sort::default(), &all()).await;
        let rows = answer.unwrap_or_else(|error| panic!("{criteria:?}: {error:?}")).items;
        let mut found: Vec<_> = rows.iter().map(|row| row.finding.id.to_string()).collect();
        found.sort();
        assert_eq!(found, expected, "{criteria:?}");
        if found.is_empty() { none += 1 } else { some += 1 }
    }
    assert!(some > 40 && none > 40, "{some} filters found something, {none} nothing");
}

async fn lists_are_sorted_as_in_memory_and_paged_without_loss(backend: &Backend) {
    let mut runner = runner();
    let fleet = filled(backend, &mut runner).await;
    let narrow =
        Criteria(vec![Criterion { field: Field::FindingStatus, tests: vec![Test::Equals("ACTIVE".into())] }]);
    let sorts = Field::ALL
        .iter()
        .flat_map(|&field| [false, true].map(|descending| Sort { field: Some(field), descending }))
        .chain([Sort::default()]);
    for (number, sort) in sorts.enumerate() {
        let criteria = if number % 2 == 0 { narrow.clone() } else { Criteria::default() };
        let mut expected = matching(&fleet, &criteria);
        expected.sort_by(|a, b| compare(sort, a, b));
        let mut found = Vec::new();
        let mut page = PageRequest { limit: 60, after: None };
        loop {
            let answer = backend.store.findings(&homes(), &criteria, sort, &page).await;
            let answer = answer.unwrap_or_else(|error| panic!("{sort:?}: {error:?}"));
            assert!(answer.items.len() <= 60);
            found.extend(answer.items);
            page.after = answer.next;
            if page.after.is_none() {
                break;
            }
        }
        let ids: Vec<_> = found.iter().map(|row| row.finding.id.as_str()).collect();
        let wanted: Vec<_> = expected.iter().map(|(finding, _)| finding.id.as_str()).collect();
        assert_eq!(ids, wanted, "{sort:?}");
        for (row, (finding, resource)) in found.iter().zip(expected) {
            assert_eq!((&row.finding, &row.resource), (finding, resource));
            assert_eq!(row.vulnerability, known(finding));
        }
    }
}

fn compare(sort: Sort, a: &(&Finding, &Resource), b: &(&Finding, &Resource)) -> Ordering {
    let by_default = || {
        b.0.severity
            .cmp(&a.0.severity)
            .then_with(|| b.0.updated_at.cmp(&a.0.updated_at))
            .then_with(|| a.0.id.as_str().cmp(b.0.id.as_str()))
    };
    let (facts_a, facts_b) = (known(a.0), known(b.0));
    let subject_a = Subject::finding(a.0, a.1, facts_a.as_ref());
    let subject_b = Subject::finding(b.0, b.1, facts_b.as_ref());
    match sort.field {
        None => by_default(),
        Some(Field::Severity) if sort.descending => by_default(),
        Some(Field::Severity) => by_default().reverse(),
        Some(field) => {
            // By ARN is by id; packages and tags have no order.
            let unordered =
                [Field::FindingArn, Field::VulnerablePackages, Field::ResourceTags, Field::PortRange];
            let by = if unordered.contains(&field) {
                Ordering::Equal
            } else {
                order(field, &subject_a, &subject_b)
            };
            let by = by.then_with(|| a.0.id.as_str().cmp(b.0.id.as_str()));
            if sort.descending { by.reverse() } else { by }
        }
    }
}

/// Active findings of a fleet by the texts that name their groups, with the severities, exploits and fixes.
fn counted(fleet: &[Holder], by: Aggregation) -> BTreeMap<String, ([u64; 6], u64, u64)> {
    let mut groups: BTreeMap<String, ([u64; 6], u64, u64)> = BTreeMap::new();
    for (resource, findings) in fleet {
        for finding in findings.iter().filter(|finding| finding.status == FindingStatus::Active) {
            for name in names(by, resource, finding) {
                let group = groups.entry(format!("{} {name}", resource.id.home.account)).or_default();
                let at = yagura_model::Severity::ALL.iter().position(|one| *one == finding.severity).unwrap();
                group.0[at] += 1;
                group.1 += u64::from(known(finding).is_some_and(|facts| exploit_known(&facts)));
                group.2 += u64::from(finding.cause.fix_available() == Some("YES"));
            }
        }
    }
    groups
}

fn names(by: Aggregation, resource: &Resource, finding: &Finding) -> Vec<String> {
    let packages = match &finding.cause {
        Cause::Package(cause) => &cause.packages[..],
        _ => &[],
    };
    let distinct = |mut list: Vec<String>| {
        list.sort();
        list.dedup();
        list
    };
    let layers =
        || distinct(packages.iter().filter_map(|one| Some(one.layer.as_ref()?.to_string())).collect());
    let of_kind = |kind| resource.id.kind == kind;
    match (by, &resource.details) {
        (Aggregation::Account, _) => vec![String::new()],
        (Aggregation::FindingType, _) => vec![finding.cause.finding_type().to_owned()],
        (Aggregation::Package, _) => distinct(packages.iter().map(|package| package.name.clone()).collect()),
        (Aggregation::Title, _) => {
            let id = match &finding.cause {
                Cause::Package(cause) => cause.vulnerability.to_string(),
                _ => String::new(),
            };
            vec![format!("{} {id}", finding.title)]
        }
        (Aggregation::Repository, ResourceDetails::Image(image)) => vec![image.repository.clone()],
        (Aggregation::Ami, ResourceDetails::Instance(one)) => one.machine_image.clone().into_iter().collect(),
        (Aggregation::ImageLayer, ResourceDetails::Image(image)) => layers()
            .into_iter()
            .map(|layer| format!("{layer} {} {}", image.repository, resource.id.name))
            .collect(),
        (Aggregation::LambdaLayer, ResourceDetails::Function(function)) => {
            layers().into_iter().map(|layer| format!("{layer} {}", function.name)).collect()
        }
        (Aggregation::AwsEc2Instance, _) if of_kind(ResourceKind::Instance) => {
            vec![resource.id.name.to_string()]
        }
        (Aggregation::AwsEcrContainer, _) if of_kind(ResourceKind::Image) => {
            vec![resource.id.name.to_string()]
        }
        (Aggregation::AwsLambdaFunction, _) if of_kind(ResourceKind::Function) => {
            vec![resource.id.name.to_string()]
        }
        _ => Vec::new(),
    }
}

fn name(group: &Aggregate) -> String {
    let name = match &group.key {
        AggregateKey::Account => String::new(),
        AggregateKey::FindingType(text)
        | AggregateKey::Package(text)
        | AggregateKey::Repository(text)
        | AggregateKey::MachineImage(text)
        | AggregateKey::Project(text) => text.clone(),
        AggregateKey::Title(title, id) => format!("{title} {}", id.clone().unwrap_or_default()),
        AggregateKey::Resource(resource) => resource.id.name.to_string(),
        AggregateKey::ImageLayer { layer, repository, image } => format!("{layer} {repository} {image}"),
        AggregateKey::FunctionLayer { layer, function } => format!("{layer} {function}"),
    };
    format!("{} {name}", group.account.as_ref().unwrap())
}

const GROUPINGS: [Aggregation; 12] = [
    Aggregation::FindingType,
    Aggregation::Package,
    Aggregation::Title,
    Aggregation::Repository,
    Aggregation::Ami,
    Aggregation::AwsEc2Instance,
    Aggregation::AwsEcrContainer,
    Aggregation::ImageLayer,
    Aggregation::Account,
    Aggregation::AwsLambdaFunction,
    Aggregation::LambdaLayer,
    Aggregation::CodeRepository,
];

fn request(by: Aggregation, criteria: Criteria) -> AggregateRequest {
    AggregateRequest { homes: homes(), by, criteria, order: AggregateOrder::All, descending: true }
}

/// All groups of a request, in pages.
async fn groups(backend: &Backend, request: &AggregateRequest) -> Vec<Aggregate> {
    let mut found = Vec::new();
    let mut page = PageRequest { limit: 7, after: None };
    loop {
        let answer = backend.store.aggregate(request, &page).await.unwrap();
        found.extend(answer.items);
        page.after = answer.next;
        if page.after.is_none() {
            return found;
        }
    }
}

type Counted = BTreeMap<String, ([u64; 6], u64, u64)>;

fn by_name(groups: &[Aggregate]) -> Counted {
    groups.iter().map(|group| (name(group), (group.severities, group.exploitable, group.fixable))).collect()
}

async fn r175_r176_groups_are_counted(backend: &Backend) {
    let fleet = filled(backend, &mut runner()).await;
    for by in GROUPINGS {
        let found = groups(backend, &request(by, Criteria::default())).await;
        assert_eq!(by_name(&found), counted(&fleet, by), "{by:?}");
        let totals: Vec<u64> = found.iter().map(|group| group.severities.iter().sum()).collect();
        assert!(totals.windows(2).all(|pair| pair[0] >= pair[1]), "{by:?}");
        for group in &found {
            let account = group.account.as_ref().unwrap();
            let affected = fleet.iter().filter(|(resource, findings)| {
                resource.id.home.account == *account
                    && findings.iter().any(|finding| finding.status == FindingStatus::Active)
                    && match (&group.key, &resource.details) {
                        (AggregateKey::Repository(name), ResourceDetails::Image(image)) => {
                            image.repository == *name
                        }
                        (AggregateKey::MachineImage(name), ResourceDetails::Instance(one)) => {
                            one.machine_image.as_ref() == Some(name)
                        }
                        _ => false,
                    }
            });
            if matches!(by, Aggregation::Repository | Aggregation::Ami) {
                assert_eq!(group.related, affected.count() as u64, "{by:?}");
            }
        }
    }
}

async fn groups_are_counted_alike_with_and_without_counters(backend: &Backend) {
    let mut runner = runner();
    let fleet = filled(backend, &mut runner).await;
    // True of every finding, but no counter knows it.
    let always = Criterion { field: Field::FindingArn, tests: vec![Test::Prefix("arn:".into())] };
    for round in 0..48 {
        let by = GROUPINGS[round % GROUPINGS.len()];
        let criteria = draw(&mut runner, &criteria());
        let selected: Vec<Holder> = fleet
            .iter()
            .map(|(resource, _)| {
                let findings = matching(&fleet, &criteria)
                    .into_iter()
                    .filter(|(_, of)| of.id == resource.id)
                    .map(|(finding, _)| finding.clone());
                (resource.clone(), findings.collect())
            })
            .collect();
        let expected = counted(&selected, by);
        let one = groups(backend, &request(by, criteria.clone())).await;
        assert_eq!(by_name(&one), expected, "{by:?} {criteria:?}");
        let mut slow = criteria.clone();
        slow.0.push(always.clone());
        let two = groups(backend, &request(by, slow)).await;
        assert_eq!(one, two, "{by:?} {criteria:?}");
    }
}

async fn facts_that_arrive_later_count(backend: &Backend) {
    let fleet = filled(backend, &mut runner()).await;
    let mut newer = facts();
    for facts in &mut newer {
        facts.kev = None;
        facts.references = Vec::new();
    }
    let changes = backend.store.changes_after(0, 100_000).await.unwrap().len();
    backend.store.put_facts(&newer).await.unwrap();
    // Facts touch no finding.
    assert_eq!(backend.store.changes_after(0, 100_000).await.unwrap().len(), changes);
    for by in [Aggregation::Account, Aggregation::Package, Aggregation::AwsEcrContainer] {
        let found = groups(backend, &request(by, Criteria::default())).await;
        assert!(found.iter().all(|group| group.exploitable == 0), "{by:?}");
    }
    let exploited =
        Criteria(vec![Criterion { field: Field::ExploitAvailable, tests: vec![Test::Equals("YES".into())] }]);
    let sort = Sort::default();
    assert!(backend.store.findings(&homes(), &exploited, sort, &all()).await.unwrap().items.is_empty());
    backend.store.put_facts(&facts()).await.unwrap();
    for by in [Aggregation::Account, Aggregation::Title] {
        let found = groups(backend, &request(by, Criteria::default())).await;
        assert_eq!(by_name(&found), counted(&fleet, by));
    }
    assert_eq!(backend.store.facts("CVE-1").await.unwrap().as_ref(), facts().get(1));
    assert_eq!(backend.store.facts("CVE-unknown").await.unwrap(), None);
}

async fn page_tokens_belong_to_their_list(backend: &Backend) {
    filled(backend, &mut runner()).await;
    let page = PageRequest { limit: 3, after: None };
    let sort = Sort::default();
    let answer = backend.store.findings(&homes(), &Criteria::default(), sort, &page).await.unwrap();
    let page = PageRequest { limit: 3, after: answer.next };
    let other = Sort { field: Some(Field::Title), descending: true };
    let answer = backend.store.findings(&homes(), &Criteria::default(), other, &page).await;
    assert!(matches!(answer, Err(StoreError::BadToken)));
    let answer = backend.store.findings(&homes()[..1], &Criteria::default(), sort, &page).await;
    assert!(matches!(answer, Err(StoreError::BadToken)));
    let bad = PageRequest { limit: 3, after: Some("what".into()) };
    let answer = backend.store.findings(&homes(), &Criteria::default(), sort, &bad).await;
    assert!(matches!(answer, Err(StoreError::BadToken)));
}
