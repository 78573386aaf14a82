//! Resources, coverage, inventories.

use crate::backend::{Backend, on_both};
use crate::fleet::{
    acme, advisory, all, at, collected, enable, everything, home, image, instance, inventory, put, settle,
};
use yagura_model::{
    Changed, Coverage, Criteria, Criterion, Field, Resource, ResourceDetails, ResourceKind, ScanKind,
    ScanReason, Test, UnreadReason,
};
use yagura_store::{CoverageGroup, PageRequest, Store, StoreError};

on_both!(
    resources_come_back_in_pages,
    r124_a_changed_tag_is_a_change,
    only_what_is_judged_marks_a_row,
    inventories_come_back_and_are_stored_once,
    holders_are_found_by_name,
    r177_coverage_is_listed_and_counted,
    r180_what_is_gone_says_so_until_swept,
    long_and_odd_texts_are_kept,
);

async fn resources_come_back_in_pages(backend: &Backend) {
    let store = &backend.store;
    let other = home("444455556666");
    let mut batch: Vec<Resource> =
        (0..7).map(|number| image(&acme(), "web", &format!("image-{number}"))).collect();
    batch.push(instance(&acme(), "ami-1", "i-1"));
    batch.push(image(&other, "web", "image-0"));
    store.put_resources(&batch, at(0, 0)).await.unwrap();
    for resource in &batch {
        assert_eq!(store.resource(&resource.id).await.unwrap().as_ref(), Some(resource));
    }
    let mut seen: Vec<Resource> = Vec::new();
    loop {
        let after = seen.last().map(|resource| resource.id.clone());
        let page = store.resources(None, None, after.as_ref(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert_eq!(seen.len(), batch.len());
    assert!(batch.iter().all(|resource| seen.contains(resource)));
    let images = store.resources(Some(&acme()), Some(ResourceKind::Image), None, 100).await.unwrap();
    assert_eq!(images.len(), 7);
    store.remove_resources(&[batch[0].id.clone()], at(1, 0)).await.unwrap();
    assert_eq!(store.resource(&batch[0].id).await.unwrap(), None);
    assert_eq!(store.resources(Some(&acme()), Some(ResourceKind::Image), None, 100).await.unwrap().len(), 6);
    store.put_resources(&batch[..1], at(2, 0)).await.unwrap();
    assert_eq!(store.resource(&batch[0].id).await.unwrap().as_ref(), Some(&batch[0]));
}

async fn r124_a_changed_tag_is_a_change(backend: &Backend) {
    let store = &backend.store;
    let mut resource = image(&acme(), "web", "a");
    store.put_resources(std::slice::from_ref(&resource), at(0, 0)).await.unwrap();
    assert!(store.changes_after(0, 10).await.unwrap().is_empty());
    resource.tags.insert("team".into(), "bank".into());
    store.put_resources(&[resource.clone(), resource.clone()], at(0, 1)).await.unwrap();
    store.put_resources(&[resource.clone()], at(0, 2)).await.unwrap();
    let changes = store.changes_after(0, 10).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].at, &changes[0].resource, &changes[0].what),
        (at(0, 1), &resource.id, &Changed::Tags)
    );
}

async fn only_what_is_judged_marks_a_row(backend: &Backend) {
    let store = &backend.store;
    let mut resource = image(&acme(), "web", "a");
    put(store, &resource, &["left-pad@good"], at(0, 0)).await;
    assert_eq!(store.marked().await.unwrap(), 1);
    settle(store, at(0, 0), &everything).await;
    assert_eq!(store.marked().await.unwrap(), 0);
    put(store, &resource, &["left-pad@good"], at(0, 1)).await;
    assert_eq!(store.marked().await.unwrap(), 0);
    let ResourceDetails::Image(details) = &mut resource.details else { panic!("an image") };
    details.uses_seen_at = Some(at(0, 2));
    store.put_resources(&[resource.clone()], at(0, 2)).await.unwrap();
    assert_eq!(store.marked().await.unwrap(), 0);
    resource.tags.clear();
    store.put_resources(&[resource.clone()], at(0, 3)).await.unwrap();
    assert_eq!(store.marked().await.unwrap(), 1);
    settle(store, at(0, 3), &everything).await;
    store.put_collected(&resource.id, ScanKind::Package, &collected(&[]), at(0, 4)).await.unwrap();
    assert_eq!(store.marked().await.unwrap(), 1);
    let unknown = image(&acme(), "web", "unknown").id;
    let answer = store.put_collected(&unknown, ScanKind::Package, &collected(&[]), at(0, 5)).await;
    assert!(matches!(answer, Err(StoreError::Conflict { .. })));
}

