//! Filters as SQL. What a criterion means is defined by [`yagura_findings::filter`]; a property test holds the two
//! together.
//!
//! Attributes of resources, causes and vulnerabilities are rows, asked for with `EXISTS`. Words of a closed set
//! (severity, status, type) are tested here, and SQL sees the numbers of those that pass.

use super::attributes::{EPOCH, Of, TAG, package_place, place, table};
use super::{code, key};
use crate::database::{Value, nanoseconds, storable};
use std::collections::HashMap;
use yagura_findings::filter::{FieldKind, kind};
use yagura_model::{
    Criteria, Criterion, Field, FindingStatus, Home, PackageTest, ScanKind, ScanMode, ScanReason, Severity,
    Test,
};

/// What is being filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// `finding f`.
    Findings,
    /// `coverage v`.
    Coverage,
}

/// A statement in the making: SQL refers to its parameters by number.
pub struct Builder<'a> {
    context: Context,
    homes: &'a HashMap<Home, i64>,
    /// The parameters so far.
    pub args: Vec<Value>,
}

impl<'a> Builder<'a> {
    /// Nothing yet.
    pub fn new(context: Context, homes: &'a HashMap<Home, i64>) -> Self {
        Self { context, homes, args: Vec::new() }
    }

    /// Adds a parameter and answers its name.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// The numbers of all homes as a parameter.
    pub fn homes(&mut self) -> String {
        let mut numbers: Vec<i64> = self.homes.values().copied().collect();
        numbers.sort_unstable();
        self.bind(numbers)
    }

    /// All criteria.
    pub fn all(&mut self, criteria: &Criteria) -> String {
        self.each(criteria.0.iter())
    }

