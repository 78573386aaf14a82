//! The permissions that the calls need: IAM policies, a role for CloudFormation and Terraform, and a page that explains
//! them in English and Japanese.

use super::calls::{ALSO, CLIENTS, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The generated documents: path below the root, and content.
pub fn documents() -> Vec<(&'static str, String)> {
    vec![
        (
            "docs/aws/scan-policy.json",
            policy(&[("Scan", Place::Scan), ("Organization", Place::Organization)]),
        ),
        ("docs/aws/service-policy.json", policy(&[("Service", Place::Service)])),
        ("docs/aws/scan-role.cloudformation.yaml", cloudformation()),
        ("docs/aws/scan-role.tf", terraform()),
        ("docs/aws/README.md", page(&ENGLISH)),
        ("docs/ja/aws.md", page(&JAPANESE)),
    ]
}

type Words = (&'static str, &'static str);

/// Actions of a place, and why.
fn actions(place: Place) -> BTreeMap<String, Vec<Words>> {
    let mut found: BTreeMap<String, Vec<Words>> = BTreeMap::new();
    for client in CLIENTS {
        for call in client.calls.iter().filter(|call| call.place == place) {
            for action in client.actions(call) {
                found.entry(action).or_default().push(call.why);
            }
        }
    }
    for (action, _, why) in ALSO.iter().filter(|(_, of, _)| *of == place) {
        found.entry((*action).to_owned()).or_default().push(*why);
    }
    // Everybody may ask who they are.
    found.remove("sts:GetCallerIdentity");
    found
}

/// Actions that only an explicit wish of the operator uses.
fn writes(action: &str) -> bool {
    ["ecr:Put", "ssm:Create", "ssm:Delete", "sqs:Delete"]
        .iter()
        .any(|beginning| action.starts_with(beginning))
}

/// Statements as (Sid, actions, resources).
fn statements(places: &[(&'static str, Place)]) -> Vec<(String, Vec<String>, Vec<String>)> {
    let mut found = Vec::new();
    for (name, place) in places {
        let all = actions(*place);
        let pick = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
            all.keys().filter(|action| wanted(action)).cloned().collect()
        };
        let everywhere = vec!["*".to_owned()];
        match place {
            Place::Scan => {
                let publishes =
                    |action: &str| action.starts_with("events:") || action.starts_with("securityhub:");
                let reads =
                    |action: &str| !writes(action) && !action.starts_with("sqs:") && !publishes(action);
                found.push((format!("{name}Read"), pick(&reads), everywhere.clone()));
                found.push((format!("{name}Publish"), pick(&publishes), everywhere.clone()));
                let queue = vec!["arn:aws:sqs:*:*:yagura-*".to_owned()];
                found.push((format!("{name}Events"), pick(&|action| action.starts_with("sqs:")), queue));
                let other = |action: &str| writes(action) && !action.starts_with("sqs:");
                found.push((format!("{name}OnRequest"), pick(&other), everywhere));
            }
            Place::Organization => found.push(((*name).to_owned(), pick(&|_| true), everywhere)),
            Place::Service => {
                let role = vec!["arn:aws:iam::*:role/YaguraScan".to_owned()];
                found.push((format!("{name}Assume"), pick(&|action| action.starts_with("sts:")), role));
                let bucket =
                    vec!["arn:aws:s3:::REPORT-BUCKET".to_owned(), "arn:aws:s3:::REPORT-BUCKET/*".to_owned()];
                found.push((format!("{name}Reports"), pick(&|action| action.starts_with("s3:")), bucket));
                let key = vec!["arn:aws:kms:*:*:key/REPORT-KEY".to_owned()];
                found.push((format!("{name}Key"), pick(&|action| action.starts_with("kms:")), key));
                let rest =
                    |action: &str| !["sts:", "s3:", "kms:"].iter().any(|service| action.starts_with(service));
                found.push((format!("{name}Publish"), pick(&rest), everywhere));
            }
        }
    }
    found
}

fn json_list(items: &[String], indent: &str) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("{indent}  \"{item}\"")).collect();
    format!("[\n{}\n{indent}]", items.join(",\n"))
}

