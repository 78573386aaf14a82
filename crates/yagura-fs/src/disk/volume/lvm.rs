//! LVM2: logical volumes out of extents of physical volumes.
//!
//! Format: `lib/format_text/layout.h` and `lib/label/label.h` of LVM2, <https://sourceware.org/git/?p=lvm2.git>, and
//! <https://github.com/libyal/libvslvm/blob/main/documentation/Logical%20Volume%20Manager%20(LVM)%20format.asciidoc>.
//! Read: linear and striped segments, across several devices. Thin volumes, mirrors, RAID, caches and snapshots are
//! recognized, not read.

use super::lvm_text::{Value, parse};
use crate::disk::checksum::crc_lvm;
use crate::disk::mapped::{Mapped, Mapping, Place, Stretch};
use crate::disk::source::{BlockSource, Fields, array, bytes, malformed, unsupported};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

/// Bytes of LVM's sectors, also on devices with larger ones.
const SECTOR: u64 = 512;
/// Most bytes of a metadata text.
const MOST_TEXT: u64 = 16 << 20;
/// Most segments of one volume and stripes of one segment.
const MOST_PIECES: usize = 1 << 16;
/// Segments of volumes that are parts of others and not to be mounted.
const INTERNAL: &[&str] = &["thin-pool", "cache-pool", "vdo-pool", "error", "zero"];

/// A device that LVM uses.
pub struct Physical {
    /// Its id, without dashes.
    id: String,
    source: Rc<dyn BlockSource>,
    /// The newest description of its group that it holds, and the group's name.
    metadata: Option<(String, Value)>,
}

/// A volume that could be mounted.
pub struct Logical {
    /// Name of the group.
    pub group: String,
    /// Name of the volume.
    pub name: String,
    /// Its bytes, or why they cannot be had.
    pub source: io::Result<Rc<dyn BlockSource>>,
}

/// Reads the label of a device; `None` when it has none.
///
/// # Errors
/// The label is there, and what it leads to is damaged.
pub fn physical(source: &Rc<dyn BlockSource>) -> io::Result<Option<Physical>> {
    let Some(label) = (0..4_u64).find_map(|sector| {
        let label: [u8; 512] = array(&**source, sector * SECTOR).ok()?;
        (label.starts_with(b"LABELONE") && label.field::<8>(24) == *b"LVM2 001").then_some(label)
    }) else {
        return Ok(None);
    };
    let header = usize::try_from(label.le32(20)).unwrap_or(0);
    let id = label.get(header..header.saturating_add(32)).ok_or_else(|| malformed("a cut label of LVM"))?;
    let id = String::from_utf8_lossy(id).into_owned();
    // Two lists of places, each ended by zeros: of data, then of metadata.
    let mut at = header.saturating_add(40);
    let mut place = || {
        let place = (label.le64(at), label.le64(at.saturating_add(8)));
        at = at.saturating_add(16);
        (place != (0, 0)).then_some(place)
    };
    while place().is_some() {}
    let mut metadata: Option<(String, Value)> = None;
    while let Some((offset, size)) = place() {
        let newer = text(&**source, offset, size)?.filter(|(_, found)| {
            metadata.as_ref().is_none_or(|(_, known)| known.number("seqno") < found.number("seqno"))
        });
        metadata = newer.or(metadata);
    }
    Ok(Some(Physical { id, source: source.clone(), metadata }))
}

/// The name and description of the group in one metadata area; `None` when the area is unused.
fn text(source: &dyn BlockSource, offset: u64, size: u64) -> io::Result<Option<(String, Value)>> {
    let header: [u8; 512] = array(source, offset)?;
    if header.field::<16>(4) != *b"\x20LVM2\x20x[5A%r0N*>" {
        return Err(malformed("a metadata area of LVM without its mark"));
    }
    let (at, length, checksum) = (header.le64(40), header.le64(48), header.le32(56));
    if length == 0 || header.le32(60) & 1 != 0 {
        return Ok(None);
    }
    if length > MOST_TEXT || length > size || at >= size {
        return Err(malformed("a description of an LVM group that is larger than its area"));
    }
    // The area is a ring behind its header.
    let first = length.min(size - at);
    let length_of = |count: u64| usize::try_from(count).unwrap_or(0);
    let mut text = bytes(source, offset.saturating_add(at), length_of(first))?;
    text.extend(bytes(source, offset.saturating_add(SECTOR), length_of(length - first))?);
    if crc_lvm(&text) != checksum {
        return Err(malformed("the description of an LVM group has another checksum than stated"));
    }
    let parsed =
        parse(&String::from_utf8_lossy(&text)).ok_or_else(|| malformed("the description of an LVM group"))?;
    let groups = parsed.section().into_iter().flatten();
    let group = groups.into_iter().find(|(_, value)| value.get("physical_volumes").is_some());
    Ok(group.map(|(name, value)| (name.clone(), value.clone())))
}