    /// All of some criteria.
    pub fn each<'c>(&mut self, criteria: impl Iterator<Item = &'c Criterion>) -> String {
        let parts: Vec<String> = criteria.map(|criterion| self.one(criterion, None)).collect();
        if parts.is_empty() { "1 = 1".to_owned() } else { parts.join(" AND ") }
    }

    /// One criterion; `owner` is the column that tells whose attributes are asked for, where it is not the usual one.
    pub fn one(&mut self, criterion: &Criterion, owner: Option<&str>) -> String {
        let (positive, negative): (Vec<&Test>, Vec<&Test>) =
            criterion.tests.iter().partition(|test| !is_negative(test));
        let mut parts = Vec::new();
        if !positive.is_empty() {
            parts.push(self.any(criterion.field, &positive, owner));
        }
        for test in negative {
            parts.push(self.none(criterion.field, test, owner));
        }
        if parts.is_empty() { "1 = 1".to_owned() } else { format!("({})", parts.join(" AND ")) }
    }

    /// True when a positive test holds.
    fn any(&mut self, field: Field, tests: &[&Test], owner: Option<&str>) -> String {
        let (of, _) = place(field);
        if !self.has(of) {
            return "1 = 0".to_owned();
        }
        match of {
            Of::Finding | Of::Coverage => self.column(field, tests),
            Of::Package => {
                let parts: Vec<String> = tests.iter().map(|test| self.package(test)).collect();
                format!("({})", parts.join(" OR "))
            }
            Of::Cause | Of::Vulnerability | Of::Resource => match self.values(field, tests, "e") {
                Some(values) => self.exists(field, &values, owner),
                None => "1 = 0".to_owned(),
            },
        }
    }

    /// True when a negative test holds.
    fn none(&mut self, field: Field, test: &Test, owner: Option<&str>) -> String {
        let (of, _) = place(field);
        let fits = matches!(
            (test, kind(field)),
            (Test::NotEquals(_), FieldKind::Texts) | (Test::Package(_), FieldKind::Packages)
        );
        if !fits {
            return "1 = 0".to_owned();
        }
        if !self.has(of) {
            return "1 = 1".to_owned();
        }
        let opposite = match test {
            Test::NotEquals(text) => Test::Equals(text.clone()),
            other => other.clone(),
        };
        match of {
            Of::Package => self.package(test),
            _ => format!("NOT {}", self.any(field, &[&opposite], owner)),
        }
    }

    /// True when things of this kind have the attribute at all.
    fn has(&self, of: Of) -> bool {
        match self.context {
            Context::Findings => of != Of::Coverage,
            Context::Coverage => matches!(of, Of::Coverage | Of::Resource),
        }
    }

    fn owner(&self, of: Of) -> &'static str {
        match (self.context, of) {
            (Context::Coverage, _) => "v.resource_no",
            (_, Of::Cause | Of::Package) => "f.cause_no",
            (_, Of::Vulnerability) => "f.vulnerability_no",
            _ => "f.resource_no",
        }
    }

    fn exists(&mut self, field: Field, values: &str, owner: Option<&str>) -> String {
        let (of, code) = place(field);
        let (table, column) = table(of);
        let owner = owner.unwrap_or_else(|| self.owner(of));
        format!(
            "EXISTS (SELECT 1 FROM {table} e WHERE e.{column} = {owner} AND e.field = {code} AND {values})"
        )
    }

    /// Tests on the values of an attribute's row; `None` when none can pass.
    pub fn values(&mut self, field: Field, tests: &[&Test], row: &str) -> Option<String> {
        let kind = kind(field);
        let parts: Vec<String> = tests.iter().filter_map(|test| self.value(kind, test, row)).collect();
        if parts.is_empty() { None } else { Some(format!("({})", parts.join(" OR "))) }
    }

    fn value(&mut self, kind: FieldKind, test: &Test, row: &str) -> Option<String> {
        match (kind, test) {
            (FieldKind::Texts, Test::Equals(text)) => Some(self.equals(row, text)),
            (FieldKind::Texts, Test::Prefix(text)) => Some(self.prefix(row, text)),
            (FieldKind::Tags, Test::Tag(tag, Some(value))) => {
                Some(self.equals(row, &format!("{tag}{TAG}{value}")))
            }
            (FieldKind::Tags, Test::Tag(tag, None)) => Some(self.prefix(row, &format!("{tag}{TAG}"))),
            (FieldKind::Number, Test::Between(low, high)) => {
                Some(self.range(&format!("{row}.number"), low.map(Value::from), high.map(Value::from)))
            }
            (FieldKind::Time, Test::During(start, end)) => {
                Some(self.range(&format!("{row}.moment"), start.map(Value::from), end.map(Value::from)))
            }
            // The ranges overlap: the first port is in `number`, the last in `moment`.
            (FieldKind::Ports, Test::Between(low, high)) => {
                let first = self.range(&format!("{row}.number"), None, high.map(Value::from));
                let last = self.range(&format!("{row}.moment"), low.map(Value::from), None);
                Some(format!("({first} AND {last})"))
            }
            _ => None,
        }
    }

    fn equals(&mut self, row: &str, text: &str) -> String {
        let (head, rest) = key::split(text);
        let head = self.bind(head);
        match rest {
            Some(rest) => {
                let rest = self.bind(rest);
                format!("({row}.text = {head} AND {row}.rest = {rest})")
            }
            None => format!("({row}.text = {head} AND {row}.rest IS NULL)"),
        }
    }

    fn prefix(&mut self, row: &str, text: &str) -> String {
        let (head, rest) = key::split(text);
        match rest {
            None => self.begins(&format!("{row}.text"), &head),
            Some(rest) => {
                let head = self.bind(head);
                let rest = self.begins(&format!("{row}.rest"), &rest);
                format!("({row}.text = {head} AND {rest})")
            }
        }
    }

    fn begins(&mut self, column: &str, prefix: &str) -> String {
        let first = self.bind(prefix);
        match key::after(&storable(prefix)) {
            Some(after) => {
                let after = self.bind(after);
                format!("({column} >= {first} AND {column} < {after})")
            }
            None => format!("({column} >= {first})"),
        }
    }

    fn range(&mut self, column: &str, low: Option<Value>, high: Option<Value>) -> String {
        let mut parts = Vec::new();
        if let Some(low) = low {
            let low = self.bind(low);
            parts.push(format!("{column} >= {low}"));
        }
        if let Some(high) = high {
            let high = self.bind(high);
            parts.push(format!("{column} <= {high}"));
        }
        if parts.is_empty() { format!("{column} IS NOT NULL") } else { format!("({})", parts.join(" AND ")) }
    }

    /// One package passes all parts of a test, and none that passes is excluded.
    fn package(&mut self, test: &Test) -> String {
        let Test::Package(test) = test else { return "1 = 0".to_owned() };
        let chosen = self.chosen(test);
        let excluded: Vec<String> = test
            .texts
            .iter()
            .filter_map(|(field, test)| match test {
                Test::NotEquals(text) => {
                    let equal = self.equals("q", text);
                    Some(format!(
                        "EXISTS (SELECT 1 FROM cause_package q WHERE q.cause_no = p.cause_no \
                         AND q.position = p.position AND q.field = {} AND {equal})",
                        package_place(*field)
                    ))
                }
                _ => None,
            })
            .collect();
        let mut parts = Vec::new();
        let some =
            format!("EXISTS (SELECT 1 FROM cause_package p WHERE p.cause_no = f.cause_no AND {chosen}");
        if !is_negative(&Test::Package(test.clone())) {
            parts.push(format!("{some})"));
        }
        if !excluded.is_empty() {
            parts.push(format!("NOT {some} AND ({}))", excluded.join(" OR ")));
        }
        if parts.is_empty() { "1 = 1".to_owned() } else { format!("({})", parts.join(" AND ")) }
    }

    fn chosen(&mut self, test: &PackageTest) -> String {
        let mut parts = vec![format!("p.field = {EPOCH}")];
        if let Some((low, high)) = test.epoch {
            parts.push(self.range("p.number", low.map(Value::from), high.map(Value::from)));
        }
        for (field, test) in &test.texts {
            if matches!(test, Test::NotEquals(_)) {
                continue;
            }
            let value = self.value(FieldKind::Texts, test, "q").unwrap_or_else(|| "1 = 0".to_owned());
            parts.push(format!(
                "EXISTS (SELECT 1 FROM cause_package q WHERE q.cause_no = p.cause_no \
                 AND q.position = p.position AND q.field = {} AND {value})",
                package_place(*field)
            ));
        }
        parts.join(" AND ")
    }

    /// Attributes that are columns.
    fn column(&mut self, field: Field, tests: &[&Test]) -> String {
        match field {
            Field::FindingArn => self.arn(tests),
            Field::Severity => {
                let codes = Severity::ALL
                    .into_iter()
                    .filter(|severity| passes(tests, severity.as_str()))
                    .map(|severity| -code::of_severity(severity));
                codes_in("f.urgency", codes)
            }
            Field::FindingStatus => codes_in("f.status", statuses(tests).into_iter()),
            Field::FindingType => {
                let types = [
                    (ScanKind::Package, "PACKAGE_VULNERABILITY"),
                    (ScanKind::Network, "NETWORK_REACHABILITY"),
                    (ScanKind::Code, "CODE_VULNERABILITY"),
                ];
                let codes = types
                    .into_iter()
                    .filter(|(_, word)| passes(tests, word))
                    .map(|(scan, _)| code::of_scan(scan));
                codes_in("f.scan", codes)
            }
            Field::FirstObservedAt => self.during("f.first_at", tests),
            Field::LastObservedAt => self.during("f.last_at", tests),
            Field::UpdatedAt => self.during("-f.age", tests),
            Field::InspectorScore => {
                let parts: Vec<String> = tests
                    .iter()
                    .filter_map(|test| match test {
                        Test::Between(low, high) => {
                            Some(self.range("f.score", low.map(Value::from), high.map(Value::from)))
                        }
                        _ => None,
                    })
                    .collect();
                either(parts)
            }
            Field::ScanStatusCode => {
                let codes =
                    [(1, "ACTIVE"), (0, "INACTIVE")].into_iter().filter(|(_, word)| passes(tests, word));
                codes_in("v.active", codes.map(|(code, _)| code))
            }
            Field::ScanType => {
                let all = [ScanKind::Package, ScanKind::Network, ScanKind::Code];
                codes_in(
                    "v.scan",
                    all.into_iter().filter(|scan| passes(tests, scan.as_str())).map(code::of_scan),
                )
            }
            Field::ScanStatusReason => {
                let words = ScanReason::ALL.iter().map(|reason| reason.as_str());
                self.words_in("v.reason", words.filter(|word| passes(tests, word)))
            }
            Field::ScanMode => {
                const MODES: [ScanMode; 4] = [
                    ScanMode::Ec2SsmAgentBased,
                    ScanMode::Ec2Agentless,
                    ScanMode::Ec2InspectorAgentBased,
                    ScanMode::VmInspectorAgentBased,
                ];
                let words = MODES.into_iter().map(ScanMode::as_str).filter(|word| passes(tests, word));
                format!("(v.mode IS NOT NULL AND {})", self.words_in("v.mode", words))
            }
            Field::LastScannedAt => self.during("v.last_scanned_at", tests),
            // `place` sends nothing else here.
            _ => "1 = 0".to_owned(),
        }
    }

    fn during(&mut self, column: &str, tests: &[&Test]) -> String {
        let parts: Vec<String> = tests
            .iter()
            .filter_map(|test| match test {
                Test::During(start, end) => {
                    let bound = |time: &Option<_>| time.map(|time| Value::from(nanoseconds(time)));
                    Some(self.range(column, bound(start), bound(end)))
                }
                _ => None,
            })
            .collect();
        either(parts)
    }

    fn words_in<'w>(&mut self, column: &str, words: impl Iterator<Item = &'w str>) -> String {
        let names: Vec<String> = words.map(|word| self.bind(word)).collect();
        if names.is_empty() { "1 = 0".to_owned() } else { format!("{column} IN ({})", names.join(", ")) }
    }

    /// An ARN is the home and the id; it is compared part by part.
    fn arn(&mut self, tests: &[&Test]) -> String {
        let stems: Vec<(String, i64)> = self
            .homes
            .iter()
            .map(|(home, no)| {
                let (partition, region, account) = (home.partition(), &home.region, &home.account);
                (format!("arn:{partition}:inspector2:{region}:{account}:finding/"), *no)
            })
            .collect();
        let mut parts = Vec::new();
        for test in tests {
            for (stem, no) in &stems {
                match test {
                    Test::Equals(arn) => {
                        if let Some(id) = arn.strip_prefix(stem.as_str()) {
                            let id = self.bind(id);
                            parts.push(format!("(f.home_no = {no} AND f.id = {id})"));
                        }
                    }
                    Test::Prefix(prefix) if stem.starts_with(prefix.as_str()) => {
                        parts.push(format!("f.home_no = {no}"));
                    }
                    Test::Prefix(prefix) => {
                        if let Some(id) = prefix.strip_prefix(stem.as_str()) {
                            let begins = self.begins("f.id", id);
                            parts.push(format!("(f.home_no = {no} AND {begins})"));
                        }
                    }
                    _ => {}
                }
            }
        }
        either(parts)
    }
}

