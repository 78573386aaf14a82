//! `gradle.lockfile` (<https://docs.gradle.org/current/userguide/dependency_locking.html>).
//!
//! A line is `group:artifact:version=configuration,configuration`. The file does not tell direct from transitive.

use super::ID;
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, Scope};

/// Reads lockfiles of projects and of build scripts.
pub(super) struct GradleLock;

impl Cataloger for GradleLock {
    fn id(&self) -> &'static str {
        "maven/gradle-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["gradle.lockfile", "*buildscript-gradle.lockfile", "**/gradle/dependency-locks/*.lockfile"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let name = file.path.name();
        let build = name.contains("buildscript");
        for line in text.lines() {
            let line = line.trim();
            if line.starts_with('#') || line.starts_with("empty=") {
                continue;
            }
            let (coordinates, configurations) = line.split_once('=').unwrap_or((line, ""));
            let mut parts = coordinates.split(':');
            let (Some(group), Some(artifact), Some(version), None) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            if group.is_empty() || artifact.is_empty() || version.is_empty() {
                continue;
            }
            let location = Location::path(file.path.clone());
            let mut package = Package::new(ID, format!("{group}:{artifact}"), version, location);
            let shipped = configurations.is_empty() || configurations.split(',').any(is_shipped);
            package.scope = if build || !shipped { Scope::Development } else { Scope::Runtime };
            found.packages.push(package);
        }
        Ok(())
    }
}

/// Configurations of tests, annotation processors and tools do not reach the program.
fn is_shipped(configuration: &str) -> bool {
    let lower = configuration.to_ascii_lowercase();
    (lower.ends_with("classpath") || lower.ends_with("runtime") || lower == "compile")
        && !lower.contains("test")
        && !lower.contains("annotationprocessor")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn configurations_tell_the_scope() {
        let text = b"# comment\ncom.google.guava:guava:32.1.2-jre=compileClasspath,testRuntimeClasspath\n\
            junit:junit:4.13=testCompileClasspath\nempty=annotationProcessor\nodd\n:::=\n";
        insta::assert_snapshot!(render(&read(&GradleLock, "gradle.lockfile", text)), @r"
        Maven com.google.guava:guava 32.1.2-jre runtime/unknown @gradle.lockfile
        Maven junit:junit 4.13 development/unknown @gradle.lockfile
        ");
    }
}
