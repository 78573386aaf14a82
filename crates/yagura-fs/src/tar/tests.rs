//! Archives made by GNU tar and Python's `tarfile`.

use super::*;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

fn tree(bytes: Vec<u8>) -> TarTree {
    TarTree::new(move || Ok(Box::new(io::Cursor::new(bytes.clone())) as Box<dyn Read>))
}

/// One line per entry and complaint.
fn walked(tree: &TarTree, limits: &Limits) -> Vec<String> {
    let mut out = Vec::new();
    let mut unread = Vec::new();
    let outcome = tree.walk(limits, &mut unread, &mut |entry| {
        let path = entry.path;
        out.push(match entry.kind {
            EntryKind::File(file) => match file.bytes() {
                Ok(bytes) if bytes.len() > 40 => format!("{path} {} bytes", bytes.len()),
                Ok(bytes) => format!("{path} {}", String::from_utf8_lossy(bytes)),
                Err(error) => format!("error {error}"),
            },
            EntryKind::Directory => format!("{path}/"),
            EntryKind::Symlink(target) => format!("{path} -> {target}"),
            EntryKind::Hardlink(target) => format!("{path} = {target}"),
            EntryKind::Whiteout => format!("{path} whiteout"),
            EntryKind::Opaque => format!("{path} opaque"),
            EntryKind::Other => format!("{path} other"),
        });
        Flow::Continue
    });
    out.extend(unread.iter().map(|entry| format!("unread {} {}", entry.path, entry.detail)));
    out.extend(outcome.err().map(|error| format!("end {error}")));
    out
}

fn gnu_tar(arguments: &[&str], prepare: impl FnOnce(&Path)) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    prepare(directory.path());
    let outcome =
        Command::new("tar").args(["-c", "--sort=name"]).args(arguments).current_dir(&directory).output();
    outcome.unwrap().stdout
}

fn python(script: &str) -> Vec<u8> {
    let script = format!(
        "import tarfile,io,sys\no=io.BytesIO()\nt=tarfile.open(fileobj=o,mode='w')\n\
         def add(n,d=b'',k=tarfile.REGTYPE,l=''):\n i=tarfile.TarInfo(n); i.type=k; i.linkname=l; i.size=len(d); \
         t.addfile(i,io.BytesIO(d))\n{script}\nt.close()\nsys.stdout.buffer.write(o.getvalue())"
    );
    Command::new("python3").arg("-c").arg(script).output().unwrap().stdout
}

#[test]
fn gnu_and_pax_archives_in_every_compression() {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(150));
    let prepare = |root: &Path| {
        std::fs::create_dir(root.join("d".repeat(120))).unwrap();
        std::fs::write(root.join(&long), "long name").unwrap();
        std::fs::write(root.join("a"), "first").unwrap();
        std::fs::hard_link(root.join("a"), root.join("b")).unwrap();
        symlink(&long, root.join("c")).unwrap();
    };
    let directory = "d".repeat(120);
    let expected = [
        "a first".into(),
        "b = a".into(),
        format!("c -> {long}"),
        format!("{directory}/"),
        format!("{long} long name"),
    ];
    for format in ["--format=gnu", "--format=pax"] {
        for compression in ["", "--gzip", "--zstd", "--xz", "--bzip2"] {
            let arguments: Vec<&str> = [format, compression, "a", "b", "c", &directory]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect();
            let bytes = gnu_tar(&arguments, prepare);
            assert_eq!(walked(&tree(bytes), &Limits::default()), expected, "{format} {compression}");
        }
    }
}

