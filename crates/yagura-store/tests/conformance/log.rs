//! The change log: in order, without gaps, and the history.

use crate::backend::{Backend, on_both};
use crate::fleet::{acme, all, at, collected, decide, everything, image, put, settle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use yagura_model::{Changed, Criteria, FindingStatus, ScanKind};
use yagura_store::{PageRequest, Store};

on_both!(
    a_finding_and_its_change_are_one,
    a_reader_never_skips_a_change,
    r130_r131_closed_findings_leave_the_list_but_not_the_history,
    r132_what_left_the_list_is_still_seen_when_it_comes_back,
    findings_read_as_they_did,
);

async fn a_finding_and_its_change_are_one(backend: &Backend) {
    let store = &backend.store;
    let resource = image(&acme(), "web", "a");
    put(store, &resource, &["x@bad"], at(0, 0)).await;
    assert_eq!(settle(store, at(0, 1), &everything).await, 2);
    let changes = store.changes_after(0, 10).await.unwrap();
    let Changed::Finding(told) = &changes[0].what else { panic!("{changes:?}") };
    assert_eq!(changes[1].what, Changed::FirstScan([0, 0, 0, 0, 1, 0]));
    let listed = store.finding(&told.id).await.unwrap().unwrap();
    assert_eq!(&listed.finding, &**told);
    assert_eq!(listed.resource, resource);
    assert_eq!(listed.vulnerability.unwrap().summary, "x is bad");
    assert_eq!(store.changes_after(changes[0].id, 10).await.unwrap(), changes[1..]);
    assert_eq!(store.changes_after(0, 1).await.unwrap(), changes[..1]);
    assert!(store.finding(&"nothing".into()).await.unwrap().is_none());
}

async fn a_reader_never_skips_a_change(backend: &Backend) {
    const WRITERS: usize = 6;
    const ROUNDS: usize = 25;
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (store, done) = (backend.again().await, done.clone());
        tokio::spawn(async move {
            let (mut cursor, mut seen) = (0, Vec::new());
            loop {
                let last = done.load(Ordering::Acquire);
                let changes = store.changes_after(cursor, 7).await.unwrap();
                let Some(newest) = changes.last() else {
                    if last {
                        return seen;
                    }
                    tokio::task::yield_now().await;
                    continue;
                };
                cursor = newest.id;
                seen.extend(changes.into_iter().map(|change| (change.id, change.resource)));
            }
        })
    };
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let store = backend.again().await;
        writers.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                let mut resource = image(&acme(), "web", &format!("image-{writer}"));
                resource.tags.insert("round".into(), round.to_string());
                store.put_resources(&[resource], at(0, 0)).await.unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::Release);
    let seen = reader.await.unwrap();
    assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0));
    // The first round makes the resource, each other one changes its tags.
    assert_eq!(seen.len(), WRITERS * (ROUNDS - 1));
}

async fn r130_r131_closed_findings_leave_the_list_but_not_the_history(backend: &Backend) {
    let store = &backend.store;
    let (fixed, gone) = (image(&acme(), "web", "fixed"), image(&acme(), "web", "gone"));
    put(store, &fixed, &["x@bad"], at(0, 0)).await;
    put(store, &gone, &["x@bad"], at(0, 0)).await;
    settle(store, at(0, 0), &everything).await;
    store.put_collected(&fixed.id, ScanKind::Package, &collected(&["x@good"]), at(1, 0)).await.unwrap();
    store.remove_resources(std::slice::from_ref(&gone.id), at(1, 0)).await.unwrap();
    settle(store, at(1, 0), &everything).await;
    let listed = async || {
        store.findings(&[acme()], &Criteria::default(), Default::default(), &all()).await.unwrap().items
    };
    assert_eq!(listed().await.len(), 2);
    assert!(listed().await.iter().all(|row| row.finding.status == FindingStatus::Closed));
    assert_eq!(store.sweep(at(3, 86_399)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(4, 0)).await.unwrap(), 1);
    assert_eq!(listed().await[0].resource, fixed);
    assert_eq!(store.sweep(at(31, 0)).await.unwrap(), 1);
    assert!(listed().await.is_empty());
    assert_eq!(store.sweep(at(99, 0)).await.unwrap(), 0);
    let forgotten: Vec<_> = store
        .changes_after(0, 100)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|change| match change.what {
            Changed::Forgotten(id) => Some((change.resource, change.at, id)),
            _ => None,
        })
        .collect();
    assert_eq!(
        forgotten.iter().map(|(id, at, _)| (id, *at)).collect::<Vec<_>>(),
        [(&gone.id, at(4, 0)), (&fixed.id, at(31, 0))]
    );
    // Off the list, it is still answered for.
    let row = store.finding(&forgotten[0].2).await.unwrap().unwrap();
    assert_eq!(row.resource, gone);
}

