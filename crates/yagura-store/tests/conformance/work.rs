//! Marks and leases.

use crate::backend::{Backend, on_both};
use crate::fleet::{acme, advisory, at, collected, decide, everything, image, put};
use std::time::Duration;
use yagura_findings::Slice;
use yagura_model::ScanKind;
use yagura_store::{LoopState, Store, StoreError};

on_both!(
    a_lease_is_somebodys_until_it_ends,
    a_marked_slice_is_claimed_once_and_taken_over,
    a_mark_set_meanwhile_survives,
    columns_are_claimed_before_rows,
    an_older_advisory_file_writes_nothing,
    many_workers_share_the_marks,
    loops_say_what_they_did,
    a_cursor_never_goes_back,
);

const MINUTE: Duration = Duration::from_secs(60);

async fn a_lease_is_somebodys_until_it_ends(backend: &Backend) {
    let store = &backend.store;
    let first = store.lease("discover", "a", MINUTE, at(0, 0)).await.unwrap().unwrap();
    assert_eq!(store.lease("discover", "b", MINUTE, at(0, 59)).await.unwrap(), None);
    assert!(store.lease("discover", "a", MINUTE, at(0, 30)).await.unwrap().unwrap() > first);
    assert_eq!(store.lease("discover", "b", MINUTE, at(0, 60)).await.unwrap(), None);
    let taken = store.lease("discover", "b", MINUTE, at(0, 90)).await.unwrap().unwrap();
    store.release("discover", "a").await.unwrap();
    assert_eq!(store.lease("discover", "a", MINUTE, at(0, 91)).await.unwrap(), None);
    store.release("discover", "b").await.unwrap();
    assert!(store.lease("discover", "a", MINUTE, at(0, 92)).await.unwrap().unwrap() > taken);
    assert!(store.lease("collect", "b", MINUTE, at(0, 92)).await.unwrap().is_some());
}

async fn a_marked_slice_is_claimed_once_and_taken_over(backend: &Backend) {
    let store = &backend.store;
    let resource = image(&acme(), "web", "a");
    put(store, &resource, &["x@bad"], at(0, 0)).await;
    let claimed = store.claim_marked("a", MINUTE, 10, at(0, 0)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].work, Slice::Row(resource.id.clone(), ScanKind::Package));
    assert!(store.claim_marked("b", MINUTE, 10, at(0, 59)).await.unwrap().is_empty());
    let taken = store.claim_marked("b", MINUTE, 10, at(0, 61)).await.unwrap();
    assert_eq!(taken[0].work, claimed[0].work);
    // Both do it: it shows once.
    let work = |lease: &yagura_store::Lease<Slice>| lease.work.clone();
    let now = at(0, 62);
    let (one, two) = (work(&taken[0]), work(&claimed[0]));
    let written = store.rematch(&taken[0], &|view| decide(&one, view, &everything), None, now).await.unwrap();
    let again = store.rematch(&claimed[0], &|view| decide(&two, view, &everything), None, now).await.unwrap();
    assert_eq!((written, again), (2, 0));
    assert_eq!(store.marked().await.unwrap(), 0);
}

async fn a_mark_set_meanwhile_survives(backend: &Backend) {
    let store = &backend.store;
    let resource = image(&acme(), "web", "a");
    put(store, &resource, &["x@bad"], at(0, 0)).await;
    let lease = store.claim_marked("a", MINUTE, 10, at(0, 0)).await.unwrap().remove(0);
    store.put_collected(&resource.id, ScanKind::Package, &collected(&["x@good"]), at(0, 1)).await.unwrap();
    store.rematch(&lease, &|view| decide(&lease.work, view, &everything), None, at(0, 2)).await.unwrap();
    assert_eq!(store.marked().await.unwrap(), 1);
    // A new mark is free at once, and the old one's worker cannot clear it, however late he comes.
    let newer = store.claim_marked("b", MINUTE, 10, at(0, 2)).await.unwrap().remove(0);
    assert!(newer.mark > lease.mark);
    store.rematch(&lease, &|view| decide(&lease.work, view, &everything), None, at(0, 3)).await.unwrap();
    assert_eq!(store.marked().await.unwrap(), 1);
    store.rematch(&newer, &|view| decide(&newer.work, view, &everything), None, at(0, 4)).await.unwrap();
    assert_eq!(store.marked().await.unwrap(), 0);
}

