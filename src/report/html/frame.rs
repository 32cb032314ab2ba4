//! What all pages have in common: they carry their own script and style, and allow no other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::result::ResultError;

/// The style of every page.
pub(super) const PAGE_STYLE: &str = include_str!("assets/page.css");
/// uPlot 1.6.32, as released: <https://github.com/leeoniya/uPlot>, MIT; its licence lies beside it.
pub(super) const CHART_SCRIPT: &str = include_str!("assets/uplot.js");
/// The style that belongs to it.
pub(super) const CHART_STYLE: &str = include_str!("assets/uplot.css");

/// A page before it is filled in.
pub(super) struct Frame<'a> {
    /// Its template, which puts `policy`, `style` and `script` where they belong.
    pub(super) template: &'a str,
    pub(super) scripts: &'a [&'a str],
    pub(super) styles: &'a [&'a str],
    /// Whether it talks to the server it came from. A page in a file must not.
    pub(super) talks: bool,
}

impl Frame<'_> {
    /// The page as text. Everything in `values` is escaped, unless the template marks it as safe.
    ///
    /// # Errors
    ///
    /// What the template engine says of a template that does not fit its values.
    pub(super) fn fill(&self, values: Value) -> Result<String, minijinja::Error> {
        let (script, style) = (self.scripts.join("\n"), self.styles.join("\n"));
        let own = if self.talks {
            "connect-src 'self'; form-action 'self'"
        } else {
            "form-action 'none'"
        };
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; \
             base-uri 'none'; {own}",
            digest(&script),
            digest(&style)
        );
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
            .set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.add_template("page", self.template)?;
        environment.get_template("page")?.render(context! {
            policy, script, style, version => env!("CARGO_PKG_VERSION"), ..values
        })
    }
}

/// `data` as JSON that can stand in a block of a page: whatever a name holds, nothing in it can end
/// the block.
///
/// # Errors
///
/// [`ResultError::NotAResult`] cannot in fact happen: every map has strings for keys.
pub(super) fn data_block(data: &impl Serialize) -> Result<String, ResultError> {
    let json = serde_json::to_string(data)?;
    Ok(json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

/// What a content security policy knows a script or style by.
fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}
