//! Archives made by Python's `zipfile`, and by hand where no writer makes them.

use super::*;
use std::io::{Seek, Write};
use std::process::Command;

fn python(script: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let name = directory.path().join("a.zip");
    let script = format!("import zipfile,sys\nz=zipfile.ZipFile(sys.argv[1],'w',8)\n{script}\nz.close()");
    assert!(Command::new("python3").arg("-c").arg(script).arg(&name).status().unwrap().success());
    std::fs::read(name).unwrap()
}

/// One line per member and complaint.
fn members(bytes: &[u8], limits: &Limits) -> Vec<String> {
    let path = TreePath::from_text("a.zip").unwrap();
    let archive = File::in_memory(&path, bytes, false, limits);
    let mut out = Vec::new();
    let mut unread = Vec::new();
    let outcome = walk_members(&archive, 0, &mut unread, &mut |member| {
        out.push(match member.file.bytes() {
            Ok(bytes) if bytes.len() > 20 => format!("{} {} bytes", member.file.path, bytes.len()),
            Ok(bytes) => format!("{} {}", member.file.path, String::from_utf8_lossy(bytes)),
            Err(error) => format!("error {error}"),
        });
        Flow::Continue
    });
    out.extend(unread.iter().map(|entry| format!("unread {} {}", entry.path, entry.detail)));
    out.extend(outcome.err().map(|error| format!("end {error}")));
    out
}

#[test]
fn stored_and_deflated_members_with_any_names() {
    let bytes = python(
        "z.writestr('dir/', '')\nz.writestr('dir/a.txt', 'a'*1000)\n\
         z.writestr(zipfile.ZipInfo('/etc/passwd'), 'absolute')\nz.writestr('../up', 'x')\n\
         z.writestr('caf\u{e9}', 'utf-8')\nz.writestr('dir/a.txt', 'again')",
    );
    assert_eq!(
        members(&bytes, &Limits::default()),
        [
            "a.zip!/dir/a.txt 1000 bytes",
            "a.zip!/etc/passwd absolute",
            "a.zip!/caf\u{e9} utf-8",
            "a.zip!/dir/a.txt again",
            "unread a.zip the name `../up` leads out of the archive",
        ]
    );
}

#[test]
fn a_launcher_script_before_the_archive_is_skipped() {
    let mut bytes = b"#!/bin/sh\nexec java -jar $0\n".to_vec();
    bytes.extend(python("z.writestr('a', 'content')"));
    assert_eq!(members(&bytes, &Limits::default()), ["a.zip!/a content"]);
}

#[test]
fn a_tree_shows_modes_and_links() {
    let bytes = python(
        "i=zipfile.ZipInfo('run'); i.external_attr=0o100755<<16; z.writestr(i,'x')\n\
         i=zipfile.ZipInfo('plain'); i.external_attr=0o100644<<16; z.writestr(i,'x')\n\
         i=zipfile.ZipInfo('link'); i.external_attr=0o120777<<16; z.writestr(i,'run')",
    );
    let mut out = Vec::new();
    let mut unread = Vec::new();
    ZipTree::in_memory(bytes)
        .walk(&Limits::default(), &mut unread, &mut |entry| {
            out.push(match entry.kind {
                EntryKind::File(file) => format!("{} {}", entry.path, file.executable()),
                EntryKind::Symlink(target) => format!("{} -> {target}", entry.path),
                _ => panic!("unexpected"),
            });
            Flow::Continue
        })
        .unwrap();
    assert_eq!(out, ["run true", "plain false", "link -> run"]);
}

#[test]
fn encrypted_members_are_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("secret"), "text").unwrap();
    let outcome =
        Command::new("zip").current_dir(&directory).args(["-q", "-P", "key", "a.zip", "secret"]).status();
    if outcome.is_err() {
        println!("skipped: no `zip` command");
        return;
    }
    let bytes = std::fs::read(directory.path().join("a.zip")).unwrap();
    assert_eq!(members(&bytes, &Limits::default()), ["error `a.zip!/secret` is encrypted"]);
}

