//! Affected packages.

use super::shapes::{PackageManager, VulnerablePackage};
use super::words::is_os;
use yagura_model::{EcosystemId, VulnerablePackage as Affected};

/// A package of a finding, as the interface shows it.
pub fn package(package: &Affected) -> VulnerablePackage {
    let ecosystem = EcosystemId::from(package.ecosystem.as_str());
    let os = is_os(&ecosystem);
    let version = if os { OsVersion::split(&package.version) } else { OsVersion::whole(&package.version) };
    let fixed = package
        .fixed_in
        .as_deref()
        .map(|fixed| if os { OsVersion::split(fixed).full() } else { fixed.to_owned() });
    let layer = package.layer.as_ref().map(|layer| layer.as_str().to_owned());
    let (function_layer, image_layer) = match layer {
        Some(layer) if layer.starts_with("arn:") => (Some(layer), None),
        layer => (None, layer),
    };
    VulnerablePackage {
        arch: package.arch.as_ref().map(|arch| arch.to_uppercase()),
        epoch: os.then_some(version.epoch),
        file_path: package.path.clone().filter(|path| !path.is_empty() && !os),
        remediation: Some(remediation(&ecosystem, package)),
        fixed_in_version: Some(fixed.unwrap_or_else(|| "NotAvailable".to_owned())),
        name: package.name.clone(),
        package_manager: Some(manager(&ecosystem, package)),
        release: version.release.map(str::to_owned),
        source_lambda_layer_arn: function_layer,
        source_layer_hash: image_layer,
        version: version.version.to_owned(),
    }
}

/// `1:2.3-4` in its three parts.
struct OsVersion<'a> {
    epoch: i32,
    version: &'a str,
    release: Option<&'a str>,
}

impl<'a> OsVersion<'a> {
    fn whole(text: &'a str) -> OsVersion<'a> {
        OsVersion { epoch: 0, version: text, release: None }
    }

    fn split(text: &'a str) -> OsVersion<'a> {
        let epoch = text.split_once(':').and_then(|(epoch, rest)| Some((epoch.parse().ok()?, rest)));
        let (epoch, rest) = epoch.unwrap_or((0, text));
        match rest.rsplit_once('-') {
            Some((version, release)) => OsVersion { epoch, version, release: Some(release) },
            None => OsVersion { epoch, version: rest, release: None },
        }
    }

    /// `<epoch>:<version>-<release>`.
    fn full(&self) -> String {
        let release = self.release.map(|release| format!("-{release}")).unwrap_or_default();
        format!("{}:{}{release}", self.epoch, self.version)
    }
}

/// By the file that names the package; several tools share an ecosystem.
fn manager(ecosystem: &EcosystemId, package: &Affected) -> PackageManager {
    if is_os(ecosystem) {
        return PackageManager::Os;
    }
    let path = package.path.as_deref().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| file.ends_with(suffix));
    match ecosystem.base() {
        "npm" => match file {
            "package-lock.json" | "npm-shrinkwrap.json" => PackageManager::Npm,
            "yarn.lock" => PackageManager::Yarn,
            "pnpm-lock.yaml" => PackageManager::Other("PNPM".to_owned()),
            _ => PackageManager::Nodepkg,
        },
        "PyPI" => match file {
            "poetry.lock" => PackageManager::Poetry,
            "Pipfile" | "Pipfile.lock" => PackageManager::Pipenv,
            _ if ends(&[".txt", ".in"]) => PackageManager::Pip,
            _ => PackageManager::Pythonpkg,
        },
        "Maven" if ends(&[".xml", ".pom", ".lockfile"]) => PackageManager::Pom,
        "Maven" => PackageManager::Jar,
        "Go" if ends(&["go.mod", "go.sum", "go.work", "modules.txt"]) => PackageManager::Gomod,
        "Go" => PackageManager::Gobinary,
        "crates.io" => PackageManager::Cargo,
        "RubyGems" if ends(&[".gemspec"]) => PackageManager::Gemspec,
        "RubyGems" => PackageManager::Bundler,
        "NuGet" if ends(&[".deps.json"]) => PackageManager::DotnetCore,
        "NuGet" => PackageManager::Nuget,
        "Packagist" => PackageManager::Composer,
        "generic" => PackageManager::Other("GENERIC".to_owned()),
        other => PackageManager::Other(other.to_uppercase().replace([' ', '.'], "_")),
    }
}

/// The command that brings the fix.
fn remediation(ecosystem: &EcosystemId, package: &Affected) -> String {
    let Some(fixed) = &package.fixed_in else { return "NotAvailable".to_owned() };
    let name = &package.name;
    match ecosystem.base() {
        "Debian" | "Ubuntu" => "apt-get update && apt-get upgrade".to_owned(),
        "Alpine" | "Chainguard" | "Wolfi" => "apk update && apk upgrade".to_owned(),
        "Amazon Linux" if ecosystem.release() == Some("2") => format!("yum update {name}"),
        "AlmaLinux" | "Amazon Linux" | "Fedora" | "Oracle Linux" | "Red Hat" | "Rocky Linux" => {
            format!("dnf update {name}")
        }
        "Azure Linux" | "Photon OS" => format!("tdnf update {name}"),
        "SUSE" | "openSUSE" => format!("zypper update {name}"),
        "Arch" => "pacman -Syu".to_owned(),
        "npm" => format!("npm install {name}@{fixed}"),
        "PyPI" => format!("pip install {name}=={fixed}"),
        "Go" => format!("go get {name}@v{}", fixed.trim_start_matches('v')),
        "crates.io" => format!("cargo update -p {name} --precise {fixed}"),
        "RubyGems" => format!("bundle update {name}"),
        "Packagist" => format!("composer require {name}:{fixed}"),
        "NuGet" => format!("dotnet add package {name} --version {fixed}"),
        _ => format!("update {name} to {fixed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yagura_model::FixStatus;

    fn affected(ecosystem: &str, version: &str, fixed: Option<&str>, path: Option<&str>) -> Affected {
        Affected {
            purl: "pkg:x/y".to_owned(),
            ecosystem: ecosystem.to_owned(),
            name: "thing".to_owned(),
            version: version.to_owned(),
            arch: Some("amd64".to_owned()),
            path: path.map(str::to_owned),
            layer: Some("sha256:00".into()),
            fixed_in: fixed.map(str::to_owned),
            fix: FixStatus::Fixed,
        }
    }

    #[test]
    fn r120_os_versions_are_split() {
        let shown = package(&affected("Debian:12", "1:3.0.11-1~deb12u2", Some("3.0.13-1"), None));
        insta::assert_json_snapshot!(shown);
    }

    #[test]
    fn r120_language_packages_keep_version_and_path() {
        let shown =
            package(&affected("npm", "1.2.3-rc.1", None, Some("app/node_modules/thing/package.json")));
        insta::assert_json_snapshot!(shown);
    }
}
