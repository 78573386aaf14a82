//! Resources in, status and reason out. Every reason of R-179 that can occur is in one of these tests.

use super::*;
use crate::testing::{image as test_image, instance as test_instance, package};
use yagura_model::{
    Activation, Agent, AgentKind, CodeRepository, Configuration, Ec2Mode, Function, Image, ImageRepository,
    Instance, InstanceState, ResourceId, ResourceKind, ScanType, UseBy, Volume,
};

fn day(days: i64) -> Timestamp {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    start.checked_add(SignedDuration::from_hours(days * 24)).unwrap()
}

/// Everything was switched on 100 days before day 100.
fn account() -> Account {
    let mut account = Account::new(crate::testing::home());
    for scan in ScanType::ALL {
        let on = Activation { status: ActivationStatus::Enabled, since: day(0), trial_started: None };
        account.activations.insert(scan, on);
    }
    account
}

fn scanned() -> Looked {
    Looked {
        scanned_at: Some(day(99)),
        frequency: ScanFrequency::Continuous,
        connected: true,
        configured: true,
        ..Looked::default()
    }
}

fn unscanned() -> Looked {
    Looked { scanned_at: None, ..scanned() }
}

fn failed(reason: ScanReason) -> Looked {
    Looked { trouble: Some(reason), ..scanned() }
}

/// `ACTIVE SUCCESSFUL EC2_AGENTLESS`
fn said(coverage: &Coverage) -> String {
    let status = if coverage.active { "ACTIVE" } else { "INACTIVE" };
    let mode = coverage.mode.map(|mode| format!(" {}", mode.as_str())).unwrap_or_default();
    format!("{status} {}{mode}", coverage.reason.as_str())
}

fn ask(resource: &Resource, scan: ScanKind, account: &Account, looked: &Looked) -> String {
    coverage(resource, scan, account, looked, None, day(100)).map_or("-".to_owned(), |entry| said(&entry))
}

fn agent() -> Agent {
    Agent {
        kind: AgentKind::SystemsManager,
        online: true,
        last_seen: Some(day(100)),
        platform_name: "Ubuntu".into(),
        platform_version: "22.04".into(),
        version: None,
        inventory_at: Some(day(99)),
    }
}

fn volumes(count: usize, size: u32) -> Vec<Volume> {
    let volume = |index| Volume {
        id: format!("vol-{index}"),
        device: format!("/dev/xvd{index}"),
        size,
        root: index == 0,
        kms_key: None,
    };
    (0..count).map(volume).collect()
}

/// An instance with an agent and one volume, changed by the test.
fn instance(change: impl FnOnce(&mut Instance)) -> Resource {
    let mut details = Instance { agent: Some(agent()), volumes: volumes(1, 8), ..Instance::default() };
    change(&mut details);
    let mut resource = test_instance("i-1");
    resource.details = ResourceDetails::Instance(Box::new(details));
    resource
}

fn packages(change: impl FnOnce(&mut Instance), looked: &Looked) -> String {
    ask(&instance(change), ScanKind::Package, &account(), looked)
}

fn agent_only() -> Account {
    let configuration = Configuration { ec2_mode: Ec2Mode::Agent, ..Configuration::default() };
    Account { configuration, ..account() }
}

#[test]
fn r23_instances_with_a_working_agent_are_scanned_through_it() {
    assert_eq!(packages(|_| {}, &scanned()), "ACTIVE SUCCESSFUL EC2_SSM_AGENT_BASED");
    assert_eq!(packages(|_| {}, &unscanned()), "ACTIVE PENDING_INITIAL_SCAN EC2_SSM_AGENT_BASED");
    let running = Looked { running: true, ..unscanned() };
    assert_eq!(packages(|_| {}, &running), "ACTIVE SCAN_IN_PROGRESS EC2_SSM_AGENT_BASED");
    assert_eq!(
        packages(|_| {}, &failed(ScanReason::AccessDenied)),
        "INACTIVE ACCESS_DENIED EC2_SSM_AGENT_BASED"
    );
    assert_eq!(
        packages(|_| {}, &failed(ScanReason::InternalError)),
        "INACTIVE INTERNAL_ERROR EC2_SSM_AGENT_BASED"
    );
}

