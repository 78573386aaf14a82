//! What is wrong with a command line, in the user's language, and what was probably meant.

use super::{Failure, exit};
use crate::said;
use crate::said::Said;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Verbs of the contract that are not built yet, and what they will do.
const UNBUILT: &[(&str, &str, &str)] = &[("lambda", "functions and their layers", "Lambda 関数とレイヤー")];

/// What other scanners call it.
const ELSEWHERE: &[(&str, &str)] = &[
    ("filesystem", "fs DIR"),
    ("dir", "fs DIR"),
    ("scan", "fs DIR"),
    ("source", "fs DIR"),
    ("rootfs", "host --root DIR"),
    ("repository", "repo DIR"),
    ("docker", "image REF"),
    ("packages", "inventory TARGET"),
    ("list", "inventory TARGET"),
    ("why", "explain ID TARGET"),
];

/// The failure that a refused command line is.
pub fn failure(error: &clap::Error) -> Failure {
    let get = |kind| error.get(kind).map(words).unwrap_or_default();
    let flag = get(ContextKind::InvalidArg);
    let value = get(ContextKind::InvalidValue);
    let failure = |said| Failure::new(exit::USAGE, said);
    match error.kind() {
        ErrorKind::InvalidSubcommand => verb(&get(ContextKind::InvalidSubcommand), error),
        ErrorKind::UnknownArgument => {
            let what = if flag.starts_with('-') {
                said!("there is no flag `{}` here", "ここでは `{}` というフラグは使えません", flag)
            } else {
                said!("`{}` is one argument too many", "`{}` は余分な引数です", flag)
            };
            match get(ContextKind::SuggestedArg) {
                suggestion if suggestion.is_empty() => failure(what).hint(see_help(error)),
                suggestion => {
                    failure(what).hint(said!("did you mean `{}`?", "`{}` のことですか?", suggestion))
                }
            }
        }
        ErrorKind::MissingRequiredArgument => {
            failure(said!("`{}` is missing", "`{}` が必要です", flag)).hint(see_help(error))
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            failure(said!("`{}` needs a value", "`{}` には値が必要です", flag)).hint(see_help(error))
        }
        ErrorKind::InvalidValue => {
            let known = get(ContextKind::ValidValue);
            failure(said!("`{}` is not a value of `{}`", "`{}` は `{}` の値ではありません", value, flag))
                .hint(said!("use one of {}", "使える値: {}", known))
        }
        ErrorKind::ValueValidation => {
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            let expected = expected(&flag);
            failure(Said {
                en: format!("`{value}` is not a value of `{flag}`: {cause}"),
                ja: format!("`{value}` は `{flag}` の値ではありません: {}", expected.unwrap_or(&cause)),
            })
        }
        ErrorKind::ArgumentConflict => {
            let other = get(ContextKind::PriorArg);
            failure(said!(
                "`{}` cannot be given with `{}`, or twice",
                "`{}` は `{}` と同時に、または二度は指定できません",
                flag,
                other
            ))
        }
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            failure(Said::verbatim(first)).hint(see_help(error))
        }
    }
}

/// What a flag takes, for Japanese readers; parsers of values speak English.
fn expected(flag: &str) -> Option<&'static str> {
    Some(match flag.split_whitespace().next()? {
        "--severity" | "--fail-on" => "使える値は untriaged、informational、low、medium、high、critical です",
        "--timeout" | "--max-db-age" => "90s、5m、1h、7d のように指定してください",
        "--scanners" => "使える値は vuln、secret、code、config です",
        "--exit-code" => "0 から 255 の数を指定してください",
        "--parallel" => "1 以上の数を指定してください",
        _ => return None,
    })
}

fn verb(name: &str, error: &clap::Error) -> Failure {
    if let Some((_, en, ja)) = UNBUILT.iter().find(|(unbuilt, ..)| *unbuilt == name) {
        return Failure::new(
            exit::USAGE,
            Said {
                en: format!("`yagura {name}` ({en}) is not built yet"),
                ja: format!("`yagura {name}` ({ja}) はまだありません"),
            },
        )
        .hint(said!(
            "docs/scoreboard.md says what works today",
            "今できることは docs/scoreboard.md にあります"
        ));
    }
    let failure =
        Failure::new(exit::USAGE, said!("there is no command `{}`", "コマンド `{}` はありません", name));
    let elsewhere =
        ELSEWHERE.iter().find(|(other, _)| *other == name).map(|(_, here)| format!("yagura {here}"));
    let similar = error.get(ContextKind::SuggestedSubcommand).map(words).filter(|text| !text.is_empty());
    match elsewhere.or(similar) {
        Some(meant) => failure.hint(said!("did you mean `{}`?", "`{}` のことですか?", meant)),
        None => failure.hint(see_help(error)),
    }
}

/// `run yagura help fs`: the words of the usage line up to the first flag or argument.
fn see_help(error: &clap::Error) -> Said {
    let usage = error.get(ContextKind::Usage).map(words).unwrap_or_default();
    let usage = usage.trim_start_matches("Usage:").trim().to_owned();
    let verbs: Vec<&str> = usage
        .split_whitespace()
        .skip(1)
        .take_while(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
        .collect();
    let help = ["yagura help"].into_iter().chain(verbs).collect::<Vec<_>>().join(" ");
    said!("`{}` lists what can be given", "`{}` で指定できるものを確認できます", help)
}

fn words(value: &ContextValue) -> String {
    match value {
        ContextValue::None => String::new(),
        ContextValue::Bool(value) => value.to_string(),
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(texts) => {
            texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        ContextValue::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::args::Cli;
    use clap::CommandFactory;

    fn said(line: &str) -> String {
        let error = Cli::command().try_get_matches_from(line.split(' ')).unwrap_err();
        let failure = super::failure(&error);
        let hint = failure.hint.unwrap_or_else(|| "".into());
        format!("{line}\n  {}\n  {}\n  {}\n  {}\n", failure.message.en, hint.en, failure.message.ja, hint.ja)
    }

    #[test]
    fn mistakes_are_named_and_corrected() {
        let lines = [
            "yagura fs . --serverity high",
            "yagura fs . --frobnicate",
            "yagura fs a b",
            "yagura fs",
            "yagura fs . -s hihg",
            "yagura fs . -s",
            "yagura fs . --timeout soon",
            "yagura fs . --exit-code 300",
            "yagura fs . --scanners vuln,license",
            "yagura fs . --scanners bugs",
            "yagura fs . --lang fr",
            "yagura imgae x",
            "yagura rootfs /mnt",
            "yagura reach",
            "yagura db",
            "yagura db updat",
        ];
        insta::assert_snapshot!(lines.map(said).concat());
    }
}
