//! What `acme` has is found, all of it and nothing else.

use crate::testbed::Testbed;
use crate::{alone, aws, calm, control, prod, watched};
use serde_json::json;
use std::io::Read;
use yagura_cloud::collect::ec2::Ec2;
use yagura_cloud::collect::ecr::Ecr;
use yagura_cloud::collect::lambda::Lambda;
use yagura_cloud::collect::organization::organization;
use yagura_cloud::collect::usage::usage;
use yagura_cloud::collect::{Collector, Evidence, Reported, events, ssm};
use yagura_fs::{EntryKind, Flow, Limits, Tree};
use yagura_model::{
    Function, Image, Instance, InstanceState, Resource, ResourceDetails, ResourceKind, ScanFrequency,
};

fn instance(resource: &Resource) -> &Instance {
    match &resource.details {
        ResourceDetails::Instance(instance) => instance,
        _ => panic!("not an instance"),
    }
}

fn image(resource: &Resource) -> Option<&Image> {
    match &resource.details {
        ResourceDetails::Image(image) => Some(image),
        _ => None,
    }
}

fn function(resource: &Resource) -> &Function {
    match &resource.details {
        ResourceDetails::Function(function) => function,
        _ => panic!("not a function"),
    }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_with_state_tags_addresses_volumes_and_agents() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let place = prod(testbed).await;
    let found = Ec2::default().discover(&place, now()).await.unwrap();
    assert!(found.gaps.is_empty(), "{:?}", found.gaps);
    let names = ["app-1", "bastion", "batch-1", "db-1", "legacy-1", "old-1", "web-1"];
    let mut shown = Vec::new();
    for name in names {
        let resource = found.resources.iter().find(|found| &*found.id.name == testbed.id(name)).unwrap();
        assert_eq!(resource.tags["Name"], name);
        let about = instance(resource);
        let agent = about.agent.as_ref().map_or("no agent".to_owned(), |agent| {
            assert!(agent.online && agent.last_seen.is_some());
            format!("{} {}", agent.platform_name, agent.platform_version)
        });
        let sizes: Vec<String> = about
            .volumes
            .iter()
            .map(|volume| {
                format!("{}={}{}", volume.device, volume.size, if volume.root { " root" } else { "" })
            })
            .collect();
        let addresses = (about.ipv4.len(), about.ipv6.len());
        shown.push(format!("{name} {:?} {agent}, {} {addresses:?}", about.state, sizes.join(", ")));
        assert!(about.vpc.is_some() && about.subnet.is_some() && about.launched_at.is_some());
    }
    insta::assert_snapshot!(shown.join("\n"));
    assert_eq!(found.resources.len(), names.len());
    let bastion = found.resources.iter().find(|found| &*found.id.name == testbed.id("bastion")).unwrap();
    assert_eq!(bastion.tags["InspectorEc2Exclusion"], "true");
    assert!(found.resources.iter().any(|found| instance(found).state == InstanceState::Stopped));
}

