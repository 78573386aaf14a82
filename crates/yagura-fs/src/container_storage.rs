//! Where container runtimes keep images and containers on a machine.
//!
//! What lies there belongs to the images, which are scanned as such, and not to the machine. The list holds the
//! default places of Docker, containerd, Podman, CRI-O, BuildKit, k3s, RKE2, MicroK8s, Kata and LXD; a runtime that
//! was told to use another place is not recognized.

use yagura_model::TreePath;

/// Places below the root of a machine.
const MACHINE: &[&str] = &[
    "local/var/lib/containerd",
    "local/var/lib/docker",
    "var/lib/buildkit",
    "var/lib/containerd",
    "var/lib/containers/storage",
    "var/lib/docker",
    "var/lib/kata-containers",
    "var/lib/lxc",
    "var/lib/lxd/containers",
    "var/lib/lxd/storage-pools",
    "var/lib/nerdctl",
    "var/lib/rancher/k3s/agent/containerd",
    "var/lib/rancher/rke2/agent/containerd",
    "var/snap/docker/common/var-lib-docker",
    "var/snap/lxd/common/lxd/storage-pools",
    "var/snap/microk8s/common/var/lib/containerd",
];

/// Places below a home directory, for runtimes without privileges.
const HOME: &[&str] = &[
    ".local/share/buildkit",
    ".local/share/containerd",
    ".local/share/containers/storage",
    ".local/share/docker",
];

/// True for a directory in which a container runtime keeps images and containers; the path is relative to the root of
/// a machine.
pub fn is_container_storage(path: &TreePath) -> bool {
    let path = path.as_str();
    let below_home =
        path.strip_prefix("root/").or_else(|| path.strip_prefix("home/")?.split_once('/').map(|at| at.1));
    MACHINE.binary_search(&path).is_ok() || below_home.is_some_and(|rest| HOME.contains(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r36_storage_of_machines_and_of_homes() {
        assert!(MACHINE.is_sorted());
        for (path, expected) in [
            ("var/lib/docker", true),
            ("var/lib/containers/storage", true),
            ("home/ann/.local/share/containers/storage", true),
            ("root/.local/share/docker", true),
            ("var/lib/docker/overlay2", false),
            ("srv/var/lib/docker", false),
            ("home/.local/share/docker", false),
            ("var/lib/dpkg", false),
        ] {
            assert_eq!(
                is_container_storage(&TreePath::from_text(path).unwrap_or_default()),
                expected,
                "{path}"
            );
        }
    }
}
