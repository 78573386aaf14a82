//! What is printed for people.

use super::changes::Change;
use super::json::Report;
use super::words;
use crate::table::{Cell, Columns, Look, severity_style};
use std::io::{self, Write};
use yagura_findings::network::{services, severity};
use yagura_model::{Lang, Severity};
use yagura_network::explain::Explained;
use yagura_network::network::{Protocol, Warning};
use yagura_network::walk::{Blocker, Packet, Step};

/// A table of the findings, then what is said about the snapshot.
///
/// # Errors
/// Only those of `out`.
pub fn table(report: &Report<'_>, lang: Lang, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let analysis = report.analysis;
    let mut rows: Vec<(Severity, [String; 7])> = Vec::new();
    for finding in analysis.findings() {
        let (Some(fact), Some(cause)) = (finding.fact(), analysis.cause(&finding)) else { continue };
        let (first, last) = finding.ports;
        let range = if first == last { first.to_string() } else { format!("{first}-{last}") };
        let mut what: Vec<String> = services(&cause).map(str::to_owned).collect();
        if what.len() > 3 {
            let more = what.len() - 3;
            what.truncate(3);
            what.push(format!("+{more}"));
        }
        let mut notes: Vec<String> = fact.assumptions.iter().map(|code| words::code(code, lang)).collect();
        if cause.one_way {
            notes
                .insert(0, lang.pick("one way: no answer gets back", "片方向 (応答は戻れません)").to_owned());
        }
        if let Some(via) = analysis.via(fact) {
            notes.insert(
                0,
                lang.pick("behind ", "経由: ").to_owned() + via.rsplit("loadbalancer/").next().unwrap_or(via),
            );
        }
        rows.push((
            severity(&cause),
            [
                analysis.instance_id(fact).to_owned(),
                analysis.interface(fact).to_owned(),
                format!("{} {}", words::edge(fact.edge.name(), lang), fact.edge_id),
                format!("{} {range}", cause.protocol),
                what.join(", "),
                senders(fact, lang),
                notes.join("; "),
            ],
        ));
    }
    // Most severe first; within a severity the order of the document.
    rows.sort_by_key(|row| std::cmp::Reverse(row.0));
    let heading = [
        lang.pick("Severity", "深刻度"),
        lang.pick("Instance", "インスタンス"),
        lang.pick("Interface", "インターフェイス"),
        lang.pick("From", "起点"),
        lang.pick("Ports", "ポート"),
        lang.pick("Service", "サービス"),
        lang.pick("Senders", "送信元"),
        lang.pick("Notes", "備考"),
    ];
    let mut columns = Columns::new(heading, look);
    for (severity, cells) in &rows {
        let first = Cell::new(severity.as_str()).styled(severity_style(*severity));
        columns.row([first].into_iter().chain(cells.iter().map(Cell::new)));
    }
    if rows.is_empty() {
        writeln!(
            out,
            "{}",
            lang.pick(
                "No port can be reached from outside its VPC.",
                "VPC の外から到達できるポートはありません。"
            )
        )?;
    } else {
        columns.write(out)?;
    }
    if let Some((opened, closed)) = report.changes {
        change(lang.pick("Opened by the change", "変更によって開くもの"), opened, lang, out)?;
        change(lang.pick("Closed by the change", "変更によって閉じるもの"), closed, lang, out)?;
    }
    for answer in report.answers {
        writeln!(out)?;
        packet(&answer.packet, lang, out)?;
        verdict(
            &answer.outcome.blockers,
            answer.outcome.delivered(answer.packet.protocol),
            answer.packet.protocol,
            lang,
            out,
        )?;
    }
    unreachable(report, lang, out)?;
    warnings(report.warnings, lang, out)
}

fn senders(fact: &yagura_network::facts::Fact, lang: Lang) -> String {
    let count = fact.senders.count();
    if fact.everyone {
        return lang.pick("anyone behind the edge", "境界の向こうの誰でも").to_owned();
    }
    let mut prefixes = yagura_network::address::prefixes(fact.family, &fact.senders);
    let first: Vec<String> = prefixes.by_ref().take(2).map(|prefix| prefix.to_string()).collect();
    let more = if prefixes.next().is_some() { lang.pick(" and more", " ほか") } else { "" };
    match (lang, count) {
        (Lang::En, 1) => first.join(", "),
        (Lang::En, _) => format!("{}{more} ({count} addresses)", first.join(", ")),
        (Lang::Ja, _) => format!("{}{more} ({count} アドレス)", first.join(", ")),
    }
}

fn change(heading: &str, changes: &[Change], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    if changes.is_empty() {
        return writeln!(out, "\n{heading}: {}", lang.pick("nothing", "なし"));
    }
    writeln!(out, "\n{heading}:")?;
    for one in changes {
        let ports: Vec<String> =
            one.ports.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") }).collect();
        let via = one.via.as_deref().map(|via| format!(" ({via})")).unwrap_or_default();
        writeln!(
            out,
            "  {} {}: {} {} {}{via}, {}",
            one.instance_id,
            one.network_interface_id,
            one.protocol,
            ports.join(", "),
            lang.pick("from", "起点:"),
            format_args!("{} {} {}", words::edge(one.edge_type, lang), one.edge_id, one.family),
        )?;
    }
    Ok(())
}