async fn inventories_come_back_and_are_stored_once(backend: &Backend) {
    let store = &backend.store;
    let mut expected = inventory(&["a@1", "a@1", "b@2", "c@\u{0}odd"]);
    expected.unread.push(yagura_model::Unread {
        path: yagura_model::TreePath::from_text("x").unwrap(),
        reason: UnreadReason::Truncated,
        detail: "ends early".into(),
    });
    for name in ["one", "two"] {
        let resource = image(&acme(), "web", name);
        store.put_resources(std::slice::from_ref(&resource), at(0, 0)).await.unwrap();
        assert_eq!(store.inventory(&resource.id).await.unwrap(), None);
        let brought = yagura_store::Collected::Packages { inventory: expected.clone(), kernel: None };
        store.put_collected(&resource.id, ScanKind::Package, &brought, at(0, 0)).await.unwrap();
        assert_eq!(store.inventory(&resource.id).await.unwrap().as_ref(), Some(&expected));
    }
    let gone = image(&acme(), "web", "one").id;
    store.remove_resources(std::slice::from_ref(&gone), at(1, 0)).await.unwrap();
    assert_eq!(store.inventory(&gone).await.unwrap(), None);
    store.sweep(at(1, 0)).await.unwrap();
    let stays = image(&acme(), "web", "two").id;
    assert_eq!(store.inventory(&stays).await.unwrap().as_ref(), Some(&expected));
    // What nobody holds any more is swept, and can come again.
    store.remove_resources(std::slice::from_ref(&stays), at(2, 0)).await.unwrap();
    store.sweep(at(2, 0)).await.unwrap();
    assert_eq!(store.put_advisories(&[advisory("a")]).await.unwrap(), 0);
    put(store, &image(&acme(), "web", "two"), &["a@1"], at(3, 0)).await;
    assert_eq!(store.put_advisories(&[advisory("a")]).await.unwrap(), 1);
}

async fn holders_are_found_by_name(backend: &Backend) {
    let store = &backend.store;
    put(store, &image(&acme(), "web", "one"), &["lodash@1", "lodash@2", "other@1"], at(0, 0)).await;
    put(store, &image(&acme(), "web", "two"), &["lodash@3"], at(0, 0)).await;
    put(store, &image(&home("444455556666"), "web", "three"), &["lodash@3"], at(0, 0)).await;
    let found = store.holders(&[acme()], Some("npm"), "lodash", 10).await.unwrap();
    let found: Vec<_> = found.iter().map(|(id, versions)| (&*id.name, versions.join(" "))).collect();
    assert_eq!(found, [("one", "1 2".to_owned()), ("two", "3".to_owned())]);
    assert_eq!(store.holders(&[acme()], None, "lodash", 1).await.unwrap().len(), 1);
    assert!(store.holders(&[acme()], Some("PyPI"), "lodash", 10).await.unwrap().is_empty());
    assert!(store.holders(&[acme()], None, "nothing", 10).await.unwrap().is_empty());
}

fn coverage(resource: &Resource, active: bool, reason: ScanReason, now: jiff::Timestamp) -> Coverage {
    Coverage {
        resource: resource.id.clone(),
        scan: ScanKind::Package,
        active,
        reason,
        mode: None,
        last_scanned_at: None,
        changed_at: now,
        unread: Vec::new(),
    }
}

