//! `yagura reach` and `yagura explain reach`.

use super::args::{ExplainReachArgs, ReachArgs};
use super::output::to_stdout;
use super::{Failure, exit};
use crate::reach;
use crate::said;
use std::fs;
use std::io::{self, BufWriter, Write};
use yagura_model::Lang;
use yagura_network::facts::{Analysis, Question};
use yagura_network::network::{Network, Protocol};
use yagura_network::probe::{self, Answer};

/// Analyses a snapshot folder and prints what it says.
///
/// # Errors
/// What cannot be read, or written.
pub fn run(args: &ReachArgs, lang: Lang) -> Result<u8, Failure> {
    let question =
        Question { client_ports: args.client_ports, instances: args.instance.iter().cloned().collect() };
    let packets = match &args.probes {
        None => Vec::new(),
        Some(file) => {
            let name = file.display().to_string();
            let bytes = fs::read(file).map_err(|error| {
                Failure::new(exit::USAGE, said!("cannot read `{}`: {}", "`{}` を読めません: {}", name, error))
            })?;
            probe::packets(&name, &bytes).map_err(reach::malformed)?
        }
    };
    let snapshot = reach::snapshot(&args.from_dir)?;
    let before = if args.what_if.is_empty() { None } else { Some(Network::build(&snapshot)) };
    let network = if args.what_if.is_empty() {
        Network::build(&snapshot)
    } else {
        Network::build(&reach::with_changes(&snapshot, &args.what_if)?)
    };
    drop(snapshot);
    let analysis = Analysis::new(&network, &question);
    let changes = before.as_ref().map(|before| reach::changes(&Analysis::new(before, &question), &analysis));
    let answers: Vec<Answer> = analysis.answers(&packets);
    let unreachable = if args.explain { analysis.unreachable(&question) } else { Vec::new() };
    let report = reach::Report {
        analysis: &analysis,
        answers: &answers,
        unreachable: &unreachable,
        warnings: &network.warnings,
        changes: changes.as_ref(),
    };
    if args.format == "json" {
        json(&report)?;
    } else {
        to_stdout(|look, out| reach::table(&report, lang, look, out))?;
    }
    Ok(exit::DONE)
}

fn json(report: &reach::Report<'_>) -> Result<(), Failure> {
    to_stdout(|_, out| {
        let mut out = BufWriter::with_capacity(1 << 20, out);
        serde_json::to_writer(&mut out, report).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
        out.flush()
    })
}

/// Says why a port can or cannot be reached, from each edge of the instance's VPC.
///
/// # Errors
/// What cannot be read, an instance that is not there, or a port that is none.
pub fn explain(args: &ExplainReachArgs, lang: Lang) -> Result<u8, Failure> {
    let (protocol, port) = args.port;
    let snapshot = reach::snapshot(&args.from_dir)?;
    let network = Network::build(&reach::with_changes(&snapshot, &args.what_if)?);
    // Only the edges and sets are needed, not the facts of every instance.
    let question = Question { client_ports: (1, u16::MAX), instances: [args.instance.clone()].into() };
    let analysis = Analysis::new(&network, &question);
    let Some(all) = analysis.explain(&args.instance, protocol, port) else {
        return Err(Failure::new(
            exit::USAGE,
            said!(
                "there is no instance `{}` in the snapshot",
                "スナップショットにインスタンス `{}` はありません",
                args.instance
            ),
        ));
    };
    to_stdout(|_, out| reach::explained(&args.instance, protocol, port, &all, lang, out))?;
    Ok(exit::DONE)
}

/// `1-65535`
///
/// # Errors
/// Not two ports in order.
pub fn port_range(text: &str) -> Result<(u16, u16), String> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (low.parse(), high.parse()) {
        (Ok(low), Ok(high)) if low <= high => Ok((low, high)),
        _ => Err("use two ports, as in 1024-65535".to_owned()),
    }
}

/// `tcp/22`
///
/// # Errors
/// Not a protocol and a port.
pub fn protocol_port(text: &str) -> Result<(Protocol, u16), String> {
    let (protocol, port) = text.split_once('/').unwrap_or((text, ""));
    let protocol = Protocol::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(protocol));
    match (protocol, port.parse()) {
        (Some(protocol), Ok(port)) => Ok((protocol, port)),
        _ => Err("use a protocol and a port, as in tcp/22".to_owned()),
    }
}
