//! Whether the system lets as many connections be open as a run asks for.

use super::error::RunError;

/// Descriptors that a run needs besides its connections: the threads' own, the files it
/// writes, and connections of the preflight that linger.
const SPARE: u64 = 64;

/// Raises the limit on open descriptors as far as it goes without asking anyone.
///
/// # Errors
///
/// [`RunError::Descriptors`] if `connections`, each with so many descriptors, do not fit.
pub(super) fn make_room_for(connections: u64, descriptors_each: u64) -> Result<(), RunError> {
    let needed = connections.saturating_mul(descriptors_each).saturating_add(SPARE);
    match raised_limit() {
        Some(limit) if limit < needed => Err(RunError::Descriptors { connections, needed, limit }),
        Some(_) | None => Ok(()),
    }
}

/// The limit once it is raised; `None` where there is none.
fn raised_limit() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: maximum, maximum };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => maximum,
            // Some systems (macOS) refuse what they told; then the old limit stands.
            Err(_) => current,
        }
    }
    #[cfg(not(unix))]
    return None;
}
