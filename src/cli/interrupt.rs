//! Ctrl-C: the first asks the run to stop, the second leaves at once.

use std::thread;

use tokio::runtime;

use super::exit::ExitCode;
use super::output::say;
use crate::run::Interrupt;

/// Listens for Ctrl-C (and, on Unix, for the request to terminate) from a thread of its own; the
/// first is answered with `notice` on stderr.
///
/// # Errors
///
/// What the system says if no thread or signal handler can be set up.
pub(super) fn listen(interrupt: Interrupt, notice: &'static str) -> std::io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            while stop_signal().await.is_ok() {
                if interrupt.is_asked() {
                    leave();
                }
                say(notice);
                interrupt.ask();
            }
        });
    })?;
    Ok(())
}

#[cfg(unix)]
async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the second Ctrl-C must not wait for anything"
)]
fn leave() -> ! {
    std::process::exit(ExitCode::Interrupted.code().into())
}
