//! What common constructs of layer 2 become in a template, with the defaults of the library.

use super::cdk::Construct;
use super::value::Value;
use std::collections::BTreeMap;

type Properties = BTreeMap<String, Value>;

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn list(value: Value) -> Value {
    Value::List(vec![value])
}

/// Takes arguments over under the names of the template, and collects them.
struct Rename<'a> {
    from: &'a Construct,
    out: Properties,
}

impl Rename<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.from.props.get(name).filter(|value| **value != Value::Null)
    }

    /// An argument as it is.
    fn same(&mut self, from: &str, to: &str) {
        if let Some(value) = self.get(from).cloned() {
            self.out.insert(to.to_owned(), value);
        }
    }

    /// An argument that is a construct or computed: its value does not matter, only that it is given.
    fn given(&mut self, from: &str, to: &str) {
        if let Some(value) = self.get(from) {
            let mut names = Vec::new();
            value.references(&mut names);
            self.out.insert(to.to_owned(), Value::Unknown(names));
        }
    }

    /// What an enumeration says: `BucketEncryption.KMS` is `KMS`. `None`: not given; unknown: computed.
    fn choice(&self, name: &str) -> Option<Result<String, ()>> {
        self.get(name).map(|value| match value {
            Value::Text(text) => Ok(text.rsplit('.').next().unwrap_or(text).to_owned()),
            _ => Err(()),
        })
    }

    fn put(&mut self, name: &str, value: Value) {
        self.out.insert(name.to_owned(), value);
    }
}

/// Type and properties; none for a construct that is not known here.
pub fn resource(construct: &Construct) -> Option<(String, Properties)> {
    let mut to = Rename { from: construct, out: Properties::new() };
    let kind = match (construct.module.as_str(), construct.class.as_str()) {
        ("aws_s3", "Bucket") => bucket(&mut to),
        ("aws_sqs", "Queue") => queue(&mut to),
        ("aws_sns", "Topic") => {
            to.given("master_key", "kms_master_key_id");
            "AWS::SNS::Topic"
        }
        ("aws_rds", "DatabaseInstance") => database(&mut to),
        ("aws_ec2", "SecurityGroup") => security_group(&mut to),
        ("aws_ec2", "Volume") => {
            to.same("encrypted", "encrypted");
            to.given("encryption_key", "kms_key_id");
            if to.get("encryption_key").is_some() {
                to.put("encrypted", Value::Bool(true));
            }
            "AWS::EC2::Volume"
        }
        ("aws_dynamodb", "Table") => table(&mut to),
        ("aws_kms", "Key") => {
            to.same("enable_key_rotation", "enable_key_rotation");
            to.same("enabled", "enabled");
            // Keys for signing do not rotate.
            to.given("key_spec", "key_spec");
            if to.get("key_spec").is_some() || to.get("rotation_period").is_some() {
                to.put("enable_key_rotation", Value::unknown());
            }
            "AWS::KMS::Key"
        }
        ("aws_lambda", "Function") => function(&mut to),
        ("aws_efs", "FileSystem") => {
            // Without an argument the feature flags of the application decide.
            to.put("encrypted", to.get("encrypted").cloned().unwrap_or_else(Value::unknown));
            to.given("kms_key", "kms_key_id");
            "AWS::EFS::FileSystem"
        }
        ("aws_ecr", "Repository") => {
            let scan = to.get("image_scan_on_push").cloned().unwrap_or(Value::Bool(false));
            to.put("image_scanning_configuration", map([("scan_on_push", scan)]));
            let mutability = match to.choice("image_tag_mutability") {
                Some(Ok(choice)) => Value::Text(choice),
                Some(Err(())) => Value::unknown(),
                None => Value::text("MUTABLE"),
            };
            to.put("image_tag_mutability", mutability);
            if to.get("encryption").is_some() || to.get("encryption_key").is_some() {
                to.put("encryption_configuration", Value::unknown());
            }
            "AWS::ECR::Repository"
        }
        ("aws_iam", "PolicyStatement") => policy(&mut to)?,
        _ => return None,
    };
    Some((kind.to_owned(), to.out))
}

