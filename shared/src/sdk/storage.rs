//! Objects: private, under their tenant's prefix, reached by links that soon expire.

mod archive;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use bytes::Bytes;

use super::dynamo::Dynamo;
use super::guard;
use super::request::client;
use super::uploads::{PendingUpload, Uploads};
use crate::error::{Error, Result};
use crate::keys::{ObjectPath, Stored};
use crate::model::Millis;
use crate::model::attachment::Attachment;
use crate::model::project::Project;
use crate::model::upload::Upload;

/// How long a link to an object can be followed.
pub const LINK_LIFETIME: Duration = Duration::from_secs(300);

/// How many paths are tried for a file whose name was taken in the same millisecond.
const PATHS: i64 = 8;

/// The bucket of attachments.
#[derive(Clone, Debug)]
pub struct Storage {
    dynamo: Dynamo,
    client: Arc<OnceLock<Client>>,
}

impl Storage {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self {
            dynamo,
            client: Arc::default(),
        }
    }

    /// Stores a task's file, if there is one, under a path that nothing else has, with a note that it is on its way: the
    /// change that stores the task keeps it ([`super::change::Change::keep_upload`]), and without one it
    /// is swept.
    pub async fn upload(
        &self,
        project: &Stored<Project>,
        attachment: Option<Attachment>,
    ) -> Result<Option<PendingUpload>> {
        let Some(attachment) = attachment else {
            return Ok(None);
        };
        let now = self.dynamo.request().clock().now();
        let uploads = Uploads::new(self.dynamo.clone());
        let content_type = attachment.content_type();
        for at in now..now + PATHS {
            let path = project.attachment(at, &attachment);
            let Some(upload) = uploads.begin(path).await? else {
                continue;
            };
            if self
                .put(upload.path(), content_type, attachment.bytes())
                .await?
            {
                return Ok(Some(upload));
            }
        }
        Err(Error::unavailable("no path was free for the file"))
    }

    /// A link with which anyone can read an uploaded file, for [`LINK_LIFETIME`]. It makes no call.
    pub async fn link(&self, upload: Option<&PendingUpload>) -> Result<Option<String>> {
        match upload {
            Some(upload) => self.link_to(upload.path()).await.map(Some),
            None => Ok(None),
        }
    }

    /// A link with which anyone can read an object, for [`LINK_LIFETIME`]. It makes no call.
    pub(crate) async fn link_to(&self, path: &ObjectPath) -> Result<String> {
        let lifetime = PresigningConfig::expires_in(LINK_LIFETIME).map_err(Error::internal)?;
        let request = self
            .client()
            .get_object()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .presigned(lifetime)
            .await?;
        Ok(request.uri().to_owned())
    }

    /// The files whose upload began before `before` and whose task has not been stored.
    pub async fn left_over(&self, before: Millis) -> Result<Vec<Upload>> {
        Uploads::new(self.dynamo.clone()).left_over(before).await
    }

    /// Removes a left-over file, unless its task has been stored meanwhile. It is claimed first: from then on
    /// no task can be stored with it.
    pub async fn remove(&self, upload: &Upload) -> Result<()> {
        let uploads = Uploads::new(self.dynamo.clone());
        if !uploads.claim(upload).await? {
            return Ok(());
        }
        self.client()
            .delete_object()
            .bucket(self.bucket()?)
            .key(&upload.path)
            .send()
            .await?;
        uploads.forget(upload).await
    }

    /// Returns whether the path was free.
    async fn put(&self, path: &ObjectPath, content_type: &str, bytes: Bytes) -> Result<bool> {
        let outcome = self
            .client()
            .put_object()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .content_type(content_type)
            .content_disposition("attachment")
            .if_none_match("*")
            .body(bytes.into())
            .send()
            .await;
        match outcome {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(
                    error.code(),
                    Some("PreconditionFailed" | "ConditionalRequestConflict")
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn bucket(&self) -> Result<&str> {
        self.dynamo.request().variable("BUCKET")
    }

    fn client(&self) -> &Client {
        self.client
            .get_or_init(|| client!(aws_sdk_s3, self.dynamo.request(), guard::objects::look))
    }
}
