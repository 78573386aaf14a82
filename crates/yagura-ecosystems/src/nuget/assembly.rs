//! Version information of .NET assemblies, for applications without a `*.deps.json`.
//! <https://learn.microsoft.com/windows/win32/menurc/vs-versioninfo>
//!
//! An assembly is not a package: many packages hold several, and every application has some of its own. So only
//! what looks like a package's own assembly counts: managed code, named like its file, with a version that
//! somebody set. Assemblies that a `*.deps.json` lists are left to it, as are runtimes and localized resources.

use super::ID;
use crate::found::{DotnetAssembly, Note};
use crate::{Cataloger, Found};
use object::pe::{IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR, IMAGE_DIRECTORY_ENTRY_RESOURCE};
use object::pe::{ImageNtHeaders32, ImageNtHeaders64};
use object::read::pe::{ImageNtHeaders, PeFile};
use object::read::{ReadCache, ReadRef};
use std::collections::BTreeSet;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, TreePath};

pub(super) struct Assembly;

/// Version information is near the start of the resources; more is icons.
const RESOURCE_BYTES: u64 = 1 << 20;

/// Versions that mean nobody set one.
const UNSET: &[&str] = &["0.0.0", "0.0.0.0", "1.0.0", "1.0.0.0"];

impl Cataloger for Assembly {
    fn id(&self) -> &'static str {
        "nuget/assembly"
    }

    fn files(&self) -> &'static [&'static str] {
        &[]
    }

    fn wants_executables(&self) -> bool {
        true
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let name = file.path.name();
        let stem = name.strip_suffix(".dll").or_else(|| name.strip_suffix(".DLL"));
        let Some(stem) = stem.filter(|stem| !stem.ends_with(".resources")) else { return Ok(()) };
        if is_runtime(file.path) || file.head(2)? != b"MZ" {
            return Ok(());
        }
        let Some(resources) = resources(file) else { return Ok(()) };
        let Some(info) = version_info(&resources) else { return Ok(()) };
        let original =
            text(info, "OriginalFilename").or_else(|| text(info, "InternalName")).unwrap_or_default();
        let original = original.strip_suffix(".dll").unwrap_or(&original);
        let version = text(info, "ProductVersion").unwrap_or_default();
        // What follows `+` is the commit that it was built from.
        let version = version.split('+').next().unwrap_or_default().trim();
        if original.eq_ignore_ascii_case(stem) && is_package_version(version) {
            let assembly = DotnetAssembly { name: stem.to_owned(), version: version.to_owned() };
            found.notes.push(Note::DotnetAssembly(assembly));
        }
        Ok(())
    }
}

/// Runtimes, SDKs and reference assemblies describe themselves in other files.
fn is_runtime(path: &TreePath) -> bool {
    path.as_str().split('/').any(|part| {
        matches!(part, "packs" | "ref" | "sdk" | "Microsoft.NETCore.App" | "Microsoft.AspNetCore.App")
            || part == "Microsoft.WindowsDesktop.App"
    })
}

/// The resource section of a managed image; `None` for everything else.
fn resources(file: &File<'_>) -> Option<Vec<u8>> {
    let cache = ReadCache::new(file.reader());
    section::<ImageNtHeaders32, _>(&cache).or_else(|| section::<ImageNtHeaders64, _>(&cache))
}

