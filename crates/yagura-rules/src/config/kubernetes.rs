//! Kubernetes manifests: YAML or JSON, as written or as Helm and kustomize render them.
//!
//! Every object is a resource `Kubernetes::<kind>`. What has a pod template gives one `Kubernetes::PodSpec` and a
//! `Kubernetes::Container` for each container, whatever the workload, with the settings that containers take over from
//! their pod. Containers of Windows are `Kubernetes::WindowsContainer`: most settings mean nothing there.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/>. Templates of Helm and Jinja are not rendered here.

use super::Resource;
use super::formats::{Refused, extension, has};
use super::value::Value;
use super::yaml::{self, Node};
use std::collections::BTreeMap;
use yagura_model::{TreePath, UnreadReason};

/// Most containers of one pod that are looked at, and most objects of a list in a list.
const MOST_CONTAINERS: usize = 500;

/// Lists in lists are followed this far.
const MOST_LISTS: usize = 4;

/// What containers take over from the security context of their pod.
const INHERITED: &[&str] =
    &["run_as_user", "run_as_group", "run_as_non_root", "seccomp_profile", "app_armor_profile"];

/// Settings of a pod that rules on containers ask for.
const OF_POD: &[&str] = &["host_network", "host_pid", "host_ipc", "host_users", "service_account_name"];

/// Whether it is a manifest by its words.
pub fn takes(path: &TreePath, bytes: &[u8]) -> bool {
    matches!(extension(path).as_str(), "yaml" | "yml" | "json")
        && has(bytes, "apiVersion")
        && has(bytes, "kind")
        && !(has(bytes, "$schema") && extension(path) == "json")
}

/// Text that is filled in before the manifest is applied.
fn unknown(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || (text.contains("${") && !text.contains(char::is_whitespace))
}

/// The objects of a file, and the pods and containers in them.
///
/// # Errors
/// It is a template, or no YAML.
pub fn read(path: &str, text: &str) -> Result<Vec<Resource>, Refused> {
    let template = || Refused {
        reason: UnreadReason::LeftOut,
        detail: "a template that is not rendered; scan what `helm template` prints".to_owned(),
    };
    let documents = match yaml::parse(text) {
        Ok(documents) if documents.odd && text.contains("{{") => return Err(template()),
        Ok(documents) => documents,
        Err(_) if text.contains("{{") || text.contains("{%") => return Err(template()),
        Err(detail) => return Err(detail.into()),
    };
    let mut out = Vec::new();
    for root in &documents.roots {
        object(path, root, 0, &mut out);
    }
    Ok(out)
}

fn object(path: &str, node: &Node, depth: usize, out: &mut Vec<Resource>) {
    let (Some(_), Some(kind)) = (node.get("apiVersion"), node.get("kind").and_then(Node::text)) else {
        return;
    };
    if kind.ends_with("List")
        && let Some(items) = node.get("items")
    {
        if depth < MOST_LISTS {
            items.items().iter().for_each(|item| object(path, item, depth + 1, out));
        }
        return;
    }
    let name = node.at(&["metadata", "name"]).and_then(Node::text).unwrap_or_default();
    let address = match node.at(&["metadata", "namespace"]).and_then(Node::text) {
        Some(namespace) => format!("{kind}.{namespace}.{name}"),
        None => format!("{kind}.{name}"),
    };
    let mut properties = node.value(&unknown);
    if let Value::Map(map) = &mut properties {
        map.insert("annotation".to_owned(), pairs(node.at(&["metadata", "annotations"])));
        if kind == "ConfigMap" {
            map.insert("entry".to_owned(), pairs(node.get("data")));
        }
    }
    let object = Resource {
        kind: format!("Kubernetes::{kind}"),
        name,
        address,
        path: path.to_owned(),
        lines: node.lines,
        properties,
        skips: skips(node.get("metadata")),
    };
    if let Some((metadata, spec)) = pod(&kind, node) {
        pod_resources(&kind, &object, metadata, spec, out);
    }
    out.push(object);
}

/// The entries of a map as names and values: names of annotations have dots, which paths cannot have.
fn pairs(map: Option<&Node>) -> Value {
    let pair = |(name, _, value): &(String, u32, Node)| Value::named(name, value.value(&unknown));
    Value::List(map.map_or(&[][..], Node::entries).iter().map(pair).collect())
}

/// `checkov.io/skip1: CKV_K8S_20=reason`.
fn skips(metadata: Option<&Node>) -> Vec<(String, String)> {
    let entries = metadata.and_then(|metadata| metadata.get("annotations")).map_or(&[][..], Node::entries);
    let skip = |(name, _, value): &(String, u32, Node)| {
        let text = value.text().filter(|_| name.starts_with("checkov.io/skip"))?;
        let (id, reason) = text.split_once('=').unwrap_or((&text, ""));
        Some((id.trim().to_owned(), reason.trim().to_owned()))
    };
    entries.iter().filter_map(skip).collect()
}

/// Metadata and specification of the pods that an object makes.
fn pod<'a>(kind: &str, node: &'a Node) -> Option<(Option<&'a Node>, &'a Node)> {
    let template = match kind {
        "Pod" => return Some((node.get("metadata"), node.get("spec")?)),
        "PodTemplate" => node.get("template")?,
        "CronJob" => node.at(&["spec", "jobTemplate", "spec", "template"])?,
        "Deployment"
        | "StatefulSet"
        | "DaemonSet"
        | "Job"
        | "ReplicaSet"
        | "ReplicationController"
        | "DeploymentConfig"
        | "Rollout" => node.at(&["spec", "template"])?,
        _ => return None,
    };
    Some((template.get("metadata"), template.get("spec")?))
}

