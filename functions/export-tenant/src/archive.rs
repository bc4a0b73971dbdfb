//! A tar archive, compressed as it grows. It can be cut anywhere: the pieces, one after the other, are the archive,
//! because gzip takes several members for one file.

use std::io::{Result, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use shared::prelude::Millis;
use tar::{EntryType, Header};

/// Tar pads each file to whole blocks, and ends with two that are empty.
const BLOCK: u64 = 512;

/// The piece of an archive that is being made, in memory.
pub(crate) struct Archive {
    member: GzEncoder<Vec<u8>>,
    at: Millis,
}

impl Archive {
    /// Goes on behind bytes that belong to the same piece. Files are of the time `at`.
    pub(crate) fn behind(before: Vec<u8>, at: Millis) -> Self {
        Self {
            member: GzEncoder::new(before, Compression::fast()),
            at,
        }
    }

    /// How large the piece is, at least: what has been written last may still be on its way.
    pub(crate) fn size(&self) -> usize {
        self.member.get_ref().len()
    }

    /// A whole file.
    pub(crate) fn file(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let size = u64::try_from(bytes.len()).map_err(std::io::Error::other)?;
        self.begin(path, size)?;
        self.write(bytes)?;
        self.pad(size)
    }

    /// Begins a file of so many bytes, which have to follow.
    pub(crate) fn begin(&mut self, path: &str, size: u64) -> Result<()> {
        let mut header = Header::new_ustar();
        header.set_path(path)?;
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(self.at.unsigned_abs() / 1000);
        header.set_size(size);
        header.set_cksum();
        self.write(header.as_bytes())
    }

    /// Bytes of a file that was begun.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.member.write_all(bytes)
    }

    /// Ends a file of so many bytes.
    pub(crate) fn pad(&mut self, size: u64) -> Result<()> {
        let missing = (BLOCK - size % BLOCK) % BLOCK;
        self.blank(missing)
    }

    /// Ends the archive.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.blank(2 * BLOCK)
    }

    /// The piece; the next one begins.
    pub(crate) fn cut(&mut self) -> Result<Vec<u8>> {
        let next = GzEncoder::new(Vec::new(), Compression::fast());
        std::mem::replace(&mut self.member, next).finish()
    }

    fn blank(&mut self, size: u64) -> Result<()> {
        let size = usize::try_from(size).map_err(std::io::Error::other)?;
        self.write(&vec![0; size])
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::MultiGzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn unpacked(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut tar = tar::Archive::new(MultiGzDecoder::new(archive));
        let entries = tar.entries().expect("it is an archive");
        let files = entries.map(|entry| {
            let mut entry = entry.expect("it is an entry");
            let path = entry.path().expect("it has a path").display().to_string();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("it can be read");
            (path, bytes)
        });
        files.collect()
    }

    #[test]
    fn the_longest_path_of_a_file_fits() {
        let id = "01900000-0000-7000-8000-000000000000";
        let path = format!("files/{id}/{id}/{}", "x".repeat(100));
        let mut archive = Archive::behind(Vec::new(), 1_794_907_815_123);
        archive.file(&path, b"x").expect("it fits");
        archive.end().expect("it is in memory");
        let whole = archive.cut().expect("it is in memory");
        assert_eq!(unpacked(&whole), [(path, b"x".to_vec())]);
    }

    proptest! {
        #[test]
        fn files_come_out_as_they_went_in_wherever_the_archive_is_cut(
            files in proptest::collection::vec(("[a-z]{1,9}(/[a-z.]{1,9}x){0,3}", proptest::collection::vec(any::<u8>(), 0..2000)), 0..6),
            cuts in proptest::collection::vec(0..300_usize, 1..40),
            carried in any::<bool>(),
        ) {
            let mut cuts = cuts.into_iter().cycle();
            let (mut archive, mut whole) = (Archive::behind(Vec::new(), 1), Vec::new());
            for (path, bytes) in &files {
                archive.begin(path, bytes.len() as u64)?;
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let (now, later) = rest.split_at(cuts.next().unwrap_or(1).clamp(1, rest.len()));
                    archive.write(now)?;
                    rest = later;
                    let piece = archive.cut()?;
                    if carried {
                        archive = Archive::behind(piece, 1);
                    } else {
                        whole.extend(piece);
                    }
                }
                archive.pad(bytes.len() as u64)?;
            }
            archive.end()?;
            whole.extend(archive.cut()?);
            prop_assert_eq!(unpacked(&whole), files);
        }
    }
}
