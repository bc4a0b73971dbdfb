//! Files that come with a task.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::text::Filename;
use crate::error::{Error, Result};
use crate::input::{BadInput, Invalid, from_text};

/// The most bytes of a file that comes inside a request: what fits, as base64, into the 6 MB of a
/// function's payload.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The longest file name kept in a path; longer ones lose their middle.
const MAX_SAFE_NAME: usize = 100;

/// A file as it was sent.
#[derive(Debug, deserr::Deserr)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct AttachmentInput {
    file_base64: FileBytes,
    filename: Filename,
    content_type: String,
}

/// A file whose name, declared type and first bytes agree on a type that is allowed.
#[derive(Debug, Clone)]
pub struct Attachment {
    bytes: Vec<u8>,
    safe_name: String,
    kind: Kind,
}

impl AttachmentInput {
    /// Checks the file.
    ///
    /// # Errors
    /// 413 over [`MAX_BYTES`]; 422 `Invalid file type` unless extension, declared type and magic bytes
    /// all say jpeg, png or pdf.
    pub fn accept(self) -> Result<Attachment> {
        let bytes = self.file_base64.0;
        if bytes.len() > MAX_BYTES {
            return Err(Error::payload_too_large(
                "An attachment may have at most 4 MiB; a larger file will be sent straight to storage, through an upload link",
            ));
        }
        let kind = Kind::of_name(self.filename.as_str())
            .filter(|kind| kind.declared_by(&self.content_type) && kind.begins(&bytes))
            .ok_or_else(|| Error::invalid("attachment", "Invalid file type"))?;
        Ok(Attachment {
            bytes,
            safe_name: safe_name(self.filename.as_str()),
            kind,
        })
    }
}

impl Attachment {
    /// The file's bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Its name, in characters that are safe in a path and a header.
    pub fn safe_name(&self) -> &str {
        &self.safe_name
    }

    /// Its MIME type.
    pub fn content_type(&self) -> &'static str {
        self.kind.content_type()
    }
}

/// The types of file that are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Jpeg,
    Png,
    Pdf,
}

impl Kind {
    fn of_name(filename: &str) -> Option<Self> {
        let (_, extension) = filename.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "png" => Some(Self::Png),
            "pdf" => Some(Self::Pdf),
            _ => None,
        }
    }

    fn declared_by(self, content_type: &str) -> bool {
        let declared = content_type.trim();
        declared.eq_ignore_ascii_case(self.content_type())
            || (self == Self::Jpeg && declared.eq_ignore_ascii_case("image/jpg"))
    }

    fn begins(self, bytes: &[u8]) -> bool {
        bytes.starts_with(match self {
            Self::Jpeg => b"\xFF\xD8\xFF",
            Self::Png => b"\x89PNG\r\n\x1A\n",
            Self::Pdf => b"%PDF-",
        })
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }
}

#[derive(Debug)]
struct FileBytes(Vec<u8>);

impl TryFrom<String> for FileBytes {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        match BASE64_STANDARD.decode(text) {
            Ok(bytes) if bytes.is_empty() => Err(Invalid("The file is empty".to_owned())),
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err(Invalid("Must be base64".to_owned())),
        }
    }
}

from_text!(FileBytes);

