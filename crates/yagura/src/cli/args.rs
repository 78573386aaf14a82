//! What can be typed: verbs, flags and their English help. Japanese help is in [`super::ja`].

#![allow(missing_docs, reason = "flattened groups of flags have no help text of their own")]

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;
use yagura_model::Severity;

/// Open, self-hosted vulnerability management for AWS workloads and code.
#[derive(Debug, Parser)]
#[command(name = "yagura", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,

    /// Language of everything printed for people
    #[arg(long, global = true, env = "YAGURA_LANG", hide_env_values = true, value_parser = ["en", "ja"])]
    pub lang: Option<String>,

    /// Print results only, no notes
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Print what is being done on standard error; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Show no progress, even on a terminal
    #[arg(long, global = true)]
    pub no_progress: bool,

    /// Open no network connection at all
    #[arg(long, global = true, env = "YAGURA_OFFLINE", hide_env_values = true)]
    pub offline: bool,
}

/// At the end of every help text.
const EXIT_CODES: &str = "Exit codes: 0 done, 1 a gate failed, 2 wrong usage, 3 incomplete, \
                          4 advisory data missing or too old, 5 nothing to scan";

/// The verbs of the command line.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Scan this machine, or another root directory
    Host {
        /// The root of the file system to scan
        #[arg(long, default_value = "/")]
        root: PathBuf,
        #[command(flatten)]
        scan: ScanArgs,
    },
    /// Scan a directory: lockfiles, manifests, binaries, archives
    Fs {
        /// The directory, or one file
        #[arg(value_name = "DIR")]
        path: PathBuf,
        #[command(flatten)]
        scan: ScanArgs,
    },
    /// Scan a git work tree, with its commit id
    Repo {
        /// The directory of the repository, or an address that `git clone` takes
        #[arg(value_name = "DIR|URL")]
        path: String,
        #[command(flatten)]
        scan: ScanArgs,
    },
    /// Scan a container image: a registry reference, oci-dir:PATH, oci-archive:PATH or docker-archive:PATH
    Image {
        /// The image
        #[arg(value_name = "REF")]
        reference: String,
        #[command(flatten)]
        scan: ScanArgs,
    },
    /// Scan disk images (raw, qcow2, vmdk, vhd, vhdx) without mounting them
    Disk {
        /// The disks of one machine, the one that it starts from first
        #[arg(value_name = "PATH", required = true)]
        disks: Vec<PathBuf>,
        #[command(flatten)]
        scan: ScanArgs,
    },
    /// Scan a CycloneDX or SPDX document
    Sbom {
        /// The document, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        scan: ScanArgs,
    },
    /// Print what is installed as an SBOM, without looking for vulnerabilities
    Inventory {
        /// dir:, root:, oci-archive:, docker-archive:, oci-dir:, zip:, sbom:, disk:, image: or a bare path
        target: String,
        #[command(flatten)]
        walk: WalkArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Tell why a vulnerability does, or does not, apply, or why a port can or cannot be reached
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Explain {
        #[command(subcommand)]
        what: Option<ExplainVerb>,
        /// A CVE id or any other advisory id
        #[arg(required = true)]
        id: Option<String>,
        /// As for `inventory`
        #[arg(required = true)]
        target: Option<String>,
        #[command(flatten)]
        walk: WalkArgs,
        #[command(flatten)]
        data: DataArgs,
        #[command(flatten)]
        decisions: DecisionArgs,
        /// How to print
        #[arg(short, long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
        format: String,
        /// Write to a file
        #[arg(short, long, value_name = "FILE")]
        output: Option<String>,
    },
    /// Tell which ports of which instance can be reached from outside its VPC
    Reach(ReachArgs),
    /// The advisory database
    #[command(subcommand, arg_required_else_help = true)]
    Db(DbVerb),
    /// The rules on code, secrets and configuration
    #[command(subcommand, arg_required_else_help = true)]
    Rules(RulesVerb),
    /// Check version order: reads lines `a<TAB>op<TAB>b` and prints those that do not hold
    Compare {
        /// The version scheme: dpkg, rpm, apk, pep440, npm, maven, …
        scheme: String,
        /// The lines; standard input when left out
        file: Option<PathBuf>,
    },
    /// Run the service: Inspector's API, discovery, matching and delivery
    Serve(ServiceArgs),
    /// Run the loops of the service against a shared database, without listening
    Worker(ServiceArgs),
    /// The configuration of the service
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigVerb),
    /// Print the version
    Version,
}

