//! What a mirror has in the place of a document that it does not have by its own name.
//!
//! Publishers offer the latest of dated files under a fixed name (`epss_scores-current.csv.gz`); a mirror that is a
//! plain copy has the dated files alone. Its index page, as web servers make of a folder, tells their names.

use yagura_advisories::Feed;
use yagura_cloud::Client;
use yagura_cloud::download::text;

/// Largest index page, in bytes.
const MOST_INDEX: u64 = 4 << 20;

/// The name of the newest file beside `path` that the feed reads in its place.
pub async fn stand_in(client: &Client, folder: &str, path: &str, feed: &dyn Feed) -> Option<String> {
    let (parent, name) = path.rsplit_once('/').map_or(("", path), |(parent, name)| (parent, name));
    let (before, after) = name.split_once("current")?;
    let page = text(client, &format!("{folder}/"), MOST_INDEX).await.ok()?;
    newest(&page, before, after).filter(|found| {
        let path = if parent.is_empty() { found.clone() } else { format!("{parent}/{found}") };
        feed.reads(&path)
    })
}

/// The last, in the order of names and so of dates, of the links that fit.
fn newest(page: &str, before: &str, after: &str) -> Option<String> {
    page.split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(|link| link.trim_start_matches("./"))
        .filter(|link| {
            let middle = link.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            middle.is_some_and(|date| {
                !date.is_empty() && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
            })
        })
        .max()
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn the_newest_dated_file_stands_in() {
        let page = r#"<a href="../">up</a><a href="epss_scores-2026-02-08.csv.gz">x</a>
            <a href="./epss_scores-2026-08-16.csv.gz">y</a><a href="epss_scores-2027.csv.gz/../../x">z</a>
            <a href="other-2028-01-01.csv.gz">o</a>"#;
        assert_eq!(newest(page, "epss_scores-", ".csv.gz").as_deref(), Some("epss_scores-2026-08-16.csv.gz"));
        assert_eq!(newest("", "epss_scores-", ".csv.gz"), None);
    }
}
