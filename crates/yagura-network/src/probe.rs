//! Questions about single packets.

use crate::address::Address;
use crate::document::{DocumentError, parse};
use crate::edge::EdgeKind;
use crate::facts::Analysis;
use crate::network::Protocol;
use crate::walk::{Outcome, Packet, Sender, Walker};
use serde::Deserialize;

/// A packet and what became of it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked.
    pub packet: Packet,
    /// What became of it.
    pub outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    from: AskedFrom,
    protocol: String,
    src_ip: String,
    src_port: u16,
    dst_ip: String,
    dst_port: u16,
}

#[derive(Deserialize)]
struct AskedFrom {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

/// Reads a list of packets.
///
/// # Errors
/// Not JSON, or not a list of packets; file and place are named.
pub fn packets(file: &str, bytes: &[u8]) -> Result<Vec<Packet>, DocumentError> {
    let asked: Vec<Asked> = parse(file, bytes)?;
    asked.into_iter().enumerate().map(|(index, asked)| asked.packet(file, index)).collect()
}

impl Asked {
    fn packet(self, file: &str, index: usize) -> Result<Packet, DocumentError> {
        let bad = |field: &str, detail: String| DocumentError::Shape {
            file: file.to_owned(),
            field: format!("[{index}].{field}"),
            detail,
        };
        let address = |field: &str, text: &str| {
            Address::parse(text).ok_or_else(|| bad(field, format!("`{text}` is not an address")))
        };
        let from = match self.from.kind.as_str() {
            "NETWORK_INTERFACE" => Sender::Interface(self.from.id),
            kind => {
                let edge = EdgeKind::ALL.into_iter().find(|edge| edge.name() == kind);
                let edge = edge.ok_or_else(|| {
                    bad("from.type", format!("`{kind}` is neither an edge nor NETWORK_INTERFACE"))
                })?;
                Sender::Edge(edge, self.from.id)
            }
        };
        let protocol =
            Protocol::ALL.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(&self.protocol));
        Ok(Packet {
            from,
            protocol: protocol
                .ok_or_else(|| bad("protocol", format!("`{}` is neither TCP nor UDP", self.protocol)))?,
            source: address("srcIp", &self.src_ip)?,
            source_port: self.src_port,
            destination: address("dstIp", &self.dst_ip)?,
            destination_port: self.dst_port,
        })
    }
}

impl Analysis<'_> {
    /// Walks each packet.
    pub fn answers(&self, packets: &[Packet]) -> Vec<Answer> {
        let walker = Walker::new(self.network, &self.entrances);
        packets.iter().map(|packet| Answer { packet: packet.clone(), outcome: walker.walk(packet) }).collect()
    }
}
