//! Formats whose files stand alone: what is well written has no findings, what is not read is said, suppressions hold.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use yagura_model::{CodeDetection, TreePath, Unread, UnreadReason};
use yagura_rules::config::Documents;
use yagura_rules::{RuleSet, Scan};

fn judged(name: &str, text: &str) -> (Vec<CodeDetection>, Vec<Unread>) {
    let rules = RuleSet::built_in().unwrap();
    let mut documents = Documents::default();
    documents.add(&TreePath::from_text(name).unwrap(), text.as_bytes());
    Scan::new(&rules, &["config".to_owned()]).documents(&documents)
}

/// Rules, addresses and lines of what is not suppressed.
fn found(name: &str, text: &str) -> Vec<String> {
    let (found, unread) = judged(name, text);
    assert_eq!(unread, []);
    let open = found.into_iter().filter(|one| one.suppressed.is_none());
    open.map(|one| {
        let (first, last) = one.cause.lines;
        format!("{} {} {first}-{last}", one.cause.rule, one.excerpt)
    })
    .collect()
}

const HARDENED: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop}
spec:
  template:
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: web
          image: registry.example.com/web:1.4@sha256:0f6b8c9d2e4a61375f0e7a9c3d5b1e8f2a4c6d8e0f1a3b5c7d9e1f3a5b7c9d1e
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          resources:
            requests: {cpu: 100m, memory: 64Mi}
            limits: {cpu: 500m, memory: 128Mi}
";

#[test]
fn a_hardened_workload_has_no_findings() {
    assert_eq!(found("deploy.yaml", HARDENED), Vec::<String>::new());
    let list =
        format!("apiVersion: v1\nkind: List\nitems:\n  - {}", HARDENED.trim_end().replace('\n', "\n    "));
    assert_eq!(found("list.yaml", &list), Vec::<String>::new());
}

#[test]
fn every_document_and_every_workload_is_looked_at() {
    let bad = HARDENED.replace("readOnlyRootFilesystem: true", "privileged: true");
    let text = format!("{HARDENED}---\n{bad}");
    let rules = found("all.yaml", &text);
    assert_eq!(
        rules,
        [
            "k8s-privileged Deployment.shop.shop/web 29-37",
            "k8s-read-only-root Deployment.shop.shop/web 29-37"
        ]
    );
    let cron = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          hostPID: true\n";
    assert!(found("cron.yaml", cron).contains(&"k8s-host-pid CronJob.c 9-9".to_owned()));
    let json = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"hostIPC": true}}"#;
    assert!(found("pod.json", json).iter().any(|one| one.starts_with("k8s-host-ipc Pod.p")));
}

#[test]
fn suppressions_of_manifests_hold() {
    let pod = |annotation: &str, comment: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: {{{annotation}}}\nspec:\n  # {comment}\n  hostPID: true\n"
        )
    };
    let is_open = |text: &str| found("p.yaml", text).iter().any(|one| one.starts_with("k8s-host-pid"));
    assert!(is_open(&pod("", "")));
    assert!(!is_open(&pod("checkov.io/skip1: CKV_K8S_17=an agent", "")));
    assert!(!is_open(&pod("", "yagura:ignore k8s-host-pid an agent")));
    assert!(!is_open(&pod("", "checkov:skip=CKV_K8S_17:an agent")));
}

#[test]
fn templates_are_left_out_and_filled_in_values_are_unknown() {
    let template =
        "apiVersion: v1\nkind: Pod\nspec:\n  {{- if .Values.pid }}\n  hostPID: true\n  {{- end }}\n";
    let odd = "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: {{ .Values.pid }}\n";
    for text in [template, odd] {
        let (found, unread) = judged("templates/pod.yaml", text);
        assert_eq!((found.len(), unread[0].reason), (0, UnreadReason::LeftOut));
    }
    let filled = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: \"{{ pid }}\"\n  hostIPC: ${IPC}\n";
    assert!(!found("p.yaml", filled).iter().any(|one| one.contains("host-")));
}