#[test]
fn r21_r28_instances_without_an_agent_are_scanned_through_snapshots_in_hybrid_mode() {
    let none = |one: &mut Instance| one.agent = None;
    assert_eq!(packages(none, &scanned()), "ACTIVE SUCCESSFUL EC2_AGENTLESS");
    assert_eq!(packages(none, &unscanned()), "ACTIVE PENDING_INITIAL_SCAN EC2_AGENTLESS");
    assert_eq!(
        ask(&instance(none), ScanKind::Package, &agent_only(), &scanned()),
        "INACTIVE UNMANAGED_EC2_INSTANCE"
    );
    // No root volume: nothing to take a snapshot of.
    let ephemeral = |one: &mut Instance| {
        one.agent = None;
        one.volumes.clear();
    };
    assert_eq!(packages(ephemeral, &scanned()), "INACTIVE UNMANAGED_EC2_INSTANCE");
}

#[test]
fn r28_eight_volumes_and_1200_gib_are_the_limit() {
    let with = |count, size| {
        move |one: &mut Instance| {
            one.agent = None;
            one.volumes = volumes(count, size);
        }
    };
    assert_eq!(packages(with(8, 150), &scanned()), "ACTIVE SUCCESSFUL EC2_AGENTLESS");
    let refused = "INACTIVE AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED EC2_AGENTLESS";
    assert_eq!(packages(with(9, 8), &scanned()), refused);
    assert_eq!(packages(with(1, 1201), &scanned()), refused);
}

#[test]
fn r28_troubles_of_snapshots_make_inactive() {
    let none = |one: &mut Instance| one.agent = None;
    for reason in [
        ScanReason::AccessDeniedToEncryptionKey,
        ScanReason::AgentlessInstanceCollectionTimeLimitExceeded,
        ScanReason::UnsupportedOs,
    ] {
        assert_eq!(packages(none, &failed(reason)), format!("INACTIVE {} EC2_AGENTLESS", reason.as_str()));
    }
}

#[test]
fn r34_inventories_are_missing_or_stale() {
    let at = |inventory_at| {
        let resource = instance(|one| one.agent = Some(Agent { inventory_at, ..agent() }));
        ask(&resource, ScanKind::Package, &agent_only(), &scanned())
    };
    assert_eq!(at(Some(day(93))), "ACTIVE SUCCESSFUL EC2_SSM_AGENT_BASED");
    assert_eq!(at(Some(day(92))), "INACTIVE STALE_INVENTORY EC2_SSM_AGENT_BASED");
    assert_eq!(at(None), "INACTIVE NO_INVENTORY EC2_SSM_AGENT_BASED");
    let stale = |one: &mut Instance| one.agent = Some(Agent { inventory_at: Some(day(1)), ..agent() });
    assert_eq!(packages(stale, &scanned()), "ACTIVE SUCCESSFUL EC2_AGENTLESS");
    // An agent that has just come up gets an hour.
    let fresh = |one: &mut Instance| {
        one.launched_at = Some(day(100));
        one.agent = Some(Agent { inventory_at: None, ..agent() });
    };
    assert_eq!(packages(fresh, &unscanned()), "ACTIVE PENDING_INITIAL_SCAN EC2_SSM_AGENT_BASED");
}

#[test]
fn r32_the_exclusion_tag_counts_in_any_case_and_with_any_value() {
    for key in ["InspectorEc2Exclusion", "inspectorec2exclusion", "INSPECTOREC2EXCLUSION"] {
        let mut resource = instance(|one| one.state = InstanceState::Stopped);
        resource.tags.insert(key.to_owned(), "no".to_owned());
        for scan in [ScanKind::Package, ScanKind::Network] {
            assert_eq!(ask(&resource, scan, &account(), &scanned()), "INACTIVE EXCLUDED_BY_TAG");
        }
    }
}

#[test]
fn r33_r51_stopped_instances_pause() {
    let resource = instance(|one| one.state = InstanceState::Stopped);
    for scan in [ScanKind::Package, ScanKind::Network] {
        assert_eq!(ask(&resource, scan, &account(), &scanned()), "INACTIVE EC2_INSTANCE_STOPPED");
    }
    let gone = instance(|one| one.state = InstanceState::Terminated);
    assert_eq!(ask(&gone, ScanKind::Package, &account(), &scanned()), "INACTIVE RESOURCE_TERMINATED");
}