async fn columns_are_claimed_before_rows(backend: &Backend) {
    let store = &backend.store;
    put(store, &image(&acme(), "web", "a"), &["x@bad"], at(0, 0)).await;
    assert_eq!(store.put_advisories(&[advisory("x"), advisory("nobody-has-it")]).await.unwrap(), 1);
    let first = store.claim_marked("a", MINUTE, 1, at(0, 0)).await.unwrap().remove(0);
    assert_eq!(first.work, Slice::Column("CVE-x".into()));
    // Marked again while it waits: both packages are looked at.
    let mut renamed = advisory("x");
    renamed.packages = vec![("npm".into(), "y".into())];
    assert_eq!(store.put_advisories(&[renamed]).await.unwrap(), 0);
    assert_eq!(store.marked().await.unwrap(), 2);
}

async fn an_older_advisory_file_writes_nothing(backend: &Backend) {
    let store = &backend.store;
    put(store, &image(&acme(), "web", "a"), &["x@bad"], at(0, 0)).await;
    store.put_file(yagura_store::ADVISORIES, b"one", at(0, 0)).await.unwrap();
    let lease = store.claim_marked("a", MINUTE, 10, at(0, 0)).await.unwrap().remove(0);
    store.put_file(yagura_store::ADVISORIES, b"two", at(0, 1)).await.unwrap();
    let old = Some(at(0, 0));
    let answer = store.rematch(&lease, &|view| decide(&lease.work, view, &everything), old, at(0, 2)).await;
    assert!(matches!(answer, Err(StoreError::Conflict { .. })));
    assert!(store.changes_after(0, 10).await.unwrap().is_empty());
    let current = Some(at(0, 1));
    let written =
        store.rematch(&lease, &|view| decide(&lease.work, view, &everything), current, at(0, 2)).await;
    assert_eq!(written.unwrap(), 2);
}

async fn many_workers_share_the_marks(backend: &Backend) {
    let store = &backend.store;
    for number in 0..40 {
        put(store, &image(&acme(), "web", &number.to_string()), &["x@bad", "y@bad"], at(0, 0)).await;
    }
    store.put_advisories(&[advisory("x"), advisory("y")]).await.unwrap();
    let mut workers = Vec::new();
    for worker in 0..4 {
        let store = backend.again().await;
        workers.push(tokio::spawn(async move {
            let name = format!("worker {worker}");
            let mut done = 0;
            loop {
                let leases = store.claim_marked(&name, MINUTE, 3, at(0, 0)).await.unwrap();
                if leases.is_empty() {
                    return done;
                }
                for lease in leases {
                    let slice = lease.work.clone();
                    done += store
                        .rematch(&lease, &move |view| decide(&slice, view, &everything), None, at(0, 1))
                        .await
                        .unwrap();
                }
            }
        }));
    }
    let mut done = 0;
    for worker in workers {
        done += worker.await.unwrap();
    }
    // 80 findings and 40 first scans, each once.
    assert_eq!(done, 120);
    assert_eq!(store.changes_after(0, 1_000).await.unwrap().len(), 120);
}

async fn loops_say_what_they_did(backend: &Backend) {
    let store = &backend.store;
    let mut state = LoopState { name: "rematch".into(), backlog: 3, ..LoopState::default() };
    store.put_loop_state(&state).await.unwrap();
    state.error = Some("out of memory".into());
    state.started_at = Some(at(0, 0));
    store.put_loop_state(&state).await.unwrap();
    assert_eq!(store.loop_states().await.unwrap(), [state]);
}

async fn a_cursor_never_goes_back(backend: &Backend) {
    let store = &backend.store;
    assert_eq!(store.cursor("webhook").await.unwrap(), 0);
    store.put_cursor("webhook", 7).await.unwrap();
    store.put_cursor("webhook", 3).await.unwrap();
    assert_eq!(store.cursor("webhook").await.unwrap(), 7);
    assert_eq!(store.cursor("other").await.unwrap(), 0);
}