#[test]
fn hostile_files_end() {
    let deep = format!("apiVersion: v1\nkind: Pod\nspec: {}", "[".repeat(100_000));
    assert_eq!(judged("deep.yaml", &deep).1[0].reason, UnreadReason::Malformed);
    let containers = "    - {name: a, image: b}\n".repeat(20_000);
    let wide = format!(
        "apiVersion: v1\nkind: Pod\nspec:\n  securityContext: {{a: {}}}\n  containers:\n{containers}",
        "x".repeat(200_000)
    );
    assert!(judged("wide.yaml", &wide).0.len() < 50_000);
}

fn has(name: &str, text: &str, rule: &str) -> bool {
    found(name, text).iter().any(|one| one.split(' ').next() == Some(rule))
}

#[test]
fn a_clean_dockerfile_has_no_findings() {
    let text = "# syntax=docker/dockerfile:1\nARG VERSION=22.9\nFROM node:${VERSION}@sha256:0f6b8c9d2e4a61375f0e7a9c3d5b1e8f2a4c6d8e0f1a3b5c7d9e1f3a5b7c9d1e AS build\nRUN --mount=type=secret,id=npm <<EOF\nset -e\ncurl -fsSLo a.tgz https://example.com/a.tgz\necho \"24454f83  a.tgz\" | sha256sum -c\nEOF\nFROM build\nENV KEY_FILE=/run/secrets/key\nCOPY --from=build /app /app\nUSER node\nCMD [\"node\"]\n";
    assert_eq!(found("Dockerfile", text), Vec::<String>::new());
    assert_eq!(found("Dockerfile.md", "FROM a\nUSER root\n"), Vec::<String>::new());
}

#[test]
fn suppressions_of_dockerfiles_hold() {
    let text = |comment: &str| format!("FROM debian:12\n{comment}\nRUN sudo make\nUSER app\n");
    assert!(has("web.Dockerfile", &text(""), "docker-sudo"));
    for comment in [
        "# checkov:skip=CKV2_DOCKER_1:a reason",
        "# yagura:ignore docker-sudo a reason",
        "# hadolint ignore=DL3004",
        "# trivy:ignore:AVD-DS-0010",
    ] {
        assert!(!has("Containerfile", &text(comment), "docker-sudo"), "{comment}");
    }
    assert!(!has("Dockerfile", "# checkov:skip=CKV_DOCKER_3:root\nFROM debian:12\n", "docker-user-missing"));
}

#[test]
fn comments_hold_in_compose_and_pipelines() {
    let compose = |comment: &str| format!("services:\n  a:\n    # {comment}\n    privileged: true\n");
    assert!(has("docker-compose.yml", &compose(""), "compose-privileged"));
    assert!(!has("docker-compose.yml", &compose("yagura:ignore compose-privileged x"), "compose-privileged"));
    let workflow = |comment: &str| {
        format!(
            "on: issues\npermissions: {{}}\njobs:\n  a:\n    steps:\n      - run: echo ${{{{ github.event.issue.title }}}} # {comment}\n"
        )
    };
    let path = "x/.github/workflows/a.yml";
    assert!(has(path, &workflow(""), "github-script-injection"));
    assert!(!has(path, &workflow("checkov:skip=CKV_GHA_2:x"), "github-script-injection"));
    assert!(!has("other/a.yml", &workflow(""), "github-script-injection"));
    let gitlab = |comment: &str| format!("a:\n  # {comment}\n  image: node:latest\n  script: [make]\n");
    assert!(has(".gitlab-ci.yml", &gitlab(""), "gitlab-image-latest"));
    assert!(!has(".gitlab-ci.yml", &gitlab("yagura:ignore * x"), "gitlab-image-latest"));
}

