//! Passwords: argon2id, off the thread that serves requests.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::{Error, Result};
use crate::model::account::{Password, PasswordAttempt};

/// A hash that no password is known to have, with the parameters of all others: what an unknown address is
/// compared with, for the same time.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$TmV2ZXIgYSBoYXNoIG9mIGFueXRoaW5nIGtub3duISE";

/// OWASP's parameters for argon2id: 19 MiB, 2 iterations, 1 lane.
fn argon2() -> Result<Argon2<'static>> {
    let params =
        Params::new(19_456, 2, 1, None).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

pub(super) async fn hash(password: Password) -> Result<String> {
    tokio::task::spawn_blocking(move || hash_now(password.expose()))
        .await
        .map_err(Error::internal)?
}

/// Whether a password is the one of a hash. Where there is none it is wrong, after the same time.
pub(super) async fn is_right(password: PasswordAttempt, hash: Option<&str>) -> Result<bool> {
    let matches = verify(password, hash.unwrap_or(NOBODY).to_owned()).await?;
    Ok(matches && hash.is_some())
}

async fn verify(password: PasswordAttempt, hash: String) -> Result<bool> {
    tokio::task::spawn_blocking(move || {
        let parsed =
            PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
        Ok(argon2()?
            .verify_password(password.expose().as_bytes(), &parsed)
            .is_ok())
    })
    .await
    .map_err(Error::internal)?
}

fn hash_now(password: &str) -> Result<String> {
    let hash: PasswordHash = argon2()?
        .hash_password(password.as_bytes())
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the work of comparing depends on.
    fn work(hash: &str) -> (String, String, usize, usize) {
        let hash = PasswordHash::new(hash).expect("it is a hash");
        (
            hash.algorithm.to_string(),
            hash.params.to_string(),
            hash.salt.expect("it has salt").len(),
            hash.hash.expect("it is whole").len(),
        )
    }

    #[tokio::test]
    async fn nobody_is_as_much_work_to_compare_with_as_somebody() {
        let password = Password::try_from("correct horse".to_owned()).expect("it is long enough");
        let somebody = hash(password).await.expect("it can be hashed");
        assert_eq!(work(NOBODY), work(&somebody));
        let attempt = PasswordAttempt::try_from("correct horse".to_owned()).expect("it is short");
        assert!(
            verify(attempt.clone(), somebody)
                .await
                .expect("it can be compared")
        );
        assert!(
            !verify(attempt, NOBODY.to_owned())
                .await
                .expect("it can be compared")
        );
    }
}
