//! The command line as it is stored: without anything that may be secret.

const HIDDEN: &str = "***";
/// Flags whose value may be a secret, whole or after the first `:` or `=`.
const HEADER_FLAGS: [&str; 2] = ["-H", "--header"];

/// The words of the command line with secrets hidden: values of headers, keys and headers set
/// with `--set`, and users, passwords and queries in URLs.
pub(super) fn without_secrets(words: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut flag: Option<String> = None;
    words
        .into_iter()
        .map(|word| {
            if let Some(flag) = flag.take() {
                return value_of(&flag, &word);
            }
            if let Some((name, value)) = word.split_once('=').filter(|_| word.starts_with("--")) {
                return format!("{name}={}", value_of(name, value));
            }
            if let Some(value) = word.strip_prefix("-H").filter(|value| !value.is_empty()) {
                return format!("-H{}", header(value));
            }
            if word.starts_with('-') {
                flag = Some(word.clone());
                return word;
            }
            url(&word)
        })
        .collect()
}

fn value_of(flag: &str, value: &str) -> String {
    if HEADER_FLAGS.contains(&flag) {
        return header(value);
    }
    if flag == "--set" {
        return setting(value);
    }
    url(value)
}

fn header(text: &str) -> String {
    let name = text.split_once(':').map_or("", |(name, _)| name);
    format!("{name}: {HIDDEN}")
}

/// A `--set` of anything that holds a key, a header or a body is hidden, for those are the
/// places of secrets; other values are kept.
fn setting(text: &str) -> String {
    let Some((path, value)) = text.split_once('=') else { return text.to_owned() };
    let lower = path.to_lowercase();
    let plain = lower.ends_with("api_key_env") || lower.ends_with("api_key_file");
    let secret = ["key", "header", "body", "backends", "hooks"]
        .iter()
        .any(|word| lower.split('.').any(|part| part.contains(word)) && !is_harmless(&lower));
    if secret && !plain { format!("{path}={HIDDEN}") } else { format!("{path}={}", url(value)) }
}

/// Settings of backends that never hold a secret, however they are named.
fn is_harmless(path: &str) -> bool {
    path.starts_with("backends.")
        && [".kind", ".http", ".connections", ".timeouts.", ".models.", ".mock."]
            .iter()
            .any(|part| path.contains(part))
}

/// A URL without user, password and query; any other word as it is.
fn url(word: &str) -> String {
    let Ok(mut url) = url::Url::parse(word) else { return word.to_owned() };
    let has_secret = !url.username().is_empty() || url.password().is_some();
    if !url.has_host() || !(has_secret || url.query().is_some()) {
        return word.to_owned();
    }
    // Neither can fail for a URL that has a host.
    url.set_username("").unwrap_or_default();
    url.set_password(None).unwrap_or_default();
    url.set_query(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    fn stored(words: &[&str]) -> String {
        without_secrets(words.iter().map(|&word| word.to_owned())).join(" ")
    }

    #[test]
    fn header_values_are_hidden_in_every_spelling() {
        let line = stored(&["run", "-H", "x-key: canary", "--header=a: canary", "-Hb:canary"]);
        assert_eq!(line, "run -H x-key: *** --header=a: *** -Hb: ***");
    }

    #[test]
    fn keys_set_on_the_command_line_are_hidden_and_other_settings_kept() {
        let line = stored(&[
            "--set",
            "backends.a.api_key=canary",
            "--set=backends.a.headers.x=canary",
            "--set",
            "backends.a.api_key_env=NAME",
            "--set",
            "load.stages.0.concurrency=32",
            "--set",
            "backends={a: {api_key: canary}}",
        ]);
        assert!(!line.contains("canary"), "{line}");
        assert!(line.contains("api_key_env=NAME"), "{line}");
        assert!(line.contains("load.stages.0.concurrency=32"), "{line}");
    }

    #[test]
    fn a_url_loses_user_password_and_query() {
        let line = stored(&["--url", "http://me:canary@host:1/v1?key=canary", "--url=http://host"]);
        assert_eq!(line, "--url http://host:1/v1 --url=http://host");
    }
}
