//! What explanations say, in both languages. `{}` stands for the value at hand.

use yagura_model::Lang;

/// One text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Headings.
    Unknown,
    Applies,
    Suppressed,
    DoesNotApply,
    NoPackage,
    AlsoKnown,
    FoundIn,
    Source,
    FixedIn,
    NoFix,
    SuppressedBy,
    AllVersions,
    ListedVersions,
    Decides,
    /// Verdicts of packages.
    Affected,
    NotAffected,
    Owned,
    Toolchain,
    NotKernel,
    NotRunning,
    /// Verdicts of statements.
    BelowFix,
    UpToLast,
    BelowLimit,
    NoEnd,
    Listed,
    Commit,
    Investigated,
    HasFix,
    VendorSaysNo,
    BeforeFirst,
    AfterLast,
    NotListed,
    OtherStream,
    OutsideModules,
    OtherArch,
    OtherName,
    Unorderable,
}

use Message as M;

/// Every message: English, Japanese.
const TABLE: &[(Message, &str, &str)] = &[
    (M::Unknown, "{}: the advisory data does not know it", "{}: アドバイザリーデータにありません"),
    (M::Applies, "{}: applies", "{}: 該当します"),
    (M::Suppressed, "{}: applies, but is suppressed", "{}: 該当しますが、抑制されています"),
    (M::DoesNotApply, "{}: does not apply", "{}: 該当しません"),
    (
        M::NoPackage,
        "{}: does not apply, no package that it concerns is in the inventory",
        "{}: 該当しません。対象のパッケージはインベントリにありません",
    ),
    (M::AlsoKnown, "also known as {}", "別名 {}"),
    (M::FoundIn, "found in {}", "場所 {}"),
    (M::Source, "built from source package {}", "ソースパッケージ {}"),
    (M::FixedIn, "fixed in {}", "修正版 {}"),
    (M::NoFix, "no fix is known ({})", "修正版はありません ({})"),
    (M::SuppressedBy, "suppressed by {}", "抑制 {}"),
    (M::AllVersions, "all versions", "すべての版"),
    (M::ListedVersions, "{} listed versions", "列挙された {} 個の版"),
    (M::Decides, "decides", "決め手"),
    (M::Affected, "affected", "影響あり"),
    (M::NotAffected, "not affected", "影響なし"),
    (
        M::Owned,
        "not judged: shipped by the OS package {}, for which the distribution's advisories decide",
        "判定対象外: OS パッケージ {} の一部です。ディストリビューションの勧告で判定します",
    ),
    (M::Toolchain, "not judged: a compiler", "判定対象外: コンパイラーです"),
    (
        M::NotKernel,
        "not judged: built from the kernel's source, but not the kernel that runs",
        "判定対象外: カーネルのソースから作られますが、実行されるカーネルではありません",
    ),
    (M::NotRunning, "not judged: another kernel runs", "判定対象外: 別のカーネルが動いています"),
    (M::BelowFix, "affected: {} < {}, which has the fix", "影響あり: {} < {} (修正版)"),
    (
        M::UpToLast,
        "affected: {} <= {}, the last affected version",
        "影響あり: {} <= {} (影響を受ける最後の版)",
    ),
    (
        M::BelowLimit,
        "affected: {} < {}, the end of what was considered",
        "影響あり: {} < {} (調査範囲の終わり)",
    ),
    (M::NoEnd, "affected: {} lies in a range without an end", "影響あり: {} は終わりのない範囲に入ります"),
    (M::Listed, "affected: the advisory lists {}", "影響あり: 勧告に {} が挙げられています"),
    (M::Commit, "affected: built from {}, which introduced it", "影響あり: 混入したコミット {} です"),
    (M::Investigated, "the source is still looking into {}", "{} については情報源が調査中です"),
    (M::HasFix, "not affected: {} >= {}, which has the fix", "影響なし: {} >= {} (修正版)"),
    (M::VendorSaysNo, "not affected, says the source", "影響なし (情報源による判断)"),
    (
        M::BeforeFirst,
        "not affected: {} < {}, the first affected version",
        "影響なし: {} < {} (影響を受ける最初の版)",
    ),
    (M::AfterLast, "not affected: {} is newer than {}", "影響なし: {} は {} より新しい版です"),
    (M::NotListed, "not affected: the advisory does not list {}", "影響なし: 勧告に {} は挙げられていません"),
    (M::OtherStream, "speaks of module stream {}", "モジュールストリーム {} に関する勧告です"),
    (
        M::OutsideModules,
        "speaks of another kind of build, modular or not",
        "モジュールの有無が異なるビルドに関する勧告です",
    ),
    (M::OtherArch, "speaks of other architectures", "別のアーキテクチャに関する勧告です"),
    (
        M::OtherName,
        "speaks of another package: source and binary only share a name",
        "別のパッケージに関する勧告です (ソースとバイナリーの名前だけが同じです)",
    ),
    (
        M::Unorderable,
        "cannot tell: {} has no place in the order of versions, and the advisory does not list it",
        "判定できません: {} は順序付けできず、勧告にも挙げられていません",
    ),
];

impl Message {
    /// The text in a language, with its `{}` filled in from `values`.
    pub fn text(self, lang: Lang, values: &[&str]) -> String {
        let template =
            TABLE.iter().find(|(message, ..)| *message == self).map_or("", |(_, en, ja)| lang.pick(en, ja));
        let mut out = String::new();
        let mut values = values.iter();
        for (index, part) in template.split("{}").enumerate() {
            if index > 0 {
                out.push_str(values.next().copied().unwrap_or_default());
            }
            out.push_str(part);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_exists_once_in_both_languages() {
        // The table is in the order of the enum, so a missing one shifts the numbers.
        for (index, (message, english, japanese)) in TABLE.iter().enumerate() {
            assert_eq!(*message as usize, index, "{message:?}");
            assert!(!english.is_empty() && !japanese.is_empty(), "{message:?}");
            assert!(english.is_ascii() && !japanese.is_ascii(), "{message:?}");
            assert_eq!(english.matches("{}").count(), japanese.matches("{}").count(), "{message:?}");
        }
        assert_eq!(TABLE.len(), M::Unorderable as usize + 1);
    }
}
