//! What is computed of Terraform: modules with their arguments, values of variables, expressions, JSON and plans.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use yagura_model::TreePath;
use yagura_rules::config::Documents;
use yagura_rules::{RuleSet, Scan};

/// Rule and file of each finding of these rules.
fn found(files: &[(&str, &str)], only: &[&str]) -> Vec<String> {
    let rules = RuleSet::built_in().unwrap();
    let scan = Scan::new(&rules, &["config".to_owned()]);
    let mut documents = Documents::default();
    for (path, text) in files {
        documents.add(&TreePath::from_text(path).unwrap(), text.as_bytes());
    }
    let (found, unread) = scan.documents(&documents);
    assert_eq!(unread, []);
    let mine = found.iter().filter(|one| only.contains(&one.cause.rule.as_str()));
    mine.map(|one| format!("{} {}", one.cause.rule, one.excerpt)).collect()
}

const ENCRYPTED: &str = "aws-ebs-volume-encrypted";

/// Whether `encrypted = EXPRESSION` is certainly not true.
fn bad(expression: &str) -> bool {
    let text = format!(
        r#"
variable "yes" {{ default = true }}
variable "no" {{ default = false }}
variable "unknown" {{}}
variable "list" {{ default = ["a", "b"] }}
variable "objects" {{ default = [{{ on = true }}, {{ on = false }}] }}
locals {{
  off  = !var.yes
  map  = {{ a = true, b = false }}
  json = jsonencode({{ on = false }})
}}
resource "aws_ebs_volume" "v" {{
  encrypted = {expression}
}}
"#
    );
    !found(&[("main.tf", &text)], &[ENCRYPTED]).is_empty()
}

#[test]
fn expressions_are_computed_where_they_can_be() {
    for (expression, expected) in [
        ("var.yes", false),
        ("var.no", true),
        ("local.off", true),
        ("var.unknown", false),
        ("var.unknown && var.no", true),
        ("var.unknown || var.yes", false),
        ("!(length(var.list) == 2)", true),
        ("contains(var.list, \"c\")", true),
        ("contains([\"a\", var.unknown], \"c\")", false),
        ("local.map[\"b\"]", true),
        ("local.map.a", false),
        ("lookup(local.map, \"x\", false)", true),
        ("var.objects[1].on", true),
        ("(var.objects[*].on)[1]", true),
        ("[for o in var.objects : o.on][1]", true),
        ("[for o in var.objects : o.on if o.on][0]", false),
        ("{ for k, v in local.map : upper(k) => v }[\"B\"]", true),
        ("alltrue([for o in var.objects : o.on])", true),
        ("anytrue([for o in var.objects : o.on])", false),
        ("jsondecode(local.json).on", true),
        ("merge(local.map, { a = false }).a", true),
        ("element(concat([true], [false]), 1)", true),
        ("var.unknown ? false : false", true),
        ("var.unknown ? true : false", false),
        ("\"${var.no}\"", true),
        ("\"%{ if var.no }true%{ else }false%{ endif }\"", true),
        ("tobool(format(\"%s\", \"false\"))", true),
        ("try(local.map.b, true)", true),
        ("coalesce(null, false)", true),
        ("max(1, 2) == 1", true),
        ("startswith(\"abc\", \"b\")", true),
        ("data.aws_x.y.on", false),
        ("file(\"x\") == \"y\"", false),
    ] {
        assert_eq!(bad(expression), expected, "{expression}");
    }
}

#[test]
fn modules_are_judged_with_their_arguments() {
    let module = "variable \"encrypted\" { default = false }\nresource \"aws_ebs_volume\" \"v\" {\n  encrypted = var.encrypted\n}\noutput \"id\" { value = aws_ebs_volume.v.id }\n";
    let call =
        |argument: &str| format!("module \"disk\" {{\n  source = \"../modules/disk\"\n  {argument}\n}}\n");
    let judge = |argument: &str| {
        found(&[("live/main.tf", &call(argument)), ("modules/disk/main.tf", module)], &[ENCRYPTED])
    };
    assert_eq!(judge(""), ["aws-ebs-volume-encrypted module.disk.aws_ebs_volume.v"]);
    assert_eq!(judge("encrypted = true"), [""; 0]);
    assert_eq!(judge("encrypted = var.unknown"), [""; 0]);
    assert_eq!(judge("count = 0"), [""; 0]);
    assert_eq!(judge("for_each = { a = true, b = false }\n  encrypted = each.value").len(), 1);
    assert_eq!(judge("for_each = { a = true, b = true }\n  encrypted = each.value"), [""; 0]);
    // Not called by anything, it is a root of its own.
    assert_eq!(found(&[("modules/disk/main.tf", module)], &[ENCRYPTED]).len(), 1);
}

