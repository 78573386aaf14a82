//! Accounts, documents, keys, audit, usage, files.

use crate::backend::{Backend, on_both};
use crate::fleet::{acme, all, at, enable, home, image};
use yagura_model::{AccountId, ScanType};
use yagura_store::{AuditEntry, Credential, Document, PageRequest, Role, Store, StoreError, UsageSample};

on_both!(
    an_account_is_fresh_until_it_is_changed,
    documents_are_versioned,
    keys_come_back,
    a_signature_is_new_once,
    audit_is_newest_first,
    an_hour_of_use_counts_once,
    files_come_back_whole,
);

async fn an_account_is_fresh_until_it_is_changed(backend: &Backend) {
    let store = &backend.store;
    assert!(store.accounts().await.unwrap().is_empty());
    assert!(!store.account(&acme()).await.unwrap().scans(ScanType::Ec2));
    enable(store, &acme()).await;
    assert!(backend.again().await.account(&acme()).await.unwrap().scans(ScanType::Ec2));
    assert_eq!(store.accounts().await.unwrap().len(), 1);
    // another region is another state.
    let other = yagura_model::Home { region: "us-east-1".into(), ..acme() };
    assert!(!store.account(&other).await.unwrap().scans(ScanType::Ec2));
}

async fn documents_are_versioned(backend: &Backend) {
    let store = &backend.store;
    let mut document = Document {
        home: acme(),
        kind: "report".into(),
        id: "a".into(),
        version: 0,
        body: serde_json::json!({"x": "\u{0}é"}),
    };
    document.version = store.put_document(&document).await.unwrap();
    assert_eq!(store.document(&acme(), "report", "a").await.unwrap(), Some(document.clone()));
    let newer = store.put_document(&document).await.unwrap();
    assert!(newer > document.version);
    assert!(matches!(store.put_document(&document).await, Err(StoreError::Conflict { .. })));
    let fresh = Document { version: 0, ..document.clone() };
    assert!(matches!(store.put_document(&fresh).await, Err(StoreError::Conflict { .. })));
    let elsewhere = Document { home: home("444455556666"), version: 0, ..document.clone() };
    store.put_document(&elsewhere).await.unwrap();
    assert_eq!(store.documents(Some(&acme()), "report").await.unwrap().len(), 1);
    assert_eq!(store.documents(None, "report").await.unwrap().len(), 2);
    assert!(store.delete_document(&acme(), "report", "a").await.unwrap());
    assert!(!store.delete_document(&acme(), "report", "a").await.unwrap());
    assert_eq!(store.document(&acme(), "report", "a").await.unwrap(), None);
}

async fn keys_come_back(backend: &Backend) {
    let store = &backend.store;
    let mut key = Credential {
        key_id: "AKIAEXAMPLE".into(),
        secret: "secret".into(),
        home_account: AccountId::new("111122223333"),
        role: Role::Reader,
        name: "me".into(),
        created_at: at(0, 0),
        revoked_at: None,
    };
    store.put_credential(&key).await.unwrap();
    key.revoked_at = Some(at(1, 0));
    store.put_credential(&key).await.unwrap();
    assert_eq!(store.credential("AKIAEXAMPLE").await.unwrap(), Some(key.clone()));
    assert_eq!(store.credential("AKIAOTHER").await.unwrap(), None);
    assert_eq!(store.credentials().await.unwrap(), [key]);
}

async fn a_signature_is_new_once(backend: &Backend) {
    let store = &backend.store;
    assert!(store.note_signature("s", at(0, 300), at(0, 0)).await.unwrap());
    assert!(!store.note_signature("s", at(0, 300), at(0, 10)).await.unwrap());
    assert!(store.note_signature("t", at(0, 300), at(0, 10)).await.unwrap());
    store.sweep(at(1, 0)).await.unwrap();
    assert!(store.note_signature("s", at(1, 300), at(1, 0)).await.unwrap());
}

async fn audit_is_newest_first(backend: &Backend) {
    let store = &backend.store;
    for number in 0..5 {
        let entry = AuditEntry {
            at: at(0, number),
            home: if number == 3 { home("444455556666") } else { acme() },
            key_id: "AKIA".into(),
            operation: "ListFindings".into(),
            status: 200,
            request_id: number.to_string(),
            from: "127.0.0.1".into(),
        };
        store.put_audit(&entry).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut page = PageRequest { limit: 2, after: None };
    loop {
        let answer = store.audit(&[acme()], &page).await.unwrap();
        seen.extend(answer.items.into_iter().map(|entry| entry.request_id));
        page.after = answer.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["4", "2", "1", "0"]);
    assert_eq!(store.audit(&[acme(), home("444455556666")], &all()).await.unwrap().items.len(), 5);
}

async fn an_hour_of_use_counts_once(backend: &Backend) {
    let store = &backend.store;
    let resource = image(&acme(), "web", "a").id;
    let sample = |day: i64, hour: i64, meter: &str| UsageSample {
        resource: resource.clone(),
        meter: meter.into(),
        at: at(day, hour * 3_600),
        amount: 1.0,
    };
    let batch = [sample(0, 23, "HOURS"), sample(1, 0, "HOURS"), sample(1, 0, "HOURS"), sample(1, 1, "SCANS")];
    store.put_usage(&batch).await.unwrap();
    store.put_usage(&batch).await.unwrap();
    store.put_usage(&[sample(1, 5, "HOURS")]).await.unwrap();
    let usage = store.usage(&[acme()], at(0, 0)).await.unwrap();
    let totals: Vec<_> = usage.iter().map(|usage| (usage.meter.as_str(), usage.total, usage.since)).collect();
    assert_eq!(totals, [("HOURS", 3.0, at(0, 23 * 3_600)), ("SCANS", 1.0, at(1, 3_600))]);
    let later = store.usage(&[acme()], at(1, 2 * 3_600)).await.unwrap();
    assert_eq!(later.iter().map(|usage| usage.total).collect::<Vec<_>>(), [1.0]);
    assert!(store.usage(&[home("444455556666")], at(0, 0)).await.unwrap().is_empty());
}

async fn files_come_back_whole(backend: &Backend) {
    let store = &backend.store;
    assert_eq!(store.file_written("advisories").await.unwrap(), None);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    store.put_file("advisories", &bytes, at(0, 0)).await.unwrap();
    assert!(store.file("advisories").await.unwrap() == Some(bytes));
    store.put_file("advisories", b"short", at(1, 0)).await.unwrap();
    assert_eq!(store.file("advisories").await.unwrap().as_deref(), Some(&b"short"[..]));
    assert_eq!(store.file_written("advisories").await.unwrap(), Some(at(1, 0)));
    store.put_file("empty", b"", at(1, 0)).await.unwrap();
    assert_eq!(store.file("empty").await.unwrap().as_deref(), Some(&b""[..]));
}
