//! `run --live` on a terminal: what is drawn, what keys do, and that the terminal is put back.

#![cfg(unix)]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::program::{PATIENCE, Sandbox};

/// A load that goes on for longer than any test.
const ENDLESS: &str = "pacemark: 1\n\
    name: watched\n\
    backends: {两台服务器: {kind: mock, mock: {ttft: 5ms, gap: 1ms, output_tokens: 4}}}\n\
    workloads: {chat: {endpoint: chat, model: any, prompts: [Hello]}}\n\
    load: {stages: [{concurrency: 2, duration: 10m}]}\n";

/// As a terminal switches to its second screen, and back.
const TAKEN: &str = "\x1b[?1049h";
const GIVEN_BACK: &str = "\x1b[?1049l";

/// A program on a terminal of its own.
struct OnTerminal {
    sandbox: Sandbox,
    child: Child,
    keyboard: File,
    terminal: OwnedFd,
    drawn: Arc<Mutex<Vec<u8>>>,
}

impl OnTerminal {
    fn start(scenario: &str, arguments: &[&str]) -> Self {
        let sandbox = Sandbox::new().with_variable("LC_ALL", "C.UTF-8");
        sandbox.write("scenario.yaml", scenario);
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let terminal = ioctl_tiocgptpeer(&ours, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).unwrap();
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
        let arguments = [&["run", "scenario.yaml", "--no-preflight"], arguments].concat();
        let child = sandbox
            .command(&arguments)
            .stdin(end(&terminal))
            .stderr(end(&terminal))
            .spawn()
            .unwrap();
        let mut screen = File::from(ours.try_clone().unwrap());
        let drawn = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&drawn);
        thread::spawn(move || {
            let mut piece = [0; 4_096];
            // The end of a terminal is an error.
            while let Ok(read @ 1..) = screen.read(&mut piece) {
                all.lock().unwrap().extend_from_slice(&piece[..read]);
            }
        });
        Self { sandbox, child, keyboard: File::from(ours), terminal, drawn }
    }

    fn drawn(&self) -> String {
        String::from_utf8_lossy(&self.drawn.lock().unwrap()).into_owned()
    }

    /// Waits until all of these were drawn; words, since blanks are jumped over.
    fn await_drawn(&self, texts: &[&str]) {
        let pause = Duration::from_millis(20);
        for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
            if texts.iter().all(|text| self.drawn().contains(text)) {
                return;
            }
            thread::sleep(pause);
        }
        panic!("{texts:?} in {:?}", self.drawn());
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(self.terminal.as_fd()).unwrap().local_modes.contains(LocalModes::ICANON)
    }

    /// Waits for the end: the exit code and stdout.
    fn end(&mut self) -> (Option<i32>, String) {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        (self.child.wait().unwrap().code(), stdout)
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

#[test]
fn a_run_is_drawn_and_stopped_by_a_key_with_what_it_measured() {
    let mut run = OnTerminal::start(ENDLESS, &["--live"]);
    run.await_drawn(&[TAKEN, "watched", "两", "TTFT", "measuring", "600"]);
    assert!(run.is_raw());
    run.press("?");
    run.await_drawn(&["first_token_at"]);
    run.press("?q");
    let (code, stdout) = run.end();
    assert_eq!(code, Some(130));
    assert!(stdout.contains("PARTIAL") && stdout.contains("两台服务器"), "{stdout}");
    assert!(run.sandbox.path().join("results").read_dir().unwrap().next().is_some());
    assert!(run.drawn().contains(GIVEN_BACK));
    assert!(!run.is_raw(), "the terminal is as it was");
}

#[test]
fn the_terminal_is_put_back_where_a_run_is_left_at_once() {
    let mut run = OnTerminal::start(ENDLESS, &["--live"]);
    run.await_drawn(&[TAKEN, "measuring", "600"]);
    run.press("Q");
    let (code, stdout) = run.end();
    assert_eq!((code, stdout.as_str()), (Some(130), ""));
    assert!(run.drawn().contains(GIVEN_BACK) && !run.is_raw());
}

#[test]
fn the_terminal_is_put_back_where_a_run_fails() {
    let lost = ENDLESS
        .replace("duration: 10m", "requests: 5")
        .replace("load: {", "load: {hooks: {before_cell: exit 3}, ");
    let mut run = OnTerminal::start(&lost, &["--live"]);
    let (code, _) = run.end();
    assert_eq!(code, Some(1), "{}", run.drawn());
    run.await_drawn(&[TAKEN, GIVEN_BACK, "error: "]);
    let drawn = run.drawn();
    assert!(drawn.find(GIVEN_BACK) < drawn.find("error: "), "{drawn:?}");
    assert!(!run.is_raw());
}

#[test]
fn a_scenario_may_ask_for_the_view_and_a_flag_forbid_it() {
    let short = ENDLESS.replace("duration: 10m", "duration: 1s") + "live: true\n";
    let mut run = OnTerminal::start(&short, &[]);
    run.end();
    run.await_drawn(&[TAKEN, GIVEN_BACK, "results: "]);
    let mut quiet = OnTerminal::start(&short, &["--quiet"]);
    quiet.end();
    quiet.await_drawn(&["results: "]);
    assert!(!quiet.drawn().contains(TAKEN));
}

#[test]
fn without_a_terminal_there_are_lines() {
    let sandbox = Sandbox::new();
    sandbox.write("s.yaml", &ENDLESS.replace("duration: 10m", "requests: 5"));
    let ended = sandbox.command(&["run", "s.yaml", "--live", "--no-preflight"]).output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.contains("--live needs a terminal on stderr; there are lines instead"), "{told}");
    assert!(told.contains("[1/1]") && !told.contains(TAKEN), "{told}");
}