#[test]
fn sparse_files_have_their_holes() {
    for format in [
        &["--format=gnu"][..],
        &["--format=pax", "--sparse-version=1.0"],
        &["--format=pax", "--sparse-version=0.1"],
        &["--format=pax", "--sparse-version=0.0"],
    ] {
        let mut arguments = format.to_vec();
        arguments.extend(["--sparse", "holes", "plain"]);
        let bytes = gnu_tar(&arguments, |root| {
            let mut file = std::fs::File::create(root.join("holes")).unwrap();
            for index in 0..40_u64 {
                let position = index * 100_000;
                std::os::unix::fs::FileExt::write_all_at(&file, b"piece", position).unwrap();
            }
            file.flush().unwrap();
            file.set_len(5_000_000).unwrap();
            std::fs::write(root.join("plain"), "after").unwrap();
        });
        assert!(bytes.len() < 1_000_000, "tar did not make a sparse archive");
        let mut unread = Vec::new();
        let mut names = Vec::new();
        tree(bytes)
            .walk(&Limits::default(), &mut unread, &mut |entry| {
                let EntryKind::File(file) = &entry.kind else { panic!("no file") };
                let bytes = file.bytes().unwrap();
                if entry.path.as_str() == "holes" {
                    assert_eq!((bytes.len(), file.size()), (5_000_000, 5_000_000), "{format:?}");
                    assert_eq!(bytes.windows(5).filter(|window| window == b"piece").count(), 40);
                    assert_eq!(&bytes[3_900_000..3_900_005], b"piece");
                } else {
                    assert_eq!(bytes, b"after");
                }
                names.push(entry.path.to_string());
                Flow::Continue
            })
            .unwrap();
        assert_eq!(names, ["holes", "plain"]);
    }
}

#[test]
fn hostile_names_do_not_leave_the_tree() {
    let bytes = python(
        "add('/abs',b'x')\nadd('../up',b'x')\nadd('a/../../up',b'x')\nadd('l',k=tarfile.LNKTYPE,l='../../etc/passwd')\n\
         add('s',k=tarfile.SYMTYPE,l='/etc/passwd')\nadd('same',b'one')\nadd('same',b'two')\n\
         add('dev',k=tarfile.CHRTYPE)\nadd('caf\\udce9',b'x')",
    );
    assert_eq!(
        walked(&tree(bytes), &Limits::default()),
        [
            "abs x",
            "s -> /etc/passwd",
            "same one",
            "same two",
            "dev other",
            "caf\\xe9 x",
            "unread  the name `../up` leads out of the archive",
            "unread  the name `a/../../up` leads out of the archive",
            "unread  the name `../../etc/passwd` leads out of the archive",
        ]
    );
}

#[test]
fn layers_have_whiteouts() {
    let bytes = python(
        "add('a/.wh.gone')\nadd('b/.wh..wh..opq')\nadd('.wh..wh.plnk')\nadd('.wh.top')\nadd('c/.wh...')\nadd('d/.wh.')",
    );
    assert_eq!(
        walked(&tree(bytes.clone()).as_layer(None), &Limits::default()),
        ["a/gone whiteout", "b opaque", "top whiteout"]
    );
    assert_eq!(walked(&tree(bytes), &Limits::default()).len(), 6);
}

#[test]
fn the_diff_id_is_checked_at_the_end() {
    let bytes = python("add('a',b'content')");
    let right = tree(bytes.clone()).as_layer(Some(Digest::of(&bytes)));
    assert_eq!(walked(&right, &Limits::default()), ["a content"]);
    let wrong = tree(bytes).as_layer(Some(Digest::of(b"")));
    let found = walked(&wrong, &Limits::default());
    assert!(found[1].starts_with("end `` is malformed: its digest is `sha256:"), "{found:?}");
}

