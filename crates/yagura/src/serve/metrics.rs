//! `/metrics`: what an operator watches, in Prometheus' text format. No vulnerability or resource is a label.

use super::Service;
use std::fmt::Write;
use yagura_model::{Criteria, Severity};
use yagura_store::{AggregateOrder, AggregateRequest, Aggregation, CoverageGroup, PageRequest, StoreError};

/// The whole page.
///
/// # Errors
/// The store does not answer.
pub async fn render(service: &Service) -> Result<String, StoreError> {
    let store = &service.store;
    let homes: Vec<_> = store.accounts().await?.into_iter().map(|account| account.home).collect();
    let mut page = Page::default();
    page.gauge(
        "yagura_build_info",
        "The running version.",
        &[(&[("version", env!("CARGO_PKG_VERSION"))], 1.0)],
    );

    let request = AggregateRequest {
        homes: homes.clone(),
        by: Aggregation::Account,
        criteria: Criteria::default(),
        order: AggregateOrder::All,
        descending: true,
    };
    let accounts = store.aggregate(&request, &PageRequest { limit: 1000, after: None }).await?.items;
    page.head("yagura_findings", "gauge", "Active findings by account and severity.");
    for aggregate in &accounts {
        let account = aggregate.account.as_ref().map_or("", |account| account.as_str());
        for (severity, count) in Severity::ALL.iter().zip(aggregate.severities) {
            page.line(
                "yagura_findings",
                &[("account", account), ("severity", severity.as_str())],
                count as f64,
            );
        }
    }
    for (group, label) in
        [(CoverageGroup::Kind, "kind"), (CoverageGroup::Status, "status"), (CoverageGroup::Reason, "reason")]
    {
        let name = format!("yagura_coverage_by_{label}");
        page.head(&name, "gauge", &format!("Coverage entries by {label}."));
        for (value, count) in store.count_coverage(&homes, &Criteria::default(), Some(group)).await? {
            if !value.is_empty() {
                page.line(&name, &[(label, &value)], count as f64);
            }
        }
    }
    page.gauge(
        "yagura_marked_slices",
        "Rows and columns that wait to be judged.",
        &[(&[], store.marked().await? as f64)],
    );

    let states = store.loop_states().await?;
    let loops = |value: &dyn Fn(&yagura_store::LoopState) -> Option<f64>| -> Vec<(String, f64)> {
        states.iter().filter_map(|state| Some((state.name.clone(), value(state)?))).collect()
    };
    let seconds = |time: Option<jiff::Timestamp>| time.map(|time| time.as_second() as f64);
    for (name, kind, help, values) in [
        (
            "yagura_loop_started_timestamp_seconds",
            "gauge",
            "When a loop last began.",
            loops(&|state| seconds(state.started_at)),
        ),
        (
            "yagura_loop_succeeded_timestamp_seconds",
            "gauge",
            "When a loop last ended well.",
            loops(&|state| seconds(state.succeeded_at)),
        ),
        (
            "yagura_loop_backlog",
            "gauge",
            "What waits for a loop.",
            loops(&|state| Some(state.backlog as f64)),
        ),
        (
            "yagura_loop_failing",
            "gauge",
            "1 while a loop's last run failed.",
            loops(&|state| Some(f64::from(u8::from(state.error.is_some())))),
        ),
        (
            "yagura_loop_runs_total",
            "counter",
            "Runs of a loop.",
            loops(&|state| state.counts.get("runs").map(|count| *count as f64)),
        ),
        (
            "yagura_loop_failures_total",
            "counter",
            "Failed runs of a loop.",
            loops(&|state| state.counts.get("failed").map(|count| *count as f64)),
        ),
        (
            "yagura_loop_handled_total",
            "counter",
            "Things that a loop handled.",
            loops(&|state| state.counts.get("handled").map(|count| *count as f64)),
        ),
    ] {
        page.head(name, kind, help);
        for (of, value) in values {
            page.line(name, &[("loop", &of)], value);
        }
    }

    let held = service.advisories.get();
    page.head(
        "yagura_advisory_source_timestamp_seconds",
        "gauge",
        "The newest statement of each advisory source.",
    );
    for source in held.data.sources() {
        if let Some(date) = source.date {
            page.line(
                "yagura_advisory_source_timestamp_seconds",
                &[("source", &source.id)],
                date.as_second() as f64,
            );
        }
    }
    Ok(page.0)
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{}{label}=\"{text}\"", if index == 0 { '{' } else { ',' });
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, values: &[(&[(&str, &str)], f64)]) {
        self.head(name, "gauge", help);
        for (labels, value) in values {
            self.line(name, labels, *value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut page = Page::default();
        page.gauge("x", "What it is.", &[(&[("a", "q\"\\\n"), ("b", "c")], 1.5), (&[], 2.0)]);
        insta::assert_snapshot!(page.0, @r#"
        # HELP x What it is.
        # TYPE x gauge
        x{a="q\"\\\n",b="c"} 1.5
        x 2
        "#);
    }
}