/// Flags of `yagura reach`.
#[derive(Debug, Args)]
pub struct ReachArgs {
    /// The answers of the Describe calls, one file each, as in ec2.describe-vpcs.json
    #[arg(long, value_name = "DIR")]
    pub from_dir: PathBuf,
    /// How to print
    #[arg(short, long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub format: String,
    /// Walk the packets of this file, too
    #[arg(long, value_name = "FILE")]
    pub probes: Option<PathBuf>,
    /// Tell for each interface and edge that is not open what stops the packet that gets furthest
    #[arg(long = "explain", id = "explain_closed")]
    pub explain: bool,
    /// Source ports that senders may choose
    #[arg(long, value_name = "A-B", default_value = "1-65535", value_parser = super::reach::port_range)]
    pub client_ports: (u16, u16),
    /// Only this instance; repeatable
    #[arg(long, value_name = "ID")]
    pub instance: Vec<String>,
    /// A changed document, laid over the one in the folder: tells what it opens and closes; repeatable
    #[arg(long, value_name = "FILE")]
    pub what_if: Vec<PathBuf>,
}

/// What else `yagura explain` explains.
#[derive(Debug, Subcommand)]
pub enum ExplainVerb {
    /// Tell which ports of which instance can be reached from outside its VPC
    Reach(ExplainReachArgs),
}

/// Flags of `yagura explain reach`.
#[derive(Debug, Args)]
pub struct ExplainReachArgs {
    /// Only this instance; repeatable
    pub instance: String,
    /// Protocol and port, as in tcp/22
    #[arg(value_name = "PROTOCOL/PORT", value_parser = super::reach::protocol_port)]
    pub port: (yagura_network::network::Protocol, u16),
    /// The answers of the Describe calls, one file each, as in ec2.describe-vpcs.json
    #[arg(long, value_name = "DIR")]
    pub from_dir: PathBuf,
    /// A changed document, laid over the one in the folder: tells what it opens and closes; repeatable
    #[arg(long, value_name = "FILE")]
    pub what_if: Vec<PathBuf>,
}

/// Verbs of `yagura rules`.
#[derive(Debug, Subcommand)]
pub enum RulesVerb {
    /// List every rule
    List {
        /// A folder of your own rules beside the built-in ones; repeatable
        #[arg(long = "rules", id = "rules_dir", value_name = "DIR")]
        rules: Vec<PathBuf>,
        /// How to print
        #[arg(short, long, value_name = "FORMAT", default_value = "table", value_parser = ["table", "json"])]
        format: String,
    },
    /// Try the examples of rule pages, and print those that do not hold
    Test {
        /// The folder of the pages
        #[arg(value_name = "DIR", id = "rules_dir", required = true)]
        rules: Vec<PathBuf>,
    },
    /// Print what a rule means and what to do
    Show {
        /// The id of the rule
        #[arg(value_name = "ID")]
        rule: String,
        /// A folder of your own rules beside the built-in ones; repeatable
        #[arg(long = "rules", id = "rules_dir", value_name = "DIR")]
        rules: Vec<PathBuf>,
        /// How to print
        #[arg(short, long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
}

/// Verbs of `yagura config`.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Print every effective value, and where it came from
    Show {
        #[command(flatten)]
        service: ServiceArgs,
        /// How to print
        #[arg(short, long, value_name = "FORMAT", default_value = "toml", value_parser = ["toml", "json", "markdown"])]
        format: String,
    },
}

