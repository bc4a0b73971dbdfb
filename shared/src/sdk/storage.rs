//! Objects: private, under their tenant's prefix, reached by links that soon expire.

mod archive;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;

use super::dynamo::Dynamo;
use super::guard;
use super::request::client;
use super::uploads::{PendingUpload, Uploads};
use crate::error::{Error, Result};
use crate::keys::owner::NO_OBJECTS;
use crate::keys::{ObjectPath, Stored};
use crate::model::Millis;
use crate::model::attachment::{Attachment, AttachmentLink};
use crate::model::exported::file_name;
use crate::model::project::Project;
use crate::model::task::{AttachmentView, Task};
use crate::model::upload::Upload;

/// How long a link to an object can be followed.
pub const LINK_LIFETIME: Duration = Duration::from_secs(300);

/// How many paths are tried for a file whose name was taken in the same millisecond.
const PATHS: i64 = 8;

/// What a file is whose type nobody has said.
const UNKNOWN_TYPE: &str = "application/octet-stream";

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
        let name = attachment.safe_name();
        let (content_type, bytes) = (attachment.content_type(), attachment.bytes());
        let upload = self.stored(project, name, content_type, bytes).await?;
        Ok(Some(upload))
    }

    /// Stores a task's file, if it has one, among those of another project as well, with such a note. What it is
    /// copied from stays. Three calls: a note, a read and a write of at most 4 MiB.
    pub async fn copy(
        &self,
        from: &Stored<Project>,
        task: &Task,
        to: &Stored<Project>,
    ) -> Result<Option<PendingUpload>> {
        let Some(path) = from.file(task).filter(|_| from.id != to.id) else {
            return Ok(None);
        };
        let object = self
            .client()
            .get_object()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .send()
            .await?;
        let content_type = object.content_type().unwrap_or(UNKNOWN_TYPE).to_owned();
        let bytes = object.body.collect().await.map_err(Error::unavailable)?;
        let name = file_name(path.as_str());
        let copy = self.stored(to, &name, &content_type, bytes.into_bytes());
        copy.await.map(Some)
    }

    async fn stored(
        &self,
        project: &Stored<Project>,
        safe_name: &str,
        content_type: &str,
        bytes: Bytes,
    ) -> Result<PendingUpload> {
        let now = self.dynamo.request().clock().now();
        let uploads = Uploads::new(self.dynamo.clone());
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        for at in now..now + PATHS {
            let path = project.attachment(at, safe_name);
            let Some(upload) = uploads.begin(path, size).await? else {
                continue;
            };
            if self.put(upload.path(), content_type, bytes.clone()).await? {
                return Ok(upload);
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

    /// A task's file, with a link with which anyone can read it, for [`LINK_LIFETIME`]. It makes no call.
    ///
    /// # Errors
    /// 404 if it has none.
    pub async fn attachment(
        &self,
        project: &Stored<Project>,
        task: &Task,
    ) -> Result<AttachmentLink> {
        let file = project.file(task).zip(AttachmentView::of(task));
        let (path, AttachmentView { filename, bytes }) =
            file.ok_or_else(|| Error::not_found("This task has no file"))?;
        Ok(AttachmentLink {
            filename,
            bytes,
            url: self.link_to(&path).await?,
            expires_in: LINK_LIFETIME.as_secs(),
        })
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

    /// The first of the objects whose paths begin so: their paths, and how many bytes each holds. At most 1,000.
    pub(crate) async fn list(
        &self,
        prefix: &ObjectPath,
        most: usize,
    ) -> Result<Vec<(String, u64)>> {
        let answer = self
            .client()
            .list_objects_v2()
            .bucket(self.bucket()?)
            .prefix(prefix.as_str())
            .max_keys(i32::try_from(most).unwrap_or(i32::MAX))
            .send()
            .await?;
        let found = answer.contents.unwrap_or_default().into_iter();
        Ok(found
            .filter_map(|object| {
                let bytes = object.size.and_then(|size| u64::try_from(size).ok());
                Some((object.key?, bytes.unwrap_or(0)))
            })
            .collect())
    }

    /// Whether the bucket answers; one call.
    pub(crate) async fn answers(&self) -> Result<()> {
        self.client()
            .list_objects_v2()
            .bucket(self.bucket()?)
            .prefix(NO_OBJECTS)
            .max_keys(1)
            .send()
            .await?;
        Ok(())
    }

    /// Removes objects, up to 1,000; it does not matter whether they are there. One call, or none for none.
    pub(crate) async fn remove_all(&self, paths: &[String]) -> Result<()> {
        if paths.is_empty() {
            return Ok(());
        }
        let objects = paths.iter().map(|path| {
            let object = ObjectIdentifier::builder().key(path).build();
            object.map_err(Error::internal)
        });
        let delete = Delete::builder()
            .set_objects(Some(objects.collect::<Result<_>>()?))
            .quiet(true);
        let answer = self
            .client()
            .delete_objects()
            .bucket(self.bucket()?)
            .delete(delete.build().map_err(Error::internal)?)
            .send()
            .await?;
        match answer.errors.unwrap_or_default().first() {
            None => Ok(()),
            Some(error) => Err(Error::unavailable(format!(
                "S3 did not remove an object: {}",
                error.code().unwrap_or_default()
            ))),
        }
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