/// True for tests that hold unless a value equals.
pub fn is_negative(test: &Test) -> bool {
    match test {
        Test::NotEquals(_) => true,
        Test::Package(test) => {
            test.epoch.is_none()
                && !test.texts.is_empty()
                && test.texts.iter().all(|(_, test)| matches!(test, Test::NotEquals(_)))
        }
        _ => false,
    }
}

/// The statuses, as numbers, that pass one of these tests.
pub fn statuses(tests: &[&Test]) -> Vec<i64> {
    [FindingStatus::Active, FindingStatus::Suppressed, FindingStatus::Closed]
        .into_iter()
        .filter(|status| passes(tests, status.as_str()))
        .map(code::of_status)
        .collect()
}

fn passes(tests: &[&Test], word: &str) -> bool {
    tests.iter().any(|test| match test {
        Test::Equals(text) => word == text,
        Test::Prefix(text) => word.starts_with(text.as_str()),
        _ => false,
    })
}

fn codes_in(column: &str, codes: impl Iterator<Item = i64>) -> String {
    let list: Vec<String> = codes.map(|code| code.to_string()).collect();
    match list.as_slice() {
        [] => "1 = 0".to_owned(),
        [one] => format!("{column} = {one}"),
        many => format!("{column} IN ({})", many.join(", ")),
    }
}

fn either(parts: Vec<String>) -> String {
    if parts.is_empty() { "1 = 0".to_owned() } else { format!("({})", parts.join(" OR ")) }
}
