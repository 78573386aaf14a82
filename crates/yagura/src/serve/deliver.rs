//! Sends changes to EventBridge, Security Hub and webhooks: in order, at least once, each with its own cursor.

use super::Service;
use super::cloud::{Cloud, told};
use super::driver::{Loop, Step};
use crate::config::WebhookTarget;
use anyhow::{anyhow, bail};
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use yagura_cloud::deliver::Undelivered;
use yagura_cloud::deliver::events::{self, EventBus};
use yagura_cloud::deliver::security_hub;
use yagura_cloud::deliver::webhook::{Form, Notice, Webhook};
use yagura_cloud::{Client, CloudError};
use yagura_formats::delivery::event::{self, Event};
use yagura_formats::delivery::{Subject, asff, slack};
use yagura_model::{
    Change, Changed, Criteria, Criterion, Field, FindingId, FindingStatus, Home, Resource, ResourceId, Test,
};
use yagura_store::{FindingRow, PageRequest, Sort};

/// Changes of one round.
const BATCH: usize = 100;
/// Longer than sending a batch takes.
const LEASE: Duration = Duration::from_secs(300);

/// The loop.
pub struct Deliver;

#[async_trait]
impl Loop for Deliver {
    fn name(&self) -> &'static str {
        "deliver"
    }

    fn every(&self, service: &Service) -> Duration {
        service.config.every_deliver.0
    }

    async fn step(&self, service: &Service) -> anyhow::Result<Step> {
        let mut step = Step::default();
        let mut failed = Vec::new();
        for sink in sinks(service) {
            // A sink that refuses does not hold the others back.
            match round(service, &sink).await {
                Ok(one) => {
                    step.handled += one.handled;
                    step.again |= one.again;
                }
                Err(error) => failed.push(format!("{}: {error:#}", sink.id())),
            }
        }
        if failed.is_empty() { Ok(step) } else { bail!("{}", failed.join("; ")) }
    }
}

/// A receiver that is configured.
enum Sink<'a> {
    Events(&'a Cloud),
    SecurityHub(&'a Cloud),
    Webhook(usize, &'a Client, &'a WebhookTarget),
}

fn sinks(service: &Service) -> Vec<Sink<'_>> {
    let config = &service.config;
    let mut sinks = Vec::new();
    if let Some(cloud) = &service.cloud {
        sinks.extend((!config.event_bus.is_empty()).then_some(Sink::Events(cloud)));
        sinks.extend(config.security_hub.then_some(Sink::SecurityHub(cloud)));
    }
    if let Some(client) = &service.client {
        let hooks = config.webhooks.iter().enumerate();
        sinks.extend(hooks.map(|(index, target)| Sink::Webhook(index, client, target)));
    }
    sinks
}

impl Sink<'_> {
    /// The name of its cursor.
    fn id(&self) -> String {
        match self {
            Self::Events(_) => "events".to_owned(),
            Self::SecurityHub(_) => "security-hub".to_owned(),
            // The address is part of it, so that a new one begins anew; its own text is a secret.
            Self::Webhook(index, _, target) => {
                let digest = blake3::hash(target.url.as_bytes()).to_hex();
                format!("webhook-{index}-{}", digest.get(..8).unwrap_or_default())
            }
        }
    }
}

async fn round(service: &Service, sink: &Sink<'_>) -> anyhow::Result<Step> {
    let (id, now) = (sink.id(), Timestamp::now());
    let lease = format!("deliver/{id}");
    if service.store.lease(&lease, &service.worker, LEASE, now).await?.is_none() {
        return Ok(Step::default());
    }
    let outcome = send_next(service, sink, &id).await;
    service.store.release(&lease, &service.worker).await?;
    outcome
}

