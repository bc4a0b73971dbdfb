//! The bytes of objects: a file each, written once under a name of its own, never changed.

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use s3s::{
    S3Error, S3ErrorCode, S3Result, StdError,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256},
    s3_error,
};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufWriter, SeekFrom},
};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

const CHUNK: usize = 64 * 1024;

/// The names of the checksums that S3 knows, as in `x-amz-checksum-…`.
pub(super) const CHECKSUMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

/// Checksums by name, base64.
pub(super) type Checksums = BTreeMap<String, String>;

/// A folder of files.
pub(super) struct Content {
    folder: PathBuf,
}

/// A file that has been written.
pub(super) struct Written {
    pub(super) file: String,
    pub(super) size: i64,
    pub(super) md5: [u8; 16],
    pub(super) checksums: Checksums,
}

impl Content {
    /// Opens the folder and removes what no object refers to: left by a process that died.
    pub(super) fn open(folder: &Path, known: &HashSet<String>) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if !known.contains(&*entry.file_name().to_string_lossy()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Writes a new file, computing the checksums asked for.
    pub(super) async fn write(
        &self,
        mut bytes: impl Stream<Item = Result<Bytes, StdError>> + Unpin,
        checksums: &[&str],
    ) -> S3Result<Written> {
        let draft = Draft::new(self.folder.join(Uuid::new_v4().to_string()));
        let mut file = BufWriter::new(File::create(&draft.path).await.map_err(failed)?);
        let mut md5 = Md5::new();
        let mut hasher = hasher(checksums);
        let mut size = 0;
        while let Some(chunk) = bytes.next().await {
            let chunk =
                chunk.map_err(|error| S3Error::with_source(S3ErrorCode::IncompleteBody, error))?;
            md5.update(&chunk);
            hasher.update(&chunk);
            size += chunk.len();
            file.write_all(&chunk).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        Ok(Written {
            file: draft.keep(),
            size: i64::try_from(size).map_err(failed)?,
            md5: md5.finalize(),
            checksums: named(hasher.finalize()),
        })
    }

    /// `length` bytes of a file, from `start`.
    pub(super) async fn read(
        &self,
        file: &str,
        start: u64,
        length: u64,
    ) -> S3Result<ReaderStream<impl tokio::io::AsyncRead + use<>>> {
        let mut file = File::open(self.folder.join(file)).await.map_err(failed)?;
        file.seek(SeekFrom::Start(start)).await.map_err(failed)?;
        Ok(ReaderStream::with_capacity(file.take(length), CHUNK))
    }

    /// The bytes of several files, one after the other.
    pub(super) fn chain(
        &self,
        files: &[String],
    ) -> impl Stream<Item = Result<Bytes, StdError>> + use<> {
        let paths: Vec<PathBuf> = files.iter().map(|file| self.folder.join(file)).collect();
        futures::stream::iter(paths)
            .then(File::open)
            .map_ok(|file| ReaderStream::with_capacity(file, CHUNK))
            .try_flatten()
            .map_err(StdError::from)
    }

    /// Removes files that nothing refers to any more. One that can't be removed goes at the next start.
    pub(super) async fn remove(&self, files: impl IntoIterator<Item = String>) {
        for file in files {
            if let Err(error) = tokio::fs::remove_file(self.folder.join(&file)).await {
                tracing::warn!(%error, file, "an object's bytes could not be removed");
            }
        }
    }
}

/// A file that goes away unless it is kept.
struct Draft {
    path: PathBuf,
    kept: bool,
}

impl Draft {
    fn new(path: PathBuf) -> Self {
        Self { path, kept: false }
    }

    fn keep(mut self) -> String {
        self.kept = true;
        self.path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _gone_already = fs::remove_file(&self.path);
        }
    }
}

/// Refuses bytes that are not those the client summed up.
pub(super) fn check(expected: &Checksums, actual: &Checksums) -> S3Result<()> {
    for (name, value) in expected {
        if actual.get(name) != Some(value) {
            return Err(s3_error!(
                BadDigest,
                "The {name} you specified did not match the calculated checksum."
            ));
        }
    }
    Ok(())
}

fn hasher(names: &[&str]) -> ChecksumHasher {
    let wanted = |name| names.contains(&name);
    ChecksumHasher {
        crc32: wanted("crc32").then(Crc32::new),
        crc32c: wanted("crc32c").then(Crc32c::new),
        sha1: wanted("sha1").then(Sha1::new),
        sha256: wanted("sha256").then(Sha256::new),
        crc64nvme: wanted("crc64nvme").then(Crc64Nvme::new),
    }
}

fn named(sums: s3s::dto::Checksum) -> Checksums {
    [
        ("crc32", sums.checksum_crc32),
        ("crc32c", sums.checksum_crc32c),
        ("crc64nvme", sums.checksum_crc64nvme),
        ("sha1", sums.checksum_sha1),
        ("sha256", sums.checksum_sha256),
    ]
    .into_iter()
    .filter_map(|(name, sum)| Some((name.to_owned(), sum?)))
    .collect()
}

/// What went wrong here is the service's fault.
pub(super) fn failed(error: impl std::error::Error + Send + Sync + 'static) -> S3Error {
    S3Error::internal_error(error)
}
