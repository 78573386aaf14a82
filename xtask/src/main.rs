//! `cargo xtask tidy` checks the house rules; `cargo xtask generate` writes the generated documents.

use anyhow::{Result, bail};

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
        _ => bail!("usage: cargo xtask tidy|generate"),
    }
    Ok(())
}