#[test]
fn zip64_records_are_read() {
    let bytes = python("f=z.open('big','w',force_zip64=True)\nf.write(b'wide')\nf.close()");
    assert_eq!(members(&bytes, &Limits::default()), ["a.zip!/big wide"]);
    let many = python("[z.writestr(str(i), b'') for i in range(70000)]");
    assert_eq!(members(&many, &Limits::default()).len(), 70_000);
    let few = Limits { entries: 10, ..Limits::default() };
    assert_eq!(members(&many, &few).last().unwrap(), "end `a.zip` is over the limit of 10 entries");
}

#[test]
fn nothing_panics_however_it_is_cut() {
    let bytes = python("z.writestr('a', 'first')\nz.writestr('b', 'second'*9)");
    let whole = members(&bytes, &Limits::default());
    assert_eq!(whole, ["a.zip!/a first", "a.zip!/b 54 bytes"]);
    for end in 0..bytes.len() {
        let found = members(&bytes[..end], &Limits::default());
        assert!(found.last().unwrap().starts_with("end "), "cut at {end} says nothing: {found:?}");
    }
    // The second half is gone, the first member is still shown.
    let found = members(&bytes[..60], &Limits::default());
    assert_eq!(
        found,
        ["a.zip!/a first", "end `a.zip` ends early: no directory, and no member after byte 38"]
    );
}

#[test]
fn a_stream_written_archive_is_salvaged_too() {
    let directory = tempfile::tempdir().unwrap();
    let script = "import zipfile,sys,io\nclass S(io.RawIOBase):\n def __init__(s,f): s.f=f\n \
                  def writable(s): return True\n def write(s,b): return s.f.write(b)\n\
                  z=zipfile.ZipFile(S(open(sys.argv[1],'wb')),'w',8)\n\
                  z.writestr('a','first')\nz.writestr('b','second')\nz.close()";
    let name = directory.path().join("a.zip");
    assert!(Command::new("python3").arg("-c").arg(script).arg(&name).status().unwrap().success());
    let bytes = std::fs::read(name).unwrap();
    assert_eq!(members(&bytes, &Limits::default()), ["a.zip!/a first", "a.zip!/b second"]);
    let cut = members(&bytes[..bytes.len() - 60], &Limits::default());
    assert_eq!(&cut[..2], ["a.zip!/a first", "a.zip!/b second"]);
}