fn unreachable(report: &Report<'_>, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    for one in report.unreachable {
        let (instance, interface) = one.names(report.analysis);
        writeln!(out, "\n{instance} {interface} ← {} {}:", words::edge(one.edge.name(), lang), one.edge_id)?;
        for blocker in &one.blockers {
            stopped(blocker, lang, out)?;
        }
    }
    Ok(())
}

fn warnings(warnings: &[Warning], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    if warnings.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{}",
        lang.pick("What is missing or not modelled:", "不足しているもの、モデル化されていないもの:")
    )?;
    for warning in warnings {
        let said = match lang {
            Lang::En => warning.message.clone(),
            Lang::Ja => words::code(warning.code, lang),
        };
        writeln!(out, "  {} {}: {said}", warning.code, warning.component)?;
    }
    Ok(())
}

/// Why a port can, or cannot, be reached.
///
/// # Errors
/// Only those of `out`.
pub fn explained(
    instance: &str,
    protocol: Protocol,
    port: u16,
    all: &[Explained],
    lang: Lang,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = protocol.name();
    if all.is_empty() {
        return match lang {
            Lang::En => writeln!(
                out,
                "{instance}: its VPC has no edge in the snapshot: nobody outside can reach {name} {port}."
            ),
            Lang::Ja => {
                writeln!(out, "{instance}: VPC に境界がなく、外からは誰も {name} {port} に到達できません。")
            }
        };
    }
    for (nth, one) in all.iter().enumerate() {
        if nth > 0 {
            writeln!(out)?;
        }
        let edge = words::edge(one.edge.name(), lang);
        let open = one.outcome.delivered(protocol);
        match (lang, open) {
            (Lang::En, true) => writeln!(
                out,
                "{instance} {}: {name} {port} can be reached from {edge} {}",
                one.interface, one.edge_id
            )?,
            (Lang::En, false) => writeln!(
                out,
                "{instance} {}: {name} {port} cannot be reached from {edge} {}",
                one.interface, one.edge_id
            )?,
            (Lang::Ja, true) => writeln!(
                out,
                "{instance} {}: {name} {port} には {edge} {} から到達できます",
                one.interface, one.edge_id
            )?,
            (Lang::Ja, false) => writeln!(
                out,
                "{instance} {}: {name} {port} には {edge} {} から到達できません",
                one.interface, one.edge_id
            )?,
        }
        if let Some(asked) = &one.packet {
            packet(asked, lang, out)?;
        }
        for step in &one.outcome.steps {
            passed(step, lang, out)?;
        }
        verdict(&one.outcome.blockers, open, protocol, lang, out)?;
    }
    Ok(())
}

fn packet(packet: &Packet, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "  {} {} {}:{} → {}:{}",
        lang.pick("packet", "パケット"),
        packet.protocol.name(),
        host(packet.source),
        packet.source_port,
        host(packet.destination),
        packet.destination_port
    )
}

fn host(address: yagura_network::address::Address) -> String {
    match address.family {
        yagura_network::address::Family::V4 => address.to_string(),
        yagura_network::address::Family::V6 => format!("[{address}]"),
    }
}

fn passed(step: &Step, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let way = if step.back { lang.pick("answer ", "応答 ") } else { lang.pick("request", "要求 ") };
    let rule = if step.rule.is_empty() { String::new() } else { format!("  {}", step.rule) };
    writeln!(out, "  ✓ {way} {} {}{rule}", words::component(step.kind), step.id)
}

fn stopped(blocker: &Blocker, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let way = if blocker.back { lang.pick("answer ", "応答 ") } else { lang.pick("request", "要求 ") };
    let rule = if blocker.rule.is_empty() { String::new() } else { format!(" ({})", blocker.rule) };
    let meaning = words::code(blocker.code, lang);
    writeln!(
        out,
        "  ✗ {way} {} {}: {meaning}{rule} [{}]",
        words::component(blocker.kind),
        blocker.id,
        blocker.code
    )
}

fn verdict(
    blockers: &[Blocker],
    open: bool,
    protocol: Protocol,
    lang: Lang,
    out: &mut dyn Write,
) -> io::Result<()> {
    for blocker in blockers {
        stopped(blocker, lang, out)?;
    }
    let text = match (open, blockers.is_empty(), protocol) {
        (true, true, _) => lang.pick("delivered, and the answer gets back", "届き、応答も戻ります"),
        (true, false, _) => lang.pick("delivered, but no answer gets back", "届きますが、応答は戻れません"),
        (false, _, _) => lang.pick("dropped", "破棄されます"),
    };
    writeln!(out, "  = {text}")
}
