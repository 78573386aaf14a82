//! What an archive is, from its manifest and its file name, when Maven left no `pom.properties` in it.

use super::file_name;
use super::manifest::Manifest;

/// Group, artifact and version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Coordinates {
    /// `None` when nothing tells it.
    pub group: Option<String>,
    /// Never empty.
    pub artifact: String,
    /// Never empty.
    pub version: String,
}

impl Coordinates {
    /// `group:artifact`; the artifact stands for an unknown group.
    pub fn name(&self) -> String {
        format!("{}:{}", self.group.as_deref().unwrap_or(&self.artifact), self.artifact)
    }
}

/// Groups of artifacts whose archives do not tell them, by the beginning of the artifact. Longer beginnings
/// come first.
const GROUPS: &[(&str, &str)] = &[
    ("aws-java-sdk-", "com.amazonaws"),
    ("bcpkix-", "org.bouncycastle"),
    ("bcprov-", "org.bouncycastle"),
    ("bcutil-", "org.bouncycastle"),
    ("derby", "org.apache.derby"),
    ("hadoop-", "org.apache.hadoop"),
    ("kotlin-stdlib", "org.jetbrains.kotlin"),
    ("libthrift", "org.apache.thrift"),
    ("lucene-", "org.apache.lucene"),
    ("mysql-connector-java", "mysql"),
    ("mysql-connector-j", "com.mysql"),
    ("objenesis", "org.objenesis"),
    ("protobuf-java", "com.google.protobuf"),
    ("scala-compiler", "org.scala-lang"),
    ("scala-library", "org.scala-lang"),
    ("scala-reflect", "org.scala-lang"),
    ("spark-", "org.apache.spark"),
    ("spring-batch-", "org.springframework.batch"),
    ("spring-boot", "org.springframework.boot"),
    ("spring-cloud-", "org.springframework.cloud"),
    ("spring-data-", "org.springframework.data"),
    ("spring-integration-", "org.springframework.integration"),
    ("spring-kafka", "org.springframework.kafka"),
    ("spring-security-", "org.springframework.security"),
    ("spring-session-", "org.springframework.session"),
    ("spring-", "org.springframework"),
    ("tomcat-embed-", "org.apache.tomcat.embed"),
    ("tomcat-", "org.apache.tomcat"),
];

/// Vendors whose id is not the group of their artifacts.
const UMBRELLAS: [&str; 4] = ["com.sun", "org.apache", "org.eclipse", "org.jboss"];