fn bucket(to: &mut Rename<'_>) -> &'static str {
    const FOUR: [&str; 4] =
        ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"];
    let all = |names: &[&str]| {
        Value::Map(names.iter().map(|name| ((*name).to_owned(), Value::Bool(true))).collect())
    };
    match to.choice("block_public_access") {
        Some(Ok(choice)) if choice == "BLOCK_ALL" => to.put("public_access_block_configuration", all(&FOUR)),
        Some(Ok(choice)) if choice.starts_with("BLOCK_ACLS") => {
            to.put("public_access_block_configuration", all(&["block_public_acls", "ignore_public_acls"]));
        }
        Some(_) => {
            // `new BlockPublicAccess({ … })`: what is not named there has been true and false in turn.
            let mut given = all(&[]);
            let options = to.get("block_public_access").and_then(|value| value.get("args"));
            let options = options.and_then(|args| args.items().first()).cloned();
            if let Value::Map(into) = &mut given {
                for name in FOUR {
                    let value = options.as_ref().and_then(|options| options.get(name)).cloned();
                    into.insert(name.to_owned(), value.unwrap_or_else(Value::unknown));
                }
            }
            to.put("public_access_block_configuration", given);
        }
        None => {}
    }
    let algorithm = match to.choice("encryption") {
        Some(Ok(choice)) if choice.starts_with("KMS") => Some(Value::text("aws:kms")),
        Some(Ok(choice)) if choice == "S3_MANAGED" => Some(Value::text("AES256")),
        Some(Ok(_)) | None if to.get("encryption_key").is_none() => None,
        _ => Some(Value::unknown()),
    };
    if let Some(algorithm) = algorithm {
        let rule = map([("server_side_encryption_by_default", map([("sse_algorithm", algorithm)]))]);
        to.put("bucket_encryption", map([("server_side_encryption_configuration", list(rule))]));
    }
    match to.get("versioned").cloned() {
        Some(Value::Bool(true)) => {
            to.put("versioning_configuration", map([("status", Value::text("Enabled"))]))
        }
        Some(Value::Unknown(_)) => to.put("versioning_configuration", Value::unknown()),
        _ => {}
    }
    // Methods of a bucket add these later.
    to.put("lifecycle_configuration", Value::unknown());
    to.put("notification_configuration", Value::unknown());
    to.given("server_access_logs_bucket", "logging_configuration");
    if to.get("server_access_logs_prefix").is_some() {
        to.put("logging_configuration", Value::unknown());
    }
    if let Some(Ok(choice)) = to.choice("access_control") {
        let choice = choice.to_lowercase();
        let canned = choice.split('_').map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().to_string() + letters.as_str())
                .unwrap_or_default()
        });
        let canned: String = canned.collect();
        to.put("access_control", Value::Text(canned));
    }
    "AWS::S3::Bucket"
}

