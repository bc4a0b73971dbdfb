//! Files that come with a task.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::Serialize;

use super::settings::AttachmentLimit;
use super::text::Filename;
use crate::error::Error;
use crate::input::{BadInput, Invalid, from_text};
use crate::schema::{self, described};

/// The most bytes of a file that comes inside a request: what fits, as base64, into the 6 MB of a
/// function's payload.
pub const MAX_BYTES: u32 = 4 * 1024 * 1024;

/// What is said of a file that is larger, and of a body that could hold one.
pub const TOO_LARGE: &str = "An attachment may have at most 4 MiB; a larger file will be sent straight to storage, through an upload link";

/// The longest file name kept in a path; longer ones lose their middle.
const MAX_SAFE_NAME: usize = 100;

/// A file whose name, declared type and first bytes agree on a type that is allowed.
#[derive(Debug, Clone)]
pub struct Attachment {
    bytes: Bytes,
    safe_name: String,
    kind: Kind,
}

/// A file as it is sent.
#[derive(Debug, deserr::Deserr, schemars::JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
struct Sent {
    file_base64: FileBytes,
    filename: Filename,
    content_type: String,
}

/// A task's file, and where it can be read from.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct AttachmentLink {
    /// What it is called.
    pub filename: String,
    /// How large it is.
    pub bytes: u64,
    /// Where whoever has this address can read it, until it ends.
    pub url: String,
    /// In how many seconds it ends.
    pub expires_in: u64,
}

/// Among the bad fields of its input: `Invalid file type`, unless extension, declared type and magic bytes
/// all say jpeg, png or pdf.
impl Deserr<BadInput> for Attachment {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, BadInput> {
        let sent = Sent::deserialize_from_value(value, location)?;
        Self::try_from(sent).map_err(|invalid| BadInput::at(location, invalid))
    }
}

impl TryFrom<Sent> for Attachment {
    type Error = Invalid;

    fn try_from(sent: Sent) -> Result<Self, Invalid> {
        let filename = sent.filename.as_str();
        let kind = Kind::of_name(filename)
            .filter(|kind| kind.declared_by(&sent.content_type) && kind.begins(&sent.file_base64.0))
            .ok_or_else(|| Invalid("Invalid file type".to_owned()))?;
        Ok(Self {
            safe_name: safe_name(filename),
            bytes: sent.file_base64.0.into(),
            kind,
        })
    }
}

impl Attachment {
    /// The same file, if it is not too large for the product, nor for the tenant.
    ///
    /// # Errors
    /// 413 over [`MAX_BYTES`], and over the tenant's own.
    pub fn within_limit(self, of_tenant: AttachmentLimit) -> Result<Self, Error> {
        let is_over =
            |limit: u32| usize::try_from(limit).is_ok_and(|limit| self.bytes.len() > limit);
        if is_over(MAX_BYTES) {
            return Err(Error::payload_too_large(TOO_LARGE));
        }
        match of_tenant.get() {
            limit if !is_over(limit) => Ok(self),
            0 => Err(Error::payload_too_large(
                "Attachments are turned off in this tenant",
            )),
            limit => Err(Error::payload_too_large(format!(
                "An attachment may have at most {limit} bytes in this tenant"
            ))),
        }
    }

    /// The file's bytes.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// How many bytes those are.
    pub fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
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

described! {
    FileBytes: { "type": "string", "contentEncoding": "base64", "minLength": 1 };
}

schema::is_of!(Attachment: Sent);

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

    fn sent(bytes: &[u8], filename: &str, content_type: &str) -> Sent {
        Sent {
            file_base64: FileBytes(bytes.to_vec()),
            filename: Filename::try_from(filename.to_owned()).expect("it is a filename"),
            content_type: content_type.to_owned(),
        }
    }

    #[test]
    fn extension_declared_type_and_first_bytes_have_to_agree() {
        assert!(Attachment::try_from(sent(b"%PDF-1.7", "plan.PDF", "application/pdf")).is_ok());
        assert!(Attachment::try_from(sent(b"\xFF\xD8\xFF\xE0", "a.jpg", "image/jpeg")).is_ok());
        for (bytes, filename, content_type) in [
            (&b"%PDF-1.7"[..], "plan.png", "application/pdf"),
            (b"%PDF-1.7", "plan.pdf", "image/png"),
            (b"MZ\x90\0", "plan.pdf", "application/pdf"),
            (b"%PDF-1.7", "plan", "application/pdf"),
            (b"%PDF-1.7", "plan.pdf.exe", "application/pdf"),
        ] {
            let refused = Attachment::try_from(sent(bytes, filename, content_type));
            assert_eq!(refused.expect_err("it is refused").0, "Invalid file type");
        }
    }

    #[test]
    fn a_file_over_the_limit_is_413() {
        let mut bytes = b"%PDF-1.7".to_vec();
        let mut of_size = |size: u32, limit: u32| {
            let size = usize::try_from(size).expect("it fits");
            bytes.resize(size, b' ');
            let limit = crate::input::parse(serde_json::json!(limit)).expect("it is a limit");
            let file = Attachment::try_from(sent(&bytes, "a.pdf", "application/pdf"));
            let taken = file.expect("it is a file").within_limit(limit);
            taken.err().map(|error| error.code().status())
        };
        assert_eq!(of_size(MAX_BYTES, MAX_BYTES), None);
        assert_eq!(of_size(MAX_BYTES + 1, MAX_BYTES), Some(413));
        assert_eq!(of_size(100, 100), None);
        assert_eq!(of_size(101, 100), Some(413));
        assert_eq!(of_size(9, 0), Some(413));
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
            stem in "[^/\\p{Cc}\u{2028}-\u{202e}\u{2066}-\u{2069}]{0,20}",
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
            let file = Attachment::try_from(sent(&[bytes, &more].concat(), &filename, content_type));
            let agree = !begins.is_empty() && begins == named && named == declared;
            prop_assert_eq!(file.is_ok(), agree);
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