#[test]
fn r39_deep_inspection_limits_keep_active() {
    for reason in [
        ScanReason::DeepInspectionPackageCollectionLimitExceeded,
        ScanReason::DeepInspectionDailySsmInventoryLimitExceeded,
        ScanReason::DeepInspectionCollectionTimeLimitExceeded,
        ScanReason::DeepInspectionNoInventory,
    ] {
        let expected = format!("ACTIVE {} EC2_SSM_AGENT_BASED", reason.as_str());
        assert_eq!(packages(|_| {}, &failed(reason)), expected);
    }
}

#[test]
fn r177_network_scans_need_no_agent() {
    let resource = instance(|one| one.agent = None);
    assert_eq!(ask(&resource, ScanKind::Network, &agent_only(), &scanned()), "ACTIVE SUCCESSFUL");
    assert_eq!(ask(&resource, ScanKind::Network, &account(), &unscanned()), "ACTIVE PENDING_INITIAL_SCAN");
    assert_eq!(ask(&resource, ScanKind::Code, &account(), &scanned()), "-");
}

#[test]
fn r206_operating_systems_by_the_names_of_their_agents() {
    let on = |name: &str, version: &str| {
        let told = Agent { platform_name: name.into(), platform_version: version.into(), ..agent() };
        packages(|one| one.agent = Some(told), &scanned())
    };
    for (name, version) in [
        ("Ubuntu", "22.04"),
        ("Amazon Linux", "2023"),
        ("Debian GNU/Linux", "12"),
        ("Red Hat Enterprise Linux", "9.4"),
        ("Rocky Linux", "9.3"),
        ("AlmaLinux", "9.3"),
        ("Oracle Linux Server", "9.3"),
        ("SLES", "15.7"),
        ("Fedora Linux", "43"),
        ("Bottlerocket", "1.20.0"),
    ] {
        assert_eq!(on(name, version), "ACTIVE SUCCESSFUL EC2_SSM_AGENT_BASED", "{name}");
    }
    // No advisories, or discontinued for more than twelve months.
    for (name, version) in [
        ("Microsoft Windows Server 2022 Datacenter", "10.0.20348"),
        ("macOS", "14.1"),
        ("Gentoo", "2.9"),
        ("CentOS Linux", "7"),
        ("Debian GNU/Linux", "10"),
    ] {
        assert_eq!(on(name, version), "INACTIVE UNSUPPORTED_OS", "{name}");
    }
}

#[test]
fn r27_machines_that_report_themselves() {
    let own = |beyond_aws| {
        move |one: &mut Instance| {
            one.beyond_aws = beyond_aws;
            one.agent = Some(Agent { kind: AgentKind::Own, ..agent() });
        }
    };
    assert_eq!(packages(own(false), &scanned()), "ACTIVE SUCCESSFUL EC2_INSPECTOR_AGENT_BASED");
    assert_eq!(packages(own(true), &scanned()), "ACTIVE SUCCESSFUL VM_INSPECTOR_AGENT_BASED");
    let silent = |one: &mut Instance| {
        one.beyond_aws = true;
        one.agent = None;
    };
    assert_eq!(packages(silent, &scanned()), "INACTIVE RESOURCE_UNMANAGED");
    let off = |one: &mut Instance| {
        one.beyond_aws = true;
        one.state = InstanceState::Stopped;
    };
    assert_eq!(packages(off, &scanned()), "INACTIVE RESOURCE_STOPPED");
}

// Images

fn image(change: impl FnOnce(&mut Image)) -> Resource {
    let mut resource = test_image("acme/web", &["1"]);
    let ResourceDetails::Image(details) = &mut resource.details else { panic!() };
    details.pushed_at = Some(day(95));
    change(details);
    resource
}

fn of_image(change: impl FnOnce(&mut Image), looked: &Looked) -> String {
    ask(&image(change), ScanKind::Package, &account(), looked)
}

