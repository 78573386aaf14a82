//! Downloads of whole files: conditional, resumed where they broke off, replaced atomically.

use crate::CloudError;
use crate::client::{Client, parse, refusal, shown};
use reqwest::header::{
    CONTENT_RANGE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED,
    RANGE,
};
use reqwest::{Response, StatusCode};
use std::path::{Path, PathBuf};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// How often one download is continued after breaking off.
const RESUMPTIONS: u32 = 5;

/// What to get.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// `https://…` or `http://…`.
    pub url: &'a str,
    /// The `ETag` of the copy that is there; asks for nothing when it still holds.
    pub etag: Option<&'a str>,
    /// The `Last-Modified` of that copy, for servers without tags.
    pub last_modified: Option<&'a str>,
    /// Most bytes that are accepted.
    pub most_bytes: u64,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The copy that is there still holds. The file was not touched.
    NotModified,
    /// The file is complete at its place.
    Body(Body),
}

/// A complete download.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// Its length.
    pub bytes: u64,
    /// For the next [`Wanted::etag`].
    pub etag: Option<String>,
    /// For the next [`Wanted::last_modified`].
    pub last_modified: Option<String>,
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes on disk.
    pub received: u64,
    /// All bytes, when the server tells.
    pub total: Option<u64>,
}

