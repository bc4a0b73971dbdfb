//! The process that `cargo run` starts: what it prints and how it ends.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// A process that is not left behind, whatever becomes of the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped_already = self.0.wait();
    }
}

/// The program on `data`, in a folder that spares it the fetch of the model: one that began without.
fn program(data: &Path, arguments: &[&str]) -> Command {
    std::fs::create_dir_all(data).expect("a folder can be made");
    std::fs::write(data.join("embeddings"), "lexical").expect("a file can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.arg("--data").arg(data).args(arguments);
    command
}

/// Starts it and waits for its ready line.
fn start(data: &Path) -> (Process, Value) {
    let mut child = program(data, &["--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program is built");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is piped");
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("it says something");
    (
        Process(child),
        serde_json::from_str(&line).expect("one line of JSON"),
    )
}

fn fails_with_one_line(output: &Output) -> String {
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

#[test]
fn it_says_where_it_serves_and_ends_within_a_second_of_the_signal() {
    let folder = tempfile::tempdir().unwrap();
    let (mut process, ready) = start(&folder.path().join("data"));
    assert_eq!(ready["event"], "ready");
    let names: Vec<&String> = ready.as_object().unwrap().keys().collect();
    assert_eq!(names, ["event", "api", "ws", "outbox", "aws"]);

    let signalled = Instant::now();
    let kill = Command::new("kill")
        .arg(process.0.id().to_string())
        .status()
        .unwrap();
    assert!(kill.success());
    assert!(process.0.wait().unwrap().success());
    assert!(
        signalled.elapsed() < Duration::from_secs(1),
        "{:?}",
        signalled.elapsed()
    );
}

#[test]
fn a_second_process_on_the_same_folder_is_refused_until_the_first_is_gone_even_killed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (mut process, _) = start(&data);
    let second = program(&data, &["--port", "0"]).output().unwrap();
    let said = fails_with_one_line(&second);
    assert!(said.contains("in use by another process"), "{said}");
    process.0.kill().unwrap();
    process.0.wait().unwrap();
    start(&data);
}

#[test]
fn a_taken_port_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = program(&folder.path().join("data"), &["--port", &port])
        .output()
        .unwrap();
    let said = fails_with_one_line(&output);
    assert!(said.contains(&port) && said.contains("--port"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_local"))
        .arg("--data")
        .arg(file.join("data"))
        .args(["--port", "0"])
        .output()
        .unwrap();
    let said = fails_with_one_line(&output);
    assert!(said.contains("can't be written"), "{said}");
}

#[test]
fn an_event_needs_a_stack_that_runs() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let output = Command::new(env!("CARGO_BIN_EXE_local"))
        .args(["event", "no-such/case", "--port", &port])
        .output()
        .unwrap();
    let said = fails_with_one_line(&output);
    assert!(said.contains("events/no-such/case.json"), "{said}");
}
