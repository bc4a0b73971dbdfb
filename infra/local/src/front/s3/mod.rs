//! S3: buckets and objects in a folder, behind `s3s`, which speaks the protocol and verifies
//! signatures, links, forms and chunks.
//!
//! An index in SQLite holds what is known of each object and names the file of its bytes: a change is
//! one commit there, so that an object is never seen half written, whenever the process dies.

mod content;
mod index;
mod listing;
mod multipart;
mod objects;
mod operations;
mod requests;

use std::{io, path::Path, sync::Arc};

use axum::{
    body::Body,
    http::{Request, Response},
};
use s3s::{
    S3Result,
    auth::{S3Auth, SecretKey},
    s3_error,
    service::{S3Service, S3ServiceBuilder},
};

use super::{errors, request::Service, signature::Key};
use content::Content;
use index::Index;

/// Why the objects could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of their bytes.
    #[error(transparent)]
    Folder(#[from] io::Error),
    /// Their index.
    #[error(transparent)]
    Index(#[from] rusqlite::Error),
}

/// The object store. Clones share it.
#[derive(Clone)]
pub struct Objects {
    index: Index,
    service: S3Service,
}

/// What `s3s` calls: [`operations`] has the operations.
#[derive(Clone)]
struct Store {
    index: Index,
    content: Arc<Content>,
}

/// Who may sign.
struct OneKey(Key);

#[async_trait::async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.0.id {
            return Ok(SecretKey::from(self.0.secret.clone()));
        }
        Err(s3_error!(
            InvalidAccessKeyId,
            "The AWS Access Key Id you provided does not exist in our records."
        ))
    }
}

impl Objects {
    /// Opens the folder, made if missing; `key` is the one that may sign.
    pub(crate) fn open(folder: &Path, key: &Key) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder)?;
        let index = Index::open(&folder.join("index.sqlite"))?;
        let content = Content::open(&folder.join("content"), &index.files()?)?;
        let mut builder = S3ServiceBuilder::new(Store {
            index: index.clone(),
            content: Arc::new(content),
        });
        builder.set_auth(OneKey(key.clone()));
        Ok(Self {
            index,
            service: builder.build(),
        })
    }

    /// Makes a bucket if it isn't there.
    pub fn create_bucket(&self, name: &str) -> Result<(), OpenError> {
        self.index.create_bucket(name)?;
        Ok(())
    }

    pub(crate) async fn handle(&self, request: Request<Body>) -> Response<Body> {
        match self
            .service
            .call(request.map(s3s::Body::http_body_unsync))
            .await
        {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                tracing::error!(?error, "an object call failed");
                errors::internal(Service::S3)
            }
        }
    }
}
