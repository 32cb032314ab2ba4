//! Ctrl-C: the first asks the run to stop, the second leaves at once.

use std::thread;

use tokio::runtime;

use super::exit::ExitCode;
use super::screen;
use crate::run::Interrupt;

/// Listens for Ctrl-C (and, on Unix, for the request to terminate) from a thread of its own; the
/// first is answered by `answer`.
///
/// # Errors
///
/// What the system says if no thread or signal handler can be set up.
pub(super) fn listen(
    interrupt: Interrupt,
    answer: impl Fn() + Send + 'static,
) -> std::io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            while stop_signal().await.is_ok() {
                if interrupt.is_asked() {
                    leave();
                }
                answer();
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

/// Ends the program at once, and puts the terminal back.
#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the second Ctrl-C must not wait for anything"
)]
pub(super) fn leave() -> ! {
    screen::restore();
    std::process::exit(ExitCode::Interrupted.code().into())
}