#[test]
fn r58_images_are_monitored_while_pushed_or_used_lately() {
    let pushed = |days| move |one: &mut Image| one.pushed_at = Some(day(days));
    assert_eq!(of_image(pushed(86), &scanned()), "ACTIVE SUCCESSFUL");
    assert_eq!(of_image(pushed(86), &unscanned()), "ACTIVE PENDING_INITIAL_SCAN");
    assert_eq!(of_image(pushed(85), &scanned()), "INACTIVE SCAN_ELIGIBILITY_EXPIRED");
    let used = |one: &mut Image| {
        one.pushed_at = Some(day(1));
        one.last_in_use_at = Some(day(86));
    };
    assert_eq!(of_image(used, &scanned()), "ACTIVE SUCCESSFUL");
    let pulled = |one: &mut Image| {
        one.pushed_at = Some(day(1));
        one.pulled_at = Some(day(99));
    };
    assert_eq!(of_image(pulled, &scanned()), "INACTIVE SCAN_ELIGIBILITY_EXPIRED");
    let mut by_pull = account();
    by_pull.configuration.images.use_by = UseBy::Pull;
    assert_eq!(ask(&image(pulled), ScanKind::Package, &by_pull, &scanned()), "ACTIVE SUCCESSFUL");
    let mut lifetime = account();
    lifetime.configuration.images.push_days = None;
    assert_eq!(ask(&image(pushed(1)), ScanKind::Package, &lifetime, &scanned()), "ACTIVE SUCCESSFUL");
}

#[test]
fn r62_use_does_not_count_for_platforms_of_an_index() {
    let used = |one: &mut Image| {
        one.pushed_at = Some(day(1));
        one.last_in_use_at = Some(day(99));
        one.index = Some("sha256:00".into());
    };
    assert_eq!(of_image(used, &scanned()), "INACTIVE SCAN_ELIGIBILITY_EXPIRED");
}

#[test]
fn r55_images_pushed_long_before_the_activation_need_a_new_push() {
    let mut lifetime = account();
    lifetime.configuration.images.push_days = None;
    let pushed = |days| image(move |one: &mut Image| one.pushed_at = Some(day(days)));
    let ask = |days, looked: &Looked| ask(&pushed(days), ScanKind::Package, &lifetime, looked);
    assert_eq!(ask(-14, &unscanned()), "ACTIVE PENDING_INITIAL_SCAN");
    assert_eq!(ask(-15, &unscanned()), "INACTIVE SCAN_ELIGIBILITY_EXPIRED");
    assert_eq!(ask(-15, &scanned()), "ACTIVE SUCCESSFUL");
}

#[test]
fn r57_archived_images_are_not_scanned_until_they_come_back() {
    assert_eq!(of_image(|one| one.archived = true, &scanned()), "INACTIVE IMAGE_ARCHIVED");
    let back = |one: &mut Image| {
        one.pushed_at = Some(day(1));
        one.activated_at = Some(day(99));
    };
    assert_eq!(of_image(back, &scanned()), "ACTIVE SUCCESSFUL");
}

#[test]
fn r60_r61_only_a_push_or_use_brings_an_expired_image_back() {
    let mut account = account();
    let mut looked = Looked { scanned_at: Some(day(50)), ..scanned() };
    let expired = |account: &Account, looked: &Looked| {
        let resource = image(|one| one.pushed_at = Some(day(40)));
        coverage(&resource, ScanKind::Package, account, looked, None, day(60)).unwrap()
    };
    let old = expired(&account, &looked);
    assert_eq!(said(&old), "INACTIVE SCAN_ELIGIBILITY_EXPIRED");
    let next = |account: &Account, looked: &Looked, previous: &Coverage, now, change: fn(&mut Image)| {
        let resource = image(|one| {
            one.pushed_at = Some(day(40));
            change(one);
        });
        coverage(&resource, ScanKind::Package, account, looked, Some(previous), now).unwrap()
    };
    // a longer window alone does not.
    account.configuration.images.push_days = Some(90);
    assert_eq!(said(&next(&account, &looked, &old, day(61), |_| {})), "INACTIVE SCAN_ELIGIBILITY_EXPIRED");
    for change in [
        (|one: &mut Image| one.pushed_at = Some(day(62))) as fn(&mut Image),
        |one| one.pulled_at = Some(day(62)),
        |one| one.last_in_use_at = Some(day(62)),
    ] {
        let revived = next(&account, &looked, &old, day(63), change);
        assert_eq!(said(&revived), "ACTIVE PENDING_REVIVAL_SCAN");
        assert!(due(&image(|_| {}), &revived, day(63)));
        let waiting = next(&account, &looked, &revived, day(64), change);
        assert_eq!((said(&waiting).as_str(), waiting.changed_at), ("ACTIVE PENDING_REVIVAL_SCAN", day(63)));
        looked.scanned_at = Some(day(64));
        assert_eq!(said(&next(&account, &looked, &waiting, day(65), change)), "ACTIVE SUCCESSFUL");
        looked.scanned_at = Some(day(50));
    }
}

