//! Listings in pages, which end when AWS gives no token for the next one.

use super::{AwsError, Operation};
use std::future::Future;

/// Most pages of one listing: ten million instances.
const MOST_PAGES: usize = 10_000;

/// Everything of a listing. `ask` gets the token of a page and answers with its items and the next token.
///
/// # Errors
/// What `ask` says; [`AwsError::Endless`] when a token comes twice or pages do not end. There is no half listing: what
/// is missing from one would look deleted.
pub async fn all<T, F, Asked>(operation: &Operation, ask: F) -> Result<Vec<T>, AwsError>
where
    F: Fn(Option<String>) -> Asked,
    Asked: Future<Output = Result<(Vec<T>, Option<String>), AwsError>>,
{
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    for page in 1..=MOST_PAGES {
        let (items, next) = ask(token.clone()).await?;
        found.extend(items);
        match next.filter(|next| !next.is_empty()) {
            None => return Ok(found),
            next if next == token => return Err(AwsError::Endless { action: operation.action, pages: page }),
            next => token = next,
        }
    }
    Err(AwsError::Endless { action: operation.action, pages: MOST_PAGES })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::services::ssm::LIST_INVENTORY_ENTRIES as LIST;

    #[tokio::test]
    async fn pages_are_joined_and_must_end() {
        let found = all(&LIST, async |token: Option<String>| {
            let page = token.map_or(0, |token| token.parse::<u32>().unwrap());
            Ok((vec![page], (page < 3).then(|| (page + 1).to_string())))
        });
        assert_eq!(found.await.unwrap(), [0, 1, 2, 3]);
        let endless = all(&LIST, async |_| Ok((vec![0], Some("same".to_owned()))));
        assert!(matches!(endless.await, Err(AwsError::Endless { pages: 2, .. })));
    }
}
