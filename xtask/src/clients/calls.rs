//! Every operation of AWS that is called, and why. From this table come the clients, the IAM policies and the page
//! about permissions; an operation that is not in it cannot be called.

/// Who needs a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The role that scans, in every account that is scanned.
    Scan,
    /// The same role, in the management account or the one that the organization delegated to.
    Organization,
    /// The role that the service itself runs as.
    Service,
}

/// One service and what is called of it.
pub struct Client {
    /// Module of the generated client.
    pub module: &'static str,
    /// Folder of botocore's data.
    pub folder: &'static str,
    /// As in `2016-11-15`.
    pub version: &'static str,
    /// First part of its IAM actions.
    pub iam: &'static str,
    /// Where the model's first choice is not spoken here.
    pub protocol: Option<&'static str>,
    /// One place for a whole partition.
    pub global: bool,
    /// Shapes that are passed on as JSON, because another crate renders them.
    pub opaque: &'static [&'static str],
    /// Shapes whose members are not read.
    pub left_out: &'static [&'static str],
    /// Whether answers can be written again as the AWS CLI prints them.
    pub documents: bool,
    /// What is called of it.
    pub calls: &'static [Call],
}

/// One operation.
pub struct Call {
    /// Its name in the model.
    pub operation: &'static str,
    /// Who needs the permission.
    pub place: Place,
    /// English and Japanese, without a full stop.
    pub why: (&'static str, &'static str),
    /// IAM actions, where they are not named like the operation.
    pub actions: &'static [&'static str],
}

const fn scan(operation: &'static str, why: (&'static str, &'static str)) -> Call {
    Call { operation, place: Place::Scan, why, actions: &[] }
}

const fn organization(operation: &'static str, why: (&'static str, &'static str)) -> Call {
    Call { operation, place: Place::Organization, why, actions: &[] }
}

const fn service(operation: &'static str, why: (&'static str, &'static str)) -> Call {
    Call { operation, place: Place::Service, why, actions: &[] }
}

const fn by(actions: &'static [&'static str], call: Call) -> Call {
    Call { actions, ..call }
}

const fn client(
    module: &'static str,
    folder: &'static str,
    version: &'static str,
    calls: &'static [Call],
) -> Client {
    Client {
        module,
        folder,
        version,
        iam: module,
        protocol: None,
        global: false,
        opaque: &[],
        left_out: &[],
        documents: false,
        calls,
    }
}

