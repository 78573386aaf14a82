//! `--scanners config` through the binary.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::{check, project, stdout};

const TERRAFORM: &[u8] = br#"resource "aws_security_group" "door" {
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_ebs_volume" "scratch" {
  # yagura:ignore aws-ebs-volume-encrypted a scratch disk
  availability_zone = "us-east-1a"
  size              = 1
  kms_key_id        = "alias/disks"
}
"#;

const CLOUDFORMATION: &[u8] = br#"Resources:
  Door:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: one door
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}
"#;

#[test]
fn both_formats_are_judged_alike_and_suppressions_hold() {
    let project = project(&[("main.tf", TERRAFORM), ("template.yaml", CLOUDFORMATION)]);
    let output = check(project.path(), &["fs", ".", "--scanners", "config", "--fail-on", "high"], 1);
    let table = stdout(&output);
    let found = |file: &str| table.split(file).nth(1).is_some_and(|rest| rest.contains("aws-sg-open-22"));
    assert!(found("main.tf") && found("template.yaml"), "{table}");
    assert!(table.contains("Configuration\n") && table.contains("  Resource"), "{table}");
    assert!(!table.contains("Secrets") && !table.contains("aws-ebs-volume-encrypted"), "{table}");
    let all = check(project.path(), &["fs", ".", "--scanners", "config", "--show-suppressed"], 0);
    assert!(stdout(&all).contains("aws-ebs-volume-encrypted"), "{}", stdout(&all));
    let sarif = stdout(&check(project.path(), &["fs", ".", "--scanners", "config", "-f", "sarif"], 0));
    assert!(sarif.contains(r#""ruleId": "aws-sg-open-22""#), "{sarif}");
}

#[test]
fn nothing_found_is_said_of_the_files() {
    let project = project(&[("main.tf", b"locals {\n  a = 1\n}\n")]);
    let output = check(project.path(), &["fs", ".", "--scanners", "config"], 0);
    assert!(stdout(&output).contains("No flaw found in the files"), "{}", stdout(&output));
}
