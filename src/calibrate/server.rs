//! The simulated server as a process of its own.

use std::io::{self, BufRead as _, BufReader, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A simulated server that runs as a process of its own until this is dropped.
#[derive(Debug)]
pub(super) struct ServerProcess {
    child: Child,
    url: String,
}

impl ServerProcess {
    /// Starts `program mock` with `answers` beside its address, and waits until it listens.
    ///
    /// # Errors
    ///
    /// What the system says, or that the program did not tell where it listens.
    pub(super) fn start(program: &Path, answers: &[&str]) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(["mock", "--listen", "127.0.0.1:0"])
            .args(answers)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let told = child.stderr.take().map_or_else(|| Ok(String::new()), first_line);
        let mut server = Self { child, url: String::new() };
        let line = told?;
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let silent = || io::Error::new(ErrorKind::InvalidData, format!("it said `{line}`"));
        url.ok_or_else(silent)?.clone_into(&mut server.url);
        Ok(server)
    }

    /// Its base URL.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // One that is gone already needs no end.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

fn first_line(stderr: impl io::Read) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stderr).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::ServerProcess;

    #[test]
    fn a_program_that_cannot_start_is_an_error() {
        assert!(ServerProcess::start(Path::new("/no/such/program"), &[]).is_err());
    }
}
