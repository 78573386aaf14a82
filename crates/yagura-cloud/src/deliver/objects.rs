//! Places for reports: an S3 bucket, or a directory.
//!
//! A report is a file that is complete before it is put. Keys are `/`-separated and relative; nobody sees half an object.

use crate::CloudError;
use crate::aws::services::{kms, s3};
use crate::aws::wire::Blob;
use crate::aws::{Aws, AwsError};
use async_trait::async_trait;
use std::io;
use std::path::{Component, Path, PathBuf};
use tokio::fs::{self, File};
use tokio::io::AsyncReadExt;

/// A place that keeps objects.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Whether objects can be put there, before work is done for it.
    ///
    /// # Errors
    /// What stands in the way.
    async fn check(&self) -> Result<(), CloudError>;

    /// Puts a file under a key and answers with its address.
    ///
    /// # Errors
    /// Nothing was put.
    async fn put(&self, key: &str, file: &Path, content_type: &str) -> Result<String, CloudError>;
}

/// A directory of this machine.
#[derive(Debug, Clone)]
pub struct Directory(pub PathBuf);

#[async_trait]
impl Objects for Directory {
    async fn check(&self) -> Result<(), CloudError> {
        fs::create_dir_all(&self.0).await.map_err(|source| CloudError::Disk { path: self.0.clone(), source })
    }

    async fn put(&self, key: &str, file: &Path, _content_type: &str) -> Result<String, CloudError> {
        let relative = Path::new(key);
        let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || key.is_empty() {
            return Err(CloudError::Invalid {
                what: "key",
                text: key.to_owned(),
                detail: "it leaves the directory".to_owned(),
            });
        }
        let path = self.0.join(relative);
        let disk = |source: io::Error| CloudError::Disk { path: path.clone(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).await.map_err(disk)?;
        }
        let mut partial = path.clone().into_os_string();
        partial.push(".part");
        fs::copy(file, &partial).await.map_err(disk)?;
        fs::rename(&partial, &path).await.map_err(disk)?;
        Ok(path.display().to_string())
    }
}

/// A bucket of S3.
#[derive(Clone)]
pub struct Bucket {
    aws: Aws,
    /// Its name.
    name: String,
    /// The account that must own it, so that nobody gets a report by taking over a name.
    owner: Option<String>,
    /// The key that reports are encrypted with; `None` for the bucket's own setting.
    kms_key: Option<String>,
    part: usize,
}

/// Bytes that are held in memory at a time. S3 takes 10,000 parts of 5 MiB or more: reports up to 156 GiB.
const PART: usize = 16 << 20;

impl Bucket {
    /// A bucket in the region of `aws`.
    pub fn new(aws: Aws, name: impl Into<String>, owner: Option<String>, kms_key: Option<String>) -> Self {
        Self { aws, name: name.into(), owner, kms_key, part: PART }
    }

    /// Other parts, for tests.
    #[must_use]
    pub fn with_part(self, part: usize) -> Self {
        Self { part, ..self }
    }

    fn invalid(&self, detail: String) -> CloudError {
        CloudError::Invalid { what: "place for reports", text: format!("s3://{}", self.name), detail }
    }

    async fn whole(&self, key: &str, bytes: Vec<u8>, content_type: &str) -> Result<(), AwsError> {
        let input = s3::PutObjectRequest {
            bucket: Some(self.name.clone()),
            key: Some(key.to_owned()),
            body: Some(Blob(bytes)),
            acl: Some("bucket-owner-full-control".to_owned()),
            content_type: Some(content_type.to_owned()),
            expected_bucket_owner: self.owner.clone(),
            server_side_encryption: self.kms_key.is_some().then(|| "aws:kms".to_owned()),
            ssekms_key_id: self.kms_key.clone(),
            ..Default::default()
        };
        s3::put_object(&self.aws, &input).await.map(|_| ())
    }

    async fn begin(&self, key: &str, content_type: &str) -> Result<String, AwsError> {
        let input = s3::CreateMultipartUploadRequest {
            bucket: Some(self.name.clone()),
            key: Some(key.to_owned()),
            acl: Some("bucket-owner-full-control".to_owned()),
            content_type: Some(content_type.to_owned()),
            expected_bucket_owner: self.owner.clone(),
            server_side_encryption: self.kms_key.is_some().then(|| "aws:kms".to_owned()),
            ssekms_key_id: self.kms_key.clone(),
            ..Default::default()
        };
        let answer = s3::create_multipart_upload(&self.aws, &input).await?;
        answer.upload_id.ok_or_else(|| AwsError::Answer {
            action: s3::CREATE_MULTIPART_UPLOAD.action,
            detail: "no upload id".to_owned(),
        })
    }

