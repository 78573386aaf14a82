//! The product tree: which package of which product stream a product id stands for.

use serde::Deserialize;
use std::collections::HashMap;

/// Branches may be nested; the published ones are at most six deep.
const DEEPEST: usize = 32;

/// `product_tree`.
#[derive(Deserialize)]
pub struct Tree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Branch>,
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    product_id: String,
    product_identification_helper: Option<Helper>,
}

#[derive(Deserialize)]
struct Helper {
    cpe: Option<String>,
    purl: Option<String>,
}

#[derive(Deserialize)]
struct Relationship {
    full_product_name: Product,
    product_reference: String,
    relates_to_product_reference: String,
}

/// A package of a product stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Without version and architecture.
    pub name: String,
    /// False for source packages.
    pub binary: bool,
    /// `name:stream`.
    pub module: Option<String>,
    /// `epoch:version-release`; `None` when the stream's package as such is meant.
    pub version: Option<String>,
}

/// The tree, looked up by product id.
pub struct Products<'a> {
    cpes: HashMap<&'a str, &'a str>,
    purls: HashMap<&'a str, &'a str>,
    relations: HashMap<&'a str, (&'a str, &'a str)>,
}

impl<'a> Products<'a> {
    /// Indexes a tree.
    pub fn new(tree: Option<&'a Tree>) -> Self {
        let mut products = Self { cpes: HashMap::new(), purls: HashMap::new(), relations: HashMap::new() };
        let Some(tree) = tree else { return products };
        let mut open: Vec<(&Branch, usize)> = tree.branches.iter().map(|branch| (branch, 0)).collect();
        while let Some((branch, depth)) = open.pop() {
            if let Some(Product { product_id, product_identification_helper: Some(helper) }) = &branch.product
            {
                products.cpes.extend(helper.cpe.as_deref().map(|cpe| (product_id.as_str(), cpe)));
                products.purls.extend(helper.purl.as_deref().map(|purl| (product_id.as_str(), purl)));
            }
            if depth < DEEPEST {
                open.extend(branch.branches.iter().map(|branch| (branch, depth + 1)));
            }
        }
        for relation in &tree.relationships {
            let ends = (relation.product_reference.as_str(), relation.relates_to_product_reference.as_str());
            products.relations.insert(&relation.full_product_name.product_id, ends);
        }
        products
    }

    /// The ecosystem and package of a product id; `None` for images and whole products.
    pub fn resolve(&self, id: &str) -> Option<(String, Part)> {
        let (package, mut stream) = *self.relations.get(id)?;
        let mut module = None;
        // A package of a module of a stream is related twice.
        for _ in 0..4 {
            let Some((inner, outer)) = self.relations.get(stream) else { break };
            module = stream_of(inner);
            stream = outer;
        }
        let ecosystem = match crate::oval::suse_platform(stream) {
            Some(ecosystem) => ecosystem,
            None => {
                let product = self.cpes.get(stream)?.strip_prefix("cpe:/").and_then(|rest| rest.get(2..))?;
                super::ecosystem(product.strip_prefix("redhat:").unwrap_or(product))
            }
        };
        let mut part = match self.purls.get(package) {
            Some(purl) if purl.starts_with("pkg:rpm/") => of_purl(purl)?,
            Some(_) => return None,
            None => of_text(package)?,
        };
        part.module = part.module.or(module).or_else(|| stream_of_reference(package));
        Some((ecosystem, part))
    }
}

/// `pkg:rpm/redhat/NAME@VERSION-RELEASE?arch=…&epoch=…&rpmmod=NAME:STREAM:…`.
fn of_purl(purl: &str) -> Option<Part> {
    let (path, query) = purl.split_once('?').unwrap_or((purl, ""));
    let rest = path.strip_prefix("pkg:rpm/")?;
    let rest = rest.split_once('/').map_or(rest, |(_, rest)| rest);
    let (name, version) = rest.split_once('@').map_or((rest, None), |(name, version)| (name, Some(version)));
    let qualifier = |key: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    };
    let epoch = qualifier("epoch").unwrap_or("0");
    Some(Part {
        name: percent(name),
        binary: qualifier("arch") != Some("src"),
        module: qualifier("rpmmod").map(percent).and_then(|text| stream_of(&text)),
        version: version.map(|version| format!("{epoch}:{}", percent(version))),
    })
}

