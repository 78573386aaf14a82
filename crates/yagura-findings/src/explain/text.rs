//! Explanations for people.

use super::messages::Message;
use super::{Explanation, PackageAnswer};
use yagura_model::Lang;

impl Explanation {
    /// The explanation as text: the verdict first, then the proof for each package.
    pub fn text(&self, lang: Lang) -> String {
        let Some(id) = &self.vulnerability else {
            return format!("{}\n", Message::Unknown.text(lang, &[&self.asked]));
        };
        let active = self.packages.iter().any(|package| package.affected && package.suppressed.is_none());
        let suppressed = self.packages.iter().any(|package| package.suppressed.is_some());
        let heading = match (active, suppressed) {
            (true, _) => Message::Applies,
            (false, true) => Message::Suppressed,
            (false, false) if self.packages.is_empty() => Message::NoPackage,
            (false, false) => Message::DoesNotApply,
        };
        let mut out = format!("{}\n", heading.text(lang, &[id]));
        if !self.summary.is_empty() {
            out.push_str(&format!("  {}\n", self.summary));
        }
        if !self.aliases.is_empty() {
            out.push_str(&format!("  {}\n", Message::AlsoKnown.text(lang, &[&self.aliases.join(", ")])));
        }
        for package in &self.packages {
            package.write(lang, &mut out);
        }
        out
    }
}

impl PackageAnswer {
    fn write(&self, lang: Lang, out: &mut String) {
        let verdict = match self.exempt {
            Some("owned") => Message::Owned,
            Some("toolchain") => Message::Toolchain,
            Some("not-kernel") => Message::NotKernel,
            Some(_) => Message::NotRunning,
            None if self.affected => Message::Affected,
            None => Message::NotAffected,
        };
        let owner = self.owner.as_deref().unwrap_or_default();
        let heading = format!("\n{} {} ({}): ", self.name, self.version, self.ecosystem);
        out.push_str(&heading);
        out.push_str(&verdict.text(lang, &[owner]));
        out.push('\n');
        let mut line = |message: Message, value: &str| {
            out.push_str(&format!("  {}\n", message.text(lang, &[value])));
        };
        if self.affected {
            match self.fixes.as_slice() {
                [] => line(Message::NoFix, self.status.as_str()),
                fixes => line(Message::FixedIn, &fixes.join(", ")),
            }
        }
        if let Some(by) = &self.suppressed {
            line(Message::SuppressedBy, by);
        }
        if !self.location.is_empty() {
            line(Message::FoundIn, &self.location);
        }
        if let Some(source) = &self.built_from {
            line(Message::Source, source);
        }
        for considered in &self.considered {
            let mark = if considered.decisive {
                format!(" ({})", Message::Decides.text(lang, &[]))
            } else {
                String::new()
            };
            out.push_str(&format!(
                "  {} [{}] {}: {}{mark}\n    {}\n",
                considered.advisory,
                considered.source,
                considered.about,
                considered.range,
                lang.pick(&considered.because, &considered.because_ja)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::detect;
    use crate::explain::explain;
    use crate::testing::{Table, package};
    use yagura_model::{Inventory, Lang, Suppressed};

    fn explained(id: &str, advisories: &str, packages: &[&str], suppressed: bool, lang: Lang) -> String {
        let inventory = Inventory {
            packages: packages.iter().map(|text| package(text)).collect(),
            ..Inventory::default()
        };
        let table = Table::new(advisories).fact("CVE-1", &["GHSA-1"], &[]);
        let mut found = detect(&inventory, &table, jiff::civil::date(2026, 1, 1)).detections;
        if suppressed {
            for one in &mut found {
                let reason = Some("not reachable".to_owned());
                one.suppressed = Some(Suppressed { by: ".trivyignore:3".to_owned(), reason, until: None });
            }
        }
        explain(id, &inventory, &table, &found).text(lang)
    }

    const ADVISORIES: &str = "
        debian CVE-1 CVE-1 Debian:12/requests [,2.28.1-1+deb12u1)
        osv/PyPI GHSA-1 CVE-1 PyPI/requests [2.0.0,2.30.0)
    ";

    #[test]
    fn the_proof_of_a_finding() {
        let packages = [
            "Debian:12 python3-requests 2.28.1-1 source=requests@2.28.1-1",
            "PyPI requests 2.28.1 owner=Debian:12/python3-requests@2.28.1-1",
            "PyPI requests 2.31.0 path=srv/requests",
            "PyPI requests 1.0.0",
        ];
        insta::assert_snapshot!(explained("CVE-1", ADVISORIES, &packages, false, Lang::En));
        insta::assert_snapshot!(explained("GHSA-1", ADVISORIES, &packages, true, Lang::Ja));
    }

    #[test]
    fn what_is_not_there_is_said() {
        insta::assert_snapshot!(explained("CVE-1", ADVISORIES, &["npm a 1.0.0"], false, Lang::En), @r"
        CVE-1: does not apply, no package that it concerns is in the inventory
          CVE-1 in a test
          also known as GHSA-1
        ");
        insta::assert_snapshot!(explained("CVE-9", ADVISORIES, &["npm a 1.0.0"], false, Lang::En), @"CVE-9: the advisory data does not know it");
    }
}
