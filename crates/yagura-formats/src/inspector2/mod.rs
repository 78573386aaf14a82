//! Amazon Inspector's interface, version 2020-06-08: its shapes, and the model rendered into them.
//!
//! Source of the shapes: the public service model. Nothing outside this folder and the API knows them.

pub mod coverage;
pub mod criteria;
pub mod finding;
mod package;
pub mod resource;
pub mod shapes;
pub mod vulnerability;
pub mod words;

#[cfg(test)]
mod tests {
    use super::shapes::OPERATIONS;
    use crate::service::{Constraint, Field};

    fn patterns(constraint: &Constraint, found: &mut usize) {
        match constraint {
            Constraint::Text { pattern: Some(pattern), .. } => {
                assert!(pattern.compiles(), "{}", pattern.text());
                *found += 1;
            }
            Constraint::List { item, .. } => patterns(item, found),
            Constraint::Map { key, value, .. } => {
                patterns(key, found);
                patterns(value, found);
            }
            Constraint::Structure(fields) | Constraint::Union(fields) => {
                for Field { constraint, .. } in *fields {
                    patterns(constraint, found);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn every_pattern_of_the_model_compiles() {
        let mut found = 0;
        OPERATIONS
            .iter()
            .filter_map(|operation| operation.input)
            .for_each(|input| patterns(input, &mut found));
        assert!(found > 50, "{found}");
    }

    #[test]
    fn tiers_are_those_of_the_documentation() {
        let of = |tier: u8| OPERATIONS.iter().filter(|operation| operation.tier == tier).count();
        assert_eq!((of(1), of(2), of(3)), (38, 24, 22));
    }
}
