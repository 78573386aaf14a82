//! Errors of the library crates, which speak English, in both languages.

use super::Said;
use std::error::Error;
use yagura_advisories::DatabaseError;
use yagura_cloud::{AwsError, CloudError};
use yagura_fs::image::ImageError;

/// An error and its causes, joined with colons.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The innermost cause: what the operating system or another library said.
fn root(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

/// Any error of a library: its own words, after a Japanese introduction for Japanese readers.
pub fn library(ja: &str, error: &dyn Error) -> Said {
    let en = chain(error);
    Said { ja: format!("{ja}: {en}"), en }
}

/// An error of the network crate, and what to do about it.
pub fn cloud(error: &CloudError) -> (Said, Option<Said>) {
    if let CloudError::Image(error) = error {
        return image(error);
    }
    if let CloudError::Aws(error) = error {
        return aws(error);
    }
    let cause = root(error);
    let ja = match error {
        CloudError::Offline => "オフライン指定のため接続しません".to_owned(),
        CloudError::Setup { .. } => format!("HTTP を準備できません: {cause}"),
        CloudError::Unreachable { url, .. } => format!("`{url}` に接続できません: {cause}"),
        CloudError::Status { url, status, detail } => format!("`{url}` が {status} を返しました{detail}"),
        CloudError::Denied { registry, repository, .. } => {
            format!("`{registry}` が `{repository}` へのアクセスを拒否しました")
        }
        CloudError::NotFound { what } => format!("`{what}` はありません"),
        CloudError::TooLarge { url, limit } => format!("`{url}` が {limit} バイトを超えています"),
        CloudError::Incomplete { url, received } => {
            format!("`{url}` の転送が {received} バイトで途切れました")
        }
        CloudError::Digest { url, expected } => {
            format!("`{url}` のダイジェストが `{expected}` と一致しません")
        }
        CloudError::Invalid { text, detail, .. } => format!("`{text}` は正しくありません: {detail}"),
        CloudError::Credentials { from, detail } => format!("`{from}` から認証情報を得られません: {detail}"),
        CloudError::Disk { path, .. } => format!("`{}` に書き込めません: {cause}", path.display()),
        CloudError::Image(_) | CloudError::Aws(_) => cause,
    };
    let hint_ja = match error {
        CloudError::Offline => {
            "--offline を外すか、手元にあるものを使ってください。イメージは `oci-dir:`、`oci-archive:`、\
             `docker-archive:`、勧告は `yagura db import` です"
        }
        CloudError::Setup { .. } => "CA 証明書を導入するか、SSL_CERT_FILE を設定してください",
        CloudError::Unreachable { .. } => {
            "名前、HTTPS_PROXY、NO_PROXY を確認してください。独自の認証局は SSL_CERT_FILE で指定します。\
             TLS のないレジストリーには --insecure が必要です"
        }
        CloudError::Status { status: 429, .. } => {
            "回数制限です。`docker login` するか、時間をおいて再実行してください"
        }
        CloudError::Status { status: 500.., .. } => "サーバー側の問題です。時間をおいて再実行してください",
        CloudError::Status { .. } | CloudError::Denied { .. } => {
            "このサーバーの認証情報を確認してください (`docker login`)"
        }
        CloudError::NotFound { .. } => "リポジトリー名とタグを確認してください",
        CloudError::Incomplete { .. } => "再実行してください。取得済みの分は可能な限り使います",
        CloudError::Digest { .. } => "途中で内容が変わっています。使わないでください",
        CloudError::Credentials { .. } => "`docker login` するか、Docker の config.json を直してください",
        CloudError::Disk { .. } => "権限と空き容量を確認してください",
        CloudError::TooLarge { .. }
        | CloudError::Invalid { .. }
        | CloudError::Image(_)
        | CloudError::Aws(_) => "",
    };
    let hint = error
        .hint()
        .map(|en| Said { ja: if hint_ja.is_empty() { en.clone() } else { hint_ja.to_owned() }, en });
    (Said { en: chain(error), ja }, hint)
}

/// A call of AWS that failed, and what to do about it.
pub fn aws(error: &AwsError) -> (Said, Option<Said>) {
    let cause = root(error);
    let ja = match error {
        AwsError::Denied { action, message } => format!("AWS が `{action}` を拒否しました: {message}"),
        AwsError::Expired { code } => format!("AWS の認証情報の期限が切れています ({code})"),
        AwsError::Unknown { code, message } => {
            format!("AWS が認証情報を受け付けません ({code}): {message}")
        }
        AwsError::Throttled { action, code } => format!("AWS が `{action}` の回数を制限しています ({code})"),
        AwsError::NotFound { action, code, message } => {
            format!("`{action}` の対象がありません ({code}): {message}")
        }
        AwsError::Transient { action, code } => format!("AWS 側で `{action}` が失敗しました ({code})"),
        AwsError::Refused { action, code, message } => {
            format!("AWS が `{action}` を受け付けません ({code}): {message}")
        }
        AwsError::Unreachable { action, url, .. } => {
            format!("`{action}` のための `{url}` に接続できません: {cause}")
        }
        AwsError::TimedOut { action, seconds } => format!("`{action}` が {seconds} 秒を超えました"),
        AwsError::TooLarge { action, limit } => format!("`{action}` の応答が {limit} バイトを超えています"),
        AwsError::Answer { action, detail } => format!("`{action}` の応答を読めません: {detail}"),
        AwsError::Endless { action, pages } => format!("`{action}` が {pages} ページを超えても終わりません"),
        AwsError::NoCredentials { detail } => format!("AWS の認証情報がありません: {detail}"),
        AwsError::Request { action, detail } => format!("`{action}` を呼び出せません: {detail}"),
        AwsError::Endpoint { url, detail } => {
            format!("`{url}` は AWS のエンドポイントではありません: {detail}")
        }
        AwsError::NoRegion => "AWS のリージョンが設定されていません".to_owned(),
    };
    let hint_ja = match error {
        AwsError::Denied { action: "sts:AssumeRole", .. } => {
            "呼び出し側にこのロールへの sts:AssumeRole を許可し、ロールの信頼ポリシーに呼び出し側と外部 ID を書いてください"
                .to_owned()
        }
        AwsError::Denied { action, .. } => {
            format!("スキャンに使うロールに {action} を許可してください。ポリシー全体は docs/aws/ にあります")
        }
        AwsError::Expired { .. } => "新しい認証情報を用意するか、引き受けられるロールを使ってください".to_owned(),
        AwsError::Unknown { .. } => {
            "アクセスキーと、アカウントでリージョンが有効かどうかを確認してください。時計のずれでも起こります".to_owned()
        }
        AwsError::Throttled { .. } => {
            "後で再試行します。続く場合は AWS に上限の引き上げを依頼してください".to_owned()
        }
        AwsError::Transient { .. } | AwsError::TimedOut { .. } => "後で再試行します".to_owned(),
        AwsError::Unreachable { .. } => {
            "HTTPS_PROXY、NO_PROXY、VPC エンドポイント、AWS_ENDPOINT_URL を確認してください".to_owned()
        }
        AwsError::NoCredentials { .. } => {
            "AWS_PROFILE か AWS_ACCESS_KEY_ID を設定するか、ロールのある環境で実行してください".to_owned()
        }
        AwsError::NoRegion => "AWS_REGION を設定するか、yagura.toml にリージョンを書いてください".to_owned(),
        _ => String::new(),
    };
    let hint = error.hint().map(|en| Said { ja: if hint_ja.is_empty() { en.clone() } else { hint_ja }, en });
    (Said { en: chain(error), ja }, hint)
}

/// An error of an image, and what to do about it.
pub fn image(error: &ImageError) -> (Said, Option<Said>) {
    let cause = root(error);
    let ja = match error {
        ImageError::Io { path, .. } => format!("`{}` を読めません: {cause}", path.display()),
        ImageError::Archive { path, .. } => {
            format!("`{}` をアーカイブとして読めません: {cause}", path.display())
        }
        ImageError::Malformed { what, detail } => format!("`{what}` が壊れています: {detail}"),
        ImageError::UnsupportedMediaType { media_type, .. } => {
            format!("UNSUPPORTED_MEDIA_TYPE: `{media_type}` には対応していません")
        }
        ImageError::NoPlatform { wanted, available } => {
            format!("`{wanted}` のイメージはありません。あるもの: {available}")
        }
        ImageError::Choose { available } => format!("イメージを選んでください: {available}"),
        ImageError::Missing { what } => format!("`{what}` がありません"),
    };
    let hint_ja = match error {
        ImageError::NoPlatform { .. } => "--platform os/arch[/variant] で選べます",
        ImageError::Choose { .. } => "`oci-dir:PATH:NAME` のようにパスの後に名前を付けてください",
        ImageError::UnsupportedMediaType { .. } => {
            "検査できるのはコンテナイメージだけです (レジストリーの他の成果物は対象外)"
        }
        _ => "",
    };
    let hint = error.hint().map(|en| Said {
        ja: if hint_ja.is_empty() { en.to_owned() } else { hint_ja.to_owned() },
        en: en.to_owned(),
    });
    (Said { en: chain(error), ja }, hint)
}

/// Why an advisory file is refused.
pub fn database(error: &DatabaseError) -> Said {
    let ja = match error {
        DatabaseError::NotADatabase => "アドバイザリーデータベースではありません".to_owned(),
        DatabaseError::Version { found, expected } => {
            format!("形式 {found} のデータベースです。このプログラムが読むのは形式 {expected} です")
        }
        DatabaseError::Length { expected, found } => {
            format!("大きさが合いません (記録 {expected} バイト、実際 {found} バイト)")
        }
        DatabaseError::Damaged { what } => format!("壊れています: {what}"),
        DatabaseError::TooLarge { section } => format!("区画 `{section}` が 4 GiB を超えました"),
        DatabaseError::Compression { .. } => format!("圧縮できません: {}", root(error)),
    };
    Said { en: chain(error), ja }
}
