//! Names of the model in the spelling of Rust.

/// `ec2InstanceImageId` → `ec2_instance_image_id`, `CVSSScore` → `cvss_score`.
pub fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| letters.get(index));
        let after = letters.get(index + 1);
        let begins = before.is_some_and(|before| !before.is_uppercase())
            || (before.is_some() && after.is_some_and(|after| after.is_lowercase()));
        if letter.is_uppercase() && begins && !out.ends_with('_') {
            out.push('_');
        }
        if letter.is_alphanumeric() {
            out.extend(letter.to_lowercase());
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out
}

/// What serde's `camelCase` makes of a snake-case field.
pub fn camel_of_snake(name: &str) -> String {
    let mut out = String::new();
    for (index, word) in name.split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if index > 0 => out.extend(first.to_uppercase()),
            Some(first) => out.push(first),
            None => {}
        }
        out.push_str(letters.as_str());
    }
    out
}

/// What serde's `camelCase` makes of a variant.
pub fn camel(variant: &str) -> String {
    let mut letters = variant.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
    first + letters.as_str()
}

/// A field, escaped where it is a keyword.
pub fn field(snake: &str) -> String {
    if ["type", "match", "ref", "use", "in"].contains(&snake) {
        format!("r#{snake}")
    } else {
        snake.to_owned()
    }
}

/// `ListFindings` → `LIST_FINDINGS`.
pub fn constant(name: &str) -> String {
    snake(name).to_uppercase()
}

/// `EC2_SSM_AGENT_BASED` → `Ec2SsmAgentBased`, `accountAggregation` → `AccountAggregation`.
pub fn variant(value: &str) -> String {
    let shouted = !value.chars().any(char::is_lowercase);
    let mut out = String::new();
    for word in value.split(|letter: char| !letter.is_alphanumeric()) {
        let mut letters = word.chars();
        out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        if shouted {
            out.push_str(&letters.as_str().to_lowercase());
        } else {
            out.push_str(letters.as_str());
        }
    }
    if out.starts_with(|letter: char| letter.is_ascii_digit()) {
        out.insert(0, 'V');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_their_spelling() {
        assert_eq!(snake("ec2InstanceImageId"), "ec2_instance_image_id");
        assert_eq!(snake("ListCVEs"), "list_cv_es");
        assert_eq!(snake("SyntheticTimestamp_date_time"), "synthetic_timestamp_date_time");
        assert_eq!(constant("AwsEc2InstanceDetails"), "AWS_EC2_INSTANCE_DETAILS");
        assert_eq!(camel_of_snake("s3_destination"), "s3Destination");
        assert_eq!(variant("EC2_SSM_AGENT_BASED"), "Ec2SsmAgentBased");
        assert_eq!(variant("Microsoft.Web/sites"), "MicrosoftWebSites");
        assert_eq!(variant("accountAggregation"), "AccountAggregation");
    }
}
