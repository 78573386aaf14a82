//! Where a service answers in a region.
//!
//! Source: the endpoints and partitions of the AWS SDKs,
//! <https://docs.aws.amazon.com/general/latest/gr/rande.html>. Overrides have the meaning that they have there:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.

use super::{AwsError, Service};
use reqwest::Url;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A part of AWS that shares nothing with the others.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    /// As in ARNs: `aws`, `aws-cn`.
    pub id: &'static str,
    /// As in `amazonaws.com.cn`.
    pub suffix: &'static str,
    /// Beginnings of its region names.
    prefixes: &'static [&'static str],
    /// Where services that exist once answer.
    global_region: &'static str,
}

/// Has all regions that no other claims.
static COMMERCIAL: Partition =
    Partition { id: "aws", suffix: "amazonaws.com", prefixes: &[], global_region: "us-east-1" };

static OTHERS: &[Partition] = &[
    Partition {
        id: "aws-cn",
        suffix: "amazonaws.com.cn",
        prefixes: &["cn-"],
        global_region: "cn-northwest-1",
    },
    Partition {
        id: "aws-us-gov",
        suffix: "amazonaws.com",
        prefixes: &["us-gov-"],
        global_region: "us-gov-west-1",
    },
    Partition { id: "aws-iso", suffix: "c2s.ic.gov", prefixes: &["us-iso-"], global_region: "us-iso-east-1" },
    Partition {
        id: "aws-iso-b",
        suffix: "sc2s.sgov.gov",
        prefixes: &["us-isob-"],
        global_region: "us-isob-east-1",
    },
    Partition {
        id: "aws-iso-e",
        suffix: "cloud.adc-e.uk",
        prefixes: &["eu-isoe-"],
        global_region: "eu-isoe-west-1",
    },
    Partition {
        id: "aws-iso-f",
        suffix: "csp.hci.ic.gov",
        prefixes: &["us-isof-"],
        global_region: "us-isof-south-1",
    },
    Partition {
        id: "aws-eusc",
        suffix: "amazonaws.eu",
        prefixes: &["eusc-"],
        global_region: "eusc-de-east-1",
    },
];

impl Partition {
    /// The partition of a region; the commercial one for names that no other claims.
    pub fn of(region: &str) -> &'static Self {
        let claims =
            |partition: &&Partition| partition.prefixes.iter().any(|prefix| region.starts_with(prefix));
        OTHERS.iter().find(claims).unwrap_or(&COMMERCIAL)
    }
}

/// Settings about endpoints. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    everywhere: Option<Arc<str>>,
    by_service: Arc<BTreeMap<String, String>>,
}

/// A place and the region that requests to it are signed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Scheme, host, port, and maybe a path without a slash at its end.
    pub url: Url,
    /// For the signature.
    pub region: String,
    /// True when somebody set it.
    pub overridden: bool,
}

impl Endpoints {
    /// One URL for all services, as `AWS_ENDPOINT_URL` sets it.
    pub fn everywhere(url: &str) -> Self {
        Self { everywhere: Some(url.into()), by_service: Arc::default() }
    }

    /// True when nobody set an endpoint.
    pub fn is_default(&self) -> bool {
        self.everywhere.is_none() && self.by_service.is_empty()
    }

    /// All services, and single ones by service id (`EC2`, `Elastic Load Balancing v2`).
    pub(crate) fn new(everywhere: Option<&str>, by_service: BTreeMap<String, String>) -> Self {
        Self { everywhere: everywhere.map(Into::into), by_service: Arc::new(by_service) }
    }

    /// Where a service answers for callers in a region.
    ///
    /// # Errors
    /// An override or a region that makes no URL.
    pub fn of(&self, service: &Service, region: &str) -> Result<Endpoint, AwsError> {
        let partition = Partition::of(region);
        let region = if service.global { partition.global_region } else { region };
        let set = self.by_service.get(service.id).map(String::as_str).or(self.everywhere.as_deref());
        let text = match set {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("https://{}.{region}.{}", service.prefix, partition.suffix),
        };
        let invalid = |detail: String| AwsError::Endpoint { url: text.clone(), detail };
        // A region is user input that becomes part of a host name.
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !region.bytes().all(plain) || region.is_empty() {
            return Err(invalid(format!("`{region}` is not a region")));
        }
        let url = Url::parse(&text).map_err(|error| invalid(error.to_string()))?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(invalid("an endpoint is an http or https URL".to_owned()));
        }
        Ok(Endpoint { url, region: region.to_owned(), overridden: set.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Protocol;

    const fn service(id: &'static str, prefix: &'static str, global: bool) -> Service {
        Service {
            id,
            prefix,
            signing: prefix,
            version: "2000-01-01",
            target: "",
            protocol: Protocol::Query,
            global,
        }
    }

    #[test]
    fn hosts_follow_region_and_partition() {
        let endpoints = Endpoints::default();
        for (prefix, global, region, url, signed) in [
            ("ec2", false, "eu-west-1", "https://ec2.eu-west-1.amazonaws.com/", "eu-west-1"),
            ("api.ecr", false, "cn-north-1", "https://api.ecr.cn-north-1.amazonaws.com.cn/", "cn-north-1"),
            ("ssm", false, "us-gov-west-1", "https://ssm.us-gov-west-1.amazonaws.com/", "us-gov-west-1"),
            ("ssm", false, "eusc-de-east-1", "https://ssm.eusc-de-east-1.amazonaws.eu/", "eusc-de-east-1"),
            (
                "organizations",
                true,
                "eu-west-1",
                "https://organizations.us-east-1.amazonaws.com/",
                "us-east-1",
            ),
        ] {
            let found = endpoints.of(&service("X", prefix, global), region).unwrap();
            assert_eq!((found.url.as_str(), found.region.as_str(), found.overridden), (url, signed, false));
        }
    }

    #[test]
    fn one_service_wins_over_all_and_nonsense_is_refused() {
        let single = BTreeMap::from([("EC2".to_owned(), "http://localhost:1/x/".to_owned())]);
        let endpoints = Endpoints::new(Some("http://localhost:2"), single);
        let url = |id| endpoints.of(&service(id, "p", false), "us-east-1").unwrap().url.to_string();
        assert_eq!(
            (url("EC2"), url("SSM")),
            ("http://localhost:1/x".to_owned(), "http://localhost:2/".to_owned())
        );
        assert!(Endpoints::default().of(&service("EC2", "ec2", false), "evil.org/").is_err());
        assert!(Endpoints::everywhere("file:///etc").of(&service("EC2", "ec2", false), "us-east-1").is_err());
    }
}
