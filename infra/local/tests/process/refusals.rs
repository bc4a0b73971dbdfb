//! What it can't do, it says in one line.

use std::net::TcpListener;

use crate::program::{Program, bare, fails_with_one_line, program};

#[test]
fn a_second_process_on_the_same_folder_is_refused_until_the_first_is_gone_even_killed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let first = Program::start(&data);
    let second = program(&data, &["--port", "0"]).output();
    let said = fails_with_one_line(&second.expect("it runs"));
    assert!(said.contains("in use by another process"), "{said}");
    first.end("KILL");
    Program::start(&data);
}

#[test]
fn a_taken_port_is_refused_and_so_is_one_whose_next_one_is_taken() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let listener = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let taken = listener.local_addr().expect("it has one").port();
    for (port, purpose) in [(taken, "the API"), (taken - 1, "the AWS services")] {
        let output = program(&data, &["--port", &port.to_string()]).output();
        let said = fails_with_one_line(&output.expect("it runs"));
        let why = format!("port {taken} for {purpose}");
        assert!(said.contains(&why) && said.contains("--port"), "{said}");
    }
}

#[test]
fn an_origin_that_is_none_is_refused() {
    let output = bare(&["--allow-origin", "localhost:5173"]).output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("such as http://localhost:5173"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file can be written");
    let data = file.join("data");
    let output = bare(&["--port", "0", "--data"]).arg(&data).output();
    let said = fails_with_one_line(&output.expect("it runs"));
    assert!(said.contains("can't be written"), "{said}");
}

#[test]
fn a_folder_of_somebody_else_s_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("thesis.tex"), "").expect("a file can be written");
    let before = std::fs::metadata(folder.path()).expect("it is there");
    let mut command = bare(&["--port", "0", "--data"]);
    let output = command.arg(folder.path()).output();
    let said = fails_with_one_line(&output.expect("it runs"));
    assert!(
        said.contains("other files") && said.contains("--data"),
        "{said}"
    );
    let after = std::fs::metadata(folder.path()).expect("it is there");
    assert_eq!(after.permissions(), before.permissions());
    let files = std::fs::read_dir(folder.path()).expect("it can be read");
    assert_eq!(files.count(), 1);
}

#[test]
fn an_event_that_is_not_there_is_refused() {
    let output = bare(&["event", "no-such/case"]).output();
    let said = fails_with_one_line(&output.expect("it runs"));
    assert!(said.contains("events/no-such/case.json"), "{said}");
}

#[test]
fn an_event_with_a_token_needs_a_stack_that_runs() {
    let free = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let port = free.local_addr().expect("it has one").port().to_string();
    drop(free);
    let output = bare(&["event", "create-project/ok", "--port", &port]).output();
    let said = fails_with_one_line(&output.expect("it runs"));
    assert!(said.contains("cargo run"), "{said}");
}