async fn r177_coverage_is_listed_and_counted(backend: &Backend) {
    let store = &backend.store;
    let (one, two) = (image(&acme(), "web", "one"), image(&acme(), "shop", "two"));
    let three = instance(&acme(), "ami-1", "i-1");
    store.put_resources(&[one.clone(), two.clone(), three.clone()], at(0, 0)).await.unwrap();
    let mut entries = vec![
        coverage(&one, true, ScanReason::Successful, at(0, 0)),
        coverage(&two, false, ScanReason::ScanEligibilityExpired, at(0, 0)),
        coverage(&three, true, ScanReason::PendingInitialScan, at(0, 0)),
    ];
    entries[0].mode = Some(yagura_model::ScanMode::Ec2Agentless);
    store.put_coverage(&entries).await.unwrap();
    let changes = store.changes_after(0, 10).await.unwrap();
    assert_eq!(changes.len(), 3);
    assert!(changes.iter().any(|change| change.what == Changed::Coverage(Box::new(entries[0].clone()))));
    // The time of a scan alone is no news.
    entries[0].last_scanned_at = Some(at(0, 5));
    store.put_coverage(&entries).await.unwrap();
    assert_eq!(store.changes_after(0, 10).await.unwrap().len(), 3);

    let everywhere = Criteria::default();
    let mut seen = Vec::new();
    let mut page = PageRequest { limit: 2, after: None };
    loop {
        let answer = store.coverage(&[acme()], &everywhere, &page).await.unwrap();
        seen.extend(answer.items);
        page.after = answer.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 3);
    assert!(entries.iter().all(|entry| seen.iter().any(|row| row.coverage == *entry)));
    assert!(seen.iter().all(|row| row.resource.id == row.coverage.resource));
    let inactive = Criteria(vec![Criterion {
        field: Field::ScanStatusCode,
        tests: vec![Test::Equals("INACTIVE".into())],
    }]);
    let found = store.coverage(&[acme()], &inactive, &all()).await.unwrap().items;
    assert_eq!(found.iter().map(|row| &row.resource).collect::<Vec<_>>(), [&two]);
    let count = async |group| store.count_coverage(&[acme()], &everywhere, group).await.unwrap();
    let counts = |list: &[(&str, u64)]| -> Vec<(String, u64)> {
        list.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect()
    };
    assert_eq!(count(None).await, counts(&[("", 3)]));
    assert_eq!(count(Some(CoverageGroup::Status)).await, counts(&[("", 3), ("ACTIVE", 2), ("INACTIVE", 1)]));
    assert_eq!(
        count(Some(CoverageGroup::Kind)).await,
        counts(&[("", 3), ("AWS_EC2_INSTANCE", 1), ("AWS_ECR_CONTAINER_IMAGE", 2)])
    );
    assert_eq!(count(Some(CoverageGroup::Repository)).await, counts(&[("", 3), ("shop", 1), ("web", 1)]));
    assert_eq!(count(Some(CoverageGroup::Account)).await, counts(&[("", 3), ("111122223333", 3)]));
}

async fn r180_what_is_gone_says_so_until_swept(backend: &Backend) {
    let store = &backend.store;
    let resource = image(&acme(), "web", "one");
    enable(store, &acme()).await;
    put(store, &resource, &["x@bad"], at(0, 0)).await;
    store.put_coverage(&[coverage(&resource, true, ScanReason::Successful, at(0, 0))]).await.unwrap();
    settle(store, at(0, 0), &everything).await;
    store.remove_resources(std::slice::from_ref(&resource.id), at(1, 0)).await.unwrap();
    let entries = store.coverage(&[acme()], &Criteria::default(), &all()).await.unwrap().items;
    assert_eq!(entries[0].coverage.reason, ScanReason::ResourceTerminated);
    assert!(!entries[0].coverage.active);
    settle(store, at(1, 0), &everything).await;
    assert_eq!(store.sweep(at(3, 0)).await.unwrap(), 0);
    assert_eq!(store.coverage(&[acme()], &Criteria::default(), &all()).await.unwrap().items.len(), 1);
    assert_eq!(store.sweep(at(5, 0)).await.unwrap(), 1);
    assert!(store.coverage(&[acme()], &Criteria::default(), &all()).await.unwrap().items.is_empty());
}

async fn long_and_odd_texts_are_kept(backend: &Backend) {
    let store = &backend.store;
    let mut resource = image(&acme(), "web", &"n\u{0}é".repeat(3_000));
    resource.tags.insert("k".repeat(5_000), "v\u{0}".repeat(5_000));
    put(store, &resource, &[&format!("{}@bad", "x".repeat(9_000))], at(0, 0)).await;
    assert_eq!(store.resource(&resource.id).await.unwrap(), Some(resource.clone()));
    assert_eq!(settle(store, at(0, 0), &everything).await, 2);
    let findings = store.findings(&[acme()], &Criteria::default(), Default::default(), &all()).await.unwrap();
    assert_eq!(findings.items[0].resource, resource);
    let criterion = |test| Criteria(vec![Criterion { field: Field::ResourceTags, tests: vec![test] }]);
    for (value, count) in [("v\u{0}".repeat(5_000), 1), ("v\u{0}".repeat(4_999), 0)] {
        let criteria = criterion(Test::Tag("k".repeat(5_000), Some(value)));
        let found = store.findings(&[acme()], &criteria, Default::default(), &all()).await.unwrap();
        assert_eq!(found.items.len(), count);
    }
}
