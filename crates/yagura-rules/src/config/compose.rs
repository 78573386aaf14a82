//! Compose files: one `Compose::Service` for each service, with the short and long forms of volumes, ports and
//! environment made one.
//!
//! Source: <https://docs.docker.com/reference/compose-file/>. `extends` and `include` are not followed.

use super::Resource;
use super::formats::{Refused, extension};
use super::value::Value;
use super::yaml::{self, Node};
use yagura_model::TreePath;

/// `compose.yaml`, `docker-compose.prod.yml`, `docker-stack.yml`.
pub fn takes(path: &TreePath, _: &[u8]) -> bool {
    let name = path.name().to_lowercase();
    matches!(extension(path).as_str(), "yaml" | "yml")
        && ["compose.", "docker-compose", "docker-stack", "podman-compose", "compose-", "compose_"]
            .iter()
            .any(|start| name.starts_with(start))
}

/// Text that Compose fills in from its environment. `$$` is a dollar.
fn unknown(text: &str) -> bool {
    text.replace("$$", "").contains('$') || text.contains("{{")
}

/// The services of a file.
///
/// # Errors
/// It is no YAML.
pub fn read(path: &str, text: &str) -> Result<Vec<Resource>, Refused> {
    let mut out = Vec::new();
    for root in yaml::parse(text)?.roots {
        let services = root.get("services").map_or(&[][..], Node::entries);
        for (name, line, service) in services.iter().filter(|entry| entry.2.is_map()) {
            let Value::Map(mut properties) = service.value(&unknown) else { continue };
            properties.insert("environment".to_owned(), pairs(service.get("environment"), &unknown));
            for (name, normal) in [("volumes", volume as fn(&Node) -> Value), ("ports", port)] {
                let items = service.get(name).map_or(&[][..], Node::items);
                properties.insert(name.to_owned(), Value::List(items.iter().map(normal).collect()));
            }
            out.push(Resource {
                kind: "Compose::Service".to_owned(),
                name: name.clone(),
                address: format!("services.{name}"),
                path: path.to_owned(),
                lines: (*line, service.lines.1.max(*line)),
                properties: Value::Map(properties),
                skips: Vec::new(),
            });
        }
    }
    Ok(out)
}

/// `[A=1]` and `{A: 1}` as names and values.
pub fn pairs(node: Option<&Node>, unknown: &dyn Fn(&str) -> bool) -> Value {
    let Some(node) = node else { return Value::List(Vec::new()) };
    let listed = node.items().iter().filter_map(Node::text).map(|text| match text.split_once('=') {
        Some((name, value)) if unknown(value) => Value::named(name, Value::unknown()),
        Some((name, value)) => Value::named(name, Value::text(value)),
        // A name alone is taken over from the environment.
        None => Value::named(&text, Value::unknown()),
    });
    let named = node.entries().iter().map(|(name, _, value)| Value::named(name, value.value(unknown)));
    Value::List(listed.chain(named).collect())
}

fn map(entries: &[(&str, Option<&str>)]) -> Value {
    let entry = |(name, value): &(&str, Option<&str>)| {
        let value = (*value)?;
        Some(((*name).to_owned(), if unknown(value) { Value::unknown() } else { Value::text(value) }))
    };
    Value::Map(entries.iter().filter_map(entry).collect())
}

fn volume(node: &Node) -> Value {
    let Some(text) = node.text() else { return node.value(&unknown) };
    // The colon of a default, `${A:-b}`, is no border.
    if unknown(&text) && !text.starts_with(['/', '.', '~']) {
        return Value::unknown();
    }
    match text.split(':').collect::<Vec<_>>().as_slice() {
        [target] => map(&[("target", Some(target))]),
        [source, target] => map(&[("source", Some(source)), ("target", Some(target))]),
        [source, target, mode, ..] => {
            map(&[("source", Some(source)), ("target", Some(target)), ("mode", Some(mode))])
        }
        [] => Value::Null,
    }
}

fn port(node: &Node) -> Value {
    let Some(text) = node.text() else { return node.value(&unknown) };
    if unknown(&text) {
        return Value::unknown();
    }
    let text = text.split('/').next().unwrap_or_default();
    let Some((before, target)) = text.rsplit_once(':') else { return map(&[("target", Some(text))]) };
    match before.rsplit_once(':') {
        Some((address, published)) => {
            map(&[("host_ip", Some(address)), ("published", Some(published)), ("target", Some(target))])
        }
        None => map(&[("published", Some(before)), ("target", Some(target))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_forms_are_one() {
        let text = "services:\n  a:\n    environment: [A=1, B]\n    ports: ['127.0.0.1:80:8080/tcp', '90:9090', 70]\n    volumes: ['/x:/y:ro', {type: bind, source: /x, target: /y}, 'v:/z', '${V:-/a}:/b']\n  b:\n    environment: {A: 1, B: '${X}'}\n";
        let services = read("compose.yaml", text).unwrap();
        let at = |service: usize, path: &str| {
            let mut found = Vec::new();
            services[service].properties.at(path, &mut found);
            found.iter().map(|value| value.as_text().unwrap_or_else(|| "?".to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(at(0, "environment.value"), ["1", "?"]);
        assert_eq!(at(1, "environment.value"), ["1", "?"]);
        assert_eq!(at(0, "ports.published"), ["80", "90"]);
        assert_eq!(at(0, "ports.target"), ["8080", "9090", "70"]);
        assert_eq!(at(0, "volumes.source"), ["/x", "/x", "v", "?"]);
        assert_eq!(services[0].lines, (2, 5));
    }
}