fn queue(to: &mut Rename<'_>) -> &'static str {
    to.given("encryption_master_key", "kms_master_key_id");
    match to.choice("encryption") {
        Some(Ok(choice)) if choice == "SQS_MANAGED" => to.put("sqs_managed_sse_enabled", Value::Bool(true)),
        Some(Ok(choice)) if choice.starts_with("KMS") => to.put("kms_master_key_id", Value::unknown()),
        Some(Ok(_)) => to.put("sqs_managed_sse_enabled", Value::Bool(false)),
        Some(Err(())) => to.put("sqs_managed_sse_enabled", Value::unknown()),
        None => {}
    }
    "AWS::SQS::Queue"
}

fn database(to: &mut Rename<'_>) -> &'static str {
    let key = to.get("storage_encryption_key").is_some();
    let encrypted = to.get("storage_encrypted").cloned().unwrap_or(Value::Bool(key));
    to.put("storage_encrypted", encrypted);
    to.given("storage_encryption_key", "kms_key_id");
    for (from, name) in [
        ("publicly_accessible", "publicly_accessible"),
        ("multi_az", "multi_az"),
        ("iam_authentication", "enable_iam_database_authentication"),
        ("auto_minor_version_upgrade", "auto_minor_version_upgrade"),
        ("cloudwatch_logs_exports", "enable_cloudwatch_logs_exports"),
        ("copy_tags_to_snapshot", "copy_tags_to_snapshot"),
        ("enable_performance_insights", "enable_performance_insights"),
    ] {
        to.same(from, name);
    }
    // Subnets decide where nothing is said.
    if to.get("publicly_accessible").is_none() {
        to.put("publicly_accessible", Value::unknown());
    }
    let protection = to.get("deletion_protection").cloned();
    let kept = to.get("removal_policy").map(|_| Value::unknown());
    to.put("deletion_protection", protection.or(kept).unwrap_or(Value::Bool(false)));
    to.given("backup_retention", "backup_retention_period");
    to.given("monitoring_interval", "monitoring_interval");
    // The engine is an object of the library; rules that ask for it find nothing.
    to.put("engine", Value::unknown());
    "AWS::RDS::DBInstance"
}

fn table(to: &mut Rename<'_>) -> &'static str {
    let old = to.get("point_in_time_recovery").cloned();
    let new = to
        .get("point_in_time_recovery_specification")
        .map(|value| value.get("point_in_time_recovery_enabled").cloned().unwrap_or_else(Value::unknown));
    let recovery = new.or(old).unwrap_or(Value::Bool(false));
    to.put("point_in_time_recovery_specification", map([("point_in_time_recovery_enabled", recovery)]));
    match to.choice("encryption") {
        Some(Ok(choice)) if choice == "CUSTOMER_MANAGED" => {
            let key = Value::unknown();
            to.put(
                "sse_specification",
                map([("sse_enabled", Value::Bool(true)), ("kms_master_key_id", key)]),
            );
        }
        Some(Ok(choice)) if choice == "AWS_MANAGED" => {
            to.put("sse_specification", map([("sse_enabled", Value::Bool(true))]));
        }
        Some(Err(())) => to.put("sse_specification", Value::unknown()),
        _ if to.get("encryption_key").is_some() => to.put("sse_specification", Value::unknown()),
        _ => {}
    }
    to.same("deletion_protection", "deletion_protection_enabled");
    "AWS::DynamoDB::Table"
}

fn function(to: &mut Rename<'_>) -> &'static str {
    match to.choice("tracing") {
        Some(Ok(choice)) if choice == "ACTIVE" => {
            to.put("tracing_config", map([("mode", Value::text("Active"))]))
        }
        Some(Ok(choice)) if choice == "PASS_THROUGH" => {
            to.put("tracing_config", map([("mode", Value::text("PassThrough"))]));
        }
        Some(Err(())) => to.put("tracing_config", Value::unknown()),
        _ => {}
    }
    to.given("dead_letter_queue", "dead_letter_config");
    to.given("dead_letter_topic", "dead_letter_config");
    to.given("dead_letter_queue_enabled", "dead_letter_config");
    to.given("code_signing_config", "code_signing_config_arn");
    to.given("vpc", "vpc_config");
    to.same("reserved_concurrent_executions", "reserved_concurrent_executions");
    to.given("environment_encryption", "kms_key_arn");
    if let Some(variables) = to.get("environment").cloned() {
        to.put("environment", map([("variables", variables)]));
    }
    "AWS::Lambda::Function"
}

fn security_group(to: &mut Rename<'_>) -> &'static str {
    // The library describes groups and rules by their place where nothing is said.
    to.put("group_description", to.get("description").cloned().unwrap_or_else(Value::unknown));
    let mut rules = Vec::new();
    for (method, arguments) in &to.from.calls {
        if method == "add_ingress_rule"
            && let Some(rule) = ingress(arguments)
        {
            rules.push(rule);
        }
    }
    to.put("security_group_ingress", Value::List(rules));
    "AWS::EC2::SecurityGroup"
}

fn called(value: &Value) -> Option<(String, &[Value])> {
    Some((value.get("call")?.as_text()?, value.get("args").map_or(&[][..], Value::items)))
}

/// A rule of `addIngressRule(peer, port)`.
fn ingress(arguments: &[Value]) -> Option<Value> {
    let (peer, peers) = called(arguments.first()?)?;
    let (name, range) = match peer.as_str() {
        "Peer.any_ipv4" => ("cidr_ip", Value::text("0.0.0.0/0")),
        "Peer.any_ipv6" => ("cidr_ipv6", Value::text("::/0")),
        "Peer.ipv4" => ("cidr_ip", peers.first()?.clone()),
        "Peer.ipv6" => ("cidr_ipv6", peers.first()?.clone()),
        _ => return None,
    };
    let number = |number: f64| Value::Number(number);
    let port = arguments.get(1)?;
    let (protocol, from, to) = match (port.as_text().as_deref(), called(port)) {
        (Some("Port.SSH"), _) => ("tcp", number(22.0), number(22.0)),
        (Some("Port.RDP"), _) => ("tcp", number(3389.0), number(3389.0)),
        (Some("Port.HTTP"), _) => ("tcp", number(80.0), number(80.0)),
        (Some("Port.HTTPS"), _) => ("tcp", number(443.0), number(443.0)),
        (_, Some((name, ports))) => match (name.as_str(), ports) {
            ("Port.tcp", [port, ..]) => ("tcp", port.clone(), port.clone()),
            ("Port.udp", [port, ..]) => ("udp", port.clone(), port.clone()),
            ("Port.tcp_range", [from, to, ..]) => ("tcp", from.clone(), to.clone()),
            ("Port.all_tcp", _) => ("tcp", number(0.0), number(65_535.0)),
            ("Port.all_traffic", _) => ("-1", number(-1.0), number(-1.0)),
            _ => return None,
        },
        _ => return None,
    };
    let description = arguments.get(2).cloned().unwrap_or_else(Value::unknown);
    Some(map([
        (name, range),
        ("ip_protocol", Value::text(protocol)),
        ("from_port", from),
        ("to_port", to),
        ("description", description),
    ]))
}

/// A statement of a policy of an identity; statements with principals belong to resources that are not known here.
fn policy(to: &mut Rename<'_>) -> Option<&'static str> {
    if to.get("principals").is_some() || to.get("not_principals").is_some() {
        return None;
    }
    let mut statement = Properties::new();
    for (from, name) in [
        ("actions", "action"),
        ("not_actions", "not_action"),
        ("resources", "resource"),
        ("not_resources", "not_resource"),
        ("conditions", "condition"),
    ] {
        if let Some(value) = to.get(from) {
            statement.insert(name.to_owned(), value.clone());
        }
    }
    let effect = match to.choice("effect") {
        Some(Ok(choice)) if choice == "DENY" => Value::text("Deny"),
        Some(Err(())) => return None,
        _ => Value::text("Allow"),
    };
    statement.insert("effect".to_owned(), effect);
    to.put("policy_document", map([("statement", list(Value::Map(statement)))]));
    Some("AWS::IAM::Policy")
}
