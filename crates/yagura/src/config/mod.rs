//! Configuration of the service: `yagura.toml` < environment < flags.
//!
//! One typed struct, made by [`options!`] together with the table that help, documents and `yagura config show`
//! read; adding an option is adding a line there. Unknown keys are errors with a suggestion, and an error in the
//! file names its line.

mod load;
mod value;

pub use load::{ConfigError, Layers, Origin, Setting, load};
pub use value::{AccountAccess, Duration, Prices, Value, WebhookTarget};

/// What is known of one option.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its key in the file: `aws.regions`.
    pub key: &'static str,
    /// What it does, in English.
    pub en: &'static str,
    /// The same in Japanese.
    pub ja: &'static str,
    /// True for values that are never printed.
    pub secret: bool,
}

impl Entry {
    /// Its environment variable: `YAGURA_AWS_REGIONS`.
    pub fn variable(&self) -> String {
        format!("YAGURA_{}", self.key.replace(['.', '-'], "_").to_ascii_uppercase())
    }
}

/// The reference page of all options and their defaults.
pub fn reference(lang: yagura_model::Lang) -> String {
    let defaults = Config::default();
    let mut page = String::from(lang.pick(
        "# Options of the service\n\nMade by `yagura config show -f markdown`. Each option may stand in `yagura.toml`, in the environment \
         variable beside it, or after `--set`.\n\n| Option | Variable | Default | What it does |\n|---|---|---|---|\n",
        "# サービスの設定項目\n\n`yagura --lang ja config show -f markdown` の出力です。どの項目も `yagura.toml`、環境変数、`--set` で指定できます。\
         \n\n| 項目 | 環境変数 | 既定値 | 内容 |\n|---|---|---|---|\n",
    ));
    for entry in ENTRIES {
        let default = defaults.shown(entry.key).unwrap_or_default();
        let about = lang.pick(entry.en, entry.ja);
        page.push_str(&format!("| `{}` | `{}` | `{default}` | {about} |\n", entry.key, entry.variable()));
    }
    page
}