    async fn parts(
        &self,
        key: &str,
        upload: &str,
        first: Vec<u8>,
        file: &mut File,
        path: &Path,
    ) -> Result<(), CloudError> {
        let mut parts = Vec::new();
        let mut bytes = first;
        while !bytes.is_empty() {
            let number = parts.len() as i64 + 1;
            let input = s3::UploadPartRequest {
                bucket: Some(self.name.clone()),
                key: Some(key.to_owned()),
                upload_id: Some(upload.to_owned()),
                part_number: Some(number),
                expected_bucket_owner: self.owner.clone(),
                body: Some(Blob(bytes)),
                ..Default::default()
            };
            let answer = s3::upload_part(&self.aws, &input).await?;
            parts.push(s3::CompletedPart {
                e_tag: answer.e_tag,
                part_number: Some(number),
                ..Default::default()
            });
            bytes = read(file, self.part, path).await?;
        }
        let input = s3::CompleteMultipartUploadRequest {
            bucket: Some(self.name.clone()),
            key: Some(key.to_owned()),
            upload_id: Some(upload.to_owned()),
            expected_bucket_owner: self.owner.clone(),
            multipart_upload: Some(s3::CompletedMultipartUpload { parts }),
            ..Default::default()
        };
        s3::complete_multipart_upload(&self.aws, &input).await?;
        Ok(())
    }

    async fn abort(&self, key: &str, upload: &str) {
        let input = s3::AbortMultipartUploadRequest {
            bucket: Some(self.name.clone()),
            key: Some(key.to_owned()),
            upload_id: Some(upload.to_owned()),
            expected_bucket_owner: self.owner.clone(),
            ..Default::default()
        };
        if let Err(error) = s3::abort_multipart_upload(&self.aws, &input).await {
            tracing::warn!(bucket = self.name, key, %error, "parts of a broken upload stay in the bucket");
        }
    }
}

#[async_trait]
impl Objects for Bucket {
    /// Region and owner of the bucket, and what the key is.
    async fn check(&self) -> Result<(), CloudError> {
        let input = s3::HeadBucketRequest {
            bucket: Some(self.name.clone()),
            expected_bucket_owner: self.owner.clone(),
        };
        let answer = match s3::head_bucket(&self.aws, &input).await {
            // The answer about a bucket of another region has no document.
            Err(AwsError::Refused { code, .. }) if code == "HTTP 301" || code == "HTTP 400" => {
                return Err(self.invalid(format!("the bucket is not in {}", self.aws.region())));
            }
            answer => answer?,
        };
        let ours = self.aws.region();
        if let Some(region) = answer.bucket_region.filter(|region| region != ours) {
            return Err(self.invalid(format!("the bucket is in {region}, the findings are in {ours}")));
        }
        let Some(key) = &self.kms_key else { return Ok(()) };
        let input = kms::DescribeKeyRequest { key_id: Some(key.clone()), ..Default::default() };
        let found = kms::describe_key(&self.aws, &input).await?.key_metadata.unwrap_or_default();
        if found.key_state.as_deref() != Some("Enabled") {
            return Err(self.invalid(format!("the key `{key}` is not enabled")));
        }
        let symmetric = found.key_spec.as_deref().is_none_or(|spec| spec == "SYMMETRIC_DEFAULT");
        if !symmetric || found.key_usage.as_deref() == Some("SIGN_VERIFY") {
            return Err(self.invalid(format!("the key `{key}` is not a symmetric encryption key")));
        }
        if found.key_manager.as_deref() == Some("AWS") {
            return Err(self.invalid(format!("the key `{key}` is not a customer managed one")));
        }
        let elsewhere = |arn: &String| arn.split(':').nth(3).is_some_and(|region| region != ours);
        if found.arn.as_ref().is_some_and(elsewhere) {
            return Err(self.invalid(format!("the key `{key}` is in another region")));
        }
        Ok(())
    }

    async fn put(&self, key: &str, file: &Path, content_type: &str) -> Result<String, CloudError> {
        let address = format!("s3://{}/{key}", self.name);
        let disk = |source| CloudError::Disk { path: file.to_owned(), source };
        let mut open = File::open(file).await.map_err(disk)?;
        let length = open.metadata().await.map_err(disk)?.len();
        let first = read(&mut open, self.part, file).await?;
        if length <= first.len() as u64 {
            self.whole(key, first, content_type).await?;
            return Ok(address);
        }
        let upload = self.begin(key, content_type).await?;
        match self.parts(key, &upload, first, &mut open, file).await {
            Ok(()) => Ok(address),
            Err(error) => {
                self.abort(key, &upload).await;
                Err(error)
            }
        }
    }
}

/// The next bytes of a file; fewer only at its end.
async fn read(file: &mut File, most: usize, path: &Path) -> Result<Vec<u8>, CloudError> {
    let mut bytes = Vec::new();
    file.take(most as u64)
        .read_to_end(&mut bytes)
        .await
        .map_err(|source| CloudError::Disk { path: path.to_owned(), source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keys_stay_below_the_directory() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        std::fs::write(&report, b"content").unwrap();
        let directory = Directory(folder.path().join("out"));
        directory.check().await.unwrap();
        let address = directory.put("a/account=1/r.json", &report, "application/json").await.unwrap();
        assert_eq!(std::fs::read(address).unwrap(), b"content");
        for key in ["../x", "/etc/x", "a/../../x", "", "."] {
            assert!(directory.put(key, &report, "x").await.is_err(), "{key}");
        }
    }
}
