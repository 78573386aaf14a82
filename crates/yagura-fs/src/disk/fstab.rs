//! `/etc/fstab`: which volume belongs where in the tree of a machine.
//!
//! Format: `fstab(5)`, <https://man7.org/linux/man-pages/man5/fstab.5.html>. Entries for network and pseudo file systems,
//! for swap, and for what is already elsewhere in the tree are passed over.

use super::filesystem::Subvolume;
use super::volume::Names;
use crate::mounts::unescape;
use yagura_model::TreePath;

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is mounted, as written.
    pub what: String,
    /// Where; empty for the root.
    pub at: TreePath,
    /// The tree of a btrfs file system.
    pub subvolume: Subvolume,
    /// True when the machine starts without it.
    pub optional: bool,
}

/// File systems that hold packages when they are on disks.
const LOCAL: &[&str] = &[
    "auto", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "reiserfs", "xfs", "zfs", "erofs",
    "squashfs",
];

/// The mounts of local file systems, outer ones first. Of two at one place the later one is seen.
pub fn entries(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines().take(10_000) {
        let mut fields = line.split_whitespace();
        let (Some(what), Some(at), Some(kinds)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let options = fields.next().unwrap_or_default();
        let has = |option: &str| options.split(',').any(|known| known == option);
        let local = kinds.split(',').any(|kind| LOCAL.contains(&kind));
        if what.starts_with('#')
            || !at.starts_with('/')
            || !local
            || has("bind")
            || has("rbind")
            || has("noauto")
        {
            continue;
        }
        let Some(at) = TreePath::new(&unescape(at)) else { continue };
        let option = |name: &str| options.split(',').find_map(|option| option.strip_prefix(name));
        let subvolume = match (option("subvol="), option("subvolid=")) {
            (Some(path), _) => Subvolume::Path(path.trim_matches('/').as_bytes().to_vec()),
            (None, Some(number)) => number.parse().map_or(Subvolume::Default, Subvolume::Number),
            (None, None) => Subvolume::Default,
        };
        let what = String::from_utf8_lossy(&unescape(what)).replace('"', "");
        entries.retain(|known| known.at != at);
        entries.push(Entry { what, at, subvolume, optional: has("nofail") });
    }
    entries.sort_by(|a, b| a.at.cmp(&b.at));
    entries
}

/// True when a volume goes by this name. `uuid` and `label` are those of its file system.
pub fn is_named(what: &str, names: &Names, uuid: &str, label: &str) -> bool {
    let same =
        |known: Option<&str>, asked: &str| known.is_some_and(|known| known.eq_ignore_ascii_case(asked));
    let tagged = what
        .split_once('=')
        .or_else(|| what.strip_prefix("/dev/disk/by-").and_then(|rest| rest.split_once('/')));
    if let Some((tag, value)) = tagged {
        return match tag.to_ascii_uppercase().as_str() {
            "UUID" => !uuid.is_empty() && uuid.eq_ignore_ascii_case(value),
            "LABEL" => !label.is_empty() && label == value,
            "PARTUUID" => same(names.part_uuid.as_deref(), value),
            "PARTLABEL" => names.part_label.as_deref() == Some(value),
            _ => false,
        };
    }
    let Some(device) = what.strip_prefix("/dev/") else { return false };
    if let Some((group, name)) = &names.logical {
        let mapped = format!("mapper/{}-{}", group.replace('-', "--"), name.replace('-', "--"));
        return device == mapped || device == format!("{group}/{name}");
    }
    names.place.is_some_and(|place| kernel_name(device) == Some(place))
}

/// Disk, counted from 0, and partition of a kernel name: `sdb1`, `xvda`, `nvme0n1p2`, `vda3`. Disks are given in the
/// order of their letters.
fn kernel_name(device: &str) -> Option<(usize, Option<u32>)> {
    let partition = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
    if let Some(rest) = device.strip_prefix("nvme") {
        let (disk, rest) = rest.split_once("n1")?;
        return Some((disk.parse().ok()?, partition(rest.strip_prefix('p').unwrap_or(rest))?));
    }
    let rest = ["xvd", "sd", "vd", "hd"].iter().find_map(|prefix| device.strip_prefix(prefix))?;
    let letter = rest.bytes().next().filter(u8::is_ascii_lowercase)?;
    Some((usize::from(letter - b'a'), partition(rest.get(1..)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_mounts_are_taken_and_later_ones_win() {
        let text = "# c\nUUID=1 / ext4 defaults 0 1\nUUID=\"2\" /var/lib xfs nofail\n/dev/vg/v /var ext4\n\
                    proc /proc proc defaults\nsrv:/x /net nfs\nUUID=3 none swap\n/var/x /srv none bind\n\
                    /dev/sdb1 /mnt/my\\040disk auto\nLABEL=h /home btrfs subvol=/@home,x\nUUID=9 /var ext4\nshort\n\
                    UUID=4 /boot/efi vfat\nUUID=5 /x xfs noauto\n";
        let told: Vec<String> = entries(text)
            .iter()
            .map(|entry| format!("{} {} {:?} {}", entry.what, entry.at, entry.subvolume, entry.optional))
            .collect();
        let home = format!("LABEL=h home Path({:?}) false", b"@home");
        assert_eq!(
            told,
            [
                "UUID=1  Default false",
                &home,
                "/dev/sdb1 mnt/my disk Default false",
                "UUID=9 var Default false",
                "UUID=2 var/lib Default true",
            ]
        );
    }

    #[test]
    fn volumes_go_by_many_names() {
        let partition = Names {
            part_uuid: Some("0a0b-01".into()),
            part_label: Some("root".into()),
            place: Some((1, Some(2))),
            logical: None,
        };
        for what in [
            "UUID=AB-12",
            "LABEL=data",
            "PARTUUID=0A0B-01",
            "PARTLABEL=root",
            "/dev/disk/by-uuid/ab-12",
            "/dev/disk/by-label/data",
            "/dev/disk/by-partuuid/0a0b-01",
            "/dev/sdb2",
            "/dev/xvdb2",
            "/dev/nvme1n1p2",
        ] {
            assert!(is_named(what, &partition, "ab-12", "data"), "{what}");
        }
        for what in
            ["UUID=", "LABEL=", "PARTLABEL=x", "/dev/sdb", "/dev/sda2", "/dev/sd", "tmpfs", "/dev/nvme1"]
        {
            assert!(!is_named(what, &partition, "", ""), "{what}");
        }
        let logical = Names { logical: Some(("vg-0".into(), "my-var".into())), ..Names::default() };
        assert!(is_named("/dev/mapper/vg--0-my--var", &logical, "", ""));
        assert!(is_named("/dev/vg-0/my-var", &logical, "", ""));
        assert!(!is_named("/dev/mapper/vg-0-my-var", &logical, "", ""));
    }
}
