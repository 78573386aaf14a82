//! Japanese help. One line per verb and flag; a test fails when one is missing.

use clap::{Arg, ArgAction, Command};

/// (name of a verb or flag, text). Flags have the same meaning under every verb, so one line serves all.
const TEXTS: &[(&str, &str)] = &[
    ("yagura", "AWS ワークロードとコードのための、自分で運用できる脆弱性管理"),
    ("host", "このマシン、または別のルートディレクトリを検査します"),
    ("fs", "ディレクトリを検査します (ロックファイル、マニフェスト、バイナリ、アーカイブ)"),
    ("repo", "git 作業ツリーをコミット ID 付きで検査します"),
    (
        "image",
        "コンテナイメージを検査します (レジストリ参照、oci-dir:PATH、oci-archive:PATH、docker-archive:PATH)",
    ),
    ("disk", "ディスクイメージ (raw、qcow2、vmdk、vhd、vhdx) をマウントせずに検査します"),
    ("sbom", "CycloneDX または SPDX 文書を検査します"),
    ("inventory", "脆弱性を調べず、導入されているものを SBOM として出力します"),
    (
        "explain",
        "ある脆弱性が該当する、またはしない理由や、ポートに到達できる、またはできない理由を説明します",
    ),
    ("reach", "どのインスタンスのどのポートに VPC の外から到達できるかを調べます"),
    ("from_dir", "Describe 呼び出しの結果を 1 件 1 ファイルで置いたフォルダー (例: ec2.describe-vpcs.json)"),
    ("probes", "このファイルのパケットも追跡します"),
    (
        "explain_closed",
        "開いていないインターフェイスと境界ごとに、最も先へ進むパケットを止めるものを示します",
    ),
    ("client_ports", "送信元が選べるポート"),
    ("instance", "対象のインスタンス"),
    ("what_if", "変更後の文書。フォルダー内の文書に重ね、開くものと閉じるものを示します (複数指定可)"),
    ("port", "プロトコルとポート (例: tcp/22)"),
    ("db", "アドバイザリーデータベース"),
    ("update", "変更分をダウンロードし、データベースを作り直します"),
    ("status", "情報源ごとに日付、件数、経過日数を表示します"),
    ("build", "配布元と同じ構成のフォルダーからデータベースを作ります"),
    ("import", "`db export` で作ったファイルを取り込みます"),
    ("export", "データベースを、閉域網へ運べる 1 つのファイルに書き出します"),
    ("compare", "バージョンの順序を確認します。`a<TAB>op<TAB>b` の行を読み、成り立たない行を表示します"),
    ("serve", "サービスを動かします (Inspector の API、探索、照合、配信)"),
    ("worker", "共有データベースに対し、待ち受けせずにサービスの処理だけを動かします"),
    ("config", "サービスの設定。フラグとしては設定ファイル (省略時はカレントディレクトリの yagura.toml)"),
    ("show", "内容を表示します (config では有効な値とその出所)"),
    ("rules", "コード、シークレット、設定のルール"),
    ("list", "すべてのルールを一覧します"),
    ("rule", "ルールの ID"),
    ("rules_dir", "組み込みのルールに加える、自分のルールのフォルダー (複数指定可)"),
    ("test", "ルールのページにある例を試し、成り立たないものを表示します"),
    ("listen", "待ち受けるアドレスとポート"),
    ("database", "sqlite:PATH または postgres://…"),
    ("data_dir", "内蔵データベース、認証情報、レポートを置くフォルダー"),
    ("set", "`yagura config show` にある項目を設定します"),
    ("version", "バージョンを表示します"),
    ("help", "このヘルプ、または各コマンドのヘルプを表示します"),
    ("lang", "人に向けた出力の言語"),
    ("quiet", "結果だけを表示します"),
    ("verbose", "処理内容を標準エラーに表示します (2 回でさらに詳しく)"),
    ("no_progress", "端末でも進捗を表示しません"),
    ("offline", "ネットワーク接続を一切行いません"),
    ("root", "検査するファイルシステムのルート"),
    ("path", "ディレクトリ、または 1 つのファイル"),
    ("disks", "1 台のマシンのディスク。起動ディスクを先に指定します"),
    ("reference", "イメージ"),
    ("file", "ファイル"),
    (
        "target",
        "dir:、root:、oci-archive:、docker-archive:、oci-dir:、zip:、sbom:、disk:、image: または単なるパス",
    ),
    ("id", "CVE 番号、またはその他のアドバイザリー ID"),
    ("scheme", "バージョン体系 (dpkg、rpm、apk、pep440、npm、maven など)"),
    (
        "db_mirror",
        "配布元の代わりにこのミラーから取得します (検査で指定すると、先にデータベースを更新します)",
    ),
    ("only", "この情報源だけを対象にします"),
    ("from", "入力フォルダー"),
    ("out", "書き出すデータベース"),
    ("cache_dir", "ダウンロードとレイヤーの結果を次回のために置く場所"),
    ("skip_dirs", "除外するディレクトリ (glob。`/` のない名前はどこでも一致)"),
    ("skip_files", "除外するファイル (glob。`/` のない名前はどこでも一致)"),
    ("scanners", "調べるもの (vuln、secret、code、config)"),
    ("platform", "マルチプラットフォームイメージから選ぶもの (例: linux/arm64)"),
    ("insecure", "レジストリーに TLS なしで接続します (認証情報もそのまま送ります)"),
    ("timeout", "この時間で打ち切り、読めなかったものを報告します (例: 90s、5m、1h)"),
    ("parallel", "同時に読むレイヤーの数"),
    ("no_cache", "すべてのレイヤーを読み直します"),
    ("format", "出力形式"),
    ("output", "ファイルに書き出します。FORMAT=FILE で出力を追加できます (複数指定可)。- は標準出力です"),
    ("timestamp", "文書に時刻を入れます。指定しなければ同じ入力から同じバイト列が得られます"),
    ("max_db_age", "データベースがこれより古ければ終了コード 4 で終わります (例: 7d)"),
    ("vex", "VEX 文書 (OpenVEX、CycloneDX、CSAF)。複数指定可"),
    ("ignorefile", "無視ファイル。指定がなければ対象とカレントディレクトリのものを読みます"),
    ("baseline", "以前の結果 (`-f json` の文書) にある検出を既知とし、表示もゲートの対象にもしません"),
    ("since", "git 作業ツリーで、このコミット以降に変更された行の検出だけを対象にします"),
    ("severity", "この深刻度だけを表示します (カンマ区切り)"),
    ("only_fixed", "更新で修正できるものだけを表示します"),
    ("fail_on", "この深刻度以上が残っていれば終了コード 1 で終わります"),
    ("exit_code", "ゲート不合格時の終了コード。--fail-on がなければ 1 件でも不合格です"),
    ("allow_incomplete", "読めないものがあっても終了コード 0 で終わります"),
    ("show_suppressed", "抑制された検出も表示します"),
];

