//! S3: buckets and objects in a folder, behind `s3s`, which speaks the protocol and verifies
//! signatures, links, forms and chunks.
//!
//! An index in SQLite holds what is known of each object and names the file of its bytes: a change is
//! one commit there, so that an object is never seen half written, whenever the process dies.

mod access;
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
use s3s::service::{S3Service, S3ServiceBuilder};

use super::{errors, iam::Iam, request::Service};
use access::Gate;
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

impl Objects {
    /// Opens the folder, made if missing, for those whom `iam` knows.
    pub(crate) fn open(folder: &Path, iam: &Iam) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder)?;
        let index = Index::open(&folder.join("index.sqlite"))?;
        let content = Content::open(&folder.join("content"), &index.files()?)?;
        let mut builder = S3ServiceBuilder::new(Store {
            index: index.clone(),
            content: Arc::new(content),
        });
        builder.set_auth(Gate(iam.clone()));
        builder.set_access(Gate(iam.clone()));
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
