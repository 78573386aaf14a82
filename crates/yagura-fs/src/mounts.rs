//! Which mount points of a running machine hold no software of its own.
//!
//! Format: `proc_pid_mountinfo(5)`, <https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html>. Reading
//! the file is the caller's part, because a root may be another one than `/`.

use yagura_model::TreePath;

/// Kernel interfaces, and file systems of other machines.
const FOREIGN: &[&str] = &[
    "9p",
    "afs",
    "autofs",
    "beegfs",
    "binfmt_misc",
    "bpf",
    "ceph",
    "cgroup",
    "cgroup2",
    "cifs",
    "coda",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "gfs2",
    "glusterfs",
    "gpfs",
    "hugetlbfs",
    "lustre",
    "mqueue",
    "ncpfs",
    "nfs",
    "nfs4",
    "nfsd",
    "nsfs",
    "ocfs2",
    "proc",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smb3",
    "smbfs",
    "sysfs",
    "tracefs",
    "virtiofs",
];

/// Mount points, relative to `/`, of pseudo and network file systems. The root itself is never among them,
/// whatever it is mounted from.
pub fn foreign(mountinfo: &str) -> Vec<TreePath> {
    let mut points = Vec::new();
    for line in mountinfo.lines() {
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let (Some(point), Some(kind)) = (before.split(' ').nth(4), after.split(' ').next()) else { continue };
        let network = kind.starts_with("fuse.") && kind != "fuse.fuse-overlayfs";
        if FOREIGN.contains(&kind) || network {
            points.extend(TreePath::new(&unescape(point)).filter(|point| !point.as_str().is_empty()));
        }
    }
    points
}

/// Space, tab, line feed and backslash are written in octal.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.filter(|_| byte == b'\\').and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(value) => {
                out.push(value);
                rest = tail.get(3..).unwrap_or_default();
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_and_pseudo_mounts_are_foreign() {
        let text = "21 1 0:20 / / rw - 9p root rw\n\
                    22 21 0:21 / /proc rw,nosuid shared:5 - proc proc rw\n\
                    23 21 0:22 / /mnt/my\\040share rw - nfs4 server:/x rw\n\
                    24 21 8:1 / /home rw shared:1 - ext4 /dev/sda1 rw\n\
                    broken\n";
        let points: Vec<String> = foreign(text).iter().map(ToString::to_string).collect();
        assert_eq!(points, ["proc", "mnt/my share"]);
    }
}
