//! The data folder: everything that a stack keeps.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use aws_lc_rs::{
    encoding::AsDer as _,
    error::Unspecified,
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{EncodingKey, jwk::JwkSet};
use shared::sdk::token::public_jwk;
use uuid::Uuid;

use crate::front::parameter_file;

/// Why a data folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The folder or a file in it.
    #[error("{path} can't be written: {source}")]
    NotWritable {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is somebody else's.
    #[error(
        "{0} has other files in it than Tenon's: choose an empty folder, or a new one, with --data"
    )]
    Foreign(PathBuf),
    /// It belongs to a stack that runs.
    #[error(
        "{path} is in use by another process{process}: stop that one, or choose another folder with --data"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// ` (1234)`, where it is known.
        process: String,
    },
    /// No key could be made, or the one that is there can't be read.
    #[error("the signing key in {0} can't be used")]
    Key(PathBuf),
}

/// A data folder, held by this process alone until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, made if missing, for the user alone. One that is there keeps its mode, and has
    /// to be empty or to have been opened before.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        make_folder(path)?;
        let lock_file = path.join(".lock");
        // In this order: whoever opens it at the same time makes the lock file before any other.
        if !is_empty(path).map_err(not_writable(path))? && !lock_file.is_file() {
            return Err(DataError::Foreign(path.to_owned()));
        }
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_file)
            .map_err(not_writable(&lock_file))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it is good to know, not necessary.
                let _unreadable = lock.read_to_string(&mut holder);
                return Err(DataError::InUse {
                    path: path.to_owned(),
                    process: match holder.trim() {
                        "" => String::new(),
                        id => format!(" ({id})"),
                    },
                });
            }
            Err(TryLockError::Error(source)) => return Err(not_writable(&lock_file)(source)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(not_writable(&lock_file))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or folder in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A file in it, made empty if missing, for the user alone. `SQLite` gives the files that it puts
    /// beside it the same mode.
    pub fn private_file(&self, name: &str) -> Result<PathBuf, DataError> {
        let file = self.join(name);
        match create_file(&file) {
            Err(source) if !file.is_file() => Err(not_writable(&file)(source)),
            _ => Ok(file),
        }
    }

    /// A folder in it, made if missing, for the user alone.
    pub fn private_folder(&self, name: &str) -> Result<PathBuf, DataError> {
        let folder = self.join(name);
        make_folder(&folder)?;
        Ok(folder)
    }

    /// The folder of SSM's parameters, made if missing, for the user alone.
    pub fn parameters(&self) -> Result<PathBuf, DataError> {
        self.private_folder("parameters")
    }

    /// The private key under the parameter `name`, made if missing: RSA of 2,048 bits, PKCS#8 as PEM.
    /// Returns its public half, as a JWK set.
    pub fn signing_key(&self, name: &str) -> Result<String, DataError> {
        let private = self.parameter(name, || process_key().map_err(drop))?;
        public_keys(&private).ok_or_else(|| DataError::Key(self.join("parameters")))
    }

    /// The value of the parameter `name`, a new random one if missing: for the keys of services that
    /// this stack stands in for.
    pub fn secret(&self, name: &str) -> Result<String, DataError> {
        self.parameter(name, || Ok(format!("local_{}", Uuid::new_v4().simple())))
    }

    /// What temporary credentials are made from, random if missing.
    pub fn credentials_key(&self) -> Result<String, DataError> {
        const FILE: &str = "credentials.key";
        if let Ok(key) = fs::read_to_string(self.join(FILE)) {
            return Ok(key);
        }
        let key = [Uuid::new_v4(), Uuid::new_v4()].map(|half| half.simple().to_string());
        self.write_private(FILE, &key.concat())?;
        Ok(key.concat())
    }

    /// Writes a file that only the user may read, all at once.
    pub fn write_private(&self, name: &str, content: &str) -> Result<(), DataError> {
        write_private(&self.join(name), content)
    }

    fn parameter(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<String, ()>,
    ) -> Result<String, DataError> {
        let folder = self.parameters()?;
        let Some(file) = parameter_file(&folder, name) else {
            return Err(not_writable(&folder)(io::ErrorKind::InvalidInput.into()));
        };
        match fs::read_to_string(&file) {
            Ok(value) => return Ok(value),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(not_writable(&file)(error)),
        }
        if let Some(parent) = file.parent() {
            make_folder(parent)?;
        }
        let value = make().map_err(|()| DataError::Key(file.clone()))?;
        write_private(&file, &value)?;
        Ok(value)
    }
}

/// Makes a private key for a deployment in `file`, which must not exist yet, for the user alone: RSA of
/// 2,048 bits, PKCS#8 as PEM. Returns its public half, as a JWK set.
pub fn new_signing_key(file: &Path) -> Result<String, DataError> {
    let unusable = || DataError::Key(file.to_owned());
    let private = new_key().map_err(|_| unusable())?;
    let public = public_keys(&private).ok_or_else(unusable)?;
    create_file(file)
        .and_then(|created| write_all(created, &private))
        .map_err(not_writable(file))?;
    Ok(public)
}

