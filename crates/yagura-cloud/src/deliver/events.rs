//! EventBridge: `PutEvents`, ten entries and 256 KiB at a time.
//!
//! Limits and sizes: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>. AWS keeps sources that
//! begin with `aws.` to itself, so the source is the caller's to choose.

use super::Undelivered;
use crate::aws::services::events;
use crate::aws::wire::Time;
use crate::aws::{Aws, AwsError};
use jiff::Timestamp;
use serde_json::Value;

/// Entries of one request.
const ENTRIES: usize = 10;
/// Bytes of one request and of one entry.
const BYTES: usize = 256 << 10;
/// How often entries that failed alone are sent again at once.
const ROUNDS: usize = 3;

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `Inspector2 Finding`.
    pub detail_type: String,
    /// When it happened.
    pub time: Timestamp,
    /// What it is about: instance ids, ARNs.
    pub resources: Vec<String>,
    /// Its content, an object.
    pub detail: Value,
}

/// A bus.
#[derive(Clone)]
pub struct EventBus {
    aws: Aws,
    /// Name or ARN; `None` for the default bus.
    bus: Option<String>,
    source: String,
}

impl EventBus {
    /// A bus in the region of `aws`. `source` is what rules of receivers match.
    pub fn new(aws: Aws, bus: Option<String>, source: impl Into<String>) -> Self {
        Self { aws, bus, source: source.into() }
    }

    /// Publishes events in order, and answers with those that were not taken.
    ///
    /// # Errors
    /// The bus cannot be reached or denies everything; then some events may have arrived.
    pub async fn publish(&self, events: &[Event]) -> Result<Vec<Undelivered>, AwsError> {
        let mut refused = Vec::new();
        let mut open: Vec<(usize, events::PutEventsRequestEntry, usize)> = Vec::new();
        for (index, event) in events.iter().enumerate() {
            let entry = self.entry(event);
            match size(&entry) {
                bytes if bytes > BYTES => refused.push(Undelivered {
                    index,
                    code: "EntryTooLarge".to_owned(),
                    message: format!("{bytes} bytes, EventBridge takes {BYTES}"),
                    again: false,
                }),
                bytes => open.push((index, entry, bytes)),
            }
        }
        for round in 1..=ROUNDS {
            let mut failed = Vec::new();
            for batch in batches(&open) {
                failed.extend(self.put(batch).await?);
            }
            let last = round == ROUNDS;
            let (retry, given_up): (Vec<_>, Vec<_>) =
                failed.into_iter().partition(|failure: &Undelivered| failure.again && !last);
            refused.extend(given_up);
            open.retain(|(index, _, _)| retry.iter().any(|failure| failure.index == *index));
            if open.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200 << round)).await;
        }
        refused.sort_by_key(|failure| failure.index);
        Ok(refused)
    }

    async fn put(
        &self,
        batch: &[(usize, events::PutEventsRequestEntry, usize)],
    ) -> Result<Vec<Undelivered>, AwsError> {
        let input = events::PutEventsRequest {
            entries: batch.iter().map(|(_, entry, _)| entry.clone()).collect(),
            ..Default::default()
        };
        let answer = events::put_events(&self.aws, &input).await?;
        let failure = |((index, _, _), result): (&(usize, _, _), events::PutEventsResultEntry)| {
            let code = result.error_code?;
            let again = code.contains("Throttling") || code.contains("Internal");
            Some(Undelivered {
                index: *index,
                code,
                message: result.error_message.unwrap_or_default(),
                again,
            })
        };
        Ok(batch.iter().zip(answer.entries).filter_map(failure).collect())
    }

    fn entry(&self, event: &Event) -> events::PutEventsRequestEntry {
        events::PutEventsRequestEntry {
            source: Some(self.source.clone()),
            detail_type: Some(event.detail_type.clone()),
            detail: Some(event.detail.to_string()),
            time: Some(Time(event.time)),
            resources: event.resources.clone(),
            event_bus_name: self.bus.clone(),
            ..Default::default()
        }
    }
}

/// As EventBridge counts: 14 for the time, and the texts.
fn size(entry: &events::PutEventsRequestEntry) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let resources: usize = entry.resources.iter().map(String::len).sum();
    14 + length(&entry.source) + length(&entry.detail_type) + length(&entry.detail) + resources
}

/// Cuts before the entry that would be one or some bytes too many.
fn batches<T>(entries: &[(usize, T, usize)]) -> Vec<&[(usize, T, usize)]> {
    let mut found = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (position, (_, _, size)) in entries.iter().enumerate() {
        if position > begin && (position - begin >= ENTRIES || bytes + size > BYTES) {
            found.extend(entries.get(begin..position));
            (begin, bytes) = (position, 0);
        }
        bytes += size;
    }
    found.extend(entries.get(begin..).filter(|rest| !rest.is_empty()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Limits;
    use crate::aws::credentials::Credentials;
    use crate::aws::endpoint::Endpoints;
    use crate::testing::{Server, response};
    use crate::{Client, Network};

    fn bus(server: &Server) -> EventBus {
        let client = Client::new(Network::Online).unwrap();
        let endpoints = Endpoints::everywhere(&server.url);
        let limits = Limits { attempts: 1, ..Limits::default() };
        let aws = Aws::new(&client, Credentials::fixed("a", "b", None), endpoints, "eu-west-1");
        EventBus::new(aws.with_limits(limits), None, "yagura")
    }

    fn event(detail: Value) -> Event {
        Event { detail_type: "t".into(), time: Timestamp::UNIX_EPOCH, resources: vec![], detail }
    }

    #[test]
    fn requests_have_ten_entries_and_256_kib() {
        let lengths = |sizes: &[usize]| -> Vec<usize> {
            let entries: Vec<(usize, (), usize)> = sizes.iter().map(|&size| (0, (), size)).collect();
            batches(&entries).iter().map(|batch| batch.len()).collect()
        };
        assert_eq!(lengths(&[1; 21]), [10, 10, 1]);
        assert_eq!(lengths(&[BYTES - 1, 1, 1]), [2, 1]);
        assert_eq!(lengths(&[]), Vec::<usize>::new());
    }

    #[tokio::test]
    async fn only_entries_that_failed_are_sent_again() {
        let server = Server::new(vec![
            response("200 OK", "", br#"{"FailedEntryCount": 2, "Entries": [{"EventId": "1"}, {"ErrorCode": "InternalFailure"}, {"ErrorCode": "MalformedDetail", "ErrorMessage": "m"}]}"#),
            response("200 OK", "", br#"{"Entries": [{"EventId": "2"}]}"#),
        ]);
        let events: Vec<Event> = (0..3).map(|number| event(serde_json::json!({"n": number}))).collect();
        let refused = bus(&server).publish(&events).await.unwrap();
        let expected =
            Undelivered { index: 2, code: "MalformedDetail".into(), message: "m".into(), again: false };
        assert_eq!(refused, [expected]);
        assert_eq!(server.requests.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn an_event_that_is_too_large_is_refused_alone() {
        let server = Server::new(vec![response("200 OK", "", br#"{"Entries": [{"EventId": "1"}]}"#)]);
        let huge = event(serde_json::json!({"text": "x".repeat(BYTES)}));
        let refused = bus(&server).publish(&[huge, event(Value::Null)]).await.unwrap();
        assert_eq!(
            refused.iter().map(|failure| (failure.index, failure.again)).collect::<Vec<_>>(),
            [(0, false)]
        );
    }
}
