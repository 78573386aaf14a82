//! Programs that are often installed without a package manager, and where their version text stands.
//!
//! Found out from the programs' own sources and from builds of them. A program that is missing here shows up as
//! an executable that no package explains.

/// One program.
#[derive(Debug)]
pub(super) struct Software {
    /// The package's name.
    pub name: &'static str,
    /// File names; one `*` stands for any text.
    pub files: &'static [&'static str],
    /// Where the version stands; the first anchor that matches decides.
    pub anchors: &'static [Anchor],
}

/// A fixed text next to a version.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    /// The version follows the text.
    After(&'static [u8]),
    /// The version precedes the text.
    Before(&'static [u8]),
    /// Digits and dots follow the first text, and the second text follows them on the same line. For texts that
    /// messages use as well: `PostgreSQL 9.1.` is no version of the program that says it.
    Between(&'static [u8], &'static [u8]),
    /// The version follows the text and has as many dots at least.
    Dotted(&'static [u8], usize),
    /// The version follows the text and has the second text inside.
    With(&'static [u8], &'static [u8]),
    /// A zero-terminated version that begins with the number in the file's name: `3.11.2` for `python3.11`.
    Named,
}

use Anchor::{After, Before, Between, Dotted, Named, With};

/// Redis and Valkey tell their version and the way they count atomically in one answer, so that the texts stand side
/// by side.
const ATOMIC: &[Anchor] = &[Before(b"\0c11-builtin"), Before(b"\0atomic-builtin"), Before(b"\0sync-builtin")];

/// Every program that is known, by name.
pub(super) static SOFTWARE: &[Software] = &[
    Software {
        name: "bash",
        files: &["bash"],
        anchors: &[After(b"@(#)Bash version "), After(b"Bash version ")],
    },
    Software { name: "busybox", files: &["busybox"], anchors: &[After(b"BusyBox v")] },
    Software {
        name: "curl",
        files: &["curl", "libcurl.so*", "libcurl-*"],
        anchors: &[After(b"libcurl/"), After(b"curl "), After(b"curl/")],
    },
    Software { name: "git", files: &["git"], anchors: &[After(b"git/")] },
    Software {
        name: "haproxy",
        files: &["haproxy"],
        anchors: &[
            Between(b"version ", b", released 20"),
            Between(b"HAProxy version ", b"20"),
            Between(b"HA-Proxy version ", b"20"),
        ],
    },
    Software { name: "httpd", files: &["httpd", "apache2"], anchors: &[After(b"Apache/")] },
    Software { name: "lighttpd", files: &["lighttpd"], anchors: &[After(b"lighttpd/")] },
    Software {
        name: "mariadb",
        files: &["mariadbd", "mysqld", "mariadb"],
        anchors: &[Before(b"-MariaDB"), After(b"mariadb-")],
    },
    Software {
        name: "memcached",
        files: &["memcached"],
        anchors: &[After(b"memcached "), After(b"memcached/")],
    },
    Software { name: "mysql", files: &["mysqld", "mysql"], anchors: &[After(b"mysql-")] },
    Software {
        name: "nginx",
        files: &["nginx"],
        anchors: &[After(b"nginx version: nginx/"), After(b"nginx/")],
    },
    Software {
        name: "node",
        files: &["node", "node.exe", "libnode.so*"],
        anchors: &[After(b"node.js/v"), After(b"node v"), After(b"node/v")],
    },
    Software {
        name: "openssh",
        files: &["sshd", "ssh"],
        anchors: &[With(b"OpenSSH_", b"p"), After(b"OpenSSH_")],
    },
    Software {
        name: "openssl",
        files: &["openssl", "libssl.so*", "libcrypto.so*", "libcrypto-*", "libssl-*"],
        anchors: &[After(b"OpenSSL ")],
    },
    Software {
        name: "perl",
        files: &["perl", "perl5*", "libperl.so*"],
        anchors: &[Dotted(b"/perl5/", 2), Dotted(b"/perl/", 2)],
    },
    Software {
        name: "php",
        files: &["php", "php8*", "php7*", "php-fpm*", "php-cgi*", "libphp*.so"],
        anchors: &[After(b"X-Powered-By: PHP/"), After(b"PHP/")],
    },
    Software { name: "postgresql", files: &["postgres"], anchors: &[Between(b"PostgreSQL ", b" on ")] },
    Software {
        name: "python",
        files: &["python2.*", "python3.*", "libpython2.*", "libpython3.*"],
        anchors: &[Named],
    },
    Software {
        name: "redis",
        files: &["redis-server", "redis-check-rdb", "redis-check-aof"],
        anchors: ATOMIC,
    },
    Software {
        name: "ruby",
        files: &["ruby", "libruby.so*", "libruby-*"],
        anchors: &[Between(b"ruby ", b" (20")],
    },
    Software {
        name: "valkey",
        files: &["valkey-server", "valkey-check-rdb", "valkey-check-aof"],
        anchors: ATOMIC,
    },
];
