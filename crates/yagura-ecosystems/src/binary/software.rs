//! Programs that are often installed without a package manager, and where their version text stands.
//!
//! Found out from the programs' own sources and from builds of them. A program that is missing here shows up as
//! an executable that no package explains.

/// One program.
#[derive(Debug)]
pub(super) struct Software {
    /// The package's name.
    pub name: &'static str,
    /// File names; `*` stands for any text.
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
    /// A zero-terminated version that begins with the number in the file's name: `3.11.2` for `python3.11`.
    Named,
}

use Anchor::{After, Before, Named};

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
        files: &["curl", "libcurl.so*", "libcurl-gnutls.so*", "libcurl*.dll"],
        anchors: &[After(b"libcurl/"), After(b"curl "), After(b"curl/")],
    },
    Software { name: "git", files: &["git"], anchors: &[After(b"git/")] },
    Software {
        name: "haproxy",
        files: &["haproxy"],
        anchors: &[After(b"HAProxy version "), After(b"HA-Proxy version ")],
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
        files: &["node", "node.exe"],
        anchors: &[After(b"node.js/v"), After(b"node v"), After(b"node/v")],
    },
    Software { name: "openssh", files: &["sshd", "ssh"], anchors: &[After(b"OpenSSH_")] },
    Software {
        name: "openssl",
        files: &["openssl", "libssl.so*", "libcrypto.so*", "libcrypto-*.dll", "libssl-*.dll"],
        anchors: &[After(b"OpenSSL ")],
    },
    Software {
        name: "perl",
        files: &["perl", "perl5*", "libperl.so*"],
        anchors: &[After(b"/perl5/"), After(b"/perl/")],
    },
    Software {
        name: "php",
        files: &["php", "php8*", "php7*", "php-fpm*", "php-cgi*", "libphp*.so"],
        anchors: &[After(b"X-Powered-By: PHP/"), After(b"PHP/")],
    },
    Software { name: "postgresql", files: &["postgres"], anchors: &[After(b"PostgreSQL ")] },
    Software {
        name: "python",
        files: &["python2.*", "python3.*", "libpython2.*", "libpython3.*"],
        anchors: &[Named],
    },
    Software {
        name: "redis",
        files: &["redis-server"],
        anchors: &[After(b"Redis server v="), After(b"redis-")],
    },
    Software { name: "ruby", files: &["ruby", "libruby.so*", "libruby-*.so*"], anchors: &[After(b"ruby ")] },
    Software {
        name: "valkey",
        files: &["valkey-server"],
        anchors: &[After(b"Valkey server v="), After(b"valkey-")],
    },
];