async fn r132_what_left_the_list_is_still_seen_when_it_comes_back(backend: &Backend) {
    let store = &backend.store;
    let resource = image(&acme(), "web", "a");
    put(store, &resource, &["x@bad"], at(0, 0)).await;
    settle(store, at(0, 0), &everything).await;
    store.remove_resources(std::slice::from_ref(&resource.id), at(1, 0)).await.unwrap();
    settle(store, at(1, 0), &everything).await;
    store.sweep(at(5, 0)).await.unwrap();
    put(store, &resource, &["x@bad"], at(6, 0)).await;
    let lease = store.claim_marked("a", Duration::from_secs(60), 10, at(6, 0)).await.unwrap().remove(0);
    let seen = Arc::new(AtomicBool::new(false));
    let note = seen.clone();
    let slice = lease.work.clone();
    store
        .rematch(
            &lease,
            &move |view| {
                note.store(view.findings.len() == 1, Ordering::Relaxed);
                decide(&slice, view, &everything)
            },
            None,
            at(6, 0),
        )
        .await
        .unwrap();
    assert!(seen.load(Ordering::Relaxed));
    let rows =
        store.findings(&[acme()], &Criteria::default(), Default::default(), &all()).await.unwrap().items;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].finding.first_observed_at, at(0, 0));
}

async fn findings_read_as_they_did(backend: &Backend) {
    let store = &backend.store;
    let resource = image(&acme(), "web", "a");
    put(store, &resource, &["x@bad", "y@bad", "z@bad"], at(0, 0)).await;
    settle(store, at(0, 0), &everything).await;
    store
        .put_collected(&resource.id, ScanKind::Package, &collected(&["x@good", "y@bad"]), at(2, 0))
        .await
        .unwrap();
    settle(store, at(2, 0), &everything).await;
    store.sweep(at(40, 0)).await.unwrap();
    let statuses = async |time| {
        let (mut seen, mut page) = (Vec::new(), PageRequest { limit: 2, after: None });
        loop {
            let answer = store.findings_as_of(&[acme()], time, &page).await.unwrap();
            seen.extend(answer.items.into_iter().map(|row| (row.finding.title, row.finding.status)));
            page.after = answer.next;
            if page.after.is_none() {
                seen.sort_by(|a, b| a.0.cmp(&b.0));
                return seen;
            }
        }
    };
    use FindingStatus::{Active, Closed};
    let named = |list: &[(&str, FindingStatus)]| -> Vec<(String, FindingStatus)> {
        list.iter().map(|(name, status)| (format!("CVE-{name} - {name}"), *status)).collect()
    };
    assert!(statuses(at(-1, 0)).await.is_empty());
    assert_eq!(statuses(at(1, 0)).await, named(&[("x", Active), ("y", Active), ("z", Active)]));
    assert_eq!(statuses(at(3, 0)).await, named(&[("x", Closed), ("y", Active), ("z", Closed)]));
    assert_eq!(statuses(at(41, 0)).await, named(&[("y", Active)]));
}