#[test]
fn bombs_are_cut_off() {
    // 40 MiB of zeros in 40 KiB: over a ratio of 100.
    let bytes = python("z.writestr('zeros', b'\\0'*(40<<20))");
    let limits = Limits { ratio: 100, ..Limits::default() };
    assert!(members(&bytes, &limits)[0].ends_with("over the limit of 16777216 bytes"));
    let limits = Limits { file_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(members(&bytes, &limits), ["error `a.zip!/zeros` is over the limit of 1048576 bytes"]);
}

#[test]
fn a_million_members_are_shown_one_by_one() {
    const COUNT: u32 = 1_000_000;
    // Local headers of 37 bytes, then the directory; written by hand, because no writer is this fast.
    let mut bytes = Vec::new();
    for number in 0..COUNT {
        bytes.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07\0\0\0");
        bytes.extend(format!("{number:07}").bytes());
    }
    let start = u32::try_from(bytes.len()).unwrap();
    for number in 0..COUNT {
        bytes.extend(b"PK\x01\x02\x14\0\x14\0");
        bytes.extend([0; 20]);
        bytes.extend(b"\x07\0");
        bytes.extend([0; 12]);
        bytes.extend((number * 37).to_le_bytes());
        bytes.extend(format!("{number:07}").bytes());
    }
    let length = u32::try_from(bytes.len()).unwrap() - start;
    bytes.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff");
    bytes.extend(length.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend(b"\0\0");
    let path = TreePath::from_text("a.zip").unwrap();
    let limits = Limits::default();
    let begun = std::time::Instant::now();
    let mut seen = 0;
    let mut unread = Vec::new();
    let archive = File::in_memory(&path, &bytes, false, &limits);
    walk_members(&archive, 0, &mut unread, &mut |_| {
        seen += 1;
        Flow::Continue
    })
    .unwrap();
    assert_eq!((seen, unread.len()), (COUNT, 0));
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
    let limits = Limits { entries: 1000, ..Limits::default() };
    let archive = File::in_memory(&path, &bytes, false, &limits);
    let refused = walk_members(&archive, 0, &mut unread, &mut |_| Flow::Continue);
    assert!(matches!(refused, Err(ReadError::TooLarge { unit: "entries", .. })), "{refused:?}");
}

#[test]
fn members_that_overlap_are_told_and_bounded() {
    // Every entry of the directory points at the same kilobytes.
    let one = python("z.writestr('a', b'\\0'*(8<<20))");
    let start = one.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let entry = one[start..start + 47].to_vec();
    let mut bytes = std::io::Cursor::new(one[..start].to_vec());
    bytes.seek(std::io::SeekFrom::End(0)).unwrap();
    for _ in 0..1000 {
        bytes.write_all(&entry).unwrap();
    }
    let mut end = one[one.len() - 22..].to_vec();
    end[8..10].copy_from_slice(&1000_u16.to_le_bytes());
    end[10..12].copy_from_slice(&1000_u16.to_le_bytes());
    end[12..16].copy_from_slice(&47_000_u32.to_le_bytes());
    bytes.write_all(&end).unwrap();
    let limits = Limits { ratio: 500, ..Limits::default() };
    let found = members(&bytes.into_inner(), &limits);
    assert!(found.contains(&"unread a.zip members overlap each other".to_owned()));
    let read = found.iter().filter(|line| line.ends_with("8388608 bytes")).count();
    assert!(read < 10, "{read} copies were read");
}

#[test]
fn nested_archives_share_one_budget() {
    let inner = python("z.writestr('zeros', b'\\0'*(12<<20))");
    let directory = tempfile::tempdir().unwrap();
    let name = directory.path().join("inner.zip");
    std::fs::write(&name, inner).unwrap();
    let outer = python(&format!("[z.write({:?}, f'{{i}}.zip') for i in range(4)]", name.to_str().unwrap()));
    let limits = Limits { ratio: 10, archive_depth: 2, ..Limits::default() };
    let path = TreePath::from_text("outer.zip").unwrap();
    let archive = File::in_memory(&path, &outer, false, &limits);
    let (mut read, mut refused, mut too_deep) = (0, 0, 0);
    let mut unread = Vec::new();
    walk_members(&archive, 0, &mut unread, &mut |jar| {
        let outcome = walk_members(&jar.file, 1, &mut Vec::new(), &mut |member| {
            read += usize::from(member.file.bytes().is_ok());
            let deeper = walk_members(&member.file, 2, &mut Vec::new(), &mut |_| Flow::Stop);
            too_deep += usize::from(matches!(deeper, Err(ReadError::TooDeep { .. })));
            Flow::Continue
        });
        refused += usize::from(outcome.is_err());
        Flow::Continue
    })
    .unwrap();
    // The second zeros go over the 16 MiB that are always allowed; after that nothing is read any more.
    assert_eq!((read, refused, too_deep), (1, 2, 2));
    assert!(unread.is_empty());
}

proptest::proptest! {
    #[test]
    fn mutated_archives_never_panic(position in 0_usize..300, value: u8, second in 0_usize..300, other: u8) {
        static BYTES: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut bytes = BYTES.get_or_init(|| python("z.writestr('a', 'x'*50)\nz.writestr('b', 'y')")).clone();
        let length = bytes.len();
        bytes[position % length] = value;
        bytes[second % length] = other;
        members(&bytes, &Limits { file_bytes: 1 << 20, ..Limits::default() });
    }
}