/// Headings of groups of flags.
const HEADINGS: &[(&str, &str)] = &[
    ("What is looked at", "検査の範囲"),
    ("Output", "出力"),
    ("Advisory data", "アドバイザリーデータ"),
    ("Decisions", "判断済みの検出"),
    ("Gate", "表示とゲート"),
];

const EXIT_CODES: &str = "終了コード: 0 完了、1 ゲート不合格、2 使い方の誤り、3 不完全、\
                          4 アドバイザリーデータがない・古い、5 検査対象なし";

/// Replaces the help texts of a command, its flags and its verbs.
pub fn translate(command: Command) -> Command {
    let root = command.get_name() == "yagura";
    let mut command = translate_one(command);
    if root {
        let version = Arg::new("version").short('V').long("version").help("バージョンを表示します");
        command = command
            .disable_version_flag(true)
            .arg(version.action(ArgAction::Version).help_heading("オプション"))
            .after_help(EXIT_CODES);
    }
    command
}

fn translate_one(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let mut command = match text(&name) {
        Some(text) => command.about(text).long_about(None::<&str>),
        None => command,
    };
    command = command.mut_args(|argument| {
        let heading = match argument.get_help_heading() {
            Some(heading) => {
                HEADINGS.iter().find(|(en, _)| *en == heading).map_or("オプション", |(_, ja)| *ja)
            }
            None if argument.is_positional() => "引数",
            None => "オプション",
        };
        let argument = argument.help_heading(heading);
        match text(argument.get_id().as_str()) {
            Some(text) => argument.help(text).long_help(None::<&str>),
            None => argument,
        }
    });
    let help = Arg::new("help").short('h').long("help").help("ヘルプを表示します").action(ArgAction::Help);
    command = command
        .disable_help_flag(true)
        .arg(help.help_heading("オプション"))
        .subcommand_help_heading("コマンド")
        .help_template("{about}\n\n使い方: {usage}\n\n{all-args}{after-help}");
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    for verb in verbs {
        command = command.mut_subcommand(verb, translate_one);
    }
    command
}

fn text(name: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;
    use clap::CommandFactory;

    fn missing(command: &Command, out: &mut Vec<String>) {
        let names = command.get_arguments().map(|argument| argument.get_id().as_str());
        for name in names.chain([command.get_name()]) {
            if text(name).is_none() {
                out.push(format!("{}: {name}", command.get_name()));
            }
        }
        for verb in command.get_subcommands() {
            missing(verb, out);
        }
    }

    #[test]
    fn every_heading_is_japanese() {
        fn headings(command: &Command, out: &mut Vec<String>) {
            out.extend(command.get_arguments().filter_map(|a| a.get_help_heading().map(str::to_owned)));
            command.get_subcommands().for_each(|verb| headings(verb, out));
        }
        let mut used = Vec::new();
        headings(&Cli::command(), &mut used);
        used.retain(|heading| !HEADINGS.iter().any(|(en, _)| en == heading));
        assert_eq!(used, Vec::<String>::new());
    }

    #[test]
    fn every_verb_and_flag_has_japanese_help() {
        let mut out = Vec::new();
        missing(&Cli::command(), &mut out);
        assert_eq!(out, Vec::<String>::new());
    }
}
