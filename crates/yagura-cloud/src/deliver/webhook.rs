//! Webhooks: one POST for each document, signed so that the receiver knows who sent it and when.
//!
//! `Yagura-Signature: t=<seconds>,v1=<hex>` holds HMAC-SHA256 (RFC 2104) over `<seconds>.<body>`. The receiver compares it
//! in constant time and refuses old times. `Yagura-Delivery` is the same whenever a document is sent again.

use crate::client::{parse, refusal};
use crate::{Client, CloudError};
use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// What the receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The document itself.
    Document,
    /// `{"text": …}`, as Slack and its likes take it.
    Text,
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What happened, as in `Inspector2 Finding`; sent as `Yagura-Event`.
    pub kind: String,
    /// The same whenever it is sent.
    pub id: String,
    /// For programs.
    pub document: Value,
    /// For people.
    pub text: String,
}

/// A receiver.
#[derive(Clone)]
pub struct Webhook {
    client: Client,
    url: Url,
    form: Form,
    secret: Option<Vec<u8>>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path of such a URL is a secret.
        write!(f, "Webhook({})", self.url.host_str().unwrap_or_default())
    }
}

impl Webhook {
    /// A receiver at a URL. Without a secret nothing is signed.
    ///
    /// # Errors
    /// The URL is none.
    pub fn new(client: &Client, url: &str, form: Form, secret: Option<&str>) -> Result<Self, CloudError> {
        let url = parse(url)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(CloudError::Invalid {
                what: "webhook",
                text: url.scheme().to_owned(),
                detail: "it must be http or https".to_owned(),
            });
        }
        let secret = secret.map(|secret| secret.as_bytes().to_vec());
        Ok(Self { client: client.clone(), url, form, secret })
    }

    /// Sends a notice, again where the receiver is busy.
    ///
    /// # Errors
    /// The receiver cannot be reached or refuses.
    pub async fn send(&self, notice: &Notice, now: Timestamp) -> Result<(), CloudError> {
        let body = match self.form {
            Form::Document => notice.document.to_string(),
            Form::Text => json!({"text": notice.text}).to_string(),
        };
        let seconds = now.as_second();
        let signature = self.secret.as_ref().map(|secret| {
            let signed = format!("{seconds}.{body}");
            format!("t={seconds},v1={}", hex(&hmac(secret, signed.as_bytes())))
        });
        let build = || {
            let request = self
                .client
                .http
                .post(self.url.clone())
                .header(CONTENT_TYPE, "application/json")
                .header("Yagura-Event", &notice.kind)
                .header("Yagura-Delivery", &notice.id)
                .body(body.clone());
            match &signature {
                Some(signature) => request.header("Yagura-Signature", signature),
                None => request,
            }
        };
        let answer = self.client.send(&build).await?;
        if answer.status().is_success() { Ok(()) } else { Err(refusal(answer).await) }
    }
}

/// HMAC-SHA256.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    let short = if key.len() > block.len() { Sha256::digest(key).to_vec() } else { key.to_vec() };
    for (slot, byte) in block.iter_mut().zip(short) {
        *slot = byte;
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;
    use crate::testing::{Server, response};
    use std::time::Duration;

    #[test]
    fn the_vectors_of_rfc_4231() {
        for (key, message, mac) in [
            (
                vec![0x0b; 20],
                b"Hi There".to_vec(),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&hmac(&key, &message)), mac);
        }
    }

    fn notice() -> Notice {
        Notice {
            kind: "Inspector2 Finding".into(),
            id: "7".into(),
            document: json!({"a": 1}),
            text: "a is 1".into(),
        }
    }

    #[tokio::test]
    async fn a_busy_receiver_is_asked_again_and_sees_the_same_delivery() {
        let server = Server::new(vec![response("503 Busy", "", b""), response("204 No Content", "", b"")]);
        let client = Client::new(Network::Online).unwrap().with_first_pause(Duration::from_millis(1));
        let webhook = Webhook::new(&client, &server.url, Form::Document, Some("secret")).unwrap();
        webhook.send(&notice(), Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(server.header("yagura-delivery"), ["7", "7"]);
        let signature = format!("t=0,v1={}", hex(&hmac(b"secret", br#"0.{"a":1}"#)));
        assert_eq!(server.header("yagura-signature"), [signature.clone(), signature]);
    }

    #[tokio::test]
    async fn a_refusal_is_an_error_without_the_secret_path() {
        let server = Server::new(vec![response("403 Forbidden", "", b"")]);
        let client = Client::new(Network::Online).unwrap();
        let webhook = Webhook::new(&client, &format!("{}/T0/B0/x", server.url), Form::Text, None).unwrap();
        assert!(webhook.send(&notice(), Timestamp::UNIX_EPOCH).await.is_err());
        assert!(!format!("{webhook:?}").contains("T0"));
        assert!(Webhook::new(&client, "file:///etc/passwd", Form::Text, None).is_err());
    }
}