#[test]
fn r56_on_push_images_are_scanned_once() {
    let on_push = |looked: Looked| Looked { frequency: ScanFrequency::OnPush, ..looked };
    assert_eq!(of_image(|_| {}, &on_push(unscanned())), "ACTIVE PENDING_INITIAL_SCAN");
    assert_eq!(of_image(|_| {}, &on_push(scanned())), "INACTIVE SCAN_FREQUENCY_SCAN_ON_PUSH");
    let old = |one: &mut Image| one.pushed_at = Some(day(85));
    assert_eq!(of_image(old, &on_push(scanned())), "INACTIVE SCAN_ELIGIBILITY_EXPIRED");
    let manual = Looked { frequency: ScanFrequency::Manual, ..scanned() };
    assert_eq!(of_image(|_| {}, &manual), "INACTIVE SCAN_FREQUENCY_MANUAL");
}

#[test]
fn r64_only_image_manifests_are_read() {
    let media = |kind: &str| {
        let kind = kind.to_owned();
        of_image(move |one| one.media_type = Some(kind), &scanned())
    };
    assert_eq!(media("application/vnd.oci.image.manifest.v1+json"), "ACTIVE SUCCESSFUL");
    assert_eq!(media("application/vnd.docker.distribution.manifest.v2+json"), "ACTIVE SUCCESSFUL");
    for kind in [
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.oci.image.index.v1+json",
    ] {
        assert_eq!(media(kind), "INACTIVE UNSUPPORTED_MEDIA_TYPE", "{kind}");
    }
}

#[test]
fn r66_troubles_of_images() {
    for reason in [
        ScanReason::UnsupportedOs,
        ScanReason::AccessDenied,
        ScanReason::InternalError,
        ScanReason::InvalidArtifact,
        ScanReason::StorageLimitExceeded,
        ScanReason::ExtractionCollectionTimeLimitExceeded,
    ] {
        assert_eq!(of_image(|_| {}, &failed(reason)), format!("INACTIVE {}", reason.as_str()));
    }
}

#[test]
fn r66_an_inventory_of_an_unknown_os_alone_is_unsupported() {
    let of = |packages: &[&str]| {
        let packages = packages.iter().map(|text| package(text)).collect();
        super::trouble(&yagura_model::Inventory { packages, ..Default::default() })
    };
    assert_eq!(of(&["opkg busybox 1"]), Some(ScanReason::UnsupportedOs));
    assert_eq!(of(&["opkg busybox 1", "npm a 1"]), None);
    assert_eq!(of(&["Debian:12 bash 5"]), None);
    assert_eq!(of(&[]), None);
}

#[test]
fn r53_r54_frequencies_come_from_the_rules_of_the_registry() {
    let rule = |frequency, filters: &[&str]| RegistryRule {
        frequency,
        filters: filters.iter().map(|filter| (*filter).to_owned()).collect(),
    };
    let rules =
        [rule(ScanFrequency::OnPush, &["*"]), rule(ScanFrequency::Continuous, &["prod", "acme/*-api"])];
    assert_eq!(frequency(&rules, "acme/production"), ScanFrequency::Continuous);
    assert_eq!(frequency(&rules, "acme/web-api"), ScanFrequency::Continuous);
    assert_eq!(frequency(&rules, "acme/web-api2"), ScanFrequency::OnPush);
    assert_eq!(frequency(&rules[1..], "acme/web"), ScanFrequency::Manual);
    assert_eq!(frequency(&[], "acme/web"), ScanFrequency::Continuous);
    for (filter, name, fits) in [
        ("a*b*c", "a1b2c", true),
        ("a*b*c", "abc", true),
        ("a*b*c", "acb", false),
        ("a*a", "a", false),
        ("*", "", true),
        ("", "anything", true),
        ("web", "acme/web/x", true),
    ] {
        let rules = [rule(ScanFrequency::OnPush, &[filter])];
        assert_eq!(frequency(&rules, name) == ScanFrequency::OnPush, fits, "{filter} {name}");
    }
}