fn policy(places: &[(&'static str, Place)]) -> String {
    let statements: Vec<String> = statements(places)
        .iter()
        .map(|(name, actions, resources)| {
            format!(
                "    {{\n      \"Sid\": \"{name}\",\n      \"Effect\": \"Allow\",\n      \"Action\": {},\n      \"Resource\": {}\n    }}",
                json_list(actions, "      "),
                json_list(resources, "      ")
            )
        })
        .collect();
    format!("{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n{}\n  ]\n}}\n", statements.join(",\n"))
}

const SCANS: &[(&str, Place)] = &[("Scan", Place::Scan), ("Organization", Place::Organization)];

fn cloudformation() -> String {
    let mut out = String::from(
        "# Generated by `cargo xtask generate`. The role that Yagura assumes in an account that it scans; deploy it as a\n\
         # stack set to cover an organization.\n\
         AWSTemplateFormatVersion: \"2010-09-09\"\n\
         Description: Role for Yagura to scan this account\n\
         Parameters:\n\
         \x20 ServicePrincipal:\n\
         \x20   Type: String\n\
         \x20   Description: ARN of the role that Yagura runs as\n\
         \x20 ExternalId:\n\
         \x20   Type: String\n\
         \x20   Description: A word that only Yagura and this account know\n\
         \x20   MinLength: 2\n\
         \x20   NoEcho: true\n\
         Resources:\n\
         \x20 YaguraScan:\n\
         \x20   Type: AWS::IAM::Role\n\
         \x20   Properties:\n\
         \x20     RoleName: YaguraScan\n\
         \x20     AssumeRolePolicyDocument:\n\
         \x20       Version: \"2012-10-17\"\n\
         \x20       Statement:\n\
         \x20         - Effect: Allow\n\
         \x20           Principal:\n\
         \x20             AWS: !Ref ServicePrincipal\n\
         \x20           Action: sts:AssumeRole\n\
         \x20           Condition:\n\
         \x20             StringEquals:\n\
         \x20               sts:ExternalId: !Ref ExternalId\n\
         \x20     Policies:\n\
         \x20       - PolicyName: scan\n\
         \x20         PolicyDocument:\n\
         \x20           Version: \"2012-10-17\"\n\
         \x20           Statement:\n",
    );
    for (name, actions, resources) in statements(SCANS) {
        let _ = write!(
            out,
            "              - Sid: {name}\n                Effect: Allow\n                Action:\n"
        );
        for action in actions {
            let _ = writeln!(out, "                  - {action}");
        }
        out.push_str("                Resource:\n");
        for resource in resources {
            let _ = writeln!(out, "                  - \"{resource}\"");
        }
    }
    out.push_str("Outputs:\n  RoleArn:\n    Value: !GetAtt YaguraScan.Arn\n");
    out
}

fn terraform() -> String {
    let mut out = String::from(
        "# Generated by `cargo xtask generate`. The role that Yagura assumes in an account that it scans.\n\n\
         variable \"service_principal\" {\n  type        = string\n  description = \"ARN of the role that Yagura runs as\"\n}\n\n\
         variable \"external_id\" {\n  type        = string\n  description = \"A word that only Yagura and this account know\"\n  sensitive   = true\n}\n\n\
         data \"aws_iam_policy_document\" \"yagura_trust\" {\n  statement {\n    actions = [\"sts:AssumeRole\"]\n\n    principals {\n      \
         type        = \"AWS\"\n      identifiers = [var.service_principal]\n    }\n\n    condition {\n      test     = \"StringEquals\"\n      \
         variable = \"sts:ExternalId\"\n      values   = [var.external_id]\n    }\n  }\n}\n\n\
         data \"aws_iam_policy_document\" \"yagura_scan\" {\n",
    );
    let blocks: Vec<String> = statements(SCANS)
        .iter()
        .map(|(name, actions, resources)| {
            let list = |items: &[String]| {
                let lines: Vec<String> = items.iter().map(|item| format!("      \"{item}\",\n")).collect();
                format!("[\n{}    ]", lines.concat())
            };
            let resources: Vec<String> = resources.iter().map(|resource| format!("\"{resource}\"")).collect();
            format!(
                "  statement {{\n    sid       = \"{name}\"\n    resources = [{}]\n\n    actions = {}\n  }}\n",
                resources.join(", "),
                list(actions)
            )
        })
        .collect();
    out.push_str(&blocks.join("\n"));
    out.push_str(
        "}\n\nresource \"aws_iam_role\" \"yagura_scan\" {\n  name               = \"YaguraScan\"\n  \
         assume_role_policy = data.aws_iam_policy_document.yagura_trust.json\n}\n\n\
         resource \"aws_iam_role_policy\" \"yagura_scan\" {\n  name   = \"scan\"\n  role   = aws_iam_role.yagura_scan.id\n  \
         policy = data.aws_iam_policy_document.yagura_scan.json\n}\n\n\
         output \"role_arn\" {\n  value = aws_iam_role.yagura_scan.arn\n}\n",
    );
    out
}

/// One language of the page.
struct Page {
    introduction: &'static str,
    headings: [(&'static str, Place); 3],
    columns: &'static str,
    pick: fn(Words) -> &'static str,
}

const ENGLISH: Page = Page {
    introduction: "# Permissions in AWS\n\nGenerated by `cargo xtask generate` from the table of operations that are called; \
        an operation that is not in it cannot be called.\n\n\
        Two roles are needed. The *service role* is what Yagura runs as: it assumes the other role, and delivers reports \
        and findings. The *scan role* is assumed in every account that is scanned. Its trust policy names the service role \
        and an external id, so that nobody else can make Yagura use it.\n\n\
        - Service role: [`service-policy.json`](service-policy.json); write the names of your bucket and key into it.\n\
        - Scan role: [`scan-policy.json`](scan-policy.json), as a role for \
        [CloudFormation](scan-role.cloudformation.yaml) and [Terraform](scan-role.tf).\n\n\
        The statement `ScanPublish` is for events and Security Hub in the account that owns a resource. \
        `ScanOnRequest` is for what changes something in the account, and only when you ask for it. Leave it \
        out and Yagura reads only. `ScanEvents` is for a queue whose name begins with `yagura-`. In other partitions \
        replace `arn:aws:` by theirs. Credentials, region, profiles and endpoints are found as in the AWS SDKs \
        (`AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`, roles of instances, containers and \
        web identities). For pods of EKS the scan role also needs `list` on pods in the cluster itself.\n\n\
        When a permission is missing, the error names the action.\n",
    headings: [
        ("Scan role", Place::Scan),
        ("Scan role, in the management or delegated administrator account", Place::Organization),
        ("Service role", Place::Service),
    ],
    columns: "| Action | For |",
    pick: |why| why.0,
};

const JAPANESE: Page = Page {
    introduction: "# AWS で必要な権限\n\n呼び出す操作の表から `cargo xtask generate` が生成します。表にない操作は呼び出せません。\n\n\
        ロールは 2 つ必要です。*サービスロール*は Yagura 自身のロールで、もう一方のロールを引き受け、レポートと検出結果を届けます。\
        *スキャンロール*はスキャン対象の各アカウントで引き受けるロールです。信頼ポリシーにサービスロールと外部 ID を書くことで、\
        第三者が Yagura にそのロールを使わせることを防ぎます。\n\n\
        - サービスロール: [`service-policy.json`](../aws/service-policy.json)。バケットと鍵の名前を書き込んでください。\n\
        - スキャンロール: [`scan-policy.json`](../aws/scan-policy.json)。\
        [CloudFormation](../aws/scan-role.cloudformation.yaml) と [Terraform](../aws/scan-role.tf) のロールもあります。\n\n\
        ステートメント `ScanPublish` はリソースを所有するアカウントでのイベントと Security Hub のためのものです。`ScanOnRequest` はアカウントに変更を加える操作で、指示したときだけ使います。外せば Yagura は読み取りだけを行います。\
        `ScanEvents` は名前が `yagura-` で始まるキューのためのものです。他のパーティションでは `arn:aws:` を置き換えてください。\
        認証情報、リージョン、プロファイル、エンドポイントは AWS SDK と同じ方法で探します\
        (`AWS_PROFILE`、`AWS_REGION`、`AWS_ENDPOINT_URL`、`AWS_ENDPOINT_URL_<SERVICE>`、インスタンス、コンテナ、Web ID のロール)。\
        EKS の Pod については、クラスター側でも Pod の `list` をスキャンロールに許可してください。\n\n\
        権限が足りないときは、エラーが必要なアクションを示します。\n",
    headings: [
        ("スキャンロール", Place::Scan),
        ("スキャンロール (管理アカウントまたは委任管理者アカウント)", Place::Organization),
        ("サービスロール", Place::Service),
    ],
    columns: "| アクション | 用途 |",
    pick: |why| why.1,
};

fn page(page: &Page) -> String {
    let mut out = page.introduction.to_owned();
    for (heading, place) in page.headings {
        let _ = write!(out, "\n## {heading}\n\n{}\n|---|---|\n", page.columns);
        for (action, whys) in actions(place) {
            let words: BTreeSet<&str> = whys.into_iter().map(page.pick).collect();
            let words: Vec<&str> = words.into_iter().collect();
            let _ = writeln!(out, "| `{action}` | {} |", words.join("; "));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_exactly_one_statement() {
        for places in [SCANS, &[("Service", Place::Service)][..]] {
            let mut listed: Vec<String> =
                statements(places).into_iter().flat_map(|(_, actions, _)| actions).collect();
            listed.sort();
            let all: BTreeSet<String> =
                places.iter().flat_map(|(_, place)| actions(*place).into_keys()).collect();
            assert_eq!(all.into_iter().collect::<Vec<_>>(), listed);
        }
    }

    #[test]
    fn nothing_that_changes_an_account_is_among_the_reading_actions() {
        let reading = statements(SCANS).into_iter().find(|(name, _, _)| name == "ScanRead").unwrap().1;
        let verbs = ["Describe", "Get", "List", "BatchGet", "Search"];
        for action in reading {
            let verb = action.split(':').nth(1).unwrap();
            assert!(verbs.iter().any(|beginning| verb.starts_with(beginning)), "{action}");
        }
    }
}
