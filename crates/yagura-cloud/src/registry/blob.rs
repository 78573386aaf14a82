//! Layers as blocking readers over asynchronous downloads.

use super::{Reference, Registry};
use crate::CloudError;
use crate::download::starts_at;
use reqwest::StatusCode;
use std::io::{self, Read};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use yagura_fs::Digest;
use yagura_fs::digest::Verified;
use yagura_fs::image::{Layer, LayerSource};

/// Pieces between network and reader; each is at most some ten kilobytes.
const PIECES: usize = 32;
/// How often a download is continued after breaking off.
const RESUMPTIONS: u32 = 5;

type Piece = io::Result<Vec<u8>>;

/// The blobs of a repository.
pub struct Blobs {
    registry: Registry,
    reference: Reference,
    runtime: Handle,
}

impl Blobs {
    /// Downloads run on the runtime that this is called on.
    pub fn new(registry: Registry, reference: Reference) -> Self {
        Self { registry, reference, runtime: Handle::current() }
    }
}

impl LayerSource for Blobs {
    fn open(&self, layer: &Layer) -> io::Result<Box<dyn Read>> {
        let digest = layer.digest.clone().ok_or(io::ErrorKind::NotFound)?;
        let (sender, pieces) = channel(PIECES);
        let (registry, reference, wanted) = (self.registry.clone(), self.reference.clone(), digest.clone());
        self.runtime.spawn(async move {
            if let Err(error) = pump(&registry, &reference, &wanted, &sender).await {
                // A reader that went away does not want to know.
                let _ = sender.send(Err(io::Error::other(described(&error)))).await;
            }
        });
        let reader = Pieces { pieces, current: io::Cursor::default() };
        Ok(Box::new(Verified::new(reader, digest, Some(layer.size))))
    }
}

/// The error with its cause, because the reader's side shows one line.
fn described(error: &CloudError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Moves a blob into the channel, continuing where the connection breaks.
async fn pump(
    registry: &Registry,
    reference: &Reference,
    digest: &Digest,
    sender: &Sender<Piece>,
) -> Result<(), CloudError> {
    let mut sent: u64 = 0;
    let mut resumed = 0;
    loop {
        let mut response = registry.blob(reference, digest, sent).await?;
        let continues =
            response.status() == StatusCode::PARTIAL_CONTENT && starts_at(response.headers()) == Some(sent);
        // A server that ignores ranges begins again; what was sent is passed over.
        let mut skip = if continues { 0 } else { sent };
        let broke_off = loop {
            match response.chunk().await {
                Ok(None) => return Ok(()),
                Ok(Some(chunk)) => {
                    let passed = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
                    skip -= passed as u64;
                    let rest = chunk.get(passed..).unwrap_or_default();
                    sent += rest.len() as u64;
                    if !rest.is_empty() && sender.send(Ok(rest.to_vec())).await.is_err() {
                        return Ok(());
                    }
                }
                Err(error) => break error,
            }
        };
        resumed += 1;
        tracing::debug!(%digest, sent, error = %broke_off, "layer broke off");
        if resumed > RESUMPTIONS {
            return Err(CloudError::Incomplete {
                url: format!("{reference} layer {digest}"),
                received: sent,
            });
        }
        registry.client.pause(resumed, None).await;
    }
}

/// The reader's end of the channel.
struct Pieces {
    pieces: Receiver<Piece>,
    current: io::Cursor<Vec<u8>>,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.pieces.blocking_recv() {
                Some(piece) => self.current = io::Cursor::new(piece?),
                None => return Ok(0),
            }
        }
    }
}