#[test]
fn cut_at_every_byte_it_keeps_what_came_before_and_says_so() {
    let bytes = python("add('a',b'first')\nadd('b',b'second')");
    let data_ends = 4 * BLOCK;
    for end in 0..=data_ends {
        let found = walked(&tree(bytes[..end].to_vec()), &Limits::default());
        assert!(found.last().unwrap().starts_with("end "), "cut at {end}: {found:?}");
        assert_eq!(found.contains(&"a first".to_owned()), end >= BLOCK + 5, "cut at {end}: {found:?}");
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&bytes).unwrap();
    let gzip = gzip.finish().unwrap();
    for end in 0..gzip.len() - 20 {
        let found = walked(&tree(gzip[..end].to_vec()), &Limits::default());
        assert!(found.last().unwrap().starts_with("end "), "cut at {end}: {found:?}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(bytes).unwrap();
    xz.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[test]
fn compression_bombs_are_cut_off_in_bounded_memory() {
    let mut header = python("add('zeros',b'x')")[..BLOCK].to_vec();
    header[124..136].copy_from_slice(b"120000000000");
    header[148..156].copy_from_slice(b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    for (name, compress) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("xz", xz), ("zstd", zstd)] {
        // Ten gigabytes of zeros would take minutes to make; the same block repeated as members, streams or frames
        // is the same bomb.
        let bomb = [compress(&header), compress(&vec![0; 16 << 20]).repeat(640)].concat();
        assert!(bomb.len() < 12 << 20, "{name}: {} bytes", bomb.len());
        let begun = Instant::now();
        let limits = Limits { ratio: 900, ..Limits::default() };
        let found = walked(&tree(bomb.clone()), &limits);
        assert!(found[0].contains("over the limit of"), "{name}: {found:?}");
        let limits = Limits { archive_bytes: 64 << 20, ..Limits::default() };
        let passed_over = tree(bomb).walk(&limits, &mut Vec::new(), &mut |_| Flow::Continue);
        assert!(matches!(passed_over, Err(ReadError::TooLarge { .. })), "{name}: {passed_over:?}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{name} took {:?}", begun.elapsed());
    }
}

#[test]
fn a_path_of_ten_thousand_levels_is_one_entry() {
    let bytes = python("add('d/'*10000+'f',b'x')\nadd('after',b'y')");
    let found = walked(&tree(bytes), &Limits::default());
    assert!(found.contains(&"after y".to_owned()), "{} lines", found.len());
    assert_eq!(found.len(), 2);
}

#[test]
fn a_million_entries_pass_one_by_one() {
    /// The same header a million times, without ever being in memory.
    struct Many(u64, Vec<u8>);
    impl Read for Many {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let at = (self.0 % BLOCK as u64) as usize;
            if self.0 >= 1_000_000 * BLOCK as u64 {
                buffer.fill(0);
                return Ok(buffer.len());
            }
            let count = self.1[at..].len().min(buffer.len());
            buffer[..count].copy_from_slice(&self.1[at..at + count]);
            self.0 += count as u64;
            Ok(count)
        }
    }
    let header = python("add('empty')")[..BLOCK].to_vec();
    let tree = TarTree::new(move || Ok(Box::new(Many(0, header.clone())) as Box<dyn Read>));
    let mut seen = 0;
    tree.walk(&Limits::default(), &mut Vec::new(), &mut |_| {
        seen += 1;
        Flow::Continue
    })
    .unwrap();
    assert_eq!(seen, 1_000_000);
    let limits = Limits { entries: 1000, ..Limits::default() };
    let refused = tree.walk(&limits, &mut Vec::new(), &mut |_| Flow::Continue);
    assert!(matches!(refused, Err(ReadError::TooLarge { unit: "entries", .. })));
}

proptest::proptest! {
    #[test]
    fn mutated_archives_never_panic(changes in proptest::collection::vec((0_usize..4096, proptest::num::u8::ANY), 1..6)) {
        static BYTES: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut bytes =
            BYTES.get_or_init(|| python(&format!("add('{}',b'x'*600)\nadd('b',b'y')", "n".repeat(130)))).clone();
        let length = bytes.len();
        for (position, value) in changes {
            bytes[position % length] = value;
        }
        walked(&tree(bytes), &Limits { file_bytes: 1 << 20, archive_bytes: 1 << 24, ..Limits::default() });
    }
}