async fn send_next(service: &Service, sink: &Sink<'_>, id: &str) -> anyhow::Result<Step> {
    let cursor = service.store.cursor(id).await?;
    let changes = service.store.changes_after(cursor, BATCH).await?;
    let Some(last) = changes.last() else { return Ok(Step::default()) };
    let last = last.id;
    let outcome = match sink {
        Sink::Events(cloud) => publish(service, cloud, &changes).await,
        Sink::SecurityHub(cloud) => import(service, cloud, &changes).await,
        Sink::Webhook(_, client, target) => post(service, client, target, &changes).await,
    }?;
    match outcome {
        // What was delivered before the first failure is not repeated.
        Some((stuck, message)) => {
            if stuck > cursor + 1 {
                service.store.put_cursor(id, stuck - 1).await?;
            }
            bail!("{message}")
        }
        None => {
            service.store.put_cursor(id, last).await?;
            Ok(Step { handled: changes.len() as u64, backlog: 0, again: changes.len() == BATCH })
        }
    }
}

fn refused(error: impl Into<CloudError>) -> anyhow::Error {
    anyhow!(told(&error.into()))
}

/// The first change that must be tried again, and why.
type Stuck = Option<(u64, String)>;

fn stuck(of: &[u64], refused: &[Undelivered]) -> Stuck {
    for one in refused.iter().filter(|one| !one.again) {
        tracing::error!(code = one.code, "a receiver will never take this: {}", one.message);
    }
    refused
        .iter()
        .filter(|one| one.again)
        .filter_map(|one| Some((*of.get(one.index)?, format!("{}: {}", one.code, one.message))))
        .min_by_key(|(change, _)| *change)
}

async fn publish(service: &Service, cloud: &Cloud, changes: &[Change]) -> anyhow::Result<Stuck> {
    let mut by_home: BTreeMap<Home, (Vec<u64>, Vec<events::Event>)> = BTreeMap::new();
    for change in changes {
        for event in events_of(service, change).await? {
            let (of, list) = by_home.entry(event.home).or_default();
            of.push(change.id);
            list.push(events::Event {
                detail_type: event.detail_type.to_owned(),
                time: event.at,
                resources: event.resources,
                detail: event.detail,
            });
        }
    }
    let bus = Some(service.config.event_bus.clone()).filter(|bus| bus != "default");
    let mut worst: Stuck = None;
    for (home, (of, list)) in by_home {
        let aws = cloud.place(&home).await.map_or_else(|| cloud.aws.clone(), |place| place.aws);
        let sink = EventBus::new(aws, bus.clone(), &service.config.event_source);
        let outcome = sink.publish(&list).await.map_err(refused)?;
        worst = earlier(worst, stuck(&of, &outcome));
    }
    Ok(worst)
}

async fn import(service: &Service, cloud: &Cloud, changes: &[Change]) -> anyhow::Result<Stuck> {
    let mut by_home: BTreeMap<Home, (Vec<u64>, Vec<Value>)> = BTreeMap::new();
    for change in changes {
        let (rows, gone) = match &change.what {
            Changed::Finding(finding) => (row(service, &finding.id).await?, false),
            Changed::Forgotten(id) => (row(service, id).await?, true),
            Changed::Tags => (open_findings(service, &change.resource).await?, false),
            Changed::Coverage(_) | Changed::FirstScan(_) => continue,
        };
        for mut row in rows {
            if let Changed::Finding(finding) = &change.what {
                row.finding = (**finding).clone();
            }
            if asff::is_sent(row.resource.id.kind) {
                let home = row.resource.id.home.clone();
                let product = asff::Product::of_account(&home);
                let (of, list) = by_home.entry(home).or_default();
                of.push(change.id);
                list.push(asff::asff(&subject(&row), &product, gone));
            }
        }
    }
    let mut worst: Stuck = None;
    for (home, (of, list)) in by_home {
        let aws = cloud.place(&home).await.map_or_else(|| cloud.aws.clone(), |place| place.aws);
        let outcome = security_hub::import(&aws, &list).await.map_err(refused)?;
        worst = earlier(worst, stuck(&of, &outcome));
    }
    Ok(worst)
}