#[test]
fn r66_repositories_have_reasons_of_their_own() {
    let said = |frequency, looked: &Looked| {
        let details =
            ResourceDetails::ImageRepository(ImageRepository { name: "acme/web".into(), frequency });
        let id = ResourceId {
            home: crate::testing::home(),
            kind: ResourceKind::ImageRepository,
            name: "arn:aws:ecr:eu-central-1:111122223333:repository/acme/web".into(),
        };
        let resource = Resource { id, tags: Default::default(), details };
        ask(&resource, ScanKind::Package, &account(), looked)
    };
    assert_eq!(said(ScanFrequency::Continuous, &unscanned()), "ACTIVE SUCCESSFUL");
    assert_eq!(said(ScanFrequency::Manual, &unscanned()), "INACTIVE SCAN_FREQUENCY_MANUAL");
    assert_eq!(said(ScanFrequency::OnPush, &failed(ScanReason::AccessDenied)), "INACTIVE ACCESS_DENIED");
    assert_eq!(said(ScanFrequency::OnPush, &failed(ScanReason::InvalidArtifact)), "INACTIVE INTERNAL_ERROR");
}

// Functions

fn function(change: impl FnOnce(&mut Function)) -> Resource {
    let mut details = Function {
        name: "orders".into(),
        runtime: Some("python3.12".into()),
        version: "$LATEST".into(),
        last_modified: Some(day(90)),
        ..Function::default()
    };
    change(&mut details);
    Resource {
        id: ResourceId {
            home: crate::testing::home(),
            kind: ResourceKind::Function,
            name: "arn:aws:lambda:eu-central-1:111122223333:function:orders:$LATEST".into(),
        },
        tags: Default::default(),
        details: ResourceDetails::Function(Box::new(details)),
    }
}

fn of_function(change: impl FnOnce(&mut Function), scan: ScanKind) -> String {
    ask(&function(change), scan, &account(), &scanned())
}

#[test]
fn r71_r74_functions_are_scanned_while_they_are_invoked_or_changed() {
    assert_eq!(of_function(|_| {}, ScanKind::Package), "ACTIVE SUCCESSFUL");
    let idle = |one: &mut Function| one.last_modified = Some(day(9));
    assert_eq!(of_function(idle, ScanKind::Package), "INACTIVE SCAN_ELIGIBILITY_EXPIRED");
    let invoked = |one: &mut Function| {
        one.last_modified = Some(day(1));
        one.last_invoked = Some(day(10));
    };
    assert_eq!(of_function(invoked, ScanKind::Package), "ACTIVE SUCCESSFUL");
}

#[test]
fn r75_functions_under_a_customers_key_are_not_scanned_by_either_type() {
    for scan in [ScanKind::Package, ScanKind::Code] {
        let said = of_function(|one| one.kms_key = Some("arn:aws:kms:…".into()), scan);
        assert_eq!(said, "INACTIVE ACCESS_DENIED_TO_ENCRYPTION_KEY");
    }
}

#[test]
fn r76_each_scan_type_has_its_exclusion_tag() {
    let mut resource = function(|_| {});
    resource.tags.insert("InspectorExclusion".into(), "LambdaStandardScanning".into());
    let said = |resource: &Resource, scan| ask(resource, scan, &account(), &scanned());
    assert_eq!(said(&resource, ScanKind::Package), "INACTIVE EXCLUDED_BY_TAG");
    assert_eq!(said(&resource, ScanKind::Code), "ACTIVE SUCCESSFUL");
    resource.tags = [("InspectorCodeExclusion".to_owned(), "LambdaCodeScanning".to_owned())].into();
    assert_eq!(said(&resource, ScanKind::Package), "ACTIVE SUCCESSFUL");
    assert_eq!(said(&resource, ScanKind::Code), "INACTIVE EXCLUDED_BY_TAG");
    resource.tags = [("InspectorExclusion".to_owned(), "yes".to_owned())].into();
    assert_eq!(said(&resource, ScanKind::Package), "ACTIVE SUCCESSFUL");
}

#[test]
fn r79_r213_r214_runtimes_and_artifacts() {
    let runtime = |name: &str, scan| {
        let name = name.to_owned();
        of_function(move |one| one.runtime = Some(name), scan)
    };
    assert_eq!(runtime("provided.al2023", ScanKind::Package), "ACTIVE SUCCESSFUL");
    assert_eq!(runtime("provided.al2023", ScanKind::Code), "INACTIVE UNSUPPORTED_RUNTIME");
    assert_eq!(runtime("python2.7", ScanKind::Package), "INACTIVE UNSUPPORTED_RUNTIME");
    let container = |one: &mut Function| {
        one.image = true;
        one.runtime = None;
    };
    assert_eq!(of_function(container, ScanKind::Package), "INACTIVE UNSUPPORTED_CODE_ARTIFACTS");
    let looked = failed(ScanReason::UnsupportedLanguage);
    assert_eq!(ask(&function(|_| {}), ScanKind::Code, &account(), &looked), "INACTIVE UNSUPPORTED_LANGUAGE");
}