/// The table.
pub const CLIENTS: &[Client] = &[
    Client {
        iam: "cloudwatch",
        protocol: Some("json"),
        ..client(
            "cloudwatch",
            "cloudwatch",
            "2010-08-01",
            &[scan("GetMetricData", ("when functions were last invoked", "関数が最後に呼び出された日時"))],
        )
    },
    Client {
        documents: true,
        ..client(
            "ec2",
            "ec2",
            "2016-11-15",
            &[
                scan(
                    "DescribeInstances",
                    (
                        "instances, their state, tags and network",
                        "インスタンスとその状態、タグ、ネットワーク",
                    ),
                ),
                scan("DescribeInternetGateways", ("internet gateways", "インターネットゲートウェイ")),
                scan("DescribeManagedPrefixLists", ("prefix lists", "プレフィックスリスト")),
                scan("DescribeNetworkAcls", ("network ACLs", "ネットワーク ACL")),
                scan(
                    "DescribeNetworkInterfaces",
                    (
                        "network interfaces, their addresses and groups",
                        "ネットワークインターフェイスとそのアドレス、グループ",
                    ),
                ),
                scan(
                    "DescribeRegions",
                    ("regions that are enabled in an account", "アカウントで有効なリージョン"),
                ),
                scan("DescribeRouteTables", ("route tables", "ルートテーブル")),
                scan(
                    "DescribeSecurityGroups",
                    ("security groups and their rules", "セキュリティグループとその規則"),
                ),
                scan("DescribeSubnets", ("subnets", "サブネット")),
                scan(
                    "DescribeTransitGatewayAttachments",
                    ("what is attached to transit gateways", "トランジットゲートウェイへのアタッチメント"),
                ),
                scan(
                    "DescribeTransitGatewayRouteTables",
                    ("route tables of transit gateways", "トランジットゲートウェイのルートテーブル"),
                ),
                scan(
                    "DescribeTransitGatewayVpcAttachments",
                    (
                        "subnets of transit gateway attachments",
                        "トランジットゲートウェイアタッチメントのサブネット",
                    ),
                ),
                scan("DescribeTransitGateways", ("transit gateways", "トランジットゲートウェイ")),
                scan(
                    "DescribeVolumes",
                    ("size, kind and encryption of volumes", "ボリュームのサイズ、種類、暗号化"),
                ),
                scan(
                    "DescribeVpcBlockPublicAccessExclusions",
                    ("exclusions from VPC Block Public Access", "VPC ブロックパブリックアクセスの除外"),
                ),
                scan(
                    "DescribeVpcBlockPublicAccessOptions",
                    ("VPC Block Public Access", "VPC ブロックパブリックアクセス"),
                ),
                scan("DescribeVpcEndpoints", ("VPC endpoints", "VPC エンドポイント")),
                scan("DescribeVpcPeeringConnections", ("peering connections", "ピアリング接続")),
                scan("DescribeVpcs", ("VPCs and their address blocks", "VPC とそのアドレスブロック")),
                scan("DescribeVpnGateways", ("virtual private gateways", "仮想プライベートゲートウェイ")),
                scan(
                    "GetManagedPrefixListEntries",
                    ("entries of prefix lists", "プレフィックスリストの項目"),
                ),
                scan(
                    "SearchTransitGatewayRoutes",
                    ("routes of transit gateways", "トランジットゲートウェイのルート"),
                ),
            ],
        )
    },
    client(
        "ecr",
        "ecr",
        "2015-09-21",
        &[
            scan(
                "DescribeImages",
                ("images, tags, push and pull times", "イメージ、タグ、プッシュとプルの日時"),
            ),
            scan("DescribeRepositories", ("repositories", "リポジトリ")),
            scan("GetAuthorizationToken", ("logging in to pull images", "イメージを取得するためのログイン")),
            scan(
                "GetRegistryScanningConfiguration",
                ("basic or enhanced scanning, and its rules", "基本または拡張スキャンとその規則"),
            ),
            scan("ListTagsForResource", ("tags of repositories", "リポジトリのタグ")),
            scan(
                "PutRegistryScanningConfiguration",
                (
                    "switching the registry to enhanced scanning, when asked to",
                    "指示された場合に拡張スキャンへ切り替える",
                ),
            ),
        ],
    ),
    client(
        "ecs",
        "ecs",
        "2014-11-13",
        &[
            scan("DescribeTasks", ("images that tasks use", "タスクが使用中のイメージ")),
            scan("ListClusters", ("clusters", "クラスター")),
            scan("ListTasks", ("running tasks", "実行中のタスク")),
        ],
    ),
    client(
        "eks",
        "eks",
        "2017-11-01",
        &[
            scan("DescribeCluster", ("where a cluster answers", "クラスターの接続先")),
            scan("ListClusters", ("clusters", "クラスター")),
        ],
    ),
    Client {
        iam: "elasticloadbalancing",
        documents: true,
        ..client(
            "elb",
            "elb",
            "2012-06-01",
            &[
                scan(
                    "DescribeLoadBalancerAttributes",
                    (
                        "whether Classic load balancers cross zones",
                        "Classic Load Balancer のクロスゾーン負荷分散の設定",
                    ),
                ),
                scan("DescribeLoadBalancers", ("Classic load balancers", "Classic Load Balancer")),
            ],
        )
    },
    Client {
        iam: "elasticloadbalancing",
        left_out: &["AuthenticateCognitoActionConfig", "AuthenticateOidcActionConfig"],
        documents: true,
        ..client(
            "elbv2",
            "elbv2",
            "2015-12-01",
            &[
                scan("DescribeListeners", ("listeners of load balancers", "ロードバランサーのリスナー")),
                scan(
                    "DescribeLoadBalancerAttributes",
                    ("whether load balancers cross zones", "クロスゾーン負荷分散の設定"),
                ),
                scan("DescribeLoadBalancers", ("load balancers", "ロードバランサー")),
                scan("DescribeRules", ("rules of listeners", "リスナーのルール")),
                scan(
                    "DescribeTargetGroupAttributes",
                    ("whether targets see the client", "クライアントアドレスの保持"),
                ),
                scan("DescribeTargetGroups", ("target groups", "ターゲットグループ")),
                scan("DescribeTargetHealth", ("targets", "ターゲット")),
            ],
        )
    },
    client(
        "events",
        "events",
        "2015-10-07",
        &[service(
            "PutEvents",
            ("publishing findings, scans and coverage", "検出結果、スキャン、カバレッジの発行"),
        )],
    ),
    client(
        "kms",
        "kms",
        "2014-11-01",
        &[service(
            "DescribeKey",
            ("whether the key of a report can be used", "レポートの鍵が使えるかどうか"),
        )],
    ),
    client(
        "lambda",
        "lambda",
        "2015-03-31",
        &[
            scan("GetFunction", ("where the code of a function is, and its tags", "関数コードの場所とタグ")),
            by(
                &["lambda:GetLayerVersion"],
                scan("GetLayerVersionByArn", ("where the content of a layer is", "レイヤーの内容の場所")),
            ),
            scan("ListFunctions", ("functions and their configuration", "関数とその設定")),
        ],
    ),
    Client {
        global: true,
        ..client(
            "organizations",
            "organizations",
            "2016-11-28",
            &[
                organization("DescribeOrganization", ("which organization this is", "どの組織か")),
                organization("ListAccounts", ("member accounts", "メンバーアカウント")),
                organization(
                    "ListDelegatedAdministrators",
                    ("who administers for the organization", "組織の委任管理者"),
                ),
            ],
        )
    },
    client(
        "s3",
        "s3",
        "2006-03-01",
        &[
            service(
                "AbortMultipartUpload",
                ("cleaning up after a broken upload", "中断したアップロードの後始末"),
            ),
            by(&["s3:PutObject"], service("CompleteMultipartUpload", ("large reports", "大きなレポート"))),
            by(&["s3:PutObject"], service("CreateMultipartUpload", ("large reports", "大きなレポート"))),
            by(
                &["s3:ListBucket"],
                service("HeadBucket", ("region and owner of a bucket", "バケットのリージョンと所有者")),
            ),
            by(&["s3:PutObject", "s3:PutObjectAcl"], service("PutObject", ("reports", "レポート"))),
            by(&["s3:PutObject"], service("UploadPart", ("large reports", "大きなレポート"))),
        ],
    ),
    Client {
        opaque: &["AwsSecurityFinding"],
        ..client(
            "securityhub",
            "securityhub",
            "2018-10-26",
            &[service("BatchImportFindings", ("findings in Security Hub", "Security Hub への検出結果"))],
        )
    },
    client(
        "sqs",
        "sqs",
        "2012-11-05",
        &[
            by(
                &["sqs:DeleteMessage"],
                scan("DeleteMessageBatch", ("events that were acted on", "処理済みイベントの削除")),
            ),
            scan("ReceiveMessage", ("events that tell of changes", "変更を知らせるイベント")),
        ],
    ),
    client(
        "ssm",
        "ssm",
        "2014-11-06",
        &[
            scan(
                "CreateAssociation",
                (
                    "collecting software inventory, when asked to",
                    "指示された場合にソフトウェアインベントリを収集する",
                ),
            ),
            scan("DeleteAssociation", ("no longer collecting it", "その収集をやめる")),
            scan("DescribeInstanceInformation", ("managed instances", "マネージドインスタンス")),
            scan("GetInventorySchema", ("kinds of inventory that exist", "存在するインベントリの種類")),
            scan(
                "ListAssociations",
                ("whether inventory is collected already", "インベントリが既に収集されているか"),
            ),
            scan("ListInventoryEntries", ("installed software", "インストール済みソフトウェア")),
        ],
    ),
    client(
        "sts",
        "sts",
        "2011-06-15",
        &[
            service(
                "AssumeRole",
                ("acting in the accounts that are scanned", "スキャン対象アカウントでの操作"),
            ),
            by(
                &[],
                service(
                    "GetCallerIdentity",
                    ("which account this is; needs no permission", "どのアカウントか。権限は不要"),
                ),
            ),
        ],
    ),
];

/// Permissions that are needed in more than one place, or without an API call of ours: by the registry's own protocol,
/// and by S3 on our behalf.
pub const ALSO: &[(&str, Place, (&str, &str))] = &[
    ("ecr:BatchGetImage", Place::Scan, ("manifests of images", "イメージのマニフェスト")),
    ("ecr:GetDownloadUrlForLayer", Place::Scan, ("layers of images", "イメージのレイヤー")),
    (
        "events:PutEvents",
        Place::Scan,
        ("publishing in the account that owns a resource", "リソースを所有するアカウントでの発行"),
    ),
    (
        "securityhub:BatchImportFindings",
        Place::Scan,
        ("findings in the Security Hub of the account", "そのアカウントの Security Hub への検出結果"),
    ),
    ("kms:Decrypt", Place::Service, ("large reports that are encrypted", "暗号化された大きなレポート")),
    ("kms:GenerateDataKey", Place::Service, ("reports that are encrypted", "暗号化されたレポート")),
];

impl Client {
    /// The actions of a call.
    pub fn actions(&self, call: &Call) -> Vec<String> {
        match call.actions {
            [] => vec![format!("{}:{}", self.iam, call.operation)],
            named => named.iter().map(|&action| action.to_owned()).collect(),
        }
    }
}