fn pod_resources(
    kind: &str,
    owner: &Resource,
    metadata: Option<&Node>,
    spec: &Node,
    out: &mut Vec<Resource>,
) {
    let Value::Map(mut pod) = spec.value(&unknown) else { return };
    let mut skipped = owner.skips.clone();
    skipped.extend(skips(metadata));
    let containers: Vec<(&str, &Node)> = ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .flat_map(|list| spec.get(list).map_or(&[][..], Node::items).iter().map(move |one| (list, one)))
        .take(MOST_CONTAINERS)
        .collect();
    pod.insert("workload".to_owned(), Value::text(kind));
    pod.insert("annotation".to_owned(), pairs(metadata.and_then(|metadata| metadata.get("annotations"))));
    pod.insert("namespace".to_owned(), namespace(owner));
    let windows = pod.get("os").and_then(|os| os.get("name")).and_then(Value::as_text);
    let windows = windows.is_some_and(|name| name == "windows")
        || spec
            .at(&["nodeSelector", "kubernetes.io/os"])
            .and_then(Node::text)
            .is_some_and(|os| os == "windows");
    for (list, node) in containers {
        let Value::Map(mut container) = node.value(&unknown) else { continue };
        for name in ["init_containers", "containers", "ephemeral_containers"] {
            container.remove(name);
        }
        inherit(&pod, &mut container);
        container.insert("workload".to_owned(), Value::text(kind));
        container.insert("role".to_owned(), Value::text(role(list, node)));
        container.insert("namespace".to_owned(), namespace(owner));
        program(&mut container);
        let name = node.get("name").and_then(Node::text).unwrap_or_default();
        out.push(Resource {
            kind: if windows { "Kubernetes::WindowsContainer" } else { "Kubernetes::Container" }.to_owned(),
            address: format!("{}/{name}", owner.address),
            name,
            path: owner.path.clone(),
            lines: node.lines,
            properties: Value::Map(container),
            skips: skipped.clone(),
        });
    }
    out.push(Resource {
        kind: if windows { "Kubernetes::WindowsPodSpec" } else { "Kubernetes::PodSpec" }.to_owned(),
        name: owner.name.clone(),
        address: owner.address.clone(),
        path: owner.path.clone(),
        lines: spec.lines,
        properties: Value::Map(pod),
        skips: skipped,
    });
}

fn namespace(owner: &Resource) -> Value {
    owner
        .properties
        .get("metadata")
        .and_then(|metadata| metadata.get("namespace"))
        .cloned()
        .unwrap_or(Value::Null)
}

/// `init`, `sidecar` (it starts like an init container and goes on), `main` or `debug`.
fn role(list: &str, node: &Node) -> &'static str {
    let always = || node.get("restartPolicy").and_then(Node::text).is_some_and(|policy| policy == "Always");
    match list {
        "initContainers" if always() => "sidecar",
        "initContainers" => "init",
        "ephemeralContainers" => "debug",
        _ => "main",
    }
}

/// Settings that a container has from its pod unless it has its own.
fn inherit(pod: &BTreeMap<String, Value>, container: &mut BTreeMap<String, Value>) {
    let small = |value: &Value| match value {
        Value::Text(text) => text.len() < 300,
        Value::Map(map) => {
            map.values().all(|value| value.as_text().is_some_and(|text| text.len() < 300)) && map.len() < 10
        }
        _ => true,
    };
    for name in OF_POD {
        if let Some(value) = pod.get(*name).filter(|value| small(value)) {
            container.insert(format!("pod_{name}"), value.clone());
        }
    }
    let context = container.entry("security_context".to_owned()).or_insert(Value::Null);
    if *context == Value::Null {
        *context = Value::Map(BTreeMap::new());
    }
    let (Value::Map(own), Some(above)) = (context, pod.get("security_context")) else { return };
    for name in INHERITED {
        let set = own.get(*name).is_some_and(|value| *value != Value::Null);
        let value = match above {
            Value::Unknown(_) => Some(above),
            above => above.get(name).filter(|value| small(value)),
        };
        if let (false, Some(value)) = (set, value) {
            own.insert((*name).to_owned(), value.clone());
        }
    }
}

/// The name of the program that a container starts, and its options by name: `--profiling=false`.
fn program(container: &mut BTreeMap<String, Value>) {
    let mut words = Vec::new();
    for name in ["command", "args"] {
        let Some(value) = container.get(name) else { continue };
        for item in value.items() {
            match item {
                Value::Unknown(_) => return,
                // A script of a shell is one item of many lines, in which options are not told from text.
                item => words.extend(item.as_text()),
            }
        }
    }
    let Some(first) = words.first() else { return };
    let name = first.rsplit('/').next().unwrap_or(first);
    if !name.starts_with("kube") && name != "etcd" {
        return;
    }
    container.insert("program".to_owned(), Value::text(name));
    let mut flags = BTreeMap::new();
    for (at, word) in words.iter().enumerate().skip(1) {
        let Some(flag) = word.strip_prefix("--") else { continue };
        let next = words.get(at + 1).filter(|next| !next.starts_with("--"));
        let (name, value) = match (flag.split_once('='), next) {
            (Some((name, value)), _) => (name, value.to_owned()),
            (None, Some(next)) => (flag, next.clone()),
            (None, None) => (flag, "true".to_owned()),
        };
        let value =
            if unknown(&value) || value.contains("$(") { Value::unknown() } else { Value::Text(value) };
        flags.insert(name.to_owned(), value);
    }
    container.insert("flags".to_owned(), Value::Map(flags));
}