#[tokio::test(flavor = "multi_thread")]
async fn inventories_of_agents() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let place = prod(testbed).await;
    let found = Ec2::default().discover(&place, now()).await.unwrap();
    for (name, platform, package, version, source) in [
        ("web-1", "ubuntu 22.04", "libssl3", "3.0.2-0ubuntu1.10", None),
        ("app-1", "amzn 2023", "openssl-libs", "1:3.0.8-1.amzn2023.0.3", Some("openssl")),
    ] {
        let resource = found.resources.iter().find(|found| &*found.id.name == testbed.id(name)).unwrap();
        let Evidence::Reported(reported) = Ec2::default().collect(&place, resource).await.unwrap() else {
            panic!("{name} reports nothing");
        };
        let told = reported.platform.as_ref().map(|found| format!("{} {}", found.id, found.version));
        assert_eq!(told.as_deref(), Some(platform));
        assert!(reported.captured_at.is_some() && reported.unread.is_empty());
        let found = reported.packages.iter().find(|found| found.name == package).unwrap();
        assert_eq!(found.version, version);
        assert_eq!(found.source.as_ref().map(|source| source.name.as_str()), source);
    }
    let silent = found.resources.iter().find(|found| &*found.id.name == testbed.id("legacy-1")).unwrap();
    let Evidence::Reported(reported) = Ec2::default().collect(&place, silent).await.unwrap() else {
        panic!("an instance without an agent reports nothing, which is no error");
    };
    assert_eq!(*reported, Reported::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn r38_language_packages_that_a_plugin_sent() {
    let Some(testbed) = Testbed::get() else { return };
    let _alone = alone().await;
    let place = prod(testbed).await;
    let id = testbed.id("db-1");
    let script = testbed.home.join("put_inventory.py");
    let code = format!(
        "import boto3\nboto3.client('ssm', endpoint_url='{}', region_name='us-east-1', aws_access_key_id='{}', aws_secret_access_key='x')\
         .put_inventory(InstanceId='{id}', Items=[{{'TypeName': 'Custom:DeepInspection', 'SchemaVersion': '1.0', 'CaptureTime': '2026-01-02T03:04:05Z', \
         'Content': [{{'Name': 'requests', 'Version': '2.19.1', 'Language': 'python', 'Path': '/usr/lib/python3/requests'}}]}}])\n",
        testbed.endpoint,
        testbed.account("prod"),
    );
    std::fs::write(&script, code).unwrap();
    let python = testbed.home.join("venv/bin/python");
    assert!(std::process::Command::new(python).arg(script).status().unwrap().success());
    let found = Ec2::default().discover(&place, now()).await.unwrap();
    let resource = found.resources.iter().find(|found| &*found.id.name == id).unwrap();
    let collector = Ec2 { language_types: vec!["Custom:DeepInspection".into()] };
    let Evidence::Reported(reported) = collector.collect(&place, resource).await.unwrap() else { panic!() };
    assert!(reported.deep_captured_at.is_some());
    let package = reported.packages.iter().find(|package| package.ecosystem.as_str() == "PyPI").unwrap();
    assert_eq!((package.name.as_str(), package.version.as_str()), ("requests", "2.19.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_an_inventory_association_for_all_is_reused() {
    let Some(testbed) = Testbed::get() else { return };
    let _alone = alone().await;
    let place = prod(testbed).await;
    assert!(!ssm::collect_inventory(&place.aws).await.unwrap());
    let other = aws(testbed, testbed.account("security"));
    assert!(ssm::collect_inventory(&other).await.unwrap());
    assert!(!ssm::collect_inventory(&other).await.unwrap());
    assert!(ssm::stop_collecting(&other).await.unwrap());
    assert!(!ssm::stop_collecting(&other).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn images_with_times_tags_and_the_index_that_holds_them() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let place = prod(testbed).await;
    let collector = Ecr::default();
    let found = collector.discover(&place, now()).await.unwrap();
    assert!(found.gaps.is_empty(), "{:?}", found.gaps);
    let mut shown: Vec<String> = found
        .resources
        .iter()
        .filter_map(image)
        .map(|image| {
            let days = (now() - image.pushed_at.unwrap()).as_hours() / 24;
            let index = if image.index.is_some() { " of an index" } else { "" };
            let architecture = image.architecture.as_deref().unwrap_or("?");
            format!(
                "{} {:?} {architecture} {}{index}",
                image.repository,
                image.tags,
                if days >= 39 { "old" } else { "new" }
            )
        })
        .collect();
    shown.sort();
    insta::assert_snapshot!(shown.join("\n"));
    let repositories = found.resources.iter().filter(|found| found.id.kind == ResourceKind::ImageRepository);
    for repository in repositories {
        let ResourceDetails::ImageRepository(details) = &repository.details else { panic!() };
        assert_eq!(details.frequency, ScanFrequency::Continuous);
    }
    let web =
        found.resources.iter().find(|found| image(found).is_some_and(|image| image.tags == ["1.1"])).unwrap();
    let expected = format!(
        "arn:aws:ecr:us-east-1:{}:repository/acme/web/{}",
        testbed.account("prod"),
        image(web).unwrap().digest
    );
    assert_eq!(&*web.id.name, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_of_every_image_are_read() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let place = prod(testbed).await;
    let collector = Ecr::default();
    let found = collector.discover(&place, now()).await.unwrap();
    let mut shown = Vec::new();
    for resource in found.resources.iter().filter(|found| found.id.kind == ResourceKind::Image) {
        let Evidence::Image(open) = collector.collect(&place, resource).await.unwrap() else { panic!() };
        let about = image(resource).unwrap();
        assert_eq!(open.image.digest.as_ref().map(|digest| digest.as_str()), Some(about.digest.as_str()));
        let platform = open.image.platform.to_string();
        let read = tokio::task::spawn_blocking(move || {
            let mut files = 0;
            for layer in &open.image.layers {
                let mut unread = Vec::new();
                open.tree(layer)
                    .walk(&Limits::default(), &mut unread, &mut |entry| {
                        files += u32::from(matches!(entry.kind, EntryKind::File(_)));
                        Flow::Continue
                    })
                    .unwrap();
                assert!(unread.is_empty());
            }
            (open.image.layers.len(), files > 0)
        });
        shown.push(format!("{} {:?} {platform} {:?}", about.repository, about.tags, read.await.unwrap()));
    }
    shown.sort();
    insta::assert_snapshot!(shown.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r63_images_that_run_are_in_use() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let place = prod(testbed).await;
    let found = usage(&place, now()).await.unwrap();
    assert!(found.gaps.is_empty(), "{:?}", found.gaps);
    let (name, uses) = found.images.first_key_value().unwrap();
    assert_eq!((name.registry.as_str(), name.repository.as_str()), (testbed.account("prod"), "acme/web"));
    assert_eq!((found.images.len(), uses.len(), uses[0].running), (1, 1, 1));
    assert!(uses[0].cluster.ends_with(":cluster/prod"));
    let images = Ecr::default().discover(&place, now()).await.unwrap();
    assert!(images.resources.iter().filter_map(image).any(|image| image.digest == name.digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_with_layers_tags_keys_and_last_invocation() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let place = prod(testbed).await;
    let found = Lambda.discover(&place, now()).await.unwrap();
    assert!(found.gaps.is_empty(), "{:?}", found.gaps);
    let shown: Vec<String> = found
        .resources
        .iter()
        .map(|resource| {
            let about = function(resource);
            assert!(resource.id.name.ends_with(&format!(":function:{}:$LATEST", about.name)));
            assert!(about.last_modified.is_some() && !about.code_sha256.is_empty());
            let layers: Vec<&str> =
                about.layers.iter().filter_map(|layer| layer.split(":layer:").nth(1)).collect();
            format!(
                "{} {:?} {layers:?} key={} invoked={} {:?}",
                about.name,
                about.runtime,
                about.kms_key.is_some(),
                about.last_invoked.is_some(),
                resource.tags
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r120_code_and_layers_of_functions_are_archives_of_their_own() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let place = prod(testbed).await;
    let found = Lambda.discover(&place, now()).await.unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut shown = Vec::new();
    let functions = ["notify", "report"];
    for resource in found.resources.iter().filter(|found| functions.contains(&function(found).name.as_str()))
    {
        let Evidence::Archives(archives) = Lambda.collect(&place, resource).await.unwrap() else { panic!() };
        for archive in archives {
            let tree = archive.open(scratch.path()).await.unwrap();
            let mut names = Vec::new();
            let mut unread = Vec::new();
            tree.walk(&Limits::default(), &mut unread, &mut |entry| {
                if let EntryKind::File(file) = entry.kind {
                    let mut bytes = Vec::new();
                    file.reader().read_to_end(&mut bytes).unwrap();
                    names.push(entry.path.to_string());
                }
                Flow::Continue
            })
            .unwrap();
            let layer = archive.layer.as_ref().map(|layer| layer.as_str().rsplit(":layer:").next().unwrap());
            for path in [
                "node_modules/minimist/package.json",
                "node_modules/lodash/package.json",
                "lib/log4j-core-2.14.1.jar",
            ] {
                if names.iter().any(|name| name == path) {
                    shown.push(format!("{} {} {path}", function(resource).name, layer.unwrap_or("code")));
                }
            }
        }
    }
    let expected = [
        "notify code node_modules/minimist/package.json",
        "notify common-js:1 node_modules/lodash/package.json",
        "report code lib/log4j-core-2.14.1.jar",
    ];
    assert_eq!(shown, expected);
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r199_the_organization_names_its_members_and_its_administrator() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let found = organization(&aws(testbed, testbed.account("management"))).await.unwrap().unwrap();
    assert_eq!(found.management.as_str(), testbed.account("management"));
    assert_eq!(found.administrator.as_ref().map(|id| id.as_str()), Some(testbed.account("security")));
    let names: Vec<(&str, bool)> =
        found.members.iter().map(|one| (one.account.as_str(), one.active)).collect();
    for name in ["management", "security", "prod"] {
        assert!(names.contains(&(testbed.account(name), true)), "{names:?}");
    }
    // An account without an organization.
    assert_eq!(organization(&aws(testbed, "999988887777")).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_external_id_and_a_wrong_account_are_refused() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let service = aws(testbed, testbed.account("security"));
    let error = watched(testbed, "wrong").places(&service).await.err().unwrap();
    assert!(error.is_denied(), "{error}");
    assert!(error.hint().unwrap().contains("external id"), "{error}");
    let mut other = watched(testbed, "");
    other.role = None;
    let error = other.places(&service).await.err().unwrap();
    assert!(error.to_string().contains("are of account"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_the_queue_are_nudges() {
    let Some(testbed) = Testbed::get() else { return };
    let _alone = alone().await;
    let place = prod(testbed).await;
    let queue = format!("{}/{}/testbed-events", testbed.endpoint, testbed.account("prod"));
    let event = json!({"account": testbed.account("prod"), "source": "aws.ecr", "detail-type": "ECR Image Action",
        "detail": {"action-type": "PUSH", "result": "SUCCESS", "repository-name": "acme/new", "image-digest": "sha256:0"}});
    control(testbed, "emit", event).await;
    let mut nudges = Vec::new();
    loop {
        let messages = events::receive(&place, &queue).await.unwrap();
        if messages.is_empty() {
            break;
        }
        nudges.extend(messages.iter().filter_map(|message| message.nudge.clone()));
        events::acknowledge(&place.aws, &queue, &messages).await.unwrap();
        // The queue is drained once the event that was just sent has come.
        if nudges.iter().any(|nudge| nudge.name.as_deref() == Some("acme/new")) {
            break;
        }
    }
    for (kind, name) in [
        (ResourceKind::Image, "acme/new"),
        (ResourceKind::Image, "acme/web"),
        (ResourceKind::Function, "orders"),
        (ResourceKind::Instance, testbed.id("web-1")),
    ] {
        let told = nudges.iter().any(|nudge| nudge.kind == kind && nudge.name.as_deref() == Some(name));
        assert!(told, "{kind:?} {name} is not among {} nudges", nudges.len());
    }
    assert!(nudges.iter().all(|nudge| nudge.home == place.home));
}