/// One key serves all folders that this process makes: a tenth of a second each is much for tests that
/// make hundreds, and whoever can read one of the folders can read the others.
fn process_key() -> Result<String, Unspecified> {
    static KEY: OnceLock<Result<String, Unspecified>> = OnceLock::new();
    KEY.get_or_init(new_key).clone()
}

fn new_key() -> Result<String, Unspecified> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    Ok(pem("PRIVATE KEY", pair.as_der()?.as_ref()))
}

fn public_keys(private: &str) -> Option<String> {
    let key = EncodingKey::from_rsa_pem(private.as_bytes()).ok()?;
    let keys = vec![public_jwk(&key).ok()?];
    serde_json::to_string(&JwkSet { keys }).ok()
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem += line;
        pem.push('\n');
        rest = after;
    }
    pem + &format!("-----END {label}-----\n")
}

/// Makes a folder for the user alone, unless it is there already. Those above it are nobody's secret.
fn make_folder(path: &Path) -> Result<(), DataError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(not_writable(path))?;
    }
    match create_folder(path) {
        Err(source) if !path.is_dir() => Err(not_writable(path)(source)),
        _ => Ok(()),
    }
}

fn is_empty(folder: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(folder)?.next().is_none())
}

fn write_private(path: &Path, content: &str) -> Result<(), DataError> {
    let draft = path.with_extension("new");
    // A reader must not find it half written.
    fs::remove_file(&draft)
        .or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })
        .and_then(|()| create_file(&draft))
        .and_then(|file| write_all(file, content))
        .and_then(|()| fs::rename(&draft, path))
        .map_err(not_writable(path))
}

fn write_all(mut file: File, content: &str) -> io::Result<()> {
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

/// A new file for the user alone.
fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A new folder for the user alone.
#[cfg(unix)]
fn create_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

fn not_writable(path: &Path) -> impl FnOnce(io::Error) -> DataError + use<> {
    let path = path.to_owned();
    |source| DataError::NotWritable { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("data");
        let held = DataFolder::open(&path).unwrap();
        let error = DataFolder::open(&path).unwrap_err().to_string();
        assert!(
            error.contains(&format!("({})", std::process::id())),
            "{error}"
        );
        drop(held);
        DataFolder::open(&path).unwrap();
    }

    #[test]
    fn the_signing_key_is_made_once_and_for_the_user_alone() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("deep").join("data");
        let data = DataFolder::open(&path).unwrap();
        let public = data.signing_key("/tenon/signing-key").unwrap();
        let keys: JwkSet = serde_json::from_str(&public).unwrap();
        jsonwebtoken::DecodingKey::from_jwk(&keys.keys[0]).unwrap();
        assert_eq!(data.signing_key("/tenon/signing-key").unwrap(), public);
        let private = fs::read_to_string(path.join("parameters/tenon/signing-key")).unwrap();
        assert!(private.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        #[cfg(unix)]
        {
            assert_eq!(mode(&path.join("parameters/tenon/signing-key")), 0o600);
            assert_eq!(mode(&path.join("parameters")), 0o700);
            assert_eq!(mode(&path), 0o700);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_there_keeps_its_mode_and_what_is_made_in_it_is_for_the_user_alone() {
        let temp = tempfile::tempdir().unwrap();
        set_mode(temp.path(), 0o755);
        let data = DataFolder::open(temp.path()).unwrap();
        assert_eq!(mode(&data.private_folder("s3").unwrap()), 0o700);
        let file = data.private_file("sqs.sqlite").unwrap();
        assert_eq!(mode(&file), 0o600);
        fs::write(&file, "kept").unwrap();
        drop(data);
        let data = DataFolder::open(temp.path()).unwrap();
        assert_eq!(
            fs::read_to_string(data.private_file("sqs.sqlite").unwrap()).unwrap(),
            "kept"
        );
        assert_eq!(mode(temp.path()), 0o755);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_of_somebody_else_s_is_refused_and_left_as_it_is() {
        let temp = tempfile::tempdir().unwrap();
        set_mode(temp.path(), 0o755);
        fs::write(temp.path().join("thesis.tex"), "").unwrap();
        let error = DataFolder::open(temp.path()).unwrap_err();
        assert!(matches!(error, DataError::Foreign(_)), "{error}");
        assert_eq!(mode(temp.path()), 0o755);
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[cfg(unix)]
    fn set_mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_key_of_a_deployment_is_new_and_never_written_over_another() {
        let temp = tempfile::tempdir().unwrap();
        let (file, other) = (temp.path().join("a.pem"), temp.path().join("b.pem"));
        let public = new_signing_key(&file).unwrap();
        let private = fs::read_to_string(&file).unwrap();
        assert_eq!(public_keys(&private).unwrap(), public);
        assert_ne!(new_signing_key(&other).unwrap(), public);
        assert!(new_signing_key(&file).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), private);
    }
}