/// The volumes of all groups that these devices form, by group and name.
pub fn logical(devices: &[Physical]) -> Vec<Logical> {
    let mut groups: BTreeMap<&str, (&str, &Value)> = BTreeMap::new();
    for (name, value) in devices.iter().filter_map(|device| device.metadata.as_ref()) {
        let id = value.text("id").unwrap_or_default();
        let newer = groups.get(id).is_none_or(|(_, known)| known.number("seqno") < value.number("seqno"));
        if newer {
            groups.insert(id, (name, value));
        }
    }
    let mut found = Vec::new();
    for (group, value) in groups.into_values() {
        let volumes = value.get("logical_volumes").and_then(Value::section);
        for (name, volume) in volumes.into_iter().flatten() {
            let visible = volume.list("status").contains(&Value::Text("VISIBLE".to_owned()));
            let kinds = segments(volume).filter_map(|segment| segment.text("type"));
            if !visible || kinds.clone().all(|kind| INTERNAL.contains(&kind)) {
                continue;
            }
            let source = mapped(value, volume, devices);
            found.push(Logical { group: group.to_owned(), name: name.clone(), source });
        }
    }
    found
}

fn segments(volume: &Value) -> impl Iterator<Item = &Value> + Clone {
    let members = volume.section().into_iter().flatten();
    members
        .filter(|(name, _)| name.starts_with("segment"))
        .map(|(_, value)| value)
        .filter(|v| v.section().is_some())
}

fn mapped(group: &Value, volume: &Value, devices: &[Physical]) -> io::Result<Rc<dyn BlockSource>> {
    let extent = group.number("extent_size").unwrap_or(0).saturating_mul(SECTOR);
    let mut parts: Vec<Rc<dyn BlockSource>> = Vec::new();
    let mut names: Vec<(String, usize, u64)> = Vec::new();
    let mut part_of = |name: &str| {
        if let Some((_, part, start)) = names.iter().find(|(known, _, _)| known == name) {
            return Ok((*part, *start));
        }
        let about = group.get("physical_volumes").and_then(|volumes| volumes.get(name));
        let id = about.and_then(|about| about.text("id")).unwrap_or_default().replace('-', "");
        let device = devices.iter().find(|device| device.id == id).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("it needs the physical volume `{name}`, which is not given"),
            )
        })?;
        let start = about.and_then(|about| about.number("pe_start")).unwrap_or(0).saturating_mul(SECTOR);
        parts.push(device.source.clone());
        names.push((name.to_owned(), parts.len() - 1, start));
        Ok::<_, io::Error>((parts.len() - 1, start))
    };
    let mut pieces = Vec::new();
    for segment in segments(volume) {
        match segment.text("type") {
            Some("striped" | "linear") => {}
            Some(other) => return Err(unsupported(format!("a logical volume of the kind {other}"))),
            None => return Err(malformed("a segment of a logical volume without a kind")),
        }
        let number = |name| segment.number(name).unwrap_or(0);
        let mut stripes = Vec::new();
        for pair in segment.list("stripes").chunks(2) {
            let [Value::Text(name), Value::Number(at)] = pair else {
                return Err(malformed("a stripe of a logical volume"));
            };
            let (part, start) = part_of(name)?;
            stripes.push((part, start.saturating_add(at.saturating_mul(extent))));
        }
        let stripe = number("stripe_size").saturating_mul(SECTOR);
        if stripes.is_empty() || stripes.len() > MOST_PIECES || (stripes.len() > 1 && stripe == 0) {
            return Err(malformed("a segment of a logical volume without stripes"));
        }
        pieces.push(Segment {
            start: number("start_extent").saturating_mul(extent),
            size: number("extent_count").saturating_mul(extent),
            stripes,
            stripe,
        });
    }
    pieces.sort_by_key(|piece| piece.start);
    if pieces.is_empty() || pieces.len() > MOST_PIECES {
        return Err(malformed("a logical volume without segments"));
    }
    Ok(Rc::new(Mapped::new(Extents(pieces), parts)))
}

/// A run of extents.
struct Segment {
    start: u64,
    size: u64,
    /// Part and offset of each stripe.
    stripes: Vec<(usize, u64)>,
    /// Bytes of one stripe before the next device follows.
    stripe: u64,
}

/// Segments by start.
struct Extents(Vec<Segment>);

impl Mapping for Extents {
    fn size(&self) -> u64 {
        self.0.last().map_or(0, |last| last.start.saturating_add(last.size))
    }

    fn find(&self, _: &[Rc<dyn BlockSource>], offset: u64) -> io::Result<(Stretch, u64)> {
        let index = self.0.partition_point(|segment| segment.start <= offset);
        let segment = index.checked_sub(1).and_then(|index| self.0.get(index));
        let Some((segment, within)) = segment.map(|segment| (segment, offset - segment.start)) else {
            return Err(malformed("a gap in a logical volume"));
        };
        let left = segment.size.saturating_sub(within);
        if left == 0 {
            return Err(malformed("a gap in a logical volume"));
        }
        if let [(part, at)] = *segment.stripes {
            return Ok((Stretch::Stored { part, at: at.saturating_add(within) }, left));
        }
        let count = segment.stripes.len() as u64;
        let (chunk, inside) = (within / segment.stripe.max(1), within % segment.stripe.max(1));
        let place = usize::try_from(chunk % count).ok().and_then(|index| segment.stripes.get(index));
        let Some((part, at)) = place else { return Err(malformed("a stripe of a logical volume")) };
        let at = at.saturating_add((chunk / count).saturating_mul(segment.stripe)).saturating_add(inside);
        Ok((Stretch::Stored { part: *part, at }, (segment.stripe - inside).min(left)))
    }

    fn unpack(&self, _: &[Rc<dyn BlockSource>], _: Place) -> io::Result<Vec<u8>> {
        Err(malformed("logical volumes are not compressed"))
    }
}
