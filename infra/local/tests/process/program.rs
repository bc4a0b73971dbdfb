//! The program, run as anyone runs it.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// A process that serves; it is not left behind, whatever becomes of the test.
pub(crate) struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Its ready line.
    pub(crate) ready: Value,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}

impl Program {
    /// Starts it on `data` and any free ports, and waits for its ready line.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_on(data, 0)
    }

    /// The same, on this port and the next one.
    pub(crate) fn start_on(data: &Path, port: u16) -> Self {
        Self::start_with(data, &["--port", &port.to_string()])
    }

    /// The same, with these arguments.
    pub(crate) fn start_with(data: &Path, arguments: &[&str]) -> Self {
        Self::run(program(data, arguments), data)
    }

    /// The same, on any free ports, where it logs all that it ever does.
    pub(crate) fn start_chatty(data: &Path) -> Self {
        let mut command = program(data, &["--port", "0"]);
        command.env("TENON_LOG", "trace");
        Self::run(command, data)
    }

    fn run(mut command: Command, data: &Path) -> Self {
        let log = File::create(log(data)).expect("a log can be made");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program is built");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("it can be read");
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| {
            let said = std::fs::read_to_string(self::log(data)).unwrap_or_default();
            panic!("its ready line is {line:?}, and it says:\n{said}")
        });
        Self {
            child,
            stdout,
            ready,
        }
    }

    /// Where it serves, by the name in its ready line.
    pub(crate) fn url(&self, name: &str) -> &str {
        self.ready[name].as_str().expect("the ready line has it")
    }

    /// The port of an URL of its ready line.
    pub(crate) fn port(&self, name: &str) -> u16 {
        let address = self
            .url(name)
            .split('/')
            .nth(2)
            .expect("it has an authority");
        let (host, port) = address.split_once(':').expect("it has a port");
        assert_eq!(host, "127.0.0.1");
        port.parse().expect("it is a number")
    }

    /// Sends a signal, such as `TERM`, and waits for the end: how it ended, how long that took, and what it
    /// had said on stdout since it was ready.
    pub(crate) fn end(mut self, signal: &str) -> (ExitStatus, Duration, String) {
        let signalled = Instant::now();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &self.child.id().to_string()])
            .status();
        assert!(sent.expect("there is a kill").success());
        let status = self.child.wait().expect("it is our child");
        let took = signalled.elapsed();
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).expect("it is text");
        (status, took, said)
    }
}

/// Where a program on `data` logs to: beside it.
pub(crate) fn log(data: &Path) -> PathBuf {
    data.with_extension("log")
}

/// The program on `data`, in a folder that spares it the fetch of the model: one that began without.
pub(crate) fn program(data: &Path, arguments: &[&str]) -> Command {
    std::fs::create_dir_all(data).expect("a folder can be made");
    let lock = OpenOptions::new()
        .append(true)
        .create(true)
        .open(data.join(".lock"));
    lock.expect("a file can be made");
    std::fs::write(data.join("embeddings"), "lexical").expect("a file can be written");
    let mut command = bare(arguments);
    command.arg("--data").arg(data);
    command
}

/// The program with these arguments alone.
pub(crate) fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments);
    command
}

/// That it ended with exit code 1, nothing on stdout, and one line that says why; returns the line.
pub(crate) fn fails_with_one_line(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(output.stdout.is_empty());
    let said: Vec<&str> = errors
        .lines()
        .filter(|line| line.starts_with("tenon: "))
        .collect();
    assert_eq!(said.len(), 1, "{errors}");
    said[0].to_owned()
}
