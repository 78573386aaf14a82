//! What is said to people, in both languages at once: whoever notices a problem does not know who will read it.

mod errors;

pub use errors::{cloud, database, image, library};

use yagura_model::Lang;

/// One text in English and in Japanese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Lowercase, without a full stop where it is an error.
    pub en: String,
    /// The same in Japanese.
    pub ja: String,
}

impl Said {
    /// A text that is the same in both languages: what a tool or the operating system said.
    pub fn verbatim(text: impl Into<String>) -> Self {
        let en: String = text.into();
        Self { ja: en.clone(), en }
    }

    /// The text in one language.
    pub fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.en, &self.ja)
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self::verbatim(text)
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self::verbatim(text)
    }
}

/// `said!("no `{}`", "`{}` がありません", path)`: both texts from the same values.
#[macro_export]
macro_rules! said {
    ($en:literal, $ja:literal $(, $value:expr)* $(,)?) => {
        $crate::said::Said { en: format!($en $(, $value)*), ja: format!($ja $(, $value)*) }
    };
}
