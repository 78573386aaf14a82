//! A finding as a line of chat, in the form of Slack's incoming webhooks. <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>

use super::Subject;
use serde_json::{Value, json};
use yagura_model::{Cause, FindingStatus, Lang, ResourceDetails};

/// `{"text": …}`: severity, what, where, and whether there is a fix.
pub fn slack(subject: &Subject<'_>, lang: Lang) -> Value {
    json!({ "text": text(subject, lang) })
}

/// The line without its envelope.
pub fn text(subject: &Subject<'_>, lang: Lang) -> String {
    let finding = subject.finding;
    let home = &finding.resource.home;
    let state = match finding.status {
        FindingStatus::Active => lang.pick("open", "未対応"),
        FindingStatus::Suppressed => lang.pick("suppressed", "抑制済み"),
        FindingStatus::Closed => lang.pick("closed", "解消"),
    };
    let mut text = format!(
        "*{}* {} ({state})\n{}, {} {}",
        finding.severity,
        escaped(&finding.title),
        escaped(&place(subject)),
        home.account,
        home.region
    );
    if let Cause::Package(cause) = &finding.cause {
        let mut fixes: Vec<String> = cause
            .packages
            .iter()
            .filter_map(|package| Some(format!("{} {}", package.name, package.fixed_in.as_ref()?)))
            .collect();
        fixes.dedup();
        let label = lang.pick("Fixed in", "修正版");
        let none = lang.pick("No fix yet", "修正版はまだありません");
        text.push('\n');
        match fixes.as_slice() {
            [] => text.push_str(none),
            fixes => text.push_str(&format!("{label}: {}", escaped(&fixes.join(", ")))),
        }
        if subject.vulnerability.is_some_and(|facts| facts.kev.is_some()) {
            text.push('\n');
            text.push_str(lang.pick("Known to be exploited", "悪用が確認されています"));
        }
    }
    text
}

/// How people call the resource.
fn place(subject: &Subject<'_>) -> String {
    match &subject.resource.details {
        ResourceDetails::Image(image) => match image.tags.first() {
            Some(tag) => format!("{}:{tag}", image.repository),
            None => format!("{}@{}", image.repository, image.digest),
        },
        ResourceDetails::Function(function) => function.name.clone(),
        ResourceDetails::CodeRepository(repository) => repository.project.clone(),
        _ => subject.finding.resource.name.to_string(),
    }
}

/// Slack's three control characters; names are an attacker's to choose.
fn escaped(text: &str) -> String {
    let printable = crate::text::printable(text);
    printable.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::testing::{image, instance, network_finding, package_finding, vulnerability};

    #[test]
    fn lines_in_both_languages() {
        let facts = vulnerability();
        let (image, instance) = (image(), instance());
        let mut package = package_finding(&image);
        package.title = "CVE-2026-0001 - <!channel> & co".into();
        let network = network_finding(&instance);
        let mut lines = Vec::new();
        for lang in Lang::ALL {
            let subject = Subject { finding: &package, resource: &image, vulnerability: Some(&facts) };
            lines.push(text(&subject, lang));
            let subject = Subject { finding: &network, resource: &instance, vulnerability: None };
            lines.push(text(&subject, lang));
        }
        insta::assert_snapshot!(lines.join("\n\n"));
    }
}