#[test]
fn what_cdk_synthesises_is_a_template_and_its_manifests_are_not() {
    let template = r#"{"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": false}}, "CDKMetadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2"}}}, "Rules": {}}"#;
    assert_eq!(
        found("cdk.out/Stack.template.json", template),
        ["aws-kms-key-rotation AWS::KMS::Key.Key 1-1"]
    );
    let assets = r#"{"version": "36.0.0", "files": {"a": {"displayName": "AWS::KMS::Key Resources", "source": {"path": "Stack.template.json", "packaging": "file"}}}, "dockerImages": {}}"#;
    let tree = r#"{"version": "tree-0.1", "tree": {"id": "App", "attributes": {"aws:cdk:cloudformation:type": "AWS::KMS::Key", "aws:cdk:cloudformation:props": {"Resources": 1}}}}"#;
    for (name, text) in [("cdk.out/Stack.assets.json", assets), ("cdk.out/tree.json", tree)] {
        assert_eq!(found(name, text), Vec::<String>::new());
    }
}

#[test]
fn constructs_are_resources_and_what_is_not_literal_is_unknown() {
    let rule = "aws-kms-key-rotation";
    let typescript = |arguments: &str| {
        format!(
            "import {{ aws_kms as kms }} from 'aws-cdk-lib';\nconst on = true;\nnew kms.Key(this, 'K'{arguments});\n"
        )
    };
    for (arguments, expected) in [
        ("", true),
        (", { enableKeyRotation: false }", true),
        (", { enableKeyRotation: on }", false),
        (", { enableKeyRotation: props.rotate }", false),
        (", { ...props }", false),
        (", props", false),
        (", { keySpec: kms.KeySpec.RSA_4096 }", false),
    ] {
        assert_eq!(has("lib/stack.ts", &typescript(arguments), rule), expected, "{arguments}");
    }
    let python = |head: &str, call: &str| format!("{head}\nkey = {call}\n");
    for (head, call) in [
        ("from aws_cdk import aws_kms as kms", "kms.Key(self, 'K')"),
        ("import aws_cdk as cdk", "cdk.aws_kms.Key(self, 'K')"),
        ("from aws_cdk.aws_kms import Key", "Key(self, 'K', enable_key_rotation=False)"),
        ("from aws_cdk import (aws_kms as kms, Stack)", "kms.CfnKey(self, 'K', key_policy={})"),
    ] {
        assert!(has("stack.py", &python(head, call), rule), "{head} {call}");
    }
    let not_of_the_library = "from aws_cdk import Stack\nfrom ours import kms\nkms.Key(self, 'K')\n";
    assert!(!has("stack.py", not_of_the_library, rule));
    let comment = "from aws_cdk import aws_kms as kms\n# yagura:ignore aws-kms-key-rotation a test\nkms.Key(self, 'K')\n";
    assert!(!has("stack.py", comment, rule));
}

#[test]
fn hostile_sources_end() {
    let deep = format!(
        "import * as s3 from 'aws-cdk-lib/aws-s3';\nnew s3.Bucket(this, 'a', {{ a: {}{} }});",
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    let _ = judged("a.ts", &deep);
    let nested =
        format!("from aws_cdk import aws_s3 as s3\nx = {}1{}", "s3.A(".repeat(100_000), ")".repeat(100_000));
    let _ = judged("a.py", &nested);
    let chain = format!("import * as s3 from 'aws-cdk-lib/aws-s3';\nx{};", ".add()".repeat(100_000));
    let _ = judged("b.ts", &chain);
    let _ = judged(".github/workflows/a.yml", &format!("jobs: {}", "{a: ".repeat(50_000)));
    let _ = judged(".gitlab-ci.yml", &format!("a: {}", "[".repeat(50_000)));
    let _ = judged("compose.yml", "services: [1, {a: 2}]\n");
    let _ = judged("Dockerfile", "FROM\nENV\nRUN <<\nCOPY [\nADD\nFROM x AS\nUSER");
}