/// Where the service finds its configuration.
#[derive(Debug, Clone, Args)]
pub struct ServiceArgs {
    /// The configuration file; `yagura.toml` in the current directory when left out and there
    #[arg(long, value_name = "FILE", env = "YAGURA_CONFIG")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Folder of the embedded database, credentials and reports
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Set any option of `yagura config show`
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// Verbs of `yagura db`.
#[derive(Debug, Subcommand)]
pub enum DbVerb {
    /// Download what changed and build the database anew
    Update {
        /// Take every feed from this mirror instead of its publisher
        #[arg(long, value_name = "URL", env = "YAGURA_DB_MIRROR", hide_env_values = true)]
        db_mirror: Option<String>,
        /// Only these sources
        #[arg(long, value_name = "SOURCE", value_delimiter = ',')]
        only: Vec<String>,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Tell each source, its date, its count and its age
    Status {
        #[command(flatten)]
        place: PlaceArgs,
        /// How to print
        #[arg(short, long, value_name = "FORMAT", default_value = "table", value_parser = ["table", "json"])]
        format: String,
    },
    /// Build a database from a folder laid out like the publishers' feeds
    Build {
        /// The folder
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// The database to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Put a database from `db export` into place
    Import {
        /// The file to import
        file: PathBuf,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Write the database into one file that can cross an air gap
    Export {
        /// The file to write
        file: PathBuf,
        #[command(flatten)]
        place: PlaceArgs,
    },
}

/// Where data is kept.
#[derive(Debug, Clone, Args)]
pub struct PlaceArgs {
    /// The advisory database
    #[arg(long, value_name = "FILE", env = "YAGURA_DB", hide_env_values = true)]
    pub db: Option<PathBuf>,
    /// Where downloads and layer results are kept between runs
    #[arg(long, value_name = "DIR", env = "YAGURA_CACHE_DIR", hide_env_values = true)]
    pub cache_dir: Option<PathBuf>,
}

/// Flags of every verb that scans.
#[derive(Debug, Clone, Args)]
pub struct ScanArgs {
    #[command(flatten)]
    pub walk: WalkArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub decisions: DecisionArgs,
    #[command(flatten)]
    pub gate: GateArgs,
}

/// What is looked at, and for how long.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is looked at")]
pub struct WalkArgs {
    /// Leave out directories; globs, a name without `/` matches anywhere
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub skip_dirs: Vec<String>,
    /// Leave out files; globs, a name without `/` matches anywhere
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub skip_files: Vec<String>,
    /// What to look for: vuln, secret, code, config
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "vuln", value_parser = scanner)]
    pub scanners: Vec<String>,
    /// A folder of your own rules beside the built-in ones; repeatable
    #[arg(long = "rules", id = "rules_dir", value_name = "DIR")]
    pub rules: Vec<PathBuf>,
    /// The platform to take of a multi-platform image, as in linux/arm64
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
    /// Ask registries without TLS, and send them credentials that way
    #[arg(long)]
    pub insecure: bool,
    /// Stop after this long and report what was not read, as in 90s, 5m, 1h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// How many layers are read at the same time
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub parallel: Option<usize>,
    /// Where layer results are kept between runs
    #[arg(long, value_name = "DIR", env = "YAGURA_CACHE_DIR", hide_env_values = true)]
    pub cache_dir: Option<PathBuf>,
    /// Read every layer again
    #[arg(long)]
    pub no_cache: bool,
}

/// How results are printed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// How to print
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Write to a file; FORMAT=FILE adds one more output, repeatable; - is standard output
    #[arg(short, long, value_name = "[FORMAT=]FILE")]
    pub output: Vec<String>,
    /// Put the time into documents; without it the same input gives the same bytes
    #[arg(long)]
    pub timestamp: bool,
}

/// Which advisories are used.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Advisory data")]
pub struct DataArgs {
    /// The advisory database
    #[arg(long, value_name = "FILE", env = "YAGURA_DB", hide_env_values = true)]
    pub db: Option<PathBuf>,
    /// Update the database from this mirror first
    #[arg(long, value_name = "URL")]
    pub db_mirror: Option<String>,
    /// Exit with 4 when the database is older, as in 7d
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub max_db_age: Option<Duration>,
}

/// Decisions about findings that somebody made before.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Decisions")]
pub struct DecisionArgs {
    /// A VEX document: OpenVEX, CycloneDX or CSAF; repeatable
    #[arg(long, value_name = "FILE")]
    pub vex: Vec<PathBuf>,
    /// An ignore file; without it those in the target and the current directory are read
    #[arg(long, value_name = "FILE")]
    pub ignorefile: Vec<PathBuf>,
}

/// What is shown, and what makes the command fail.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// Show only these severities, separated by commas
    #[arg(short, long, value_name = "LIST", value_delimiter = ',')]
    pub severity: Vec<Severity>,
    /// Show only findings that a newer version fixes
    #[arg(long, visible_alias = "ignore-unfixed")]
    pub only_fixed: bool,
    /// Findings of an earlier run (its `-f json` document) are known: not shown, no reason to fail
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Only findings on lines of a git work tree that changed since this commit
    #[arg(long, value_name = "COMMIT")]
    pub since: Option<String>,
    /// Exit with 1 when a finding of this severity or above is left
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,
    /// The exit code of a failed gate; without --fail-on any finding fails it
    #[arg(long, value_name = "N")]
    pub exit_code: Option<u8>,
    /// Exit with 0 even when something could not be read
    #[arg(long)]
    pub allow_incomplete: bool,
    /// Show suppressed findings too
    #[arg(long)]
    pub show_suppressed: bool,
}

/// One of the contract's scanners; those that are not built yet are refused by name.
fn scanner(text: &str) -> Result<String, String> {
    match text {
        "vuln" | "secret" | "config" | "code" => Ok(text.to_owned()),
        "misconfig" => Ok("config".to_owned()),
        "license" => Err("not built yet; `vuln`, `secret`, `code` and `config` are".to_owned()),
        _ => Err("scanners are vuln, secret, code, config".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "give a number from 1".to_owned())
}

/// `90`, `90s`, `5m`, `2h`, `7d`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| format!("`{text}` does not begin with a number"))?;
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(format!("`{unit}` is not one of s, m, h, d")),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(7 * 86_400)));
        assert!(duration("5 minutes").is_err() && duration("d").is_err());
        assert!(duration("99999999999999999999d").is_err());
    }
}