fn section<'d, Headers: ImageNtHeaders, Data: ReadRef<'d>>(data: Data) -> Option<Vec<u8>> {
    let image = PeFile::<Headers, _>::parse(data).ok()?;
    let directories = image.data_directories();
    directories
        .get(IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR)
        .filter(|entry| entry.virtual_address.get(object::LittleEndian) != 0)?;
    let resource = directories.get(IMAGE_DIRECTORY_ENTRY_RESOURCE)?;
    let (offset, size) = resource.file_range(&image.section_table()).ok()?;
    let size = u64::from(size).min(RESOURCE_BYTES);
    data.read_bytes_at(u64::from(offset), size).ok().map(<[u8]>::to_vec)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// The block of version information, which begins with its length and ends after as many bytes.
fn version_info(resources: &[u8]) -> Option<&[u8]> {
    let key = position(resources, &utf16("VS_VERSION_INFO"))?;
    let start = key.checked_sub(6)?;
    let length = resources.get(start..start + 2)?;
    let length = usize::from(u16::from_le_bytes([*length.first()?, *length.get(1)?]));
    Some(resources.get(start..start.saturating_add(length)).unwrap_or(resources.get(start..)?))
}

/// The value of a string: after the key and its terminator, aligned to four bytes, up to a terminator.
fn text(info: &[u8], key: &str) -> Option<String> {
    let needle = utf16(&format!("{key}\0"));
    let end = position(info, &needle)? + needle.len();
    let value = info.get(end.next_multiple_of(4)..)?;
    let units = value.chunks_exact(2).map(|pair| match pair {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    });
    Some(String::from_utf16_lossy(&units.take_while(|&unit| unit != 0).take(128).collect::<Vec<_>>()))
}

fn is_package_version(version: &str) -> bool {
    let core = version.split('-').next().unwrap_or_default();
    let numbers = core.split('.').count();
    (3..=4).contains(&numbers)
        && core.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        && !UNSET.contains(&version)
}

/// Assemblies that no `*.deps.json` speaks of, as packages.
pub(super) fn resolve(notes: &[(&TreePath, &Note)]) -> Vec<Package> {
    let mut listed: BTreeSet<&TreePath> = BTreeSet::new();
    for (_, note) in notes {
        if let Note::Owned(owned) = note
            && owned.ecosystem == ID
        {
            listed.extend(&owned.files);
        }
    }
    notes
        .iter()
        .filter_map(|(path, note)| match note {
            Note::DotnetAssembly(assembly) if !listed.contains(path) => {
                let location = Location::path((*path).clone());
                Some(Package::new(ID, assembly.name.as_str(), assembly.version.as_str(), location))
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    /// The smallest image with version information: headers and one section.
    fn image(managed: bool, strings: &[(&str, &str)]) -> Vec<u8> {
        let mut info = utf16("VS_VERSION_INFO\0");
        for (key, value) in strings {
            info.resize((info.len() + 6).next_multiple_of(4) - 6 + 6, 0);
            info.extend(utf16(&format!("{key}\0")));
            info.resize((info.len() + 6).next_multiple_of(4) - 6, 0);
            info.extend(utf16(&format!("{value}\0")));
        }
        let mut section = u16::try_from(info.len() + 6).unwrap().to_le_bytes().to_vec();
        section.extend([0; 4]);
        section.append(&mut info);
        let size = u32::try_from(section.len()).unwrap();
        let mut image = vec![0; 0x200];
        let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"MZ");
        put(0x3c, &64u32.to_le_bytes());
        put(64, b"PE\0\0\x4c\x01\x01\x00");
        put(64 + 20, &224u16.to_le_bytes());
        put(88, &0x10bu16.to_le_bytes());
        put(88 + 92, &16u32.to_le_bytes());
        put(88 + 96 + 2 * 8, &0x2000u32.to_le_bytes());
        put(88 + 96 + 2 * 8 + 4, &size.to_le_bytes());
        put(88 + 96 + 14 * 8, &u32::from(managed).to_le_bytes());
        let header = 88 + 224;
        put(header, b".rsrc");
        put(header + 8, &size.to_le_bytes());
        put(header + 12, &0x2000u32.to_le_bytes());
        put(header + 16, &size.to_le_bytes());
        put(header + 20, &0x200u32.to_le_bytes());
        image.extend(section);
        image
    }

    const STRINGS: &[(&str, &str)] =
        &[("OriginalFilename", "Newtonsoft.Json.dll"), ("ProductVersion", "13.0.1+ae9fe44e1323e91bcbd185")];

    #[test]
    fn an_assembly_named_like_its_file_is_told() {
        let found = read(&Assembly, "app/Newtonsoft.Json.dll", &image(true, STRINGS));
        insta::assert_snapshot!(render(&found), @r#"
        note {"dotnet_assembly":{"name":"Newtonsoft.Json","version":"13.0.1"}}
        "#);
        let path = TreePath::from_text("app/Newtonsoft.Json.dll").unwrap();
        let packages = resolve(&[(&path, &found.notes[0])]);
        insta::assert_snapshot!(render(&Found { packages, ..Found::default() }), @r#"
        NuGet Newtonsoft.Json 13.0.1 runtime/unknown @app/Newtonsoft.Json.dll
        "#);
        let deps = Note::Owned(crate::Owned {
            name: "Newtonsoft.Json".to_owned(),
            ecosystem: ID.to_owned(),
            files: vec![path.clone()],
            directories: Vec::new(),
        });
        assert!(resolve(&[(&path, &found.notes[0]), (&path, &deps)]).is_empty());
    }

    #[test]
    fn other_images_are_left_alone() {
        let unset = [("OriginalFilename", "App.dll"), ("ProductVersion", "1.0.0")];
        for (path, bytes) in [
            ("app/Renamed.dll", image(true, STRINGS)),
            ("app/Newtonsoft.Json.dll", image(false, STRINGS)),
            ("app/App.dll", image(true, &unset)),
            ("app/de/Newtonsoft.Json.resources.dll", image(true, STRINGS)),
            ("sdk/Newtonsoft.Json.dll", image(true, STRINGS)),
        ] {
            assert_eq!(read(&Assembly, path, &bytes), Found::default(), "{path}");
        }
    }

    #[test]
    fn damaged_images_are_no_assemblies() {
        let whole = image(true, STRINGS);
        for end in 0..whole.len() {
            read(&Assembly, "app/Newtonsoft.Json.dll", &whole[..end]);
            let mut changed = whole.clone();
            changed[end] ^= 0xff;
            read(&Assembly, "app/Newtonsoft.Json.dll", &changed);
        }
    }
}