/// Gets a file into `to`. Bytes go to `to` with `.part` appended first; a later call continues there when the
/// server still has the same version. `progress` is called for every piece.
///
/// # Errors
/// The server says no or cannot be reached, the file is too large, breaks off again and again, or cannot be
/// written. `to` is not touched then.
pub async fn fetch(
    client: &Client,
    wanted: &Wanted<'_>,
    to: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Fetched, CloudError> {
    let url = parse(wanted.url)?;
    let part = Part::beside(to);
    let mut resumed = 0;
    loop {
        let (received, validator) = part.state().await;
        let headers = conditions(wanted, received, validator.as_deref());
        let response = client.send(&|| client.http.get(url.clone()).headers(headers.clone())).await?;
        let continues = match response.status() {
            StatusCode::NOT_MODIFIED => return Ok(Fetched::NotModified),
            StatusCode::PARTIAL_CONTENT if starts_at(response.headers()) == Some(received) => true,
            StatusCode::OK => false,
            // The part is not a beginning of what is there now.
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE
                if received > 0 && resumed < RESUMPTIONS =>
            {
                resumed += 1;
                part.discard().await;
                continue;
            }
            _ => return Err(refusal(response).await),
        };
        let body = Body {
            bytes: 0,
            etag: value(response.headers(), ETAG),
            last_modified: value(response.headers(), LAST_MODIFIED),
        };
        let before = if continues { received } else { 0 };
        let total = response.content_length().map(|rest| rest + before);
        if !continues {
            part.begin(body.etag.as_deref().or(body.last_modified.as_deref())).await?;
        }
        let (received, ended) = part.append(response, before, total, wanted.most_bytes, progress).await?;
        if ended && total.is_none_or(|total| total == received) {
            part.finish(to).await?;
            return Ok(Fetched::Body(Body { bytes: received, ..body }));
        }
        resumed += 1;
        if resumed > RESUMPTIONS {
            return Err(CloudError::Incomplete { url: shown(&url), received });
        }
        client.pause(resumed, None).await;
    }
}

/// Gets a small document as text.
///
/// # Errors
/// As [`fetch`], without the disk.
pub async fn text(client: &Client, url: &str, most_bytes: u64) -> Result<String, CloudError> {
    let url = parse(url)?;
    let mut response = client.send(&|| client.http.get(url.clone())).await?;
    if response.status() != StatusCode::OK {
        return Err(refusal(response).await);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|source| CloudError::Unreachable { url: shown(&url), source: source.without_url() })?
    {
        body.extend_from_slice(&chunk);
        if body.len() as u64 > most_bytes {
            return Err(CloudError::TooLarge { url: shown(&url), limit: most_bytes });
        }
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// Headers of a request: a condition, or the rest of what is there.
fn conditions(wanted: &Wanted<'_>, received: u64, validator: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    if let (Some(validator), true) = (validator, received > 0) {
        set(RANGE, &format!("bytes={received}-"));
        set(IF_RANGE, validator);
    } else if let Some(etag) = wanted.etag {
        set(IF_NONE_MATCH, etag);
    } else if let Some(date) = wanted.last_modified {
        set(IF_MODIFIED_SINCE, date);
    }
    headers
}

fn value(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// `5` of `bytes 5-9/10`.
pub(crate) fn starts_at(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// The unfinished file, and beside it the tag of the version it belongs to.
struct Part {
    file: PathBuf,
    validator: PathBuf,
}

impl Part {
    fn beside(to: &Path) -> Self {
        let with = |ending: &str| {
            let mut name = to.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        Self { file: with(".part"), validator: with(".part-version") }
    }

    /// How much is there, and of which version. Without a version nothing can be continued.
    async fn state(&self) -> (u64, Option<String>) {
        match (fs::metadata(&self.file).await, fs::read_to_string(&self.validator).await) {
            (Ok(metadata), Ok(validator)) => (metadata.len(), Some(validator)),
            _ => (0, None),
        }
    }

    async fn discard(&self) {
        let _ = fs::remove_file(&self.validator).await;
        let _ = fs::remove_file(&self.file).await;
    }

    /// Starts over. A weak tag does not promise the same bytes, so that such a part is not continued.
    async fn begin(&self, validator: Option<&str>) -> Result<(), CloudError> {
        self.discard().await;
        self.disk(File::create(&self.file).await)?;
        if let Some(validator) = validator.filter(|validator| !validator.starts_with("W/")) {
            self.disk(fs::write(&self.validator, validator).await)?;
        }
        Ok(())
    }

    /// Appends a response; returns the length now, and whether the response ended properly.
    async fn append(
        &self,
        mut response: Response,
        before: u64,
        total: Option<u64>,
        most: u64,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(u64, bool), CloudError> {
        let too_large = |url| CloudError::TooLarge { url: shown(url), limit: most };
        if total.is_some_and(|total| total > most) {
            return Err(too_large(response.url()));
        }
        let mut file = self.disk(OpenOptions::new().append(true).open(&self.file).await)?;
        let mut received = before;
        let ended = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    received += chunk.len() as u64;
                    if received > most {
                        self.discard().await;
                        return Err(too_large(response.url()));
                    }
                    self.disk(file.write_all(&chunk).await)?;
                    progress(Progress { received, total });
                }
                Ok(None) => break true,
                Err(error) => {
                    tracing::debug!(%error, received, "download broke off");
                    break false;
                }
            }
        };
        self.disk(file.flush().await)?;
        self.disk(file.sync_all().await)?;
        Ok((received, ended))
    }

    async fn finish(&self, to: &Path) -> Result<(), CloudError> {
        self.disk(fs::rename(&self.file, to).await)?;
        let _ = fs::remove_file(&self.validator).await;
        Ok(())
    }

    fn disk<T>(&self, outcome: std::io::Result<T>) -> Result<T, CloudError> {
        outcome.map_err(|source| CloudError::Disk { path: self.file.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;
    use crate::testing::{Server, response};
    use std::time::Duration;

    async fn get(server: &Server, to: &Path, etag: Option<&str>) -> Result<Fetched, CloudError> {
        let client = Client::new(Network::Online).unwrap().with_first_pause(Duration::from_millis(1));
        let url = format!("{}/feed.json?key=secret", server.url);
        let wanted = Wanted { url: &url, etag, last_modified: None, most_bytes: 100 };
        fetch(&client, &wanted, to, &mut |_| {}).await
    }

    fn place() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("feed.json");
        (directory, file)
    }

    #[test]
    fn offline_there_is_no_client() {
        let error = Client::new(Network::Offline).unwrap_err();
        assert_eq!(error.to_string(), "offline: no connection is made");
    }

    #[tokio::test]
    async fn a_busy_server_is_asked_again_and_the_tag_is_kept() {
        let (_directory, to) = place();
        let server = Server::new(vec![
            response("503 Busy", "Retry-After: 0\r\n", b""),
            response("429 Slow", "Retry-After: 0\r\n", b""),
            response("200 OK", "ETag: \"1\"\r\n", b"content"),
            response("304 Not Modified", "", b""),
        ]);
        let body = Body { bytes: 7, etag: Some("\"1\"".into()), last_modified: None };
        assert_eq!(get(&server, &to, None).await.unwrap(), Fetched::Body(body));
        assert_eq!(std::fs::read(&to).unwrap(), b"content");
        assert_eq!(get(&server, &to, Some("\"1\"")).await.unwrap(), Fetched::NotModified);
        assert_eq!(server.header("if-none-match"), ["", "", "", "\"1\""]);
    }

    #[tokio::test]
    async fn what_broke_off_is_continued() {
        let (_directory, to) = place();
        let server = Server::new(vec![
            response("200 OK", "ETag: \"1\"\r\nContent-Length: 10\r\n", b"01234"),
            response("206 Partial Content", "ETag: \"1\"\r\nContent-Range: bytes 5-9/10\r\n", b"56789"),
        ]);
        assert!(matches!(get(&server, &to, None).await.unwrap(), Fetched::Body(Body { bytes: 10, .. })));
        assert_eq!(std::fs::read(&to).unwrap(), b"0123456789");
        assert_eq!(server.header("range"), ["", "bytes=5-"]);
        assert_eq!(server.header("if-range"), ["", "\"1\""]);
    }

    #[tokio::test]
    async fn a_new_version_starts_over_and_the_old_file_stays_until_then() {
        let (_directory, to) = place();
        std::fs::write(&to, "old").unwrap();
        let mut responses = vec![response("200 OK", "ETag: \"1\"\r\nContent-Length: 10\r\n", b"01234")];
        responses.extend((0..5).map(|_| response("500 Broken", "", b"")));
        let server = Server::new(responses);
        let error = get(&server, &to, None).await.unwrap_err();
        assert_eq!(error.to_string(), format!("`{}/feed.json` answered 500", server.url));
        assert_eq!(std::fs::read(&to).unwrap(), b"old");
        let server = Server::new(vec![response("200 OK", "ETag: \"2\"\r\n", b"new")]);
        get(&server, &to, None).await.unwrap();
        assert_eq!(server.header("range"), ["bytes=5-"]);
        assert_eq!(std::fs::read(&to).unwrap(), b"new");
    }

    #[tokio::test]
    async fn too_much_and_too_little_are_errors() {
        let (_directory, to) = place();
        let server = Server::new(vec![response("200 OK", "", &[0; 101])]);
        assert!(matches!(get(&server, &to, None).await, Err(CloudError::TooLarge { limit: 100, .. })));
        let server = Server::new((0..9).map(|_| response("200 OK", "Content-Length: 9\r\n", b"x")).collect());
        assert!(matches!(get(&server, &to, None).await, Err(CloudError::Incomplete { received: 1, .. })));
        let server = Server::new(vec![response("404 Not Found", "", b"")]);
        assert!(matches!(get(&server, &to, None).await, Err(CloudError::NotFound { .. })));
        assert!(!to.exists());
    }
}