#[test]
fn resources_are_joined_through_modules() {
    let bucket = "resource \"aws_s3_bucket\" \"b\" {}\noutput \"id\" { value = aws_s3_bucket.b.id }\n";
    let root = "module \"m\" {\n  source = \"./m\"\n}\nresource \"aws_s3_bucket_logging\" \"l\" {\n  bucket = module.m.id\n}\n";
    assert_eq!(found(&[("main.tf", root), ("m/main.tf", bucket)], &["aws-s3-log"]), [""; 0]);
    let other = "module \"m\" {\n  source = \"./m\"\n}\n";
    assert_eq!(found(&[("main.tf", other), ("m/main.tf", bucket)], &["aws-s3-log"]).len(), 1);
}

#[test]
fn values_of_variables_come_from_their_files() {
    let main =
        "variable \"on\" { default = true }\nresource \"aws_ebs_volume\" \"v\" {\n  encrypted = var.on\n}\n";
    for (name, value, expected) in [
        ("terraform.tfvars", "on = false\n", 1),
        ("x.auto.tfvars", "on = false\n", 1),
        ("terraform.tfvars.json", "{\"on\": false}", 1),
        ("terraform.tfvars", "on = true\n", 0),
        // Read only where somebody asks for it.
        ("prod.tfvars", "on = false\n", 0),
    ] {
        assert_eq!(
            found(&[("main.tf", main), (name, value)], &[ENCRYPTED]).len(),
            expected,
            "{name} {value}"
        );
    }
}

#[test]
fn json_is_read_as_the_language_is() {
    let text = |value: &str| {
        format!(
            "{{\"variable\": {{\"on\": {{\"default\": false}}}},\n \"resource\": {{\"aws_ebs_volume\": {{\"v\": {{\n  \"encrypted\": {value}}}}}}}}}"
        )
    };
    assert_eq!(found(&[("main.tf.json", &text("\"${var.on}\""))], &[ENCRYPTED]).len(), 1);
    assert_eq!(found(&[("main.tf.json", &text("true"))], &[ENCRYPTED]), [""; 0]);
    assert_eq!(found(&[("main.tf.json", &text("\"${var.other}\""))], &[ENCRYPTED]), [""; 0]);
}

#[test]
fn plans_are_read() {
    let plan = r#"{"format_version": "1.2", "planned_values": {"root_module": {"resources": [
 {"address": "aws_s3_bucket.b", "mode": "managed", "type": "aws_s3_bucket", "name": "b", "values": {"bucket": "x"}},
 {"address": "aws_s3_bucket.c", "mode": "managed", "type": "aws_s3_bucket", "name": "c", "values": {"bucket": "y"}},
 {"address": "aws_s3_bucket_logging.l", "mode": "managed", "type": "aws_s3_bucket_logging", "name": "l", "values": {"target_bucket": "z"}}
], "child_modules": [{"address": "module.m[0]", "resources": [
 {"address": "module.m[0].aws_ebs_volume.v", "mode": "managed", "type": "aws_ebs_volume", "name": "v", "values": {"encrypted": false}}]}]}},
 "configuration": {"root_module": {"resources": [
 {"address": "aws_s3_bucket_logging.l", "expressions": {"bucket": {"references": ["aws_s3_bucket.b.id", "aws_s3_bucket.b"]}}}]}}}"#;
    assert_eq!(
        found(&[("plan.json", plan)], &["aws-s3-log", ENCRYPTED]),
        ["aws-s3-log aws_s3_bucket.c", "aws-ebs-volume-encrypted module.m[0].aws_ebs_volume.v"]
    );
}

#[test]
fn what_never_ends_is_bounded() {
    let own = "module \"m\" {\n  source = \"./\"\n  x = module.m.y\n}\noutput \"y\" { value = module.m.y }\nresource \"aws_ebs_volume\" \"v\" {}\n";
    assert_eq!(found(&[("main.tf", own)], &[ENCRYPTED]).len(), 1);
    let a = "module \"b\" {\n  source = \"../b\"\n  count = 1000\n}\n";
    let b = "module \"a\" {\n  source = \"../a\"\n  count = 1000\n}\n";
    found(&[("a/main.tf", a), ("b/main.tf", b)], &[ENCRYPTED]);
    let doubling: String =
        (0..60).map(|n| format!("  l{} = \"${{local.l{n}}}${{local.l{n}}}\"\n", n + 1)).collect();
    let text = format!(
        "locals {{\n  l0 = \"x\"\n{doubling}}}\nresource \"aws_ebs_volume\" \"v\" {{\n  encrypted = local.l60\n}}\n"
    );
    found(&[("main.tf", &text)], &[ENCRYPTED]);
    let nested = "locals {\n  l = [for a in range(9999) : [for b in range(9999) : a * b]]\n}\nresource \"aws_ebs_volume\" \"v\" {\n  x = local.l\n}\n";
    found(&[("main.tf", nested)], &[ENCRYPTED]);
}