async fn post(
    service: &Service,
    client: &Client,
    target: &WebhookTarget,
    changes: &[Change],
) -> anyhow::Result<Stuck> {
    let form = if target.slack { Form::Text } else { Form::Document };
    let hook = Webhook::new(client, &target.url, form, target.secret.as_deref()).map_err(refused)?;
    for change in changes {
        let text = match (&change.what, target.slack) {
            (Changed::Finding(finding), true) => match row(service, &finding.id).await?.first() {
                Some(row) => {
                    let row = FindingRow { finding: (**finding).clone(), ..row.clone() };
                    slack::text(&subject(&row), target.lang)
                }
                None => continue,
            },
            // People are told of findings only.
            (_, true) => continue,
            (_, false) => String::new(),
        };
        for (index, event) in events_of(service, change).await?.into_iter().enumerate() {
            let id = event_id(change.id, index);
            let notice = Notice {
                kind: event.detail_type.to_owned(),
                document: event.envelope(&id, &service.config.event_source),
                id,
                text: text.clone(),
            };
            if let Err(error) = hook.send(&notice, Timestamp::now()).await {
                return Ok(Some((change.id, told(&error))));
            }
        }
    }
    Ok(None)
}

/// A UUID that is the same whenever the change is sent.
fn event_id(change: u64, index: usize) -> String {
    let digest = blake3::hash(format!("{change}/{index}").as_bytes()).to_hex();
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}

/// The events that a change makes.
async fn events_of(service: &Service, change: &Change) -> anyhow::Result<Vec<Event>> {
    if !event::is_published(change.resource.kind) {
        return Ok(Vec::new());
    }
    Ok(match &change.what {
        Changed::Finding(finding) => row(service, &finding.id)
            .await?
            .into_iter()
            .map(|row| FindingRow { finding: (**finding).clone(), ..row })
            .map(|row| event::finding(&subject(&row), change.at))
            .collect(),
        Changed::Tags => open_findings(service, &change.resource)
            .await?
            .iter()
            .map(|row| event::finding(&subject(row), change.at))
            .collect(),
        Changed::Coverage(coverage) => vec![event::coverage(coverage, change.at)],
        Changed::FirstScan(counts) => {
            let resource: Option<Resource> = service.store.resource(&change.resource).await?;
            resource.iter().map(|resource| event::first_scan(resource, counts, change.at)).collect()
        }
        Changed::Forgotten(_) => Vec::new(),
    })
}

async fn row(service: &Service, id: &FindingId) -> anyhow::Result<Vec<FindingRow>> {
    Ok(service.store.finding(id).await?.into_iter().collect())
}

/// Findings of a resource that are not closed.
async fn open_findings(service: &Service, resource: &ResourceId) -> anyhow::Result<Vec<FindingRow>> {
    let criteria = Criteria(vec![Criterion {
        field: Field::ResourceId,
        tests: vec![Test::Equals(resource.name.to_string())],
    }]);
    let mut found = Vec::new();
    let mut page = PageRequest { limit: 500, after: None };
    loop {
        let homes = std::slice::from_ref(&resource.home);
        let rows = service.store.findings(homes, &criteria, Sort::default(), &page).await?;
        found.extend(rows.items.into_iter().filter(|row| row.finding.status != FindingStatus::Closed));
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}

fn subject(row: &FindingRow) -> Subject<'_> {
    Subject { finding: &row.finding, resource: &row.resource, vulnerability: row.vulnerability.as_ref() }
}

fn earlier(one: Stuck, other: Stuck) -> Stuck {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.0 < one.0 { other } else { one }),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_same_id_when_sent_again() {
        assert_eq!(event_id(7, 0), event_id(7, 0));
        assert_ne!(event_id(7, 0), event_id(7, 1));
        assert_eq!(event_id(7, 0).len(), 36);
    }

    #[test]
    fn only_what_may_help_is_tried_again() {
        let refused = |index, again| Undelivered { index, code: "C".into(), message: "m".into(), again };
        assert_eq!(stuck(&[5, 6, 7], &[refused(0, false)]), None);
        assert_eq!(stuck(&[5, 6, 7], &[refused(2, true), refused(1, true)]), Some((6, "C: m".into())));
    }
}
