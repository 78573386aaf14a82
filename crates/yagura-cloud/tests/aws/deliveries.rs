//! What sinks deliver arrives.

use crate::testbed::Testbed;
use crate::{alone, aws, calm, control};
use serde_json::{Value, json};
use yagura_cloud::aws::services::{kms, sqs};
use yagura_cloud::deliver::events::{Event, EventBus};
use yagura_cloud::deliver::objects::{Bucket, Objects};
use yagura_cloud::deliver::security_hub;

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_and_sources_of_aws_are_refused() {
    let Some(testbed) = Testbed::get() else { return };
    let _alone = alone().await;
    let aws = aws(testbed, testbed.account("security"));
    let event = |number: u32| Event {
        detail_type: "Inspector2 Finding".into(),
        time: jiff::Timestamp::now(),
        resources: vec!["i-1".into()],
        detail: json!({"number": number}),
    };
    let events: Vec<Event> = (0..25).map(event).collect();
    let bus = EventBus::new(aws.clone(), None, "yagura");
    assert_eq!(bus.publish(&events).await.unwrap(), []);

    let queue = format!("{}/{}/testbed-events", testbed.endpoint, testbed.account("security"));
    let mut numbers = std::collections::BTreeSet::new();
    loop {
        let input = sqs::ReceiveMessageRequest {
            queue_url: Some(queue.clone()),
            max_number_of_messages: Some(10),
            ..Default::default()
        };
        let answer = sqs::receive_message(&aws, &input).await.unwrap();
        if answer.messages.is_empty() {
            break;
        }
        for message in answer.messages {
            let body: Value = serde_json::from_str(&message.body.unwrap()).unwrap();
            if body["source"] == "yagura" {
                assert_eq!(body["detail-type"], "Inspector2 Finding");
                numbers.extend(body["detail"]["number"].as_u64());
            }
        }
    }
    assert_eq!(numbers.len(), 25);

    let reserved = EventBus::new(aws, None, "aws.inspector2");
    let refused = reserved.publish(&events[..1]).await.unwrap();
    assert_eq!(refused.iter().map(|one| (one.index, one.again)).collect::<Vec<_>>(), [(0, false)]);
}

fn finding(testbed: &Testbed, number: usize) -> Value {
    let account = testbed.account("security");
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("finding-{number}"),
        "ProductArn": format!("arn:aws:securityhub:us-east-1:{account}:product/{account}/default"),
        "GeneratorId": "yagura",
        "AwsAccountId": account,
        "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
        "CreatedAt": "2026-01-02T03:04:05Z",
        "UpdatedAt": "2026-01-02T03:04:05Z",
        "Severity": {"Label": "HIGH"},
        "Title": "title",
        "Description": "description",
        "Resources": [{"Type": "AwsEc2Instance", "Id": "i-1"}],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_imported_by_the_hundred_and_bad_ones_reported() {
    let Some(testbed) = Testbed::get() else { return };
    let _alone = alone().await;
    let aws = aws(testbed, testbed.account("security"));
    let mut findings: Vec<Value> = (0..150).map(|number| finding(testbed, number)).collect();
    findings[120].as_object_mut().unwrap().remove("Title");
    let since = control(testbed, "calls?limit=1", Value::Null).await["total"].as_u64().unwrap();
    let refused = security_hub::import(&aws, &findings).await.unwrap();
    assert_eq!(refused.iter().map(|one| one.index).collect::<Vec<_>>(), [120], "{refused:?}");
    let calls = control(testbed, &format!("calls?service=securityhub&since={since}"), Value::Null).await;
    assert_eq!(calls["calls"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn r185_reports_are_encrypted_and_large_ones_come_in_parts() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let aws = aws(testbed, testbed.account("security"));
    let input = kms::DescribeKeyRequest { key_id: Some("alias/reports".into()), ..Default::default() };
    let described = kms::describe_key(&aws, &input);
    let key = described.await.unwrap().key_metadata.unwrap().arn.unwrap();
    let owner = Some(testbed.account("security").to_owned());
    let bucket = Bucket::new(aws.clone(), "acme-vuln-reports", owner, Some(key)).with_part(5 << 20);
    bucket.check().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, size) in [("empty", 0_usize), ("small", 10), ("exact", 5 << 20), ("large", (11 << 20) + 3)] {
        let file = folder.path().join(name);
        let content: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
        std::fs::write(&file, &content).unwrap();
        let address = bucket.put(&format!("pre fix/é/{name}.json"), &file, "application/json").await.unwrap();
        assert_eq!(address, format!("s3://acme-vuln-reports/pre fix/é/{name}.json"));
        // Read back by another client than ours.
        let script = format!(
            "import boto3,sys\nfrom botocore.config import Config\ns=boto3.client('s3',endpoint_url='{}',region_name='us-east-1',aws_access_key_id='{}',aws_secret_access_key='x',config=Config(s3={{'addressing_style':'path'}}))\n\
             r=s.get_object(Bucket='acme-vuln-reports',Key='pre fix/é/{name}.json')\nb=r['Body'].read()\n\
             assert b==open('{}','rb').read(), len(b)\nassert r['ServerSideEncryption']=='aws:kms', r\nassert r['ContentType']=='application/json', r\n",
            testbed.endpoint,
            testbed.account("security"),
            file.display()
        );
        let python = std::process::Command::new(testbed.home.join("venv/bin/python"))
            .args(["-c", &script])
            .output()
            .unwrap();
        assert!(python.status.success(), "{name}: {}", String::from_utf8_lossy(&python.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r188_a_bucket_of_somebody_else_and_a_missing_one_are_refused() {
    let Some(testbed) = Testbed::get() else { return };
    let _calm = calm().await;
    let aws = aws(testbed, testbed.account("security"));
    let missing = Bucket::new(aws.clone(), "acme-no-such-bucket", None, None);
    let error = missing.check().await.unwrap_err();
    assert!(error.to_string().contains("finds nothing"), "{error}");
    let nonsense = Bucket::new(aws.clone(), "acme-sboms", None, Some("alias/none".into()));
    assert!(nonsense.check().await.is_err());
    let elsewhere = Bucket::new(aws.in_region("eu-west-1"), "acme-sboms", None, None);
    let error = elsewhere.check().await.unwrap_err();
    assert!(error.to_string().contains("us-east-1"), "{error}");
}