macro_rules! options {
    ($($field:ident: $type:ty = $key:literal, $default:expr, $en:literal, $ja:literal $(, $secret:ident)?;)*) => {
        /// Every option of the service.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config { $(#[doc = $en] pub $field: $type,)* }

        impl Default for Config {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        /// The options, in the order in which they are shown.
        pub const ENTRIES: &[Entry] = &[
            $(Entry { key: $key, en: $en, ja: $ja, secret: options!(@secret $($secret)?) },)*
        ];

        impl Config {
            /// Sets one option from a value of the file.
            fn set(&mut self, key: &str, value: &toml::Value) -> Result<(), String> {
                match key {
                    $($key => self.$field = <$type as Value>::from_toml(value)?,)*
                    _ => return Err("no such option".to_owned()),
                }
                Ok(())
            }

            /// Sets one option from text, as the environment and flags have it.
            fn set_text(&mut self, key: &str, text: &str) -> Result<(), String> {
                match key {
                    $($key => self.$field = <$type as Value>::from_text(text)?,)*
                    _ => return Err("no such option".to_owned()),
                }
                Ok(())
            }

            /// The effective value as the file would spell it.
            fn shown(&self, key: &str) -> Option<String> {
                match key {
                    $($key => Some(Value::to_toml(&self.$field).to_string()),)*
                    _ => None,
                }
            }
        }
    };
    (@secret) => { false };
    (@secret secret) => { true };
}

options! {
    listen: String = "listen", "127.0.0.1:8471".to_owned(),
        "Address and port of API, console and metrics",
        "API、コンソール、メトリクスのアドレスとポート";
    data_dir: String = "data-dir", "yagura-data".to_owned(),
        "Folder of the embedded database, credentials, reports and layer results",
        "内蔵データベース、認証情報、レポート、レイヤー結果を置くフォルダー";
    database: String = "database", String::new(),
        "`sqlite:PATH` or `postgres://…`; empty for a SQLite file in data-dir",
        "`sqlite:PATH` または `postgres://…`。空なら data-dir の SQLite ファイル", secret;
    advisories: String = "advisories", String::new(),
        "The advisory database; empty for the one of `yagura db update`, else the starter advisories",
        "アドバイザリーデータベース。空なら `yagura db update` のもの、なければ同梱の勧告";
    offline: bool = "offline", false,
        "Open no connection but the listening one",
        "待ち受け以外の接続を行いません";
    this_machine: bool = "this-machine", true,
        "Scan the machine that the service runs on",
        "サービスが動くマシン自身も検査します";
    account: String = "account", String::new(),
        "Account of the caller of the first key and of this machine; empty for that of the AWS credentials, else 000000000000",
        "最初のキーとこのマシンのアカウント。空なら AWS 認証情報のもの、なければ 000000000000";
    region: String = "region", String::new(),
        "Region of this machine and default region; empty for that of the environment, else us-east-1",
        "このマシンと既定のリージョン。空なら環境のもの、なければ us-east-1";
    aws: String = "aws.discover", "auto".to_owned(),
        "When AWS is discovered: `auto` where environment or ~/.aws hold credentials, `always` asks instance metadata too, `never`",
        "AWS を探索する条件: `auto` は環境変数か ~/.aws に認証情報があるとき、`always` はインスタンスメタデータにも問い合わせ、`never` は探索しません";
    aws_regions: Vec<String> = "aws.regions", Vec::new(),
        "Regions to discover; empty for the default region",
        "探索するリージョン。空なら既定のリージョン";
    aws_accounts: Vec<AccountAccess> = "aws.accounts", Vec::new(),
        "Accounts beside the caller's: { id, role, external-id }",
        "呼び出し元以外のアカウント: { id, role, external-id }", secret;
    aws_role: String = "aws.role", String::new(),
        "Role that is assumed in every account of the organization; empty to leave the organization alone",
        "組織の各アカウントで引き受けるロール。空なら組織を探索しません";
    aws_external_id: String = "aws.external-id", String::new(),
        "External id for aws.role",
        "aws.role の外部 ID", secret;
    aws_queue: String = "aws.queue", String::new(),
        "SQS queue that EventBridge fills; changes then arrive at once instead of by polling",
        "EventBridge が書き込む SQS キュー。指定すると変更がすぐ届きます";
    enable: Vec<String> = "enable", ["EC2", "ECR", "LAMBDA"].map(str::to_owned).to_vec(),
        "Scan types that are switched on in an account when it is first met",
        "初めて見つけたアカウントで有効にするスキャン種別";
    event_source: String = "events.source", "yagura.inspector2".to_owned(),
        "Source of the events sent to EventBridge; AWS keeps `aws.*` for itself",
        "EventBridge へ送るイベントの source (`aws.*` は AWS 専用)";
    event_bus: String = "events.bus", String::new(),
        "EventBridge bus for events; empty to send none",
        "イベントを送る EventBridge バス。空なら送りません";
    security_hub: bool = "security-hub.enabled", false,
        "Send findings to Security Hub",
        "検出結果を Security Hub へ送ります";
    webhooks: Vec<WebhookTarget> = "webhooks", Vec::new(),
        "Addresses that get changes: { url, secret, form = \"json\" or \"slack\", lang }",
        "変更を送る宛先: { url, secret, form = \"json\" または \"slack\", lang }", secret;
    reports_dir: String = "reports-dir", String::new(),
        "Folder that takes reports and SBOMs instead of S3 buckets; a bucket becomes a folder in it",
        "S3 バケットの代わりにレポートと SBOM を置くフォルダー。バケットはその中のフォルダーになります";
    every_discover: Duration = "intervals.discover", Duration::minutes(5),
        "How often resources are listed",
        "リソースを一覧する間隔";
    every_collect: Duration = "intervals.collect", Duration::minutes(1),
        "How often due inventories are looked for",
        "取得時期の来たインベントリーを探す間隔";
    every_ingest: Duration = "intervals.ingest", Duration::minutes(60),
        "How often a new advisory database is looked for",
        "新しいアドバイザリーデータベースを探す間隔";
    every_rematch: Duration = "intervals.rematch", Duration::seconds(2),
        "How often marked slices are looked for without a nudge",
        "再照合の対象を探す間隔 (通知がない場合)";
    every_deliver: Duration = "intervals.deliver", Duration::seconds(2),
        "How often changes are looked for without a nudge",
        "送るべき変更を探す間隔 (通知がない場合)";
    every_sweep: Duration = "intervals.sweep", Duration::minutes(10),
        "How often old findings and coverage are taken off the lists",
        "古い検出結果とカバレッジを一覧から外す間隔";
    packages_stale: Duration = "intervals.instance-inventory", Duration::minutes(30),
        "How often the inventory of an instance is read (R-25)",
        "インスタンスのインベントリーを読む間隔 (R-25)";
    workers: u64 = "workers", 0,
        "How many resources are read at the same time; 0 for one per processor",
        "同時に読むリソースの数。0 ならプロセッサーごとに 1 つ";
    prices: Prices = "prices", Prices::default(),
        "Price of a unit of each meter in USD: { EC2_INSTANCE_HOURS = 0.0017 }",
        "課金単位ごとの価格 (USD): { EC2_INSTANCE_HOURS = 0.0017 }";
    log: String = "log", "info".to_owned(),
        "What is logged: error, warn, info, debug, or a filter of tracing",
        "ログの詳しさ: error, warn, info, debug、または tracing のフィルター";
    log_json: bool = "log-json", false,
        "Log JSON lines",
        "ログを JSON 行で出力します";
}

#[cfg(test)]
mod tests {
    use yagura_model::Lang;

    #[test]
    fn the_reference_pages_are_fresh() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        for (path, lang) in
            [("docs/reference/configuration.md", Lang::En), ("docs/ja/configuration.md", Lang::Ja)]
        {
            let page = std::fs::read_to_string(format!("{root}/{path}")).unwrap_or_default();
            assert!(page == super::reference(lang), "{path} is stale; see its first lines");
        }
    }
}