#[test]
fn r73_functions_are_looked_at_again_after_a_deployment() {
    let entry = |resource: &Resource| {
        coverage(resource, ScanKind::Package, &account(), &scanned(), None, day(100)).unwrap()
    };
    let unchanged = function(|_| {});
    assert!(!due(&unchanged, &entry(&unchanged), day(100)));
    let deployed = function(|one| one.last_modified = Some(day(100)));
    assert!(due(&deployed, &entry(&deployed), day(100)));
}

// Code repositories, activation, times

#[test]
fn r89_r90_projects_need_an_integration_and_a_configuration() {
    let resource = Resource {
        id: ResourceId {
            home: crate::testing::home(),
            kind: ResourceKind::CodeRepository,
            name: "project-1".into(),
        },
        tags: Default::default(),
        details: ResourceDetails::CodeRepository(CodeRepository {
            project: "acme/shop".into(),
            integration: String::new(),
            provider: "GITHUB".into(),
            visibility: None,
            commit: None,
        }),
    };
    let said = |looked: &Looked| ask(&resource, ScanKind::Code, &account(), looked);
    assert_eq!(said(&scanned()), "ACTIVE SUCCESSFUL");
    assert_eq!(said(&Looked { configured: false, ..scanned() }), "INACTIVE NO_SCAN_CONFIGURATION_ASSOCIATED");
    assert_eq!(said(&Looked { connected: false, ..scanned() }), "INACTIVE INTEGRATION_CONNECTION_LOST");
}

#[test]
fn r13_scan_types_that_are_off_cover_nothing() {
    let mut account = account();
    let resource = instance(|_| {});
    account.activations.get_mut(&ScanType::Ec2).unwrap().status = ActivationStatus::Disabling;
    assert_eq!(ask(&resource, ScanKind::Package, &account, &scanned()), "INACTIVE PENDING_DISABLE");
    account.activations.get_mut(&ScanType::Ec2).unwrap().status = ActivationStatus::Disabled;
    assert_eq!(ask(&resource, ScanKind::Package, &account, &scanned()), "-");
}

#[test]
fn the_time_of_change_is_that_of_status_and_reason() {
    let resource = instance(|_| {});
    let first = coverage(&resource, ScanKind::Package, &account(), &unscanned(), None, day(98)).unwrap();
    let same =
        coverage(&resource, ScanKind::Package, &account(), &unscanned(), Some(&first), day(99)).unwrap();
    assert_eq!(same, first);
    let then = coverage(&resource, ScanKind::Package, &account(), &scanned(), Some(&same), day(100)).unwrap();
    assert_eq!(then.changed_at, day(100));
    let gone = terminated(&then, day(101));
    assert_eq!(
        (said(&gone).as_str(), gone.changed_at),
        ("INACTIVE RESOURCE_TERMINATED EC2_SSM_AGENT_BASED", day(101))
    );
}

#[test]
fn r25_r29_r41_intervals_by_mode() {
    let hours = |resource: &Resource, scan, hours: i64| {
        let looked = Looked { scanned_at: Some(day(100)), ..scanned() };
        let entry = coverage(resource, scan, &account(), &looked, None, day(100)).unwrap();
        due(resource, &entry, day(100).checked_add(SignedDuration::from_hours(hours)).unwrap())
    };
    let agent = instance(|_| {});
    assert!(!hours(&agent, ScanKind::Package, 0) && hours(&agent, ScanKind::Package, 1));
    let agentless = instance(|one| one.agent = None);
    assert!(!hours(&agentless, ScanKind::Package, 23) && hours(&agentless, ScanKind::Package, 24));
    assert!(!hours(&agent, ScanKind::Network, 11) && hours(&agent, ScanKind::Network, 12));
    assert!(!hours(&image(|one| one.pushed_at = Some(day(99))), ScanKind::Package, 9999));
    let excluded = instance(|one| one.state = InstanceState::Stopped);
    assert!(!hours(&excluded, ScanKind::Package, 9999));
}
