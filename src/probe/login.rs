//! A token for a user and a password, as XInference gives it.
//!
//! # Source
//!
//! "Simple `OAuth2` system" in the documentation of `XInference`: `POST /token`.

use serde_json::json;

use super::control::{Probe, ProbeError};
use super::facts::text;
use crate::scenario::{Login, Secret};

impl Probe {
    /// The token that the server gives for `login`, to be sent as a key.
    ///
    /// # Errors
    ///
    /// [`ProbeError`] if the server was not reached, refuses, or sends none.
    pub async fn log_in(&self, login: &Login) -> Result<Secret, ProbeError> {
        let asked = json!({"username": login.user, "password": login.password.reveal()});
        let answer = self.own_post("/token", &asked).await?;
        let token = text(&answer, &["access_token"]);
        token.map(Secret::new).ok_or_else(|| {
            self.unreadable("/token", "there is no `access_token` in the answer".to_owned())
        })
    }
}