/// Identifies an archive by its manifest and its file name without ending.
pub(super) fn identify(manifest: Option<&Manifest>, stem: &str) -> Option<Coordinates> {
    let empty = Manifest::default();
    let manifest = manifest.unwrap_or(&empty);
    // Jenkins plugins tell everything.
    if let (Some(group), Some(name), Some(version)) =
        (manifest.get("Group-Id"), manifest.get("Short-Name"), manifest.get("Plugin-Version"))
    {
        return Some(Coordinates {
            group: Some(group.to_owned()),
            artifact: name.to_owned(),
            version: first_word(version).to_owned(),
        });
    }
    let named = file_name::split(stem);
    let symbolic = manifest.bundle("Bundle-SymbolicName");
    let title = manifest.get("Implementation-Title").filter(|title| is_artifact(title));
    let module = manifest.get("Automatic-Module-Name");
    let artifact = named
        .map(|(artifact, _)| artifact)
        .or(title)
        .or_else(|| symbolic.and_then(|name| name.rsplit('.').next()))
        .or_else(|| module.map(|_| stem))
        .filter(|artifact| is_artifact(artifact))?;
    let version = named.map(|(_, version)| version).or_else(|| {
        ["Implementation-Version", "Bundle-Version", "Specification-Version"]
            .into_iter()
            .filter_map(|key| manifest.bundle(key))
            .map(first_word)
            .find(|version| version.starts_with(|c: char| c.is_ascii_digit()))
    })?;
    let group = symbolic
        .and_then(|symbolic| group_in(symbolic, artifact))
        .or_else(|| known_group(artifact))
        .or_else(|| {
            manifest
                .get("Implementation-Vendor-Id")
                .filter(|id| id.contains('.') && !UMBRELLAS.contains(id) && is_group(id))
                .map(str::to_owned)
        })
        .or_else(|| {
            // Mill gives the group as the vendor; elsewhere that is a name for people.
            manifest.get("Tool").filter(|tool| tool.starts_with("Mill"))?;
            manifest.get("Implementation-Vendor").filter(|vendor| is_group(vendor)).map(str::to_owned)
        });
    Some(Coordinates { group, artifact: artifact.to_owned(), version: version.to_owned() })
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

fn is_artifact(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn is_group(text: &str) -> bool {
    is_artifact(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

fn known_group(artifact: &str) -> Option<String> {
    GROUPS.iter().find(|(start, _)| artifact.starts_with(start)).map(|(_, group)| (*group).to_owned())
}

/// The group inside a bundle's name. Maven's bundle plugin joins group and artifact, without repeating what both
/// have in common (`org.apache.maven` and `maven-core` become `org.apache.maven.core`).
fn group_in(symbolic: &str, artifact: &str) -> Option<String> {
    let group = if let Some(group) = symbolic.strip_suffix(artifact).and_then(|rest| rest.strip_suffix('.')) {
        group.to_owned()
    } else {
        let dotted = artifact.replace('-', ".");
        let (start, _) = symbolic.strip_suffix(dotted.as_str())?.rsplit_once('.')?;
        let (first, _) = dotted.split_once('.')?;
        format!("{start}.{first}")
    };
    (group.contains('.') && is_group(&group)).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identified(manifest: &str, stem: &str) -> Option<String> {
        let manifest = Manifest::parse(manifest.as_bytes());
        identify(Some(&manifest), stem).map(|found| format!("{} {}", found.name(), found.version))
    }

    #[test]
    fn manifests_and_file_names() {
        for (manifest, stem, expected) in [
            (
                "Bundle-SymbolicName: com.fasterxml.jackson.core.jack\n son-databind;singleton:=true\nBundle-Version: 2.15.2\n",
                "jackson-databind-2.15.2",
                Some("com.fasterxml.jackson.core:jackson-databind 2.15.2"),
            ),
            (
                "Bundle-SymbolicName: org.apache.maven.core\n",
                "maven-core-3.9",
                Some("org.apache.maven:maven-core 3.9"),
            ),
            (
                "Implementation-Title: spring-core\nImplementation-Version: 5.3.20\n",
                "renamed",
                Some("org.springframework:spring-core 5.3.20"),
            ),
            ("", "commons-io-2.4", Some("commons-io:commons-io 2.4")),
            (
                "Group-Id: org.jenkins-ci.plugins\nShort-Name: git\nPlugin-Version: 5.2.0\n",
                "x",
                Some("org.jenkins-ci.plugins:git 5.2.0"),
            ),
            ("Implementation-Version: ${project.version}\nImplementation-Title: x\n", "app", None),
            ("Implementation-Title: My Great App\nImplementation-Version: 1\n", "app", None),
            ("", "app", None),
            (
                "Implementation-Vendor-Id: com.lihaoyi\n",
                "fansi_2.13-0.5.1",
                Some("com.lihaoyi:fansi_2.13 0.5.1"),
            ),
            (
                "Implementation-Vendor: com.lihaoyi\nImplementation-Title: os-zip\nTool: Mill-1.0.0\n",
                "os-zip-0.11.5",
                Some("com.lihaoyi:os-zip 0.11.5"),
            ),
            ("Implementation-Vendor-Id: org.apache\n", "oro-2.0.8", Some("oro:oro 2.0.8")),
        ] {
            assert_eq!(identified(manifest, stem).as_deref(), expected, "{stem}");
        }
    }
}
