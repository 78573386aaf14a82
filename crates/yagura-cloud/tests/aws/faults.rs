//! What goes wrong is repeated where that helps, told apart, and explained.

use crate::testbed::Testbed;
use crate::{alone, aws, control, hasty, prod};
use serde_json::{Value, json};
use std::time::Duration;
use yagura_cloud::AwsError;
use yagura_cloud::aws::services::{ec2, ecr, ssm};
use yagura_cloud::aws::{Aws, Limits};
use yagura_cloud::collect::Collector;
use yagura_cloud::collect::ec2::Ec2;
use yagura_cloud::collect::lambda::Lambda;

async fn instances(aws: &Aws) -> Result<usize, AwsError> {
    let answer = ec2::describe_instances(aws, &ec2::DescribeInstancesRequest::default()).await?;
    Ok(answer.reservations.len())
}

/// Adds a fault; the emulator returns to health when the test's guard goes.
async fn fault(testbed: &Testbed, fault: Value) {
    control(testbed, "faults", fault).await;
}

async fn healthy(testbed: &Testbed) {
    control(testbed, "faults", json!({"clear": true})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_waited_out_and_reported_when_it_stays() {
    let Some(testbed) = Testbed::get() else { return };
    let _alone = alone().await;
    let aws = aws(testbed, testbed.account("prod"));
    let throttle = |count: i64| json!({"service": "ec2", "action": "DescribeInstances", "code": "RequestLimitExceeded", "status": 503, "count": count});
    fault(testbed, throttle(2)).await;
    let begun = std::time::Instant::now();
    assert!(instances(&aws).await.unwrap() > 0);
    assert!(begun.elapsed() >= Duration::from_millis(500), "everybody waits after a refusal");
    fault(testbed, throttle(-1)).await;
    let error = instances(&aws).await.unwrap_err();
    healthy(testbed).await;
    assert!(matches!(error, AwsError::Throttled { action: "ec2:DescribeInstances", .. }), "{error:?}");
    assert!(error.is_temporary());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_action_that_is_missing() {
    let Some(testbed) = Testbed::get() else { return };
    let _alone = alone().await;
    let place = prod(testbed).await;
    for (service, action, code) in [
        ("ec2", "DescribeInstances", "UnauthorizedOperation"),
        ("ecr", "DescribeRepositories", "AccessDeniedException"),
        ("ssm", "DescribeInstanceInformation", "AccessDeniedException"),
        ("lambda", "ListFunctions", "AccessDeniedException"),
    ] {
        fault(
            testbed,
            json!({"service": service, "action": action, "code": code, "status": 403, "count": -1}),
        )
        .await;
    }
    let mut errors = vec![instances(&place.aws).await.unwrap_err()];
    errors.push(ecr::describe_repositories(&place.aws, &Default::default()).await.unwrap_err());
    errors.push(ssm::describe_instance_information(&place.aws, &Default::default()).await.unwrap_err());
    let discovered = Lambda.discover(&place, jiff::Timestamp::now()).await;
    healthy(testbed).await;
    let shown: Vec<String> = errors.iter().map(|error| error.hint().unwrap()).collect();
    insta::assert_snapshot!(shown.join("\n"));
    let hint = discovered.err().unwrap().hint().unwrap();
    assert!(hint.contains("lambda:ListFunctions"), "{hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_beside_a_listing_is_a_gap() {
    let Some(testbed) = Testbed::get() else { return };
    let _alone = alone().await;
    let place = prod(testbed).await;
    fault(testbed, json!({"service": "ssm", "code": "AccessDeniedException", "status": 400, "count": -1}))
        .await;
    let found = Ec2::default().discover(&place, jiff::Timestamp::now()).await;
    healthy(testbed).await;
    let found = found.unwrap();
    assert_eq!(found.resources.len(), 7);
    assert_eq!(found.gaps.len(), 1);
    assert_eq!(found.gaps[0].what, "agents of instances");
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_of_aws_is_repeated_and_bounded() {
    let Some(testbed) = Testbed::get() else { return };
    let _alone = alone().await;
    let aws = aws(testbed, testbed.account("prod"));
    let trouble =
        |count: i64| json!({"service": "ec2", "code": "InternalError", "status": 500, "count": count});
    fault(testbed, trouble(3)).await;
    assert!(instances(&aws).await.is_ok());
    fault(testbed, trouble(-1)).await;
    let error = instances(&aws).await.unwrap_err();
    healthy(testbed).await;
    assert!(matches!(error, AwsError::Transient { .. }), "{error:?}");

    fault(testbed, json!({"service": "ec2", "latency_ms": 5000, "count": -1})).await;
    let impatient = aws.clone().with_limits(Limits { total: Duration::from_millis(500), ..hasty() });
    let error = instances(&impatient).await.unwrap_err();
    healthy(testbed).await;
    assert!(matches!(error, AwsError::TimedOut { .. }), "{error:?}");

    let small = aws.with_limits(Limits { answer: 1000, ..hasty() });
    assert!(matches!(instances(&small).await, Err(AwsError::TooLarge { limit: 1000, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_credentials_are_renewed_once() {
    let Some(testbed) = Testbed::get() else { return };
    let _alone = alone().await;
    let place = prod(testbed).await;
    let expired =
        |count: i64| json!({"service": "ec2", "code": "ExpiredToken", "status": 400, "count": count});
    let assumed = || async {
        let calls = control(testbed, "calls?service=sts&action=AssumeRole", Value::Null).await;
        calls["calls"].as_array().map_or(0, Vec::len)
    };
    let before = assumed().await;
    fault(testbed, expired(1)).await;
    assert!(instances(&place.aws).await.is_ok());
    assert_eq!(assumed().await, before + 1);
    assert!(instances(&place.aws).await.is_ok());
    assert_eq!(assumed().await, before + 1, "the new credentials are kept");
    fault(testbed, expired(-1)).await;
    let error = instances(&place.aws).await.unwrap_err();
    healthy(testbed).await;
    assert!(matches!(error, AwsError::Expired { .. }), "{error:?}");
}
