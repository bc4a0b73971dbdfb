//! The digests that clients check: MD5 as the service defines it, SHA-256 for deduplication by content.

use std::fmt::Write;

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::attribute::{MessageAttribute, MessageAttributes};

/// Marks a value as text, and as bytes, in what the attributes' MD5 is taken over.
const TEXT: u8 = 1;
const BYTES: u8 = 2;

pub(crate) fn md5_of_text(text: &str) -> String {
    hex(&Md5::digest(text))
}

pub(crate) fn sha256_of_text(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// MD5 over each attribute in the order of names: name, type and value, each after its length
/// (four bytes, big endian), the value also after its kind. `None` without attributes.
pub(crate) fn md5_of_attributes(attributes: &MessageAttributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut md5 = Md5::new();
    for (name, attribute) in attributes {
        update(&mut md5, name.as_bytes());
        update(&mut md5, attribute.data_type.as_bytes());
        match attribute {
            MessageAttribute {
                binary_value: Some(bytes),
                ..
            } => {
                md5.update([BYTES]);
                update(&mut md5, bytes);
            }
            MessageAttribute { string_value, .. } => {
                md5.update([TEXT]);
                update(
                    &mut md5,
                    string_value.as_deref().unwrap_or_default().as_bytes(),
                );
            }
        }
    }
    Some(hex(&md5.finalize()))
}

fn update(md5: &mut Md5, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("a message is at most 1 MiB");
    md5.update(length.to_be_bytes());
    md5.update(bytes);
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected digests are those that the service returns for these attributes.

    #[test]
    fn the_md5_of_a_text_attribute_is_the_services() {
        let attributes = MessageAttributes::from([(
            "attribName1".into(),
            MessageAttribute::text("attribValue 1"),
        )]);
        assert_eq!(
            md5_of_attributes(&attributes).as_deref(),
            Some("19e27d4e946b072f3f58da80d94fd778")
        );
    }

    #[test]
    fn the_md5_of_mixed_attributes_is_the_services() {
        let attributes = MessageAttributes::from([
            (
                "attribName1".into(),
                MessageAttribute::text("attribValue 1"),
            ),
            (
                "customNumberTypeAttrib".into(),
                MessageAttribute {
                    data_type: "Number.float".into(),
                    string_value: Some("4563442423554324324264524243.32543234".into()),
                    binary_value: None,
                },
            ),
            (
                "binaryAttribute".into(),
                MessageAttribute::binary(*b"Hello binary world!"),
            ),
        ]);
        assert_eq!(
            md5_of_attributes(&attributes).as_deref(),
            Some("c932db14a896c663f83c260297d594ff")
        );
    }

    #[test]
    fn the_digests_of_a_body_are_the_standards_hex() {
        assert_eq!(
            md5_of_text("hello world"),
            "5eb63bbbe01eeed093cb22bb8f5acdc3"
        );
        assert_eq!(
            sha256_of_text("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
