//! `cargo xtask tidy` checks the house rules; `cargo xtask generate` writes the generated documents;
//! `cargo xtask generate-services [--botocore DIR]` writes the code that comes from AWS's service models.

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let verb = std::env::args().nth(1);
    match verb.as_deref() {
        Some("tidy") => {
            let complaints = xtask::tidy::check(&xtask::root())?;
            for complaint in &complaints {
                println!("{complaint}");
            }
            if !complaints.is_empty() {
                bail!("{} house rules broken", complaints.len());
            }
        }
        Some("generate") => {
            for path in xtask::generate::write(&xtask::root())? {
                println!("wrote {}", path.display());
            }
        }
        Some("generate-services") => {
            let asked = match std::env::args().nth(2).as_deref() {
                Some("--botocore") => {
                    Some(std::env::args().nth(3).context("--botocore needs a folder")?.into())
                }
                _ => None,
            };
            let wanted = xtask::service::model::BOTOCORE;
            let botocore = xtask::service::model::botocore(asked)?
                .with_context(|| format!("botocore {wanted} is missing: pip install botocore=={wanted}"))?;
            for path in xtask::service::write(&xtask::root(), &botocore)? {
                println!("wrote {}", path.display());
            }
        }
        _ => bail!("usage: cargo xtask tidy|generate|generate-services"),
    }
    Ok(())
}