/// `NAME-EPOCH:VERSION-RELEASE.ARCH`, the same with `.rpm` or a module after it, or `NAME` alone with or without
/// `.src`.
fn of_text(text: &str) -> Option<Part> {
    if text.contains("@sha256:") || text.contains('/') && !text.contains(':') {
        return None;
    }
    let text = text.split("::").next().unwrap_or(text);
    let text = text.split_once(".rpm-").map_or(text, |(before, _)| before);
    let text = text.strip_suffix(".rpm").unwrap_or(text);
    let (bare, arch) = match text.rsplit_once('.') {
        Some((
            bare,
            arch
            @ ("src" | "noarch" | "x86_64" | "aarch64" | "ppc64le" | "ppc64" | "s390x" | "i686" | "i386"),
        )) => (bare, arch),
        _ => (text, ""),
    };
    let parts: Vec<&str> = bare.rsplitn(3, '-').collect();
    let (name, version) = match parts.as_slice() {
        [release, version, name] if !arch.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()) => {
            let version = format!("{version}-{release}");
            (*name, Some(if version.contains(':') { version } else { format!("0:{version}") }))
        }
        // `nodejs:18/nodejs` is a module's package.
        _ => (bare.rsplit('/').next().unwrap_or(bare), None),
    };
    let binary = arch != "src";
    (!name.is_empty() && !name.contains(':')).then(|| Part {
        name: name.to_owned(),
        binary,
        module: None,
        version,
    })
}

/// `name:stream` of `name:stream:version:context:arch`.
fn stream_of(text: &str) -> Option<String> {
    let mut parts = text.split(':');
    let (name, stream) = (parts.next()?, parts.next()?);
    let plain = |part: &str| !part.is_empty() && !part.contains(['/', '@', ' ']);
    (plain(name) && plain(stream)).then(|| format!("{name}:{stream}"))
}

/// The module at the end of a reference: `….rpm-ruby:2.5`, `…::nodejs:18`, or `nodejs:18/nodejs`.
fn stream_of_reference(text: &str) -> Option<String> {
    let after = text.split_once("::").or_else(|| text.split_once(".rpm-")).map(|(_, after)| after);
    stream_of(after.or_else(|| text.split_once('/').map(|(before, _)| before))?)
}

fn percent(text: &str) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut rest = bytes.clone();
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match (byte, hex(rest.next()), hex(rest.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                bytes = rest;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_as_texts() {
        let show = |text: &str| {
            of_text(text).map(|part| {
                format!("{} {:?} {} {:?}", part.name, part.version, part.binary, stream_of_reference(text))
            })
        };
        insta::assert_debug_snapshot!(
            [
                "python3.9-0:3.9.18-3.el9_4.5.src",
                "ruby-2.5.9-111.module+el8.9.0+1.aarch64.rpm-ruby:2.5",
                "nodejs-1:18.1-1.module+el8.x86_64::nodejs:18",
                "nodejs:18/nodejs",
                "curl.src",
                "libcurl-minimal",
                "rh-sso-7/sso76@sha256:abc_amd64",
            ]
            .map(show)
        );
        let part =
            of_purl("pkg:rpm/redhat/libstdc%2B%2B@1.0-2.el9?arch=x86_64&epoch=3&rpmmod=m:s:1").unwrap();
        assert_eq!((part.name.as_str(), part.version.as_deref()), ("libstdc++", Some("3:1.0-2.el9")));
        assert_eq!(part.module.as_deref(), Some("m:s"));
    }
}
