//! Metered use: one row for a resource, a meter and a day, with a bit for each hour that was counted.

use super::{SqlStore, homes, key};
use crate::database::{args, write};
use crate::{StoreError, Usage, UsageSample};
use jiff::Timestamp;
use std::collections::BTreeMap;
use yagura_model::Home;

const HOUR: i64 = 3_600;

impl SqlStore {
    pub(super) async fn write_usage(&self, samples: &[UsageSample]) -> Result<(), StoreError> {
        for part in samples.chunks(1_000) {
            write!(self.database, |tx| {
                // An hour counts once, in a batch as well; hours of a day go in turn.
                let mut hours = BTreeMap::new();
                for sample in part {
                    let hour = sample.at.as_second().div_euclid(HOUR);
                    let resource = key::key(&sample.resource.to_string());
                    hours
                        .entry((hour.rem_euclid(24), resource, sample.meter.as_str(), hour.div_euclid(24)))
                        .or_insert(sample);
                }
                let mut of_homes = std::collections::HashMap::new();
                let mut turns: BTreeMap<i64, Vec<_>> = BTreeMap::new();
                for ((hour, resource, meter, day), sample) in hours {
                    let home = match of_homes.get(&sample.resource.home) {
                        Some(no) => *no,
                        None => {
                            let no = homes::number(&mut tx, &sample.resource.home).await?;
                            of_homes.insert(&sample.resource.home, no);
                            no
                        }
                    };
                    turns.entry(hour).or_default().push(args![
                        resource,
                        meter,
                        day,
                        home,
                        1_i64 << hour,
                        sample.amount
                    ]);
                }
                for rows in turns.into_values() {
                    tx.insert(
                        "INSERT INTO metered (resource, meter, day, home_no, hours, amount)",
                        rows,
                        "ON CONFLICT (resource, meter, day) DO UPDATE SET amount = metered.amount + \
                         CASE WHEN (metered.hours & excluded.hours) = 0 THEN excluded.amount ELSE 0 END, \
                         hours = metered.hours | excluded.hours",
                    )
                    .await?;
                }
            })?;
        }
        Ok(())
    }

    pub(super) async fn read_usage(&self, of: &[Home], since: Timestamp) -> Result<Vec<Usage>, StoreError> {
        let mut tx = self.database.read().await?;
        let names = homes::numbers(&mut tx, of).await?;
        let by_number: BTreeMap<i64, &Home> = names.iter().map(|(home, no)| (*no, home)).collect();
        let first = since.as_second().div_euclid(HOUR);
        let rows = tx
            .rows(
                "SELECT home_no, meter, day, hours, sum(amount) FROM metered \
                 WHERE home_no IN ANY($1) AND day >= $2 GROUP BY home_no, meter, day, hours",
                args![by_number.keys().copied().collect::<Vec<_>>(), first.div_euclid(24)],
            )
            .await?;
        let mut totals: BTreeMap<(&Home, String), (f64, i64)> = BTreeMap::new();
        for row in &rows {
            let Some(home) = by_number.get(&row.int(0)?) else { continue };
            let (day, hours) = (row.int(2)?, row.int(3)?);
            // Of the first day, the hours since then; within a day, hours are alike.
            let skipped = first.saturating_sub(day * 24).clamp(0, 24);
            let counted = hours >> skipped << skipped;
            if counted == 0 {
                continue;
            }
            let share = f64::from(counted.count_ones()) / f64::from(hours.count_ones());
            let amount = row.real_or_none(4)?.unwrap_or(0.0) * share;
            let start = day * 24 + i64::from(counted.trailing_zeros());
            let total = totals.entry((home, row.text(1)?.to_owned())).or_insert((0.0, start));
            total.0 += amount;
            total.1 = total.1.min(start);
        }
        Ok(totals
            .into_iter()
            .map(|((home, meter), (total, start))| Usage {
                home: home.clone(),
                meter,
                total,
                since: Timestamp::from_second(start * HOUR).unwrap_or(since),
            })
            .collect())
    }
}
