//! rpm's own container format, `Packages.db`, used by SUSE.
//! <https://github.com/rpm-software-management/rpm/blob/master/lib/backend/ndb/rpmpkg.c>
//!
//! Pages of slots at the start say where each package's blob lies. Little-endian throughout. Checksums are left
//! out: a changed blob that still parses is better than none.

use super::database::{Blobs, Numbers};
use yagura_fs::ReadError;

/// How a database begins.
pub const MAGIC: &[u8] = b"RpmP";

const LITTLE: Numbers = Numbers { big: false };
const PAGE: usize = 4096;
const SLOT: usize = 16;
/// Blobs lie at multiples of this.
const BLOCK: u64 = 16;
const BLOB_HEADER: usize = 16;

/// Reads every package of the database.
pub fn read(blobs: &mut Blobs<'_, '_>) -> Result<(), ReadError> {
    let mut page = Vec::new();
    blobs.read_at(0, 32, &mut page)?;
    match LITTLE.u32(&page, 4) {
        Some(0) => {}
        version => return Err(blobs.unsupported(format!("NDB version {}", version.unwrap_or_default()))),
    }
    let pages = LITTLE.u32(&page, 12).unwrap_or_default();
    for number in 0..pages {
        blobs.read_at(u64::from(number) * PAGE as u64, PAGE, &mut page)?;
        // The header takes the place of the first two slots.
        let skipped = if number == 0 { 2 } else { 0 };
        for slot in page.chunks_exact(SLOT).skip(skipped) {
            let field = |index: usize| LITTLE.u32(slot, index * 4).unwrap_or_default();
            let (package, offset, blocks) = (field(1), field(2), field(3));
            if !slot.starts_with(b"Slot") {
                return Err(blobs.malformed(format!("slot page {number} holds something else")));
            }
            if package == 0 {
                continue;
            }
            if let Err(error) = read_blob(blobs, package, u64::from(offset) * BLOCK, blocks) {
                blobs.fault(error)?;
            }
        }
    }
    Ok(())
}

fn read_blob(blobs: &mut Blobs<'_, '_>, package: u32, offset: u64, blocks: u32) -> Result<(), ReadError> {
    let mut bytes = Vec::new();
    blobs.read_at(offset, BLOB_HEADER, &mut bytes)?;
    let length = LITTLE.u32(&bytes, 12).unwrap_or_default();
    if !bytes.starts_with(b"BlbS") || LITTLE.u32(&bytes, 4) != Some(package) {
        return Err(blobs.malformed(format!("the slot of package {package} points at something else")));
    }
    if u64::from(length) > u64::from(blocks) * BLOCK || u64::from(length) > blobs.file.size() {
        return Err(blobs.malformed(format!("package {package} is longer than its blocks")));
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    blobs.read_at(offset + BLOB_HEADER as u64, length, &mut bytes)?;
    blobs.blob(&bytes).map(drop)
}