fn safe_name(filename: &str) -> String {
    let safe: String = filename
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => c,
            _ => '_',
        })
        .collect();
    match safe.len().checked_sub(MAX_SAFE_NAME) {
        None | Some(0) => safe,
        Some(excess) => {
            let half = MAX_SAFE_NAME / 2;
            format!("{}{}", &safe[..half], &safe[half + excess..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn input(bytes: &[u8], filename: &str, content_type: &str) -> AttachmentInput {
        AttachmentInput {
            file_base64: FileBytes(bytes.to_vec()),
            filename: Filename::try_from(filename.to_owned()).expect("it is a filename"),
            content_type: content_type.to_owned(),
        }
    }

    #[test]
    fn extension_declared_type_and_first_bytes_have_to_agree() {
        assert!(
            input(b"%PDF-1.7", "plan.PDF", "application/pdf")
                .accept()
                .is_ok()
        );
        assert!(
            input(b"\xFF\xD8\xFF\xE0", "a.jpg", "image/jpeg")
                .accept()
                .is_ok()
        );
        for (bytes, filename, content_type) in [
            (&b"%PDF-1.7"[..], "plan.png", "application/pdf"),
            (b"%PDF-1.7", "plan.pdf", "image/png"),
            (b"MZ\x90\0", "plan.pdf", "application/pdf"),
            (b"%PDF-1.7", "plan", "application/pdf"),
            (b"%PDF-1.7", "plan.pdf.exe", "application/pdf"),
        ] {
            let refused = input(bytes, filename, content_type)
                .accept()
                .expect_err("it is refused");
            assert_eq!(refused.details()[0].message, "Invalid file type");
        }
    }

    #[test]
    fn a_file_over_the_limit_is_413_before_its_type_is_looked_at() {
        let refused = input(&vec![0; MAX_BYTES + 1], "a.pdf", "application/pdf")
            .accept()
            .expect_err("it is refused");
        assert_eq!(refused.code().status(), 413);
    }

    proptest! {
        #[test]
        fn a_safe_name_has_no_path_in_it_and_keeps_its_extension(name in "\\PC{1,250}") {
            let safe = safe_name(&format!("{name}.pdf"));
            prop_assert!(!safe.contains('/') && !safe.contains('\\') && safe.is_ascii());
            prop_assert!(safe.len() <= MAX_SAFE_NAME && safe.strip_suffix(".pdf").is_some());
        }
    }

    proptest! {
        #[test]
        fn a_file_is_taken_if_its_three_signs_agree_and_only_then(
            (bytes, begins) in prop_oneof![
                Just((&b"%PDF-"[..], "pdf")),
                Just((&b"\xFF\xD8\xFF"[..], "jpeg")),
                Just((&b"\x89PNG\r\n\x1A\n"[..], "png")),
                Just((&b"\x89PNG"[..], "")),
                Just((&b"GIF89a"[..], "")),
                Just((&b" %PDF-"[..], "")),
            ],
            more in prop::collection::vec(any::<u8>(), 0..20),
            stem in "[^/\\p{Cc}]{0,20}",
            (extension, named) in prop_oneof![
                Just((".pdf", "pdf")), Just((".PDF", "pdf")), Just((".jpg", "jpeg")), Just((".JpEg", "jpeg")),
                Just((".png", "png")), Just((".pdf.exe", "")), Just(("", "")), Just((".", "")), Just((".svg", "")),
            ],
            (content_type, declared) in prop_oneof![
                Just(("application/pdf", "pdf")), Just(("image/jpeg", "jpeg")), Just(("IMAGE/JPG", "jpeg")),
                Just((" image/png ", "png")), Just(("image/png; x=y", "")), Just(("", "")), Just(("text/html", "")),
            ],
        ) {
            let filename = format!("a{stem}{extension}");
            // A dot in the stem may be an extension of its own.
            prop_assume!(!named.is_empty() || Kind::of_name(&filename).is_none());
            let file = input(&[bytes, &more].concat(), &filename, content_type);
            let agree = !begins.is_empty() && begins == named && named == declared;
            prop_assert_eq!(file.accept().is_ok(), agree);
        }

        #[test]
        fn a_file_is_what_its_base64_says_and_never_nothing(text in prop_oneof![
            "[A-Za-z0-9+/]{0,12}={0,3}", any::<String>(), "[A-Za-z0-9_-]{1,8}",
        ]) {
            let file = FileBytes::try_from(text.clone());
            let decoded = BASE64_STANDARD.decode(&text).ok().filter(|bytes| !bytes.is_empty());
            prop_assert_eq!(file.ok().map(|file| file.0), decoded);
        }
    }
}
