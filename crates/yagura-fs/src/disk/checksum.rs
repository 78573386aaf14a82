//! The two cyclic redundancy checks of partition tables, LVM and VHDX, bit by bit: what they cover is small.

/// CRC-32 of IEEE 802.3, as GPT has it.
pub fn crc32(bytes: &[u8]) -> u32 {
    !reflected(0xedb8_8320, !0, bytes)
}

/// CRC-32C, as VHDX has it.
pub fn crc32c(bytes: &[u8]) -> u32 {
    !reflected(0x82f6_3b78, !0, bytes)
}

/// LVM's: the polynomial of IEEE 802.3 from a start of its own, not inverted.
pub fn crc_lvm(bytes: &[u8]) -> u32 {
    reflected(0xedb8_8320, 0xf597_a6cf, bytes)
}

fn reflected(polynomial: u32, start: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(start, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn check_values_of_the_catalogue() {
        // <https://reveng.sourceforge.io/crc-catalogue/17plus.htm>
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(super::crc32c(b"123456789"), 0xe306_9283);
    }
}
