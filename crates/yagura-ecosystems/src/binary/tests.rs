//! Executables made byte by byte.

use crate::testing::{read_executable, render};

/// The smallest ELF file with one named section, whose bytes are `content`.
pub(crate) fn elf(name: &str, content: &[u8]) -> Vec<u8> {
    let names = format!("\0{name}\0.shstrtab\0");
    let (content_at, names_at) = (64, 64 + content.len());
    let table_at = names_at + names.len();
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(64, 0);
    file[40..48].copy_from_slice(&(table_at as u64).to_le_bytes());
    file[58..60].copy_from_slice(&64u16.to_le_bytes());
    file[60..62].copy_from_slice(&3u16.to_le_bytes());
    file[62..64].copy_from_slice(&2u16.to_le_bytes());
    file.extend(content);
    file.extend(names.bytes());
    for (name, address, offset, size) in
        [(0, 0, 0, 0), (1, 0x1000, content_at, content.len()), (2 + name.len(), 0, names_at, names.len())]
    {
        let mut entry = [0; 64];
        entry[..4].copy_from_slice(&(name as u32).to_le_bytes());
        entry[4] = 1;
        for (at, value) in [(16, address), (24, offset), (32, size)] {
            entry[at..at + 8].copy_from_slice(&(value as u64).to_le_bytes());
        }
        file.extend(entry);
    }
    file
}

const MODULES: &str = "path\texample.org/app\nmod\texample.org/app\t(devel)\t\ndep\tgolang.org/x/text\tv0.3.7\th1:x=\n\
    dep\tgithub.com/old/one\tv1.0.0\n=>\tgithub.com/new/one\tv1.0.1\th1:y=\ndep\tgithub.com/local/two\tv0.0.0\n=>\t./two\t\t\n\
    build\tvcs.revision=0123456789abcdef0123456789abcdef01234567\n";

fn framed() -> Vec<u8> {
    [&[b'0'; 16][..], MODULES.as_bytes(), &[b'1'; 16]].concat()
}

fn inline_build_info(toolchain: &str) -> Vec<u8> {
    let mut bytes = b"\xff Go buildinf:\x08\x02".to_vec();
    bytes.resize(32, 0);
    for text in [toolchain.as_bytes(), &framed()] {
        let mut length = text.len();
        while length > 0x7f {
            bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend(text);
    }
    bytes
}

/// Addresses of strings, as before Go 1.18; the section lies at 0x1000.
fn pointed_build_info() -> Vec<u8> {
    let modules = framed();
    let mut bytes = b"\xff Go buildinf:\x08\x00".to_vec();
    for address in [0x1020u64, 0x1030] {
        bytes.extend(address.to_le_bytes());
    }
    for number in [0x1040, 6, 0x1046, modules.len() as u64] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(b"go1.17");
    bytes.extend(modules);
    bytes
}

#[test]
fn modules_replacements_commit_and_toolchain() {
    let found = read_executable("app", &elf(".go.buildinfo", &inline_build_info("go1.22.1 X:rangefunc")));
    insta::assert_snapshot!(render(&found), @r"
    Go example.org/app (devel) commit=0123456789abcdef0123456789abcdef01234567 runtime/unknown @app
    Go golang.org/x/text v0.3.7 runtime/unknown @app
    Go github.com/new/one v1.0.1 runtime/unknown @app
    Go stdlib 1.22.1 runtime/direct @app
    ");
}

#[test]
fn the_format_of_old_toolchains_points_at_strings() {
    let found = read_executable("app", &elf(".go.buildinfo", &pointed_build_info()));
    assert_eq!(found.packages.len(), 4);
    assert_eq!(found.packages.last().map(|package| package.version.as_str()), Some("1.17"));
}

#[test]
fn truncated_and_corrupt_files_do_not_panic() {
    for whole in [
        elf(".go.buildinfo", &inline_build_info("go1.22.1")),
        elf(".go.buildinfo", &pointed_build_info()),
        elf(".dep-v0", b"\x78\x9c\x01\x02"),
        elf(".note.package", b"\x04\0\0\0\xff\xff\xff\xff\x7e\x1a\xfe\xcaFDO\0{"),
    ] {
        for at in 0..whole.len() {
            read_executable("app", &whole[..at]);
            for value in [0, 0x7f, 0xff] {
                let mut corrupt = whole.clone();
                corrupt[at] = value;
                read_executable("app", &corrupt);
            }
        }
    }
    for head in [&b"MZ"[..], b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xce"] {
        let mut bytes = head.to_vec();
        bytes.resize(512, 0xff);
        read_executable("app", &bytes);
    }
}

#[test]
fn notes_and_auditable_lists_are_read() {
    let json =
        br#"{"packages":[{"name":"app","version":"0.1.0","source":"local","root":true,"dependencies":[1]},
        {"name":"serde","version":"1.0.0","source":"crates.io","dependencies":[2]},
        {"name":"cc","version":"1.0.1","source":"crates.io","kind":"build"}]}"#;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, json).unwrap();
    let found = read_executable("tool", &elf(".dep-v0", &encoder.finish().unwrap()));
    insta::assert_snapshot!(render(&found), @r#"
    crates.io serde 1.0.0 runtime/direct -> cc@1.0.1 @tool
    crates.io cc 1.0.1 development/transitive @tool
    note "explained"
    "#);
    let text = br#"{"type":"custom","name":"thing","version":"4.2","architecture":"x86_64"}"#;
    let mut note = [4u32, text.len() as u32, 0xcafe_1a7e].map(u32::to_le_bytes).concat();
    note.extend(b"FDO\0");
    note.extend(text);
    insta::assert_snapshot!(render(&read_executable("tool", &elf(".note.package", &note))), @r#"
    generic thing 4.2 arch=x86_64 runtime/unknown @tool
    note "explained"
    "#);
}

#[test]
fn every_name_of_a_program_has_at_most_one_star() {
    for software in super::software::SOFTWARE {
        for name in software.files {
            assert!(name.matches('*').count() <= 1, "{name}");
        }
    }
}
